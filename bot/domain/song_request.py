"""What a person asks a gateway to make: a song in one of four ways, or lyrics."""

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from bot.domain.models import Model, model_named


class RequestKind(StrEnum):
    DESCRIBE = "describe"  # Suno writes the lyrics, too
    CUSTOM = "custom"  # the person's own lyrics, style and title
    EXTEND = "extend"  # goes on from a moment of a song that is there
    COVER = "cover"  # the same song in another style
    LYRICS = "lyrics"  # words only


TUNED = frozenset({RequestKind.CUSTOM, RequestKind.EXTEND, RequestKind.COVER})
"""What takes weights and a style to keep out: Suno takes them with a style of one's own, not with a description."""


class Voice(StrEnum):
    ANY = "any"
    FEMALE = "female"
    MALE = "male"
    NONE = "none"  # instrumental


class Source(Struct, frozen=True, kw_only=True):
    """The song that is extended or covered. `title` is for people to read; `number`: which of its task, from 1.

    `of`: how many the task has; `duration`: seconds, None: the gateway did not say.
    """

    task_id: str
    clip_id: str
    title: str = ""
    number: int = 1
    of: int = 1
    duration: float | None = None


class SongRequest(Struct, frozen=True, kw_only=True):
    """`description` is used by DESCRIBE and LYRICS, the other texts by the rest.

    Weights go from 0 to 1, `variety` from 0 to 4, `continue_at` is in seconds; None: as Suno does by default.
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
        """How people recognise it in a list: its title, or the beginning of what was written."""
        lines = (self.title, self.source.title if self.source else "", self.description, self.lyrics, self.style)
        return next((line.strip().splitlines()[0] for line in lines if line.strip()), "")


class TooLong(Struct, frozen=True):
    """`field`: of SongRequest; `length` and `most` are UTF-16 units."""

    field: str
    length: int
    most: int


class Problem(StrEnum):
    """Why a request cannot be ordered yet."""

    NOTHING = "nothing"  # no text at all
    NO_SOURCE = "no_source"  # nothing to extend or cover
    NO_MOMENT = "no_moment"  # to extend from
    LATE_MOMENT = "late_moment"  # behind the song's end
    NO_STYLE = "no_style"  # to cover it in


def utf16_length(text: str) -> int:
    """As Suno's page counts: an emoji is two."""
    return len(text) + sum(character > "\uffff" for character in text)


def too_long(request: SongRequest) -> tuple[TooLong, ...]:
    """Every text that the model does not take."""
    model = model_named(request.model)
    lengths = ((field, utf16_length(text), most) for field, text, most in _limited(request, model))
    return tuple(TooLong(field, length, most) for field, length, most in lengths if length > most)


def _limited(request: SongRequest, model: Model) -> Iterator[tuple[str, str, int]]:
    if request.kind in (RequestKind.DESCRIBE, RequestKind.LYRICS):
        yield "description", request.description, model.description
        return
    yield "lyrics", request.lyrics, model.lyrics
    yield "style", request.style, model.style
    yield "title", request.title, model.title
    yield "excluded_style", request.excluded_style, model.style


def problem_of(request: SongRequest) -> Problem | None:
    """What is missing, if anything is."""
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


class Wish(StrEnum):
    """What not every gateway passes on. The card says which of these are ignored before anybody pays."""

    COVER = "cover"
    EXCLUDE = "exclude"
    VOICE = "voice"
    WEIGHTS = "weights"


def wishes_of(request: SongRequest) -> frozenset[Wish]:
    """Which of them a request has."""
    weights = (request.style_weight, request.weirdness, request.variety)
    has = {
        Wish.COVER: request.kind is RequestKind.COVER,
        Wish.EXCLUDE: bool(request.excluded_style.strip()),
        Wish.VOICE: request.voice in (Voice.FEMALE, Voice.MALE),
        Wish.WEIGHTS: any(weight is not None for weight in weights),
    }
    return frozenset(wish for wish, asked in has.items() if asked)
