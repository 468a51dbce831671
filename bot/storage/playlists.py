"""Playlists and their songs. Where a song is, and who may view it, is in the library."""

from collections.abc import Collection
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.library import ChannelGroup, FoundSongs
from bot.domain.playlists import MAX_SONGS, Playlist, plain_name, referred
from bot.storage.engines.expressions import insert
from bot.storage.library import found_songs, group_columns, is_for_all, is_listed, is_viewable
from bot.storage.schema import library, playlist_songs, playlists
from bot.storage.transaction import Transactions

_LIST = ("id", "owner_id", "guild_id", "user_id", "name", "posted")
_count = select(func.count()).where(playlist_songs.c.playlist_id == playlists.c.id).scalar_subquery()


class PlaylistStore(Transactions):
    async def create(self, new: Playlist, now: float, *, most: int) -> Playlist | Literal["exists", "many"]:
        """`most`: playlists that its person, or its server, may have."""
        theirs = (playlists.c.owner_id == new.owner_id) & (playlists.c.guild_id == new.guild_id)
        values = {name: getattr(new, name) for name in _LIST if name != "id"}
        values |= {"plain_name": plain_name(new.name), "created_at": now}
        statement = insert(playlists).values(values).on_conflict_do_nothing().returning(playlists.c.id)
        async with self._transaction() as connection:
            count = await connection.scalar(select(func.count()).select_from(playlists).where(theirs))
            if int(count or 0) >= most:
                return "many"
            created = await connection.scalar(statement)
        return "exists" if created is None else Playlist(**values_of(new) | {"id": created})

    async def get(self, playlist_id: int) -> Playlist | None:
        async with self._transaction(read_only=True) as connection:
            return _first(await _lists(connection, playlists.c.id == playlist_id, 1))

    async def named(self, user_id: int, guild_id: int, text: str) -> Playlist | None:
        """A person's own, else one of the server that they are in, by its name or reference."""
        is_it = playlists.c.id == referred(text) if referred(text) else playlists.c.plain_name == plain_name(text)
        async with self._transaction(read_only=True) as connection:
            return _first(await _lists(connection, _of(user_id, guild_id) & is_it, 1))

    async def offered(self, user_id: int, guild_id: int, typed: str, limit: int) -> list[Playlist]:
        """A person's own, then those of the server, whose names contain that."""
        contains = playlists.c.plain_name.contains(plain_name(typed), autoescape=True)
        async with self._transaction(read_only=True) as connection:
            return await _lists(connection, _of(user_id, guild_id) & contains, limit)

    async def add(
        self, playlist_id: int, song: tuple[str, int], user_id: int, now: float
    ) -> Literal["added", "twice", "full"]:
        """`song`: its task and its number in it."""
        values = {"playlist_id": playlist_id, "task_id": song[0], "number": song[1]}
        statement = insert(playlist_songs).values(values | {"user_id": user_id, "added_at": now})
        statement = statement.on_conflict_do_nothing()
        this = playlist_songs.c.playlist_id == playlist_id
        async with self._transaction() as connection:
            has = select(playlist_songs.c.task_id).where(this, *_is(song))
            if await connection.scalar(has) is not None:
                return "twice"
            count = await connection.scalar(select(func.count()).select_from(playlist_songs).where(this))
            if int(count or 0) >= MAX_SONGS:
                return "full"
            await connection.execute(statement)
        return "added"

    async def remove(self, playlist_id: int, song: tuple[str, int]) -> bool:
        """False: it was not in it."""
        this = playlist_songs.c.playlist_id == playlist_id
        async with self._transaction() as connection:
            return (await connection.execute(delete(playlist_songs).where(this, *_is(song)))).rowcount > 0

    async def delete(self, playlist_id: int) -> None:
        async with self._transaction() as connection:
            await connection.execute(delete(playlists).where(playlists.c.id == playlist_id))

    async def mark_posted(self, playlist_id: int) -> None:
        async with self._transaction() as connection:
            await connection.execute(update(playlists).where(playlists.c.id == playlist_id).values(posted=True))

    async def groups(self, *playlist_ids: int) -> list[ChannelGroup]:
        """Where their songs are: it must be asked which of them somebody may view."""
        statement = select(*group_columns()).distinct().select_from(_placed).where(_listed_in(*playlist_ids))
        async with self._transaction(read_only=True) as connection:
            rows = await connection.execute(statement.where(is_for_all))
            return [ChannelGroup(**row) for row in rows.mappings()]

    async def songs(
        self, playlist_id: int, user_id: int, viewable: Collection[ChannelGroup], *, limit: int, offset: int = 0
    ) -> FoundSongs:
        """In the order in which they were added, each with its newest post that may be viewed. `user_id` 0: as all who
        may view these groups find them.
        """
        ranked = _ranked(playlist_id, _may_view(user_id, viewable)).subquery()
        page = select(ranked.c.id, func.count().over().label("total")).where(ranked.c.rank == 1)
        page = page.order_by(ranked.c.added_at, ranked.c.id).limit(limit).offset(offset)
        async with self._transaction(read_only=True) as connection:
            rows = (await connection.execute(page)).all()
            songs = await found_songs(connection, user_id, [row.id for row in rows])
        found = {each.song.id: each for each in songs}
        return FoundSongs(rows[0].total if rows else 0, tuple(found[row.id] for row in rows))

    async def counts(
        self, playlist_ids: Collection[int], user_id: int, viewable: Collection[ChannelGroup]
    ) -> dict[int, int]:
        """How many songs of each that person may view; those without any are left out."""
        which = (_listed_in(*playlist_ids), _may_view(user_id, viewable))
        each = select(*playlist_songs.primary_key).distinct().select_from(_placed).where(*which).subquery()
        statement = select(each.c.playlist_id, func.count().label("songs")).group_by(each.c.playlist_id)
        async with self._transaction(read_only=True) as connection:
            return {row.playlist_id: row.songs for row in await connection.execute(statement)}


