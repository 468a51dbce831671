"""The library: every statement about songs that are to be found again. What is removed leaves a row without texts, so
that the same song does not come back with its next post.
"""

from collections.abc import Collection, Sequence
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    delete,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.library import ChannelGroup, FoundSong, FoundSongs, NewSong, PostedAt, Scope, Song, SongQuery
from bot.domain.search_text import Ways, patterns, search_line
from bot.storage.earlier_posts import earlier_posts
from bot.storage.engines.expressions import insert, one_of, unindexed, upsert
from bot.storage.rows import Row
from bot.storage.schema import (
    chart_posts,
    charts,
    left_guilds,
    library,
    library_texts,
    orders,
    people,
    playlists,
    star_counts,
    stars,
)  # fmt: skip
from bot.storage.transaction import Transactions

_PLACE = PostedAt.__struct_fields__
_SONG = tuple(name for name in Song.__struct_fields__ if name not in ("id", "place"))
_person = case((library.c.maker_id != 0, library.c.maker_id), else_=library.c.user_id)
_OF_GUILDS = (library, playlists, charts)
_MAX_POSTS = 100  # of one song that are looked at
_KEY = ("channel_id", "task_id", "number", "owner_id")

is_listed = library.c.removed.is_(False)
is_for_all = unindexed(library.c.owner_id) == 0  # who may view its channel: nearly every song
_named = func.coalesce(people.c.named, true())


