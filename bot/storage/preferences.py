"""What people and servers have set, and everything that is known of a person."""

from collections.abc import Collection
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import delete, func, or_, select, true, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.export import readable
from bot.storage.following import follows, forget_tasks, hand_on, unfollow
from bot.storage.rows import to_json
from bot.storage.schema import batches, deliveries, followers, guilds, is_open, people, recents, watches
from bot.storage.transaction import Transactions

_ids = msgspec.json.Decoder(tuple[int, ...])


class Person(Struct, frozen=True, kw_only=True):
    """`locale` empty: as Discord says. `private`: answers are for them alone, unless they say otherwise."""

    user_id: int
    locale: str = ""
    private: bool = False
    direct: bool = False  # songs come by DM, unless a channel is named


class Server(Struct, frozen=True, kw_only=True):
    """`roles`: who may watch tasks; empty: everyone."""

    guild_id: int
    locale: str = ""
    channel_id: int | None = None  # where songs go when no channel is named
    roles: tuple[int, ...] = ()
    watches_per_user: int | None = None
    audio: bool = True  # as files, not as links alone
    error_channel_id: int | None = None
    paused: bool = False


class Erased(Struct, frozen=True):
    watches: int  # that they had begun or joined, and that were still open
    lookups: int
    lists: int


class PreferenceStore(Transactions):
    """People's settings are held in memory: an interaction cannot be acknowledged without them, and that is urgent."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self._people: dict[int, Person] = {}

    async def recall(self) -> None:
        """At the start, what people have set."""
        async with self._transaction(read_only=True) as connection:
            rows = (await connection.execute(select(people))).mappings()
            self._people = {row["user_id"]: Person(**row) for row in rows}

    def person(self, user_id: int) -> Person:
        return self._people.get(user_id) or Person(user_id=user_id)

    async def keep_person(self, person: Person) -> None:
        values = msgspec.structs.asdict(person)
        statement = insert(people).values(values).on_conflict_do_update(index_elements=["user_id"], set_=values)
        async with self._transaction() as connection:
            await connection.execute(statement)
        self._people[person.user_id] = person

    async def server(self, guild_id: int) -> Server:
        async with self._transaction(read_only=True) as connection:
            row = (await connection.execute(select(guilds).where(guilds.c.guild_id == guild_id))).mappings().first()
        return Server(**{**row, "roles": _ids.decode(row["roles"])}) if row else Server(guild_id=guild_id)

    async def keep_server(self, server: Server) -> None:
        values = msgspec.structs.asdict(server) | {"roles": to_json(server.roles)}
        statement = insert(guilds).values(values).on_conflict_do_update(index_elements=["guild_id"], set_=values)
        async with self._transaction() as connection:
            await connection.execute(statement)

    async def let_go(self, present: Collection[int]) -> None:
        """Servers that the bot is no longer in hold back no posts: nobody there could resume them."""
        absent = guilds.c.paused & guilds.c.guild_id.not_in(list(present))
        async with self._transaction() as connection:
            await connection.execute(update(guilds).where(absent).values(paused=False))

    async def export(self, user_id: int) -> dict[str, Any]:
        """Every row that is about a person, table by table, as people and spreadsheets read it."""
        named = {"settings": people, "history": recents, "lists": batches, "watches": watches, "joined": followers}
        async with self._transaction(read_only=True) as connection:
            found: dict[str, Any] = {
                name: [readable(table, row) for row in (await connection.execute(_of(table, user_id))).mappings()]
                for name, table in named.items()
            }
            owed = select(deliveries).where(deliveries.c.watch_id.in_(_watch_ids(user_id)))
            found["posts"] = [readable(deliveries, row) for row in (await connection.execute(owed)).mappings()]
            found["mentioned_in"] = [str(each) for each in await connection.scalars(_mentioning(user_id))]
        return found

    async def forget(self, user_id: int) -> Erased:
        """All of it, also the names that others' watches were to call; what others joined goes on for them.

        Posts that are in Discord stay there.
        """
        async with self._transaction() as connection:
            concerned = or_(watches.c.user_id == user_id, follows(user_id))
            count = await connection.scalar(select(func.count()).select_from(watches).where(is_open, concerned))
            await hand_on(connection, user_id, true())
            await unfollow(connection, user_id, true())
            named = select(watches.c.task_id, watches.c.lyrics_id).where(watches.c.user_id == user_id)
            about = {each for row in await connection.execute(named) for each in row}
            rows = {
                table.name: (await connection.execute(delete(table).where(table.c.user_id == user_id))).rowcount
                for table in (recents, batches, people, watches, followers)
            }
            await forget_tasks(connection, about)
        self._people.pop(user_id, None)
        return Erased(int(count or 0), rows[recents.name], rows[batches.name])


def _of(table: Any, user_id: int) -> Any:
    return select(table).where(table.c.user_id == user_id)


def _watch_ids(user_id: int) -> Any:
    return select(watches.c.id).where(watches.c.user_id == user_id)


def _mentioning(user_id: int) -> Any:
    """Watches of others that are to call the person by name."""
    named = watches.c.mentions.contains(f'"<@{user_id}>"')
    return select(watches.c.id).where(watches.c.user_id != user_id, named)
