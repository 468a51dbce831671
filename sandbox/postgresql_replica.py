"""A PostgreSQL server with a streaming replica, which is promoted without the last moments."""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psycopg

from sandbox.local_gateway.tcp_proxy import TcpProxy
from sandbox.postgresql import PostgresServer

_LONGEST = 30.0  # seconds until the replica has all, and until it is promoted
_HAS_ALL = "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= %s"


class ReplicatedServer:
    """`primary` takes writes; after a promotion it is another one. Keeps what it has started until it is closed."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    async def start(self) -> None:
        self.primary = PostgresServer(self._folder())
        await asyncio.to_thread(self.primary.create)
        await self._started(self.primary)

    async def replicate(self) -> None:
        """Adds a replica, and returns when it has all that the primary has."""
        self._line = TcpProxy(self.primary.port)
        await self._line.open()
        self._stack.push_async_callback(self._line.close)
        self._replica = PostgresServer(self._folder())
        await asyncio.to_thread(self._replica.copy, self.primary, self._line.port)
        await self._started(self._replica)
        async with (
            asyncio.timeout(_LONGEST),
            await psycopg.AsyncConnection.connect(self.primary.url, autocommit=True) as connection,
        ):
            written = await (await connection.execute("SELECT pg_current_wal_lsn()")).fetchone()
            while await (await connection.execute(_HAS_ALL, written)).fetchone() == (0,):
                await asyncio.sleep(0.05)

    def cut(self) -> None:
        """From now on, nothing that is written reaches the replica."""
        self._line.flowing.clear()

    async def kill(self) -> None:
        """The primary, as a power cut does."""
        await asyncio.to_thread(self.primary.stop, signal.SIGQUIT)

    async def promote(self) -> None:
        """The replica becomes the primary."""
        async with await psycopg.AsyncConnection.connect(self._replica.url, autocommit=True) as connection:
            await connection.execute("SELECT pg_promote(true, %s)", (int(_LONGEST),))
        await self._line.close()
        self.primary = self._replica

    @property
    def replica(self) -> PostgresServer:
        return self._replica

    def _folder(self) -> Path:
        return Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="postgresql-")))

    async def _started(self, server: PostgresServer) -> None:
        self._stack.callback(server.stop, signal.SIGQUIT)
        await asyncio.to_thread(server.start)


@asynccontextmanager
async def replicated_server() -> AsyncIterator[ReplicatedServer]:
    """Raises NotInstalled."""
    async with AsyncExitStack() as stack:
        server = ReplicatedServer(stack)
        await server.start()
        yield server
