"""The background loop: asks gateways for what is due, together, and has what they said learned and owed."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec

from bot.domain.beats import Tick
from bot.domain.pacing import SPACING, Pacing
from bot.domain.rhythm import Rhythm
from bot.domain.sight import Pace, next_look, unchanged_for
from bot.domain.watch import QUIET_AFTER
from bot.domain.windows import Window
from bot.errors import GatewayError, StorageError
from bot.services.clock import Bell, Clock
from bot.services.desks import Desk
from bot.services.held import Held
from bot.services.outages import Outages
from bot.storage.looks import Claim, LookStore, Settled, alike
from bot.storage.notes import NoteStore

_LEASE = 120.0  # seconds for which a task is ours
_ROUND = 30.0  # seconds; longer than one request takes to have its turn and its answer
_BEAT_KEPT_EVERY = 60.0  # seconds, while it is learned more exactly
_BEAT = "beat "  # the note of what is known of a gateway's beat, before its name
_STORAGE_REST = 10.0  # seconds until a database that failed is tried again

Tell = Callable[[str, GatewayError], Coroutine[Any, Any, None]]  # a gateway's name, and what is wrong

log = logging.getLogger(__name__)


class Poller:
    """`interval`: seconds between two looks at a task; `owed` is called when there is something to bring."""

    def __init__(
        self,
        desks: Sequence[Desk],
        store: LookStore,
        notes: NoteStore,
        clock: Clock,
        *,
        interval: float,
        owed: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._rounds = [
            Rounds(desk, store, notes, clock, interval=interval, owed=owed, moved=self.wake) for desk in desks
        ]

    @property
    def ticks(self) -> dict[str, Tick | None]:
        """What is known of each gateway's, by its name."""
        return {each.name: each.tick for each in self._rounds if each.name}

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
        notes: NoteStore,
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
        self._notes = notes
        self._clock = clock
        self._interval = interval
        self._owed = owed
        self._moved = moved
        self._bell = Bell(clock)
        self._fared: dict[str, GatewayError | None] = {}  # each gateway that was asked in the last round
        self._pacing = Pacing(interval)
        self._held = Held()
        self._kept = Rhythm()  # the beat as the database has it,
        self._kept_at = 0.0  # and since when
        for rest in desk.rests.values():
            rest.when_back = self.wake

    @property
    def tick(self) -> Tick | None:
        return self._pacing.rhythm.tick

    def wake(self) -> None:
        self._bell.ring()

    async def run(self, outages: Outages) -> None:
        """Until cancelled."""
        await self._recall_beat()
        while True:
            try:
                failure = await self.look()
                for gateway, fared in self._fared.items():
                    outages.heard(gateway, fared)
                if failure:
                    await self._rest()
                    continue
                await self._keep_beat()
                await self._clock.sleep(self._interval * SPACING)
                self.due_at = await self._next_due()
                await self._bell.wait(self.due_at)
            except StorageError as error:
                log.error("the database failed, the next look is in %.0f s: %s", _STORAGE_REST, error)
                await self._clock.sleep(_STORAGE_REST)

    async def look(self) -> GatewayError | None:
        """At all that is due. After a failure nothing more is asked for: the rest is asked for with it, later.

        While a gateway has its rest, at one task, and only if that is answered at more.
        """
        started, soon = self._clock.now(), self._pacing.soon(self._clock.now())
        tasks = 0
        windows: list[Window] = []
        self._fared = {}
        while due := await self._due(soon, self._most()):
            results = await self._ask_together(due, probe=not tasks)
            self._leave_alone_what_failed()
            if failure := next((result for result in results if isinstance(result, GatewayError)), None):
                return failure
            windows += [window for result in results if isinstance(result, list) for window in result]
            tasks += len(due)
        self._answered()
        self._pacing.took(self._clock.now() - started, tasks)
        self._learn(windows)
        return None

    def _most(self) -> int:
        """How many tasks to ask for in one go."""
        resting = all(not rest.over for rest in self._desk.rests.values())
        return 1 if resting else self._desk.size * self._desk.at_once

    async def _ask_together(self, due: Sequence[Claim], *, probe: bool) -> Sequence[GatewayError | list[Window] | None]:
        size = self._desk.size
        batches = [due[start : start + size] for start in range(0, len(due), size)]
        return await asyncio.gather(*(self._ask(batch, probe=probe and batch is batches[0]) for batch in batches))

    def _leave_alone_what_failed(self) -> None:
        for gateway, failure in self._fared.items():
            rest = self._desk.rests[gateway]
            if failure and rest.over:
                rest.failed(failure)
            elif failure:
                rest.not_yet()

    def _answered(self) -> None:
        for gateway, failed in self._fared.items():
            rest = self._desk.rests[gateway]
            if failed:
                continue
            if rest.was_gone:
                self._pacing.interrupted(self._clock.now())
            rest.answered()

    async def _due(self, soon: float, most: int) -> list[Claim]:
        fresh = await self._store.claim(self.name, soon, lease=_LEASE, limit=most)
        held = self._held.take(soon, most - len(fresh))
        if fresh and held:  # what is to be looked at anew, as for a new watch, is no longer what is held
            anew = {claim.task_id for claim in fresh}
            held = [claim for claim in held if claim.task_id not in anew]
        return fresh + held

    async def _next_due(self) -> float | None:
        moments = await self._store.next_due(self.name), self._held.next_due()
        return min((moment for moment in moments if moment is not None), default=None)

    def _learn(self, windows: Sequence[Window]) -> None:
        before = self.tick
        self._pacing.heard(windows)
        if (tick := self.tick) and before is None:
            log.info("gateway %s changes its answers every %.1f s", self.name, tick.period)

    async def _recall_beat(self) -> None:
        """What the last run has learned. It is learned anew where that cannot be read."""
        try:
            if note := await self._notes.note(f"{_BEAT}{self.name}"):
                self._kept = msgspec.json.decode(note, type=Rhythm)
                self._pacing.rhythm = self._kept.resumed(self._clock.now())
        except (StorageError, msgspec.DecodeError) as error:
            log.warning("the beat of gateway %s is learned anew: %s", self.name, error)

    async def _keep_beat(self) -> None:
        """When it is found or lost, and now and then when it is known better."""
        rhythm, now = self._pacing.rhythm.lasting, self._clock.now()
        news = (rhythm.tick is None) != (self._kept.tick is None)
        if rhythm != self._kept and (news or now - self._kept_at >= _BEAT_KEPT_EVERY):
            self._kept, self._kept_at = rhythm, now
            await self._notes.keep_note(f"{_BEAT}{self.name}", msgspec.json.encode(rhythm).decode())

    async def _ask(self, batch: Sequence[Claim], *, probe: bool) -> GatewayError | list[Window] | None:
        """What went wrong, or when something had changed."""
        task_ids = {claim.task_id for claim in batch}
        seen = await self._desk.ask(batch)
        for gateway, failure in seen.failures.items():
            self._fared[gateway] = failure or self._fared.get(gateway)
        if seen.failure:
            await self._store.release(task_ids, self._clock.now())
            return seen.failure
        now = self._clock.now()
        alive = len(batch) + len(self._held)
        pace = self._pacing.pace(now, together=len(batch), alive=alive, probe=probe)
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
        return _windows(batch, settled, now)

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
        """What is new may end it, but not at once, and not what a gateway asked for. So does an answer to anybody."""
        rests = self._desk.rests.values()
        rung = False
        while not any(rest.over or rest.may_try or (rung and rest.may_end) for rest in rests):
            moments = [min(rest.until, rest.try_at, rest.early if rung else rest.until) for rest in rests]
            rung |= await self._bell.wait(min(moments))
        if rung:
            for rest in rests:
                rest.end_early()


def _windows(batch: Sequence[Claim], settled: Settled, now: float) -> list[Window]:
    """In which something had changed that was known before."""
    changed = [claim for claim in batch if claim.task_id in settled.changed]
    return [
        Window(claim.asked_at, now, settled.changed[claim.task_id]) for claim in changed if claim.asked_at is not None
    ]
