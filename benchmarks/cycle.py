"""The cost of one round of polls over all watched tasks: `python -m benchmarks.cycle`.

The bot's own poller, beside the least that any client must do, and beside what most bots do.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import aiosqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.steady_gateway import steady_gateway, task_id
from bot.domain.watch import Watch
from bot.gateways.gateway import Gateway
from bot.services.clock import Clock
from bot.services.polling.cycle_memory import CycleMemory
from bot.services.polling.source_poller import SourcePoller
from bot.services.polling.sources import OneGateway, PollSource
from bot.storage.database import open_database
from bot.storage.key_values import KeyValueStore
from bot.storage.polls import PollStore
from bot.storage.watches import WatchStore

_TASKS = 10_000
_LEASE_ROUNDS = 8  # of 15 s
_ROUNDS = 2 * _LEASE_ROUNDS  # two leases: in each the database is asked once, and the gateway every time
_BATCH, _AT_ONCE = 500, 4
_SOME = 1_000  # tasks, for the slow methods
_INTERVAL = 5.0

Round = Callable[[], Awaitable[None]]


class SkippingClock(Clock):
    """Stands still during a round and skips ahead after it, so that each round polls each task once.

    If it went on, the first tasks of a long round would be due again before its end: a busy machine would poll others.
    """

    def __init__(self) -> None:
        super().__init__()
        self._now = super().now()

    def now(self) -> float:
        return self._now

    def skip(self, seconds: float) -> None:
        self._now += seconds


async def main(tasks: int = _TASKS) -> dict[str, float]:
    """Mean microseconds a task."""
    ids = [task_id(number) for number in range(tasks)]
    async with (
        steady_gateway() as quiet,
        steady_gateway("--cycle", "0.001", "--changing", "1") as restless,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        _ours(quiet, session, ids) as ours,
        _ours(restless, session, ids) as ours_changing,
        _theirs(quiet, session) as theirs,
    ):
        rounds: dict[str, tuple[Round, int]] = {
            "floor": (lambda: _floor(quiet, session, ids), tasks),
            "this bot, nothing changed": (ours, tasks),
            "this bot, everything changed": (ours_changing, tasks),
            "a GET per task, 16 at once": (lambda: theirs(ids[:_SOME], 16), _SOME),
            "a GET per task, one after the other": (lambda: theirs(ids[:_SOME], 1), _SOME),
        }
        return await _measure(rounds)


async def sizes(counts: Sequence[int]) -> dict[str, float]:
    """Microseconds of processor time a task, by the number of tasks, for rounds in which one task of 100 changes.

    In turns, as below. Of two leases, each round counts where it was cheaper: other programs on the machine take
    caches away, and never give any.
    """
    taken: dict[int, list[float]] = {count: [] for count in counts}
    async with (
        steady_gateway("--changing", "0.01") as gateway,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        AsyncExitStack() as stack,
    ):
        polls = {
            count: await stack.enter_async_context(
                _ours(gateway, session, [task_id(number) for number in range(count)])
            )
            for count in counts
        }
        for turn in range(_ROUNDS + 1):
            for count, look in polls.items():
                used = time.process_time()
                await look()
                if turn:  # the first warms up
                    taken[count].append((time.process_time() - used) / count * 1e6)
    return {
        str(count): statistics.fmean(map(min, costs[:_LEASE_ROUNDS], costs[_LEASE_ROUNDS:]))
        for count, costs in taken.items()
    }


async def _measure(rounds: dict[str, tuple[Round, int]]) -> dict[str, float]:
    """Takes turns, so that a slow minute affects all methods."""
    taken: dict[str, list[float]] = {name: [] for name in rounds}
    for turn in range(_ROUNDS + 1):
        for name, (round_, tasks) in rounds.items():
            started = time.perf_counter()
            await round_()
            if turn:  # the first warms up
                taken[name].append((time.perf_counter() - started) / tasks * 1e6)
    return {name: statistics.fmean(times) for name, times in taken.items()}


async def _floor(url: str, session: aiohttp.ClientSession, ids: Sequence[str]) -> None:
    """The same requests as ours; the answers are only read."""
    slots = asyncio.Semaphore(_AT_ONCE - 1)

    async def ask(batch: Sequence[str]) -> None:
        async with slots, session.post(f"{url}/suno/fetch", json={"ids": batch}) as response:
            await response.read()

    await asyncio.gather(*(ask(ids[start : start + _BATCH]) for start in range(0, len(ids), _BATCH)))


@asynccontextmanager
async def _ours(url: str, session: aiohttp.ClientSession, ids: Sequence[str]) -> AsyncIterator[Round]:
    clock = SkippingClock()
    with tempfile.TemporaryDirectory() as folder:
        async with open_database(f"sqlite+aiosqlite:///{Path(folder) / 'bot.db'}") as engine:
            await watch_all(WatchStore(engine), ids, clock.now())
            gateway = Gateway("default", url, "", session, requests_at_once=_AT_ONCE, requests_per_second=10_000)
            source = OneGateway(gateway, clock, poll_interval=_INTERVAL)
            yield rounds_at(source, engine, clock)


def rounds_at(source: PollSource, engine: AsyncEngine, clock: SkippingClock) -> Round:
    """By the bot's own poller, 15 s apart."""
    poller = SourcePoller(
        source,
        PollStore(engine),
        CycleMemory(KeyValueStore(engine), source.name),
        clock,
        poll_interval=_INTERVAL,
        on_new_delivery=_nothing,
        on_moved=_nothing,
    )

    async def poll_all() -> None:
        clock.skip(3 * _INTERVAL)
        if failure := await poller.poll_due():
            raise failure

    return poll_all


async def watch_all(store: WatchStore, ids: Sequence[str], now: float) -> None:
    """Adds watches of twenty people, each in one channel."""
    for start in range(0, len(ids), _BATCH):
        await watch_some(store, ids[start : start + _BATCH], now, start, 1)


async def watch_some(store: WatchStore, ids: Sequence[str], now: float, channel_id: int, guild_id: int) -> None:
    """Adds watches in one channel, for one person."""
    requests = [
        Watch(task_id=each, user_id=channel_id, channel_id=channel_id, guild_id=guild_id, created_at=now)
        for each in ids
    ]
    await store.add(requests, most=len(ids), gateways=dict.fromkeys(ids, "default"))


def _nothing() -> None:
    pass


@asynccontextmanager
async def _theirs(
    url: str, session: aiohttp.ClientSession
) -> AsyncIterator[Callable[[Sequence[str], int], Awaitable[None]]]:
    """One request a task, decoded in full, and its row written by itself: what most bots do."""
    with tempfile.TemporaryDirectory() as folder:
        async with aiosqlite.connect(Path(folder) / "theirs.db") as database:
            await database.execute("PRAGMA journal_mode=WAL")
            await database.execute("PRAGMA synchronous=NORMAL")
            await database.execute("CREATE TABLE tasks (id TEXT PRIMARY KEY, status TEXT, progress TEXT, asked REAL)")

            async def poll_all(ids: Sequence[str], at_once: int) -> None:
                slots = asyncio.Semaphore(at_once)

                async def ask(identity: str) -> None:
                    async with slots, session.get(f"{url}/suno/fetch/{identity}") as response:
                        task = json.loads(await response.text())["data"]
                        row = (task["task_id"], task["status"], task["progress"], time.time())
                        await database.execute("INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?)", row)

                await asyncio.gather(*map(ask, ids))
                await database.commit()

            yield poll_all


if __name__ == "__main__":
    for name, microseconds in asyncio.run(main()).items():
        sys.stdout.write(f"{microseconds:8.1f} us a task   {name}\n")
