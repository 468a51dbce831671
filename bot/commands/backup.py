"""`python -m bot backup [FILE]`."""

import asyncio
import shlex
from datetime import UTC, datetime
from pathlib import Path

from bot.config import Settings
from bot.errors import CommandFailed
from bot.storage.backup import COPIED, back_up

_WITH_PG_DUMP = """\
A PostgreSQL database is backed up by pg_dump, also while the bot runs:
  now=$(psql {database} --tuples-only --no-align --command="SELECT extract(epoch FROM now())::bigint")
  pg_dump --format=custom --file=suno-watch-$now.dump {database}
To restore it, stop the bot, then, with the number in the name of the file as `now`:
  pg_restore --clean --if-exists --dbname={database} suno-watch-$now.dump
  psql {database} --command="DELETE FROM notes WHERE key = '{copied}'; INSERT INTO notes VALUES ('{copied}', '$now')"
The last line lets the bot look in Discord for what it has sent since then, before it sends it again."""


async def backup(settings: Settings, file: Path | None) -> str:
    """Raises StorageError, and CommandFailed for PostgreSQL, which has a tool of its own."""
    database = settings.database_file
    if database is None:
        raise CommandFailed(_WITH_PG_DUMP.format(database=_without_password(settings.database_url), copied=COPIED))
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


def _without_password(url: str) -> str:
    """As the tools of PostgreSQL take it; they ask for the password."""
    scheme, _, rest = url.partition("://")
    user, at, server = rest.rpartition("@")
    return shlex.quote(f"{scheme.partition('+')[0]}://{user.partition(':')[0]}{at}{server}")
