"""What lies inside of a task: its clips, its lyrics, and tasks within it, in whatever a dialect wraps them."""

from dataclasses import dataclass, field
from typing import Any

from bot.gateways.fields import Object, as_object, first, parse_json

_DEEPEST = 8  # wrappers
_WRAPPERS = ("clips", "data", "items")
AUDIO = ("audio_url", "audioUrl", "cld2AudioUrl")
IMAGE = ("image_url", "imageUrl", "cld2ImageUrl", "image_large_url")
VIDEO = ("video_url", "videoUrl", "cld2VideoUrl")
_CLIP_MARKS = frozenset({*AUDIO, *IMAGE, *VIDEO, "clipId", "clip_id", "metadata", "model_name"})


@dataclass
class Contents:
    clips: list[Object] = field(default_factory=list)
    lyrics: Object | None = None
    tasks: list[Object] = field(default_factory=list)  # from the outside to the inside


def contents(task: Object) -> Contents:
    found = Contents()
    for name in _WRAPPERS:
        _dig(task.get(name), found, 0)
    if not found.clips and not found.lyrics and first(task, *AUDIO):
        found.clips.append(task)  # a task that is its own only clip
    return found


def unpacked(text: str) -> Any:
    """The JSON in a text, or the text."""
    try:
        return parse_json(text.encode(errors="replace"), "")
    except ValueError:
        return text


def is_clip(value: Object) -> bool:
    return not _CLIP_MARKS.isdisjoint(value)


def is_lyrics(value: Object) -> bool:
    return isinstance(value.get("text"), str) and not is_clip(value)


def _dig(value: Any, found: Contents, depth: int) -> None:
    if isinstance(value, str) and value[:1] in ("{", "["):
        value = unpacked(value)
    if isinstance(value, dict) and _is_map(value):
        value = list(value.values())
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            _dig(item, found, depth + 1)
    elif isinstance(value, dict):
        _dig_object(value, found, depth)


def _is_map(value: Object) -> bool:
    """Objects by their id: every value is one."""
    return bool(value) and not is_clip(value) and all(map(as_object, value.values()))


def _dig_object(value: Object, found: Contents, depth: int) -> None:
    inner = [value[name] for name in _WRAPPERS if value.get(name) is not None]
    if is_lyrics(value):
        found.lyrics = found.lyrics or value
    elif inner:
        if "status" in value:
            found.tasks.append(value)
        for part in inner:
            _dig(part, found, depth + 1)
    elif is_clip(value) or ("status" in value and "title" in value):
        found.clips.append(value)
    elif "status" in value:
        found.tasks.append(value)  # one with nothing in it (yet)
