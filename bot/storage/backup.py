"""A copy of the database, also while the bot runs: as it is at one moment, complete, and tried."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from bot.errors import StorageError

COPIED = "copied"  # the note in a copy that says when it was made: what was brought since then, it does not know


class Backup(Struct, frozen=True):
    file: Path
    size: int  # bytes
    revision: str


def back_up(database: Path, file: Path) -> Backup:
    """Blocks. `file` must not exist yet. Raises StorageError, and then leaves no file behind."""
    if not database.is_file():
        raise StorageError(f"there is no database at {database} yet")
    _create(file)
    try:
        _copy(database, file)
        revision = _verify(file)
        _date(file)
        return Backup(file, file.stat().st_size, revision)
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _create(file: Path) -> None:
    """Nobody else may read it, and nothing is overwritten."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise StorageError(f"{file} exists already, and is left as it is") from None
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}") from error


def _copy(database: Path, file: Path) -> None:
    try:
        with closing(_open(database, "mode=ro")) as source, closing(sqlite3.connect(file)) as target:
            source.backup(target)
    except sqlite3.Error as error:
        raise StorageError(f"{database} cannot be copied: {error}") from error


def _verify(file: Path) -> str:
    """The revision of a copy that is whole."""
    try:
        with closing(_open(file, "mode=ro&immutable=1")) as copy:
            faults = [row[0] for row in copy.execute("PRAGMA integrity_check") if row[0] != "ok"]
            (revision,) = copy.execute("SELECT version_num FROM alembic_version").fetchone()
    except (sqlite3.Error, TypeError) as error:
        raise StorageError(f"the copy cannot be read: {error}") from error
    if faults:
        raise StorageError(f"the database is damaged: {'; '.join(faults)}")
    return str(revision)


def _date(file: Path) -> None:
    try:
        with closing(sqlite3.connect(file)) as copy, copy:
            copy.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (COPIED, str(time.time())))
    except sqlite3.Error as error:
        raise StorageError(f"the copy cannot be written to: {error}") from error


def _open(file: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file.absolute()))}?{how}", uri=True)
