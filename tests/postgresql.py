"""Databases of a PostgreSQL server, for tests: that of TEST_DATABASE_URL, which `make postgres` starts."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.schema import metadata
from sandbox.postgresql import ADDRESS


@contextmanager
def new_database(options: str = "") -> Iterator[str]:
    """The URL of an empty database, as SQLAlchemy needs it. Skips the test if there is no server.

    `options`: of CREATE DATABASE.
    """
    server = os.environ.get(ADDRESS)
    if not server:
        pytest.skip(f"{ADDRESS} is not set: make postgres starts a server, and sets it")
    name = f"suno_watch_{token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} {options}".encode())
        try:
            yield f"{server.replace('postgresql:', 'postgresql+psycopg:', 1).rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


async def emptied(engine: AsyncEngine) -> None:
    """As a new database, but for what is put into that one."""
    names = ", ".join(metadata.tables.keys() - {"notes"})
    async with engine.begin() as connection:
        await connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        await connection.exec_driver_sql("DELETE FROM notes WHERE key <> 'ledger_key'")