class LibraryStore(Transactions):
    async def keep(self, songs: Sequence[NewSong]) -> None:
        async with self._transaction() as connection:
            await keep_in_library(connection, songs)

    async def groups(self, query: SongQuery) -> list[ChannelGroup]:
        """Where songs are among which this is to be looked for: it must be asked which of them the person may view."""
        statement = select(*group_columns()).distinct().where(_in_scope(query), is_for_all)
        async with self._transaction(read_only=True) as connection:
            return [ChannelGroup(**row) for row in (await connection.execute(statement)).mappings()]

    async def find(self, query: SongQuery, *, limit: int, offset: int = 0) -> FoundSongs:
        """The newest, or last starred, first; each song once, however often it was posted, and takes in their order."""
        matching = _matching(query).subquery()
        once = matching.c.rank == 1
        page = select(matching.c.id, func.count().over().label("total")).where(once)
        # The takes of a post have ids that follow each other: the same, without their numbers.
        order = (matching.c.listed_at.desc(), (matching.c.id - matching.c.number).desc(), matching.c.number)
        page = page.order_by(*order).limit(limit).offset(offset)
        async with self._transaction(read_only=True) as connection:
            ids = (await connection.execute(page)).all()
            if not ids and offset:
                total = await connection.scalar(select(func.count()).select_from(matching).where(once))
                return FoundSongs(int(total or 0), ())
            songs = await found_songs(connection, query.user_id, [row.id for row in ids])
        found = {each.song.id: each for each in songs}
        return FoundSongs(ids[0].total if ids else 0, tuple(found[row.id] for row in ids))

    async def song(self, song_id: int, user_id: int) -> FoundSong | None:
        """As that person sees it, if they may: that is for the caller to ask."""
        async with self._transaction(read_only=True) as connection:
            found = await found_songs(connection, user_id, [song_id])
        return found[0] if found else None

    async def takes(self, song: Song) -> list[Song]:
        """All songs of its task that are in its place, in their order."""
        here = (library.c.channel_id == song.place.channel_id) & (library.c.owner_id == song.place.owner_id)
        statement = select(library).where(library.c.task_id == song.task_id, here, is_listed)
        async with self._transaction(read_only=True) as connection:
            rows = (await connection.execute(statement.order_by(library.c.number))).mappings()
            return [song_of(row) for row in rows]

    async def choose_take(self, song: Song, now: float, *, chosen: bool) -> None:
        """Folds the other takes of that person's task away, everywhere, also those that arrive later; or none."""
        same = (library.c.task_id == song.task_id) & (_person == song.person_id) & is_listed
        this = library.c.number == song.number
        choice = {"chosen": this, "folded": ~this} if chosen else {"chosen": false(), "folded": false()}
        async with self._transaction() as connection:
            places = select(library.c.channel_id, library.c.message_id).where(same)
            rows = (await connection.execute(places)).all()
            await connection.execute(update(library).where(same).values(choice))
            await _show_takes(connection, song.task_id, [(row.channel_id, row.message_id) for row in rows], now)

    async def posts(self, task_id: str, number: int, user_id: int) -> list[Song]:
        """Everywhere it was posted, or shown to that person alone; `number` 0: of the take that was not folded away.

        The newest first. Who may view them is for the caller to ask.
        """
        this = library.c.task_id == task_id
        this &= library.c.number == number if number else library.c.folded.is_(False)
        statement = select(library).where(this, is_listed, library.c.owner_id.in_([0, user_id]))
        order = (library.c.number, library.c.owner_id, library.c.posted_at.desc(), library.c.id.desc())
        async with self._transaction(read_only=True) as connection:
            rows = (await connection.execute(statement.order_by(*order).limit(_MAX_POSTS))).mappings()
            return [song_of(row) for row in rows]

    async def lyrics(self, song_id: int) -> str:
        async with self._transaction(read_only=True) as connection:
            text = await connection.scalar(select(library_texts.c.lyrics).where(library_texts.c.song_id == song_id))
        return text or ""

    async def lost(self, song: Song) -> None:
        """Its message is gone; the next one in that channel takes its place."""
        this = (library.c.id == song.id) & (library.c.message_id == song.place.message_id)
        async with self._transaction() as connection:
            await connection.execute(update(library).where(this).values(message_id=0))

    async def remove(self, song: Song, now: float, *, of_user: int = 0, of_guild: int = 0) -> int:
        """Wherever that person made it or was shown it, or all over that server. How many places that were."""
        concerned: list[ColumnElement[bool]] = []
        if of_user:
            theirs = (library.c.user_id == of_user, library.c.maker_id == of_user, library.c.owner_id == of_user)
            concerned.append(or_(*theirs))
        if of_guild:
            concerned.append(library.c.guild_id == of_guild)
        same = and_(library.c.task_id == song.task_id, library.c.number == song.number, is_listed)
        which = same & or_(false(), *concerned)
        async with self._transaction() as connection:
            rows = (await connection.execute(select(library).where(which))).mappings().all()
            ids = [row["id"] for row in rows]
            await count_anew(connection, [(row["channel_id"], row["message_id"]) for row in rows], now)
            await connection.execute(delete(library_texts).where(library_texts.c.song_id.in_(ids)))
            await connection.execute(delete(stars).where(stars.c.song_id.in_(ids)))
            emptied = {"removed": True, "chosen": False, "title": "", "style": ""}
            await connection.execute(update(library).where(library.c.id.in_(ids)).values(emptied))
            if any(row["chosen"] for row in rows):
                await _unfold(connection, song.task_id, or_(false(), *concerned), now)
        return len(ids)

    async def note_guilds(self, present: Collection[int], now: float) -> None:
        """Which servers the bot is in: what belongs to others waits for its end, or for the bot to come back."""
        here = one_of(left_guilds.c.guild_id, present)
        async with self._transaction() as connection:
            await connection.execute(delete(left_guilds).where(here))
            for table in _OF_GUILDS:
                known = select(table.c.guild_id, literal(now)).distinct()
                absent = known.where(table.c.guild_id != 0, ~one_of(table.c.guild_id, present))
                left = insert(left_guilds).from_select(["guild_id", "left_at"], absent)
                await connection.execute(left.on_conflict_do_nothing())

    async def forget_left(self, before: float) -> None:
        """All songs, playlists and charts of servers that the bot left before that."""
        left = select(left_guilds.c.guild_id).where(left_guilds.c.left_at < before)
        async with self._transaction() as connection:
            for table in (*_OF_GUILDS, chart_posts):
                await connection.execute(delete(table).where(table.c.guild_id.in_(left)))
            await connection.execute(delete(left_guilds).where(left_guilds.c.left_at < before))


def _in_scope(query: SongQuery) -> ColumnElement[bool]:
    me = query.user_id
    match query.scope:
        case Scope.HERE:
            where = library.c.channel_id == query.channel_id
        case Scope.SERVER:
            where = library.c.guild_id == query.guild_id
        case Scope.MINE:
            where = or_(library.c.user_id == me, library.c.maker_id == me, library.c.owner_id == me)
        case Scope.STARRED:
            where = library.c.id.in_(select(stars.c.song_id).where(stars.c.user_id == me))
    return where & is_listed


def group_columns() -> list[ColumnElement[Any]]:
    """Of a ChannelGroup."""
    alone = or_(library.c.restricted, library.c.parent_id == 0)
    channel_id = case((alone, library.c.channel_id), else_=0).label("channel_id")
    return [library.c.guild_id, channel_id, library.c.parent_id, library.c.restricted]


