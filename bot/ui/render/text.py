"""Makes untrusted text safe to show, and numbers readable."""

import re
from collections.abc import Sequence

import discord

ELLIPSIS = "…"
_NAMED, _WORD = 5, 40  # ignored words that are shown, and characters of each
_READ_FACTOR = 20  # times the limit of a line: more of a text, which may hold invisible characters, is not read

# Control characters, direction overrides and invisible characters; joiners stay, because emoji and scripts need them.
# The invisible tag letters of a flag such as Scotland's stay behind the flag emoji that they belong to.
_INVISIBLE = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,16}\U000e007f)"
    "|[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
_LINE_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]"
_STACKED_MARKS = re.compile(f"({_MARK}{{4}}){_MARK}+")
_FORM = "[\ufe00-\ufe0f\U000e0100-\U000e01ef]"  # variation selectors
_STACKED_FORMS = re.compile(f"({_FORM}){_FORM}+")


# Discord's markdown: characters with a meaning anywhere, and those with one at the beginning of a line.
_MARKUP = str.maketrans({mark: f"\\{mark}" for mark in "\\*_~|`<"})
_LINE_MARKUP = re.compile(r"^([ \t]*)([#>-])", re.MULTILINE)
_NUMBERED = re.compile(r"^([ \t]*+[0-9]{1,20}+)([.)])(?=\s|$)", re.MULTILINE)


def clean(text: str) -> str:
    """Without invisible characters and stacked marks; all kinds of line breaks become a newline."""
    text = _INVISIBLE.sub(r"\1", _LINE_BREAKS.sub("\n", text))
    return _STACKED_FORMS.sub(r"\1", _STACKED_MARKS.sub(r"\1", text)).strip()


def escape(text: str) -> str:
    """Discord shows the result literally: no markdown, link, mention or timestamp."""
    plain = clean(text).translate(_MARKUP).replace("](", "]\\(").replace("://", "\\://")
    plain = _NUMBERED.sub(r"\1\\\2", _LINE_MARKUP.sub(r"\1\\\2", plain))
    return discord.utils.escape_mentions(plain)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters of an escaped text; no escape sequence is split."""
    if len(text) <= limit:
        return text
    kept = text[: limit - len(ELLIPSIS)]
    if (len(kept) - len(kept.rstrip("\\"))) % 2:
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS


def one_line(text: str, limit: int) -> str:
    """An escaped title or reason on one line."""
    return cut(escape(_on_one_line(text, limit)), limit)


def _on_one_line(text: str, limit: int) -> str:
    """Reads only the beginning: the line is cut off anyway."""
    return " ".join(clean(text[: _READ_FACTOR * limit]).split())


def code(text: str, limit: int = 100) -> str:
    """For use between backticks, which nothing in the result can close."""
    return cut(_on_one_line(text, limit).replace("`", "ˋ"), limit)


def plain_line(text: str, limit: int) -> str:
    """For texts in which Discord reads no markdown, such as choices and descriptions of pictures."""
    return cut(_on_one_line(text, limit), limit)


def named(words: Sequence[str], count: int) -> str:
    """The first few words, as code; `count`: how many there are in all."""
    shown = ", ".join(f"`{code(word, _WORD)}`" for word in words[:_NAMED])
    return f"{shown}, {ELLIPSIS}" if count > len(words[:_NAMED]) else shown


def minutes(seconds: float) -> str:
    """As players show it: 3:07, 1:02:33."""
    whole, second = divmod(round(seconds), 60)
    hour, minute = divmod(whole, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def megabytes(size: int) -> str:
    amount = size / (1024 * 1024)
    return f"{amount:.0f} MB" if amount >= 10 else f"{amount:.1f} MB"
