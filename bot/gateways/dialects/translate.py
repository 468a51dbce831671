"""Translates one task of any dialect: its clips and lyrics, and the status that follows from all of its parts."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from msgspec.structs import replace

from bot.domain.task import Clip, Echo, Lyrics, Status, Task, TaskKind
from bot.gateways.dialects.field_names import (
    AUDIO,
    CLIP_ERROR,
    CLIP_ID,
    CLIP_REASON,
    CODE,
    DURATION,
    FINISHED,
    IMAGE,
    LYRICS,
    MEDIA,
    MESSAGE,
    MODEL,
    OTHER_CLIP_ID,
    PROGRESS,
    REASON,
    STARTED,
    STREAM,
    STYLE,
    STYLE_TEXT,
    SUBMITTED,
    VIDEO,
    WORDS,
)
from bot.gateways.dialects.phrases import ErrorMeaning, meaning
from bot.gateways.dialects.statuses import StatusWord, read_status
from bot.gateways.dialects.unwrap import metadata_of, status_of, unwrap
from bot.gateways.fields import (
    Object,
    as_moment,
    as_number,
    as_object,
    as_percentage,
    as_seconds,
    as_text,
    as_url,
    first,
)

_MAX_CLIPS = 20  # a task makes two; each is fetched, and takes up space in a message
_MAX_VOICE = 10  # characters
_MAX_ADDRESSES = 5  # of one song
_MAX_WORDS = 10  # in a list of errors
_GOOD_WORDS = {"", "ok", "success", "succeed", "成功"}  # where an error's would be
_TEMPORARY = "audiopipe."  # in the address of a growing stream


class _TranslatedClip(NamedTuple):
    """A clip and its status word. `has_file`: an address that is not one of a growing stream."""

    clip: Clip
    word: StatusWord
    has_file: bool


def translate(task_id: str, source: Object) -> Task:
    """`source`: the task's object, or whatever a gateway has in its place."""
    inside = unwrap(source)
    layers = (source, *inside.tasks)
    asked_for = as_object(source.get("input"))
    made = inside.clips[:_MAX_CLIPS]
    clips = [_clip(clip, f"{task_id}-{number}", asked_for) for number, clip in enumerate(made, 1)]
    lyrics = _lyrics(inside.lyrics) if inside.lyrics else None
    reason, finished_at = _reason(layers, inside.clips), _moment(layers, *FINISHED)
    why = reason or _words_of_failure(layers)
    words = [_with_known_failure(read_status(status_of(layer)), reason, why, finished_at) for layer in layers]
    of_lyrics = read_status(status_of(inside.lyrics)) if inside.lyrics else read_status(None)
    word = _derive(words, clips, lyrics, of_lyrics)
    if word.status is None and not clips and not lyrics and (reason or _is_refused(source)):
        word = StatusWord("", Status.FAILED, recognised=True)  # nothing but an error
    if word.status is Status.FAILED:
        reason = reason or _message(layers)
    return Task(
        id=task_id,
        kind=_kind(layers, clips=bool(clips), lyrics=lyrics),
        status=word.status or (Status.WAITING if word.recognised else Status.RUNNING),
        raw_status=word.raw,
        recognised=word.recognised,
        reason=reason,
        progress=as_percentage(_read((*layers, *made), *PROGRESS)),
        submitted_at=_moment(layers, *SUBMITTED),
        started_at=_moment(layers, *STARTED),
        finished_at=finished_at,
        updated_at=_updated_at(source),
        clips=tuple(_with_status(clip, word.status) for clip in clips),
        lyrics=lyrics,
    )


def _with_known_failure(word: StatusWord, reason: str, why: str, finished_at: float | None) -> StatusWord:
    """An unknown word is a failure if there is a reason, and the word indicates a failure or the task has an end.

    `why`: the reason, or other words beside the status, which are enough for a code.
    """
    is_failure = word.failing or finished_at is not None
    if not word.recognised and is_failure and (why if word.status is None else reason):
        return StatusWord(word.raw, Status.FAILED, recognised=True)
    return word


