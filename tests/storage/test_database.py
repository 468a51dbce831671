"""Opening the database: a real file, as an operator has it."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import StorageError
from bot.storage.database import open_database, open_seat
from bot.storage.schema import REVISION, metadata


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "bot.db"


def execute(file: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(statement, values)


async def test_a_new_database_has_exactly_the_tables_of_the_schema(url: str) -> None:
    async with open_database(url) as engine, engine.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), metadata)
        )
    assert differences == []


def test_the_program_knows_the_newest_migration() -> None:
    assert ScriptDirectory("migrations").get_current_head() == REVISION


async def test_stored_rows_survive_a_restart(url: str, file: Path) -> None:
    async with open_database(url):
        pass
    with sqlite3.connect(file) as database:
        database.execute("INSERT INTO notes VALUES ('k', 'v')")
    database.close()
    async with open_database(url) as engine, engine.connect() as connection:
        assert (await connection.exec_driver_sql("SELECT value FROM notes WHERE key = 'k'")).scalar() == "v"


async def test_a_file_whose_opening_is_cancelled_is_closed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Known(sqlite3.Connection):
        is_open = True

        def close(self) -> None:
            self.is_open = False
            super().close()

    opened: list[Known] = []
    connect = sqlite3.connect

    def note(*where: Any, **how: Any) -> Known:
        opened.append(connect(*where, factory=Known, **how))
        return opened[-1]

    async def use(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    monkeypatch.setattr(sqlite3, "connect", note)
    async with open_database(url) as engine:
        for steps in range(40):
            using = asyncio.create_task(use(engine))
            for _ in range(steps):
                await asyncio.sleep(0)
            using.cancel()
            await asyncio.wait({using})
            await engine.dispose()  # the next one is opened anew
    assert len(opened) > 30
    assert not any(each.is_open for each in opened)


async def test_the_file_is_set_up_for_a_server(url: str) -> None:
    async with open_database(url) as engine, engine.connect() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        found = [(await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar() for pragma in pragmas]
    assert found == ["wal", 1, 1, 10_000]


async def test_a_database_of_a_newer_program_is_left_alone(url: str, file: Path) -> None:
    async with open_database(url):
        pass
    with sqlite3.connect(file) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(StorageError, match=r"9999.*install a newer bot"):
        async with open_database(url):
            pass


@pytest.mark.parametrize(("usable_from", "usable"), [(REVISION, True), ("0001", True), ("9998", False)])
async def test_a_bot_goes_back_where_a_newer_program_has_only_added_to_the_database(
    url: str, file: Path, usable_from: str, *, usable: bool
) -> None:
    """A command does not: it would miss the tables that it does not know."""
    async with open_database(url):
        pass
    execute(file, "UPDATE alembic_version SET version_num = '9999'")
    execute(file, "INSERT INTO notes VALUES ('usable_from', ?)", usable_from)
    with pytest.raises(StorageError, match=r"9999.*install a newer bot"):
        async with open_database(url):
            pass
    expected = nullcontext() if usable else pytest.raises(StorageError, match=r"9999.*install a newer bot")
    with expected:
        async with open_seat(url) as seat, seat.term(wait=True) as database, database.engine.connect() as connection:
            assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


@pytest.mark.parametrize("revision", ["", "0000", "7", "ae1027a6acf", "zzzz", "x" * 500, "\x1b[2J\n", b"\xff", 1.5])
async def test_a_revision_that_is_none_is_refused_in_words(url: str, file: Path, revision: object) -> None:
    async with open_database(url):
        pass
    execute(file, "UPDATE alembic_version SET version_num = ?", revision)
    with pytest.raises(StorageError, match="none of this program's") as refusal:
        async with open_database(url):
            pass
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM alembic_version", "has 0 revisions, not one"),
        ("INSERT INTO alembic_version VALUES ('0001')", "has 2 revisions, not one"),
        ("DROP TABLE alembic_version", "belongs to another program"),
        ("DROP TABLE watches", "it lacks watches"),
        ("ALTER TABLE alembic_version RENAME COLUMN version_num TO number", "no such column"),
    ],
)
async def test_a_database_that_is_not_as_we_left_it(url: str, file: Path, statement: str, expected: str) -> None:
    async with open_database(url):
        pass
    execute(file, statement)
    with pytest.raises(StorageError, match=expected):
        async with open_database(url):
            pass


async def test_a_database_of_another_program_is_left_alone(url: str, file: Path) -> None:
    file.parent.mkdir()
    execute(file, "CREATE TABLE bookmarks (title)")
    with pytest.raises(StorageError, match="belongs to another program"):
        async with open_database(url):
            pass
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("bookmarks",)]


async def test_a_second_bot_on_the_same_file_is_refused_with_a_reason(url: str) -> None:
    async with open_database(url):
        with pytest.raises(StorageError, match="another bot is running"):
            async with open_database(url):
                pass


def test_a_killed_bot_leaves_the_file_unlocked(file: Path) -> None:
    """The lock is the system's, not a file that stays behind."""
    code = (
        "import os, sys; from pathlib import Path; from bot.storage.lock import locked\n"
        "with locked(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    file.parent.mkdir()
    for _ in range(2):
        killed = subprocess.run([sys.executable, "-c", code, str(file)], check=False, capture_output=True)
        assert (killed.returncode, killed.stderr) == (-9, b"")


async def test_a_cancelled_transaction_blocks_no_other(engine: AsyncEngine) -> None:
    """Although a reference to the exception keeps its cursor alive."""

    async def keep(value: str) -> None:
        async with engine.begin() as connection:
            await connection.execute(text("INSERT INTO notes VALUES (:key, 'v') RETURNING value"), {"key": value})

    def cancel(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("INSERT"):
            asyncio.get_running_loop().call_soon(keeping.cancel)

    event.listen(engine.sync_engine, "before_cursor_execute", cancel)
    keeping = asyncio.create_task(keep("first"))
    await asyncio.wait({keeping})
    assert keeping.cancelled()
    event.remove(engine.sync_engine, "before_cursor_execute", cancel)
    await keep("second")
    async with engine.begin() as connection:
        assert list((await connection.exec_driver_sql("SELECT key FROM notes WHERE value = 'v'")).scalars()) == [
            "second"
        ]


async def test_a_file_that_is_no_database_is_refused_in_words(url: str, file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"not a database, and long enough to be read as one" * 100)
    with pytest.raises(StorageError, match="the database cannot be used: file is not a database"):
        async with open_database(url):
            pass


async def test_a_folder_that_cannot_be_made_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(StorageError, match="taken cannot be made"):
        async with open_database(f"sqlite+aiosqlite:///{tmp_path}/taken/bot.db"):
            pass
