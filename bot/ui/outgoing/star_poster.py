"""Edits the star buttons of a message, and shows which take was chosen: the players of the others are covered, and a
line says so. Everything else on it stays as it is.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import discord

from bot.client import SunoBot
from bot.domain.discord_errors import Meaning, meaning
from bot.domain.library import CountedMessage, TakeStars
from bot.errors import PostError
from bot.services.library.star_counts import Counts
from bot.ui.outgoing.errors import post_errors
from bot.ui.render.actions import CUSTOM_ID, STAR, custom_id
from bot.ui.render.cards import is_file_of
from bot.ui.render.components import buttons_on, language_on, star_label, view_of
from bot.ui.render.files import KeptFile
from bot.ui.render.payloads import SongPayload

Button: TypeAlias = discord.ui.Button[Any]
Song: TypeAlias = tuple[str, int]
"""A song by its task and its number in it."""

_CHOSEN = "-# 📌"  # how the line begins that says which take was chosen

log = logging.getLogger(__name__)


class DiscordStarPoster:
    def __init__(self, bot: SunoBot) -> None:
        self._bot = bot

    async def show_stars(self, message: CountedMessage, counts: Counts) -> None:
        channel = self._bot.get_partial_messageable(message.channel_id)
        async with post_errors():
            shown = await channel.fetch_message(message.message_id)
        buttons = buttons_on(shown)
        starred = {(each.task_id, each.number): button for button in buttons if (each := _starred(button))}
        known = await counts({task_id for task_id, _ in starred})
        here = {song: take for song, take in known.items() if take.message_id == shown.id or song in starred}
        wanted = _with_stars(buttons, starred, here, shown.id)
        content = _content(shown, known, here)
        files = _with_covers(shown, here)
        if files or content != shown.content or _looks(wanted) != _looks(buttons_on(shown)):
            await _edit(shown, content, wanted, files)


def _content(shown: discord.Message, known: Mapping[Song, TakeStars], here: Mapping[Song, TakeStars]) -> str:
    """With a line that says which take was chosen, or without it, in the language of the post."""
    lines = [line for line in shown.content.split("\n") if not line.startswith(_CHOSEN)]
    tasks = {task_id for task_id, _ in here}
    chosen = [number for (task_id, number), take in known.items() if task_id in tasks and take.chosen]
    if chosen:
        language = language_on(buttons_on(shown))
        lines.append(f"{_CHOSEN} {language('library.chosen', n=chosen[0])}")
    return "\n".join(lines)


async def _edit(shown: discord.Message, content: str, buttons: Sequence[Button], files: Sequence[KeptFile]) -> None:
    """If Discord refuses the change of the files, they stay as they are."""
    nobody = discord.AllowedMentions.none()
    try:
        async with post_errors():
            if files:
                await shown.edit(content=content, view=view_of(buttons), attachments=files, allowed_mentions=nobody)
            else:
                await shown.edit(content=content, view=view_of(buttons), allowed_mentions=nobody)
    except PostError as failure:
        if not files or meaning(failure) is not Meaning.CONTENT:
            raise
        log.info("the takes in message %d cannot be covered: %s", shown.id, failure)
        await _edit(shown, content, buttons, ())


def _with_covers(shown: discord.Message, here: Mapping[Song, TakeStars]) -> list[KeptFile]:
    """All files of a post, if a take among them is to be covered or uncovered; else none."""
    covered = {
        file.id: take.folded
        for (_, number), take in here.items()
        for file in shown.attachments
        if is_file_of(file, take.clip_id, number)
    }
    if all(covered.get(file.id, file.is_spoiler()) == file.is_spoiler() for file in shown.attachments):
        return []
    files = [KeptFile(file.id, covered=covered.get(file.id)) for file in shown.attachments]
    return [*files, *map(KeptFile, _pictures(shown))]


def _pictures(shown: discord.Message) -> list[int]:
    """The files that embeds show. Discord lists them nowhere, but their addresses begin as those of the other files."""
    place = shown.attachments[0].url.partition("?")[0].rsplit("/", 2)[0] + "/"
    urls = [url for embed in shown.embeds for url in (embed.thumbnail.url, embed.image.url) if url]
    ids = [url.removeprefix(place).partition("/")[0] for url in urls if url.startswith(place)]
    return [int(each) for each in dict.fromkeys(ids) if each.isdecimal()]


def _with_stars(
    buttons: Sequence[Button], starred: Mapping[Song, Button], here: Mapping[Song, TakeStars], message_id: int
) -> list[Button]:
    """The buttons with one star for each song of the message that is not folded away, at least for one."""
    folded = {song for song, take in here.items() if take.folded and take.message_id == message_id}
    songs = sorted((starred.keys() | here.keys()) - folded) or sorted(starred)
    places = [index for index, each in enumerate(buttons) if each in starred.values()]
    row = buttons[places[0]].row if places else None
    stars = []
    for task_id, number in songs:
        label = star_label(number, here[task_id, number].stars if (task_id, number) in here else 0, len(songs))
        name = custom_id(STAR.code, task_id, str(number))
        stars.append(discord.ui.Button[Any](label=label, emoji=STAR.emoji, custom_id=name, row=row))
    others = [each for each in buttons if each not in starred.values()]
    first = places[0] if places else len(others)
    return [*others[:first], *stars, *others[first:]]


def _looks(buttons: Sequence[Button]) -> list[tuple[str | None, str | None]]:
    return [(each.custom_id or each.url, each.label) for each in buttons]


def _starred(button: discord.ui.Button[Any]) -> SongPayload | None:
    found = CUSTOM_ID.fullmatch(button.custom_id or "")
    if found is None or found["action"] != STAR.code:
        return None
    return SongPayload.parse(found["about"], found["mark"])
