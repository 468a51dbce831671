"""A playlist, page by page, as each person may view its songs; as a post, and as files."""

from collections.abc import Collection, Sequence
from functools import partial

import discord

from bot.client import Interaction
from bot.domain.library import ChannelGroup, FoundSong, FoundSongs
from bot.domain.playlists import LONGEST_NAME, MAX_OF_PERSON, MAX_OF_SERVER, Playlist
from bot.errors import PlaylistRefused
from bot.gateways.file_names import words_of
from bot.ui.features.library.archive import send_songs
from bot.ui.features.playlists.rights import by_id, guild_id_of, named, server_of
from bot.ui.interactions.access import language_of
from bot.ui.interactions.audience import viewable_by_readers
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.library_search import viewable_by
from bot.ui.interactions.replies import send_list, show_list
from bot.ui.render import actions
from bot.ui.render.components import button, page_buttons
from bot.ui.render.locales import Language, language_for
from bot.ui.render.payloads import PagePayload
from bot.ui.render.song_list import PAGE, song_row
from bot.ui.render.text import one_line

_ALL = "all"  # in the custom_id of a page of the overview


async def show(interaction: Interaction, name: str | None) -> None:
    """To the person alone; without a name all playlists that they may see."""
    if name:
        await _show(interaction, await named(interaction, name), 0)
    else:
        await _show_all(interaction, 0)


@on_press(actions.PLAYLISTS_PAGE)
async def turn_overview(interaction: Interaction, payload: PagePayload) -> None:
    await interaction.response.defer()
    await _show_all(interaction, payload.page)


