"""PostgreSQL, through psycopg: an extra, `suno-watch[postgres]`. Nothing here is imported by a bot with SQLite."""

import asyncio
import select
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from psycopg.types.array import ListBinaryDumper
from psycopg.types.string import StrBinaryDumper, StrDumper
from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.errors import DatabaseInUse
from bot.storage.engines.options import DURABLE, LAZY, READ_ONLY, UNHURRIED
from bot.storage.remedies import errors_in_words

_WRITING = 0x73756E6F_00000001  # the advisory lock of whoever writes
_RUNNING = 0x73756E6F_00000002  # that of who has the database open

# A server that does not answer is given up after about 10 s, whatever it is that is silent: server, network, lock.
_CONNECTING = {
    "connect_timeout": "5",
    "keepalives_idle": "4",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",  # milliseconds
    "application_name": "suno-watch",
}
_SESSION = {
    "statement_timeout": "5s",
    "idle_in_transaction_session_timeout": "5s",
    "client_min_messages": "warning",
    "jit": "off",  # compiling takes longer than any statement here
    "random_page_cost": "1.1",  # what is used often is in memory: some hundred rows are found by an index
}
_TRIES, _BETWEEN_TRIES = 5, 0.2  # seconds
_AT_ONCE = 5  # connections that are kept; twice as many in a rush


@asynccontextmanager
async def opened(url: URL, upgrade: Callable[[AsyncEngine], Awaitable[None]]) -> AsyncIterator[AsyncEngine]:
    """Raises DatabaseInUse, and what SQLAlchemy raises."""
    engine = _engine(url)
    try:
        async with _alone(engine):
            await upgrade(engine)
            yield engine
    finally:
        await asyncio.shield(engine.dispose())


def read_only_engine(url: URL) -> AsyncEngine:
    return _engine(url, default_transaction_read_only="on")


def _engine(url: URL, **session: str) -> AsyncEngine:
    engine = create_async_engine(
        url, connect_args=_connect_arguments(url, _SESSION | session), pool_size=_AT_ONCE, max_overflow=_AT_ONCE
    )
    event.listen(engine.sync_engine, "connect", _set_up_connection)
    event.listen(engine.sync_engine, "checkout", _replace_if_closed)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _connect_arguments(url: URL, session: Mapping[str, str]) -> dict[str, str]:
    """What the URL says itself is left as it is."""
    given = url.query.get("options", "")
    wanted = " ".join(f"-c {name}={value}" for name, value in session.items())
    arguments = {name: value for name, value in _CONNECTING.items() if name not in url.query}
    return arguments | {"options": f"{wanted} {given if isinstance(given, str) else ' '.join(given)}".strip()}


def _set_up_connection(connection: Any, _record: object) -> None:
    connection.autocommit = True  # the driver's own BEGIN would be a request of its own; see _begin
    connection.adapters.register_dumper(str, _WithoutNulBinary)
    connection.adapters.register_dumper(str, _WithoutNul)
    connection.adapters.register_dumper(list, ListBinaryDumper)  # as text, each quotation mark costs a call in Python


class _WithoutNul(StrDumper):
    """SQLite stores a NUL within a text, PostgreSQL refuses it."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)


class _WithoutNulBinary(StrBinaryDumper):
    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)


def _replace_if_closed(connection: Any, *_: object) -> None:
    """Costs no request: an idle connection with something to read has been closed by the server, as when it restarts.

    Otherwise each restart would cost the first statement of each connection.
    """
    idle = select.poll()
    idle.register(connection.driver_connection.fileno(), select.POLLIN)
    if idle.poll(0):
        raise DisconnectionError


def _begin(connection: Connection) -> None:
    """The one place through which every transaction begins, in one request.

    Who writes has the lock until the end of the transaction, as in SQLite: decisions rest on what was read before. It
    is taken in a statement of its own, since a statement does not see what was committed while it waited for a lock.
    """
    options = connection.get_execution_options()
    if options.get(READ_ONLY):
        connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return
    begin = ["BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"]
    if options.get(UNHURRIED):
        begin += ["SET LOCAL statement_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = 0"]
    if options.get(DURABLE):
        begin.append("SET LOCAL synchronous_commit = on")  # the default, unless an operator has changed it
    if options.get(LAZY):
        begin.append("SET LOCAL synchronous_commit = off")  # whatever is committed after it writes it to the disk, too
    begin.append(f"SELECT pg_advisory_xact_lock({_WRITING})")
    connection.exec_driver_sql("; ".join(begin))


@asynccontextmanager
async def _alone(engine: AsyncEngine) -> AsyncIterator[None]:
    """Holds the database as the only bot, as long as its connection lives. Raises DatabaseInUse."""
    with errors_in_words():
        connection = await engine.execution_options(**{READ_ONLY: True}).connect()
    try:
        with errors_in_words():
            taken = await _take(connection)
        if not taken:
            raise DatabaseInUse("another bot is running on this database: stop it first, or set another DATABASE_URL")
        yield
    finally:
        await asyncio.shield(_end(connection))


async def _take(connection: AsyncConnection) -> bool:
    """Tries for a moment: the server may not have noticed yet that the last bot was killed."""
    for _ in range(_TRIES):
        taken = (await connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_RUNNING})")).scalar()
        await connection.rollback()  # the lock belongs to the session, not to the transaction
        if taken:
            return True
        await asyncio.sleep(_BETWEEN_TRIES)
    return False


async def _end(connection: AsyncConnection) -> None:
    """Gives the lock back, and closes the connection, which would keep it in the pool if that failed."""
    with suppress(SQLAlchemyError):
        await connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_RUNNING})")
    await connection.invalidate()
    await connection.close()
