"""Playlists as commands and buttons use them."""

from collections.abc import Collection

from msgspec.structs import replace

from bot.domain.library import FoundSongs, Song
from bot.domain.playlists import MAX_OF_PERSON, MAX_OF_SERVER, MAX_SONGS, Playlist, clean_name
from bot.errors import PlaylistRefused
from bot.services.clock import Clock
from bot.services.library.service import Viewable
from bot.storage.playlists import PlaylistStore


class Playlists:
    """All methods raise StorageError. Who may change one is for the caller to ask."""

    def __init__(self, store: PlaylistStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def create(self, new: Playlist) -> Playlist:
        """Raises PlaylistRefused."""
        new = replace(new, name=clean_name(new.name))
        if not new.name:
            raise PlaylistRefused("nameless")
        most = MAX_OF_SERVER if new.guild_id else MAX_OF_PERSON
        match await self._store.create(new, self._clock.now(), most=most):
            case "exists":
                raise PlaylistRefused("exists", name=new.name)
            case "many":
                raise PlaylistRefused("many_here" if new.guild_id else "many", n=most)
            case created:
                return created

    async def named(self, user_id: int, guild_id: int, text: str) -> Playlist:
        """One that the person may see in that server (0: in none). Raises PlaylistRefused."""
        found = await self._store.named(user_id, guild_id, text)
        if found is None:
            raise PlaylistRefused("unknown", name=text)
        return found

    async def get(self, playlist_id: int, user_id: int, guild_id: int) -> Playlist:
        """By a button, which may be old or forged. Raises PlaylistRefused."""
        found = await self._store.get(playlist_id)
        if found is None or not found.is_for(user_id, guild_id):
            raise PlaylistRefused("gone")
        return found

    async def offered(self, user_id: int, guild_id: int, typed: str, limit: int) -> list[Playlist]:
        return await self._store.offered(user_id, guild_id, typed, limit)

    async def add(self, playlist: Playlist, song: Song, user_id: int) -> None:
        """Raises PlaylistRefused."""
        match await self._store.add(playlist.id, (song.task_id, song.number), user_id, self._clock.now()):
            case "twice":
                raise PlaylistRefused("twice", name=playlist.name, title=song.title)
            case "full":
                raise PlaylistRefused("full", name=playlist.name, n=MAX_SONGS)

    async def remove(self, playlist: Playlist, song: tuple[str, int]) -> None:
        """`song`: its task and its number in it. Raises PlaylistRefused."""
        if not await self._store.remove(playlist.id, song):
            raise PlaylistRefused("absent", name=playlist.name)

    async def delete(self, playlist: Playlist) -> None:
        await self._store.delete(playlist.id)

    async def mark_posted(self, playlist: Playlist) -> None:
        """From now on whoever sees its post may open it."""
        await self._store.mark_posted(playlist.id)

    async def songs(
        self, playlist: Playlist, user_id: int, viewable: Viewable, *, limit: int = MAX_SONGS, page: int = 0
    ) -> FoundSongs:
        """Those that somebody may view now; `user_id` 0: all who may view what `viewable` says.

        `page` counts from 0; a page beyond the last is the last.
        """
        groups = await viewable(await self._store.groups(playlist.id))
        found = await self._store.songs(playlist.id, user_id, groups, limit=limit, offset=page * limit)
        if page and not found.songs:
            found = await self._store.songs(playlist.id, user_id, groups, limit=limit)
            if (last := (found.count - 1) // limit) > 0:
                found = await self._store.songs(playlist.id, user_id, groups, limit=limit, offset=last * limit)
        return found

    async def counts(self, playlists: Collection[Playlist], user_id: int, viewable: Viewable) -> list[int]:
        """How many songs of each that person may view now."""
        ids = [each.id for each in playlists]
        counts = await self._store.counts(ids, user_id, await viewable(await self._store.groups(*ids)))
        return [counts.get(each, 0) for each in ids]


def may_change(playlist: Playlist, user_id: int, *, manages: bool, is_open: bool) -> bool:
    """`manages`: the playlist's server; `is_open`: everyone there may change its playlists."""
    return playlist.owner_id == user_id if playlist.owner_id else manages or is_open


def may_delete(playlist: Playlist, user_id: int, *, manages: bool, is_open: bool) -> bool:
    """Also who made it, while everyone may make one."""
    if playlist.owner_id:
        return playlist.owner_id == user_id
    return manages or (is_open and playlist.user_id == user_id)
