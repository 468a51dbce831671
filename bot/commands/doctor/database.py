"""Checks the database: folder, disk, revision. Writes nothing and does not disturb a running bot."""

import getpass
import os
import shlex
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from bot.commands.doctor.files import check_secret_files
from bot.commands.doctor.findings import Finding, ok, problem, warning
from bot.commands.name import program_name
from bot.config import Settings
from bot.errors import StorageError
from bot.storage.database import MOVING, UNFINISHED, revision_of
from bot.storage.remedies import with_remedy
from bot.storage.revision import OfAnotherProgram, usable_revision
from bot.storage.schema import REVISION

_MIB = 1024 * 1024
_SCARCE, _TOO_LITTLE = 500 * _MIB, 50 * _MIB  # free bytes


def check_database(file: Path) -> list[Finding]:
    return [_folder(file), *check_secret_files(_files(file)), _disk(file), _file(file)]


async def is_current(settings: Settings) -> bool:
    """True if the database has this version's revision, so that it can be read."""
    try:
        return await revision_of(settings.database_url) == REVISION
    except StorageError:
        return False


def is_new(file: Path) -> bool:
    """True if the bot has not run yet."""
    return not file.exists() or file.stat().st_size == 0


def _existing(folder: Path) -> Path:
    """The folder, or its nearest parent that exists."""
    return next(each for each in (folder, *folder.absolute().parents) if each.is_dir())


def _folder(file: Path) -> Finding:
    subject, folder = "folder of the database", file.absolute().parent
    above = _existing(folder)
    if above != folder and not os.access(above, os.W_OK):
        return warning(subject, f"{folder} is not there yet, and {_user()} cannot make it. {_how_to_make(folder)}")
    for each in (above, *_files(file)):
        if not os.access(each, os.W_OK):
            return problem(subject, f"{each} cannot be written by {_user()}. {_how_to_give(each)}")
    if above != folder:
        return ok(subject, f"{folder} is not there yet; the first run makes it")
    return ok(subject, f"{folder} can be written by {_user()}")


def _user() -> str:
    """The user that runs the doctor, which should be the one that runs the bot."""
    return f"the user {_user_name()}"


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a number without a name, as in a container
        return str(os.getuid())


def _how_to_make(folder: Path) -> str:
    return (
        "With systemd, StateDirectory= in the unit makes it at the first start; "
        f"otherwise make it: sudo install -d -m 700 -o {_user_name()} {shlex.quote(str(folder))}"
    )


def _how_to_give(path: Path) -> str:
    """Suggests chown only for folders of the bot's own, never for the system's."""
    if path.is_dir() and path.parent in (Path("/"), Path("/var"), Path("/usr")):
        return "It belongs to the system: set DATABASE_URL to a file in a folder of the bot's own."
    return f"If the bot runs as that user: sudo chown {_user_name()} {shlex.quote(str(path))}"


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
    if is_new(file):
        return ok("database", f"{file.absolute()} is not there yet; the first run makes it")
    try:
        found = _revision(file)
    except StorageError as error:
        return problem("database", f"{file}: {error}.")
    if found < REVISION:
        missing = f"it has revision {found}, not {REVISION}"
        return warning("database", f"{missing}. Start the bot, or: {program_name()} migrate")
    return ok("database", f"{file} has revision {found}, that of this program")


def _revision(file: Path) -> str:
    """Raises StorageError."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as database:
            tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "alembic_version" not in tables:
                raise OfAnotherProgram
            found = database.execute("SELECT version_num FROM alembic_version").fetchall()
            revision = usable_revision([row[0] for row in found], tables)
            if database.execute("SELECT 1 FROM notes WHERE key = ?", (MOVING,)).fetchone():
                raise StorageError(UNFINISHED)
    except sqlite3.Error as error:
        raise StorageError(f"the database cannot be used: {with_remedy(error)}") from error
    return revision
