"""The background loop: asks gateways for what is due, together, and has what they said learned and owed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from bot.domain.rhythm import Rhythm, Tick, Window
from bot.domain.task import Answer
from bot.errors import GatewayBusy, GatewayError, GatewayMisplaced, GatewayRefused, StorageError
from bot.gateways.gateway import BATCH_SIZES, Gateway
from bot.services.clock import Bell, Clock
from bot.storage.watches import Look, Pace, WatchStore

_LEASE = 120.0  # seconds; longer than any round takes
_BATCH = BATCH_SIZES[-1]
_GOLDEN = 0.618  # a turn by which no two of many fall on each other
_GATHERING = 0.25  # of the interval: what is due that soon is asked for now, together with the rest
_LONGEST_REST = 300.0  # seconds for which a gateway that does not answer is left alone
_STORAGE_REST = 10.0  # seconds until a database that failed is tried again

Tell = Callable[[str, GatewayError], Awaitable[None]]  # a gateway's name, and what is wrong

log = logging.getLogger(__name__)


class Desk(Protocol):
    """Somewhere to ask. `name` is what tasks that are asked for there carry; `at_once`: how many batches."""

    name: str
    at_once: int

    async def ask(self, task_ids: Sequence[str]) -> dict[str, Look]:
        """Ids that could not be asked for are left out. Raises GatewayError when nothing could be."""
        ...


class OneGateway:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.name = gateway.name
        self.at_once = gateway.at_once

    async def ask(self, task_ids: Sequence[str]) -> dict[str, Look]:
        return _looks(self.name, await self._gateway.fetch_many(task_ids))


class EveryGateway:
    """For tasks of which it is not known where they are: unknown is only what no gateway knows."""

    name = ""
    at_once = 1

    def __init__(self, gateways: Sequence[Gateway]) -> None:
        self._gateways = gateways

    async def ask(self, task_ids: Sequence[str]) -> dict[str, Look]:
        asked = (gateway.fetch_many(task_ids) for gateway in self._gateways)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        looks = {task_id: Look("", None) for task_id in task_ids}
        for gateway, answer in zip(self._gateways, answers, strict=True):
            if isinstance(answer, Answer):
                looks |= {task_id: look for task_id, look in _looks(gateway.name, answer).items() if look.task}
        failures = [answer for answer in answers if isinstance(answer, BaseException)]
        if not failures:
            return looks
        if found := {task_id: look for task_id, look in looks.items() if look.task}:
            return found
        raise failures[0]


def desks(gateways: Sequence[Gateway]) -> list[Desk]:
    """One for each, and one for what may be at any of them."""
    every: list[Desk] = [OneGateway(gateway) for gateway in gateways]
    return every + ([EveryGateway(gateways)] if len(gateways) > 1 else [])


def _looks(gateway: str, answer: Answer) -> dict[str, Look]:
    found = {task_id: Look(gateway, task) for task_id, task in answer.tasks.items()}
    return found | {task_id: Look(gateway, None) for task_id in answer.missing}


class _Round:
    """One desk's part of the poller, and how it fares."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self.desk = desk
        self.bell = Bell(clock)
        self.failures = 0  # in a row
        self.told = False  # the operator knows
        self.rhythm = Rhythm()
        self._turn = 0.0

    def pace(self, interval: float, *, probe: bool) -> Pace:
        """Without a known tick never twice the same interval: one that divides a beat would never find it."""
        self._turn = (self._turn + _GOLDEN) % 1.0
        return Pace(interval * (0.8 + 0.4 * self._turn), self.rhythm.tick, probe)


