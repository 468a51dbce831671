"""Two processes write to one PostgreSQL database at the same time, in the same epoch; counts what they spoil:
`python -m sandbox.crashtest_collisions`.

The lease lets only one process write. This shows that, beside that, transactions come one after the other: claims,
limits, the same wish twice, a new watch beside a poll, orders beyond an allowance.
"""

import argparse
import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sqlalchemy import func, make_url, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.allowance import Limits
from bot.domain.order import Order
from bot.domain.polling import PollResult
from bot.domain.snapshot import PollSchedule
from bot.domain.song_request import RequestKind, SongRequest
from bot.domain.task import Clip, Status, Task, TaskKind
from bot.domain.watch import Watch
from bot.services.polling.record_poll import record_poll
from bot.storage.database import open_database
from bot.storage.engines.postgresql import opened
from bot.storage.leadership import Term, steady
from bot.storage.lease import Taken
from bot.storage.orders import OrderStore
from bot.storage.outbox import Outbox
from bot.storage.polls import PollStore
from bot.storage.schema import is_open, orders, tasks, watches
from bot.storage.watches import WatchStore
from sandbox.postgresql import running_server

_ROOT = Path(__file__).parents[1]
_TASKS = 600
_PEOPLE = 40
_LIMIT = 5  # watches, and orders, of a person
_AT_ONCE = 10
_LEASE = 600.0  # seconds
_HOUR = 3_600.0  # seconds, the longest term
_SONGS = 100  # the channel of the first watches; the second process has another one

Stage = Callable[[AsyncEngine, int], Awaitable[list[Any]]]


def _watch(number: int, user_id: int, channel_id: int, subject: str) -> Watch:
    return Watch(
        task_id=f"{subject}-{number}", user_id=user_id, channel_id=channel_id, guild_id=1, created_at=time.time()
    )


async def _add(engine: AsyncEngine, watch: Watch, most: int = 10_000) -> None:
    await WatchStore(engine).add([watch], most=most, gateways={watch.task_id: "default"})


async def _claim_tasks(engine: AsyncEngine, _process: int) -> list[Any]:
    claimed: list[str] = []
    while found := await PollStore(engine).claim("default", time.time(), lease=_LEASE, limit=_AT_ONCE):
        claimed += [each.task_id for each in found]
    return claimed


async def _finish(engine: AsyncEngine, *task_ids: str) -> None:
    """A poll finds that they are done."""
    results = {each: PollResult("default", _done(each)) for each in task_ids}
    await record_poll(PollStore(engine), results, time.time(), PollSchedule(5.0))


def _done(task_id: str) -> Task:
    clip = Clip(id=f"clip-{task_id}", status=Status.DONE, audio_url="https://songs.example/a.mp3")
    return Task(id=task_id, kind=TaskKind.MUSIC, status=Status.DONE, clips=(clip,))


async def _claim_deliveries(engine: AsyncEngine, _process: int) -> list[Any]:
    claimed: list[str] = []
    while found := await Outbox(engine).claim(time.time(), lease=_LEASE, limit=_AT_ONCE):
        claimed += [each.delivery.id for each in found]
    return claimed


async def _reach_limits(engine: AsyncEngine, process: int) -> list[Any]:
    for person in range(_PEOPLE):
        for number in range(_LIMIT):
            await _add(engine, _watch(number, person, _SONGS + process, f"limit{person}{process}"), most=_LIMIT)
    return []