_placed = playlist_songs.join(
    library, and_(library.c.task_id == playlist_songs.c.task_id, library.c.number == playlist_songs.c.number)
)


def values_of(playlist: Playlist) -> dict[str, Any]:
    return {name: getattr(playlist, name) for name in _LIST}


def _ranked(playlist_id: int, may: ColumnElement[bool]) -> Select[Any]:
    order = (library.c.owner_id, library.c.posted_at.desc(), library.c.id.desc())
    rank = func.row_number().over(partition_by=(library.c.task_id, library.c.number), order_by=order)
    columns = (library.c.id, playlist_songs.c.added_at, rank.label("rank"))
    return select(*columns).select_from(_placed).where(_listed_in(playlist_id), may)


def _may_view(user_id: int, viewable: Collection[ChannelGroup]) -> ColumnElement[bool]:
    """`user_id` 0: as everybody may who may view these groups."""
    own = library.c.owner_id == user_id if user_id else library.c.id < 0
    return or_(own, is_for_all & is_viewable(viewable))


def _listed_in(*playlist_ids: int) -> ColumnElement[bool]:
    return playlist_songs.c.playlist_id.in_(playlist_ids) & is_listed


def _is(song: tuple[str, int]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return playlist_songs.c.task_id == song[0], playlist_songs.c.number == song[1]


def _of(user_id: int, guild_id: int) -> ColumnElement[bool]:
    own = (playlists.c.owner_id == user_id) & (playlists.c.guild_id == 0)
    return or_(own, (playlists.c.owner_id == 0) & (playlists.c.guild_id == guild_id)) if guild_id else own


async def _lists(connection: AsyncConnection, which: ColumnElement[bool], limit: int) -> list[Playlist]:
    columns = [*(playlists.c[name] for name in _LIST), _count.label("count")]
    statement = select(*columns).where(which).order_by(playlists.c.guild_id, playlists.c.plain_name).limit(limit)
    return [Playlist(**row) for row in (await connection.execute(statement)).mappings()]


def _first(found: list[Playlist]) -> Playlist | None:
    return found[0] if found else None


async def forget_in_playlists(connection: AsyncConnection, user_id: int, songs: Collection[tuple[str, int]]) -> int:
    """A person's own playlists, and their name in those of servers. How many were their own.

    `songs`: what has just left the library with them, as task and number.
    """
    own = (playlists.c.owner_id == user_id) & (playlists.c.guild_id == 0)
    count = (await connection.execute(delete(playlists).where(own))).rowcount
    for table in (playlists, playlist_songs):
        await connection.execute(update(table).where(table.c.user_id == user_id).values(user_id=0))
    still = exists().where(library.c.task_id == playlist_songs.c.task_id, library.c.number == playlist_songs.c.number)
    for song in songs:
        await connection.execute(delete(playlist_songs).where(*_is(song), ~still))
    return count
