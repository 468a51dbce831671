"""What a finished song's description tells of the wishes that went with its order: whether the gateway passed them on.

Pure. A description that repeats a wish proves it; one that lacks it tells something only where it was wished for.
"""

from collections.abc import Collection, Mapping

from msgspec import Struct

from bot.domain.models import on_the_wire
from bot.domain.song_request import SongRequest, Voice, Wish, wishes_of
from bot.domain.task import Echo, Task

_ENOUGH = 2  # times that a wish is missing until it is believed to be ignored
_CLOSE = 0.005  # by which a weight may be rounded
_LETTERS = {Voice.FEMALE: "f", Voice.MALE: "m"}


class Seen(Struct, frozen=True):
    """How often a wish was found in what came, and how often it was missing there."""

    present: int = 0
    absent: int = 0


def echoed(request: SongRequest, task: Task) -> Mapping[Wish, bool]:
    """Of each wish, whether a song of the task repeats it; nothing where the gateway describes none."""
    echoes = _echoes(task)
    return {wish: any(_repeats(each, request, wish) for each in echoes) for wish in wishes_of(request) if echoes}


def _repeats(echo: Echo, request: SongRequest, wish: Wish) -> bool:
    match wish:
        case Wish.COVER:
            return echo.cover
        case Wish.EXCLUDE:
            return echo.excluded
        case Wish.VOICE:
            return echo.voice.lower().startswith(_LETTERS.get(request.voice, "?"))
    pairs = (
        (request.style_weight, echo.style_weight),
        (request.weirdness, echo.weirdness),
        (request.variety, echo.variety),
    )
    # Suno may describe its defaults, too: so they have to be the ones that were wished for.
    return any(mine is not None and theirs is not None and abs(mine - theirs) < _CLOSE for mine, theirs in pairs)


def proven_by(task: Task) -> frozenset[Wish]:
    """By a task of which it is not known what was wished for: what nobody has without a wish. Weights have defaults."""
    echoes = _echoes(task)
    has = {
        Wish.COVER: any(each.cover for each in echoes),
        Wish.EXCLUDE: any(each.excluded for each in echoes),
        Wish.VOICE: any(each.voice for each in echoes),
    }
    return frozenset(wish for wish, there in has.items() if there)


def _echoes(task: Task) -> list[Echo]:
    return [clip.echo for clip in task.playable if clip.echo is not None]


def proven(seen: Mapping[Wish, Seen]) -> frozenset[Wish]:
    return frozenset(wish for wish, each in seen.items() if each.present)


def ignored(seen: Mapping[Wish, Seen]) -> frozenset[Wish]:
    return frozenset(wish for wish, each in seen.items() if not each.present and each.absent >= _ENOUGH)


def models_in(tasks: Collection[Task]) -> list[str]:
    """By which their songs came, once for each task, as they are ordered."""
    each = (dict.fromkeys(on_the_wire(clip.model) for clip in task.playable) for task in tasks)
    return [model for models in each for model in models if model]
