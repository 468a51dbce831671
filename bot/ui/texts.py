"""Texts that hold task ids: written to the bot, or by anybody in a message that a person points at."""

import logging
from collections.abc import Iterator

import discord

from bot.client import Interaction, SunoBot
from bot.domain.ids import Ids, find_ids, no_id_in
from bot.errors import UnreadableFile
from bot.ui.answers import look_up, show, show_found
from bot.ui.batches import fetched, list_view, read_file, show_batch
from bot.ui.failures import sentence_or_reference
from bot.ui.locales import Language, language_for
from bot.ui.replies import MessageReply, answer_to
from bot.ui.watching import watch_here

log = logging.getLogger(__name__)


async def look_up_message(interaction: Interaction, message: discord.Message) -> None:
    ids = await _ids_in(message)
    if len(ids.ids) == 1:
        await show_found(interaction, ids.ids[0])
    else:
        await show_batch(interaction, ids)


async def watch_message(interaction: Interaction, message: discord.Message) -> None:
    await watch_here(interaction, (await _ids_in(message)).ids)


async def _ids_in(message: discord.Message) -> Ids:
    """From its text, embeds, files' names and text files. Raises InvalidTaskId when there is none."""
    parts = [*_texts(message), *[await _text_of(file) for file in message.attachments]]
    text = "\n".join(parts)
    found = find_ids(text)
    if not found:
        raise no_id_in(text, "none")
    return Ids(found, 0)


def _texts(message: discord.Message) -> Iterator[str]:
    yield message.content
    for embed in message.embeds:
        yield from (embed.title or "", embed.description or "", embed.url or "", embed.footer.text or "")
        for field in embed.fields:
            yield from (field.name or "", field.value or "")
    yield from (file.filename for file in message.attachments)


async def _text_of(file: discord.Attachment) -> str:
    try:
        return await read_file(file)
    except UnreadableFile:
        return ""


def is_for(message: discord.Message, bot: SunoBot) -> bool:
    """Written by a person in the bot's DM, or with its name called; not a reply that merely calls it."""
    if message.author.bot or bot.user is None:
        return False
    return message.guild is None or f"<@{bot.user.id}>" in message.content


async def answer(message: discord.Message, bot: SunoBot) -> None:
    """Never raises: there is nobody above to tell."""
    language = _language(message, bot)
    try:
        async with message.channel.typing():
            await _answer(message, bot, language)
    except Exception as error:
        try:
            text = sentence_or_reference(error, language, f"a text in channel {message.channel.id}")
            await answer_to(message, content=text)
        except discord.HTTPException as unanswered:
            log.warning("a person could not be answered: %s", unanswered)


async def _answer(message: discord.Message, bot: SunoBot, language: Language) -> None:
    bot.services.doors.count(message.author.id)
    if message.guild is None:
        await bot.services.doors.let_in(message.author.id, bot)
    text = "\n".join([message.content, *[await _text_of(file) for file in message.attachments]])
    found = find_ids(text)
    if not found:
        raise no_id_in(text, "write")
    if len(found) == 1:
        await show(MessageReply(message, bot, language), await look_up(bot.services, found[0]))
        return
    batch = await fetched(bot.services, message.author.id, Ids(found, 0))
    await answer_to(message, view=list_view(batch, 0, language))


def _language(message: discord.Message, bot: SunoBot) -> Language:
    """As they have set it. Of those who only write Discord does not tell it: the server's, or that of the text."""
    if locale := bot.services.stores.preferences.person(message.author.id).locale:
        return language_for(locale)
    if message.guild:
        return language_for(message.guild.preferred_locale.value)
    chinese = any("\u4e00" <= character <= "\u9fff" for character in message.content)
    return language_for("zh-CN" if chinese else "en-US")
