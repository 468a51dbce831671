"""Clocks that can be set forward, and wake sleepers whose time has passed."""

import asyncio

from bot.services.clock import Clock
from tests.idle import wait_until_idle


class JumpingClock(Clock):
    def __init__(self) -> None:
        super().__init__()
        self._jumped = 0.0
        self._jump = asyncio.Event()
        self._stopped: float | None = None

    def now(self) -> float:
        return (super().now() if self._stopped is None else self._stopped) + self._jumped

    def stop(self) -> None:
        """From now on time passes only by jumps."""
        self._stopped = super().now()
        self._jump.set()
        self._jump = asyncio.Event()

    def jump(self, seconds: float) -> None:
        self._jumped += seconds
        self._jump.set()
        self._jump = asyncio.Event()

    async def wait(self, event: asyncio.Event, seconds: float | None) -> None:
        until = None if seconds is None else self.now() + seconds
        while not event.is_set() and (until is None or self.now() < until):
            waiters = [asyncio.ensure_future(each.wait()) for each in (event, self._jump)]
            left = None if until is None or self._stopped is not None else until - self.now()
            try:
                await asyncio.wait(waiters, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for waiter in waiters:
                    waiter.cancel()
                await asyncio.gather(*waiters, return_exceptions=True)

    async def advance(self, seconds: float, step: float = 60.0) -> None:
        """In steps; each waits until the loop is idle before the next."""
        await wait_until_idle()
        while seconds > 0:
            self.jump(min(step, seconds))
            seconds -= step
            await wait_until_idle()


class WrongClock(JumpingClock):
    """Follows another clock, but is this many seconds fast."""

    def __init__(self, right: JumpingClock, seconds: float) -> None:
        super().__init__()
        self._right = right
        self._seconds = seconds

    def now(self) -> float:
        return self._right.now() + self._seconds

    async def wait(self, event: asyncio.Event, seconds: float | None) -> None:
        await self._right.wait(event, seconds)
