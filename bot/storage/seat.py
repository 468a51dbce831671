"""Opens the database for a bot: a SQLite file is its own for as long as it runs; one of PostgreSQL while it leads."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.database import open_database
from bot.storage.leadership import Standing


async def _nothing() -> None:
    pass


def _unchecked() -> None:
    pass


class Database(Struct, frozen=True, kw_only=True):
    """Open, and nobody else's. `now`: Unix seconds, by a clock that all share who may open it.

    `check` raises LeadershipLost once somebody else may lead. `failed_over`: it may lack what was written last;
    `settle` notes that this was allowed for.
    """

    engine: AsyncEngine
    now: Callable[[], float] = time.time
    check: Callable[[], None] = _unchecked
    failed_over: bool = False
    settle: Callable[[], Awaitable[None]] = _nothing


class Seat(Protocol):
    """One process's place at the database. `shared`: others may take it over."""

    shared: bool

    @property
    def standing(self) -> Standing: ...

    def term(self, *, wait: bool) -> AbstractAsyncContextManager[Database]:
        """Raises DatabaseInUse unless it is to `wait`; LeadershipLost when it ends before the context does."""
        ...


class _OwnSeat:
    shared = False
    standing = Standing(leads=True)

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def term(self, *, wait: bool) -> AsyncIterator[Database]:
        del wait
        yield Database(engine=self._engine)


@asynccontextmanager
async def open_seat(url: str) -> AsyncIterator[Seat]:
    """Raises StorageError for a file that cannot be used."""
    async with open_database(url) as engine:
        yield _OwnSeat(engine)
