"""Playlists are made, filled and deleted, by command and from a song."""

from typing import Any

import discord

from bot.client import Interaction
from bot.domain.library import Song
from bot.domain.playlists import LONGEST_NAME, Playlist
from bot.errors import PlaylistRefused
from bot.ui.features.playlists.choices import choice_name, song_named, typed_song
from bot.ui.features.playlists.rights import by_id, changeable, guild_id_of, may_change_servers, named
from bot.ui.interactions.access import language_of
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.forms import Form
from bot.ui.interactions.library_search import song_for
from bot.ui.render import actions
from bot.ui.render.components import PlaylistMenu, button
from bot.ui.render.locales import Language
from bot.ui.render.payloads import LibrarySongPayload, PlaylistSongPayload
from bot.ui.render.text import one_line, plain_line

_OFFERED = 25  # options of a select
_TITLE = 80  # characters


async def create(interaction: Interaction, name: str, *, of_server: bool) -> None:
    playlist = await _created(interaction, name, of_server=of_server)
    await _say(interaction, "created_here" if of_server else "created", playlist)


async def _created(interaction: Interaction, name: str, *, of_server: bool = False) -> Playlist:
    """Raises PlaylistRefused."""
    user_id, guild_id = interaction.user.id, guild_id_of(interaction)
    if not of_server:
        return await interaction.client.services.playlists.create(
            Playlist(owner_id=user_id, user_id=user_id, name=name)
        )
    if not guild_id:
        raise PlaylistRefused("servers")
    if not await may_change_servers(interaction):
        raise PlaylistRefused("managers")
    return await interaction.client.services.playlists.create(Playlist(guild_id=guild_id, user_id=user_id, name=name))


async def add(interaction: Interaction, name: str, song: str) -> None:
    playlist = await changeable(interaction, await named(interaction, name))
    await _add(interaction, playlist, await song_named(interaction, song))


async def _add(interaction: Interaction, playlist: Playlist, song: Song) -> None:
    await interaction.client.services.playlists.add(playlist, song, interaction.user.id)
    await _say(interaction, "added", playlist, song)


async def remove(interaction: Interaction, name: str, song: str) -> None:
    """Also a song that is no longer in the library, by its id."""
    playlist = await changeable(interaction, await named(interaction, name))
    task_id, number = await typed_song(interaction, song)
    if not task_id or not number:
        found = await song_named(interaction, song)
        task_id, number = found.task_id, found.number
    await interaction.client.services.playlists.remove(playlist, (task_id, number))
    await _say(interaction, "removed", playlist)


async def delete(interaction: Interaction, name: str) -> None:
    playlist = await changeable(interaction, await named(interaction, name), deleting=True)
    await interaction.client.services.playlists.delete(playlist)
    await _say(interaction, "deleted", playlist)


async def _say(interaction: Interaction, key: str, playlist: Playlist, song: Song | None = None) -> None:
    language = language_of(interaction)
    title = one_line(song.title, _TITLE) or language("card.untitled") if song else ""
    text = language(f"playlist.{key}", name=one_line(playlist.name, 2 * LONGEST_NAME), title=title)
    await interaction.edit_original_response(content=text, view=None)


@on_press(actions.LIBRARY_ADD)
async def choose(interaction: Interaction, payload: LibrarySongPayload) -> None:
    """Offers the playlists to which the person may add that song."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    song, language = (await song_for(interaction, payload.song_id)).song, language_of(interaction)
    of_server = await may_change_servers(interaction)
    offered = await interaction.client.services.playlists.offered(
        interaction.user.id, guild_id_of(interaction) if of_server else 0, "", _OFFERED
    )
    title = one_line(song.title, _TITLE) or language("card.untitled")
    text = language("playlist.choose" if offered else "playlist.choose_new", title=title)
    await interaction.edit_original_response(content=text, view=_choice(song, offered, language))


def _choice(song: Song, offered: list[Playlist], language: Language) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    if offered:
        options = [discord.SelectOption(label=choice_name(each, language), value=str(each.id)) for each in offered]
        placeholder = plain_line(language("playlist.placeholder"), 150)
        select: discord.ui.Select[Any] = discord.ui.Select(placeholder=placeholder, options=options)
        view.add_item(PlaylistMenu(select, str(song.id)))
    return view.add_item(button(actions.PLAYLIST_NEW, LibrarySongPayload(song.id), language))


@on_press(actions.PLAYLIST_ADD)
async def add_chosen(interaction: Interaction, payload: PlaylistSongPayload) -> None:
    await interaction.response.defer()
    playlist = await changeable(interaction, await by_id(interaction, payload.playlist_id))
    await _add(interaction, playlist, (await song_for(interaction, payload.song_id)).song)


class NameForm(Form):
    """The name of a new playlist, which a song is then added to."""

    def __init__(self, language: Language, song_id: int) -> None:
        super().__init__(language("playlist.new_title"))
        self._song_id = song_id
        self._name: discord.ui.TextInput[Any] = discord.ui.TextInput(max_length=LONGEST_NAME)
        self.add_item(discord.ui.Label(text=language("playlist.new_label"), component=self._name))

    async def handle_submit(self, interaction: Interaction) -> None:
        await interaction.response.defer()
        song = (await song_for(interaction, self._song_id)).song
        await _add(interaction, await _created(interaction, self._name.value), song)


@on_press(actions.PLAYLIST_NEW)
async def ask_name(interaction: Interaction, payload: LibrarySongPayload) -> None:
    await interaction.response.send_modal(NameForm(language_of(interaction), payload.song_id))
