"""When shards may IDENTIFY: in virtual time, with a real database."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import discord
import pytest

from bot import session_starts
from bot.errors import StorageError
from bot.session_starts import SessionStarts
from bot.storage.database import open_database
from bot.storage.key_values import KeyValueStore
from tests.clock import JumpingClock

Times = list[tuple[float, int]]
Identify = Callable[[SessionStarts, int], Coroutine[Any, Any, None]]


class Discord:
    """What GET /gateway/bot answers."""

    def __init__(self, *, concurrency: int = 1, remaining: int = 1_000) -> None:
        self.concurrency = concurrency
        self.remaining = remaining
        self.reset_after = 0
        self.failures: list[Exception] = []

    async def ask(self) -> tuple[int, str, Any]:
        if self.failures:
            raise self.failures.pop(0)
        limit = {"total": 1_000, "remaining": self.remaining, "reset_after": self.reset_after}
        return 1, "wss://", limit | {"max_concurrency": self.concurrency}


@pytest.fixture
def clock() -> JumpingClock:
    clock = JumpingClock()
    clock.stop()
    return clock


@pytest.fixture
async def stored(tmp_path: Path, new_database: Path) -> AsyncIterator[KeyValueStore]:
    shutil.copy(new_database, tmp_path)
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/bot.db") as engine:
        yield KeyValueStore(engine)


@pytest.fixture
def times() -> Times:
    return []


@pytest.fixture
def identify(clock: JumpingClock, times: Times) -> Identify:
    async def identify(starts: SessionStarts, shard_id: int) -> None:
        async with starts.turn(shard_id):
            await starts.identifies(shard_id)
            times.append((clock.now(), shard_id))

    return identify


async def test_shards_of_a_bucket_are_five_seconds_apart_and_buckets_are_independent(
    clock: JumpingClock, stored: KeyValueStore, identify: Identify, times: Times
) -> None:
    starts = SessionStarts(Discord(concurrency=2).ask, stored, clock, print)
    began = clock.now()
    async with asyncio.TaskGroup() as shards:
        for number in range(6):
            shards.create_task(identify(starts, number))
        await clock.advance(12, step=0.1)
    at = {shard: round(moment - began, 1) for moment, shard in times}
    assert at == {0: 0.0, 1: 0.0, 2: 5.1, 3: 5.1, 4: 10.2, 5: 10.2}


async def test_after_a_kill_the_next_process_waits_as_well(
    clock: JumpingClock, stored: KeyValueStore, identify: Identify, times: Times
) -> None:
    killed = SessionStarts(Discord().ask, stored, clock, print)
    await killed.identifies(0)  # and no more: its turn never ended
    began = clock.now()
    clock.jump(2)
    waiting = asyncio.create_task(identify(SessionStarts(Discord().ask, stored, clock, print), 0))
    await clock.advance(10, step=0.1)
    await waiting
    assert 5 <= times[0][0] - began <= 6.2


async def test_a_clock_that_was_set_back_costs_one_interval(
    clock: JumpingClock, stored: KeyValueStore, identify: Identify, times: Times
) -> None:
    await stored.set_value("identified", '{"0": 9999999999.0}')
    waiting = asyncio.create_task(identify(SessionStarts(Discord().ask, stored, clock, print), 0))
    began = clock.now()
    await clock.advance(10, step=0.1)
    await waiting
    assert times[0][0] - began <= 5.3


@pytest.mark.parametrize("value", ["", "no JSON", '{"x": "y"}'])
async def test_unreadable_times_cost_one_interval_and_no_crash(
    clock: JumpingClock, stored: KeyValueStore, identify: Identify, times: Times, value: str
) -> None:
    await stored.set_value("identified", value)
    waiting = asyncio.create_task(identify(SessionStarts(Discord().ask, stored, clock, print), 0))
    await clock.advance(10, step=0.5)
    await waiting
    assert len(times) == 1


async def test_a_database_that_fails_keeps_no_shard_from_connecting(
    clock: JumpingClock, stored: KeyValueStore, identify: Identify, times: Times, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_arguments: str) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(stored, "set_value", fails)
    monkeypatch.setattr(stored, "get_value", fails)
    starts = SessionStarts(Discord().ask, stored, clock, print)
    async with asyncio.TaskGroup() as shards:
        for number in range(2):
            shards.create_task(identify(starts, number))
        await clock.advance(15, step=0.1)
    assert times[1][0] - times[0][0] >= session_starts.INTERVAL


async def test_the_last_session_of_the_day_is_started_once(
    clock: JumpingClock, stored: KeyValueStore, identify: Identify, times: Times
) -> None:
    discord_ = Discord(concurrency=16, remaining=1)
    discord_.reset_after = 3_600_000
    starts = SessionStarts(discord_.ask, stored, clock, print)
    waiting = [asyncio.create_task(identify(starts, number)) for number in range(3)]
    await clock.advance(30, step=5)
    assert len(times) == 1
    discord_.remaining = 0
    await clock.advance(3_000, step=60)
    assert len(times) == 1
    discord_.remaining = 1_000
    await clock.advance(700, step=60)
    await asyncio.wait(waiting)
    assert len(times) == 3


async def test_discord_is_asked_until_it_answers(clock: JumpingClock, stored: KeyValueStore) -> None:
    discord_, failed = Discord(), list[BaseException]()
    broken = discord.DiscordException()
    broken.__cause__ = OSError(101, "Network is unreachable")
    discord_.failures = [broken, KeyError("shards"), TimeoutError()]
    asking = asyncio.create_task(SessionStarts(discord_.ask, stored, clock, failed.append).limits())
    await clock.advance(10, step=1)
    assert (await asking).shards == 1
    assert [type(each) for each in failed] == [OSError, KeyError, TimeoutError]