async def _show_all(interaction: Interaction, page: int) -> None:
    playlists, language = interaction.client.services.playlists, language_of(interaction)
    most = MAX_OF_PERSON + MAX_OF_SERVER
    found = await playlists.offered(interaction.user.id, guild_id_of(interaction), "", most)
    page = min(page, max(0, -(-len(found) // PAGE) - 1))
    listed = found[page * PAGE :][:PAGE]
    counts = await playlists.counts(listed, interaction.user.id, viewable_by(interaction))
    rows = list(zip(listed, counts, strict=True))
    await show_list(interaction, partial(_overview, rows, len(found), page, language))


def _overview(
    rows: Sequence[tuple[Playlist, int]], count: int, page: int, language: Language, *, titled: bool
) -> discord.ui.LayoutView:
    view = discord.ui.LayoutView(timeout=None)
    heading = f"## 🎶 {language('playlist.all', n=count)}" if count else language("playlist.none")
    view.add_item(discord.ui.TextDisplay(heading))
    for number, (playlist, songs) in enumerate(rows, page * PAGE + 1):
        name = _name(playlist) if titled else language("playlist.title")
        whose = language("scope.this_server" if playlist.guild_id else "scope.mine")
        text = f"{number}. **{name}**\n-# {whose} · {language('playlist.songs', n=songs)}"
        open_it = button(actions.PLAYLIST_OPEN, PagePayload(str(playlist.id)), language)
        view.add_item(discord.ui.Section(text, accessory=open_it))
    if (pages := -(-count // PAGE)) > 1:
        view.add_item(discord.ui.TextDisplay(f"-# {language('list.page', page=page + 1, pages=pages)}"))
        turn = page_buttons(actions.PLAYLISTS_PAGE, partial(PagePayload, _ALL), page, pages)
        view.add_item(discord.ui.ActionRow(*turn))
    return view


def _name(playlist: Playlist) -> str:
    return one_line(playlist.name, LONGEST_NAME)


@on_press(actions.PLAYLIST_PAGE)
async def turn_page(interaction: Interaction, payload: PagePayload) -> None:
    await interaction.response.defer()
    await _show(interaction, await by_id(interaction, _id_in(payload)), payload.page)


@on_press(actions.PLAYLIST_OPEN)
async def open_copy(interaction: Interaction, payload: PagePayload) -> None:
    """From a post or the overview: all of it, as the person may view it now."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    await _show(interaction, await by_id(interaction, _id_in(payload)), 0)


def _id_in(payload: PagePayload) -> int:
    number = payload.about
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        raise PlaylistRefused("gone")
    return int(number)


async def _show(interaction: Interaction, playlist: Playlist, page: int) -> None:
    found = await interaction.client.services.playlists.songs(
        playlist, interaction.user.id, viewable_by(interaction), limit=PAGE, page=page
    )
    view = partial(_view, found, playlist, page, interaction.user.id, language_of(interaction))
    await show_list(interaction, view)


def _view(
    found: FoundSongs, playlist: Playlist, page: int, user_id: int, language: Language, *, titled: bool
) -> discord.ui.LayoutView:
    pages = -(-found.count // PAGE)
    page = min(page, max(0, pages - 1))
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(discord.ui.TextDisplay(_heading(playlist, found.count, language, titled=titled)))
    if not playlist.count:
        view.add_item(discord.ui.TextDisplay(language("playlist.empty")))
    _add_rows(view, found.songs, page * PAGE, user_id, language, titled=titled)
    if hidden := playlist.count - found.count:
        view.add_item(discord.ui.TextDisplay(f"-# {language('playlist.hidden', n=hidden)}"))
    turn = page_buttons(actions.PLAYLIST_PAGE, partial(PagePayload, str(playlist.id)), page, pages) if pages > 1 else []
    if turn:
        view.add_item(discord.ui.TextDisplay(f"-# {language('list.page', page=page + 1, pages=pages)}"))
    if found.songs:
        files = button(actions.PLAYLIST_ZIP, PagePayload(str(playlist.id)), language)
        view.add_item(discord.ui.ActionRow(*turn, files))
    return view


def _heading(playlist: Playlist, count: int, language: Language, *, titled: bool) -> str:
    name = _name(playlist) if titled else language("playlist.title")
    return f"## 🎶 {name} · {language('playlist.songs', n=count)}"


def _add_rows(
    view: discord.ui.LayoutView,
    songs: Sequence[FoundSong],
    before: int,
    user_id: int,
    language: Language,
    *,
    titled: bool,
) -> None:
    for number, each in enumerate(songs, before + 1):
        view.add_item(song_row(number, each, user_id, language, titled=titled, linked=True))


async def post(interaction: Interaction, name: str) -> None:
    """For everybody in this channel: the songs that all of its readers may view."""
    playlist, guild = await named(interaction, name), server_of(interaction)
    place = guild.get_channel_or_thread(interaction.channel_id or 0) if guild else None
    if guild is None or place is None:
        raise PlaylistRefused("servers")

    async def readers(groups: Sequence[ChannelGroup]) -> Collection[ChannelGroup]:
        return viewable_by_readers(place, groups)

    playlists = interaction.client.services.playlists
    found = await playlists.songs(playlist, 0, readers, limit=PAGE)
    if not found.songs:
        raise PlaylistRefused("nothing" if playlist.count else "empty")
    server = await interaction.client.services.preferences.server(guild.id)
    public = language_for(server.locale or guild.preferred_locale.value)
    await playlists.mark_posted(playlist)
    (own,) = await playlists.counts([playlist], interaction.user.id, viewable_by(interaction))
    hidden = max(0, own - found.count)  # of what its poster may view: the rest is no concern of theirs
    key = "posted_some" if hidden else "posted"
    await interaction.edit_original_response(
        content=language_of(interaction)(f"playlist.{key}", name=_name(playlist), n=hidden)
    )
    await send_list(interaction, partial(_posted, found, playlist, interaction.user.id, public))


def _posted(
    found: FoundSongs, playlist: Playlist, user_id: int, language: Language, *, titled: bool
) -> discord.ui.LayoutView:
    view = discord.ui.LayoutView(timeout=None)
    by = language("playlist.by", person=f"<@{user_id}>")
    heading = _heading(playlist, found.count, language, titled=titled)
    view.add_item(discord.ui.TextDisplay(f"{heading}\n-# {by}"))
    _add_rows(view, found.songs, 0, 0, language, titled=titled)
    if more := found.count - len(found.songs):
        view.add_item(discord.ui.TextDisplay(f"-# {language('playlist.more', n=more)}"))
    payload = PagePayload(str(playlist.id))
    bound = (actions.PLAYLIST_OPEN, actions.PLAYLIST_ZIP)
    return view.add_item(discord.ui.ActionRow(*(button(action, payload, language) for action in bound)))


@on_press(actions.PLAYLIST_ZIP)
async def send_zip(interaction: Interaction, payload: PagePayload) -> None:
    """All songs of it that the person may view now."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    playlist = await by_id(interaction, _id_in(payload))
    found = await interaction.client.services.playlists.songs(playlist, interaction.user.id, viewable_by(interaction))
    await send_songs(interaction, found.songs, words_of(playlist.name) or "songs")
