"""What happens to a PostgreSQL server without its being stopped, and to the connections of the bots on it."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import psycopg

Connection = psycopg.AsyncConnection[psycopg.rows.TupleRow]

_CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'suno-watch'
    ORDER BY random() LIMIT %s
"""
_ALL = 1_000  # connections
_PAUSES = (0.01, 0.1, 0.4)  # seconds between two connections that are cut
# As if the server's clock had been set back after the last renewal.
_LATER = "UPDATE suno_watch_leader SET until = until + interval '1 hour'"


async def cut_at_random(url: str, seconds: float, dice: random.Random) -> None:
    """Connections of the bots, one after the other, for so many seconds."""
    async with await _connected(url) as connection:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await connection.execute(_CUT, (1,))
            await asyncio.sleep(dice.choice(_PAUSES))


async def set_clock_back(url: str) -> None:
    """By an hour, as the lease shows it."""
    async with await _connected(url) as connection:
        await connection.execute(_LATER)


@asynccontextmanager
async def read_only(url: str) -> AsyncIterator[None]:
    """As hosts make a server whose disk is full: sessions may read, and write only if they insist."""
    async with await _connected(url) as connection:
        await connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        await connection.execute("SELECT pg_reload_conf()")
        yield
        await connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
        await connection.execute("SELECT pg_reload_conf()")


@asynccontextmanager
async def no_connection_left(url: str) -> AsyncIterator[None]:
    """Others have them all, and those of the bots are cut."""
    async with AsyncExitStack() as others:
        first = await others.enter_async_context(await _connected(url))
        while (await first.execute(_CUT, (_ALL,))).rowcount:
            with suppress(psycopg.OperationalError):  # when there is none left
                while True:
                    await others.enter_async_context(await _connected(url))
        yield


async def _connected(url: str) -> Connection:
    return await psycopg.AsyncConnection.connect(url, autocommit=True)
