"""The poller's rounds, step by step: a real gateway over HTTP, a real database, and a clock that is set forward."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.domain.watch import Watch
from bot.gateways.gateway import Gateway
from bot.services.polling.cycle_memory import CycleMemory
from bot.services.polling.source_poller import SourcePoller
from bot.services.polling.sources import OneGateway
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
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/bot.db") as engine:
        yield Stores.on(engine)


async def test_a_live_watch_has_its_card_at_once_though_posts_are_paused(stores: Stores, clock: JumpingClock) -> None:
    on_new_delivery: list[float] = []
    async with LocalGateway(clock=clock.now) as local, aiohttp.ClientSession() as session:
        local.add(RUNNING)
        source = OneGateway(Gateway("default", local.url, "", session), clock, poll_interval=INTERVAL)
        poller = SourcePoller(
            source,
            stores.polls,
            CycleMemory(stores.key_values, "default"),
            clock,
            poll_interval=INTERVAL,
            on_new_delivery=lambda: on_new_delivery.append(clock.now()),
            on_moved=lambda: None,
        )
        for number in range(12):  # at other moments of the time between two looks: for some it is soon over
            new_watch = Watch(task_id=RUNNING.id, user_id=1, channel_id=number, live=True, created_at=clock.now())
            await stores.watches.add([new_watch], most=99, gateways={RUNNING.id: "default"})
            await poller.poll_due()
            assert len(on_new_delivery) == number + 1
            for _ in range(12):
                clock.jump(1)
                await poller.poll_due()
            clock.jump(number / 2)
