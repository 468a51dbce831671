"""Finds the requested tasks in an answer, in the envelopes of any dialect."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from bot.domain.task import Status
from bot.gateways.dialects.field_names import (
    AUDIO,
    CLIP_ID,
    CODE,
    ENVELOPES,
    REASON,
    STATUS,
    TASK_ID,
    TASK_MARKS,
    WRAPPERS,
)
from bot.gateways.dialects.statuses import of_envelope, read_status
from bot.gateways.dialects.unwrap import is_clip, is_lyrics, status_of, unwrap
from bot.gateways.fields import Object, as_text, first, unpacked

_DEEPEST = 8  # levels of envelopes
_MAX_VALUES = 50_000  # in one answer: five hundred tasks, and all that may be around them
_SUFFIX = re.compile(r"[_:#.-](?:\d{1,3}|[a-z])$")  # numbers the clips of a task
_MAX_SONGS = 200  # of one task, or parts of it
_ERROR_CODE = re.compile(r"[45]\d\d")


class FoundTasks(NamedTuple):
    """Objects about tasks, by requested id; `others`: the answer also has other tasks."""

    tasks: dict[str, Object]
    others: bool


def find(value: Any, asked: Collection[str]) -> FoundTasks:
    owners = Owners(asked)
    parts: dict[str | None, list[Object]] = {}
    for task_id, source in _tasks(value, owners, 0):
        parts.setdefault(owners.of(task_id), []).append(source)
    found = {owner: _whole(sources) for owner, sources in parts.items() if owner is not None}
    if not parts and len(asked) == 1 and (bare := _bare(value, 0)):
        found[next(iter(asked))] = bare
    return FoundTasks(found, None in parts)


def tasks_in(value: Any) -> Iterator[tuple[str, Object]]:
    """Each task with its id as given, in the envelopes of a batch."""
    yield from _tasks(value, Owners(()), 2)


class Owners:
    """Maps ids in an answer to requested ids: they may differ in case, or belong to a clip of the task.

    `left`: how many more values of the answer may be examined.
    """

    def __init__(self, asked: Collection[str]) -> None:
        self.left = _MAX_VALUES
        self._asked = frozenset(asked)
        self._exact = {task_id.lower(): task_id for task_id in asked}
        self._folded = {_folded(task_id): task_id for task_id in asked}

    def of(self, text: str) -> str | None:
        plain = text.lower()
        return self._exact.get(plain) or self._folded.get(_folded(plain)) or self.of_clip(plain)

    def of_clip(self, text: str) -> str | None:
        """The task of an id with a number at its end."""
        numbered = _SUFFIX.search(text)
        return self._exact.get(text[: numbered.start()].lower()) if numbered else None

    def named_in(self, value: Object) -> list[str]:
        return [name for name in value if name in self._asked]


def _folded(task_id: str) -> str:
    """A UUID is the same without hyphens."""
    plain = task_id.lower().replace("-", "")
    return plain if len(plain) == 32 else task_id.lower()


def _whole(sources: Sequence[Object]) -> Object:
    """One task from several objects: the last one, or all of its songs or parts if each is an object of its own."""
    songs = {_name(source): source for source in sources[:_MAX_SONGS] if _is_song(source)}
    if len(songs) > 1:
        return {"data": list(songs.values())}
    parts = {as_text(first(source, *TASK_ID)): source for source in sources[:_MAX_SONGS]}
    return _from_parts(list(parts.values())) if len(parts) > 1 else sources[-1]


def _from_parts(parts: Sequence[Object]) -> Object:
    """As far as the part that has come least far; a part that failed counts only if all did."""
    status = {id(part): read_status(status_of(part)) for part in parts}
    unfinished = [part for part in parts if not status[id(part)].final]
    good = [part for part in parts if status[id(part)].status is not Status.FAILED]
    about = (unfinished or good or parts)[-1]
    return {name: value for name, value in about.items() if name not in WRAPPERS} | {
        "data": list(map(_songs_of, parts))
    }


def _songs_of(part: Object) -> Object:
    """Without the part's status if there are songs in it; else the part is a song to be."""
    if unwrap(part).clips:
        return {name: value for name, value in part.items() if name not in STATUS}
    words = {"status": status_of(part), "error_message": first(part, *REASON)}
    return {"id": first(part, *TASK_ID), "title": ""} | words


