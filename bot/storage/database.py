"""Opens the database: one SQLite file, one process, upgraded to the newest revision."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, event, inspect, make_url, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import StorageError
from bot.storage.files import make_private_folder
from bot.storage.journal import check_journal, keep_name
from bot.storage.lock import locked
from bot.storage.remedies import with_remedy
from bot.storage.revision import OfAnotherProgram, usable_revision
from bot.storage.schema import REVISION, metadata

_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "foreign_keys=ON")

# Execution options: the transaction only reads, and so needs no lock; a commit returns when it is on the disk.
READ_ONLY, DURABLE = "read_only", "durable"

log = logging.getLogger(__name__)


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[AsyncEngine]:
    """`url`: sqlite+aiosqlite:///path. Raises StorageError: in use, unreadable, or newer than this program."""
    path = Path(make_url(url).database or "")
    _make_folder(path.parent)
    with locked(path) as file:
        check_journal(file)
        engine = create_async_engine(url)
        event.listen(engine.sync_engine, "connect", _set_up_connection)
        event.listen(engine.sync_engine, "begin", _begin_immediate)
        event.listen(engine.sync_engine, "invalidate", _roll_back)
        try:
            await migrate(engine)
            await asyncio.to_thread(keep_name, file)
            yield engine
        finally:
            # Shielded: a cancelled close would leave a connection's thread behind.
            await asyncio.shield(engine.dispose())


@asynccontextmanager
async def open_read_only(url: str) -> AsyncIterator[AsyncEngine]:
    """For use while a bot may be running. The database must exist, with this program's revision."""
    file = quote(quote(make_url(url).database or ""))  # both SQLAlchemy and SQLite decode it
    engine = create_async_engine(f"sqlite+aiosqlite:///file:{file}?mode=ro&uri=true")
    try:
        yield engine
    finally:
        await asyncio.shield(engine.dispose())


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


async def migrate(engine: AsyncEngine) -> None:
    """Applies missing migrations. Raises StorageError if the database is newer than this program, or
    another program's.
    """
    try:
        async with engine.connect() as connection:
            found = await connection.run_sync(_revision)
        if found == REVISION:
            return
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade)
        log.info("database upgraded from revision %s to %s", found or "nothing", REVISION)
    except DatabaseError as error:
        raise StorageError(f"the database cannot be used: {with_remedy(error.orig)}") from error


def _revision(connection: Connection) -> str | None:
    """None: a new database. Raises StorageError unless it can be upgraded."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise OfAnotherProgram
    found = list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
    revision = usable_revision(found)
    if revision == REVISION and (lacking := metadata.tables.keys() - tables):
        raise StorageError(f"the database is damaged: it lacks {', '.join(sorted(lacking))}. Restore a backup")
    return revision


def _upgrade(connection: Connection) -> None:
    from bot.storage.migrations import upgrade

    upgrade(connection)
