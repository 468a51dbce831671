"""`python -m bot forget-user ID`."""

from bot.config import Settings
from bot.errors import DatabaseInUse, StorageError
from bot.storage.database import is_new, open_with_clock
from bot.storage.preferences import PreferenceStore


async def forget_user(settings: Settings, user_id: int) -> str:
    """Deletes the same as the button in /suno settings. Raises StorageError."""
    if await is_new(settings.database_url):
        raise StorageError(f"there is no database at {settings.database_name} yet: nothing is kept about anybody")
    try:
        async with open_with_clock(settings.database_url) as database:
            erased = await PreferenceStore(database.engine).forget(user_id, database.now())
    except DatabaseInUse:
        raise StorageError(
            "the bot is running: stop it first, or have the person press Delete my data in /suno settings"
        ) from None
    return (
        f"Of user {user_id} this was deleted:\n"
        f"  open watches, also joined ones: {erased.watches}\n"
        f"  rows of history and lists: {erased.lookups + erased.lists}\n"
        f"  songs in the library: {erased.songs}\n"
        "  stars, settings, and mentions in watches of others\n"
        "Posts that are in Discord stay there."
    )
