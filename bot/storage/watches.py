"""What is watched: tasks, each once, and the watches on them."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, bindparam, exists, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.delivery import Delivery, State, Topic
from bot.domain.rhythm import Tick
from bot.domain.sight import LONGEST_REST, Sight, missed, next_look, same_news, seen
from bot.domain.task import Task
from bot.domain.watch import Ending, Step, Watch, advance, may_advance
from bot.storage.rows import (
    Row,
    delivery_values,
    prefixed,
    sight_of,
    sight_times,
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


class Look(Struct, frozen=True):
    """What a gateway said of a task; None: that it has none."""

    gateway: str
    task: Task | None


class Pace(Struct, frozen=True):
    """How fast to look again: every `interval` seconds, or with the gateway's tick; `probe`: these look out for it."""

    interval: float
    tick: Tick | None = None
    probe: bool = False


class Settled(Struct, frozen=True):
    """`owed`: how many messages; `unchanged_at`: when the changes that were seen were not there yet, at the latest."""

    owed: int
    unchanged_at: float | None


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
        empty = sight_values(Sight(task_id="")) | {"due_at": wishes[0].created_at, "lease_until": 0.0}
        rows = [empty | {"task_id": task_id, "gateway": gateways.get(task_id, "")} for task_id in ids]
        statement = insert(tasks).on_conflict_do_update(
            index_elements=["task_id"],
            set_={"due_at": wishes[0].created_at, "changed_at": wishes[0].created_at, "asked_at": None, "misses": 0},
        )
        await connection.execute(statement, rows)

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
        columns = [*prefixed(watches, "w_"), *prefixed(tasks, "t_"), deliveries.c.state, deliveries.c.reason]
        statement = select(*columns).select_from(source).where(which)
        statement = statement.order_by(watches.c.created_at.desc(), watches.c.id.desc()).limit(limit).offset(offset)
        async with self._transaction(read_only=True) as connection:
            count = await connection.scalar(select(func.count()).select_from(source).where(which))
            rows = (await connection.execute(statement)).mappings().all()
        return int(count or 0), [_listed(row) for row in rows]

    async def resume(self, gateways: Collection[str], now: float) -> None:
        """At the start. Leases are of a process that is dead; times may be of a clock that went wrong."""
        latest = now + LONGEST_REST
        async with self._transaction() as connection:
            await connection.execute(update(tasks).values(lease_until=0.0))
            await connection.execute(update(tasks).where(tasks.c.due_at > latest).values(due_at=latest))
            lost = tasks.c.gateway.not_in(gateways) & tasks.c.due_at.is_not(None)
            await connection.execute(update(tasks).where(lost).values(gateway="", due_at=now))

    async def claim(self, gateway: str, now: float, *, lease: float, limit: int) -> list[str]:
        """Ids of tasks to look at now, for `lease` seconds nobody else's."""
        due = (
            select(tasks.c.task_id)
            .where(tasks.c.gateway == gateway, tasks.c.due_at <= now, tasks.c.lease_until <= now)
            .order_by(tasks.c.due_at)
            .limit(limit)
        )
        statement = update(tasks).where(tasks.c.task_id.in_(due)).values(lease_until=now + lease)
        async with self._transaction() as connection:
            return list(await connection.scalars(statement.returning(tasks.c.task_id)))

    async def release(self, task_ids: Collection[str], due_at: float | None = None) -> None:
        """They could not be asked for: they stay due, or are due later."""
        changes = {"lease_until": 0.0} | ({} if due_at is None else {"due_at": due_at})
        async with self._transaction() as connection:
            await connection.execute(update(tasks).where(tasks.c.task_id.in_(task_ids)).values(changes))

    async def next_due(self, gateway: str) -> float | None:
        """When to look next: at what is being asked for, when nobody is at it any more."""
        moment = func.max(tasks.c.due_at, tasks.c.lease_until)
        statement = select(func.min(moment)).where(tasks.c.gateway == gateway, tasks.c.due_at.is_not(None))
        async with self._transaction(read_only=True) as connection:
            due_at: float | None = await connection.scalar(statement)
        return due_at

    async def settle(self, looks: Mapping[str, Look], now: float, pace: Pace) -> Settled:
        """Learn what gateways said, and owe what follows from it: all of it, or nothing."""
        async with self._transaction() as connection:
            before = await self._sights(connection, looks)
            after = {task_id: _looked(sight, looks[task_id], now) for task_id, sight in before.items()}
            alive = {each: sight for each, sight in after.items() if may_advance(before[each], sight, now)}
            steps = await self._steps(connection, alive, after, now)
            dues = _dues(alive, after, steps.values(), now, pace)
            await self._keep_sights(connection, before, after, dues)
            await self._keep_watches(connection, [step.watch for watch, step in steps.items() if step.watch != watch])
            owed = [delivery for step in steps.values() for delivery in step.deliveries]
            await add_deliveries(connection, owed)
        changed = [sight.asked_at for each, sight in before.items() if sight.task and not same_news(sight, after[each])]
        return Settled(len(owed), max((since for since in changed if since is not None), default=None))

    async def _sights(self, connection: AsyncConnection, task_ids: Collection[str]) -> dict[str, Sight]:
        if not task_ids:
            return {}
        rows = (await connection.execute(select(tasks).where(tasks.c.task_id.in_(task_ids)))).mappings()
        return {row["task_id"]: sight_of(row) for row in rows}

    async def _steps(
        self, connection: AsyncConnection, alive: Mapping[str, Sight], looked_at: Mapping[str, Sight], now: float
    ) -> dict[Watch, Step]:
        if not alive:
            return {}
        about = or_(watches.c.task_id.in_(alive), watches.c.lyrics_id.in_(alive))
        rows = (await connection.execute(select(watches).where(is_open, about))).mappings()
        concerned = [watch_of(row) for row in rows]
        needed = {each for watch in concerned for each in (watch.task_id, watch.lyrics_id) if each}
        every = {**await self._sights(connection, needed - looked_at.keys()), **looked_at}
        return {watch: advance(watch, every[watch.task_id], now, every.get(watch.lyrics_id)) for watch in concerned}

    async def _keep_sights(
        self,
        connection: AsyncConnection,
        before: Mapping[str, Sight],
        after: Mapping[str, Sight],
        dues: Mapping[str, float | None],
    ) -> None:
        """Most answers are those that came before: then only the times are written."""
        new, times = [], []
        for task_id, sight in after.items():
            about = {"due_at": dues[task_id], "lease_until": 0.0, "which": task_id}
            if sight.task == before[task_id].task and sight.gateway == before[task_id].gateway:
                times.append(sight_times(sight) | about)
            else:
                new.append(sight_values(sight) | about)
        for rows in (new, times):
            if rows:
                await connection.execute(update(tasks).where(tasks.c.task_id == bindparam("which")), rows)

    async def _keep_watches(self, connection: AsyncConnection, changed: Sequence[Watch]) -> None:
        rows = [
            {
                "which": watch.id,
                "told": to_json(watch.told),
                "quiet_told": watch.quiet_told,
                "live_told": watch.live_told,
                "ending": watch.ending,
            }
            for watch in changed
        ]
        if rows:
            await connection.execute(update(watches).where(watches.c.id == bindparam("which")), rows)


