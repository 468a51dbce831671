"""Opens the database, a SQLite file or one of a PostgreSQL server, and upgrades it to the newest revision."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from sqlalchemy import URL, Connection, delete, insert, inspect, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import StorageError
from bot.storage.engines import sqlite
from bot.storage.engines.options import READ_ONLY, UNHURRIED
from bot.storage.key_values import value_of
from bot.storage.lease import LEASE_TABLE
from bot.storage.remedies import encoding_fault, errors_in_words
from bot.storage.revision import USABLE_FROM, OfAnotherProgram, usable_revision
from bot.storage.schema import REVISION, key_values
from bot.storage.seat import Database, Seat

MOVING = "moving"  # the key of a note in a new database, until all was moved there: see bot/storage/move.py
UNFINISHED = "not all was moved into this database: run `move` again, with the old DATABASE_URL"
_IS_MOVING = value_of(MOVING)
# This program gives its connections one name, unless DATABASE_URL has another.
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND application_name = current_setting('application_name')"
)
_ENCODING = text("SELECT current_setting('server_encoding')")
_USABLE_FROM = value_of(USABLE_FROM)

log = logging.getLogger(__name__)


@asynccontextmanager
async def open_database(url: str, *, moving: bool = False) -> AsyncIterator[AsyncEngine]:
    """`url`: sqlite+aiosqlite:///path or postgresql+psycopg://server/name.

    `moving`: also one to which not all was moved yet. Raises StorageError: in use, unreadable, unreachable, or newer
    than this program.
    """
    async with open_with_clock(url, moving=moving) as database:
        yield database.engine


@asynccontextmanager
async def open_with_clock(url: str, *, moving: bool = False) -> AsyncIterator[Database]:
    """The same, with the clock by which its times are written: a machine's own may be an hour apart from it."""
    async with open_seat(url, moving=moving, newer=False) as seat, seat.term(wait=False) as database:
        yield database


def open_seat(url: str, *, moving: bool = False, newer: bool = True) -> AbstractAsyncContextManager[Seat]:
    """For a bot, which may wait for its term. `newer`: see `migrate`. Raises StorageError."""
    parts, upgrade = make_url(url), partial(migrate, moving=moving, newer=newer)
    if is_postgresql(url):
        from bot.storage.engines import postgresql

        return postgresql.seated(parts, upgrade, partial(_revision, newer=newer))
    return sqlite.seated(parts, upgrade)


@asynccontextmanager
async def open_read_only(url: str) -> AsyncIterator[AsyncEngine]:
    """For use while a bot may be running. The database must exist, with this program's revision."""
    engine = _read_only_engine(make_url(url))
    try:
        yield engine
    finally:
        await asyncio.shield(engine.dispose())


def is_postgresql(url: str) -> bool:
    return url.startswith("postgresql")


def _read_only_engine(url: URL) -> AsyncEngine:
    if is_postgresql(url.drivername):
        from bot.storage.engines import postgresql

        return postgresql.read_only_engine(url)
    return sqlite.read_only_engine(url)


async def is_new(url: str) -> bool:
    """Whether no bot has run on it yet. Changes nothing. Raises StorageError."""
    return await revision_of(url) is None


async def revision_of(url: str, *, newer: bool = False) -> str | None:
    """None: no bot has run on it yet. Changes nothing. Raises StorageError unless it can be used or upgraded.

    `newer`: see `migrate`.
    """
    if not is_postgresql(url) and not sqlite.exists(make_url(url)):
        return None
    with errors_in_words():
        async with open_read_only(url) as engine, engine.execution_options(**{READ_ONLY: True}).connect() as connection:
            found = await connection.run_sync(partial(_revision, newer=newer))
            if found and await connection.scalar(_IS_MOVING):
                raise StorageError(UNFINISHED)
            return found


async def is_shared(url: str) -> bool:
    """Whether other processes of the bot are connected, also those that only wait. Of a SQLite file: opening it tells.

    Changes nothing. Raises StorageError.
    """
    if not is_postgresql(url):
        return False
    with errors_in_words():
        async with open_read_only(url) as engine, engine.execution_options(**{READ_ONLY: True}).connect() as connection:
            return bool(await connection.scalar(_OTHERS))


async def migrate(engine: AsyncEngine, *, moving: bool = False, newer: bool = False) -> None:
    """Applies missing migrations. Raises StorageError if the database is another program's, or newer than this one.

    `newer`: but it may be, if all that was added since is nothing to this program. Not for a command that must know
    every table.
    """
    with errors_in_words():
        async with engine.connect() as connection:
            found = await connection.run_sync(partial(_revision, newer=newer))
            if found and not moving and await connection.scalar(_IS_MOVING):
                raise StorageError(UNFINISHED)
        if found and found >= REVISION:
            return
        async with engine.execution_options(**{UNHURRIED: True}).begin() as connection:
            await connection.run_sync(_upgrade)
        log.info("database upgraded from revision %s to %s", found or "nothing", REVISION)


def _revision(connection: Connection, *, newer: bool = False) -> str | None:
    """None: a new database. Raises StorageError unless it can be upgraded, or used as it is; `newer`: see `migrate`."""
    tables = set(inspect(connection).get_table_names()) - {LEASE_TABLE}
    if not tables:
        _check_encoding(connection)
        return None
    if "alembic_version" not in tables:
        raise OfAnotherProgram
    found = list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
    oldest = connection.scalar(_USABLE_FROM) if newer and key_values.name in tables else None
    return usable_revision(found, tables, oldest)


def _check_encoding(connection: Connection) -> None:
    """Raises StorageError before anything is stored in a database that cannot store everything."""
    if connection.dialect.name == "postgresql" and (fault := encoding_fault(connection.scalar(_ENCODING))):
        raise StorageError(f"the database cannot be used: {fault}")


def _upgrade(connection: Connection) -> None:
    from bot.storage.migrations import create, upgrade, usable_from

    if connection.dialect.name == "postgresql" and _revision(connection) is None:
        create(connection)
    else:
        upgrade(connection)
    connection.execute(delete(key_values).where(key_values.c.key == USABLE_FROM))
    if (oldest := usable_from(REVISION)) != REVISION:
        connection.execute(insert(key_values).values(key=USABLE_FROM, value=oldest))
