"""A copy of the database, also while the bot runs: as it is at one moment, complete, and tried."""

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

COPIED = "copied"  # the note in a copy that says when it was made: what was brought since then, it does not know

_UNFINISHED = ".unfinished"  # ends the name of a copy that is being made
_LONGEST = 86_400.0  # seconds that one may take


class Backup(Struct, frozen=True):
    file: Path
    size: int  # bytes
    revision: str


def back_up(database: Path, file: Path) -> Backup:
    """Blocks. `file` must not exist yet, and does not until the copy is complete. Raises StorageError."""
    if not database.is_file() or not database.stat().st_size:
        raise StorageError(f"there is no database at {database} yet")
    if file.exists():
        raise StorageError(f"{file} exists already, and is left as it is")
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
    """What backups left behind that were killed; one that is being made is younger."""
    for file in folder.glob(f".{glob.escape(stem)}-*{_UNFINISHED}*"):
        with suppress(OSError):  # it is no reason to make no copy
            if file.stat().st_mtime < time.time() - _LONGEST:
                file.unlink()


def _create(file: Path, stem: str) -> Path:
    """Nobody else may read it."""
    try:
        descriptor, name = tempfile.mkstemp(suffix=_UNFINISHED, prefix=f".{stem}-", dir=file.parent)
        os.close(descriptor)
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}") from error
    Path(name).chmod(0o600)
    return Path(name)


def _name(unfinished: Path, file: Path) -> None:
    """It gets its name when all of it is on the disk; what has that name by now is left as it is."""
    try:
        _sync(unfinished)
        try:
            file.hardlink_to(unfinished)
        except OSError:
            if file.exists():
                raise FileExistsError(errno.EEXIST, "it exists already, and is left as it is") from None
            unfinished.rename(file)  # a file system without hard links
        with suppress(OSError):  # not all can do it with a folder
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
            target.execute("PRAGMA journal_mode = OFF")  # what is left half done is thrown away as a whole
            source.backup(target)
    except sqlite3.Error as error:
        raise StorageError(f"{database} cannot be copied to {file.parent.absolute()}: {with_remedy(error)}") from error


def _verify(file: Path) -> str:
    """The revision of a copy that is whole."""
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
