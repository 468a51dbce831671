"""Which channels everybody may view who may view another channel: what is posted there must not tell of others."""

from collections.abc import Sequence
from typing import Any

import discord

from bot.domain.library import ChannelGroup
from bot.ui.interactions.permissions import has_voice, is_hidden

_NEEDED = ("view_channel", "read_message_history")  # to find songs and open their posts


Place = discord.abc.GuildChannel | discord.Thread


def viewable_by_readers(place: Place, groups: Sequence[ChannelGroup]) -> list[ChannelGroup]:
    """The groups that all readers of that channel may view. What is not known counts as no."""
    channel = place.parent if isinstance(place, discord.Thread) else place
    if channel is None or is_hidden(channel):
        return []
    return [each for each in groups if each.channel_id == place.id or _may_view(place.guild, channel, each)]


def _may_view(guild: discord.Guild, readers_of: discord.abc.GuildChannel, group: ChannelGroup) -> bool:
    if group.guild_id != guild.id or group.channel_id:  # a private thread, or one of which nothing more is known
        return False
    channel = guild.get_channel(group.parent_id)
    if channel is None or is_hidden(channel):
        return False
    return channel == readers_of or _is_open_to_all(channel) or _is_as_open(channel, readers_of)


def _is_open_to_all(channel: discord.abc.GuildChannel) -> bool:
    """Everybody in the server may view it."""
    names = (*_NEEDED, "connect") if has_voice(channel) else _NEEDED
    everyone = channel.permissions_for(channel.guild.default_role)
    denied = any(getattr(each, name) is False for each in _overwrites(channel).values() for name in names)
    return not denied and all(getattr(everyone, name) for name in names)


def _is_as_open(channel: discord.abc.GuildChannel, other: discord.abc.GuildChannel) -> bool:
    """Nobody is denied in it what the other one does not deny them, as with two channels of a category.

    Whom each overwrite concerns need not be known: one that allows more never takes anything away.
    """
    if has_voice(channel):
        return False
    here, there = _overwrites(channel), _overwrites(other)
    nothing = discord.PermissionOverwrite()
    return all(
        _rank(here.get(target, nothing), name) >= _rank(there.get(target, nothing), name)
        for target in here.keys() | there.keys()
        for name in _NEEDED
    )


def _overwrites(channel: discord.abc.GuildChannel) -> dict[int, discord.PermissionOverwrite]:
    return {target.id: overwrite for target, overwrite in channel.overwrites.items()}


def _rank(overwrite: discord.PermissionOverwrite, name: str) -> int:
    value: Any = getattr(overwrite, name)
    return {False: 0, None: 1, True: 2}[value]
