"""Work on long texts, beside the event loop: one text at a time, and one of each person in the queue."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bot.gateways.fair_queue import asking_for

_SHORT = 4_000  # characters, which take less than some milliseconds

T = TypeVar("T")


class TextWorker:
    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reading")
        self._turns: defaultdict[int | None, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting = 0

    async def of(self, text: str, work: Callable[[str], T]) -> T:
        """What `work`, which takes time in proportion to the text, makes of it."""
        return await self.apart(lambda: work(text), len(text))

    async def apart(self, work: Callable[[], T], length: int) -> T:
        """The same of whatever has so many characters."""
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