def is_viewable(viewable: Collection[ChannelGroup]) -> ColumnElement[bool]:
    """Whether a song is in one of these groups of channels."""
    channels = [group.channel_id for group in viewable if group.channel_id]
    parents = [group.parent_id for group in viewable if not group.channel_id]
    return or_(library.c.parent_id.in_(parents) & library.c.restricted.is_(False), library.c.channel_id.in_(channels))


def _may_be_found(query: SongQuery) -> ColumnElement[bool]:
    return or_(library.c.owner_id == query.user_id, is_for_all & is_viewable(query.viewable))


def _listed_at(query: SongQuery) -> ColumnElement[float]:
    """By what the songs are listed."""
    if query.scope is not Scope.STARRED:
        return library.c.posted_at
    mine = (stars.c.song_id == library.c.id) & (stars.c.user_id == query.user_id)
    return select(stars.c.starred_at).where(mine).scalar_subquery()


def _matching(query: SongQuery) -> Select[Any]:
    """The `rank` of a song is 1 where it was posted last, among the places where it is found."""
    order = (library.c.owner_id, library.c.posted_at.desc(), library.c.id.desc())
    same = (library.c.task_id, library.c.number)
    rank = func.row_number().over(partition_by=same, order_by=order)
    statement = select(library.c.id, library.c.number, _listed_at(query).label("listed_at"), rank.label("rank"))
    statement = statement.where(_in_scope(query), _may_be_found(query))
    if query.scope is not Scope.STARRED:
        statement = statement.where(library.c.folded.is_(False))
    if query.by:
        statement = statement.where(or_(library.c.user_id == query.by, library.c.maker_id == query.by))
    if query.by and query.by != query.user_id:  # who does not want to be named is not found by their name
        unnamed = exists().where(people.c.user_id == query.by, people.c.named.is_(False))
        statement = statement.where(~unnamed)
    if wanted := patterns(query.find):
        texts = library.join(library_texts, library_texts.c.song_id == library.c.id)
        statement = statement.select_from(texts).where(*map(_matches, wanted))
    return statement


def _matches(ways: Ways) -> ColumnElement[bool]:
    like = library_texts.c.line.like
    return or_(*(and_(*(like(pattern) for pattern in way)) for way in ways))


async def found_songs(connection: AsyncConnection, user_id: int, ids: Sequence[int]) -> list[FoundSong]:
    count = select(func.count()).where(stars.c.song_id == library.c.id).scalar_subquery()
    mine = exists().where(stars.c.song_id == library.c.id, stars.c.user_id == user_id)
    columns = [*library.columns, count.label("stars"), mine.label("starred"), _named.label("maker_named")]
    source = library.outerjoin(people, people.c.user_id == _person)
    statement = select(*columns).select_from(source).where(library.c.id.in_(ids), is_listed)
    return [
        FoundSong(
            song=song_of(row), stars=row["stars"], starred=bool(row["starred"]), maker_named=bool(row["maker_named"])
        )
        for row in (await connection.execute(statement)).mappings()
    ]


def song_of(row: Row) -> Song:
    place = PostedAt(**{name: row[name] for name in _PLACE})
    return Song(id=row["id"], place=place, **{name: row[name] for name in _SONG})


async def keep_in_library(connection: AsyncConnection, songs: Sequence[NewSong]) -> None:
    """Once in each channel; what was removed stays so."""
    for new in songs:
        values = {name: getattr(new.song, name) for name in _SONG} | asdict(new.song.place)
        values["maker_id"] = await _maker_of(connection, new.song)
        values["removed"] = await _is_removed(connection, new.song)
        choice = await _chosen_take(connection, new.song, values["maker_id"] or new.song.user_id)
        values |= {"chosen": choice == new.song.number, "folded": choice not in (0, new.song.number)}
        if values["removed"]:
            values |= {"title": "", "style": ""}
        changes = {name: value for name, value in values.items() if name not in _KEY}
        statement = insert(library).values(values)
        statement = statement.on_conflict_do_update(
            index_elements=_KEY, set_=changes, where=is_listed & (true() if new.newest else library.c.message_id == 0)
        )
        kept = await connection.scalar(statement.returning(library.c.id))
        if kept is not None and not values["removed"]:
            await _keep_texts(connection, kept, new)
            await _show_later(connection, kept, new.song, chosen=choice != 0)


