"""Rounds of polling at one source: polls everything that is due together, and records what follows."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from bot.domain.poll_pacer import MIN_ROUND_GAP, PollPacer
from bot.domain.polling import Claim
from bot.domain.snapshot import PollSchedule
from bot.domain.update_cycle import UpdateCycle
from bot.domain.windows import Window
from bot.errors import GatewayError, StorageError
from bot.services.clock import Clock, Wakeup
from bot.services.polling.cycle_memory import CycleMemory
from bot.services.polling.outages import Outages
from bot.services.polling.record_poll import record_poll
from bot.services.polling.repeats import LEASE, RepeatedClaims
from bot.services.polling.sources import PollOutcome, PollSource
from bot.services.storage_retry import wait_for_storage
from bot.storage.polls import PollStore

log = logging.getLogger(__name__)


class SourcePoller:
    """`poll_interval`: seconds between two polls of a task while no cycle of the gateway is known.

    `on_new_delivery` is called when there is a message to send, `on_moved` when a task is polled at another source from
    now on.
    """

    def __init__(
        self,
        source: PollSource,
        store: PollStore,
        memory: CycleMemory,
        clock: Clock,
        *,
        poll_interval: float,
        on_new_delivery: Callable[[], None],
        on_moved: Callable[[], None],
    ) -> None:
        self.name = source.name
        self.due_at: float | None = None  # the next due task, as of the last successful round
        self._source = source
        self._store = store
        self._memory = memory
        self._clock = clock
        self._interval = poll_interval
        self._on_new_delivery = on_new_delivery
        self._on_moved = on_moved
        self._wakeup = Wakeup(clock)
        self._failures: dict[str, GatewayError | None] = {}  # of each gateway that was asked in this round
        self._pacer = PollPacer(poll_interval)
        self._repeated = RepeatedClaims()
        self._may_be_due = True  # in the database, besides what was claimed in this round
        self._may_have_lost = False  # claims, when the database failed
        for backoff in source.backoffs.values():
            backoff.on_back = self.wake

    @property
    def cycle(self) -> UpdateCycle | None:
        return self._pacer.estimator.cycle

    def wake(self) -> None:
        self._may_be_due = True
        self._wakeup.send()

    async def run(self, outages: Outages) -> None:
        """Until cancelled."""
        self._pacer.estimator = await self._memory.recall(self._clock.now())
        while True:
            try:
                await self._find_lost()
                failure = await self.poll_due()
                for gateway, gateway_failure in self._failures.items():
                    outages.record(gateway, gateway_failure)
                if failure:
                    await self._wait_for_backoff()
                else:
                    await self._memory.save(self._pacer.estimator, self._clock.now())
                    await self._clock.sleep(self._interval * MIN_ROUND_GAP)
                    self.due_at = await self._next_due()
                    await self._wakeup.wait(self.due_at)
            except StorageError as error:
                self._may_have_lost = True
                await wait_for_storage(self._clock, log, error)

    async def _find_lost(self) -> None:
        """Tasks that are leased, but not to this round or a later one: otherwise they would wait until that ends."""
        if self._may_have_lost:
            held = self._repeated.task_ids()
            await self._store.end_leases(self.name, self._clock.now(), lease=LEASE, held=held)
            self._may_have_lost = False

    async def poll_due(self) -> GatewayError | None:
        """One round: polls all tasks that are due. Returns the first failure, which ends the round early.

        During a back-off one task is polled first, and the others only if that is answered.
        """
        started = self._clock.now()
        horizon = self._pacer.claim_until(started)
        tasks = 0
        windows: list[Window] = []
        self._failures = {}
        self._may_be_due = True
        while claims := await self._claim(horizon, self._most_claims()):
            results = await self._poll_in_batches(claims, probe=not tasks)
            self._back_off_from_failures()
            if failure := next((result for result in results if isinstance(result, GatewayError)), None):
                return failure
            windows += [window for result in results if isinstance(result, list) for window in result]
            tasks += len(claims)
        self._end_backoffs()
        self._pacer.record_cost(self._clock.now() - started, tasks)
        self._learn(windows)
        return None

    def _most_claims(self) -> int:
        """How many tasks to claim together; during a back-off one, to see whether the gateway answers."""
        backing_off = all(not backoff.is_over for backoff in self._source.backoffs.values())
        return 1 if backing_off else self._source.size * self._source.at_once

    async def _claim(self, horizon: float, most: int) -> list[Claim]:
        """Tasks that are due by `horizon`: from the database, and those whose answers were repeated."""
        fresh = await self._claim_fresh(horizon, most) if self._may_be_due else []
        repeated = self._repeated.take(horizon, most - len(fresh))
        if fresh and repeated:  # a task that is claimed anew, because of a new watch, replaces its kept claim
            new_ids = {claim.task_id for claim in fresh}
            repeated = [claim for claim in repeated if claim.task_id not in new_ids]
        return fresh + repeated

    async def _claim_fresh(self, horizon: float, most: int) -> list[Claim]:
        """Once there are fewer than asked for, there are no more until there is a new task."""
        self._may_be_due = False
        claims = await self._store.claim(self.name, horizon, lease=LEASE, limit=most)
        self._may_be_due |= len(claims) == most
        return claims

    async def _next_due(self) -> float | None:
        moments = await self._store.next_due(self.name), self._repeated.next_due()
        return min((moment for moment in moments if moment is not None), default=None)

    async def _poll_in_batches(self, claims: Sequence[Claim], *, probe: bool) -> Sequence[GatewayError | list[Window]]:
        size = self._source.size
        batches = [claims[start : start + size] for start in range(0, len(claims), size)]
        return await asyncio.gather(
            *(self._poll_batch(batch, probe=probe and batch is batches[0]) for batch in batches)
        )

    async def _poll_batch(self, batch: Sequence[Claim], *, probe: bool) -> GatewayError | list[Window]:
        """Returns the failure, or the windows of the changes."""
        outcome = await self._source.ask(batch)
        for gateway, failure in outcome.failures.items():
            self._failures[gateway] = failure or self._failures.get(gateway)
        if outcome.failure:
            await self._store.release({claim.task_id for claim in batch}, self._clock.now())
            return outcome.failure
        return await self._record(batch, outcome, probe=probe)

    async def _record(self, batch: Sequence[Claim], outcome: PollOutcome, *, probe: bool) -> list[Window]:
        """Records the answers, and wakes the workers that have to act on them. Returns the windows of the changes."""
        now = self._clock.now()
        if unanswered := _unanswered(batch, outcome):
            await self._store.release(unanswered, due_at=now + self._interval)
        open_tasks = len(batch) + len(self._repeated)
        schedule = self._pacer.schedule(now, together=len(batch), open_tasks=open_tasks, probe=probe)
        repeated = await self._hold(outcome.repeated, now, schedule)
        if not outcome.results and not repeated:
            return []
        plan = await record_poll(self._store, outcome.results, now, schedule, repeated)
        if plan.deliveries:
            self._on_new_delivery()
        if plan.moved:
            self._on_moved()
        return _windows(batch, plan.changed, now)

    async def _hold(self, claims: Sequence[Claim], now: float, schedule: PollSchedule) -> Sequence[Claim]:
        """Holds claims until their next poll, and returns those that must be rescheduled in the database."""
        others = self._repeated.hold(claims, now, schedule)
        if not others.to_renew:
            return others.to_reschedule
        renewed = await self._store.renew(others.to_renew, now, lease=LEASE)
        return others.to_reschedule + self._repeated.hold(renewed, now, schedule).to_reschedule

    def _back_off_from_failures(self) -> None:
        for gateway, failure in self._failures.items():
            backoff = self._source.backoffs[gateway]
            if failure and backoff.is_over:
                backoff.failed(failure)
            elif failure:
                backoff.trial_failed()

    def _end_backoffs(self) -> None:
        """For the gateways that answered in this round."""
        for gateway, failure in self._failures.items():
            backoff = self._source.backoffs[gateway]
            if failure:
                continue
            if backoff.was_gone:
                self._pacer.interrupted(self._clock.now())
            backoff.answered()

    def _learn(self, windows: Sequence[Window]) -> None:
        """Learns the update cycle from the changes of this round."""
        before = self.cycle
        self._pacer.observe(windows)
        if (cycle := self.cycle) and before is None:
            log.info("gateway %s changes its answers every %.1f s", self.name, cycle.period)

    async def _wait_for_backoff(self) -> None:
        """A new task may end it early, but not at once, and not before a time that the gateway asked for.

        An answer to anybody's request ends it, too.
        """
        backoffs = self._source.backoffs.values()
        woken = False
        while not any(each.is_over or each.may_try or (woken and each.may_end) for each in backoffs):
            moments = [min(each.until, each.try_at, each.early if woken else each.until) for each in backoffs]
            woken |= await self._wakeup.wait(min(moments))
        if woken:
            for each in backoffs:
                each.end_early()


def _unanswered(batch: Sequence[Claim], outcome: PollOutcome) -> set[str]:
    repeated = {claim.task_id for claim in outcome.repeated}
    return {claim.task_id for claim in batch} - outcome.results.keys() - repeated


def _windows(batch: Sequence[Claim], changed: Mapping[str, float | None], now: float) -> list[Window]:
    """The windows in which tasks changed that were known before."""
    return [
        Window(claim.asked_at, now, changed[claim.task_id])
        for claim in batch
        if claim.task_id in changed and claim.asked_at is not None
    ]
