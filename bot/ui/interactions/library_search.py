"""Who looks for what in the library, from an interaction."""

from collections.abc import Collection, Sequence
from functools import partial

import discord

from bot.client import Interaction
from bot.domain.library import ChannelGroup, FoundSong, Scope, Song, SongQuery
from bot.errors import NotInLibrary
from bot.services.library.service import Viewable
from bot.ui.interactions.access import guild_of
from bot.ui.interactions.places import viewable
from bot.ui.render.text import clean, plain_line

_SUGGESTED = 25  # as many as Discord shows
_MAX_CHOICE = 100  # characters of a choice


def query_of(interaction: Interaction, scope: Scope, find: str = "", by: int = 0) -> SongQuery:
    guild = guild_of(interaction)
    return SongQuery(
        user_id=interaction.user.id,
        scope=scope,
        find=find,
        by=by,
        guild_id=guild.id if guild else 0,
        channel_id=interaction.channel_id or 0,
    )


def viewable_by(interaction: Interaction, *, ask: bool = True) -> Viewable:
    """`ask`: Discord may be asked for all that is not in memory; else only for roles in a few servers."""

    async def of(groups: Sequence[ChannelGroup]) -> Collection[ChannelGroup]:
        return await viewable(interaction, groups, ask=ask)

    return of


async def song_for(interaction: Interaction, song_id: int) -> FoundSong:
    """Raises NotInLibrary also for a song that the person may not find: its number may be forged."""
    library = interaction.client.services.library
    found = await library.song(song_id, interaction.user.id, viewable_by(interaction))
    if found is None:
        raise NotInLibrary
    return found


async def suggested_songs(interaction: Interaction, typed: str) -> list[Song]:
    """Offered while an id is typed: songs of the server, in a DM one's own in a few servers."""
    scope = Scope.SERVER if guild_of(interaction) else Scope.MINE
    find = partial(interaction.client.services.library.find, limit=_SUGGESTED)
    found = await find(query_of(interaction, scope, typed), viewable_by(interaction, ask=False))
    return [each.song for each in found.songs]


def song_choice(song: Song) -> discord.app_commands.Choice[str]:
    """Its value is the task with the song's number in it."""
    title = clean(song.title) or song.task_id
    numbered = f"{title} ({song.number})" if song.number > 1 else title
    name = plain_line(f"{numbered} · {clean(song.style)}" if song.style else numbered, _MAX_CHOICE)
    return discord.app_commands.Choice(name=name, value=f"{song.task_id}#{song.number}")
