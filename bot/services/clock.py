"""Time as the workers see it: a parameter, so that tests need no patience."""

import asyncio
import time
from contextlib import suppress


class Clock:
    """Unix seconds that never jump: when the system's clock is set, only the next start sees it."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        return time.monotonic() + self._offset

    async def wait(self, event: asyncio.Event, seconds: float | None) -> None:
        """Until the event is set, at most for some seconds; None: however long that takes."""
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)

    async def sleep(self, seconds: float) -> None:
        await self.wait(asyncio.Event(), seconds)


class Bell:
    """Wakes a worker before its time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, until: float | None) -> None:
        """Until it rings, or a moment has come. A ring that nobody waited for counts."""
        await self._clock.wait(self._rung, None if until is None else max(0.0, until - self._clock.now()))
        self._rung.clear()
