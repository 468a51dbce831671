"""Requests to one gateway, shared by the bot's own and people's: in turns, and none beyond what is allowed."""

import asyncio
import contextvars
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from bot.gateways.fair_queue import FairQueue, asking_for
from bot.gateways.gateway import Gateway
from sandbox.local_gateway.fake_task import FakeTask
from sandbox.local_gateway.server import LocalGateway

ADA, BEN, EVE = 1, 2, 3
BOT = None


class Line:
    """Requests that take a second of the event loop's clock, which is set forward as soon as nothing else goes on."""

    def __init__(self, queue: FairQueue) -> None:
        self._queue = queue
        self.began: list[tuple[float, int | None]] = []
        self.going: Counter[int | None] = Counter()
        self.most: Counter[int | None] = Counter()
        self.most_at_once = 0

    def ask(self, who: int | None, count: int = 1, *, urgent: bool = False, name: int | None = None) -> None:
        for _ in range(count):
            begin(who, self._request(who if name is None else name, urgent=urgent))

    async def _request(self, name: int | None, *, urgent: bool) -> None:
        async with self._queue.turn(urgent=urgent):
            self.began.append((asyncio.get_running_loop().time(), name))
            self.going[name] += 1
            self.most |= self.going
            self.most_at_once = max(self.most_at_once, self.going.total())
            await asyncio.sleep(1)
            self.going[name] -= 1


def begin(who: int | None, doing: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    context = contextvars.copy_context()
    context.run(asking_for.set, who)
    return asyncio.get_running_loop().create_task(doing, context=context)


@asynccontextmanager
async def virtual_time(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[], Coroutine[Any, Any, None]]]:
    """Gives a way to let all that was begun end: waiting takes no time."""
    loop = asyncio.get_running_loop()
    real, ahead = loop.time, 0.0
    monkeypatch.setattr(loop, "time", lambda: real() + ahead)

    async def until_all_is_over() -> None:
        nonlocal ahead
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            ahead += 0.05
            await asyncio.wait(tasks, timeout=0)

    yield until_all_is_over


async def ask_all(monkeypatch: pytest.MonkeyPatch, queue: FairQueue, **asks: Callable[[Line], None]) -> Line:
    async with virtual_time(monkeypatch) as over:
        line = Line(queue)
        for ask in asks.values():
            ask(line)
            await asyncio.sleep(0)
        await over()
    return line


async def test_one_persons_many_requests_do_not_delay_others(monkeypatch: pytest.MonkeyPatch) -> None:
    line = await ask_all(
        monkeypatch,
        FairQueue(4, 1_000),
        many=lambda line: line.ask(ADA, 300),
        few=lambda line: line.ask(BEN, 2),
        bots=lambda line: line.ask(BOT, 20),
    )
    order = [who for _, who in line.began]
    assert max(index for index, who in enumerate(order) if who == BEN) < 10
    assert max(index for index, who in enumerate(order) if who is BOT) < 50, "every other one is the bot's"
    assert line.most_at_once == 4
    assert line.most[ADA] == 2, "half, however little there is beside it"


async def test_one_slot_is_reserved_for_people_and_one_for_the_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    line = await ask_all(
        monkeypatch, FairQueue(4, 1_000), bots=lambda line: line.ask(BOT, 50), person=lambda line: line.ask(ADA)
    )
    assert line.most[BOT] == 3
    assert [who for _, who in line.began].index(ADA) == 3, "at once, with the bot's own on their way"
    line = await ask_all(
        monkeypatch,
        FairQueue(4, 1_000),
        ada=lambda line: line.ask(ADA, 50),
        ben=lambda line: line.ask(BEN, 50),
        eve=lambda line: line.ask(EVE, 50),
        bot=lambda line: line.ask(BOT),
    )
    assert [who for _, who in line.began].index(BOT) == 3


async def test_no_more_a_second_than_allowed_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    line = await ask_all(
        monkeypatch, FairQueue(64, 5), people=lambda line: line.ask(ADA, 30), bots=lambda line: line.ask(BOT, 30)
    )
    moments = [moment for moment, _ in line.began]
    assert len(moments) == 60
    # Over five seconds, in which a slow machine's hiccups count for little.
    assert all(later - earlier > 4.5 for earlier, later in zip(moments[6:], moments[31:], strict=False))
    assert [who for _, who in line.began[10:40]].count(BOT) == 15


async def test_a_persons_lookup_goes_before_their_own_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    line = await ask_all(
        monkeypatch,
        FairQueue(2, 1_000),
        many=lambda line: line.ask(ADA, 30),
        urgent=lambda line: line.ask(ADA, urgent=True, name=EVE),
    )
    assert [who for _, who in line.began].index(EVE) == 1


@pytest.mark.parametrize("at_once", [1, 2, 3])
async def test_a_cancelled_request_frees_its_place(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    async with virtual_time(monkeypatch) as over:
        queue = FairQueue(at_once, 1_000)
        line = Line(queue)
        gone = [begin(who, line._request(who, urgent=False)) for who in (ADA, BEN, BOT) for _ in range(9)]
        await asyncio.sleep(0)
        for task in gone[::2]:
            task.cancel()
        await asyncio.sleep(0)
        for task in gone[1::4]:
            task.cancel()
        await over()
        line.ask(ADA, 5)
        line.ask(BOT, 5)
        await over()
    assert [who for _, who in line.began[-10:]].count(ADA) == 5


async def test_a_long_list_at_a_gateway_without_batches_delays_no_poll() -> None:
    """Over real HTTP: 400 ids that Ada asks for, one by one, and then three of the bot's."""
    async with LocalGateway(batch=False) as server, aiohttp.ClientSession() as session:
        server.add(*(FakeTask(f"task-{number}", states=((0.0, "running"),)) for number in range(403)))
        gateway = Gateway("default", server.url, "", session, requests_per_second=10_000)
        await gateway.fetch_many(["task-0"])
        lists = begin(ADA, _fetch(gateway, range(400)))
        await gateway.fetch("task-402")
        before = len(server.requests)
        await asyncio.wait({begin(BOT, _fetch(gateway, range(400, 403)))})
        assert len(server.requests) - before < 20
        assert not lists.done()
        await lists


async def _fetch(gateway: Gateway, numbers: range) -> None:
    wanted = [f"task-{number}" for number in numbers]
    assert (await gateway.fetch_many(wanted)).tasks.keys() == set(wanted)
