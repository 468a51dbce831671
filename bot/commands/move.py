"""`python -m bot move DATABASE_URL`: all that is stored, into a new database of either kind."""

from pydantic import TypeAdapter, ValidationError

from bot.config import Settings
from bot.errors import CommandFailed, DatabaseInUse
from bot.setting_values import DatabaseUrl
from bot.storage.database import is_new, open_database
from bot.storage.move import move as move_rows


async def move(settings: Settings, url: str) -> str:
    """From the database of the settings. Raises StorageError, CommandFailed."""
    target = _validated(url)
    if target == settings.database_url:
        raise CommandFailed("That is the database of DATABASE_URL already: name the new one.")
    if await is_new(settings.database_url):
        raise CommandFailed(f"There is no database at {settings.database_name} yet, and nothing to move.")
    try:
        async with open_database(settings.database_url) as source, open_database(target, moving=True) as new:
            moved = await move_rows(source, new)
    except DatabaseInUse:
        raise CommandFailed("A bot is running on one of the two databases: stop it first.") from None
    return (
        f"{moved.rows:,} rows were moved and compared, checksum {moved.checksum}.\n"
        "Set DATABASE_URL to the new database before the bot starts again.\n"
        f"Keep the old one, {settings.database_name}, until all is well, but start no bot on it."
    )


def _validated(url: str) -> str:
    try:
        return TypeAdapter(DatabaseUrl).validate_python(url)
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise CommandFailed(f"This is no address of a database: {said}.") from None
