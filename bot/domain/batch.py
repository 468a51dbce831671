"""Lists of many tasks."""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from bot.domain.task import Status, Task, TaskKind


class BatchEntry(Struct, frozen=True, kw_only=True):
    """One row of a list of tasks. `state`: under which its state is counted; `progress`: a percentage."""

    id: str
    state: str  # a Status, or one of those below
    kind: TaskKind = TaskKind.UNKNOWN
    gateway: str = ""
    title: str = ""
    songs: int = 0
    progress: float | None = None
    reason: str = ""
    failure: str = ""  # of an unanswered one: how the gateway failed, as in GatewayError
    links: tuple[str, ...] = ()  # to its finished songs
    raw_state: str = ""  # of an unknown status: the gateway's own word

    @property
    def arrived(self) -> int:
        """How many of its songs are finished."""
        return len(self.links)


class Batch(Struct, frozen=True, kw_only=True):
    """`ignored`: how many words of the person's text were no ids, or too many; `words`: the first of these."""

    id: str
    user_id: int
    entries: tuple[BatchEntry, ...]
    ignored: int
    words: tuple[str, ...] = ()
    created_at: float


PARTIAL, ODD, UNKNOWN, UNANSWERED = "partial", "odd", "unknown", "unanswered"
STATES = (Status.DONE, PARTIAL, Status.RUNNING, Status.WAITING, Status.FAILED, ODD, UNKNOWN, UNANSWERED)
_UNFINISHED = (Status.RUNNING, Status.WAITING, ODD, UNANSWERED)


def entry_of(task: Task, gateway: str) -> BatchEntry:
    return BatchEntry(
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


def counts(entries: Sequence[BatchEntry]) -> list[tuple[str, int]]:
    """The number of entries in each state that occurs, in the order of STATES."""
    found = Counter(entry.state for entry in entries)
    return [(state, found[state]) for state in STATES if found[state]]


def unfinished(entries: Sequence[BatchEntry]) -> tuple[str, ...]:
    """Ids that are worth watching."""
    return tuple(entry.id for entry in entries if entry.state in _UNFINISHED)


def of_kind(entries: Sequence[BatchEntry], kind: TaskKind | None) -> tuple[BatchEntry, ...]:
    """Those of that kind; entries of unknown kind belong to every kind."""
    return tuple(entry for entry in entries if kind is None or entry.kind in (kind, TaskKind.UNKNOWN))
