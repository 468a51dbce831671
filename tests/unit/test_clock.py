"""The clock that workers wait with."""

import asyncio

import pytest

from bot.services.clock import Clock


async def test_it_waits_for_an_event_or_so_long() -> None:
    clock, event = Clock(), asyncio.Event()
    await clock.wait(event, 0.01)
    assert not event.is_set()
    asyncio.get_running_loop().call_later(0.01, event.set)
    await clock.wait(event, 3_600)
    assert event.is_set()


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancellation_beside_an_event_is_not_swallowed(turns: int) -> None:
    """A worker that forgot it would wait for ever, and the program with it."""
    event = asyncio.Event()
    waiting = asyncio.create_task(Clock().wait(event, 3_600))
    await asyncio.sleep(0.01)
    event.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    cancelled = waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled() == cancelled
