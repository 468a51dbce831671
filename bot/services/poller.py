"""The background loop: asks gateways for what is due, together, and has what they said learned and owed."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from bot.domain.rhythm import Rhythm, Tick, Window
from bot.domain.sight import Pace, next_look, unchanged_for
from bot.domain.watch import QUIET_AFTER
from bot.errors import GatewayError, StorageError
from bot.services.clock import Bell, Clock
from bot.services.desks import Desk
from bot.services.held import Held
from bot.services.outages import Outages
from bot.storage.looks import Claim, LookStore, alike

_LEASE = 120.0  # seconds for which a task is ours
_ROUND = 30.0  # seconds; longer than one request takes to have its turn and its answer
GOLDEN = 0.618  # a turn by which no two of many fall on each other
GATHERING = 0.25  # of the interval: what is due that soon is asked for now, together with the rest
JITTER = 0.2  # of the interval, more or less
SPACING = 0.05  # of the interval: what comes to be due in between is asked for together
_STORAGE_REST = 10.0  # seconds until a database that failed is tried again

Tell = Callable[[str, GatewayError], Coroutine[Any, Any, None]]  # a gateway's name, and what is wrong

log = logging.getLogger(__name__)


class Poller:
    """`interval`: seconds between two looks at a task; `owed` is called when there is something to bring."""

    def __init__(
        self, desks: Sequence[Desk], store: LookStore, clock: Clock, *, interval: float, owed: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._rounds = [Rounds(desk, store, clock, interval=interval, owed=owed, moved=self.wake) for desk in desks]

    @property
    def ticks(self) -> dict[str, Tick | None]:
        """What is known of each gateway's, by its name."""
        return {each.name: each.rhythm.tick for each in self._rounds if each.name}

    @property
    def due_at(self) -> float | None:
        """When the next task is due, or was: what could not be looked at stays due."""
        return min((each.due_at for each in self._rounds if each.due_at is not None), default=None)

    def wake(self) -> None:
        """There is something new to look at."""
        for each in self._rounds:
            each.wake()

    async def run(self, tell: Tell) -> None:
        """Until cancelled. A gateway that is slow or gone holds up no other.

        `tell` is awaited, beside all else, for each of the Outages that the operator is to know of.
        """
        async with asyncio.TaskGroup() as workers:

            def tell_of(gateway: str, failure: GatewayError) -> None:
                workers.create_task(tell(gateway, failure), name="telling the operator")

            outages = Outages(self._clock, tell_of)
            for each in self._rounds:
                workers.create_task(each.run(outages), name=f"poller {each.name}")


