"""All that is stored is moved into another database, from either engine to either, and compared."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, LargeBinary, Table, insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.types import Boolean, Float, String

from bot.errors import StorageError
from bot.storage import move as moving
from bot.storage.database import open_database
from bot.storage.engines.counters import highest_numbers
from bot.storage.move import move
from bot.storage.schema import deliveries, key_values, metadata, watches
from bot.storage.watches import WatchStore
from tests.postgresql import new_database
from tests.storage.conftest import ENGINES
from tests.storage.samples import NOW, add, make_watch

ROWS = 5  # in each table
STRANGE = "夜 \0 'quoted' \\ \U0001f3b5 \x1b"


@pytest.fixture(autouse=True)
def _few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "_AT_A_TIME", 2)


@pytest.fixture(params=ENGINES)
def target_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/new.db"
        return
    with new_database() as url:
        yield url


@pytest.fixture
async def target(target_url: str) -> AsyncIterator[AsyncEngine]:
    async with open_database(target_url, moving=True) as engine:
        yield engine


@pytest.fixture
async def source(engine: AsyncEngine) -> AsyncEngine:
    """With rows in every table."""
    async with engine.begin() as connection:
        for table in metadata.sorted_tables:
            await connection.execute(insert(table), [_row(table, number) for number in range(1, ROWS + 1)])
    return engine


def _row(table: Table, number: int) -> dict[str, Any]:
    return {column.name: _value(table, column, number) for column in table.columns}


def _value(table: Table, column: Any, number: int) -> Any:
    if isinstance(column.type, String):
        is_key = column.primary_key or column.unique or column.foreign_keys or column.name in ("outcome", "task_id")
        return f"k{number}" if is_key or table is key_values else f"{STRANGE}{number}"
    if isinstance(column.type, LargeBinary):
        return bytes([0, number, 255])
    if isinstance(column.type, Boolean):
        return number % 2 == 0
    if isinstance(column.type, Float):
        return None if column.nullable and number == 1 else number + 0.1
    if column.primary_key or column.foreign_keys or not isinstance(column.type, BigInteger):
        return number
    return 2**53 + number


async def held(engine: AsyncEngine) -> dict[str, list[Any]]:
    """All rows, without notes about the database itself."""
    found: dict[str, list[Any]] = {}
    async with engine.connect() as connection:
        for table in metadata.sorted_tables:
            names = ", ".join(column.name for column in table.columns)
            rows = await connection.exec_driver_sql(f"SELECT {names} FROM {table.name} ORDER BY 1, 2")
            found[table.name] = [tuple(_without_nul(value) for value in row) for row in rows]
    found["notes"] = [row for row in found["notes"] if row[0] not in ("opened_as", "copied", "moving")]
    return found


def _without_nul(value: Any) -> Any:
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


async def test_everything_arrives(source: AsyncEngine, target: AsyncEngine) -> None:
    before = await held(source)
    moved = await move(source, target, lambda: NOW)
    assert await held(target) == before
    assert all(len(rows) >= ROWS for rows in before.values())
    assert moved.rows == sum(map(len, before.values()))


async def test_numbers_of_deleted_rows_are_not_given_again(engine: AsyncEngine, target: AsyncEngine) -> None:
    """A button of an old message holds the number of a watch."""
    store = WatchStore(engine)
    (watch,) = (await add(store, make_watch("t1"))).watched
    async with engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM watches")
    await move(engine, target, lambda: NOW)
    (new,) = (await add(WatchStore(target), make_watch("t1"))).watched
    assert new.id > watch.id
    async with target.connect() as connection:
        assert await connection.run_sync(highest_numbers) == {"watches": new.id}


async def test_an_interrupted_move_goes_on_where_it_was(
    source: AsyncEngine, target_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, kept = moving._keep, 0

    async def interrupted(*given: Any) -> None:
        nonlocal kept
        await keep(*given)
        kept += 1
        if kept % 7 == 0:
            raise asyncio.CancelledError

    monkeypatch.setattr(moving, "_keep", interrupted)
    attempts = 0
    while True:
        attempts += 1
        try:
            async with open_database(target_url, moving=True) as target:
                await move(source, target, lambda: NOW)
                assert await held(target) == await held(source)
                break
        except asyncio.CancelledError:
            with pytest.raises(StorageError, match="not all was moved"):
                async with open_database(target_url):
                    pass
    assert attempts > 5
    assert kept < attempts * 7
    async with open_database(target_url):
        pass


async def test_what_changed_between_two_attempts_is_noticed(
    source: AsyncEngine, target: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bot ran once more on the old database, which a part had left already."""

    async def fail(*_: object) -> None:
        raise StorageError("the network is gone")

    with monkeypatch.context() as patched:
        patched.setattr(moving, "_compare", fail)
        with pytest.raises(StorageError, match="network"):
            await move(source, target, lambda: NOW)
    async with source.begin() as connection:
        await connection.execute(watches.update().where(watches.c.id == 1).values(locale="zh-CN"))
    await move(source, target, lambda: NOW)
    assert await held(target) == await held(source)


async def test_a_database_with_something_in_it_is_left_alone(source: AsyncEngine, target: AsyncEngine) -> None:
    await add(WatchStore(target), make_watch("t9"))
    with pytest.raises(StorageError, match="there is something in"):
        await move(source, target, lambda: NOW)
    async with target.connect() as connection:
        assert (await connection.exec_driver_sql("SELECT task_id FROM watches")).scalars().all() == ["t9"]


async def test_two_databases_are_not_mixed(source: AsyncEngine, target: AsyncEngine) -> None:
    async with target.begin() as connection:
        note = '{"source": "another", "done": [], "after": null}'
        await connection.execute(insert(key_values).values(key="moving", value=note))
    with pytest.raises(StorageError, match="another database is being moved there"):
        await move(source, target, lambda: NOW)


async def test_a_difference_is_found_however_small(
    source: AsyncEngine, target: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a number that lost its last digit."""
    copy = moving._copy

    async def copied_badly(*given: Any) -> None:
        await copy(*given)
        async with target.begin() as connection:
            await connection.execute(deliveries.update().where(deliveries.c.seq == 1).values(channel_id=2**53))

    monkeypatch.setattr(moving, "_copy", copied_badly)
    with pytest.raises(StorageError, match="not what was sent"):
        await move(source, target, lambda: NOW)
