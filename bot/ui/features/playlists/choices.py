"""What is offered while the options of /suno playlist are typed, and what was typed means."""

import discord

from bot.client import Interaction
from bot.domain.library import Song
from bot.domain.playlists import Playlist, reference
from bot.errors import InvalidTaskId, PlaylistRefused
from bot.ui.features.playlists.rights import guild_id_of, named
from bot.ui.interactions.access import language_of
from bot.ui.interactions.library_search import song_choice, suggested_songs, viewable_by
from bot.ui.interactions.typed_ids import one_id
from bot.ui.render.locales import Language
from bot.ui.render.text import plain_line

_CHOICES = 25  # that Discord shows
_LONGEST = 100  # characters of a choice
_DIGITS = 2  # of a song's number in its task

Choice = discord.app_commands.Choice[str]


async def playlists_to_choose(interaction: Interaction, typed: str) -> list[Choice]:
    playlists, language = interaction.client.services.playlists, language_of(interaction)
    found = await playlists.offered(interaction.user.id, guild_id_of(interaction), typed, _CHOICES)
    return [discord.app_commands.Choice(name=choice_name(each, language), value=reference(each.id)) for each in found]


def choice_name(playlist: Playlist, language: Language) -> str:
    whose = language("scope.this_server" if playlist.guild_id else "scope.mine")
    return plain_line(f"{playlist.name} · {whose}", _LONGEST)


async def songs_to_choose(interaction: Interaction, typed: str) -> list[Choice]:
    """Songs of the library."""
    return [song_choice(each) for each in await suggested_songs(interaction, typed)]


async def listed_songs_to_choose(interaction: Interaction, typed: str) -> list[Choice]:
    """Songs of the playlist that was typed before."""
    try:
        playlist = await named(interaction, str(getattr(interaction.namespace, "name", "") or ""))
    except PlaylistRefused:
        return []
    viewable = viewable_by(interaction, ask=False)
    found = await interaction.client.services.playlists.songs(playlist, interaction.user.id, viewable)
    wanted = typed.strip().casefold()
    songs = [each.song for each in found.songs if wanted in f"{each.song.title} {each.song.task_id}".casefold()]
    return [song_choice(each) for each in songs[:_CHOICES]]


async def song_named(interaction: Interaction, text: str) -> Song:
    """As it is offered, an id or a link, or words that only one song has. Raises PlaylistRefused."""
    task_id, number = await typed_song(interaction, text)
    library = interaction.client.services.library
    song = await library.named(task_id, number, interaction.user.id, viewable_by(interaction)) if task_id else None
    if song is None:
        offered = await suggested_songs(interaction, text)
        song = offered[0] if len(offered) == 1 else None
    if song is None:
        raise PlaylistRefused("no_song")
    return song


async def typed_song(interaction: Interaction, text: str) -> tuple[str, int]:
    """A task, empty if what was typed names none, and the number of a song in it, 0: any."""
    begin, _, number = text.strip().rpartition("#")
    if begin and number.isascii() and number.isdigit() and len(number) <= _DIGITS:
        return begin, int(number)
    try:
        return await one_id(interaction.client.services, text), 0
    except InvalidTaskId:
        return "", 0
