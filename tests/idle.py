"""An event loop that knows whether it is idle, so that a test can wait for that."""

import asyncio
import selectors
from asyncio import Future
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar, TypeVarTuple

from sqlalchemy import Pool, event

_POLL = 0.001  # seconds
_IDLE_POLLS = 3  # in a row
_MAX_POLLS = 20_000

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class _CountingSelector(selectors.DefaultSelector):
    polls_with_events = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(timeout)
        self.polls_with_events += bool(events)
        return events


class IdleLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._selector = _CountingSelector()
        self._in_threads = 0
        super().__init__(self._selector)

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> Future[T]:
        def gone(_: object) -> None:
            self._in_threads -= 1

        working = super().run_in_executor(executor, func, *args)
        self._in_threads += 1
        working.add_done_callback(gone)
        return working

    async def wait_until_idle(self) -> None:
        """Waits until some polls in a row saw no socket events, no busy threads and no open transactions.

        Raises TimeoutError when the loop does not become idle.
        """
        idle_polls = 0
        for _ in range(_MAX_POLLS):
            polls_with_events = self._selector.polls_with_events
            await asyncio.sleep(_POLL)
            quiet = self._selector.polls_with_events == polls_with_events and not self._in_threads and not _in_use
            idle_polls = idle_polls + 1 if quiet else 0
            if idle_polls == _IDLE_POLLS:
                return
        raise TimeoutError("the event loop does not become idle")


_in_use: set[object] = set()  # connections to databases


@event.listens_for(Pool, "checkout")
def _begun(_connection: object, record: object, _proxy: object) -> None:
    _in_use.add(record)


@event.listens_for(Pool, "checkin")
def _ended(_connection: object, record: object) -> None:
    _in_use.discard(record)


async def wait_until_idle() -> None:
    """Waits until the running loop is idle."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, IdleLoop)
    await loop.wait_until_idle()
