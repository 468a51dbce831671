"""Songs of the library as rows of a list, each with a button that plays it."""

from typing import Any

import discord

from bot.domain.library import FoundSong
from bot.ui.render import actions
from bot.ui.render.components import button
from bot.ui.render.locales import Language
from bot.ui.render.payloads import LibrarySongPayload
from bot.ui.render.songs import linked_title, maker, title_of, where
from bot.ui.render.text import code, one_line

PAGE = 10  # songs; each is three components of the 40 that a message may have
_STYLE = 50  # characters


def song_row(
    number: int, found: FoundSong, user_id: int, language: Language, *, titled: bool, linked: bool = False
) -> discord.ui.Section[Any]:
    """`user_id`: who reads it, 0: everybody; `linked`: the title leads to the post, rather than the place."""
    play = button(actions.LIBRARY_OPEN, LibrarySongPayload(found.song.id), language)
    text = _text(number, found, user_id, language, titled=titled, linked=linked)
    return discord.ui.Section(text, accessory=play)


def _text(number: int, found: FoundSong, user_id: int, language: Language, *, titled: bool, linked: bool) -> str:
    song = found.song
    title = linked_title(found, language) if linked else title_of(found, language)
    title = f"**{title}**" if titled else f"`{code(song.task_id)}`"
    style = one_line(song.style, _STYLE) if titled else ""
    head = " · ".join(filter(None, (f"{number}. {title}", style)))
    stars = f"⭐ {found.stars}" if found.stars else ""
    place = "" if linked and titled and song.place.link else where(found, language)
    details = (place, maker(found, user_id), f"<t:{song.posted_at:.0f}:R>", stars)
    return f"{head}\n-# {' · '.join(filter(None, details))}"