class Poller:
    """`interval`: seconds between two looks at a task; `owed` is called when there is something to bring."""

    def __init__(
        self, desks: Sequence[Desk], store: WatchStore, clock: Clock, *, interval: float, owed: Callable[[], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._interval = interval
        self._owed = owed
        self._rounds = [_Round(desk, clock) for desk in desks]

    @property
    def ticks(self) -> dict[str, Tick | None]:
        """What is known of each gateway's, by its name."""
        return {each.desk.name: each.rhythm.tick for each in self._rounds if each.desk.name}

    def wake(self) -> None:
        """There is something new to look at."""
        for each in self._rounds:
            each.bell.ring()

    async def run(self, tell: Tell) -> None:
        """Until cancelled. A gateway that is slow or gone holds up no other.

        `tell` is awaited once when a gateway cannot be used as it is set up, and again only after it answered since.
        """
        async with asyncio.TaskGroup() as workers:
            for each in self._rounds:
                workers.create_task(self._serve(each, tell), name=f"poller {each.desk.name}")

    async def _serve(self, round_: _Round, tell: Tell) -> None:
        while True:
            try:
                if failure := await self._ask_for_all(round_):
                    await self._rest(round_, failure, tell)
                    continue
                if round_.failures:
                    log.info("gateway %s answers again", round_.desk.name)
                round_.failures, round_.told = 0, False
                await round_.bell.wait(await self._store.next_due(round_.desk.name))
            except StorageError as error:
                log.error("the database failed, the next look is in %.0f s: %s", _STORAGE_REST, error)
                await self._clock.sleep(_STORAGE_REST)

    async def _ask_for_all(self, round_: _Round) -> GatewayError | None:
        """What is due. After a failure nothing more is asked for: the rest is asked for with it, later."""
        first, desk = True, round_.desk
        windows: list[Window] = []
        while due := await self._store.claim(desk.name, self._soon(round_), lease=_LEASE, limit=_BATCH * desk.at_once):
            batches = [due[start : start + _BATCH] for start in range(0, len(due), _BATCH)]
            asked = (self._ask(round_, batch, probe=first and batch is batches[0]) for batch in batches)
            results = await asyncio.gather(*asked)
            if failure := next((result for result in results if isinstance(result, GatewayError)), None):
                return failure
            windows += [result for result in results if isinstance(result, Window)]
            first = False
        if windows:
            # One beat, whoever saw it first: the shortest window knows best.
            best = min(windows, key=lambda window: window.until - window.since)
            self._learn(round_, best)
        return None

    def _soon(self, round_: _Round) -> float:
        """What is due that soon is asked for together; with a tick nothing is asked for before it."""
        return self._clock.now() + (0.0 if round_.rhythm.tick else self._interval * _GATHERING)

    def _learn(self, round_: _Round, window: Window) -> None:
        before, round_.rhythm = round_.rhythm.tick, round_.rhythm.heard(window)
        if (tick := round_.rhythm.tick) and before is None:
            log.info("gateway %s changes its answers every %.1f s", round_.desk.name, tick.period)

    async def _ask(self, round_: _Round, batch: Sequence[str], *, probe: bool) -> GatewayError | Window | None:
        """What went wrong, or when something had changed."""
        desk = round_.desk
        try:
            looks = await desk.ask(batch)
        except GatewayError as failure:
            await self._store.release(batch)
            return failure
        now = self._clock.now()
        if left := [task_id for task_id in batch if task_id not in looks]:
            await self._store.release(left, due_at=now + self._interval)
        settled = await self._store.settle(looks, now, round_.pace(self._interval, probe=probe))
        if settled.owed:
            self._owed()
        if any(look.gateway != desk.name for look in looks.values()):
            self.wake()  # found: from now on it is due at another desk
        return None if settled.unchanged_at is None else Window(settled.unchanged_at, now)

    async def _rest(self, round_: _Round, failure: GatewayError, tell: Tell) -> None:
        """Ever longer, and never shorter than the gateway asked for."""
        round_.failures += 1
        level = logging.WARNING if round_.failures == 1 else logging.DEBUG
        log.log(level, "gateway %s is left alone: %s: %s", round_.desk.name, type(failure).__name__, failure)
        if isinstance(failure, GatewayRefused | GatewayMisplaced) and not round_.told:
            round_.told = True
            await tell(round_.desk.name, failure)
        asked_for = failure.retry_after if isinstance(failure, GatewayBusy) and failure.retry_after else 0.0
        rest = min(self._interval * 2.0 ** min(round_.failures - 1, 10), _LONGEST_REST)
        await self._clock.sleep(max(asked_for, rest))
