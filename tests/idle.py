"""An event loop that knows whether it is idle, so that a test can wait for that."""

import asyncio
import selectors
from asyncio import Future
from collections.abc import Callable
from concurrent.futures import Executor
from queue import SimpleQueue
from typing import Any, TypeVar, TypeVarTuple
from unittest.mock import patch

import aiosqlite
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
        working = super().run_in_executor(executor, func, *args)
        self.count(working)
        return working

    def count(self, working: Future[Any]) -> None:
        """A thread is at work until this is done."""

        def gone(_: object) -> None:
            self._in_threads -= 1

        self._in_threads += 1
        working.add_done_callback(gone)

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


class _CountingQueue(SimpleQueue[tuple[Future[Any] | None, Callable[[], Any]]]):
    """What aiosqlite gives a connection's thread to do: the loop counts it, also while a connection is opened."""

    def put_nowait(self, item: tuple[Future[Any] | None, Callable[[], Any]]) -> None:
        future, _ = item
        if future and isinstance(loop := future.get_loop(), IdleLoop):
            loop.count(future)
        super().put_nowait(item)


patch.object(aiosqlite.core, "SimpleQueue", _CountingQueue).start()

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
