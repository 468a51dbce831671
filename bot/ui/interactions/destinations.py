"""The channel or DM that songs are posted to: who may choose it, and what the bot may do there."""

from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord.app_commands import AppCommandChannel, AppCommandThread
from msgspec import Struct

from bot.client import Interaction
from bot.errors import NotAllowed, UnwatchablePlace
from bot.ui.interactions.access import guild_of, language_of, person_of
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.permissions import Missing, Postable, in_words, is_hidden, missing_in, missing_of
from bot.ui.render import actions
from bot.ui.render.payloads import ChannelPayload

Channel = AppCommandChannel | AppCommandThread


class Destination(Struct, frozen=True):
    """Where songs are posted. `guild_id` None: a DM in which the bot has just written."""

    channel_id: int
    guild_id: int | None
    locale: str
    is_private_thread: bool = False

    @property
    def mention(self) -> str:
        return f"<#{self.channel_id}>"


async def destination_of(interaction: Interaction, channel: Channel | None) -> Destination | None:
    """None for a DM. Raises UnwatchablePlace for a channel in which the person may not write."""
    guild = guild_of(interaction)
    if channel is None:
        return await here(interaction, or_default=True)
    if guild is None:
        raise UnwatchablePlace("absent")
    if not may_write(channel.permissions, channel):
        raise UnwatchablePlace("forbidden")
    return Destination(channel.id, guild.id, await _locale(interaction), _is_private_thread(channel))


async def destination_in(interaction: Interaction, channel_id: int) -> Destination:
    """A channel by its id alone, which may be forged or gone. Raises UnwatchablePlace as `destination_of` does."""
    guild = guild_of(interaction)
    channel = guild.get_channel_or_thread(channel_id) if guild else None
    if guild is None or channel is None or not isinstance(interaction.user, discord.Member):
        raise UnwatchablePlace("absent")
    if not may_write(channel.permissions_for(interaction.user), channel):
        raise UnwatchablePlace("forbidden")
    return Destination(channel.id, guild.id, await _locale(interaction), _is_private_thread(channel))


async def here(interaction: Interaction, *, or_default: bool = False) -> Destination | None:
    """The channel of the interaction, or the server's default; None for a DM, also if the person has chosen DMs."""
    guild = guild_of(interaction)
    if guild is None or person_of(interaction).direct:
        return None
    server = await interaction.client.services.preferences.server(guild.id)
    if or_default and server.channel_id and guild.get_channel_or_thread(server.channel_id):
        return Destination(server.channel_id, guild.id, await _locale(interaction))
    if not may_write(interaction.permissions, interaction.channel):
        return None
    private = _is_private_thread(interaction.channel)
    return Destination(interaction.channel_id or 0, guild.id, await _locale(interaction), private)


def _is_private_thread(channel: object) -> bool:
    return getattr(channel, "type", None) is discord.ChannelType.private_thread


def may_write(permissions: discord.Permissions, channel: object) -> bool:
    """Whether who has these permissions in a channel may write there."""
    thread = isinstance(channel, discord.Thread | AppCommandThread)
    speaking = permissions.send_messages_in_threads if thread else permissions.send_messages
    return permissions.view_channel and speaking


async def _locale(interaction: Interaction) -> str:
    """The language of posts in the server."""
    server = await interaction.client.services.preferences.server(interaction.guild_id or 0)
    return server.locale or (interaction.guild_locale or interaction.locale).value


async def limit_here(interaction: Interaction) -> int | None:
    """The server's limit of watches per person, if it has one. Raises NotAllowed without any of its required roles."""
    guild = guild_of(interaction)
    if guild is None:
        return None
    server = await interaction.client.services.preferences.server(guild.id)
    roles = {role.id for role in getattr(interaction.user, "roles", ())}
    if server.roles and not roles & set(server.roles) and not interaction.permissions.manage_guild:
        raise NotAllowed("role")
    return server.watches_per_user


async def is_paused(interaction: Interaction, destination: Destination) -> bool:
    """True if posting in the server is paused."""
    if destination.guild_id is None:
        return False
    return (await interaction.client.services.preferences.server(destination.guild_id)).paused


def missing_at(interaction: Interaction, destination: Destination) -> Sequence[Missing]:
    """From the cached channel; if Discord hides it, from the permissions that came with the interaction, if any."""
    guild = interaction.client.get_guild(destination.guild_id or 0)
    if guild is None:
        return ()
    channel = guild.get_channel_or_thread(destination.channel_id)
    if channel is None and destination.is_private_thread:
        return (Missing("view_channel", why="outside"),)
    if channel and not is_hidden(channel):
        return missing_in(channel)
    permissions = _stated_permissions(interaction, destination.channel_id)
    if permissions is not None:
        return missing_of(permissions, in_thread=channel is None)  # only threads can be missing from the cache
    return missing_in(channel) if channel else ()


def _stated_permissions(interaction: Interaction, channel_id: int) -> discord.Permissions | None:
    """The bot's own permissions that the interaction contains: for its channel, or for a channel that was chosen."""
    data: Mapping[str, Any] = dict(interaction.data or {})
    chosen = data.get("resolved", {}).get("channels", {}).get(str(channel_id), {})
    if (bits := str(chosen.get("app_permissions", ""))).isdecimal():
        return discord.Permissions(int(bits))
    return interaction.app_permissions if channel_id == interaction.channel_id else None


@on_press(actions.CHECK)
async def check_again(interaction: Interaction, payload: ChannelPayload) -> None:
    """Shows whether the bot may post there now; if it may, blocked deliveries are sent."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    try:
        text = await _checked(interaction, payload.channel_id)
    except discord.Forbidden:
        text = language_of(interaction)("check.unseen", channel=f"<#{payload.channel_id}>")
    await interaction.edit_original_response(content=text)


async def _checked(interaction: Interaction, channel_id: int) -> str:
    """The text of the answer. Raises discord.Forbidden for a channel that the bot cannot see."""
    language, channel = language_of(interaction), await _current_channel(interaction, channel_id)
    if not isinstance(channel, Postable) or not await _concerns(interaction, channel.guild):
        return language("check.gone")
    if missing := missing_in(channel):
        return language("watch.perm", channel=channel.mention, perms=in_words(missing, language))
    await interaction.client.services.watches.unblock(channel.guild.id)
    return language("check.ok", channel=channel.mention)


async def _current_channel(interaction: Interaction, channel_id: int) -> object:
    """A hidden channel is fetched: discord.py may not know that it has become visible. None: it is gone."""
    known = interaction.client.get_channel(channel_id)
    if known is not None and not (isinstance(known, Postable) and is_hidden(known)):
        return known
    try:
        return await interaction.client.fetch_channel(channel_id)
    except (discord.NotFound, discord.InvalidData):
        return None


async def _concerns(interaction: Interaction, guild: discord.Guild) -> bool:
    """True if the person is in the server: the button may be in a DM, and its custom_id may be forged."""
    if interaction.guild_id is not None:
        return interaction.guild_id == guild.id
    try:
        await guild.fetch_member(interaction.user.id)
    except discord.NotFound:
        return False
    return True
