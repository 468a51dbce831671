"""A PostgreSQL server that fails, restarts, or has something else in it."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg.rows import dict_row
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import DatabaseInUse, StorageError
from bot.storage.database import open_database, revision_of
from bot.storage.engines import postgresql
from bot.storage.engines.options import DURABLE, LAZY, READ_ONLY, UNHURRIED
from bot.storage.key_values import KeyValueStore
from bot.storage.lease import LEASE_TABLE
from bot.storage.schema import REVISION, metadata
from sandbox.postgresql import NotInstalled, PostgresServer, running_server
from tests.postgresql import new_database

pytestmark = pytest.mark.postgres

REVISION_BEFORE = Path(__file__).parent / "postgresql-0014.sql"


@pytest.fixture
def fresh_url() -> Iterator[str]:
    with new_database() as url:
        yield url


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """Which a test may stop."""
    try:
        with running_server() as server:
            yield server
    except NotInstalled as error:
        pytest.skip(str(error))


@pytest.fixture
async def opened(fresh_url: str) -> AsyncIterator[AsyncEngine]:
    async with open_database(fresh_url) as engine:
        yield engine


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement.encode())


async def test_a_new_database_has_exactly_the_tables_of_the_schema(opened: AsyncEngine) -> None:
    async with opened.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), metadata)
        )
    # Who leads is written down before anybody may migrate, and by a bot of any version.
    assert [each[:1] for each in differences] == [("remove_table",)]
    assert differences[0][1].name == LEASE_TABLE


async def test_texts_are_compared_byte_by_byte_as_in_sqlite(opened: AsyncEngine) -> None:
    async with opened.connect() as connection:
        found = await connection.exec_driver_sql(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
            " AND data_type = 'character varying' AND collation_name IS DISTINCT FROM 'C'"
            " AND table_name NOT IN ('alembic_version', 'suno_watch_leader')"
        )
        assert found.all() == []


async def test_partial_indexes_are_partial(opened: AsyncEngine) -> None:
    """Otherwise a task could be watched in a channel only once, ever."""
    async with opened.connect() as connection:
        rows = await connection.exec_driver_sql(
            "SELECT indexname, indexdef FROM pg_indexes WHERE strpos(indexdef, 'WHERE') > 0"
        )
        found = set(rows.scalars())
    wanted = {
        str(index.name)
        for table in metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    assert found == wanted


async def test_a_nul_in_a_text_is_shown_as_unknown(opened: AsyncEngine) -> None:
    store = KeyValueStore(opened)
    await store.set_value("k", "a\0b")
    assert await store.get_value("k") == "a\ufffdb"


async def test_a_second_bot_on_the_same_database_is_refused_with_a_reason(fresh_url: str) -> None:
    async with open_database(fresh_url):
        with pytest.raises(DatabaseInUse, match="stop it first, or set another DATABASE_URL"):
            async with open_database(fresh_url):
                pass
    async with open_database(fresh_url):
        pass


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "install a newer bot"),
        ("UPDATE alembic_version SET version_num = 'zzzz'", "none of this program's"),
        ("DROP TABLE stars", "it lacks stars"),
        ("DROP TABLE alembic_version", "belongs to another program"),
    ],
)
async def test_a_database_that_is_not_as_we_left_it(fresh_url: str, statement: str, expected: str) -> None:
    async with open_database(fresh_url):
        pass
    execute(fresh_url, statement)
    with pytest.raises(StorageError, match=expected):
        async with open_database(fresh_url):
            pass


async def test_a_database_of_another_program_is_left_alone(fresh_url: str) -> None:
    execute(fresh_url, "CREATE TABLE bookmarks (title text)")
    with pytest.raises(StorageError, match="belongs to another program"):
        async with open_database(fresh_url):
            pass


async def test_a_look_at_it_changes_nothing(fresh_url: str) -> None:
    assert await revision_of(fresh_url) is None
    assert await revision_of(fresh_url) is None
    async with open_database(fresh_url):
        assert await revision_of(fresh_url) == REVISION


async def test_two_transactions_that_write_come_one_after_the_other(opened: AsyncEngine) -> None:
    """Each decides by what it has read: as in SQLite, the second reads what the first has left."""
    store = KeyValueStore(opened)
    await store.set_value("count", "0")

    async def count(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            row = await connection.exec_driver_sql("SELECT value FROM notes WHERE key = 'count'")
            number = int(row.scalar_one())
            await asyncio.sleep(0.001)
            await connection.exec_driver_sql(f"UPDATE notes SET value = '{number + 1}' WHERE key = 'count'")

    kinds = [opened, opened.execution_options(**{DURABLE: True}), opened.execution_options(**{LAZY: True})]
    await asyncio.gather(*(count(kinds[number % 3]) for number in range(30)))
    assert await store.get_value("count") == "30"


async def test_who_only_reads_waits_for_nobody_and_cannot_write(opened: AsyncEngine) -> None:
    async with opened.begin(), opened.execution_options(**{READ_ONLY: True}).connect() as reading:
        assert (await reading.exec_driver_sql("SELECT 1")).scalar() == 1
        with pytest.raises(Exception, match="read-only transaction"):
            await reading.exec_driver_sql("DELETE FROM notes")


async def test_a_closed_connection_costs_no_statement(opened: AsyncEngine, fresh_url: str) -> None:
    """As after a restart of the server between two statements."""
    store = KeyValueStore(opened)
    await store.set_value("k", "before")
    execute(fresh_url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND datname = current_database()")  # fmt: skip
    await asyncio.sleep(0.2)
    await store.set_value("k", "after")
    assert await store.get_value("k") == "after"


async def test_a_server_that_is_stopped_hard_fails_statements_and_then_work_goes_on(own_server: PostgresServer) -> None:
    async with open_database(own_server.sqlalchemy_url) as engine:
        store = KeyValueStore(engine)
        for number in range(3):
            await store.set_value("k", str(number))
            own_server.stop(signal.SIGQUIT)
            for _ in range(5):
                with pytest.raises(StorageError):
                    await store.get_value("k")
            await asyncio.to_thread(own_server.start)
            assert await store.get_value("k") == str(number)


async def test_a_cancelled_statement_leaves_the_database_usable(opened: AsyncEngine) -> None:
    async def hold() -> None:
        async with opened.begin() as connection:
            await connection.exec_driver_sql("SELECT pg_sleep(4)")

    holding = asyncio.create_task(hold())
    await asyncio.sleep(0.2)
    holding.cancel()
    await asyncio.wait({holding})
    assert holding.cancelled()
    await KeyValueStore(opened).set_value("k", "v")


async def test_a_server_that_is_not_there_is_a_sentence(fresh_url: str) -> None:
    nowhere = fresh_url.replace(fresh_url.rpartition("@")[2].partition("/")[0], "127.0.0.1:9")
    with pytest.raises(StorageError, match="Connection refused") as refusal:
        async with open_database(nowhere):
            pass
    assert "\n" not in str(refusal.value)


async def test_a_migration_that_waits_for_a_forgotten_session_says_so(
    fresh_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a psql in which somebody has begun a transaction."""
    monkeypatch.setattr(postgresql, "_FOR_A_LOCK", "200ms")
    rebuilt(fresh_url, REVISION_BEFORE)
    with psycopg.connect(fresh_url.replace("+psycopg", "")) as forgotten:
        forgotten.execute("SELECT count(*) FROM library")
        with pytest.raises(StorageError, match=r"lock timeout.*Another session holds a lock there"):
            async with open_database(fresh_url):
                pass
        forgotten.rollback()
    async with open_database(fresh_url):
        assert await revision_of(fresh_url) == REVISION