class Rounds:
    """One desk's part of the poller. `moved` is called when a task is from now on asked for at another."""

    def __init__(
        self,
        desk: Desk,
        store: LookStore,
        clock: Clock,
        *,
        interval: float,
        owed: Callable[[], None],
        moved: Callable[[], None],
    ) -> None:
        self.name = desk.name
        self.due_at: float | None = None  # the next task, as of the last round that went well
        self._desk = desk
        self._store = store
        self._clock = clock
        self._interval = interval
        self._owed = owed
        self._moved = moved
        self._bell = Bell(clock)
        self._fared: dict[str, GatewayError | None] = {}  # each gateway that was asked in the last round
        self.rhythm = Rhythm()
        self._held = Held()
        self._turn = 0.0

    def wake(self) -> None:
        self._bell.ring()

    async def run(self, outages: Outages) -> None:
        """Until cancelled."""
        while True:
            try:
                failure = await self.look()
                for gateway, fared in self._fared.items():
                    outages.heard(gateway, fared)
                if failure:
                    await self._rest()
                    continue
                await self._clock.sleep(self._interval * SPACING)
                self.due_at = await self._next_due()
                await self._bell.wait(self.due_at)
            except StorageError as error:
                log.error("the database failed, the next look is in %.0f s: %s", _STORAGE_REST, error)
                await self._clock.sleep(_STORAGE_REST)

    async def look(self) -> GatewayError | None:
        """At all that is due. After a failure nothing more is asked for: the rest is asked for with it, later."""
        probe = True
        windows: list[Window] = []
        self._fared = {}
        while due := await self._due((size := self._desk.size) * self._desk.at_once):
            batches = [due[start : start + size] for start in range(0, len(due), size)]
            asked = (self._ask(batch, probe=probe and batch is batches[0]) for batch in batches)
            results = await asyncio.gather(*asked)
            self._leave_alone_what_failed()
            if failure := next((result for result in results if isinstance(result, GatewayError)), None):
                return failure
            windows += [result for result in results if isinstance(result, Window)]
            probe = False
        for gateway, failed in self._fared.items():
            if not failed:
                self._desk.rests[gateway].answered()
        if windows:
            # One beat, whoever saw it first: the shortest window knows best.
            self._learn(min(windows, key=lambda window: window.length))
        return None

    def _leave_alone_what_failed(self) -> None:
        for gateway, failure in self._fared.items():
            if failure:
                self._desk.rests[gateway].failed(failure)

    async def _due(self, most: int) -> list[Claim]:
        soon = self._soon()
        fresh = await self._store.claim(self.name, soon, lease=_LEASE, limit=most)
        held = self._held.take(soon, most - len(fresh))
        if fresh and held:  # what is to be looked at anew, as for a new watch, is no longer what is held
            anew = {claim.task_id for claim in fresh}
            held = [claim for claim in held if claim.task_id not in anew]
        return fresh + held

    async def _next_due(self) -> float | None:
        moments = await self._store.next_due(self.name), self._held.next_due()
        return min((moment for moment in moments if moment is not None), default=None)

    def _soon(self) -> float:
        """What is due that soon is asked for together; with a tick nothing is asked for before it."""
        return self._clock.now() + (0.0 if self.rhythm.tick else self._interval * GATHERING)

    def _learn(self, window: Window) -> None:
        before, self.rhythm = self.rhythm.tick, self.rhythm.heard(window)
        if (tick := self.rhythm.tick) and before is None:
            log.info("gateway %s changes its answers every %.1f s", self.name, tick.period)

    def _pace(self, *, probe: bool) -> Pace:
        """Without a known tick never twice the same interval: one that divides a beat would never find it."""
        self._turn = (self._turn + GOLDEN) % 1.0
        return Pace(self._interval * (1 - JITTER + 2 * JITTER * self._turn), self.rhythm.tick, probe)

    async def _ask(self, batch: Sequence[Claim], *, probe: bool) -> GatewayError | Window | None:
        """What went wrong, or when something had changed."""
        task_ids = {claim.task_id for claim in batch}
        seen = await self._desk.ask(batch)
        for gateway, failure in seen.failures.items():
            self._fared[gateway] = failure or self._fared.get(gateway)
        if seen.failure:
            await self._store.release(task_ids, self._clock.now())
            return seen.failure
        now, pace = self._clock.now(), self._pace(probe=probe)
        if left := task_ids - seen.looks.keys() - {claim.task_id for claim in seen.same}:
            await self._store.release(left, due_at=now + self._interval)
        same = self._hold(seen.same, now, pace)
        if not seen.looks and not same:
            return None
        settled = await self._store.settle(seen.looks, now, pace, same)
        if settled.owed:
            self._owed()
        if settled.moved:
            self._moved()
        asked_at = (claim.asked_at for claim in batch if claim.task_id in settled.changed)
        since = max((moment for moment in asked_at if moment is not None), default=None)
        return None if since is None else Window(since, now)

    def _hold(self, same: Sequence[Claim], now: float, pace: Pace) -> Sequence[Claim]:
        """Keep those that can be asked for again before their lease is over; what is left is given back."""
        left: list[Claim] = []
        for claims in alike(same):
            due_at = next_look(claims[0], now, pace)
            if due_at + _ROUND > claims[0].lease_until or unchanged_for(claims[0], now) + _LEASE > QUIET_AFTER:
                left += claims
                continue
            for claim in claims:
                claim.asked_at = now
            self._held.hold(claims, due_at)
        return left

    async def _rest(self) -> None:
        """What is new may end it, but not at once, and not what a gateway asked for."""
        rests = self._desk.rests.values()
        await self._clock.sleep(min(rest.early for rest in rests) - self._clock.now())
        await self._bell.wait(min(rest.until for rest in rests))
