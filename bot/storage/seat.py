"""A process's place at the database: a SQLite file is its own as long as it runs; PostgreSQL serves one at a time."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.leadership import LeadershipState


async def _nothing() -> None:
    pass


def _unchecked() -> None:
    pass


class Database(Struct, frozen=True, kw_only=True):
    """Open, and nobody else's. `now`: Unix seconds, by a clock that all share who may open it.

    `check` raises LeadershipLost once somebody else may lead. `copied_at`: it is a copy as of then (Unix seconds),
    which may lack the last moments of another server; `settle` notes that this was allowed for.
    """

    engine: AsyncEngine
    now: Callable[[], float] = time.time
    check: Callable[[], None] = _unchecked
    copied_at: float | None = None
    settle: Callable[[], Awaitable[None]] = _nothing


class Seat(Protocol):
    """One process's place at the database. `shared`: others may take it over."""

    shared: bool

    @property
    def state(self) -> LeadershipState: ...

    def term(self, *, wait: bool) -> AbstractAsyncContextManager[Database]:
        """Raises DatabaseInUse unless it is to `wait`; LeadershipLost when it ends before the context does."""
        ...


class OwnSeat:
    """At a database that nobody else may open."""

    shared = False
    state = LeadershipState(leads=True)

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def term(self, *, wait: bool) -> AsyncIterator[Database]:
        del wait
        yield Database(engine=self._engine)
