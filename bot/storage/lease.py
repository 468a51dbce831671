"""The lease by which one of several processes leads: one row in PostgreSQL, and times of the database's clock alone.

The epoch is the row's primary key. A transaction of the leader locks the key; a renewal changes no key and so need not
wait for it, while a take-over changes the key and waits until that transaction has ended.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Connection, DateTime, Dialect, MetaData, Table, event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import StorageError
from bot.storage.remedies import errors_in_words
from bot.storage.schema import Text

LEASE_TABLE = "suno_watch_leader"
_CREATING = 7_101_713_204  # the number of the lock under which the table is made
_STARTING = 10.0  # seconds for an answer while no lease depends on it, and a connection must be made first
_PARTS = 4  # of the seconds for an answer

# Not among the tables of the migrations: whoever migrates must lead already.
_leader = Table(
    LEASE_TABLE,
    MetaData(),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("holder", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    Column("renewals", BigInteger, nullable=False),
    Column("timeline", Text, nullable=False),
    comment="one row: who leads, until when, and on which timeline of the server",
)

_HAS_LEASES = text(f"SELECT to_regclass('{LEASE_TABLE}') IS NOT NULL")
_FIRST = text("""
    INSERT INTO suno_watch_leader SELECT 0, '', '', to_timestamp(0), to_timestamp(0), 0, ''
    WHERE NOT EXISTS (SELECT 1 FROM suno_watch_leader)
""")
_LOOK = text("""
    SELECT epoch, name, renewals, timeline, extract(epoch FROM until - clock_timestamp())::float8 AS remaining,
        extract(epoch FROM clock_timestamp() - since)::float8 AS age
    FROM suno_watch_leader
""")
_TAKE = text("""
    UPDATE suno_watch_leader SET epoch = epoch + 1, holder = :holder, name = :name, renewals = 0,
        since = clock_timestamp(), until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE epoch = :epoch AND (until <= clock_timestamp() OR renewals = :stale)
    RETURNING epoch, timeline, extract(epoch FROM clock_timestamp())::float8 AS now
""")
_RENEW = text("""
    UPDATE suno_watch_leader SET renewals = renewals + 1, until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE epoch = :epoch AND holder = :holder
    RETURNING extract(epoch FROM clock_timestamp())::float8
""")
_RELEASE = text("UPDATE suno_watch_leader SET until = clock_timestamp() WHERE epoch = :epoch AND holder = :holder")
_SET_TIMELINE = text("UPDATE suno_watch_leader SET timeline = :timeline WHERE epoch = :epoch AND holder = :holder")
_TIMELINE = text("""
    SELECT CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END
""")


class Lease(Struct, frozen=True, kw_only=True):
    """As it is seen by all. `remaining`, `age`: seconds, by the database's clock, until it ends and since it was taken;
    `renewals` tells whether it was renewed since the last look. `name`: of the leader, empty if there was never one.
    """

    epoch: int
    name: str
    renewals: int
    timeline: str
    remaining: float
    age: float


class Taken(Struct, frozen=True, kw_only=True):
    """A lease that this process has taken. `timeline`: of the server while the leader before was sure of it."""

    epoch: int
    holder: str
    timeline: str
    now: float  # by the database's clock, in Unix seconds


async def last_lease(connection: AsyncConnection) -> Lease | None:
    """None: no process has led on the database yet."""
    if not await connection.scalar(_HAS_LEASES):
        return None
    lease = Lease(**(await connection.execute(_LOOK)).mappings().one())
    return lease if lease.name else None


class Sockets:
    """The connections of an engine. They can be cut, so that whatever waits for an answer on them fails at once."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._connections: list[Any] = []  # also those that a cancelled task has left behind
        event.listen(engine.sync_engine, "do_connect", self._connect)

    def _connect(self, dialect: Dialect, _record: object, where: Sequence[Any], how: Mapping[str, Any]) -> Any:
        """Notes it before SQLAlchemy asks on it who the server is, which may be cancelled."""
        connection: Any = dialect.connect(*where, **how)
        self._connections = [*self._open(), connection.driver_connection]
        return connection

    def _open(self) -> list[Any]:
        return [each for each in self._connections if not each.closed]

    def cut(self) -> None:
        for connection in self._open():
            with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        """After the engine was disposed of: what was cancelled in the middle of a statement may have been left open."""
        for connection in self._open():
            connection.pgconn.finish()


