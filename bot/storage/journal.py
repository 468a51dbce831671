"""The journal of a database lies beside the name by which it was opened: by another name, a hard link, it is not found.

What was written last would be missing then, in silence. So the database itself knows that name.
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from bot.errors import StorageError
from bot.storage.remedies import with_remedy

_NAME = "opened_as"  # the note


def check_journal(file: Path) -> None:
    """`file`: with symbolic links followed. Raises StorageError when its journal lies beside another name of it."""
    name = _opened_as(file)
    if name is None or name == file:
        return
    journal = Path(f"{name}-wal")
    with suppress(FileNotFoundError):
        if name.samefile(file) and journal.stat().st_size:
            raise StorageError(
                f"{file} is the same database as {name}, and what was written last lies beside that: "
                f"use it by that name, DATABASE_URL=sqlite:///{name}"
            )


def _opened_as(file: Path) -> Path | None:
    """By what is in the file itself, without any journal."""
    with suppress(sqlite3.Error):  # a new file, and whatever is told when it is opened
        uri = f"file:{quote(str(file))}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as database:
            return _name_in(database)
    return None


def keep_name(file: Path) -> None:
    """Blocks. It goes into the file itself at once. Raises StorageError."""
    try:
        with closing(sqlite3.connect(file)) as database:
            if _name_in(database) == file:
                return
            with database:
                database.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (_NAME, str(file)))
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise StorageError(f"the database cannot be used: {with_remedy(error)}") from error


def _name_in(database: sqlite3.Connection) -> Path | None:
    row = database.execute("SELECT value FROM notes WHERE key = ?", (_NAME,)).fetchone()
    return Path(row[0]) if row else None
