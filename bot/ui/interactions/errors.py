"""Handles errors of commands and buttons: a sentence for the person, a line for the log."""

import logging
import secrets
from collections.abc import Mapping
from datetime import timedelta

import discord
from discord import app_commands

from bot.client import UNANSWERED, Interaction, SunoBot
from bot.domain.discord_errors import AUTOMOD, AUTOMOD_TITLE, INVALID_FORM_BODY, RULES, Meaning
from bot.errors import StorageError, TellableError
from bot.ui.interactions.access import check_access, language_of
from bot.ui.render.locales import Language
from bot.ui.render.text import code

log = logging.getLogger(__name__)


def sentence(error: BaseException, language: Language) -> str | None:
    """What happened and what to do about it; None for an unexpected error."""
    if isinstance(error, TellableError):
        return language(error.key, **{name: _shown(value) for name, value in error.values.items()})
    match error:
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            return language("err.command")
        case discord.HTTPException() if error.code in (AUTOMOD, AUTOMOD_TITLE):
            return language("err.automod")
        case discord.HTTPException() if _is_about_content(error):
            return language("err.refused", code=error.code)
        case discord.Forbidden() if _meaning_of(error) is Meaning.RECIPIENT_CLOSED:
            return language("watch.dm_closed")
    return None


def _shown(value: object) -> object:
    if isinstance(value, timedelta):
        return discord.utils.format_dt(discord.utils.utcnow() + value, "R")
    return code(value) if isinstance(value, str) else value


def _is_about_content(error: discord.HTTPException) -> bool:
    """An invalid form body does not count: the person cannot fix it."""
    return _meaning_of(error) is Meaning.CONTENT and error.code != INVALID_FORM_BODY


def _meaning_of(error: discord.HTTPException) -> Meaning | None:
    """None for a code that is not in the table."""
    rule = RULES.get(error.code)
    return rule.meaning if rule else None


async def answer_failure(interaction: Interaction, error: BaseException) -> None:
    """Reports the error to the person, whether or not the interaction was answered. Never raises."""
    text = sentence_or_reference(error, language_of(interaction), _where(interaction))
    try:
        await _say(interaction, text)
    except UNANSWERED as unanswered:
        log.warning(
            "%s: the error could not be shown: %s: %s", _where(interaction), type(unanswered).__name__, unanswered
        )


def sentence_or_reference(error: BaseException, language: Language, where: str) -> str:
    """For the person. An unexpected error is logged under a code, which the text contains."""
    if text := sentence(error, language):
        level = logging.ERROR if isinstance(error, StorageError) else logging.INFO
        log.log(level, "%s: %s: %s", where, type(error).__name__, error)
        return text
    reference = secrets.token_hex(3)
    log.error("failure %s: %s: %s", reference, where, type(error).__name__, exc_info=error)
    return language("err.body", ref=reference)


async def _say(interaction: Interaction, text: str) -> None:
    if not interaction.response.is_done():
        await interaction.response.send_message(text, ephemeral=True)
    elif interaction.message:
        # The original response is the card with the button, or that opened the form: it stays unchanged.
        await interaction.followup.send(text, ephemeral=True)
    else:
        await _replace_answer(interaction, text)


async def _replace_answer(interaction: Interaction, text: str) -> None:
    """Shown only to the person. A public answer stays; a public "thinking" message is deleted.

    A follow-up is as public as the "thinking" message unless that is deleted first.
    """
    original = await interaction.original_response()
    if original.embeds or original.attachments or original.components:
        await interaction.followup.send(text, ephemeral=True)
    elif original.flags.ephemeral:
        await interaction.edit_original_response(content=text)
    else:
        await interaction.delete_original_response()
        await interaction.followup.send(text, ephemeral=True)


def _where(interaction: Interaction) -> str:
    if interaction.command:
        return f"/{interaction.command.qualified_name}"
    data: Mapping[str, object] = dict(interaction.data or {})
    return str(data.get("custom_id", interaction.type.name))


async def _suggest_nothing(interaction: Interaction, error: Exception) -> None:
    """Autocomplete has no room for a sentence."""
    log.info("no suggestions: %s: %s", type(error).__name__, error)
    try:
        await interaction.response.autocomplete([])
    except UNANSWERED as unanswered:
        log.warning("an autocomplete request could not be answered: %s: %s", type(unanswered).__name__, unanswered)


class Tree(app_commands.CommandTree[SunoBot]):
    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Handles its own errors: discord.py would only log them, and the person would get no answer."""
        try:
            await check_access(interaction)
        except Exception as error:
            if interaction.type is discord.InteractionType.autocomplete:
                await _suggest_nothing(interaction, error)
            else:
                await answer_failure(interaction, error)
            return False
        return True

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError) -> None:
        await answer_failure(interaction, getattr(error, "original", error))
