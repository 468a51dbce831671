"""Where the errors of commands and buttons end: a sentence for the person, a line for the log."""

import logging
import secrets
from collections.abc import Mapping
from datetime import timedelta

import discord
from discord import app_commands

from bot.client import Interaction, SunoBot
from bot.domain.post_failures import RULES, Meaning
from bot.errors import StorageError, TellableError
from bot.ui.interactions.access import check_access, reader
from bot.ui.render.locales import Language
from bot.ui.render.text import code

_DM_CLOSED = (50007, 50278)  # the person takes no DM; there is no server in common
_AUTOMOD = (200000, 200001)
_INVALID_FORM = 50035

log = logging.getLogger(__name__)


def sentence(error: BaseException, language: Language) -> str | None:
    """What happened and what to do about it; None for what nobody foresaw."""
    if isinstance(error, TellableError):
        return language(error.key, **{name: _shown(value) for name, value in error.values.items()})
    match error:
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            return language("err.command")
        case discord.HTTPException() if error.code in _AUTOMOD:
            return language("err.automod")
        case discord.HTTPException() if _is_about_content(error):
            return language("err.refused", code=error.code)
        case discord.Forbidden() if error.code in _DM_CLOSED:
            return language("watch.dm_closed")
    return None


def _shown(value: object) -> object:
    if isinstance(value, timedelta):
        return discord.utils.format_dt(discord.utils.utcnow() + value, "R")
    return code(value) if isinstance(value, str) else value


def _is_about_content(error: discord.HTTPException) -> bool:
    """A form that is invalid is no fault of the person's, nor is it theirs to mend."""
    rule = RULES.get(error.code)
    return rule is not None and rule.meaning is Meaning.CONTENT and error.code != _INVALID_FORM


async def answer_failure(interaction: Interaction, error: BaseException) -> None:
    """Tell the person, whatever was answered before. Never raises: there is nobody above to tell."""
    text = sentence_or_reference(error, reader(interaction), _where(interaction))
    try:
        await _say(interaction, text)
    except discord.HTTPException as unanswered:
        log.warning("%s: the person could not be told: %s", _where(interaction), unanswered)


def sentence_or_reference(error: BaseException, language: Language, where: str) -> str:
    """For the person; what nobody foresaw goes into the log under a code that they are told."""
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
        # The original is the card that was pressed on, or that opened a form: it stays as it is.
        await interaction.followup.send(text, ephemeral=True)
    else:
        await _instead_of_answer(interaction, text)


async def _instead_of_answer(interaction: Interaction, text: str) -> None:
    """For the person alone. What all can see already stays; what promises all of them an answer goes.

    What follows a message that says that the bot is thinking is as public as that, unless it is deleted first.
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


async def _offer_nothing(interaction: Interaction, error: Exception) -> None:
    """There is no place for a sentence where something is being typed."""
    log.info("nothing is offered: %s: %s", type(error).__name__, error)
    try:
        await interaction.response.autocomplete([])
    except discord.HTTPException as unanswered:
        log.warning("nothing could be offered: %s", unanswered)


class Tree(app_commands.CommandTree[SunoBot]):
    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Whatever is raised here would end in the log alone, and the person would wait for nothing."""
        try:
            await check_access(interaction)
        except Exception as error:
            if interaction.type is discord.InteractionType.autocomplete:
                await _offer_nothing(interaction, error)
            else:
                await answer_failure(interaction, error)
            return False
        return True

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError) -> None:
        await answer_failure(interaction, getattr(error, "original", error))
