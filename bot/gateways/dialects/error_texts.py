"""A gateway's own texts in an answer: to find out its meaning, and for operators."""

import re
from collections.abc import Iterator
from typing import Any

from bot.gateways.dialects.field_names import CODE, MESSAGE, REASON
from bot.gateways.fields import as_text, unpacked

_MAX = 200  # characters that are quoted
_MOST = 20  # sentences
_DEEPEST = 3
_KEY = re.compile(r"\b(sk|key)-[\w*.-]+", re.IGNORECASE)
_MESSAGES = tuple(dict.fromkeys((*MESSAGE, *REASON)))  # before codes, which are for machines


def sentences(value: Any) -> list[str]:
    """Messages first, codes last."""
    texts = [text for text in _texts(value, _MESSAGES, 0) if text]
    return [*dict.fromkeys(texts[:_MOST] + [text for text in _texts(value, CODE, 0) if text][:_MOST])]


def in_words(value: Any) -> str:
    """For a log and for people: short, on one line, without anything that looks like a key."""
    said = next(iter(sentences(value)), "")
    return _KEY.sub("[key]", " ".join(said[: 2 * _MAX].split()))[:_MAX]


def _texts(value: Any, names: tuple[str, ...], depth: int) -> Iterator[str]:
    """Includes nested errors, and a text in place of the data."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for each in value[:_MOST]:
            yield from _texts(each, names, depth + 1)
    elif isinstance(value, dict):
        for name in names:
            said = unpacked(value.get(name))
            if isinstance(said, dict | list):
                yield from _texts(said, _MESSAGES if names is _MESSAGES else names, depth + 1)
            else:
                yield as_text(said).strip()
        if names is _MESSAGES and isinstance(data := unpacked(value.get("data")), str):
            yield data.strip()
        if names is not _MESSAGES:
            yield from _texts(value.get("error"), names, depth + 1)
    elif isinstance(value, str) and depth:
        yield value.strip()