def _derive(
    words: Sequence[StatusWord], clips: Sequence[_TranslatedClip], lyrics: Lyrics | None, of_lyrics: StatusWord
) -> StatusWord:
    """The status of the whole task. The outermost final word counts; without one, the parts decide.

    A gateway may say that the request is complete while its songs have hardly begun.
    """
    outer, inner = words[0], [clip.word.status for clip in clips]
    unfinished = any(status is not None and not status.final for status in inner)
    for depth, word in enumerate(words):
        too_early = unfinished and word.status is Status.DONE and (depth > 0 or not any(map(_usable, clips)))
        if word.final and not too_early:
            return word
    without_status = all(word.status is None or word.failing for word in words)
    if inner and all(
        clip.word.final or (without_status and clip.word.status is None and clip.has_file) for clip in clips
    ):
        return StatusWord(outer.raw, Status.FAILED if {*inner} == {Status.FAILED} else Status.DONE, recognised=True)
    if lyrics and (lyrics.text or lyrics.style) and of_lyrics.status in (None, Status.DONE):
        return StatusWord(outer.raw, Status.DONE, recognised=True)
    if of_lyrics.status is Status.FAILED:
        return of_lyrics
    begun = {Status.RUNNING, Status.DONE, Status.FAILED} & {*inner, *(word.status for word in words)}
    if (begun or any(clip.clip.audio_url for clip in clips)) and outer.status in (None, Status.WAITING, Status.DONE):
        return StatusWord(outer.raw, Status.RUNNING, recognised=True)
    return outer


def _usable(made: _TranslatedClip) -> bool:
    return made.has_file and made.word.status is not Status.FAILED


def _with_status(made: _TranslatedClip, task: Status | None) -> Clip:
    """A clip without a status has the task's, or is finished if its file is there."""
    if made.word.status is not None:
        return made.clip
    if task is Status.FAILED and made.clip.audio_url:
        return replace(made.clip, status=Status.DONE)
    if made.has_file and not (task is not None and task.final):
        return replace(made.clip, status=Status.DONE)
    return replace(made.clip, status=task or Status.WAITING)


def _kind(layers: Sequence[Object], *, clips: bool, lyrics: Lyrics | None) -> TaskKind:
    """Derived from what was made; the gateway's own word for it is often empty or wrong."""
    if clips:
        return TaskKind.MUSIC
    if lyrics:
        return TaskKind.LYRICS if lyrics.text or not lyrics.style else TaskKind.STYLE
    action = as_text(_read(layers, "action")).strip().upper()
    return TaskKind(action) if action in (TaskKind.MUSIC, TaskKind.LYRICS) else TaskKind.UNKNOWN


def _reason(layers: Sequence[Object], clips: Sequence[Object]) -> str:
    reason = next((text for layer in layers for name in REASON if (text := _words_of(layer.get(name)))), "")
    if not reason:
        parts = [part for clip in clips for part in (metadata_of(clip), clip)]
        reason = as_text(_read(parts, *CLIP_ERROR))
    return reason.strip()


def _words_of(value: Any) -> str:
    """The text of an error: the value itself, a field of an object, or those of a list."""
    if isinstance(value, list):
        return ", ".join(filter(None, (as_text(_field_of(each)) for each in value[:_MAX_WORDS])))
    return as_text(_field_of(value))


def _field_of(value: Any) -> Any:
    if isinstance(value, dict):
        value = first(value, *MESSAGE, *CODE)
    return value


def _is_refused(source: Object) -> bool:
    """Unsuccessful, with a message that is not about the gateway."""
    return source.get("success") is False and meaning(_message([source])) is ErrorMeaning.OTHER


def _message(layers: Sequence[Object]) -> str:
    """A failed task's message, if there is no field for a reason."""
    return _words_of({name: layer[name] for layer in reversed(layers) for name in ("message", "msg") if name in layer})


def _words_of_failure(layers: Sequence[Object]) -> str:
    """A message that is neither good nor about the gateway."""
    message = _message(layers).strip()
    return message if message.lower() not in _GOOD_WORDS and meaning(message) is ErrorMeaning.OTHER else ""