async def _wish_the_same(engine: AsyncEngine, process: int) -> list[Any]:
    for number in range(_TASKS // 4):
        await _add(engine, _watch(number, 1_000 + process, _SONGS, "same"))
    return []


async def _watch_beside_polls(engine: AsyncEngine, process: int) -> list[Any]:
    for number in range(_TASKS // 4):
        if process:
            await _add(engine, _watch(number, 2_001, _SONGS + 1, "beside"))
        else:
            await _finish(engine, f"beside-{number}")
    return []


async def _place_orders(engine: AsyncEngine, process: int) -> list[Any]:
    store = OrderStore(engine)
    for person in range(_PEOPLE):
        for number in range(_LIMIT):
            order = Order(
                id=f"order-{person}-{process}-{number}",
                user_id=person,
                guild_id=1,
                channel_id=_SONGS,
                gateway="default",
                request=SongRequest(kind=RequestKind.DESCRIBE, description="a song", model="chirp-hawk"),
                created_at=time.time(),
            )
            await store.draft(order)
            await store.place(order, Limits(person=_LIMIT), time.time())
    return []


_STAGES: dict[str, Stage] = {
    "claims": _claim_tasks,
    "deliveries": _claim_deliveries,
    "limits": _reach_limits,
    "wishes": _wish_the_same,
    "polls": _watch_beside_polls,
    "orders": _place_orders,
}


async def _one_process(stage: str, process: int, url: str, epoch: int, holder: str) -> None:
    """Begins when it is told to, and says what it has claimed."""
    term = Term(Taken(epoch=epoch, holder=holder, timeline="", now=time.time()), steady(), _HOUR)
    async with opened(make_url(url), term) as engine:
        async with engine.connect():
            pass  # both are connected when they begin
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        sys.stdout.write(json.dumps(await _STAGES[stage](engine, process)) + "\n")


class Collisions:
    def __init__(self, engine: AsyncEngine, url: str) -> None:
        self._engine = engine
        self._url = url
        self._failures = 0  # of processes

    async def run(self) -> dict[str, int]:
        """How often something was spoiled, by kind."""
        for number in range(_TASKS):
            await _add(self._engine, _watch(number, 10_000 + number, 10_000 + number, "task"))
        tasks_claimed = await self._both("claims")
        await _finish(self._engine, *(f"task-{number}" for number in range(_TASKS)))
        sent = await self._both("deliveries")
        await self._both("limits")
        await self._both("wishes")
        for number in range(_TASKS // 4):
            await _add(self._engine, _watch(number, 2_000, _SONGS, "beside"))
        await self._both("polls")
        await self._both("orders")
        return {
            "tasks claimed twice": _twice(tasks_claimed),
            "tasks never claimed": _TASKS - len(set(tasks_claimed)),
            "deliveries claimed twice": _twice(sent),
            "deliveries never claimed": _TASKS - len(set(sent)),
            "people beyond their limit": await self._beyond(watches.c.user_id, watches.c.user_id < _PEOPLE),
            "wishes watched twice": await self._beyond(watches.c.task_id, watches.c.task_id.startswith("same"), most=1),
            "watches never looked at again": await self._forgotten(),
            "people with too many orders": await self._orders_beyond(),
            "processes ended by an error": self._failures,
        }

    async def _both(self, stage: str) -> list[str]:
        """What both processes have claimed."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(text("SELECT epoch, holder FROM suno_watch_leader"))).one()
        processes = [await self._start(stage, number, row.epoch, row.holder) for number in (0, 1)]
        for each in processes:
            if each.stdin:
                each.stdin.write(b"go\n")
        found = [(await each.communicate())[0] for each in processes]
        self._failures += sum(each.returncode != 0 for each in processes)
        return [claimed for each in found for claimed in json.loads(each or "[]")]

    async def _start(self, stage: str, number: int, epoch: int, holder: str) -> Process:
        command = [sys.executable, "-m", "sandbox.crashtest_collisions", "--process", stage, str(number)]
        process = await asyncio.create_subprocess_exec(
            *command, self._url, str(epoch), holder, cwd=_ROOT, stdin=PIPE, stdout=PIPE
        )
        if process.stdout is None or await process.stdout.readline() != b"ready\n":
            raise RuntimeError("a process did not start")
        return process

    async def _beyond(self, column: Any, which: Any, most: int = _LIMIT) -> int:
        counts = select(column).where(is_open, which).group_by(column).having(func.count() > most)
        return await self._count(counts)

    async def _forgotten(self) -> int:
        lost = select(watches.c.id).join(tasks, tasks.c.task_id == watches.c.task_id)
        return await self._count(lost.where(is_open, tasks.c.due_at.is_(None)))

    async def _orders_beyond(self) -> int:
        placed = select(orders.c.user_id).where(orders.c.state == "placed").group_by(orders.c.user_id)
        return await self._count(placed.having(func.count() > _LIMIT))

    async def _count(self, statement: Any) -> int:
        async with self._engine.connect() as connection:
            return len((await connection.execute(statement)).all())


def _twice(claimed: list[str]) -> int:
    return sum(count > 1 for count in Counter(claimed).values())


async def _collide(url: str) -> dict[str, int]:
    async with open_database(url) as engine:
        return await Collisions(engine, url).run()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--process", nargs=5, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.process:
        stage, number, url, epoch, holder = chosen.process
        asyncio.run(_one_process(stage, int(number), url, int(epoch), holder))
        return 0
    with running_server() as server:
        counts = asyncio.run(_collide(server.url.replace("postgresql:", "postgresql+psycopg:", 1)))
    sys.stdout.write("".join(f"{count} {what}\n" for what, count in counts.items()))
    return 1 if any(counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
