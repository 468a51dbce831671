"""Text search: a song's texts become one search line, and what a person types becomes patterns for it.

Punctuation is ignored, and every typed word must occur. A word in letters must begin a word of the line; Chinese,
Japanese and Korean characters, which are written without spaces, may occur anywhere. LIKE in any database can do this.
Traditional Chinese characters are looked for, and found, as their simplified forms.
"""

import unicodedata
from collections.abc import Iterable
from itertools import groupby

from bot.domain.simplified import SIMPLIFIED

LONGEST = 100  # characters of a typed text that count
_MOST_WORDS = 100  # one character may be several words, as some of Arabic are


def search_line(texts: Iterable[str]) -> str:
    """Lower case, without punctuation and accents, simplified, with one space before each word."""
    return "".join(f" {word}" for text in texts for word in _words(text))


def patterns(typed: str) -> tuple[str, ...]:
    """Patterns for LIKE, all of which must match; empty if nothing searchable was typed."""
    words = dict.fromkeys(_words(typed[:LONGEST]))
    return tuple(f"%{word}%" if _is_unspaced(word[0]) else f"% {word}%" for word in list(words)[:_MOST_WORDS])


def is_searchable(typed: str) -> bool:
    """Whether there is a word in it: signs and emoji mean nothing."""
    return bool(patterns(typed))


def _words(text: str) -> list[str]:
    """Also apart where a script with blanks meets one without, as in "我爱rock"."""
    folded = unicodedata.normalize("NFKD", text).casefold().translate(SIMPLIFIED)
    runs = "".join(map(_plain, folded)).split()
    return ["".join(word) for run in runs for _, word in groupby(run, _is_unspaced)]


def _plain(character: str) -> str:
    """The character itself, nothing for an accent, a space for punctuation."""
    if character.isalnum():
        return character
    return "" if unicodedata.combining(character) else " "


def _is_unspaced(character: str) -> bool:
    """Of a script that is written without spaces: CJK, kana, hangul, Thai."""
    return "\u0e00" <= character <= "\u0eff" or (character >= "\u1100" and unicodedata.category(character) == "Lo")
