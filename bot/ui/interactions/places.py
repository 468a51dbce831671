"""Where messages with songs are, and who may view them: asked anew each time, since roles and channels change."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

import discord
from msgspec.structs import replace

from bot.client import UNANSWERED, Interaction, SunoBot
from bot.domain.library import ChannelGroup, PastPost, PostedAt
from bot.ui.interactions.permissions import has_voice, is_hidden

_SERVERS = 10  # beside the one that somebody is in: each costs a request
_SUGGESTED_SERVERS = 3  # the same, while somebody is typing
_REQUESTS = 5  # for threads of a server that are not in discord.py's cache, or are private

log = logging.getLogger(__name__)

_Channel = discord.abc.GuildChannel | discord.Thread


def place_in(guild: discord.Guild | None, channel_id: int, message_id: int) -> PostedAt:
    """Of a post in a server. A message in a forum is a thread with the message's id."""
    channel = guild.get_channel_or_thread(channel_id) if guild else None
    guild_id = guild.id if guild else 0
    if isinstance(channel, discord.ForumChannel):
        return PostedAt(guild_id=guild_id, channel_id=message_id, parent_id=channel.id, message_id=message_id)
    return PostedAt(
        guild_id=guild_id,
        channel_id=channel_id,
        parent_id=_parent_id(channel),
        restricted=isinstance(channel, discord.Thread) and channel.is_private(),
        message_id=message_id,
    )


async def place_of_past(bot: SunoBot, post: PastPost) -> PostedAt | None:
    """Of an earlier post; archived threads are in no cache. None: nobody can be shown it, since its channel is gone or
    hidden from the bot, or the bot has left the server.
    """
    if not post.guild_id:
        return PostedAt(channel_id=post.channel_id, parent_id=0, message_id=post.message_id, owner_id=post.user_id)
    guild = bot.get_guild(post.guild_id)
    if guild is None:
        return None
    place = place_in(guild, post.channel_id, post.message_id)
    if place.parent_id:
        return place
    try:
        channel = await _fetched(bot, post.channel_id)
    except (discord.NotFound, discord.Forbidden):
        return None
    restricted = isinstance(channel, discord.Thread) and channel.is_private()
    return replace(place, parent_id=_parent_id(channel), restricted=restricted)


def _parent_id(channel: _Channel | None) -> int:
    if channel is None:
        return 0
    return channel.parent_id if isinstance(channel, discord.Thread) else channel.id


async def viewable(interaction: Interaction, groups: Sequence[ChannelGroup], *, ask: bool = True) -> list[ChannelGroup]:
    """The groups of channels that the person may view and read now. What Discord does not say counts as no.

    Unless `ask`, as for suggestions, it is not asked about threads that are not in memory, and about fewer servers.
    """
    by_guild: defaultdict[int, list[ChannelGroup]] = defaultdict(list)
    for group in groups:
        by_guild[group.guild_id].append(group)
    here = interaction.guild_id or 0
    known = [each for each in by_guild if interaction.client.get_guild(each)]
    near = sorted(known, key=lambda guild_id: guild_id != here)[: 1 + (_SERVERS if ask else _SUGGESTED_SERVERS)]
    found = await asyncio.gather(*(_viewable_in(interaction, each, by_guild[each], ask=ask) for each in near))
    return [group for each in found for group in each]


async def _viewable_in(
    interaction: Interaction, guild_id: int, groups: Sequence[ChannelGroup], *, ask: bool
) -> list[ChannelGroup]:
    guild = interaction.client.get_guild(guild_id)
    member = await _member(interaction, guild, ask=ask) if guild else None
    if guild is None or member is None:
        return []
    viewer = _Viewer(interaction, guild, member, requests=_REQUESTS if ask else 0)
    answers = await asyncio.gather(*map(viewer.may_view, groups))
    return [group for group, may in zip(groups, answers, strict=True) if may]


class _Viewer:
    """A person in one server; Discord is asked so many times at most."""

    def __init__(self, interaction: Interaction, guild: discord.Guild, member: discord.Member, requests: int) -> None:
        self._bot = interaction.client
        self._here = interaction.channel_id
        self._may_read_here = interaction.permissions.read_message_history
        self._guild = guild
        self._member = member
        self._requests = requests

    async def may_view(self, group: ChannelGroup) -> bool:
        if group.channel_id and group.channel_id == self._here:
            return self._may_read_here
        channel: _Channel | None = self._guild.get_channel_or_thread(group.channel_id or group.parent_id)
        if channel is None and group.channel_id and self._may_ask():
            with suppress(discord.NotFound, discord.Forbidden):
                channel = await _fetched(self._bot, group.channel_id)
        if isinstance(channel, discord.Thread):
            return await self._may_view_thread(channel)
        return channel is not None and _may_read(channel, self._member)

    async def _may_view_thread(self, thread: discord.Thread) -> bool:
        if thread.parent is None or not _may_read(thread.parent, self._member):
            return False
        if not thread.is_private() or thread.parent.permissions_for(self._member).manage_threads:
            return True
        return self._may_ask() and await _is_in(thread, self._member)

    def _may_ask(self) -> bool:
        self._requests -= 1
        return self._requests >= 0


def _may_read(channel: discord.abc.GuildChannel, member: discord.Member) -> bool:
    """Of a channel that is hidden from the bot it is not known who may view it."""
    if is_hidden(channel):
        return False
    permissions = channel.permissions_for(member)
    may_connect = permissions.connect or not has_voice(channel)
    return permissions.view_channel and permissions.read_message_history and may_connect


async def _member(interaction: Interaction, guild: discord.Guild, *, ask: bool) -> discord.Member | None:
    """With the roles that the person has now; unless `ask`, or had some seconds ago."""
    if guild.id == interaction.guild_id and isinstance(interaction.user, discord.Member):
        return interaction.user
    if not ask:
        return await interaction.client.services.access.recent_member(guild, interaction.user.id)
    try:
        return await guild.fetch_member(interaction.user.id)
    except discord.NotFound:
        return None
    except UNANSWERED as error:
        log.warning("Discord does not say whether somebody is in server %d: %s", guild.id, error)
        return None


async def _fetched(bot: SunoBot, channel_id: int) -> _Channel | None:
    """None: Discord does not say. Raises discord.NotFound and discord.Forbidden."""
    try:
        channel = await bot.fetch_channel(channel_id)
    except (discord.NotFound, discord.Forbidden):
        raise
    except UNANSWERED as error:
        log.info("channel %d cannot be looked up: %s", channel_id, error)
        return None
    return channel if isinstance(channel, discord.abc.GuildChannel | discord.Thread) else None


async def _is_in(thread: discord.Thread, member: discord.Member) -> bool:
    try:
        await thread.fetch_member(member.id)
    except UNANSWERED:
        return False
    return True
