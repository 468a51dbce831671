"""What is known of a watched task, and when to poll it next."""

from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.task import Status, Task, TaskKind
from bot.domain.update_cycle import UpdateCycle, next_probe, next_update

MAX_POLL_INTERVAL = 300.0  # seconds between two polls of a task that has not changed for hours
OUTAGE_GAP = 2 * MAX_POLL_INTERVAL  # seconds: a longer time between two answers is an outage, not a long interval
_UNCHANGED_PER_DELAY = 60.0  # seconds without change for each second until the next poll
_QUEUED_INTERVALS, _MAX_QUEUED = 5.6, 30.0  # between polls of a queued task, and at most so many seconds
EARLY = 0.8  # of a period
_LYRICS_TIME = 30.0  # seconds that lyrics seldom exceed; until then
_LYRICS_INTERVAL = 2.0  # they are polled after so many seconds


class TaskSnapshot(Struct, frozen=True, kw_only=True):
    """A task's newest answer. Times are Unix seconds; outages do not count as time without change."""

    task_id: str
    gateway: str = ""  # the gateway's name; empty: any may have it
    task: Task | None = None  # None: no gateway has known it yet
    kind: TaskKind = TaskKind.UNKNOWN  # as the gateway says, or as the person chose
    digest: bytes = b""  # of the answer's bytes, where they are known
    first_asked_at: float | None = None
    asked_at: float | None = None  # time of the last answer, whatever it said
    changed_at: float | None = None
    misses: int = 0  # answers in a row that did not contain it
    live: bool = False  # a live card follows it

    @property
    def status(self) -> str:
        return self.task.status if self.task else ""

    @property
    def is_final(self) -> bool:
        return self.task is not None and self.task.is_final


class Pollable(Protocol):
    """What the time of the next poll depends on, wherever it is kept."""

    @property
    def status(self) -> str: ...
    @property
    def kind(self) -> TaskKind: ...
    @property
    def live(self) -> bool: ...
    @property
    def changed_at(self) -> float | None: ...


def unchanged_for(polled: Pollable, now: float) -> float:
    """In seconds."""
    return 0.0 if polled.changed_at is None else max(0.0, now - polled.changed_at)


def unanswered_since(snapshot: TaskSnapshot, watched_since: float, now: float) -> float | None:
    """Since when no gateway has answered for a watched task; None: not for long."""
    last = max(snapshot.asked_at or 0.0, watched_since)
    return last if now - last > OUTAGE_GAP else None


class PollSchedule(Struct, frozen=True):
    """When to poll again: every `interval` seconds, or at the updates of the gateway's cycle. `probe`: also in between,
    to measure the cycle. `early`: the part of a period by which an update may come too soon for a task that can wait.
    """

    interval: float
    cycle: UpdateCycle | None = None
    probe: bool = False
    early: float = EARLY


def same_state(before: TaskSnapshot, after: TaskSnapshot) -> bool:
    """True if a person would see no difference between the two answers."""
    if before.task is None or after.task is None:
        return before.task is after.task
    return before.task is after.task or _state_of(before.task) == _state_of(after.task)


def seen(snapshot: TaskSnapshot, task: Task, gateway: str, now: float, digest: bytes = b"") -> TaskSnapshot:
    """After an answer that has the task."""
    same = snapshot.task is not None and _state_of(task) == _state_of(snapshot.task)
    changed_at = _without_outage(snapshot, now) if same else now
    learned = replace(_asked(snapshot, now), task=task, gateway=gateway, digest=digest, changed_at=changed_at, misses=0)
    return replace(learned, kind=task.kind) if task.kind else learned


def _state_of(task: Task) -> object:
    """What counts as a change. Addresses do not: some gateways sign them anew each time."""
    clips = [(key, clip.raw_status, clip.title, clip.reason, clip.audio_url != "") for key, clip in task.keyed()]
    return task.status, task.raw_status, task.progress, task.reason, task.lyrics, clips


def missed(snapshot: TaskSnapshot, now: float) -> TaskSnapshot:
    """After an answer without the task: it is unknown, not known yet, or missing for a moment, but never failed."""
    return replace(_asked(snapshot, now), misses=snapshot.misses + 1, changed_at=_without_outage(snapshot, now))


def _asked(snapshot: TaskSnapshot, now: float) -> TaskSnapshot:
    first = now if snapshot.first_asked_at is None else snapshot.first_asked_at
    return replace(snapshot, first_asked_at=first, asked_at=now)


def _without_outage(snapshot: TaskSnapshot, now: float) -> float | None:
    """Outages, and nights without the bot, do not count as time without change."""
    if snapshot.changed_at is None or snapshot.asked_at is None:
        return snapshot.changed_at
    return snapshot.changed_at + max(0.0, now - snapshot.asked_at - OUTAGE_GAP)


def next_poll_at(polled: Pollable, now: float, schedule: PollSchedule) -> float:
    """The next poll: less and less often while nothing changes, and seldom in the queue unless a live card follows it.

    With an update cycle: when the next answers are available, and in between only for a probe now and then.
    """
    unchanged = unchanged_for(polled, now)
    lyrics = polled.kind == TaskKind.LYRICS
    queued = polled.status == Status.WAITING and not polled.live and not lyrics
    least = min(schedule.interval * _QUEUED_INTERVALS, _MAX_QUEUED) if queued else 0.0
    delay = min(max(unchanged / _UNCHANGED_PER_DELAY, least), MAX_POLL_INTERVAL)
    if schedule.cycle is None:
        soon = lyrics and unchanged < _LYRICS_TIME
        interval = min(schedule.interval, _LYRICS_INTERVAL) if soon else schedule.interval
        # Whole intervals, so that tasks of about the same age are polled and saved together.
        return now + interval * max(1, round(delay / interval))
    coming = next_update(schedule.cycle, max(now, now + delay - schedule.early * schedule.cycle.period))
    return (schedule.probe and next_probe(schedule.cycle, now)) or coming
