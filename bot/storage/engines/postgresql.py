"""PostgreSQL, through psycopg: an extra, `suno-watch[postgres]`. Nothing here is imported by a bot with SQLite."""

import asyncio
import select
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from psycopg.types.array import ListBinaryDumper
from psycopg.types.string import StrBinaryDumper, StrDumper
from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import DataError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.storage.engines.options import DURABLE, LAZY, READ_ONLY, UNHURRIED
from bot.storage.leadership import Leadership, LeadershipState, Term
from bot.storage.lease import LEASE_TABLE, LeaseStore, Sockets
from bot.storage.seat import Database

_WRITING = 0x73756E6F_00000001  # the advisory lock of whoever writes

# A server that does not answer is given up after about 10 s, whatever it is that is silent: server, network, lock.
_CONNECTING = {
    "connect_timeout": "5",
    "keepalives_idle": "4",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",  # milliseconds
    "application_name": "suno-watch",
    "client_encoding": "utf8",  # else a database in SQL_ASCII would answer with bytes
    "target_session_attrs": "primary",  # of several servers, or of one that is just being promoted
}
SESSION = {
    "statement_timeout": "5s",
    "idle_in_transaction_session_timeout": "5s",
    "client_min_messages": "warning",
    "jit": "off",  # compiling takes longer than any statement here
    "random_page_cost": "1.1",  # what is used often is in memory: some hundred rows are found by an index
}
# What is unhurried may compute for as long as it takes, but waits neither for a lock nor for its own program for ever.
_FOR_A_LOCK = "15s"
_IDLE = "5min"
_PATIENCE = 2.0  # seconds for an answer about the lease
# An error, rather than a row to be read, because it is one request with those before it.
_HOLD = "SELECT 1 / count(*) FROM (SELECT FROM {table} WHERE {leads} FOR KEY SHARE) h"
_LEADS = "epoch = {epoch} AND holder = '{holder}'"
# A replica may be promoted and reached before the leader's next renewal. What it lacks is found by the next term only.
_ON_TIMELINE = " AND left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) = '{timeline}'"
_AT_ONCE = 5  # connections that are kept; twice as many in a rush


Upgrade = Callable[[AsyncEngine], Awaitable[None]]


@asynccontextmanager
async def seated(url: URL, upgrade: Upgrade, examine: Callable[[Connection], object]) -> AsyncIterator["SharedSeat"]:
    """Connects when it is to lead, not before. `examine` raises StorageError for one that this program cannot use."""
    store = LeaseStore(_lease_engine(url), examine, patience=_PATIENCE)
    try:
        yield SharedSeat(Leadership(store), url, upgrade)
    finally:
        await asyncio.shield(store.close())


class SharedSeat:
    """At a database where one process leads and the others wait."""

    shared = True

    def __init__(self, leadership: Leadership, url: URL, upgrade: Upgrade) -> None:
        self._leadership = leadership
        self._url = url
        self._upgrade = upgrade

    @property
    def state(self) -> LeadershipState:
        return self._leadership.state

    @asynccontextmanager
    async def term(self, *, wait: bool) -> AsyncIterator[Database]:
        async with self._leadership.term(wait=wait) as term, opened(self._url, term) as engine:
            await self._upgrade(engine)
            settle = partial(self._leadership.settle, term)
            yield Database(engine=engine, now=term.now, check=term.check, copied_at=term.copied_at, settle=settle)


@asynccontextmanager
async def opened(url: URL, term: Term) -> AsyncIterator[AsyncEngine]:
    """What is written within the term; nothing that comes later."""
    engine = _engine(url, term=term)
    sockets = Sockets(engine)
    term.when_lost.append(sockets.cut)
    try:
        yield engine
    finally:
        try:
            await asyncio.shield(engine.dispose())
        finally:  # a stop that insists cancels once more
            sockets.finish()


def read_only_engine(url: URL) -> AsyncEngine:
    return _engine(url, default_transaction_read_only="on")


def _engine(url: URL, *, term: Term | None = None, **session: str) -> AsyncEngine:
    engine = create_async_engine(
        url, connect_args=_connect_arguments(url, SESSION | session), pool_size=_AT_ONCE, max_overflow=_AT_ONCE
    )
    event.listen(engine.sync_engine, "connect", set_up_connection)
    event.listen(engine.sync_engine, "checkout", _replace_if_closed)
    event.listen(engine.sync_engine, "begin", partial(_begin, term))
    return engine


def _lease_engine(url: URL) -> AsyncEngine:
    """One connection, apart from the others: whatever they wait for, the lease is renewed."""
    arguments = _connect_arguments(url, SESSION | {"statement_timeout": "2s"}) | {"connect_timeout": "2"}
    engine = create_async_engine(url, connect_args=arguments, pool_size=1, max_overflow=0, isolation_level="AUTOCOMMIT")
    event.listen(engine.sync_engine, "checkout", _replace_if_closed)
    return engine


def _connect_arguments(url: URL, session: Mapping[str, str]) -> dict[str, str]:
    """What the URL says itself is left as it is."""
    given = url.query.get("options", "")
    wanted = " ".join(f"-c {name}={value}" for name, value in session.items())
    arguments = {name: value for name, value in _CONNECTING.items() if name not in url.query}
    return arguments | {"options": f"{wanted} {given if isinstance(given, str) else ' '.join(given)}".strip()}


def set_up_connection(connection: Any, *_: object) -> None:
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


def _begin(term: Term | None, connection: Connection) -> None:
    """The one place through which every transaction begins, in one request.

    Who writes has the lock until the end of the transaction, as in SQLite: decisions rest on what was read before. It
    is taken in a statement of its own, since a statement does not see what was committed while it waited for a lock.
    Then the epoch is locked, so that nobody takes over before this is committed; if somebody has, nothing is written.
    """
    options = connection.get_execution_options()
    if options.get(READ_ONLY):
        connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return
    begin = ["BEGIN ISOLATION LEVEL READ COMMITTED"]  # not READ WRITE: a server may refuse that when its disk is full
    if options.get(UNHURRIED):
        begin += ["SET LOCAL statement_timeout = 0", f"SET LOCAL idle_in_transaction_session_timeout = '{_IDLE}'"]
        begin.append(f"SET LOCAL lock_timeout = '{_FOR_A_LOCK}'")
    if options.get(DURABLE):
        begin.append("SET LOCAL synchronous_commit = on")  # the default, unless an operator has changed it
    if options.get(LAZY):
        begin.append("SET LOCAL synchronous_commit = off")  # whatever is committed after it writes it to the disk, too
    begin.append(f"SELECT pg_advisory_xact_lock({_WRITING})")
    if term is None:
        connection.exec_driver_sql("; ".join(begin))
        return
    term.check()
    leads = _LEADS.format(epoch=term.taken.epoch, holder=term.taken.holder)
    leads += _ON_TIMELINE.format(timeline=term.timeline) if term.timeline else ""
    begin.append(_HOLD.format(table=LEASE_TABLE, leads=leads))
    try:
        connection.exec_driver_sql("; ".join(begin))
    except DataError:  # divided by zero
        term.lose("another process does, or the database is another server now")
        term.check()
