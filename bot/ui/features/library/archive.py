"""Songs of the library as ZIP files."""

from collections.abc import Sequence

from bot.client import Interaction
from bot.domain.library import FoundSong, Scope, Song
from bot.errors import NotInLibrary
from bot.gateways.file_names import words_of
from bot.services.archives.songs import ArchiveSong, PostedFiles
from bot.ui.features.archives import send_archive
from bot.ui.features.library.posts import posted_files
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.library_search import query_of, song_for, viewable_by
from bot.ui.render import actions
from bot.ui.render.payloads import LibraryPayload
from bot.ui.render.song_list import PAGE


@on_press(actions.LIBRARY_ZIP)
async def send_zip(interaction: Interaction, payload: LibraryPayload) -> None:
    """The songs that the person may find on that page now."""
    if payload.scope not in set(Scope):
        raise NotInLibrary
    await interaction.response.defer(ephemeral=True, thinking=True)
    library = interaction.client.services.library
    query = query_of(interaction, Scope(payload.scope), payload.find, payload.by)
    found = await library.find(query, viewable_by(interaction), limit=PAGE, page=payload.page)
    await send_songs(interaction, found.songs, words_of(payload.find) or "songs")


async def send_songs(interaction: Interaction, found: Sequence[FoundSong], name: str) -> None:
    """With the files of their posts, or else of their gateways. `name`: of the files; the interaction is deferred."""
    library = interaction.client.services.library
    songs = {_packed(each.song, await library.lyrics(each.song)): each.song for each in found}

    async def read_post(song: ArchiveSong) -> PostedFiles:
        now = await song_for(interaction, songs[song].id)  # packing takes minutes, in which it may be removed or hidden
        return await posted_files(interaction, now.song)

    await send_archive(interaction, list(songs), name, read_post=read_post)


def _packed(song: Song, lyrics: str) -> ArchiveSong:
    return ArchiveSong(
        task_id=song.task_id,
        number=song.number,
        clip_id=song.clip_id,
        gateway=song.gateway,
        title=song.title,
        lyrics=lyrics,
        channel_id=song.place.channel_id,
        message_id=song.place.message_id,
    )
