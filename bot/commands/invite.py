"""`python -m bot invite`."""

from bot.commands.connection import logged_in
from bot.config import Settings
from bot.ui.interactions.invites import own_link, server_link
from bot.ui.interactions.permissions import REQUESTED_PERMISSIONS


async def invite(settings: Settings) -> str:
    """Raises DiscordUnreachable, or discord.LoginFailure for a refused token."""
    async with logged_in(settings.discord_token.get_secret_value()) as bot:
        application = await bot.application_info()
    return (
        f"Into a server, with the permissions {REQUESTED_PERMISSIONS.value}:\n  {server_link(application.id)}\n"
        f"Into your own account:\n  {own_link(application.id)}"
    )
