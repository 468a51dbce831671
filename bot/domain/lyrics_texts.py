"""The lyrics of a task, once each, and their pages."""

import re
from collections.abc import Iterator

from msgspec import Struct

from bot.domain.task import Task


class LyricsText(Struct, frozen=True):
    title: str
    text: str


def lyrics_texts(task: Task) -> tuple[LyricsText, ...]:
    """All different lyrics: of clips with the same lyrics the first; none for an instrumental."""
    if task.lyrics and task.lyrics.text.strip():
        return (LyricsText(task.lyrics.title, task.lyrics.text.strip()),)
    by_text: dict[str, LyricsText] = {}
    for clip in task.clips:
        if text := clip.lyrics.strip():
            by_text.setdefault(text, LyricsText(clip.title or task.title, text))
    return tuple(by_text.values())


def paginate(text: str, limit: int) -> tuple[str, ...]:
    """Pages of at most `limit` characters: whole stanzas where they fit, else whole lines, else pieces."""
    pages: list[str] = []
    for piece in _pieces(text, limit):
        if pages and len(pages[-1]) + len(piece) <= limit:
            pages[-1] += piece
        else:
            pages.append(piece)
    return tuple(page.strip("\n") for page in pages if page.strip())


def _pieces(text: str, limit: int) -> list[str]:
    """The text in order, split only where a stanza or a line is longer than a page."""
    pieces: list[str] = []
    for stanza in re.split(r"(?<=\n\n)|(?<=\n)(?=\[)", text):
        if len(stanza) <= limit:
            pieces.append(stanza)
            continue
        for line in stanza.splitlines(keepends=True):
            pieces.extend(_parts(line, limit))
    return pieces


def _parts(line: str, limit: int) -> Iterator[str]:
    """Parts of a line that is longer than a page; a backslash stays with the character that it escapes."""
    while line:
        part = line[:limit]
        if len(line) > limit > 1 and (len(part) - len(part.rstrip("\\"))) % 2:
            part = part[:-1]
        yield part
        line = line[len(part) :]
