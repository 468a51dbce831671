"""An event loop that knows whether it is idle, so that a test can wait for that."""

import asyncio
import selectors
from asyncio import Future
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple
from weakref import WeakSet

import aiosqlite
from sqlalchemy import Dialect, Engine, Pool, event
from sqlalchemy.pool import ConnectionPoolEntry

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
            without_events = self._selector.polls_with_events == polls_with_events
            idle_polls = idle_polls + 1 if without_events and not self._is_waiting_for_threads() else 0
            if idle_polls == _IDLE_POLLS:
                return
        raise TimeoutError("the event loop does not become idle")

    def _is_waiting_for_threads(self) -> bool:
        return bool(self._in_threads or _in_use or _being_set_up)


# SQLite's statements run in threads that the loop knows nothing of.
_in_use: set[object] = set()  # connections to databases
_being_set_up: WeakSet[aiosqlite.Connection] = WeakSet()  # new connections, until they are used for the first time


@event.listens_for(Engine, "do_connect")
def _connect(dialect: Dialect, _record: object, where: list[Any], how: dict[str, Any]) -> Any:
    if dialect.name != "sqlite" or not dialect.is_async:
        return None  # SQLAlchemy opens it itself
    connecting = object()
    _in_use.add(connecting)
    try:
        connection: Any = dialect.connect(*where, **how)
    finally:
        _in_use.discard(connecting)
    _being_set_up.add(connection.driver_connection)
    return connection


@event.listens_for(Pool, "checkout")
def _begun(_connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
    _in_use.add(record)
    if isinstance(record.driver_connection, aiosqlite.Connection):
        _being_set_up.discard(record.driver_connection)


@event.listens_for(Pool, "checkin")
def _ended(_connection: object, record: object) -> None:
    _in_use.discard(record)


async def wait_until_idle() -> None:
    """Waits until the running loop is idle."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, IdleLoop)
    await loop.wait_until_idle()
