"""Edits the star buttons of a message, and says which take was chosen; everything else on it stays as it is."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import discord

from bot.client import SunoBot
from bot.domain.library import CountedMessage, TakeStars
from bot.services.library.star_counts import Counts
from bot.ui.outgoing.errors import post_errors
from bot.ui.render.actions import CUSTOM_ID, STAR, SongPayload, custom_id
from bot.ui.render.components import buttons_on, star_label, view_of
from bot.ui.render.locales import language_for

Button: TypeAlias = discord.ui.Button[Any]
Song: TypeAlias = tuple[str, int]
"""A song by its task and its number in it."""

_CHOSEN = "-# 📌"  # how the line begins that says which take was chosen


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
        content = await self._content(shown, known, here)
        if content != shown.content or _looks(wanted) != _looks(buttons_on(shown)):
            async with post_errors():
                await shown.edit(content=content, view=view_of(wanted), allowed_mentions=discord.AllowedMentions.none())

    async def _content(
        self, shown: discord.Message, known: Mapping[Song, TakeStars], here: Mapping[Song, TakeStars]
    ) -> str:
        """With a line that says which take was chosen, or without it."""
        lines = [line for line in shown.content.split("\n") if not line.startswith(_CHOSEN)]
        tasks = {task_id for task_id, _ in here}
        left = [number for (task_id, number), take in known.items() if task_id in tasks and not take.folded]
        if left and any(take.folded for take in known.values()):
            guild_id = shown.guild.id if shown.guild else 0
            server = await self._bot.services.preferences.server(guild_id)
            language = language_for(server.locale or (shown.guild.preferred_locale.value if shown.guild else ""))
            lines.append(f"{_CHOSEN} {language('library.chosen', n=left[0])}")
        return "\n".join(lines)


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
