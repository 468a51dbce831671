"""What is known of a task that is looked at again and again, and when to look next."""

from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.beats import Tick, next_probe, next_tick
from bot.domain.task import Kind, Status, Task

LONGEST_REST = 300.0  # seconds between two looks at a task that has not changed for hours
SILENCE = 2 * LONGEST_REST  # seconds between two answers that are no longer for want of asking
_PATIENT_AFTER = 60.0  # looks at this part of the time for which nothing has changed
_IN_QUEUE, _LONGEST_IN_QUEUE = 5.6, 30.0  # intervals, seconds: what has not begun is not finished a moment later
_LYRICS_SOON = 30.0  # seconds: but lyrics are, which seldom take longer than that,
_LYRICS_EVERY = 2.0  # and are looked at as often, in seconds


class Sight(Struct, frozen=True, kw_only=True):
    """A task's newest answer. Times are Unix seconds; only time in which the gateway answered counts as unchanged."""

    task_id: str
    gateway: str = ""  # the gateway's name; empty: it may be at any
    task: Task | None = None  # None: no gateway has known it yet
    kind: Kind = Kind.UNKNOWN  # as the gateway says, or those who wished it
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
    def settled(self) -> bool:
        return self.task is not None and self.task.settled


class Looked(Protocol):
    """What a next look depends on, wherever it is kept."""

    @property
    def status(self) -> str: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def live(self) -> bool: ...
    @property
    def changed_at(self) -> float | None: ...


def unchanged_for(looked: Looked, now: float) -> float:
    """In seconds."""
    return 0.0 if looked.changed_at is None else max(0.0, now - looked.changed_at)


def silent_since(sight: Sight, watched_since: float, now: float) -> float | None:
    """Since when no gateway has answered for a task that is asked for, if that is long."""
    last = max(sight.asked_at or 0.0, watched_since)
    return last if now - last > SILENCE else None


class Pace(Struct, frozen=True):
    """How fast to look again: every `interval` seconds, or with the gateway's tick; `probe`: these look out for it."""

    interval: float
    tick: Tick | None = None
    probe: bool = False


def same_news(before: Sight, after: Sight) -> bool:
    """Nothing has changed between two answers that a person would call a change."""
    if before.task is None or after.task is None:
        return before.task is after.task
    return before.task is after.task or _news(before.task) == _news(after.task)


def seen(sight: Sight, task: Task, gateway: str, now: float, digest: bytes = b"") -> Sight:
    same = sight.task is not None and _news(task) == _news(sight.task)
    changed_at = _without_silence(sight, now) if same else now
    learned = replace(_asked(sight, now), task=task, gateway=gateway, digest=digest, changed_at=changed_at, misses=0)
    return replace(learned, kind=task.kind) if task.kind else learned


def _news(task: Task) -> object:
    """What tells one answer from another; addresses do not, which some gateways sign anew each time."""
    clips = [(key, clip.raw_status, clip.title, clip.reason, clip.audio_url != "") for key, clip in task.keyed()]
    return task.status, task.raw_status, task.progress, task.reason, task.lyrics, clips


def missed(sight: Sight, now: float) -> Sight:
    """A gateway answered without it: unknown, or not known yet, or lost for a moment; never failed."""
    return replace(_asked(sight, now), misses=sight.misses + 1, changed_at=_without_silence(sight, now))


def _asked(sight: Sight, now: float) -> Sight:
    first = now if sight.first_asked_at is None else sight.first_asked_at
    return replace(sight, first_asked_at=first, asked_at=now)


def _without_silence(sight: Sight, now: float) -> float | None:
    """A time without any answer, such as an outage or a night without the bot, is no time without change."""
    if sight.changed_at is None or sight.asked_at is None:
        return sight.changed_at
    return sight.changed_at + max(0.0, now - sight.asked_at - SILENCE)


def next_look(looked: Looked, now: float, pace: Pace) -> float:
    """When to ask again: ever more slowly while nothing changes, and rarely in the queue, unless somebody looks on.

    At a gateway that ticks: when its next answers are there, and nothing in between, but for a probe now and then.
    """
    unchanged = unchanged_for(looked, now)
    lyrics = looked.kind == Kind.LYRICS
    queued = looked.status == Status.WAITING and not looked.live and not lyrics
    least = min(pace.interval * _IN_QUEUE, _LONGEST_IN_QUEUE) if queued else 0.0
    rest = min(max(unchanged / _PATIENT_AFTER, least), LONGEST_REST)
    if pace.tick is None:
        soon = lyrics and unchanged < _LYRICS_SOON
        interval = min(pace.interval, _LYRICS_EVERY) if soon else pace.interval
        # Whole intervals: tasks of about one age are asked for, and stored, together.
        return now + interval * max(1, round(rest / interval))
    coming = next_tick(pace.tick, max(now, now + rest - pace.tick.period))
    return (pace.probe and next_probe(pace.tick, now)) or coming
