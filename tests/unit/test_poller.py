"""The poller's rounds, step by step: a real gateway over HTTP, a real database, and a clock that is set forward."""

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.polling import Claim
from bot.domain.watch import Watch
from bot.gateways.gateway import Gateway
from bot.services.polling.cycle_memory import CycleMemory
from bot.services.polling.repeats import LEASE
from bot.services.polling.source_poller import SourcePoller
from bot.services.polling.sources import OneGateway, PollOutcome
from bot.storage.database import open_database
from bot.storage.stores import Stores
from sandbox.local_gateway.fake_task import FakeTask
from sandbox.local_gateway.server import LocalGateway
from tests.clock import JumpingClock

INTERVAL = 5.0  # seconds
RUNNING = FakeTask("task-1", states=((0.0, "running"),))


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/bot.db") as engine:
        yield engine


@pytest.fixture
def stores(engine: AsyncEngine) -> Stores:
    return Stores.on(engine)


def a_poller(
    stores: Stores,
    clock: JumpingClock,
    local: LocalGateway,
    session: aiohttp.ClientSession,
    on_new_delivery: Callable[[], None] = lambda: None,
    source: type[OneGateway] = OneGateway,
) -> SourcePoller:
    return SourcePoller(
        source(Gateway("default", local.url, "", session), clock, poll_interval=INTERVAL),
        stores.polls,
        CycleMemory(stores.key_values, "default"),
        clock,
        poll_interval=INTERVAL,
        on_new_delivery=on_new_delivery,
        on_moved=lambda: None,
    )


def a_watch(task_id: str, clock: JumpingClock) -> Watch:
    return Watch(task_id=task_id, user_id=1, channel_id=2, created_at=clock.now())


async def poll_for(poller: SourcePoller, clock: JumpingClock, seconds: float) -> None:
    until = clock.now() + seconds
    while clock.now() < until:
        await poller.poll_due()
        clock.jump(1.0)


async def test_repeated_answers_are_recorded_together_whenever_their_tasks_have_changed(
    engine: AsyncEngine, stores: Stores, clock: JumpingClock
) -> None:
    """Once in a lease, and in one statement: each is a request to a server of PostgreSQL."""
    clock.stop()
    ids = [f"task-{number}" for number in range(20)]
    async with LocalGateway(clock=clock.now) as local, aiohttp.ClientSession() as session:
        poller = a_poller(stores, clock, local, session)
        for each in ids:
            local.add(FakeTask(each, states=((0.0, "running"),)))
            await stores.watches.add([a_watch(each, clock)], most=99, gateways={each: "default"})
            await poll_for(poller, clock, 1.0)
        await poll_for(
            poller, clock, LEASE
        )  # from then on the leases of those that are asked for together end together
        asked = len(local.requests)
        written: list[str] = []
        event.listen(engine.sync_engine, "before_cursor_execute", lambda *run: written.append(run[2]))
        await poll_for(poller, clock, LEASE)
        assert len(local.requests) - asked >= LEASE / (2 * INTERVAL)
    recorded = [each for each in written if each.startswith("UPDATE tasks SET asked_at")]
    assert 0 < len(recorded) <= 2 * INTERVAL, "once for those that are asked for together"
    claimed = [each for each in written if each.startswith("UPDATE tasks SET due_at")]
    assert len(claimed) == LEASE, "once a round, which here is each second"
    left = await stores.polls.claim("default", clock.now() + LEASE, lease=1.0, limit=99)
    assert len(left) == len(ids)
    assert all(each.asked_at and clock.now() - each.asked_at < LEASE for each in left), "an outage would be seen"


async def test_a_task_that_is_watched_during_a_round_is_asked_for_in_that_round(
    stores: Stores, clock: JumpingClock
) -> None:
    clock.stop()
    new = FakeTask("task-2", states=((0.0, "running"),))

    class Interrupted(OneGateway):
        async def ask(self, claims: Sequence[Claim]) -> PollOutcome:
            if claims[0].task_id == RUNNING.id:
                await stores.watches.add([a_watch(new.id, clock)], most=99, gateways={new.id: "default"})
                poller.wake()
            return await super().ask(claims)

    async with LocalGateway(clock=clock.now) as local, aiohttp.ClientSession() as session:
        local.add(RUNNING, new)
        poller = a_poller(stores, clock, local, session, source=Interrupted)
        await stores.watches.add([a_watch(RUNNING.id, clock)], most=99, gateways={RUNNING.id: "default"})
        await poller.poll_due()
        asked = [
            each
            for request in local.requests
            for each in (RUNNING.id, new.id)
            if each in f"{request.path}{request.body!r}"
        ]
        assert asked == [RUNNING.id, new.id]


async def test_what_nobody_watches_any_more_is_not_asked_for_when_its_lease_has_ended(
    stores: Stores, clock: JumpingClock
) -> None:
    clock.stop()
    async with LocalGateway(clock=clock.now) as local, aiohttp.ClientSession() as session:
        local.add(RUNNING)
        poller = a_poller(stores, clock, local, session)
        watch = a_watch(RUNNING.id, clock)
        await stores.watches.add([watch], most=99, gateways={RUNNING.id: "default"})
        await poll_for(poller, clock, LEASE)
        await stores.watches.leave(watch.user_id)
        await poll_for(poller, clock, LEASE)
        asked = len(local.requests)
        await poll_for(poller, clock, 2 * LEASE)
        assert len(local.requests) == asked > 0


async def test_a_live_watch_has_its_card_at_once_though_posts_are_paused(stores: Stores, clock: JumpingClock) -> None:
    on_new_delivery: list[float] = []
    async with LocalGateway(clock=clock.now) as local, aiohttp.ClientSession() as session:
        local.add(RUNNING)
        poller = a_poller(stores, clock, local, session, lambda: on_new_delivery.append(clock.now()))
        for number in range(12):  # at other moments of the time between two looks: for some it is soon over
            new_watch = Watch(task_id=RUNNING.id, user_id=1, channel_id=number, live=True, created_at=clock.now())
            await stores.watches.add([new_watch], most=99, gateways={RUNNING.id: "default"})
            await poller.poll_due()
            assert len(on_new_delivery) == number + 1
            for _ in range(12):
                clock.jump(1)
                await poller.poll_due()
            clock.jump(number / 2)
