"""Many tasks at a glance."""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from bot.domain.task import Status, Task, TaskKind


class Entry(Struct, frozen=True, kw_only=True):
    """One line of a list of tasks. `state`: how its state is counted; `progress`: a percentage."""

    id: str
    state: str  # a Status, or one of those below
    kind: TaskKind = TaskKind.UNKNOWN
    gateway: str = ""
    title: str = ""
    songs: int = 0
    progress: float | None = None
    reason: str = ""
    failure: str = ""  # of what is unanswered: in which way the gateway failed, as GatewayError has it
    links: tuple[str, ...] = ()  # of the songs that arrived
    raw_state: str = ""  # of one that we do not know: as the gateway calls it

    @property
    def arrived(self) -> int:
        """How many of its songs."""
        return len(self.links)


class Batch(Struct, frozen=True, kw_only=True):
    """`ignored`: how many words of the person's text were no ids, or too many; `words`: the first of these."""

    id: str
    user_id: int
    entries: tuple[Entry, ...]
    ignored: int
    words: tuple[str, ...] = ()
    created_at: float


PARTIAL, ODD, UNKNOWN, UNANSWERED = "partial", "odd", "unknown", "unanswered"
STATES = (Status.DONE, PARTIAL, Status.RUNNING, Status.WAITING, Status.FAILED, ODD, UNKNOWN, UNANSWERED)
_UNFINISHED = (Status.RUNNING, Status.WAITING, ODD, UNANSWERED)


def entry_of(task: Task, gateway: str) -> Entry:
    return Entry(
        id=task.id,
        state=_state(task),
        kind=task.kind,
        gateway=gateway,
        title=task.title,
        songs=len(task.clips),
        progress=None if task.is_final else task.progress,
        reason=task.reason or next((clip.reason for clip in task.clips if clip.reason), ""),
        links=tuple(clip.audio_url for clip in task.playable),
        raw_state="" if task.recognised else task.raw_status,
    )


def _state(task: Task) -> str:
    if not task.recognised:
        return ODD
    return PARTIAL if task.partial else task.status


def counts(entries: Sequence[Entry]) -> list[tuple[str, int]]:
    """How many there are in each state that occurs, in the order of STATES."""
    found = Counter(entry.state for entry in entries)
    return [(state, found[state]) for state in STATES if found[state]]


def unfinished(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Ids that are worth watching."""
    return tuple(entry.id for entry in entries if entry.state in _UNFINISHED)


def of_kind(entries: Sequence[Entry], kind: TaskKind | None) -> tuple[Entry, ...]:
    """Those that make music, or lyrics; what is not known to make either stays with both."""
    return tuple(entry for entry in entries if kind is None or entry.kind in (kind, TaskKind.UNKNOWN))
