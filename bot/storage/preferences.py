"""The settings of people and servers, and the data kept about a person."""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import delete, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.allowance import day_of
from bot.domain.preferences import Erased, PersonSettings, ServerSettings
from bot.storage.engines.expressions import one_of, upsert
from bot.storage.export import readable
from bot.storage.following import concerns, forget_tasks, hand_over, unfollow
from bot.storage.ledger import anonymise_later, owner_of
from bot.storage.library import forget_in_library
from bot.storage.playlists import forget_in_playlists
from bot.storage.rows import to_json
from bot.storage.schema import (
    batches,
    charts,
    deliveries,
    followers,
    guilds,
    is_open,
    library,
    library_texts,
    orders,
    people,
    playlist_songs,
    playlists,
    recents,
    stars,
    watches,
)  # fmt: skip
from bot.storage.transaction import Transactions

_ids = msgspec.json.Decoder(tuple[int, ...])


class PreferenceStore(Transactions):
    """People's settings are kept in memory, because acknowledging an interaction needs them and is urgent."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self._people: dict[int, PersonSettings] = {}

    async def recall(self) -> None:
        """Loads people's settings at a start."""
        async with self._transaction(read_only=True) as connection:
            rows = (await connection.execute(select(people))).mappings()
            self._people = {row["user_id"]: PersonSettings(**row) for row in rows}

    def person(self, user_id: int) -> PersonSettings:
        return self._people.get(user_id) or PersonSettings(user_id=user_id)

    async def save_person(self, person: PersonSettings) -> None:
        async with self._transaction() as connection:
            await connection.execute(upsert(people, msgspec.structs.asdict(person)))
        self._people[person.user_id] = person

    async def server(self, guild_id: int) -> ServerSettings:
        async with self._transaction(read_only=True) as connection:
            row = (await connection.execute(select(guilds).where(guilds.c.guild_id == guild_id))).mappings().first()
        return (
            ServerSettings(**{**row, "roles": _ids.decode(row["roles"])}) if row else ServerSettings(guild_id=guild_id)
        )

    async def save_server(self, server: ServerSettings) -> None:
        values = msgspec.structs.asdict(server) | {"roles": to_json(server.roles)}
        async with self._transaction() as connection:
            await connection.execute(upsert(guilds, values))

    async def unpause_absent(self, present: Collection[int]) -> None:
        """Unpauses servers that the bot has left: nobody there could do it."""
        absent = guilds.c.paused & ~one_of(guilds.c.guild_id, present)
        async with self._transaction() as connection:
            await connection.execute(update(guilds).where(absent).values(paused=False))

    async def export(self, user_id: int) -> dict[str, Any]:
        """Every row about a person, by table, readable for people and spreadsheets."""
        named = {"settings": people, "history": recents, "lists": batches, "watches": watches, "joined": followers}
        named |= {"orders": orders, "stars": stars, "charts": charts}
        named |= {"playlists": playlists, "playlist_songs": playlist_songs}
        async with self._transaction(read_only=True) as connection:
            found: dict[str, Any] = {
                name: [readable(table, row) for row in (await connection.execute(_of(table, user_id))).mappings()]
                for name, table in named.items()
            }
            posts = select(deliveries).where(deliveries.c.watch_id.in_(_watch_ids(user_id)))
            found["posts"] = [readable(deliveries, row) for row in (await connection.execute(posts)).mappings()]
            found["songs"] = [
                readable(library, row) | {"lyrics": row["lyrics"]}
                for row in (await connection.execute(_songs_of(user_id))).mappings()
            ]
            found["mentioned_in"] = [str(each) for each in await connection.scalars(_mentioning(user_id))]
        return found

    async def forget(self, user_id: int, now: float) -> Erased:
        """Deletes everything about a person, including mentions in others' watches; watches that others joined go on.

        Posts in Discord stay there.
        """
        async with self._transaction() as connection:
            concerned = concerns(user_id)
            count = await connection.scalar(select(func.count()).select_from(watches).where(is_open, concerned))
            await hand_over(connection, user_id, true())
            await unfollow(connection, user_id, true())
            named = select(watches.c.task_id, watches.c.lyrics_id).where(watches.c.user_id == user_id)
            about = {each for row in await connection.execute(named) for each in row}
            await connection.execute(update(charts).where(charts.c.user_id == user_id).values(user_id=0))
            songs = await forget_in_library(connection, user_id, now)
            lists = await forget_in_playlists(connection, user_id, set(songs))
            rows = {
                table.name: (await connection.execute(delete(table).where(table.c.user_id == user_id))).rowcount
                for table in (recents, batches, people, watches, followers, orders)
            }
            await anonymise_later(connection, await owner_of(connection, user_id), day_of(now))
            await forget_tasks(connection, about)
        self._people.pop(user_id, None)
        return Erased(int(count or 0), rows[recents.name], rows[batches.name] + lists, len(songs))


def _of(table: Any, user_id: int) -> Any:
    return select(table).where(table.c.user_id == user_id)


def _songs_of(user_id: int) -> Any:
    """Also those that were removed from the library, of which the ids are left."""
    theirs = or_(library.c.user_id == user_id, library.c.maker_id == user_id, library.c.owner_id == user_id)
    source = library.outerjoin(library_texts, library_texts.c.song_id == library.c.id)
    return select(*library.columns, library_texts.c.lyrics).select_from(source).where(theirs)


def _watch_ids(user_id: int) -> Any:
    return select(watches.c.id).where(watches.c.user_id == user_id)


def _mentioning(user_id: int) -> Any:
    """Watches of others that mention the person."""
    named = watches.c.mentions.contains(f'"<@{user_id}>"')
    return select(watches.c.id).where(watches.c.user_id != user_id, named)