async def _show_later(connection: AsyncConnection, song_id: int, song: Song, *, chosen: bool) -> None:
    """A new post of a song that has stars shows none yet, and not which take was chosen."""
    starred = select(stars.c.song_id).where(stars.c.song_id == song_id).limit(1)
    if chosen or await connection.scalar(starred) is not None:
        await count_anew(connection, [(song.place.channel_id, song.place.message_id)], song.posted_at)


async def _is_removed(connection: AsyncConnection, song: Song) -> bool:
    """By who made it, or in that server."""
    same = and_(library.c.task_id == song.task_id, library.c.number == song.number, library.c.removed)
    here = (library.c.guild_id == song.place.guild_id) & (library.c.guild_id != 0)
    which = select(library.c.id).where(same, or_(library.c.user_id == song.user_id, here)).limit(1)
    return await connection.scalar(which) is not None


async def _maker_of(connection: AsyncConnection, song: Song) -> int:
    """Who ordered it: known to themselves, and in the server in which they ordered it."""
    here = (orders.c.guild_id == song.place.guild_id) & (song.place.guild_id != 0)
    which = (orders.c.task_id == song.task_id) & or_(orders.c.user_id == song.user_id, here)
    return await connection.scalar(select(orders.c.user_id).where(which).limit(1)) or 0


async def _chosen_take(connection: AsyncConnection, song: Song, person_id: int) -> int:
    """Its number, wherever it was chosen; 0: none. `person_id`: whose song it is."""
    same = and_(library.c.task_id == song.task_id, library.c.chosen.is_(True), is_listed)
    return await connection.scalar(select(library.c.number).where(same, _person == person_id).limit(1)) or 0


async def _unfold(connection: AsyncConnection, task_id: str, which: ColumnElement[bool], now: float) -> None:
    """Takes whose chosen one is gone: nobody could reach them otherwise."""
    this = (library.c.task_id == task_id) & which
    folded = update(library).where(this, library.c.folded.is_(True), is_listed).values(folded=False)
    rows = (await connection.execute(folded.returning(library.c.channel_id, library.c.message_id))).all()
    await _show_takes(connection, task_id, [(row.channel_id, row.message_id) for row in rows], now)


async def _show_takes(
    connection: AsyncConnection, task_id: str, posts: Collection[tuple[int, int]], now: float
) -> None:
    """`posts`: the newest ones, as channel and message; on those before them in the same channels, too."""
    earlier = await earlier_posts(connection, task_id, {channel_id for channel_id, _ in posts})
    await count_anew(connection, [*posts, *earlier], now)


async def _keep_texts(connection: AsyncConnection, song_id: int, new: NewSong) -> None:
    texts = {"lyrics": new.lyrics, "line": search_line([new.song.title, new.song.style, new.lyrics])}
    await connection.execute(upsert(library_texts, {"song_id": song_id} | texts))


async def count_anew(connection: AsyncConnection, messages: Collection[tuple[int, int]], now: float) -> None:
    """Messages, as channel and message, on which another number of stars is to stand; of those without an id none."""
    rows = [
        {"message_id": message_id, "channel_id": channel_id, "due_at": now}
        for channel_id, message_id in dict.fromkeys(messages)
        if message_id
    ]
    if rows:
        statement = insert(star_counts)
        set_ = {"due_at": statement.excluded.due_at}
        await connection.execute(statement.on_conflict_do_update(index_elements=["message_id"], set_=set_), rows)


async def forget_in_library(connection: AsyncConnection, user_id: int, now: float) -> list[tuple[str, int]]:
    """What a person made, asked for or was shown alone, and their stars. The songs, as task and number."""
    starred = select(library.c.channel_id, library.c.message_id).join(stars, stars.c.song_id == library.c.id)
    rows = (await connection.execute(starred.where(stars.c.user_id == user_id))).all()
    await connection.execute(delete(stars).where(stars.c.user_id == user_id))
    await count_anew(connection, [(row.channel_id, row.message_id) for row in rows], now)
    theirs = or_(library.c.user_id == user_id, library.c.owner_id == user_id)
    made = update(library).where(library.c.maker_id == user_id, library.c.user_id != user_id).values(maker_id=0)
    await connection.execute(made)
    gone = await connection.execute(delete(library).where(theirs).returning(library.c.task_id, library.c.number))
    return [(row.task_id, row.number) for row in gone]