def _clip(source: Object, missing_id: str, asked_for: Object) -> _TranslatedClip:
    metadata = metadata_of(source)
    everywhere = (metadata, source)
    word = read_status(status_of(source))
    files = sorted(_addresses(source, AUDIO, MEDIA), key=_is_temporary)
    addresses = tuple(islice(dict.fromkeys([*files, *_addresses(source, STREAM)]), _MAX_ADDRESSES))
    clip = Clip(
        id=_clip_id(source) or missing_id,
        status=word.status or Status.WAITING,
        raw_status=word.raw,
        title=as_text(first(source, "title") or asked_for.get("title")).strip(),
        style=as_text(_read(everywhere, *STYLE) or asked_for.get("tags")).strip(),
        lyrics=as_text(_read(everywhere, *WORDS) or asked_for.get("prompt")).strip(),
        model=as_text(first(source, *MODEL) or asked_for.get("mv")).strip(),
        duration=as_seconds(_read(everywhere, *DURATION)),
        audio_url=addresses[0] if addresses else "",
        other_urls=addresses[1:],
        video_url=_address(source, VIDEO),
        image_url=_address(source, IMAGE),
        reason=as_text(_read(everywhere, *CLIP_REASON)).strip() if word.status is Status.FAILED else "",
        echo=_echo(metadata) if metadata else None,
    )
    return _TranslatedClip(clip, word, bool(files) and not _is_temporary(files[0]))


def _clip_id(source: Object) -> str:
    """With a `clipId`, the `id` is one of a row."""
    names = (*CLIP_ID, *(() if "clipId" in source else ("id",)), *OTHER_CLIP_ID)
    return as_text(first(source, *names)).strip()


def _echo(metadata: Object) -> Echo:
    sliders = as_object(metadata.get("control_sliders"))
    return Echo(
        cover=bool(as_text(metadata.get("cover_clip_id"))) or metadata.get("task") == "cover",
        excluded=bool(as_text(metadata.get("negative_tags")).strip()),
        voice=as_text(metadata.get("vocal_gender")).strip()[:_MAX_VOICE],
        style_weight=as_number(sliders.get("style_weight")),
        weirdness=as_number(sliders.get("weirdness_constraint")),
        variety=as_number(sliders.get("aug_creativity")),
    )


def _addresses(source: Object, *names: Sequence[str]) -> Iterator[str]:
    values = (entry for each in names for name in each if name in source for entry in _entries(source[name]))
    return filter(None, map(as_url, values))


def _entries(value: Any) -> Iterator[Any]:
    """An address, or those in a list or an object, each a text or an object with a type."""
    if isinstance(value, dict):
        value = [value] if "url" in value else list(value.values())
    for entry in value[:_MAX_ADDRESSES] if isinstance(value, list) else [value]:
        if not isinstance(entry, dict):
            yield entry
        elif not as_text(first(entry, "content_type", "contentType", "type")).lower().startswith(("video", "image")):
            yield first(entry, "url", *AUDIO)


def _is_temporary(url: str) -> bool:
    return _TEMPORARY in url


def _address(source: Object, names: Sequence[str]) -> str:
    return next(_addresses(source, names), "")


def _lyrics(source: Object) -> Lyrics:
    return Lyrics(
        title=as_text(source.get("title")).strip(),
        text=as_text(first(source, *LYRICS)).strip(),
        style=as_text(first(source, *STYLE_TEXT, *STYLE)).strip(),
    )


def _moment(layers: Sequence[Object], *names: str) -> float | None:
    """The outermost one that is set: a stale wrapper says 0 where the task inside of it has the time."""
    moments = (as_moment(layer.get(name)) for layer in layers for name in names)
    return next((moment for moment in moments if moment is not None), None)


def _updated_at(source: Object) -> float | None:
    """Only if it is a number: as a date, it is the time of the request for a single task."""
    value = source.get("updated_at")
    return as_moment(value) if isinstance(value, int | float) else None


def _read(sources: Sequence[Object], *names: str) -> Any:
    return next((value for source in sources if (value := first(source, *names)) is not None), None)