def _is_song(source: Object) -> bool:
    return is_clip(source) or (status_of(source) is not None and "title" in source and "data" not in source)


def _name(source: Object) -> str:
    return as_text(first(source, *CLIP_ID, "id", *AUDIO))


def _tasks(value: Any, owners: Owners, depth: int) -> Iterator[tuple[str, Object]]:
    owners.left -= 1
    if depth > _DEEPEST or owners.left < 0:
        return
    value = unpacked(value)
    if isinstance(value, list):
        for item in value[: owners.left]:
            if item and isinstance(item, dict | list | str):
                yield from _tasks(item, owners, depth + 1)
    elif isinstance(value, dict):
        yield from _tasks_of_object(value, owners, depth)


def _tasks_of_object(value: Object, owners: Owners, depth: int) -> Iterator[tuple[str, Object]]:
    if task_id := _id_of(value, owners):
        yield task_id, value
        return
    by_id = [(task_id, value[task_id]) for task_id in owners.named_in(value) if isinstance(value[task_id], dict)]
    yield from by_id
    if by_id:
        return
    within = [
        found
        for name in ENVELOPES
        if (inner := value.get(name))
        for found in _tasks(_with_reason(inner, value), owners, depth + 1)
    ]
    yield from within
    own = as_text(value.get("id")).strip()
    if not within and own and owners.of(own) and _has_only_begun(value):
        yield own, value


def _has_only_begun(value: Object) -> bool:
    """A task's times, but no result and no error."""
    marks, error = not TASK_MARKS.isdisjoint(value), first(value, *REASON)
    return marks and error is None and not is_clip(value) and not is_lyrics(value)


def _with_reason(inner: Any, envelope: Object) -> Any:
    """Copies an envelope's error into the task in it, if there is only one."""
    if not isinstance(inner, dict):
        return inner
    text = first(envelope, *REASON)
    if text is None and status_of(inner) is not None and _ERROR_CODE.fullmatch(as_text(first(envelope, *CODE))):
        text = first(envelope, "message", "msg")
    return inner if text is None else {"error_message": text, **inner}


def _id_of(value: Object, owners: Owners) -> str:
    if text := as_text(first(value, *TASK_ID)).strip():
        return text
    own = as_text(value.get("id")).strip()
    is_task = own and status_of(value) is not None and not is_lyrics(value) and owners.of(own)
    return own if is_task else ""


def _bare(value: Any, depth: int) -> Object | None:
    """The only requested task, in an answer without its id: its status, its songs, or its lyrics."""
    value = unpacked(value)
    if isinstance(value, list):
        value = {"data": [item for item in value if isinstance(item, dict)]}
        return None if unwrap(value).empty or _names_another(value["data"]) else value
    if depth > _DEEPEST or not isinstance(value, dict) or _names_another([value]):
        return None
    if is_clip(value) or is_lyrics(value):
        return {"data": value}
    word = status_of(value)
    if word is not None and (not of_envelope(word) or not TASK_MARKS.isdisjoint(value)):
        return value
    inner = (_bare(_with_reason(value[name], value), depth + 1) for name in ENVELOPES if value.get(name))
    if (found := next(filter(None, inner), None)) is not None:
        return found
    return None if unwrap(value).empty else {**value, **dict.fromkeys(STATUS)}


def _names_another(values: Sequence[Object]) -> bool:
    return any(first(value, *TASK_ID) is not None for value in values[:_MAX_SONGS])
