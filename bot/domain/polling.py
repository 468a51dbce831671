"""What follows from a poll. All of it is pure: the known state is loaded, `plan` decides, and the plan is saved."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.delivery import Delivery
from bot.domain.snapshot import (
    OUTAGE_GAP,
    PollSchedule,
    TaskSnapshot,
    missed,
    next_poll_at,
    same_state,
    seen,
    unchanged_for,
)
from bot.domain.task import Clip, Task, TaskKind
from bot.domain.watch import GRACE_POLLS, QUIET_AFTER, Step, Watch, advance, may_advance, may_repeat


class Claim(Struct):
    """A task to poll, leased until `lease_until`. `digest`: of the answer that needs no action if it is repeated."""

    task_id: str
    digest: bytes
    status: str
    kind: TaskKind
    live: bool
    asked_at: float | None
    changed_at: float | None
    lease_until: float


class PollResult(Struct, frozen=True):
    """What a gateway said of a task. `digest`: of the answer's bytes, where they are known.

    `task` None: the gateway does not know it; then `gateway` is where to ask after some more polls without it.
    """

    gateway: str
    task: Task | None
    digest: bytes = b""


class PollPlan(Struct, frozen=True):
    """What to save after a poll; the mappings are by task id.

    `due_at`: the next poll; None: never, because no open watch needs it. `watches`: those that have changed.
    """

    before: Mapping[str, TaskSnapshot]
    after: Mapping[str, TaskSnapshot]
    due_at: Mapping[str, float | None]
    watches: Sequence[Watch]
    deliveries: Sequence[Delivery]

    @property
    def moved(self) -> bool:
        """Whether any task is polled at another gateway from now on."""
        return any(snapshot.gateway != self.after[each].gateway for each, snapshot in self.before.items())

    @property
    def changed(self) -> dict[str, float | None]:
        """Tasks whose known state has changed, with the time that the gateway gives for it."""
        pairs = ((old, self.after[task_id]) for task_id, old in self.before.items())
        return {
            new.task_id: new.task.updated_at for old, new in pairs if old.task and new.task and not same_state(old, new)
        }

    @property
    def new_answers(self) -> dict[str, Task]:
        return {
            task_id: snapshot.task
            for task_id, snapshot in self.after.items()
            if snapshot.task and snapshot.task != self.before[task_id].task
        }

    @property
    def new_songs(self) -> dict[str, str]:
        """Clips that were not known before: clip id to task id."""
        return {
            clip.id: task_id
            for task_id, snapshot in self.after.items()
            for clip in _clips(snapshot)
            if clip.id not in {each.id for each in _clips(self.before[task_id])}
        }


def observe(
    before: Mapping[str, TaskSnapshot], results: Mapping[str, PollResult], now: float
) -> dict[str, TaskSnapshot]:
    """The snapshots after a poll."""
    return {task_id: _observed(snapshot, results[task_id], now) for task_id, snapshot in before.items()}


def _observed(snapshot: TaskSnapshot, result: PollResult, now: float) -> TaskSnapshot:
    if result.task is None:
        after = missed(snapshot, now)
        gone = result.gateway != snapshot.gateway and after.misses >= GRACE_POLLS
        return replace(after, gateway=result.gateway, misses=0) if gone else after
    after = seen(snapshot, result.task, result.gateway, now, result.digest)
    return after if may_repeat(after) else replace(after, digest=b"")


def advancing(before: Mapping[str, TaskSnapshot], after: Mapping[str, TaskSnapshot], now: float) -> set[str]:
    """The tasks whose watches need a step; most answers need none."""
    return {each for each, snapshot in after.items() if may_advance(before[each], snapshot, now)}


def plan(
    before: Mapping[str, TaskSnapshot],
    after: Mapping[str, TaskSnapshot],
    watches: Iterable[Watch],
    others: Mapping[str, TaskSnapshot],
    now: float,
    schedule: PollSchedule,
) -> PollPlan:
    """The plan for one poll.

    `watches`: the open ones on the `advancing` tasks. `others`: snapshots of tasks that were not polled, but belong to
    these watches, as the song or its lyrics.
    """
    known = {**others, **after}
    steps = {watch: advance(watch, known[watch.task_id], now, known.get(watch.lyrics_id)) for watch in watches}
    return PollPlan(
        before=before,
        after=after,
        due_at=_due_at(before, after, steps.values(), now, schedule),
        watches=[step.watch for watch, step in steps.items() if step.watch != watch],
        deliveries=[delivery for step in steps.values() for delivery in step.deliveries],
    )


def _due_at(
    before: Mapping[str, TaskSnapshot],
    after: Mapping[str, TaskSnapshot],
    steps: Iterable[Step],
    now: float,
    schedule: PollSchedule,
) -> dict[str, float | None]:
    """The next poll of each task; None once no open watch is on it or waits for its lyrics."""
    may_end = advancing(before, after, now)
    open_ = [step.watch for step in steps if not step.watch.outcome]
    watched = {watch.task_id for watch in open_}
    lyrics = {watch.lyrics_id for watch in open_}
    return {
        task_id: next_poll_at(snapshot, now, schedule)
        if task_id not in may_end or task_id in watched or (task_id in lyrics and not snapshot.is_final)
        else None
        for task_id, snapshot in after.items()
    }


def needs_action_anyway(claim: Claim, now: float) -> bool:
    """True if even a repeated answer needs action: an outage is over, or the watcher is notified that nothing has
    changed for long.
    """
    after_outage = claim.asked_at is None or now - claim.asked_at > OUTAGE_GAP
    return after_outage or unchanged_for(claim, now) >= QUIET_AFTER


def grouped(claims: Iterable[Claim]) -> Collection[Sequence[Claim]]:
    """Groups of claims with the same next poll, whose leases end together."""
    groups: dict[tuple[object, ...], list[Claim]] = {}
    for claim in claims:
        key = (claim.status, claim.kind, claim.live, claim.changed_at, claim.lease_until)
        groups.setdefault(key, []).append(claim)
    return groups.values()


def _clips(snapshot: TaskSnapshot) -> Sequence[Clip]:
    return snapshot.task.clips if snapshot.task else ()
