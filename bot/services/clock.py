"""Time as the workers see it: a parameter, so that tests need no patience."""

import asyncio
import logging
import time
from contextlib import suppress

_SLOW = 7_200.0  # seconds; an hour is what a clock that is set by hand may be wrong by
_SURE = 600.0  # seconds for which it must be slow by that until it is believed

log = logging.getLogger(__name__)


class Clock:
    """Unix seconds that go steadily: when the system's clock is set, only the next start sees it.

    Unless this one turns out to be hours slow, as on a machine that was asleep, or that learns the time after its
    start: then it catches up. It is never set back.
    """

    def __init__(self) -> None:
        self.set()

    def set(self) -> None:
        """By the system's clock."""
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        return time.monotonic() + self._offset

    async def keep_up(self) -> None:
        """Until cancelled."""
        while True:
            before = self._behind()
            await self.sleep(_SURE)
            if min(before, self._behind()) > _SLOW:
                log.warning("the clock was %.1f hours slow, and is set", self._behind() / 3_600)
                self.set()

    def _behind(self) -> float:
        """By how many seconds, if the system's clock is right."""
        return time.time() - time.monotonic() - self._offset

    async def wait(self, event: asyncio.Event, seconds: float | None) -> None:
        """Until the event is set, at most for some seconds; None: however long that takes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # `wait_for` may forget, on Python 3.11, that it was cancelled
                await event.wait()

    async def sleep(self, seconds: float) -> None:
        await self.wait(asyncio.Event(), seconds)


class Bell:
    """Wakes a worker before its time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, until: float | None) -> bool:
        """Until it rings, or a moment has come; whether it rang. A ring that nobody waited for counts."""
        await self._clock.wait(self._rung, None if until is None else max(0.0, until - self._clock.now()))
        rung = self._rung.is_set()
        self._rung.clear()
        return rung
