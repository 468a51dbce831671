"""Alembic, run inside the program. Imported only when there is something to migrate: it costs 12 MB."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from bot.errors import StorageError

_MIGRATIONS = Path(__file__).parents[2] / "migrations"


def upgrade(connection: Connection, revision: str = "head") -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise StorageError(f"the database cannot be upgraded to this version: {error}. Restore a backup") from error
