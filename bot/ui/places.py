"""Where songs go: the places that people name, whether they may, and what the bot may do there."""

from collections.abc import Sequence

import discord
from discord.app_commands import AppCommandChannel, AppCommandThread
from msgspec import Struct

from bot.client import Interaction
from bot.errors import NotAllowed, NotYours, UnwatchablePlace
from bot.ui.buttons import Verb, on_press
from bot.ui.permissions import Missing, Speakable, in_words, missing_in
from bot.ui.readers import person_of, reader

Channel = AppCommandChannel | AppCommandThread


class Place(Struct, frozen=True):
    """Where songs are brought. `guild_id` None: a DM, to which the bot has written just now."""

    channel_id: int
    guild_id: int | None
    locale: str

    @property
    def mention(self) -> str:
        return f"<#{self.channel_id}>"


async def place_of(interaction: Interaction, channel: Channel | None) -> Place | None:
    """None for a DM. Raises UnwatchablePlace for a channel into which the person may not write: the bot does not do
    it for them.
    """
    guild = interaction.client.get_guild(interaction.guild_id or 0)
    if channel is None:
        return await here(interaction, or_default=True)
    if guild is None:
        raise UnwatchablePlace("absent")
    if not _may_write(channel.permissions, channel):
        raise UnwatchablePlace("forbidden")
    return Place(channel.id, guild.id, await _locale(interaction))


async def here(interaction: Interaction, *, or_default: bool = False) -> Place | None:
    """Where the person is, or where the server wants songs; None for a DM: there, or as the person has set it."""
    guild = interaction.client.get_guild(interaction.guild_id or 0)
    if guild is None or person_of(interaction).direct:
        return None
    server = await interaction.client.services.stores.preferences.server(guild.id)
    if or_default and server.channel_id and guild.get_channel_or_thread(server.channel_id):
        return Place(server.channel_id, guild.id, await _locale(interaction))
    if not _may_write(interaction.permissions, interaction.channel):
        return None
    return Place(interaction.channel_id or 0, guild.id, await _locale(interaction))


def _may_write(permissions: discord.Permissions, channel: object) -> bool:
    thread = isinstance(channel, discord.Thread | AppCommandThread)
    speaking = permissions.send_messages_in_threads if thread else permissions.send_messages
    return permissions.view_channel and speaking


async def _locale(interaction: Interaction) -> str:
    """Of those who read the server's channels."""
    server = await interaction.client.services.stores.preferences.server(interaction.guild_id or 0)
    return server.locale or (interaction.guild_locale or interaction.locale).value


async def limit_here(interaction: Interaction) -> int | None:
    """Fewer watches than usual, where the server wants it. Raises NotAllowed for who has none of its roles."""
    guild = interaction.client.get_guild(interaction.guild_id or 0)
    if guild is None:
        return None
    server = await interaction.client.services.stores.preferences.server(guild.id)
    roles = {role.id for role in getattr(interaction.user, "roles", ())}
    if server.roles and not roles & set(server.roles) and not interaction.permissions.manage_guild:
        raise NotAllowed("role")
    return server.watches_per_user


async def is_held(interaction: Interaction, place: Place) -> bool:
    """Whether those who manage the server hold its posts."""
    if place.guild_id is None:
        return False
    return (await interaction.client.services.stores.preferences.server(place.guild_id)).paused


def missing_at(interaction: Interaction, place: Place) -> Sequence[Missing]:
    guild = interaction.client.get_guild(place.guild_id or 0)
    channel = guild.get_channel_or_thread(place.channel_id) if guild else None
    return missing_in(channel) if channel else ()


def read_number(text: str) -> int:
    """From a custom_id. Raises NotYours for one that was forged."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 2**63):
        raise NotYours
    return int(text)


@on_press(Verb.CHECK)
async def check_again(interaction: Interaction, channel_id: str, _number: int) -> None:
    """Whether the bot may post there now; what waited for it goes out."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    language = reader(interaction)
    channel = interaction.client.get_channel(read_number(channel_id))
    if not isinstance(channel, Speakable) or not await _is_of(interaction, channel.guild):
        text = language("check.gone")
    elif missing := missing_in(channel):
        text = language("watch.perm", channel=channel.mention, perms=in_words(missing, language))
    else:
        text = language("check.ok", channel=channel.mention)
        await interaction.client.services.watches.unblock(channel.guild.id)
    await interaction.edit_original_response(content=text)


async def _is_of(interaction: Interaction, guild: discord.Guild) -> bool:
    """Whether the server's matters are the person's: the button may be in a DM, and its custom_id may be forged."""
    if interaction.guild_id is not None:
        return interaction.guild_id == guild.id
    try:
        await guild.fetch_member(interaction.user.id)
    except discord.NotFound:
        return False
    return True
