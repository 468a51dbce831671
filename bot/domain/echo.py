"""What a finished song's description tells of its order's options: whether the gateway passed them on.

Pure. A description that repeats an option proves it; one that lacks it tells something only where it was asked for.
"""

from collections.abc import Collection, Mapping

from msgspec import Struct

from bot.domain.models import on_the_wire
from bot.domain.song_request import SongOption, SongRequest, Voice, options_of
from bot.domain.task import Echo, Task

_ENOUGH = 2  # times that an option is missing until it is believed to be ignored
_CLOSE = 0.005  # by which a weight may be rounded
_LETTERS = {Voice.FEMALE: "f", Voice.MALE: "m"}


class OptionCounts(Struct, frozen=True):
    """How often an option was found in what came, and how often it was missing there."""

    present: int = 0
    absent: int = 0


def echoed(request: SongRequest, task: Task) -> Mapping[SongOption, bool]:
    """Of each option, whether a song of the task repeats it; nothing where the gateway describes none."""
    echoes = _echoes(task)
    return {option: any(_repeats(each, request, option) for each in echoes) for option in options_of(request) if echoes}


def _repeats(echo: Echo, request: SongRequest, option: SongOption) -> bool:
    match option:
        case SongOption.COVER:
            return echo.cover
        case SongOption.EXCLUDE:
            return echo.excluded
        case SongOption.VOICE:
            return echo.voice.lower().startswith(_LETTERS.get(request.voice, "?"))
    pairs = (
        (request.style_weight, echo.style_weight),
        (request.weirdness, echo.weirdness),
        (request.variety, echo.variety),
    )
    # Suno may describe its defaults, too: so they have to be the ones that were wished for.
    return any(mine is not None and theirs is not None and abs(mine - theirs) < _CLOSE for mine, theirs in pairs)


def proven_by(task: Task) -> frozenset[SongOption]:
    """By a task of unknown options: what nobody has without asking for it. Weights have defaults."""
    echoes = _echoes(task)
    has = {
        SongOption.COVER: any(each.cover for each in echoes),
        SongOption.EXCLUDE: any(each.excluded for each in echoes),
        SongOption.VOICE: any(each.voice for each in echoes),
    }
    return frozenset(option for option, there in has.items() if there)


def _echoes(task: Task) -> list[Echo]:
    return [clip.echo for clip in task.playable if clip.echo is not None]


def proven(seen: Mapping[SongOption, OptionCounts]) -> frozenset[SongOption]:
    return frozenset(option for option, each in seen.items() if each.present)


def ignored(seen: Mapping[SongOption, OptionCounts]) -> frozenset[SongOption]:
    return frozenset(option for option, each in seen.items() if not each.present and each.absent >= _ENOUGH)


def models_in(tasks: Collection[Task]) -> list[str]:
    """By which their songs came, once for each task, as they are ordered."""
    each = (dict.fromkeys(on_the_wire(clip.model) for clip in task.playable) for task in tasks)
    return [model for models in each for model in models if model]
