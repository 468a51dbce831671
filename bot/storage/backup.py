"""Backups: a verified, complete copy of the database as of one moment, even while the bot runs."""

import errno
import glob
import os
import sqlite3
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from bot.errors import StorageError
from bot.storage.journal import check_journal
from bot.storage.remedies import with_remedy

COPIED = "copied"  # the key in a copy of the time when it was made; it does not know what was sent since

_UNFINISHED = ".unfinished"  # suffix of a copy that is being made
_MAX_COPY_TIME = 86_400.0  # seconds that making a copy may take


class Backup(Struct, frozen=True):
    file: Path
    size: int  # bytes
    revision: str


def back_up(database: Path, file: Path) -> Backup:
    """Blocks. `file` must not exist, and is created only when the copy is complete. Raises StorageError."""
    if not database.is_file() or not database.stat().st_size:
        raise StorageError(f"there is no database at {database} yet")
    if file.exists():
        raise StorageError(f"{file} exists already, and is not replaced")
    check_journal(Path(os.path.realpath(database)))
    _clear(file.parent, database.stem)
    unfinished = _create(file, database.stem)
    try:
        _copy(database, unfinished)
        revision = _verify(unfinished)
        _date(unfinished)
        _name(unfinished, file)
        return Backup(file, file.stat().st_size, revision)
    finally:
        unfinished.unlink(missing_ok=True)


def _clear(folder: Path, stem: str) -> None:
    """Deletes leftovers of backups that were killed; copies that are still being made are younger."""
    for file in folder.glob(f".{glob.escape(stem)}-*{_UNFINISHED}*"):
        with suppress(OSError):  # a leftover does not prevent a backup
            if file.stat().st_mtime < time.time() - _MAX_COPY_TIME:
                file.unlink()


def _create(file: Path, stem: str) -> Path:
    """Readable by its owner only."""
    try:
        descriptor, name = tempfile.mkstemp(suffix=_UNFINISHED, prefix=f".{stem}-", dir=file.parent)
        os.close(descriptor)
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}") from error
    Path(name).chmod(0o600)
    return Path(name)


def _name(unfinished: Path, file: Path) -> None:
    """Renames the copy when all of it is on the disk; an existing file is not replaced."""
    try:
        _sync(unfinished)
        try:
            file.hardlink_to(unfinished)
        except OSError:
            if file.exists():
                raise FileExistsError(errno.EEXIST, "it exists already, and is not replaced") from None
            unfinished.rename(file)  # a file system without hard links
        with suppress(OSError):  # not all systems can sync a folder
            _sync(file.parent)
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}") from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy(database: Path, file: Path) -> None:
    try:
        with closing(_open(database, "mode=ro")) as source, closing(sqlite3.connect(file)) as target:
            target.execute("PRAGMA journal_mode = OFF")  # an incomplete copy is deleted as a whole
            source.backup(target)
    except sqlite3.Error as error:
        raise StorageError(f"{database} cannot be copied to {file.parent.absolute()}: {with_remedy(error)}") from error


def _verify(file: Path) -> str:
    """The revision of the copy, after its integrity check."""
    try:
        with closing(_open(file, "mode=ro&immutable=1")) as copy:
            faults = [row[0] for row in copy.execute("PRAGMA integrity_check") if row[0] != "ok"]
            (revision,) = copy.execute("SELECT version_num FROM alembic_version").fetchone()
    except (sqlite3.Error, TypeError) as error:
        raise StorageError(f"the copy cannot be read: {with_remedy(error)}") from error
    if faults:
        raise StorageError(f"the database is damaged: {'; '.join(faults)}")
    return str(revision)


def _date(file: Path) -> None:
    try:
        with closing(sqlite3.connect(file)) as copy, copy:
            copy.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (COPIED, str(time.time())))
    except sqlite3.Error as error:
        raise StorageError(f"the copy cannot be written to: {with_remedy(error)}") from error


def _open(file: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file.absolute()))}?{how}", uri=True)
