"""A person's request to a gateway: a song in one of four ways, or lyrics."""

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from bot.domain.models import Model, model_named


class RequestKind(StrEnum):
    DESCRIBE = "describe"  # Suno writes the lyrics, too
    CUSTOM = "custom"  # the person's own lyrics, style and title
    EXTEND = "extend"  # continues an existing song from a moment in it
    COVER = "cover"  # the same song in another style
    LYRICS = "lyrics"  # text only


TUNED = frozenset({RequestKind.CUSTOM, RequestKind.EXTEND, RequestKind.COVER})
"""What takes weights and a style to keep out: Suno takes them with a style of one's own, not with a description."""


class Voice(StrEnum):
    ANY = "any"
    FEMALE = "female"
    MALE = "male"
    NONE = "none"  # instrumental


class Source(Struct, frozen=True, kw_only=True):
    """The song to extend or cover. `title` is for display; `number`: its position in its task, from 1.

    `of`: how many songs the task has; `duration`: seconds, None: unknown.
    """

    task_id: str
    clip_id: str
    title: str = ""
    number: int = 1
    of: int = 1
    duration: float | None = None


class SongRequest(Struct, frozen=True, kw_only=True):
    """`description` is used by DESCRIBE and LYRICS, the other texts by the rest.

    Weights go from 0 to 1, `variety` from 0 to 4, `continue_at` is in seconds; None: Suno's default.
    """

    kind: RequestKind
    model: str = ""
    description: str = ""
    lyrics: str = ""
    style: str = ""
    title: str = ""
    voice: Voice = Voice.ANY
    excluded_style: str = ""
    style_weight: float | None = None
    weirdness: float | None = None
    variety: int | None = None
    source: Source | None = None
    continue_at: float | None = None

    @property
    def name(self) -> str:
        """Its name in a list: its title, or the beginning of its text."""
        lines = (self.title, self.source.title if self.source else "", self.description, self.lyrics, self.style)
        return next((line.strip().splitlines()[0] for line in lines if line.strip()), "")


class TooLong(Struct, frozen=True):
    """`field`: of SongRequest; `length` and `max_length` are UTF-16 units."""

    field: str
    length: int
    max_length: int


class Problem(StrEnum):
    """Why a request cannot be ordered yet."""

    NOTHING = "nothing"  # no text at all
    NO_SOURCE = "no_source"  # no song to extend or cover
    NO_MOMENT = "no_moment"  # no moment to extend from
    LATE_MOMENT = "late_moment"  # after the song's end
    NO_STYLE = "no_style"  # no style for the cover


def utf16_length(text: str) -> int:
    """As Suno's page counts: an emoji is two."""
    return len(text) + sum(character > "\uffff" for character in text)


def too_long(request: SongRequest) -> tuple[TooLong, ...]:
    """Every text that is too long for the model."""
    model = model_named(request.model)
    lengths = ((field, utf16_length(text), max_length) for field, text, max_length in _limited(request, model))
    return tuple(TooLong(field, length, max_length) for field, length, max_length in lengths if length > max_length)


def _limited(request: SongRequest, model: Model) -> Iterator[tuple[str, str, int]]:
    if request.kind in (RequestKind.DESCRIBE, RequestKind.LYRICS):
        yield "description", request.description, model.description
        return
    yield "lyrics", request.lyrics, model.lyrics
    yield "style", request.style, model.style
    yield "title", request.title, model.title
    yield "excluded_style", request.excluded_style, model.style


def problem_of(request: SongRequest) -> Problem | None:
    """What is missing, or None."""
    if request.kind in (RequestKind.EXTEND, RequestKind.COVER) and request.source is None:
        return Problem.NO_SOURCE
    if request.kind is RequestKind.EXTEND:
        return _problem_of_moment(request)
    if request.kind is RequestKind.COVER:
        return None if request.style.strip() else Problem.NO_STYLE
    texts = (request.description, request.lyrics, request.style)
    return None if any(text.strip() for text in texts) else Problem.NOTHING


def _problem_of_moment(request: SongRequest) -> Problem | None:
    if request.continue_at is None:
        return Problem.NO_MOMENT
    duration = request.source.duration if request.source else None
    return Problem.LATE_MOMENT if duration is not None and request.continue_at > duration else None


class SongOption(StrEnum):
    """Options that not every gateway passes on. The card says which are ignored before anybody pays."""

    COVER = "cover"
    EXCLUDE = "exclude"
    VOICE = "voice"
    WEIGHTS = "weights"


def options_of(request: SongRequest) -> frozenset[SongOption]:
    """The options that a request uses."""
    weights = (request.style_weight, request.weirdness, request.variety)
    has = {
        SongOption.COVER: request.kind is RequestKind.COVER,
        SongOption.EXCLUDE: bool(request.excluded_style.strip()),
        SongOption.VOICE: request.voice in (Voice.FEMALE, Voice.MALE),
        SongOption.WEIGHTS: any(weight is not None for weight in weights),
    }
    return frozenset(option for option, asked in has.items() if asked)
