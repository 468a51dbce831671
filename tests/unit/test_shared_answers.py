"""Answers that several people share."""

import asyncio

import pytest

from bot.services.shared_answers import SharedAnswers


class Slow:
    """A gateway that answers when the test says so. `asked`: how often; `now`: the clock."""

    def __init__(self) -> None:
        self.asked = 0
        self.now = 100.0
        self.reply = asyncio.Event()
        self.answers = SharedAnswers[str, int](lambda: self.now, max_age=5.0, max_items=2)

    async def get(self, key: str = "task-1") -> int:
        return await self.answers.get(key, self._ask)

    async def _ask(self) -> int:
        self.asked += 1
        number = self.asked
        await self.reply.wait()
        return number


@pytest.fixture
def slow() -> Slow:
    return Slow()


async def test_who_asks_while_a_slow_answer_is_on_its_way_waits_for_it(slow: Slow) -> None:
    first = asyncio.create_task(slow.get())
    await asyncio.sleep(0)
    slow.now += 60
    second = asyncio.create_task(slow.get())
    await asyncio.sleep(0)
    slow.reply.set()
    assert await first == await second == 1
    assert slow.asked == 1


async def test_an_old_answer_is_asked_for_again(slow: Slow) -> None:
    slow.reply.set()
    assert await slow.get() == 1
    slow.now += 4.9
    assert await slow.get() == 1
    slow.now += 0.1
    assert await slow.get() == 2


async def test_one_who_goes_away_leaves_the_answer_to_the_others(slow: Slow) -> None:
    gone, stays = asyncio.create_task(slow.get()), asyncio.create_task(slow.get())
    await asyncio.sleep(0)
    gone.cancel()
    slow.reply.set()
    assert await stays == 1


async def test_of_many_answers_the_newest_are_kept(slow: Slow) -> None:
    slow.reply.set()
    for key in ("a", "b", "c", "b", "c", "a"):
        await slow.get(key)
    assert slow.asked == 4


async def test_the_end_takes_what_is_on_its_way_along(slow: Slow) -> None:
    waiting = asyncio.create_task(slow.get())
    await asyncio.sleep(0)
    await slow.answers.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
