"""Alembic, run inside the program. Imported only when there is something to migrate: it costs 12 MB."""

from pathlib import Path
from secrets import token_hex

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, insert

from bot.errors import StorageError
from bot.storage.ledger import KEY as LEDGER_KEY
from bot.storage.schema import key_values, metadata

_MIGRATIONS = Path(__file__).parents[2] / "migrations"


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Raises StorageError."""
    try:
        command.upgrade(_config(connection), revision)
    except CommandError as error:
        raise StorageError(f"the database cannot be upgraded to this version: {error}. Restore a backup") from error


def create(connection: Connection) -> None:
    """A new database on PostgreSQL, as the newest migration leaves it: it has no history to replay, and the oldest
    migrations are written for SQLite alone.
    """
    metadata.create_all(connection)
    connection.execute(insert(key_values).values(key=LEDGER_KEY, value=token_hex(32)))
    command.stamp(_config(connection), "head")


def usable_from(revision: str) -> str:
    """The oldest revision whose programs can work on a database of this one: each later migration only adds to it."""
    scripts = ScriptDirectory(str(_MIGRATIONS))
    while getattr((script := scripts.get_revision(revision)).module, "additive", False):
        revision = str(script.down_revision)
    return revision


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config
