"""Messages that contain task ids: sent to the bot, or chosen in a message menu."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Literal

import discord

from bot.client import UNANSWERED, Interaction, Services, SunoBot
from bot.domain.ids import Ids
from bot.errors import InvalidTaskId, NotInLibrary, UnreadableFile
from bot.ui.features.batches import MAX_FILE, fetched, is_readable, list_view, read_file, show_batch
from bot.ui.features.status import look_up, show, show_found
from bot.ui.features.watch import left_out, watch_here
from bot.ui.interactions.access import language_of
from bot.ui.interactions.errors import sentence_or_reference
from bot.ui.interactions.library_search import song_for
from bot.ui.interactions.message_content import files, listed_songs, replied_to, texts
from bot.ui.interactions.replies import MessageReply, answer_to
from bot.ui.interactions.typed_ids import mentioned_ids
from bot.ui.render.locales import Language, language_for, written_in

_MAX_LISTED = 25  # songs of one message

log = logging.getLogger(__name__)


async def look_up_message(interaction: Interaction, message: discord.Message) -> None:
    ids = await _ids_in(message, interaction.client.services, "none", partial(_listed_in, interaction))
    if len(ids.ids) == 1:
        await show_found(interaction, ids.ids[0])
        for notice in left_out(ids, language_of(interaction)):
            await interaction.followup.send(notice, ephemeral=True)
    else:
        await show_batch(interaction, ids)


async def watch_message(interaction: Interaction, message: discord.Message) -> None:
    ids = await _ids_in(message, interaction.client.services, "none", partial(_listed_in, interaction))
    await watch_here(interaction, ids.ids, notices=left_out(ids, language_of(interaction)))


async def _listed_in(interaction: Interaction, message: discord.Message) -> list[str]:
    """The tasks of songs in a list of ours, such as a playlist, that the person may find."""
    found = []
    for number in listed_songs(message)[:_MAX_LISTED]:
        with suppress(NotInLibrary):
            found.append((await song_for(interaction, number)).song.task_id)
    return found


async def _none_listed(_message: discord.Message) -> list[str]:
    return []


async def _ids_in(
    message: discord.Message,
    services: Services,
    why_none: Literal["none", "write"],
    listed_in: Callable[[discord.Message], Awaitable[list[str]]] = _none_listed,
) -> Ids:
    """From all its text and its text files; else from the message that it answers. Raises InvalidTaskId when there is
    none.
    """
    try:
        return await _ids_of(message, services, why_none, await listed_in(message))
    except InvalidTaskId:
        if answered := replied_to(message):
            with suppress(InvalidTaskId):
                return await _ids_of(answered, services, why_none, await listed_in(answered))
        raise


async def _ids_of(
    message: discord.Message, services: Services, why_none: Literal["none", "write"], listed: Sequence[str]
) -> Ids:
    text = "\n".join([*listed, *texts(message), *await _contents(files(message))])
    return await mentioned_ids(services, text, why_none)


async def _contents(files: Sequence[discord.Attachment]) -> list[str]:
    """Contents of the text files, MAX_FILE bytes in total at most."""
    found: list[str] = []
    left = MAX_FILE
    for file in files:
        left -= file.size if is_readable(file) else 0
        if left >= 0:
            with suppress(UnreadableFile):
                found.append(await read_file(file))
    return found


def is_for(message: discord.Message, bot: SunoBot) -> bool:
    """True if a person wrote it in the bot's DM, or mentioned the bot in the text; a reply's ping does not count."""
    if message.author.bot or bot.user is None:
        return False
    return message.guild is None or f"<@{bot.user.id}>" in message.content


async def answer(message: discord.Message, bot: SunoBot) -> None:
    """Never raises: no caller could report the error."""
    language = _language(message, bot)
    try:
        async with message.channel.typing():
            await _answer(message, bot, language)
    except Exception as error:
        try:
            text = sentence_or_reference(error, language, f"a text in channel {message.channel.id}")
            await answer_to(message, content=text)
        except UNANSWERED as unanswered:
            log.warning("a message could not be answered: %s", unanswered)


async def _answer(message: discord.Message, bot: SunoBot, language: Language) -> None:
    await bot.services.access.check_access(message.author.id, message.guild, bot)
    ids = await _ids_in(message, bot.services, "write")
    if len(ids.ids) == 1:
        await show(MessageReply(message, bot, language), await look_up(bot.services, ids.ids[0]))
        for notice in left_out(ids, language):
            await answer_to(message, content=notice)
        return
    batch = await fetched(bot.services, message.author.id, ids)
    await answer_to(message, view=list_view(batch, 0, language))


def _language(message: discord.Message, bot: SunoBot) -> Language:
    """The person's setting, else the server's language, else that of the text: messages carry no locale."""
    if locale := bot.services.preferences.person(message.author.id).locale:
        return language_for(locale)
    if message.guild:
        return language_for(message.guild.preferred_locale.value)
    return language_for(written_in(message.content))
