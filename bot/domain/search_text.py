"""Words as they are searched for: what a song says of itself becomes one line, what a person types becomes its words.

Signs mean nothing and all typed words must occur. A word of letters must begin one in the line; characters of Chinese,
Japanese and Korean, which stand without blanks, may be anywhere in it. Any database can look for that with LIKE.
"""

import unicodedata
from collections.abc import Iterable
from itertools import groupby

MOST_WORDS = 8  # of what a person types
_LONGEST = 100  # characters that a person types


def search_line(texts: Iterable[str]) -> str:
    """Lower case, without signs and accents, one blank before each word."""
    return "".join(f" {word}" for text in texts for word in _words(text))


def patterns(typed: str) -> tuple[str, ...]:
    """For LIKE, each of which must match; none: nothing was typed that means anything."""
    words = dict.fromkeys(_words(typed[:_LONGEST]))
    return tuple(f"%{word}%" if _is_unspaced(word[0]) else f"% {word}%" for word in list(words)[:MOST_WORDS])


def _words(text: str) -> list[str]:
    """Also apart where a script with blanks meets one without, as in "我爱rock"."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    runs = "".join(map(_plain, folded)).split()
    return ["".join(word) for run in runs for _, word in groupby(run, _is_unspaced)]


def _plain(character: str) -> str:
    """Itself, nothing for an accent, a blank for a sign."""
    if character.isalnum():
        return character
    return "" if unicodedata.combining(character) else " "


def _is_unspaced(character: str) -> bool:
    """Of a script that is written without blanks: CJK, kana, hangul, Thai."""
    return "\u0e00" <= character <= "\u0eff" or (character >= "\u1100" and unicodedata.category(character) == "Lo")
