"""One task of any dialect, translated: its clips and lyrics, and the state that follows from all of its parts."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from bot.domain.task import Clip, Kind, Lyrics, Status, Task
from bot.gateways.contents import AUDIO, IMAGE, VIDEO, contents, unpacked
from bot.gateways.fields import Object, as_moment, as_object, as_percentage, as_seconds, as_text, as_url, first
from bot.gateways.words import Word, read_word

_MOST_CLIPS = 20  # a task makes two; each is fetched, and takes its part of a message
_TEMPORARY = "audiopipe."  # in the address of a growing stream


def translate(task_id: str, source: Object) -> Task:
    """`source` is the task's object, or whatever a gateway puts in its place."""
    inside = contents(source)
    layers = (source, *inside.tasks)
    asked_for = _input(source)
    made = inside.clips[:_MOST_CLIPS]
    clips = [_clip(clip, f"{task_id}-{number}", asked_for) for number, clip in enumerate(made, 1)]
    lyrics = _lyrics(inside.lyrics) if inside.lyrics else None
    words = [read_word(first(layer, "status", "state")) for layer in layers]
    word = _derive(words, [status for _, status in clips], lyrics, read_word((inside.lyrics or {}).get("status")))
    return Task(
        id=task_id,
        kind=_kind(layers, clips=bool(clips), lyrics=bool(lyrics)),
        status=word.status or Status.WAITING,
        raw_status=word.raw,
        recognised=word.recognised,
        reason=_reason(layers, inside.clips),
        progress=as_percentage(_read((*layers, *inside.clips), "progress")),
        submitted_at=_moment(layers, "submit_time", "submitTime", "created_at", "createdAt"),
        started_at=_moment(layers, "start_time", "startTime"),
        finished_at=_moment(layers, "finish_time", "finishTime", "finished_at"),
        updated_at=_updated_at(source),
        clips=tuple(_with_status(clip, status, word.status) for clip, status in clips),
        lyrics=lyrics,
    )


def _derive(words: Sequence[Word], clips: Sequence[Word], lyrics: Lyrics | None, of_lyrics: Word) -> Word:
    """The state of the whole. The outermost final word counts; without one, what is inside has the say."""
    outer = words[0]
    if final := next((word for word in words if word.final), None):
        return final
    inner = [word.status for word in clips]
    if inner and all(word.final for word in clips):
        return Word(outer.raw, Status.DONE if Status.DONE in inner else Status.FAILED, recognised=True)
    if lyrics and lyrics.text and of_lyrics.status in (None, Status.DONE):
        return Word(outer.raw, Status.DONE, recognised=True)
    if of_lyrics.status is Status.FAILED:
        return of_lyrics
    begun = {Status.RUNNING, Status.DONE, Status.FAILED}
    if outer.status in (None, Status.WAITING) and (begun & {*inner, *(word.status for word in words)}):
        return Word(outer.raw, Status.RUNNING, recognised=True)
    return outer


def _with_status(clip: Clip, word: Word, task: Status | None) -> Clip:
    """A clip that says nothing of its state has the task's."""
    if word.status is not None:
        return clip
    if task is Status.FAILED and clip.audio_url:
        return replace(clip, status=Status.DONE)
    if task is not None and not task.final and clip.audio_url and _TEMPORARY not in clip.audio_url:
        return replace(clip, status=Status.DONE)
    return replace(clip, status=task or Status.WAITING)


def _kind(layers: Sequence[Object], *, clips: bool, lyrics: bool) -> Kind:
    """What was made tells; gateways' own word for it is often empty or wrong."""
    if clips:
        return Kind.MUSIC
    if lyrics:
        return Kind.LYRICS
    action = as_text(_read(layers, "action")).strip().upper()
    return Kind(action) if action in (Kind.MUSIC, Kind.LYRICS) else Kind.UNKNOWN


def _reason(layers: Sequence[Object], clips: Sequence[Object]) -> str:
    said = _read(layers, "fail_reason", "failReason", "error_message", "errorMessage", "error")
    if isinstance(said, dict):
        said = first(said, "message", "code")
    if said is None:
        parts = [part for clip in clips for part in (as_object(clip.get("metadata")), clip)]
        said = _read(parts, "error_message", "error_type")
    return as_text(said).strip()


def _clip(source: Object, missing_id: str, asked_for: Object) -> tuple[Clip, Word]:
    metadata = as_object(source.get("metadata"))
    everywhere = (metadata, source)
    word = read_word(first(source, "status", "state"))
    clip = Clip(
        id=as_text(first(source, "clipId", "clip_id") or (source.get("id") if "clipId" not in source else "")).strip()
        or missing_id,
        status=word.status or Status.WAITING,
        raw_status=word.raw,
        title=as_text(first(source, "title") or asked_for.get("title")).strip(),
        style=as_text(_read(everywhere, "tags", "style") or asked_for.get("tags")).strip(),
        lyrics=as_text(_read(everywhere, "prompt", "lyric", "lyrics") or asked_for.get("prompt")).strip(),
        model=as_text(first(source, "major_model_version", "model_name", "mv") or asked_for.get("mv")).strip(),
        duration=as_seconds(_read(everywhere, "duration")),
        audio_url=as_url(first(source, *AUDIO)),
        video_url=as_url(first(source, *VIDEO)),
        image_url=as_url(first(source, *IMAGE)),
        reason=as_text(_read(everywhere, "error_message", "errorMessage", "error_type", "progressMsg")).strip()
        if word.status is Status.FAILED
        else "",
    )
    return clip, word


def _lyrics(source: Object) -> Lyrics:
    return Lyrics(
        title=as_text(source.get("title")).strip(),
        text=as_text(source.get("text")).strip(),
        style=as_text(source.get("tags")).strip(),
    )


def _input(source: Object) -> Object:
    """What the song was asked for with, where a dialect repeats it: as an object, or as JSON in a text."""
    said = source.get("input")
    return as_object(unpacked(said) if isinstance(said, str) else said)


def _moment(layers: Sequence[Object], *names: str) -> float | None:
    """The outermost that has come: a stale wrapper says 0 where the task inside of it knows."""
    moments = (as_moment(layer.get(name)) for layer in layers for name in names)
    return next((moment for moment in moments if moment is not None), None)


def _updated_at(source: Object) -> float | None:
    """Only where it is a number: as a date it is when one task was looked at by itself."""
    said = source.get("updated_at")
    return as_moment(said) if isinstance(said, int | float) else None


def _read(sources: Sequence[Object], *names: str) -> Any:
    return next((value for source in sources if (value := first(source, *names)) is not None), None)
