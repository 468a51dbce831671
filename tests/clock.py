"""Clocks that can be set forward, and wake whoever sleeps for long enough."""

import asyncio
import time

from bot.services.clock import Clock


class JumpingClock(Clock):
    def __init__(self) -> None:
        super().__init__()
        self._jumped = 0.0
        self._jump = asyncio.Event()

    def now(self) -> float:
        return super().now() + self._jumped

    def jump(self, seconds: float) -> None:
        self._jumped += seconds
        self._jump.set()
        self._jump = asyncio.Event()

    async def wait(self, event: asyncio.Event, seconds: float | None) -> None:
        until = None if seconds is None else self.now() + seconds
        while not event.is_set() and (until is None or self.now() < until):
            waiters = [asyncio.ensure_future(each.wait()) for each in (event, self._jump)]
            left = None if until is None else until - self.now()
            try:
                await asyncio.wait(waiters, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for waiter in waiters:
                    waiter.cancel()
                await asyncio.gather(*waiters, return_exceptions=True)

    async def pass_(self, seconds: float, step: float = 60.0) -> None:
        """Step by step, with time in between for what happens."""
        while seconds > 0:
            self.jump(min(step, seconds))
            seconds -= step
            await _calm()


async def _calm() -> None:
    """Four moments in which the machine had time for us: on one that is busy, what happens takes longer."""
    moments = 0
    for _ in range(100):
        before = time.monotonic()
        await asyncio.sleep(0.005)
        moments += time.monotonic() - before < 0.008
        if moments == 4:
            return


class WrongClock(JumpingClock):
    """It goes with another one, but is so many seconds fast."""

    def __init__(self, right: JumpingClock, seconds: float) -> None:
        super().__init__()
        self._right = right
        self._seconds = seconds

    def now(self) -> float:
        return self._right.now() + self._seconds

    async def wait(self, event: asyncio.Event, seconds: float | None) -> None:
        await self._right.wait(event, seconds)
