"""The workers' clock: a parameter, so that tests can control time."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

_SLOW = 7_200.0  # seconds; a clock that is set by hand may be wrong by an hour
_SLOW_FOR = 600.0  # seconds for which it must be that slow before it is set

log = logging.getLogger(__name__)


def _system() -> float:
    """Looked up at each call, so that a test can set the system's clock."""
    return time.time()


class Clock:
    """Unix seconds that advance steadily: changes of the system's clock take effect only at the next start.

    The exception is a clock that is hours slow, as after the machine slept, or got the time late after booting: it
    catches up. It is never set back.

    `source`: the system's clock, or one that several machines share.
    """

    def __init__(self, source: Callable[[], float] = _system) -> None:
        self._source = source
        self.set()

    def set(self) -> None:
        """To the source's time."""
        self._offset = self._source() - time.monotonic()

    def now(self) -> float:
        return time.monotonic() + self._offset

    async def keep_up(self) -> None:
        """Until cancelled."""
        while True:
            before = self._behind()
            await self.sleep(_SLOW_FOR)
            if min(before, self._behind()) > _SLOW:
                log.warning("the clock was %.1f hours slow, and is set", self._behind() / 3_600)
                self.set()

    def _behind(self) -> float:
        """Seconds by which this clock is slow, if the source is right."""
        return self._source() - time.monotonic() - self._offset

    async def wait(self, event: asyncio.Event, seconds: float | None) -> None:
        """Until the event is set, for at most so many seconds; None: without a limit."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # `wait_for` may forget, on Python 3.11, that it was cancelled
                await event.wait()

    async def sleep(self, seconds: float) -> None:
        await self.wait(asyncio.Event(), seconds)


class Wakeup:
    """Wakes a worker early."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sent = asyncio.Event()

    def send(self) -> None:
        self._sent.set()

    async def wait(self, until: float | None) -> bool:
        """Waits for a wake-up or until a moment; True if there was a wake-up. One from before the wait counts."""
        await self._clock.wait(self._sent, None if until is None else max(0.0, until - self._clock.now()))
        sent = self._sent.is_set()
        self._sent.clear()
        return sent
