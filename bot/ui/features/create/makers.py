"""The person who orders and the destination, from an interaction."""

import discord
from msgspec.structs import replace

from bot.client import Interaction
from bot.domain.creation import Maker
from bot.domain.order import Order
from bot.errors import UnwatchablePlace
from bot.ui.interactions.access import guild_of, locale_of, person_of
from bot.ui.interactions.destinations import Channel, Destination, destination_in, destination_of, may_write


def maker_of(interaction: Interaction) -> Maker:
    guild = guild_of(interaction)
    return Maker(
        user_id=interaction.user.id,
        guild_id=guild.id if guild else None,
        channel_ids=_around(interaction.channel_id, interaction.channel),
        roles=frozenset(role.id for role in getattr(interaction.user, "roles", ())),
        manages=guild is not None and interaction.permissions.manage_guild,
    )


async def maker_for(interaction: Interaction, order: Order) -> Maker:
    """Who presses, in the server and the channel that the order is for: its card may be in a DM, or in another channel.

    Raises UnwatchablePlace when the bot or the person has left that server, or they may not write there any more.
    """
    here = maker_of(interaction)
    if here.guild_id == order.guild_id and interaction.channel_id == order.channel_id:
        return here
    if order.guild_id is None:
        return Maker(user_id=here.user_id, guild_id=None, channel_ids=here.channel_ids)
    guild = interaction.client.get_guild(order.guild_id)
    if guild is None:
        raise UnwatchablePlace("absent")
    if here.guild_id == guild.id:
        return replace(here, channel_ids=_around(order.channel_id, guild.get_channel_or_thread(order.channel_id)))
    try:
        member = await guild.fetch_member(here.user_id)
    except discord.NotFound:
        raise UnwatchablePlace("forbidden") from None
    channel = guild.get_channel_or_thread(order.channel_id)
    if channel is not None and not may_write(channel.permissions_for(member), channel):
        raise UnwatchablePlace("forbidden")
    return Maker(
        user_id=member.id,
        guild_id=guild.id,
        channel_ids=_around(order.channel_id, channel),
        roles=frozenset(role.id for role in member.roles),
        manages=member.guild_permissions.manage_guild,
    )


def _around(channel_id: int | None, channel: object) -> tuple[int, ...]:
    """A channel, and of a thread the one that it belongs to."""
    return tuple(each for each in (channel_id, getattr(channel, "parent_id", None)) if each)


async def destination(interaction: Interaction, channel: Channel | None = None) -> Destination:
    """Where the song will be posted. Raises UnwatchablePlace if the person may not write there."""
    place = await destination_of(interaction, channel)
    if place is not None:
        return place
    if guild_of(interaction) is None:
        direct = interaction.user.dm_channel or await interaction.user.create_dm()
        return Destination(direct.id, None, locale_of(interaction))
    if not person_of(interaction).direct:
        raise UnwatchablePlace("forbidden")
    locale = (interaction.guild_locale or interaction.locale).value
    return Destination(interaction.channel_id or 0, interaction.guild_id, locale)


async def chosen_destination(interaction: Interaction, channel_id: int) -> Destination:
    """As `destination`, of a channel that was chosen before; 0: none was."""
    return await destination_in(interaction, channel_id) if channel_id else await destination(interaction)
