"""Detects a database that is opened by another name, such as a hard link.

SQLite's journal lies beside the name by which the database was opened, and is not found by another. The newest changes
would be missing without an error. So the database itself contains that name.
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from bot.errors import StorageError
from bot.storage.remedies import with_remedy

NAME = "opened_as"  # the key


def check_journal(file: Path) -> None:
    """`file`: with symbolic links resolved. Raises StorageError if its journal lies beside another name of it."""
    name = _opened_as(file)
    if name is None or name == file:
        return
    journal = Path(f"{name}-wal")
    with suppress(FileNotFoundError):
        if name.samefile(file) and journal.stat().st_size:
            raise StorageError(
                f"{file} is the same database as {name}, and its newest changes lie beside that name: "
                f"use it by that name, DATABASE_URL=sqlite:///{name}"
            )


def _opened_as(file: Path) -> Path | None:
    """Reads the file alone, without any journal."""
    with suppress(sqlite3.Error):  # a new file, or an error that opening it will report
        uri = f"file:{quote(str(file))}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as database:
            return _name_in(database)
    return None


def keep_name(file: Path) -> None:
    """Blocks. Writes into the file itself at once. Raises StorageError."""
    try:
        with closing(sqlite3.connect(file)) as database:
            if _name_in(database) == file:
                return
            with database:
                database.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (NAME, str(file)))
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise StorageError(f"the database cannot be used: {with_remedy(error)}") from error


def _name_in(database: sqlite3.Connection) -> Path | None:
    row = database.execute("SELECT value FROM notes WHERE key = ?", (NAME,)).fetchone()
    return Path(row[0]) if row else None
