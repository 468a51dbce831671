"""Checks a PostgreSQL server: reachable, and the database as this program leaves it. Writes nothing."""

from datetime import timedelta

from sqlalchemy import text

from bot.commands.doctor.findings import Finding, ok, problem, warning
from bot.commands.name import program_name
from bot.config import Settings
from bot.errors import StorageError
from bot.storage.database import open_read_only, revision_of
from bot.storage.lease import last_lease
from bot.storage.remedies import encoding_fault, errors_in_words
from bot.storage.schema import REVISION

_SUBJECT = "database"
_LEADER = "leader"
_OLDEST = 13  # that PostgreSQL itself still maintained when this was written
_FACTS = text(
    "SELECT current_setting('server_version'), current_setting('server_encoding'),"
    " has_schema_privilege(current_schema(), 'CREATE'), current_setting('fsync')"
)


async def check_server(settings: Settings) -> list[Finding]:
    try:
        return [*await _server(settings), await _database(settings), await _leader(settings)]
    except StorageError as error:
        return [problem(_SUBJECT, f"{settings.database_name}: {error}.")]


async def _server(settings: Settings) -> list[Finding]:
    """Raises StorageError."""
    with errors_in_words():
        async with open_read_only(settings.database_url) as engine, engine.connect() as connection:
            version, encoding, may_create, fsync = (await connection.execute(_FACTS)).one()
    number = version.split()[0]
    found = [ok("database server", f"PostgreSQL {number} answers")]
    if int(number.split(".")[0]) < _OLDEST:
        found = [problem("database server", f"PostgreSQL {number} is too old: the bot needs {_OLDEST} or newer.")]
    if fault := encoding_fault(encoding):
        found.append(problem(_SUBJECT, fault))
    if not may_create:
        grant = "As its owner: GRANT CREATE ON SCHEMA public TO the bot's user"
        found.append(problem(_SUBJECT, f"this user may not make tables there. {grant}"))
    if fsync == "off":
        found.append(warning("database server", "fsync is off: a power cut may destroy the database."))
    return found


async def _database(settings: Settings) -> Finding:
    """Raises StorageError."""
    revision = await revision_of(settings.database_url, newer=True)
    if revision is None:
        return ok(_SUBJECT, f"{settings.database_name} is empty; the first run makes its tables")
    if revision < REVISION:
        missing = f"it has revision {revision}, not {REVISION}"
        return warning(_SUBJECT, f"{missing}. Start the bot, or: {program_name()} migrate")
    if revision > REVISION:
        newer = (
            f"it has revision {revision}, of a newer bot; this program can still lead on it, but its commands cannot"
        )
        return warning(_SUBJECT, f"{newer}. Install the newer bot here, too.")
    return ok(_SUBJECT, f"{settings.database_name} has revision {revision}, that of this program")


async def _leader(settings: Settings) -> Finding:
    """Raises StorageError."""
    with errors_in_words():
        async with open_read_only(settings.database_url) as engine, engine.connect() as connection:
            lease = await last_lease(connection)
    if lease is None:
        return ok(_LEADER, "no bot has run on the database yet")
    if lease.remaining > 0:
        return ok(_LEADER, f"{lease.name} leads, for {_duration(lease.age)} now")
    return ok(_LEADER, f"nobody leads; {lease.name} did until {_duration(-lease.remaining)} ago")


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
