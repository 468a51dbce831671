"""`python -m bot backup [FILE]`."""

import asyncio
import shlex
from datetime import UTC, datetime
from pathlib import Path

from bot.config import Settings
from bot.storage.backup import back_up


async def backup(settings: Settings, file: Path | None) -> str:
    """Raises StorageError."""
    database = settings.database_file
    done = await asyncio.to_thread(lambda: back_up(database, _named(file or database.parent, database)))
    where, there = shlex.quote(str(done.file)), shlex.quote(str(database))
    return (
        f"{done.file}: {done.size:,} bytes, revision {done.revision}, checked\n"
        "To restore it, stop the bot, then:\n"
        f"  rm -f {there}-wal {there}-shm && cp {where} {there}"
    )


def _named(file: Path, database: Path) -> Path:
    """The file; in a folder, a name with the date and time."""
    return file / f"{database.stem}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db" if file.is_dir() else file
