"""asyncio tasks are ended, also those that swallow their cancellation."""

import asyncio
from contextlib import suppress

import pytest

from bot.shutdown import cancel_and_wait, complete, insist


async def forgets(times: int) -> None:
    """That it was cancelled, so often."""
    for _ in range(times):
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
    await asyncio.Event().wait()


async def test_it_is_told_again_until_it_ends() -> None:
    forgetful, other = (asyncio.create_task(forgets(times)) for times in (1, 0))
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await cancel_and_wait({forgetful, other})
    assert forgetful.cancelled()
    assert other.cancelled()


async def test_no_more_often_than_was_said() -> None:
    stubborn = asyncio.create_task(forgets(2))
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await cancel_and_wait({stubborn}, tries=1)
    assert not stubborn.done()
    assert stubborn.cancelling() == 1
    await cancel_and_wait({stubborn})


async def test_finished_tasks_are_not_cancelled() -> None:
    done = asyncio.create_task(asyncio.sleep(0, "result"))
    await done
    await cancel_and_wait({done})
    assert done.result() == "result"


async def test_a_task_that_ignored_its_cancellation_is_cancelled_again() -> None:
    """A worker of a group, which cancels it once; what was not cancelled is left alone."""

    async def program() -> None:
        async with asyncio.TaskGroup() as workers:
            workers.create_task(forgets(1))
            await asyncio.Event().wait()

    saving, running = asyncio.create_task(asyncio.sleep(30)), asyncio.create_task(program())
    await asyncio.sleep(0.01)
    async with asyncio.timeout(20):
        await insist(running)
    assert running.cancelled()
    assert not saving.cancelling()
    saving.cancel()


async def test_what_must_not_end_half_way_is_completed_before_a_cancellation_takes_effect() -> None:
    saved: list[str] = []

    async def save() -> None:
        await asyncio.sleep(0.01)
        saved.append("all")

    saving = asyncio.create_task(complete(save()))
    await asyncio.sleep(0)
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    assert saved == ["all"]
    assert await complete(asyncio.sleep(0, "result")) == "result"
