"""`python -m bot move DATABASE_URL`: all that is stored, into a new database of either kind."""

import asyncio

from pydantic import TypeAdapter, ValidationError

from bot.config import Settings
from bot.errors import CommandFailed, DatabaseInUse
from bot.setting_values import DatabaseUrl
from bot.storage.database import is_new, is_shared, open_database, open_with_clock
from bot.storage.move import move as move_rows

_LOOKS, _PAUSE = 5, 0.5  # seconds


async def move(settings: Settings, url: str) -> str:
    """From the database of the settings. Raises StorageError, CommandFailed."""
    target = _validated(url)
    if target == settings.database_url:
        raise CommandFailed("That is the database of DATABASE_URL already: name the new one.")
    if await is_new(settings.database_url):
        raise CommandFailed(f"There is no database at {settings.database_name} yet, and nothing to move.")
    for each in (settings.database_url, target):
        await _refuse_if_shared(each)
    try:
        async with open_with_clock(settings.database_url) as old, open_database(target, moving=True) as new:
            moved = await move_rows(old.engine, new, old.now)
    except DatabaseInUse:
        raise CommandFailed("A bot is running on one of the two databases: stop it first.") from None
    return (
        f"{moved.rows:,} rows were moved and compared, checksum {moved.checksum}.\n"
        "Set DATABASE_URL to the new database before the bot starts again.\n"
        f"Keep the old one, {settings.database_name}, until all is well, but start no bot on it."
    )


async def _refuse_if_shared(url: str) -> None:
    """A standby would begin to lead on the old database as soon as it is let go."""
    for _ in range(_LOOKS):
        if not await is_shared(url):
            return
        await asyncio.sleep(_PAUSE)  # the server may not have noticed yet that a connection was closed
    raise CommandFailed(
        "A bot, or another command of it, is connected to one of the two databases: stop all of them first, also "
        "standbys on other machines."
    )


def _validated(url: str) -> str:
    try:
        return TypeAdapter(DatabaseUrl).validate_python(url)
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise CommandFailed(f"This is no address of a database: {said}.") from None
