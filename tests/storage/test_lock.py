"""One database is one, by whatever path it is opened: real processes, as an operator starts them."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from subprocess import PIPE

import pytest

from bot.errors import DatabaseInUse, StorageError
from bot.storage.backup import back_up
from bot.storage.database import open_database
from bot.storage.lock import locked

HOLDER = """
import asyncio, os, sys
from bot.storage.database import open_database
from bot.storage.key_values import KeyValueStore

async def hold():
    async with open_database("sqlite+aiosqlite:///" + sys.argv[1]) as engine:
        await KeyValueStore(engine).set_value("held", "yes")
        print("held", flush=True)
        await asyncio.to_thread(sys.stdin.read)

os.umask(int(sys.argv[2]))
asyncio.run(hold())
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "bot.db"


@contextmanager
def held_by_another(file: Path, umask: int = 0o022) -> Iterator[subprocess.Popen[bytes]]:
    """By another process, as a bot that is running."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(file), str(umask)], stdin=PIPE, stdout=PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"held\n"
        yield process


async def opens(path: Path) -> None:
    async with open_database(f"sqlite+aiosqlite:///{path}"):
        pass


def other_names(file: Path, tmp_path: Path) -> list[Path]:
    """All that lead to the same file."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "symbolic.db").symlink_to(file)
    (folder / "twice.db").symlink_to(folder / "symbolic.db")
    (folder / "hard.db").hardlink_to(file)
    (tmp_path / "same").symlink_to(file.parent, target_is_directory=True)
    return [
        file,
        folder / "symbolic.db",
        folder / "twice.db",
        folder / "hard.db",
        tmp_path / "same" / file.name,
        file.parent / ".." / file.parent.name / file.name,
        Path(os.path.relpath(file)),
    ]


async def test_it_is_one_by_every_path_and_without_its_lock_file(file: Path, tmp_path: Path) -> None:
    with held_by_another(file):
        names = other_names(file, tmp_path)
        for path in names:
            with pytest.raises(DatabaseInUse, match="another bot is running"):
                await opens(path)
        Path(f"{file}.lock").unlink()
        for path in names:
            with pytest.raises(DatabaseInUse, match="another bot is running"):
                await opens(path)
    for path in names:
        await opens(path)


TAKE_OVER = """
import sqlite3, sys
print(sqlite3.connect(sys.argv[1], timeout=0).execute("PRAGMA journal_mode = DELETE").fetchone()[0])
"""
"""What SQLite lets a process do that has the database to itself."""


async def test_it_is_one_within_a_process_and_who_has_it_keeps_the_locks_of_sqlite(file: Path, tmp_path: Path) -> None:
    """Which end when any descriptor of the file is closed."""
    async with open_database(f"sqlite+aiosqlite:///{file}") as engine, engine.connect() as connection:
        await connection.exec_driver_sql("SELECT * FROM notes")
        for path in other_names(file, tmp_path):
            with pytest.raises(DatabaseInUse):
                await opens(path)
        other = await asyncio.create_subprocess_exec(sys.executable, "-c", TAKE_OVER, str(file), stderr=PIPE)
        assert b"database is locked" in (await other.communicate())[1]
    await opens(file)


async def test_a_database_that_was_deleted_under_a_bot_is_not_made_anew_beside_it(file: Path) -> None:
    with held_by_another(file):
        file.unlink()
        with pytest.raises(DatabaseInUse):
            await opens(file)


async def test_another_database_is_another(file: Path, tmp_path: Path) -> None:
    with held_by_another(file):
        await opens(tmp_path / "data" / "other.db")


async def test_the_last_commit_of_a_killed_bot_is_found_only_under_its_own_name(file: Path, tmp_path: Path) -> None:
    with held_by_another(file) as process:
        process.kill()
    hard = other_names(file, tmp_path)[3]
    assert Path(f"{file}-wal").stat().st_size > 0
    with pytest.raises(StorageError, match=f"use it by that name, DATABASE_URL=sqlite:///{file}"):
        await opens(hard)
    with pytest.raises(StorageError, match="use it by that name"):
        back_up(hard, tmp_path / "copy.db")
    await opens(tmp_path / "elsewhere" / "symbolic.db")
    await opens(hard)
    with closing(sqlite3.connect(hard)) as database:
        assert database.execute("SELECT value FROM notes WHERE key = 'held'").fetchone() == ("yes",)


@pytest.mark.parametrize("umask", [0, 0o377])
def test_files_are_their_owners_alone_whatever_the_umask(file: Path, umask: int) -> None:
    with held_by_another(file, umask):
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in file.parent.iterdir()}
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert modes == dict.fromkeys(("bot.db", "bot.db-wal", "bot.db-shm", "bot.db.lock"), 0o600)


async def test_a_mode_that_somebody_chose_is_kept(file: Path) -> None:
    await opens(file)
    file.chmod(0o640)
    await opens(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


@pytest.mark.parametrize("kind", ["folder", "fifo", "loop"])
async def test_a_path_that_is_no_file_is_refused_with_a_sentence(tmp_path: Path, kind: str) -> None:
    odd = tmp_path / "odd.db"
    match kind:
        case "folder":
            odd.mkdir()
        case "fifo":
            os.mkfifo(odd)
        case _:
            odd.symlink_to(odd)
    with pytest.raises(StorageError, match=r"odd\.db"):
        await asyncio.wait_for(opens(odd), 5)


def test_without_file_locks_a_second_name_of_the_database_is_refused(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "another")
    file.parent.mkdir()
    with locked(file), pytest.raises(DatabaseInUse), locked(tmp_path / "data" / "bot.db"):
        pass
    hard = other_names(file, tmp_path)[3]
    with pytest.raises(StorageError, match="has a second name"), locked(hard):
        pass
