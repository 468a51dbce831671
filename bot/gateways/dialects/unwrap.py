"""Extracts clips, lyrics and nested tasks from a task's object, in the wrappers of any dialect."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from bot.gateways.dialects.field_names import (
    ADDRESSES,
    AUDIO,
    CLIP_MARKS,
    INNER_ADDRESSES,
    LYRICS,
    RESULTS,
    STATUS,
    STREAM,
    STYLE_TEXT,
    WRAPPERS,
)
from bot.gateways.fields import Object, as_object, as_text, as_url, first, unpacked

_DEEPEST = 8  # levels of wrappers
_SHALLOW = 2  # levels of objects around plain addresses
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
_MOST = 200  # entries of one list or map; a task makes two clips


@dataclass
class Unwrapped:
    clips: list[Object] = field(default_factory=list)
    lyrics: Object | None = None
    tasks: list[Object] = field(default_factory=list)  # from the outermost to the innermost
    left: int = 2_000  # how many more values may be examined

    @property
    def empty(self) -> bool:
        return not self.clips and self.lyrics is None and not self.tasks


def unwrap(task: Object) -> Unwrapped:
    found = Unwrapped()
    for name in WRAPPERS:
        if task.get(name) is not None:
            _dig(task[name], found, 0)
    if not found.clips and not found.lyrics:
        if first(task, *AUDIO, *STREAM):
            found.clips.append(task)  # a task that is its own only clip
        elif is_lyrics(task) and (first(task, "text", *STYLE_TEXT) or task.get("action") == "LYRICS"):
            found.lyrics = task  # on other objects it may be the prompt of a song
        else:
            found.clips += [{"audio_url": url} for url in dict.fromkeys(_addresses(task, 0))]
            found.lyrics = _style(task)
    return found


def _addresses(task: Object, depth: int) -> Iterator[str]:
    """Addresses of songs without any other fields."""
    for name in INNER_ADDRESSES if depth else ADDRESSES:
        content = unpacked(task.get(name))
        for each in content[:_MOST] if isinstance(content, list) else [content]:
            if isinstance(each, dict) and depth < _SHALLOW:
                yield from _addresses(each, depth + 1)
            elif (url := as_url(each)) and not url.partition("?")[0].lower().endswith(_PICTURES):
                yield url


def _style(task: Object) -> Object | None:
    """A style as the result, if the action says so."""
    if "TAGS" not in as_text(task.get("action")).upper():
        return None
    content = first(task, "data", *RESULTS)
    style = as_text(first(content, "tags", "style") if isinstance(content, dict) else content)
    return {STYLE_TEXT[0]: style} if style else None


def is_clip(value: Object) -> bool:
    return not CLIP_MARKS.isdisjoint(value)


def is_lyrics(value: Object) -> bool:
    """Text that is no song's, or a style's."""
    says_text = any(isinstance(value.get(name), str) for name in LYRICS)
    return not is_clip(value) and (says_text or first(value, *STYLE_TEXT) is not None)


def status_of(value: Object) -> Any:
    return first(value, *STATUS)


def _dig(value: Any, found: Unwrapped, depth: int) -> None:
    found.left -= 1
    if depth > _DEEPEST or found.left < 0:
        return
    value = unpacked(value)
    if isinstance(value, dict) and _is_map(value):
        value = list(value.values())
    if isinstance(value, list):
        for item in islice(value, _MOST):
            _dig(item, found, depth + 1)
    elif isinstance(value, dict):
        _dig_object(value, found, depth)


def _is_map(value: Object) -> bool:
    """Objects by their id: every value is an object, and no key is a wrapper's name."""
    return (
        bool(value)
        and not is_clip(value)
        and all(isinstance(each, dict) for each in value.values())
        and not any(name in value for name in WRAPPERS)
    )


def _dig_object(value: Object, found: Unwrapped, depth: int) -> None:
    inner = [part for name in WRAPPERS if (part := value.get(name)) is not None and _may_hold(part)]
    says_status = status_of(value) is not None
    if inner:
        if says_status:
            found.tasks.append(value)
        for part in inner:
            _dig(part, found, depth + 1)
    elif is_lyrics(value):
        found.lyrics = found.lyrics or value
    elif is_clip(value) or (says_status and "title" in value):
        found.clips.append(value)
    elif says_status:
        found.tasks.append(value)  # a task without results (yet)


def _may_hold(value: Any) -> bool:
    return isinstance(value, dict | list | str) and bool(value) and isinstance(unpacked(value), dict | list)


def metadata_of(clip: Object) -> Object:
    return as_object(clip.get("metadata"))
