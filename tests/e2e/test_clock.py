"""The bot's clock is steady when the system's clock is changed; but it does not stay days slow."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from tests.clock import JumpingClock
from tests.conftest import Env
from tests.sample_tasks import LATER

HOUR, DAY = 3_600.0, 86_400.0  # seconds

SetSystem = Callable[[float], None]


@pytest.fixture
def set_system(monkeypatch: pytest.MonkeyPatch) -> SetSystem:
    """Sets the system's clock fast by this many seconds."""
    right = time.time

    def set_fast(seconds: float) -> None:
        monkeypatch.setattr("time.time", lambda: right() + seconds)

    return set_fast


@pytest.fixture
async def clock() -> AsyncIterator[JumpingClock]:
    """One that keeps up with the system's."""
    clock = JumpingClock()
    keeping_up = asyncio.create_task(clock.keep_up())
    yield clock
    keeping_up.cancel()
    await asyncio.wait({keeping_up})


async def fast(clock: JumpingClock, seconds: float) -> float:
    """By how many seconds the clock gains while this many pass."""
    before = clock.now()
    await clock.advance(seconds, step=300)
    return round(clock.now() - before - seconds, -1)


async def test_the_clock_of_a_machine_that_was_asleep_catches_up(clock: JumpingClock, set_system: SetSystem) -> None:
    set_system(8 * HOUR)
    assert await fast(clock, 60) == 0
    assert await fast(clock, HOUR) == 8 * HOUR
    assert await fast(clock, HOUR) == 0


@pytest.mark.parametrize("hours", [1, -1, -8])
async def test_a_clock_that_is_set_by_hand_is_not_followed(
    clock: JumpingClock, set_system: SetSystem, hours: float
) -> None:
    set_system(hours * HOUR)
    assert await fast(clock, 2 * HOUR) == 0


async def test_a_clock_that_is_wrong_for_a_moment_is_not_believed(clock: JumpingClock, set_system: SetSystem) -> None:
    for seconds in (DAY, 0.0, DAY, 0.0):
        set_system(seconds)
        assert await fast(clock, 300) == 0
    assert await fast(clock, HOUR) == 0


@pytest.mark.usefixtures("impatient")
async def test_a_machine_without_a_battery_clock_gets_the_time_before_login(env: Env, set_system: SetSystem) -> None:
    env.gateway.add(LATER)
    set_system(-30 * DAY)
    board = replace(env, clock=JumpingClock())
    env.discord.faults.fail("/users/@me", 503, times=2)

    async def learn_the_time() -> None:
        await env.discord.hub.until(lambda: env.discord.requests)
        set_system(0)

    learning = asyncio.create_task(learn_the_time())
    async with board.bot():
        await learning
        await board.watch(LATER.id)
        await board.clock.advance(20, step=5)
    async with env.bot():
        await env.clock.advance(60, step=5)
        assert env.posted() == [], "it was begun a moment ago, not a month"
        await env.clock.advance(800, step=20)
        (post,) = await env.posts()
    assert len(post["attachments"]) == 1
