"""SQLite: one file, for one process."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Dialect, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import await_only, greenlet_spawn

from bot.errors import StorageError
from bot.storage.engines.options import DURABLE, READ_ONLY
from bot.storage.files import make_private_folder
from bot.storage.journal import check_journal, keep_name
from bot.storage.lock import locked
from bot.storage.seat import OwnSeat

_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "foreign_keys=ON")


@asynccontextmanager
async def seated(url: URL, upgrade: Callable[[AsyncEngine], Awaitable[None]]) -> AsyncIterator[OwnSeat]:
    async with opened(url, upgrade) as engine:
        yield OwnSeat(engine)


@asynccontextmanager
async def opened(url: URL, upgrade: Callable[[AsyncEngine], Awaitable[None]]) -> AsyncIterator[AsyncEngine]:
    """Creates the file if there is none. Raises StorageError: in use, or unreadable."""
    path = Path(url.database or "")
    _make_folder(path.parent)
    with locked(path) as file:
        check_journal(file)
        engine = _engine(url)
        event.listen(engine.sync_engine, "connect", _set_up_connection)
        event.listen(engine.sync_engine, "begin", _begin_immediate)
        event.listen(engine.sync_engine, "invalidate", _roll_back)
        try:
            await upgrade(engine)
            await asyncio.to_thread(keep_name, file)
            yield engine
        finally:
            # Shielded: a cancelled close would leave a connection's thread behind.
            await asyncio.shield(engine.dispose())


def exists(url: URL) -> bool:
    file = Path(url.database or "")
    return file.is_file() and file.stat().st_size > 0


def read_only_engine(url: URL) -> AsyncEngine:
    file = quote(quote(url.database or ""))  # both SQLAlchemy and SQLite decode it
    return _engine(f"sqlite+aiosqlite:///file:{file}?mode=ro&uri=true")


def _engine(url: URL | str) -> AsyncEngine:
    engine = create_async_engine(url)
    event.listen(engine.sync_engine, "do_connect", _connect)
    return engine


def _connect(dialect: Dialect, _record: object, where: Sequence[Any], how: Mapping[str, Any]) -> Any:
    return await_only(_connected(dialect, where, how))


async def _connected(dialect: Dialect, where: Sequence[Any], how: Mapping[str, Any]) -> Any:
    """Also if it is cancelled meanwhile, and closed then: aiosqlite 0.22 would leave the file open."""
    connecting = asyncio.ensure_future(greenlet_spawn(dialect.connect, *where, **how))
    try:
        return await asyncio.shield(connecting)
    except asyncio.CancelledError:
        await asyncio.wait({connecting})
        if not connecting.exception():
            await greenlet_spawn(connecting.result().close)
        raise


def _make_folder(folder: Path) -> None:
    try:
        make_private_folder(folder)
    except OSError as error:
        raise StorageError(f"the folder {folder} cannot be made: {error.strerror}") from error


def _set_up_connection(connection: Any, _record: object) -> None:
    # The driver's own BEGIN comes too late and is deferred; see _begin_immediate.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    # A transaction that starts as a reader and then writes cannot wait for another writer.
    options = connection.get_execution_options()
    if options.get(DURABLE) or connection.info.get(DURABLE):
        connection.info[DURABLE] = options.get(DURABLE)
        connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get(DURABLE) else 'NORMAL'}")
    connection.exec_driver_sql(f"BEGIN {'DEFERRED' if options.get(READ_ONLY) else 'IMMEDIATE'}")


def _roll_back(connection: Any, *_: object) -> None:
    # The connection is closed because its asyncio.Task was cancelled. The traceback still refers to the statement's
    # cursor, and as long as it does, SQLite would keep the connection and its write lock. If the rollback fails, the
    # connection is closed anyway; an error raised here would replace the cancellation.
    with suppress(sqlite3.Error):
        connection.rollback()
