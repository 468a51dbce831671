"""Lyrics to read: pages in a card, or a text file."""

import io
from collections.abc import Sequence
from typing import Any

import discord

from bot.domain.sheets import Sheet, paginate
from bot.gateways.file_names import words_of
from bot.ui.buttons import Verb, page_button, task_button
from bot.ui.files import TitledFile
from bot.ui.locales import Language
from bot.ui.text import clean, escape, one_line

_PAGE = 3_600  # escaped characters; all texts of a card together have 4,000


def lyrics_pages(sheets: Sequence[Sheet], language: Language) -> list[str]:
    """Each with the title of its song above it; none where there is nothing that can be seen."""
    return [
        f"### {one_line(sheet.title or language('card.untitled'), 200)}\n{text}"
        for sheet in sheets
        for text in paginate(escape(sheet.text), _PAGE)
    ]


def lyrics_card(pages: Sequence[str], page: int, task_id: str, language: Language) -> discord.ui.LayoutView:
    """One page, with buttons to the others and to the file. A page beyond the last is the last."""
    page = min(page, len(pages) - 1)
    turn: list[discord.ui.Item[Any]] = []
    if len(pages) > 1:
        turn = [page_button("◀️", task_id, page - 1, len(pages)), page_button("▶️", task_id, page + 1, len(pages))]
    container: discord.ui.Container[Any] = discord.ui.Container(discord.ui.TextDisplay(pages[page]))
    if turn:
        container.add_item(discord.ui.TextDisplay(f"-# {language('lyrics.page', page=page + 1, pages=len(pages))}"))
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(container)
    return view.add_item(discord.ui.ActionRow(*turn, task_button(Verb.LYRICS_FILE, task_id, language)))


def lyrics_file(sheets: Sequence[Sheet]) -> discord.File:
    return TitledFile(io.BytesIO(lyrics_text(sheets)), lyrics_name(sheets))


def lyrics_name(sheets: Sequence[Sheet]) -> str:
    """Of a file, after the first song that has a title."""
    title = next(filter(None, (words_of(sheet.title) for sheet in sheets)), "")
    return f"{title}-lyrics.txt" if title else "lyrics.txt"


def lyrics_text(sheets: Sequence[Sheet]) -> bytes:
    """UTF-8 with a byte order mark: without it Windows shows Chinese as nonsense."""
    songs = ("\n\n".join(filter(None, (clean(sheet.title), clean(sheet.text)))) for sheet in sheets)
    text = "\n\n\n".join(songs)
    return f"{text}\n".encode("utf-8-sig")
