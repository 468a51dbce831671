"""What is known of a task that is looked at again and again, and when to look next."""

from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.task import Status, Task, TaskKind
from bot.domain.update_cycle import UpdateCycle, next_probe, next_update

MAX_POLL_INTERVAL = 300.0  # seconds between two looks at a task that has not changed for hours
OUTAGE_GAP = 2 * MAX_POLL_INTERVAL  # seconds between two answers that are no longer for want of asking
_PATIENT_AFTER = 60.0  # looks at this part of the time for which nothing has changed
_IN_QUEUE, _LONGEST_IN_QUEUE = 5.6, 30.0  # intervals, seconds: what has not begun is not finished a moment later
_LYRICS_SOON = 30.0  # seconds: but lyrics are, which seldom take longer than that,
_LYRICS_EVERY = 2.0  # and are looked at as often, in seconds


class TaskSnapshot(Struct, frozen=True, kw_only=True):
    """A task's newest answer. Times are Unix seconds; only time in which the gateway answered counts as unchanged."""

    task_id: str
    gateway: str = ""  # the gateway's name; empty: it may be at any
    task: Task | None = None  # None: no gateway has known it yet
    kind: TaskKind = TaskKind.UNKNOWN  # as the gateway says, or those who wished it
    digest: bytes = b""  # of the answer's bytes, where they are known
    first_asked_at: float | None = None
    asked_at: float | None = None  # when an answer came last, whatever it said
    changed_at: float | None = None
    misses: int = 0  # answers in a row that did not hold it
    live: bool = False  # somebody follows its progress

    @property
    def status(self) -> str:
        return self.task.status if self.task else ""

    @property
    def is_final(self) -> bool:
        return self.task is not None and self.task.is_final


class Pollable(Protocol):
    """What a next look depends on, wherever it is kept."""

    @property
    def status(self) -> str: ...
    @property
    def kind(self) -> TaskKind: ...
    @property
    def live(self) -> bool: ...
    @property
    def changed_at(self) -> float | None: ...


def unchanged_for(looked: Pollable, now: float) -> float:
    """In seconds."""
    return 0.0 if looked.changed_at is None else max(0.0, now - looked.changed_at)


def unanswered_since(snapshot: TaskSnapshot, watched_since: float, now: float) -> float | None:
    """Since when no gateway has answered for a task that is asked for, if that is long."""
    last = max(snapshot.asked_at or 0.0, watched_since)
    return last if now - last > OUTAGE_GAP else None


class PollSchedule(Struct, frozen=True):
    """How fast to look again: every `interval` seconds, or with the gateway's tick; `probe`: these look out for it."""

    interval: float
    cycle: UpdateCycle | None = None
    probe: bool = False


def same_state(before: TaskSnapshot, after: TaskSnapshot) -> bool:
    """Nothing has changed between two answers that a person would call a change."""
    if before.task is None or after.task is None:
        return before.task is after.task
    return before.task is after.task or _state_of(before.task) == _state_of(after.task)


def seen(snapshot: TaskSnapshot, task: Task, gateway: str, now: float, digest: bytes = b"") -> TaskSnapshot:
    same = snapshot.task is not None and _state_of(task) == _state_of(snapshot.task)
    changed_at = _without_outage(snapshot, now) if same else now
    learned = replace(_asked(snapshot, now), task=task, gateway=gateway, digest=digest, changed_at=changed_at, misses=0)
    return replace(learned, kind=task.kind) if task.kind else learned


def _state_of(task: Task) -> object:
    """What tells one answer from another; addresses do not, which some gateways sign anew each time."""
    clips = [(key, clip.raw_status, clip.title, clip.reason, clip.audio_url != "") for key, clip in task.keyed()]
    return task.status, task.raw_status, task.progress, task.reason, task.lyrics, clips


def missed(snapshot: TaskSnapshot, now: float) -> TaskSnapshot:
    """A gateway answered without it: unknown, or not known yet, or lost for a moment; never failed."""
    return replace(_asked(snapshot, now), misses=snapshot.misses + 1, changed_at=_without_outage(snapshot, now))


def _asked(snapshot: TaskSnapshot, now: float) -> TaskSnapshot:
    first = now if snapshot.first_asked_at is None else snapshot.first_asked_at
    return replace(snapshot, first_asked_at=first, asked_at=now)


def _without_outage(snapshot: TaskSnapshot, now: float) -> float | None:
    """A time without any answer, such as an outage or a night without the bot, is no time without change."""
    if snapshot.changed_at is None or snapshot.asked_at is None:
        return snapshot.changed_at
    return snapshot.changed_at + max(0.0, now - snapshot.asked_at - OUTAGE_GAP)


def next_poll_at(looked: Pollable, now: float, schedule: PollSchedule) -> float:
    """When to ask again: ever more slowly while nothing changes, and rarely in the queue, unless somebody looks on.

    At a gateway that ticks: when its next answers are there, and nothing in between, but for a probe now and then.
    """
    unchanged = unchanged_for(looked, now)
    lyrics = looked.kind == TaskKind.LYRICS
    queued = looked.status == Status.WAITING and not looked.live and not lyrics
    least = min(schedule.interval * _IN_QUEUE, _LONGEST_IN_QUEUE) if queued else 0.0
    rest = min(max(unchanged / _PATIENT_AFTER, least), MAX_POLL_INTERVAL)
    if schedule.cycle is None:
        soon = lyrics and unchanged < _LYRICS_SOON
        interval = min(schedule.interval, _LYRICS_EVERY) if soon else schedule.interval
        # Whole intervals: tasks of about one age are asked for, and stored, together.
        return now + interval * max(1, round(rest / interval))
    coming = next_update(schedule.cycle, max(now, now + rest - schedule.cycle.period))
    return (schedule.probe and next_probe(schedule.cycle, now)) or coming
