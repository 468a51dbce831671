"""The links that install the bot, with the permissions they request."""

import discord

from bot.ui.interactions.permissions import REQUESTED_PERMISSIONS


def server_link(application_id: int) -> str:
    return discord.utils.oauth_url(
        application_id,
        permissions=REQUESTED_PERMISSIONS,
        scopes=("bot", "applications.commands"),
        disable_guild_select=False,
    )


def own_link(application_id: int) -> str:
    """Installs it to a person's own account."""
    return f"{discord.utils.oauth_url(application_id, scopes=('applications.commands',))}&integration_type=1"
