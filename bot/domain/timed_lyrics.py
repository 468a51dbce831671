"""Lyrics with the moment at which each line is sung, and the .lrc file that players show them from."""

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

_SECTION = re.compile(r"\[[^\[\]]*\]|\([^()]*\)")  # as [Verse]: players take brackets for a tag of their own
_BRACKETS = str.maketrans("[]", "()")


class TimedText(Struct, frozen=True):
    """A word or a line; `start` in seconds, None where nobody knows."""

    text: str
    start: float | None


class SongTiming(Struct, frozen=True):
    """What a gateway tells of a song's course: its lines in order, and how loud it is, evenly over its length."""

    lines: tuple[TimedText, ...] = ()
    waveform: tuple[float, ...] = ()


def lines_of(words: Iterable[TimedText]) -> Iterator[TimedText]:
    """A line begins with its first word; words bring their own spaces, and line breaks stand within them."""
    parts: list[str] = []
    start: float | None = None
    for word in words:
        first, *others = word.text.split("\n")
        for number, part in enumerate((first, *others)):
            if number:
                yield TimedText("".join(parts), start)
                parts, start = [], None
            parts.append(part)
            if part.strip():
                start = word.start if start is None else start
    yield TimedText("".join(parts), start)


def lrc(title: str, length: float | None, lines: Iterable[TimedText]) -> str:
    """As https://en.wikipedia.org/wiki/LRC_(file_format) describes it; empty where there is nothing to sing.

    Lines that name a section are left out: a player would take them for tags.
    """
    sung = list(_sung(lines))
    if not sung:
        return ""
    head = [f"[ti:{_plain(title)}]"] if title.strip() else []
    head += [f"[length:{_stamp(length)}]"] if length else []
    return "\n".join([*head, *(f"[{_stamp(start)}]{text}" for start, text in sung), ""])


def _sung(lines: Iterable[TimedText]) -> Iterator[tuple[float, str]]:
    """A line of which the moment is not known, or lies before the one above, comes together with that."""
    latest = 0.0
    for line in lines:
        text = " ".join(line.text.split())
        if text and not _SECTION.fullmatch(text):
            latest = max(latest, line.start or 0.0)
            yield latest, _plain(text)


def _plain(text: str) -> str:
    return " ".join(text.split()).translate(_BRACKETS)


def _stamp(seconds: float) -> str:
    """Minutes, seconds and hundredths: 03:07.50."""
    hundredths = round(seconds * 100)
    return f"{hundredths // 6_000:02}:{hundredths // 100 % 60:02}.{hundredths % 100:02}"
