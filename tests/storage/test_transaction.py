"""A transaction in which something goes wrong."""

import asyncio
import sqlite3

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import StorageError
from bot.storage.transaction import Transactions


class Store(Transactions):
    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.begun = asyncio.Event()

    async def wait(self) -> None:
        async with self._transaction() as connection:
            await connection.execute(select(1))
            self.begun.set()
            await asyncio.Event().wait()

    async def fail(self) -> None:
        async with self._transaction():
            raise ValueError


@pytest.fixture
def broken(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> AsyncEngine:
    """A database that cannot roll back."""

    async def rollback(_connection: object) -> None:
        driver = psycopg if engine.dialect.name == "postgresql" else sqlite3
        raise driver.OperationalError("disk I/O error")

    monkeypatch.setattr("aiosqlite.Connection.rollback", rollback)
    monkeypatch.setattr("psycopg.AsyncConnection.rollback", rollback)
    return engine


async def test_a_rollback_that_fails_does_not_swallow_a_cancellation(broken: AsyncEngine) -> None:
    """A worker would take it for a fault of the database, and go on after a rest."""
    store = Store(broken)
    task = asyncio.create_task(store.wait())
    await store.begun.wait()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


async def test_a_rollback_that_fails_is_a_fault_of_the_database(broken: AsyncEngine) -> None:
    with pytest.raises(StorageError, match="disk I/O error"):
        await Store(broken).fail()
