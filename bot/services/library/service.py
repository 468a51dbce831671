"""The library as commands and buttons use it."""

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence

from msgspec.structs import replace

from bot.domain.library import ChannelGroup, FoundSong, FoundSongs, PostedAt, Posting, Song, SongQuery, songs_of
from bot.domain.search_text import is_searchable
from bot.errors import StorageError
from bot.services.clock import Clock
from bot.services.lookup import Found
from bot.storage.library import LibraryStore
from bot.storage.stars import StarStore

Viewable = Callable[[Sequence[ChannelGroup]], Awaitable[Collection[ChannelGroup]]]
"""Which of these groups of channels a person may view now."""

log = logging.getLogger(__name__)


class Library:
    """`on_star` is called when the number of stars on a message has changed. All but `shown` raise StorageError."""

    def __init__(self, songs: LibraryStore, stars: StarStore, clock: Clock, on_star: Callable[[], None]) -> None:
        self._songs = songs
        self._stars = stars
        self._clock = clock
        self._on_star = on_star

    async def find(self, query: SongQuery, viewable: Viewable, *, limit: int, page: int = 0) -> FoundSongs:
        """`page` counts from 0; a page beyond the last is the last. Signs alone find nothing."""
        if query.find.strip() and not is_searchable(query.find):
            return FoundSongs(0, ())
        asked = replace(query, viewable=await viewable(await self._songs.groups(query)))
        found = await self._songs.find(asked, limit=limit, offset=page * limit)
        if found.count and not found.songs:
            last = (found.count - 1) // limit
            found = await self._songs.find(asked, limit=limit, offset=last * limit)
        return found

    async def song(self, song_id: int, user_id: int, viewable: Viewable) -> FoundSong | None:
        """One song, if it is in the library and the person may find it."""
        found = await self._songs.song(song_id, user_id)
        if found is None:
            return None
        place = found.song.place
        if place.owner_id:
            return found if place.owner_id == user_id else None
        return found if await viewable([place.group]) else None

    async def named(self, task_id: str, number: int, user_id: int, viewable: Viewable) -> Song | None:
        """A song by its task and its number in it, 0: its first or chosen take, if the person may find it."""
        posts = await self._songs.posts(task_id, number, user_id)
        groups = await viewable(list(dict.fromkeys(each.place.group for each in posts if not each.place.owner_id)))
        return next((each for each in posts if each.place.owner_id or each.place.group in groups), None)

    async def other_posts(self, song: Song, user_id: int, viewable: Viewable) -> list[Song]:
        """The same song wherever else it was posted and the person may view it, the newest first."""
        posts = await self._songs.posts(song.task_id, song.number, user_id)
        others = [each for each in posts if each.id != song.id and each.place.message_id]
        groups = await viewable(list(dict.fromkeys(each.place.group for each in others if not each.place.owner_id)))
        return [each for each in others if each.place.owner_id or each.place.group in groups]

    async def takes(self, song: Song) -> list[Song]:
        """All songs of its task that are in the same place, in their order."""
        return await self._songs.takes(song)

    async def toggle_take(self, song: Song) -> bool:
        """True if it is now the one that its maker has chosen; the others are folded away wherever they are."""
        chosen = not song.chosen
        await self._songs.choose_take(song, self._clock.now(), chosen=chosen)
        self._on_star()
        return chosen

    async def lyrics(self, song: Song) -> str:
        return await self._songs.lyrics(song.id)

    async def shown(self, found: Found, keys: Collection[str], place: PostedAt, user_id: int) -> None:
        """Remembers songs that an answer showed with their files. Never raises: the answer is there already."""
        posting = Posting(place=place, gateway=found.gateway, user_id=user_id, at=self._clock.now(), newest=False)
        try:
            await self._songs.keep(songs_of(found.task, keys, posting))
        except StorageError as error:
            log.error("songs that were shown could not be added to the library: %s", error)
        self._on_star()

    async def lost(self, song: Song) -> None:
        """The message that the song was posted with is gone."""
        await self._songs.lost(song)

    async def remove(self, song: Song, *, of_user: int = 0, of_guild: int = 0) -> int:
        """Wherever that person made it or was shown it, or in all of that server. Returns the number of places."""
        count = await self._songs.remove(song, self._clock.now(), of_user=of_user, of_guild=of_guild)
        self._on_star()
        return count

    async def posted_song(self, channel_id: int, task_id: str, number: int, user_id: int) -> Song | None:
        """The song of a button under a post in that channel."""
        return await self._stars.song_in(channel_id, task_id, number, user_id)

    async def toggle_star(self, song: Song, user_id: int, *, pressed: tuple[int, int] | None = None) -> bool:
        """True if the person stars the song now. `pressed`: the channel and the message of the button."""
        starred = await self._stars.toggle(song, user_id, self._clock.now(), pressed=pressed)
        self._on_star()
        return starred

    async def stars(self, channel_id: int, task_id: str) -> dict[int, int]:
        """Of the songs of a task in a channel, by their numbers in it."""
        known = await self._stars.counts(channel_id, [task_id])
        return {number: take.stars for (_, number), take in known.items()}

    async def note_servers(self, present: Collection[int]) -> None:
        """Starts or stops the time after which the songs of a server that the bot has left are deleted."""
        await self._songs.note_guilds(present, self._clock.now())
