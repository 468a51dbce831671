"""Text search: a song's texts become one search line, and what a person types becomes patterns for it.

Punctuation is ignored, and every typed word must occur. A word in letters must begin a word of the line; Chinese,
Japanese and Korean characters, which are written without spaces, may occur anywhere. LIKE in any database can do this.
Traditional Chinese characters are looked for, and found, as their simplified forms.
Words that only signs part, as in "lo-fi", also count as one.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby

from bot.domain.simplified import SIMPLIFIED

MAX_LENGTH = 100  # characters of a typed text that count
_MAX_WORDS = 100  # one character may be several words, as some of Arabic are
_MAX_PARTS = 4  # of what may be a single word: an address has more

Ways = tuple[tuple[str, ...], ...]
"""Patterns for LIKE: all of one of these must match."""


def search_line(texts: Iterable[str]) -> str:
    """Lower case, without punctuation and accents, simplified, with one space before each word."""
    return "".join(f" {word}" for text in texts for run in _runs(text) for word in (*run, *_joined(run)))


def patterns(typed: str) -> tuple[Ways, ...]:
    """One of the ways of each must match; empty if nothing searchable was typed."""
    found: dict[Ways, None] = {}
    for run in _runs(typed[:MAX_LENGTH]):
        parts = [_pattern(word) for word in run]
        if joined := _joined(run):
            found[(tuple(map(_pattern, joined)), tuple(parts))] = None
        else:
            found.update(dict.fromkeys(((each,),) for each in parts))
    return tuple(found)[:_MAX_WORDS]


def is_searchable(typed: str) -> bool:
    """Whether there is a word in it: signs and emoji mean nothing."""
    return bool(patterns(typed))


def _pattern(word: str) -> str:
    return f"%{word}%" if _is_unspaced(word[0]) else f"% {word}%"


def _runs(text: str) -> Iterator[list[str]]:
    """The words between blanks, several where signs part them, or where a script with blanks meets one without, as in
    "我爱rock".
    """
    folded = unicodedata.normalize("NFKD", text).casefold().translate(SIMPLIFIED)
    for run in folded.split():
        parts = "".join(map(_plain, run)).split()
        words = ["".join(word) for part in parts for _, word in groupby(part, _is_unspaced)]
        if words:
            yield words


def _joined(run: list[str]) -> list[str]:
    """Words that only signs part, as one: "lo-fi" and "lofi" find each other, and so do "don't" and "dont"."""
    is_one = 1 < len(run) <= _MAX_PARTS and not any(_is_unspaced(word[0]) for word in run)
    return ["".join(run)] if is_one else []


def _plain(character: str) -> str:
    """The character itself, nothing for an accent, a space for punctuation."""
    if character.isalnum():
        return character
    return "" if unicodedata.combining(character) else " "


def _is_unspaced(character: str) -> bool:
    """Of a script that is written without spaces: CJK, kana, hangul, Thai."""
    return "\u0e00" <= character <= "\u0eff" or (character >= "\u1100" and unicodedata.category(character) == "Lo")
