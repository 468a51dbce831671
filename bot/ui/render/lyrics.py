"""Lyrics as pages of a card, or as a text file."""

import io
from collections.abc import Sequence
from functools import partial
from typing import Any

import discord

from bot.domain.lyrics_texts import LyricsText, paginate
from bot.gateways.file_names import words_of
from bot.ui.render import actions
from bot.ui.render.actions import Action
from bot.ui.render.components import button, page_buttons
from bot.ui.render.files import TitledFile
from bot.ui.render.locales import Language
from bot.ui.render.payloads import PagePayload, TaskPayload
from bot.ui.render.text import clean, escape, one_line

_PAGE = 3_600  # escaped characters; all texts of a card together have 4,000


def lyrics_pages(lyrics_texts: Sequence[LyricsText], language: Language) -> list[str]:
    """Pages, each below its song's title; empty if the text has no visible character."""
    return [
        f"### {one_line(lyrics_text.title or language('card.untitled'), 200)}\n{text}"
        for lyrics_text in lyrics_texts
        for text in paginate(escape(lyrics_text.text), _PAGE)
    ]


def lyrics_card(pages: Sequence[str], page: int, task_id: str, language: Language) -> discord.ui.LayoutView:
    """One page, with buttons to the others and to the file. A page beyond the last shows the last."""
    file = button(actions.LYRICS_FILE, TaskPayload(task_id, language.tag), language)
    return _lyrics_view(pages, page, language, actions.LYRICS_PAGE, task_id, file)


def library_lyrics_card(pages: Sequence[str], page: int, song_id: int, language: Language) -> discord.ui.LayoutView:
    """The same, of a song in the library."""
    return _lyrics_view(pages, page, language, actions.LIBRARY_LYRICS_PAGE, str(song_id))


def _lyrics_view(
    pages: Sequence[str],
    page: int,
    language: Language,
    turning: Action[PagePayload],
    about: str,
    *others: discord.ui.Item[Any],
) -> discord.ui.LayoutView:
    page = min(page, len(pages) - 1)
    container: discord.ui.Container[Any] = discord.ui.Container(discord.ui.TextDisplay(pages[page]))
    turn: list[discord.ui.Item[Any]] = []
    if len(pages) > 1:
        turn = [*page_buttons(turning, partial(PagePayload, about), page, len(pages))]
        container.add_item(discord.ui.TextDisplay(f"-# {language('lyrics.page', page=page + 1, pages=len(pages))}"))
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(container)
    return view.add_item(discord.ui.ActionRow(*turn, *others)) if turn or others else view


def lyrics_file(lyrics_texts: Sequence[LyricsText]) -> discord.File:
    return TitledFile(io.BytesIO(lyrics_text(lyrics_texts)), lyrics_name(lyrics_texts))


def lyrics_name(lyrics_texts: Sequence[LyricsText]) -> str:
    """The file name, from the first song that has a title."""
    title = next(filter(None, (words_of(lyrics_text.title) for lyrics_text in lyrics_texts)), "")
    return f"{title}-lyrics.txt" if title else "lyrics.txt"


def lyrics_text(lyrics_texts: Sequence[LyricsText]) -> bytes:
    """UTF-8 with a byte order mark: without it Windows garbles Chinese."""
    songs = (
        "\n\n".join(filter(None, (clean(lyrics_text.title), clean(lyrics_text.text)))) for lyrics_text in lyrics_texts
    )
    text = "\n\n\n".join(songs)
    return f"{text}\n".encode("utf-8-sig")
