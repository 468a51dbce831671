"""Work on long texts in a thread of its own: one text at a time, and one per person in the queue."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bot.gateways.fair_queue import asking_for

_SHORT = 4_000  # characters that take at most a few milliseconds

T = TypeVar("T")


class TextWorker:
    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reading")
        self._turns: defaultdict[int | None, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting = 0

    async def of(self, text: str, work: Callable[[str], T]) -> T:
        """The result of `work`, which must take time proportional to the text."""
        return await self.run(lambda: work(text), len(text))

    async def run(self, work: Callable[[], T], length: int) -> T:
        """The same for work on anything of that many characters."""
        if length <= _SHORT:
            return work()
        who = asking_for.get()
        self._waiting += 1
        try:
            async with self._turns[who]:
                return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._turns.clear()