Whose = ColumnElement[bool]


def of_user(user_id: int) -> Whose:
    return watches.c.user_id == user_id


def of_guild(guild_id: int) -> Whose:
    return watches.c.guild_id == guild_id


def numbered(watch_id: int) -> Whose:
    return watches.c.id == watch_id


async def add_deliveries(connection: AsyncConnection, owed: Sequence[Delivery]) -> None:
    """What is owed already is not owed again."""
    fresh = {"state": State.WAITING, "reason": "", "lease_until": 0.0, "attempts": 0, "aside": False}
    if rows := [delivery_values(delivery) | fresh for delivery in owed]:
        await connection.execute(insert(deliveries).on_conflict_do_nothing(index_elements=["id"]), rows)


def _looked(sight: Sight, look: Look, now: float) -> Sight:
    return seen(sight, look.task, look.gateway, now) if look.task else missed(sight, now)


def _dues(
    alive: Mapping[str, Sight], sights: Mapping[str, Sight], steps: Iterable[Step], now: float, pace: Pace
) -> dict[str, float | None]:
    """When to look next: as long as a watch is open on it, or waits for its lyrics."""
    open_ = [step.watch for step in steps if not step.watch.ending]
    watched = {watch.task_id for watch in open_}
    lyrics = {watch.lyrics_id for watch in open_}
    return {
        task_id: next_look(sight, now, pace.interval, pace.tick, probe=pace.probe)
        if task_id not in alive or task_id in watched or (task_id in lyrics and not sight.settled)
        else None
        for task_id, sight in sights.items()
    }


def _listed(row: Row) -> Listed:
    state = State(row["state"]) if row["state"] else None
    return Listed(watch_of(unprefixed(row, "w_")), sight_of(unprefixed(row, "t_")), state, row["reason"] or "")
