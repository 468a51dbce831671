"""The database: its folder, its disk, its revision. Nothing is written, and a running bot is not disturbed."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from bot.errors import StorageError
from bot.operation.doctor.findings import Finding, ok, problem, warning
from bot.operation.name import program_name
from bot.storage.schema import REVISION

_MIB = 1024 * 1024
_SCARCE, _TOO_LITTLE = 500 * _MIB, 50 * _MIB  # bytes that are free


def check_database(file: Path) -> list[Finding]:
    return [_folder(file), _disk(file), _file(file)]


def is_current(file: Path) -> bool:
    """Whether what is stored can be asked for."""
    try:
        return file.exists() and _revision(file) == REVISION
    except StorageError:
        return False


def _existing(folder: Path) -> Path:
    """It, or the nearest above it that is there."""
    return next(each for each in (folder, *folder.absolute().parents) if each.is_dir())


def _folder(file: Path) -> Finding:
    subject = "folder of the database"
    for each in (_existing(file.parent), *_files(file)):
        if not os.access(each, os.W_OK):
            return problem(
                subject, f"{each} cannot be written. Give it to the user that the bot runs as: chown, chmod."
            )
    return ok(subject, f"{file.parent} can be written")


def _files(file: Path) -> Iterator[Path]:
    names = (file, Path(f"{file}-wal"), Path(f"{file}-shm"), Path(f"{file}.lock"))
    return (each for each in names if each.exists())


def _disk(file: Path) -> Finding:
    free = shutil.disk_usage(_existing(file.parent)).free
    text = f"{free // _MIB:,} MiB are free"
    if free < _SCARCE:
        say = problem if free < _TOO_LITTLE else warning
        return say("disk", f"{text}. Delete what is not needed, or move DATABASE_URL to a larger disk.")
    return ok("disk", text)


def _file(file: Path) -> Finding:
    if not file.exists():
        return ok("database", "there is none yet; the first run makes it")
    try:
        found = _revision(file)
    except StorageError as error:
        return problem("database", f"{file} cannot be read ({error}). Restore a backup, or set another DATABASE_URL.")
    if found > REVISION:
        return problem("database", f"it has revision {found}, this program knows {REVISION}. Install a newer bot.")
    if found < REVISION:
        missing = f"it has revision {found}, not {REVISION}"
        return warning("database", f"{missing}. Start the bot, or: {program_name()} migrate")
    return ok("database", f"revision {found}, that of this program")


def _revision(file: Path) -> str:
    """Raises StorageError."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as database:
            return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except (sqlite3.Error, TypeError) as error:
        raise StorageError(str(error)) from error
