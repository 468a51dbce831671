"""The way of the poller's requests to one gateway: few at once, and few a second, whatever is watched."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_SAVED = 1.0  # seconds: what was not used in the last of them may go at once


class Lane:
    def __init__(self, at_once: int, per_second: float) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._rest = 1 / per_second
        self._next = 0.0  # when the next may go, on the event loop's clock

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        async with self._slots:
            now = asyncio.get_running_loop().time()
            wait = self._next - now
            self._next = max(self._next, now - _SAVED) + self._rest
            await asyncio.sleep(max(0.0, wait))
            yield
