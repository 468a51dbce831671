"""Who may see, change and delete a playlist: asked anew at each command and press."""

import discord

from bot.client import Interaction
from bot.domain.playlists import Playlist
from bot.errors import PlaylistRefused
from bot.services.playlists import may_change, may_delete


def server_of(interaction: Interaction) -> discord.Guild | None:
    """The server that it is seen in, if the bot is there."""
    return interaction.client.get_guild(interaction.guild_id or 0)


def guild_id_of(interaction: Interaction) -> int:
    """0: in none that the bot is in."""
    guild = server_of(interaction)
    return guild.id if guild else 0


async def named(interaction: Interaction, text: str) -> Playlist:
    """Raises PlaylistRefused."""
    return await interaction.client.services.playlists.named(interaction.user.id, guild_id_of(interaction), text)


async def by_id(interaction: Interaction, playlist_id: int) -> Playlist:
    """Raises PlaylistRefused: the number may be forged."""
    return await interaction.client.services.playlists.get(playlist_id, interaction.user.id, guild_id_of(interaction))


async def changeable(interaction: Interaction, playlist: Playlist, *, deleting: bool = False) -> Playlist:
    """The same. Raises PlaylistRefused for those who may not change it, or delete it."""
    here = playlist.guild_id != 0 and playlist.guild_id == guild_id_of(interaction)
    manages = here and interaction.permissions.manage_guild
    is_open = here and await is_open_to_all(interaction)
    may = (may_delete if deleting else may_change)(playlist, interaction.user.id, manages=manages, is_open=is_open)
    if not may:
        raise PlaylistRefused("managers")
    return playlist


async def is_open_to_all(interaction: Interaction) -> bool:
    """Whether everyone may change the playlists of this server."""
    return (await interaction.client.services.preferences.server(guild_id_of(interaction))).open_playlists


async def may_change_servers(interaction: Interaction) -> bool:
    """Whether the person may change the playlists of this server."""
    if server_of(interaction) is None:
        return False
    return interaction.permissions.manage_guild or await is_open_to_all(interaction)
