"""An event loop that knows whether anything is going on, so that a test can wait until nothing is."""

import asyncio
import selectors
from asyncio import Future
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar, TypeVarTuple

from sqlalchemy import Pool, event

_MOMENT = 0.005  # seconds
_AT_MOST = 4_000  # moments

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class _Ears(selectors.DefaultSelector):
    heard = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(timeout)
        self.heard += bool(events)
        return events


class IdleLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._ears = _Ears()
        self._in_threads = 0
        super().__init__(self._ears)

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> Future[T]:
        def gone(_: object) -> None:
            self._in_threads -= 1

        working = super().run_in_executor(executor, func, *args)
        self._in_threads += 1
        working.add_done_callback(gone)
        return working

    async def wait_until_idle(self) -> None:
        """Until, for two moments, nothing came over the wire, and no thread and no transaction was at work.

        Raises TimeoutError when something never rests.
        """
        moments = 0
        for _ in range(_AT_MOST):
            heard = self._ears.heard
            await asyncio.sleep(_MOMENT)
            quiet = self._ears.heard == heard and not self._in_threads and not _in_use
            moments = moments + 1 if quiet else 0
            if moments == 2:
                return
        raise TimeoutError("something never rests")


_in_use: set[object] = set()  # connections to databases


@event.listens_for(Pool, "checkout")
def _begun(_connection: object, record: object, _proxy: object) -> None:
    _in_use.add(record)


@event.listens_for(Pool, "checkin")
def _ended(_connection: object, record: object) -> None:
    _in_use.discard(record)


async def wait_until_idle() -> None:
    """Until nothing goes on any more."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, IdleLoop)
    await loop.wait_until_idle()
