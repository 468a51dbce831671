"""Redacts the key in gateways' answers: in every decoded text, in whatever form it occurs."""

import base64
import html
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.task import Answer, Task

StructT = TypeVar("StructT", bound=Struct)

_MIN_LENGTH = 8  # characters of a key; a shorter one may occur by chance
_PART = 12  # consecutive characters of a key; fewer may occur by chance, too
_SMALL_PART = 6  # where the key is known to occur, perhaps spread over several fields
_REPLACEMENT = "[key]"
_INVISIBLE = dict.fromkeys([0xAD, *range(0x200B, 0x2010), 0x2060, 0xFEFF])
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\(.)")

log = logging.getLogger(__name__)


class Secret:
    """Everything here is linear in the length of a text."""

    def __init__(self, key: str) -> None:
        self._known = len(key) >= _MIN_LENGTH
        self._parts = _Parts(key, min(_PART, len(key)))
        self._small_parts = _Parts(key, min(_SMALL_PART, len(key)))

    def redact(self, text: str) -> str:
        """The text without the key. If the key is disguised, the text is decoded, too."""
        return _redacted(text, self._parts) if self._known else text

    def clean(self, answer: Answer) -> Answer:
        """Addresses that contain the key are removed: they would not work without it."""
        if not self._known:
            return answer
        return replace(answer, tasks={task_id: self._clean(task) for task_id, task in answer.tasks.items()})

    def _clean(self, task: Task) -> Task:
        everything = "\n".join(_texts(task))
        if self.redact(everything) == everything:
            return task
        log.warning("the gateway's answer to task %s contains its key, which is redacted", quote(task.id))
        return replace(_without(task, self._small_parts), id=task.id)


class _Parts:
    """Finds parts of the key, of at least `shortest` characters, and the whole key in other encodings."""

    def __init__(self, key: str, shortest: int) -> None:
        self._key = key
        self._shortest = shortest
        # Each part that is long enough contains at least one of these pieces.
        self._step = step = max(1, (shortest + 1) // 2)
        self._pieces = [key[start : start + step] for start in range(0, len(key) - step + 1, step)]
        self._encoded = list(_encoded(key.encode()))

    def redact(self, text: str) -> str:
        for encoded in self._encoded:
            text = text.replace(encoded, _REPLACEMENT)
        kept, end = [], 0
        for start, stop in sorted(self._found(text)):
            if start >= end:
                kept += [text[end:start], _REPLACEMENT]
            end = max(end, stop)
        return "".join([*kept, text[end:]])

    def longest(self, text: str) -> int:
        """The length of the longest part in the plain text."""
        return max((stop - start for start, stop in self._found(text)), default=0)

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        """The start and end of each part in the text."""
        if self._key in text:
            found = [(start, start + len(self._key)) for start in _positions(text, self._key)]
            yield from found
            text = text.replace(self._key, "\0" * len(self._key))
        for number, piece in enumerate(self._pieces):
            for position in _positions(text, piece):
                start, stop = self._extended(text, position, number * self._step, len(piece))
                if stop - start >= self._shortest:
                    yield start, stop

    def _extended(self, text: str, start: int, at: int, size: int) -> tuple[int, int]:
        """Extends a match of `size` characters, at `start` in the text and `at` in the key, in both directions."""
        left = right = 0
        while left < min(start, at) and text[start - left - 1] == self._key[at - left - 1]:
            left += 1
        end, behind = start + size, at + size
        while right < min(len(text) - end, len(self._key) - behind) and text[end + right] == self._key[behind + right]:
            right += 1
        return start - left, end + right


def _positions(text: str, part: str) -> Iterator[int]:
    position = text.find(part)
    while position >= 0:
        yield position
        position = text.find(part, position + len(part))


def _redacted(text: str, parts: _Parts) -> str:
    """Decodes the text first if that reveals more of the key."""
    longest, shown = parts.longest(text), text
    for decoder in _decoders(text):
        clear = decoder(text)
        if (more := parts.longest(clear)) > longest:
            longest, shown = more, clear
    return parts.redact(shown)


def _encoded(key: bytes) -> Iterator[str]:
    """The encoded key as it occurs within a longer encoded text, at any offset."""
    yield key.hex()
    for skipped in range(3):
        text = base64.b64encode(bytes(skipped) + key).decode()
        whole = text[-(-skipped * 8 // 6) : (skipped + len(key)) * 8 // 6]
        yield whole
        yield whole.replace("+", "-").replace("/", "_")


def _decoders(text: str) -> Iterator[Callable[[str], str]]:
    """Decoders that may reveal a key that is encoded or interrupted."""
    if "%" in text:
        yield unquote
    if "&" in text:
        yield html.unescape
    if "\\" in text:
        yield _unescaped
    yield _squeezed


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)


def _squeezed(text: str) -> str:
    """Without spaces, line breaks, and invisible characters."""
    together = "".join(text.split())
    return together if together.isascii() else together.translate(_INVISIBLE)


def _without(value: StructT, parts: _Parts) -> StructT:
    changes: dict[str, Any] = {}
    for name in value.__struct_fields__:
        old = getattr(value, name)
        if (new := _clean_value(name, old, parts)) != old:
            changes[name] = new
    return replace(value, **changes)


def _clean_value(name: str, value: Any, parts: _Parts) -> Any:
    if isinstance(value, tuple):
        return tuple(filter(None, (_clean_value(name, each, parts) for each in value)))
    if isinstance(value, Struct):
        return _without(value, parts)
    if type(value) is not str:  # a StrEnum of ours is a str, too
        return value
    redacted = _redacted(value, parts)
    return "" if redacted != value and name.endswith(("_url", "_urls")) else redacted


def _texts(value: Any) -> Iterator[str]:
    if type(value) is str:
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from _texts(getattr(value, name))
