"""What is watched: tasks, each once, and the watches on them."""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.delivery import State, Topic
from bot.domain.sight import Sight
from bot.domain.watch import Ending, Watch
from bot.storage.rows import (
    Row,
    prefixed,
    sight_columns,
    sight_of,
    sight_values,
    to_json,
    unprefixed,
    watch_of,
    watch_values,
)
from bot.storage.schema import deliveries, is_open, is_unsent, tasks, watches
from bot.storage.transaction import Transactions


class Added(Struct, frozen=True):
    """What became of wishes: `watched` are new, `known` were watched in their place already, `refused` are too many."""

    watched: tuple[Watch, ...]
    known: tuple[Watch, ...]
    refused: int
    watching: int  # how many the person watches now


class Listed(Struct, frozen=True):
    """A watch as its list shows it. `reason`: why its songs could not be brought, if they could not."""

    watch: Watch
    sight: Sight
    state: State | None  # of its oldest message that is not sent
    reason: str


class WatchStore(Transactions):
    async def add(self, wishes: Sequence[Watch], *, most: int, gateways: Mapping[str, str]) -> Added:
        """Watch tasks for one person in one place. `gateways`: where tasks are asked for; elsewhere it is open."""
        async with self._transaction() as connection:
            here = await self._watched_in_place(connection, wishes)
            watching = await self._count(connection, wishes[0].user_id)
            new = [wish for wish in wishes if wish.task_id not in here]
            taken = new[: max(0, most - watching)]
            await self._add_tasks(connection, taken, gateways)
            watched = [await self._insert(connection, wish) for wish in taken]
        known = tuple(here[wish.task_id] for wish in wishes if wish.task_id in here)
        return Added(tuple(watched), known, len(new) - len(taken), watching + len(taken))

    async def _watched_in_place(self, connection: AsyncConnection, wishes: Sequence[Watch]) -> dict[str, Watch]:
        """Watches that are open, or have something to bring yet."""
        unsent = select(deliveries.c.watch_id).where(is_unsent)
        statement = select(watches).where(
            watches.c.channel_id == wishes[0].channel_id,
            watches.c.task_id.in_([wish.task_id for wish in wishes]),
            or_(is_open, watches.c.id.in_(unsent)),
        )
        found = (await connection.execute(statement)).mappings()
        return {row["task_id"]: watch_of(row) for row in found}

    async def _count(self, connection: AsyncConnection, user_id: int) -> int:
        statement = select(func.count()).select_from(watches).where(watches.c.user_id == user_id, is_open)
        return int(await connection.scalar(statement) or 0)

    async def _add_tasks(
        self, connection: AsyncConnection, wishes: Sequence[Watch], gateways: Mapping[str, str]
    ) -> None:
        """Each is due at once, also one that was settled long ago: its songs may have moved. Patience begins anew."""
        ids = dict.fromkeys(each for wish in wishes for each in (wish.task_id, wish.lyrics_id) if each)
        if not ids:
            return
        now = wishes[0].created_at
        anew = {"due_at": now, "lease_until": 0.0, "asked_at": None, "misses": 0}
        empty = sight_values(Sight(task_id="")) | anew
        live = {wish.task_id for wish in wishes if wish.live}
        rows = [
            empty | {"task_id": task_id, "gateway": gateways.get(task_id, ""), "live": task_id in live}
            for task_id in ids
        ]
        statement = insert(tasks)
        changes = anew | {"changed_at": now, "live": tasks.c.live | statement.excluded.live}
        await connection.execute(statement.on_conflict_do_update(index_elements=["task_id"], set_=changes), rows)

    async def _insert(self, connection: AsyncConnection, wish: Watch) -> Watch:
        values = watch_values(wish) | {"card_shows": ""}
        row = await connection.execute(insert(watches).values(values).returning(watches.c.id))
        return replace(wish, id=row.scalar_one())

    async def change_mentions(self, watch_id: int, *, add: str = "", drop: str = "") -> None:
        """Somebody else wants to hear of a watch that is there already, or no longer does."""
        this = watches.c.id == watch_id
        async with self._transaction() as connection:
            watch = watch_of((await connection.execute(select(watches).where(this))).mappings().one())
            mentions = dict.fromkeys(each for each in (*watch.mentions, add) if each and each != drop)
            await connection.execute(update(watches).where(this).values(mentions=to_json(list(mentions))))

    async def open_watch(self, watch_id: int) -> Watch | None:
        statement = select(watches).where(watches.c.id == watch_id, is_open)
        async with self._transaction(read_only=True) as connection:
            row = (await connection.execute(statement)).mappings().first()
        return watch_of(row) if row else None

    async def stop(self, condition: "Whose", task_ids: Collection[str] | None = None) -> list[Watch]:
        """End open watches: those named, or all. What they owe already is brought all the same."""
        which = is_open & condition
        if task_ids is not None:
            which &= watches.c.task_id.in_(task_ids)
        statement = update(watches).where(which).values(ending=Ending.STOPPED).returning(*watches.c)
        async with self._transaction() as connection:
            stopped = [watch_of(row) for row in (await connection.execute(statement)).mappings()]
            named = [each for watch in stopped for each in (watch.task_id, watch.lyrics_id)]
            wanted = exists().where(
                is_open, or_(watches.c.task_id == tasks.c.task_id, watches.c.lyrics_id == tasks.c.task_id)
            )
            unwatched = tasks.c.task_id.in_(named) & ~wanted
            await connection.execute(update(tasks).where(unwatched).values(due_at=None))
        return stopped

    async def listed(self, condition: "Whose", *, limit: int, offset: int = 0) -> tuple[int, list[Listed]]:
        """Open watches, and those whose songs could not be brought; how many there are, and some of them."""
        unbrought = deliveries.c.state != State.SENT, deliveries.c.topic != Topic.BLOCKED
        stuck = (
            select(deliveries.c.watch_id, func.min(deliveries.c.line).label("line"))
            .where(*unbrought)
            .group_by(deliveries.c.watch_id)
            .subquery()
        )
        source = (
            watches.join(tasks, tasks.c.task_id == watches.c.task_id)
            .outerjoin(stuck, stuck.c.watch_id == watches.c.id)
            .outerjoin(deliveries, deliveries.c.line == stuck.c.line)
        )
        which = condition & or_(is_open, stuck.c.line.is_not(None))
        columns = [*prefixed(watches, "w_"), *sight_columns(tasks, "t_"), deliveries.c.state, deliveries.c.reason]
        statement = select(*columns).select_from(source).where(which)
        statement = statement.order_by(watches.c.created_at.desc(), watches.c.id.desc()).limit(limit).offset(offset)
        async with self._transaction(read_only=True) as connection:
            count = await connection.scalar(select(func.count()).select_from(source).where(which))
            rows = (await connection.execute(statement)).mappings().all()
        return int(count or 0), [_listed(row) for row in rows]


Whose = ColumnElement[bool]


def of_user(user_id: int) -> Whose:
    return watches.c.user_id == user_id


def of_guild(guild_id: int) -> Whose:
    return watches.c.guild_id == guild_id


def numbered(watch_id: int) -> Whose:
    return watches.c.id == watch_id


def _listed(row: Row) -> Listed:
    state = State(row["state"]) if row["state"] else None
    return Listed(watch_of(unprefixed(row, "w_")), sight_of(unprefixed(row, "t_")), state, row["reason"] or "")