class Patience:
    """Calls `over` after so many seconds, unless it was ended before.

    They are counted in parts: a process that was stopped, or busy, for longer first reads what has arrived meanwhile.
    """

    def __init__(self, seconds: float, over: Callable[[], None]) -> None:
        self.is_over = False
        self._over = over
        self._part = seconds / _PARTS
        self._left = _PARTS
        self._wait()

    def end(self) -> None:
        self._timer.cancel()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._part, self._pass)

    def _pass(self) -> None:
        self._left -= 1
        if self._left:
            self._wait()
        else:
            self.is_over = True
            self._over()


class LeaseStore:
    """`engine`: for this alone, in autocommit. `patience`: seconds in which the database must answer; `examine` raises
    StorageError for one that this program cannot use.
    """

    def __init__(self, engine: AsyncEngine, examine: Callable[[Connection], object], *, patience: float) -> None:
        self._engine = engine
        self._examine = examine
        self._patience = patience
        self._sockets = Sockets(engine)
        self._knows_timelines = True

    async def create(self) -> None:
        """The table, if there is none. From far away this takes seconds: it is many requests in a row."""
        async with self._connection(_STARTING) as connection:
            transaction = await connection.execution_options(isolation_level="READ COMMITTED")
            async with transaction.begin():
                await transaction.execute(text(f"SET LOCAL statement_timeout = '{_STARTING:.0f}s'"))
                await transaction.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _CREATING})
                await transaction.run_sync(_leader.metadata.create_all)
                await transaction.execute(_FIRST)

    async def look(self) -> Lease:
        async with self._connection() as connection:
            return Lease(**(await connection.execute(_LOOK)).mappings().one())

    async def why_not(self) -> str:
        """Why this program cannot use the database; empty: it can."""
        async with self._connection() as connection:
            try:
                await connection.run_sync(self._examine)
            except StorageError as error:
                return str(error)
        return ""

    async def take(self, seen: Lease, holder: str, name: str, seconds: float, *, stale: bool) -> Taken | None:
        """None: another process was faster. `stale`: it was not renewed for longer than it lasts, so that it has ended
        even if the database's clock was set back.
        """
        values = {"holder": holder, "name": name, "seconds": seconds, "epoch": seen.epoch}
        values["stale"] = seen.renewals if stale else -1
        async with self._connection() as connection:
            row = (await connection.execute(_TAKE, values)).one_or_none()
        return None if row is None else Taken(epoch=row.epoch, holder=holder, timeline=row.timeline, now=row.now)

    async def renew(self, taken: Taken, seconds: float) -> float | None:
        """The database's time; None: another process has taken it."""
        values = {"epoch": taken.epoch, "holder": taken.holder, "seconds": seconds}
        async with self._connection() as connection:
            now: float | None = await connection.scalar(_RENEW, values)
        return now

    async def release(self, taken: Taken) -> None:
        async with self._connection() as connection:
            await connection.execute(_RELEASE, {"epoch": taken.epoch, "holder": taken.holder})

    async def timeline(self) -> str:
        """It changes when another server is promoted, or a backup is restored. Empty: this server does not say."""
        if not self._knows_timelines:
            return ""
        try:
            async with self._connection() as connection:
                return str(await connection.scalar(_TIMELINE))
        except StorageError:
            async with self._connection():  # it answers otherwise: it is not PostgreSQL's own server
                self._knows_timelines = False
            return ""

    async def keep_timeline(self, taken: Taken, timeline: str) -> None:
        async with self._connection() as connection:
            await connection.execute(
                _SET_TIMELINE, {"epoch": taken.epoch, "holder": taken.holder, "timeline": timeline}
            )

    async def close(self) -> None:
        try:
            await self._engine.dispose()
        finally:
            self._sockets.finish()

    @asynccontextmanager
    async def _connection(self, patience: float | None = None) -> AsyncIterator[AsyncConnection]:
        """Raises StorageError, also if there is no answer in time. After an error there will be a new connection: what
        an operator corrects may count for new ones only.
        """
        seconds = patience or self._patience
        waiting = Patience(seconds, self._sockets.cut)
        try:
            with errors_in_words():
                async with self._engine.connect() as connection:
                    try:
                        yield connection
                    except SQLAlchemyError:
                        await connection.invalidate()
                        raise
        except StorageError as error:
            if waiting.is_over:
                raise StorageError(f"the database does not answer within {seconds:g} s") from error
            raise
        finally:
            waiting.end()
