"""What is asked for when somebody goes on from a task that is there: the same again, an extension, a cover. Pure."""

import re
import unicodedata

from bot.domain.song_request import RequestKind, SongRequest, Source, Voice
from bot.domain.task import Task
from bot.errors import NotContinuable, UnreadableMoment

_MOMENT = re.compile(r"(?:(\d{1,2}):)?(?:(\d{1,3}):)?(\d{1,4}(?:\.\d{1,3})?)")
_MINUTE = 60


def same_song(task: Task, number: int = 0) -> SongRequest:
    """What anybody can hear and read of a song, as an order: what its maker wrote for it is theirs.

    `number`: which clip, from 1; 0: the first with words. Of a task that wrote lyrics: a song of them. Raises
    NotContinuable and UnknownClip.
    """
    if task.lyrics is not None and not task.clips:
        return _custom(task.lyrics.title, task.lyrics.style, task.lyrics.text)
    if not task.clips:
        raise NotContinuable("unfinished")
    told = next((each for each in task.clips if each.lyrics or each.style), task.clips[0])
    clip = task.only(number).clips[0] if number else told
    return _custom(clip.title, clip.style, clip.lyrics)


def _custom(title: str, style: str, lyrics: str) -> SongRequest:
    voice = Voice.NONE if style and not lyrics else Voice.ANY
    return SongRequest(kind=RequestKind.CUSTOM, title=title, style=style, lyrics=lyrics, voice=voice)


def extension(task: Task, number: int, at: float | None = None) -> SongRequest:
    """From `at`, in seconds, or else from the song's end, if that is known. Raises as `source_of`."""
    source, clip = source_of(task, number), task.only(number).clips[0]
    return SongRequest(
        kind=RequestKind.EXTEND,
        title=clip.title,
        style=clip.style,
        source=source,
        continue_at=clip.duration if at is None else at,
    )


def cover(task: Task, number: int, style: str = "") -> SongRequest:
    """The same words in another style. Raises as `source_of`."""
    source, clip = source_of(task, number), task.only(number).clips[0]
    return SongRequest(kind=RequestKind.COVER, title=clip.title, style=style, lyrics=clip.lyrics, source=source)


def source_of(task: Task, number: int) -> Source:
    """Raises UnknownClip, and NotContinuable for what is no finished song with an id of its own."""
    if task.written:
        raise NotContinuable("no_song")
    if not task.playable:
        raise NotContinuable("unfinished")
    clip = task.only(number).clips[0]
    if not clip.playable:
        raise NotContinuable("unfinished")
    if clip.id == f"{task.id}-{number}":  # of ours: the gateway told none, so it cannot be told which is meant
        raise NotContinuable("no_id")
    return Source(
        task_id=task.id, clip_id=clip.id, title=clip.title, number=number, of=len(task.clips), duration=clip.duration
    )


def read_moment(typed: str) -> float:
    """As 1:23, 83 or 0:01:23.5, in seconds. Raises UnreadableMoment."""
    plain = unicodedata.normalize("NFKC", typed).strip()
    if not (found := _MOMENT.fullmatch(plain)):
        raise UnreadableMoment(typed)
    first, second, seconds = found.groups()
    hours, minutes = (first, second) if second else (None, first)
    if float(seconds) >= _MINUTE and (hours or minutes):
        raise UnreadableMoment(typed)
    return (int(hours or 0) * _MINUTE + int(minutes or 0)) * _MINUTE + float(seconds)


def written_moment(seconds: float) -> str:
    """As in 1:23, or 1:23.5."""
    minutes, rest = divmod(round(seconds * 1_000), _MINUTE * 1_000)
    text = f"{rest / 1_000:06.3f}".rstrip("0").rstrip(".")
    return f"{minutes}:{text}"