async def test_what_is_unhurried_waits_for_nothing_for_ever(opened: AsyncEngine) -> None:
    async with opened.execution_options(**{UNHURRIED: True}).begin() as connection:
        shown = [
            (await connection.exec_driver_sql(f"SHOW {name}")).scalar_one()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        ]
    assert shown == ["0", "15s", "5min"]


async def test_a_database_of_the_revision_before_is_upgraded_with_all_it_holds(fresh_url: str) -> None:
    rebuilt(fresh_url, REVISION_BEFORE)
    before = {table: rows(fresh_url, table) for table in ("library", "library_texts", "stars", "guilds", "notes")}
    async with open_database(fresh_url) as engine, engine.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), metadata)
        )
    kinds = [each[0] if isinstance(each, tuple) else each[0][0] for each in differences]
    assert [kind for kind in kinds if "comment" not in kind] == ["remove_table"]  # the leader's
    for table, old in before.items():
        new = rows(fresh_url, table)
        assert all(any(row.items() <= each.items() for each in new) for row in old), table
        assert old
    assert {"key": "lines_after", "value": "0"} in rows(fresh_url, "notes")


def rebuilt(url: str, dump: Path) -> None:
    """A database as an older version left it: its tables, and rows in some."""
    execute(url, dump.read_text(encoding="utf-8"))


def rows(url: str, table: str) -> list[dict[str, Any]]:
    with psycopg.connect(url.replace("+psycopg", ""), row_factory=dict_row) as connection:
        return connection.execute(f"SELECT * FROM {table}".encode()).fetchall()
