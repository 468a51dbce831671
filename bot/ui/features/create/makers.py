"""The person who orders and the destination, from an interaction."""

import discord

from bot.client import Interaction
from bot.domain.creation import Maker
from bot.errors import NotYours, UnwatchablePlace
from bot.ui.interactions.access import locale_of, person_of
from bot.ui.interactions.destinations import Channel, Destination, destination_in, destination_of


def maker_of(interaction: Interaction) -> Maker:
    guild = interaction.client.get_guild(interaction.guild_id or 0)
    around = (interaction.channel_id, getattr(interaction.channel, "parent_id", None))
    return Maker(
        user_id=interaction.user.id,
        guild_id=guild.id if guild else None,
        channel_ids=tuple(each for each in around if each),
        roles=frozenset(role.id for role in getattr(interaction.user, "roles", ())),
        manages=guild is not None and interaction.permissions.manage_guild,
    )


async def destination(interaction: Interaction, channel: Channel | None = None) -> Destination:
    """Where the song will be posted. Raises UnwatchablePlace if the person may not write there."""
    place = await destination_of(interaction, channel)
    if place is not None:
        return place
    if interaction.client.get_guild(interaction.guild_id or 0) is None:
        direct = interaction.user.dm_channel or await interaction.user.create_dm()
        return Destination(direct.id, None, locale_of(interaction))
    if not person_of(interaction).direct:
        raise UnwatchablePlace("forbidden")
    locale = (interaction.guild_locale or interaction.locale).value
    return Destination(interaction.channel_id or 0, interaction.guild_id, locale)


async def chosen_destination(interaction: Interaction, channel_id: int) -> Destination:
    """As `destination`, of a channel that was chosen before; 0: none was."""
    return await destination_in(interaction, channel_id) if channel_id else await destination(interaction)


def managed_guild(interaction: Interaction) -> discord.Guild:
    """Raises NotYours for people who do not manage the server: anyone who sees a button can press it."""
    guild = interaction.client.get_guild(interaction.guild_id or 0)
    if guild is None or not interaction.permissions.manage_guild:
        raise NotYours
    return guild
