"""The links by which people install the bot, and what it asks for there."""

import discord

from bot.ui.interactions.permissions import ASKED_FOR


def server_link(application_id: int) -> str:
    return discord.utils.oauth_url(
        application_id, permissions=ASKED_FOR, scopes=("bot", "applications.commands"), disable_guild_select=False
    )


def own_link(application_id: int) -> str:
    """Into a person's own account."""
    return f"{discord.utils.oauth_url(application_id, scopes=('applications.commands',))}&integration_type=1"
