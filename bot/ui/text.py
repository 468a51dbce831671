"""Strangers' text made safe to show, and numbers made readable."""

import re

import discord

ELLIPSIS = "…"

# Controls, overrides of the writing direction and invisible characters; the joiners stay, emoji and scripts need them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]"
_STACKED_MARKS = re.compile(f"({_MARK}{{4}}){_MARK}+")


# What means something to Discord anywhere, with the parts that make a link; and at the beginning of a line.
_MARKUP = re.compile(r"[\\*_~|`<]|(?<=\])\(|:(?=//)")
_LINE_MARKUP = re.compile(r"^([ \t]*)([#>-])", re.MULTILINE)


def clean(text: str) -> str:
    """Without what cannot be seen or would spill over its place; line breaks stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _STACKED_MARKS.sub(r"\1", _INVISIBLE.sub("", text)).strip()


def escape(text: str) -> str:
    """Shown by Discord letter by letter: no markdown, no link, no mention, no timestamp."""
    plain = _MARKUP.sub(r"\\\g<0>", clean(text))
    return discord.utils.escape_mentions(_LINE_MARKUP.sub(r"\1\\\2", plain))


def cut(text: str, limit: int) -> str:
    """At most `limit` characters of an escaped text, without half an escape at its end."""
    if len(text) <= limit:
        return text
    kept = text[: limit - len(ELLIPSIS)]
    if (len(kept) - len(kept.rstrip("\\"))) % 2:
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS


def one_line(text: str, limit: int) -> str:
    """An escaped title or reason on one line."""
    return cut(escape(" ".join(clean(text).split())), limit)


def code(text: str, limit: int = 100) -> str:
    """What stands between backticks: nothing in it can end them."""
    return cut(" ".join(clean(text).split()).replace("`", "ˋ"), limit)


def minutes(seconds: float) -> str:
    """As players show it: 3:07, 1:02:33."""
    whole, second = divmod(round(seconds), 60)
    hour, minute = divmod(whole, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def megabytes(size: int) -> str:
    amount = size / (1024 * 1024)
    return f"{amount:.0f} MB" if amount >= 10 else f"{amount:.1f} MB"
