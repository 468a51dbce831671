"""What is watched: tasks, each once, and the watches on them."""

from collections.abc import Collection, Mapping, Sequence

from msgspec.structs import replace
from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true, union_all, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.delivery import NOTICES, State, Topic
from bot.domain.snapshot import TaskSnapshot
from bot.domain.task import TaskKind
from bot.domain.watch import LONGEST, Watch, WatchOutcome, delivery_for, joined
from bot.domain.watch_results import AddedWatches, LeftWatches, ListedWatch, OfferedTask, WatchQuery
from bot.storage.following import follow, follows, hand_on, unfollow
from bot.storage.outbox import add_deliveries
from bot.storage.rows import (
    Row,
    one_of,
    prefixed,
    snapshot_columns,
    snapshot_of,
    snapshot_values,
    to_json,
    unprefixed,
    watch_of,
    watch_values,
)
from bot.storage.schema import answers, deliveries, followers, has_lyrics, is_open, is_unsent, tasks, watches
from bot.storage.transaction import Transactions

_unsent = deliveries.alias("unsent")
_unbrought = (_unsent.c.watch_id == watches.c.id, _unsent.c.state != State.SENT, _unsent.c.topic != Topic.BLOCKED)
_oldest_unbrought = select(func.min(_unsent.c.seq)).where(*_unbrought).correlate(watches).scalar_subquery()
_is_unbrought = exists().where(*_unbrought, _unsent.c.topic.not_in(NOTICES)).correlate(watches)
_WITH_RESULT = (WatchOutcome.DELIVERED, WatchOutcome.FAILED)
_RESULTS = (Topic.SONGS, Topic.LYRICS, Topic.FAILED)


class WatchStore(Transactions):
    async def add(
        self, wishes: Sequence[Watch], *, most: int, most_here: int | None = None, gateways: Mapping[str, str]
    ) -> AddedWatches:
        """Watch tasks for one person in one place. `most`, and `most_here` in its server: how many they may have.

        `gateways`: where tasks are asked for; elsewhere it is open.
        """
        async with self._transaction() as connection:
            here = await self._watched_in_place(connection, wishes)
            watching, limit = await self._nearest_limit(connection, wishes[0], most, most_here)
            mine = await self._concerning(connection, wishes[0].user_id, here.values())
            wanted = [wish for wish in wishes if wish.task_id not in here or here[wish.task_id].id not in mine]
            refused = {wish.task_id for wish in wanted[max(0, limit - watching) :]}
            taken = [wish for wish in wishes if wish.task_id not in here and wish.task_id not in refused]
            announced = await self._told_before(connection, taken)
            anew = [replace(wish, announced=announced.get(wish.task_id, ())) for wish in taken]
            watched = await watch_in(connection, anew, gateways)
            again = [wish for wish in wishes if wish.task_id in here and wish.task_id not in refused]
            known = [await self._join(connection, here[wish.task_id], wish, gateways) for wish in again]
        return AddedWatches(tuple(watched), tuple(known), len(refused), watching + len(wanted) - len(refused), limit)

    async def _watched_in_place(self, connection: AsyncConnection, wishes: Sequence[Watch]) -> dict[str, Watch]:
        """Watches that are open, or have a result to bring yet."""
        result = exists().where(deliveries.c.watch_id == watches.c.id, is_unsent, deliveries.c.topic.in_(_RESULTS))
        bringing = watches.c.outcome.in_(_WITH_RESULT) & result
        statement = select(watches).where(
            watches.c.channel_id == wishes[0].channel_id,
            watches.c.task_id.in_([wish.task_id for wish in wishes]),
            or_(is_open, bringing),
        )
        found = (await connection.execute(statement)).mappings()
        return {row["task_id"]: watch_of(row) for row in found}

    async def _concerning(self, connection: AsyncConnection, user_id: int, found: Collection[Watch]) -> set[int]:
        """Those that the person began or joined, by their numbers; and those that are over, which count nowhere."""
        numbers = [watch.id for watch in found if not watch.outcome]
        mine = select(watches.c.id).where(watches.c.id.in_(numbers), matching(WatchQuery(user_id=user_id)))
        return {*await connection.scalars(mine), *(watch.id for watch in found if watch.outcome)}

    async def _nearest_limit(
        self, connection: AsyncConnection, wish: Watch, most: int, most_here: int | None
    ) -> tuple[int, int]:
        """How many open watches the person has or joined, and may: everywhere, or here if there is less room.

        Those that they joined count, because they get them when others leave.
        """
        own = is_open & matching(WatchQuery(user_id=wish.user_id))
        limits = [(await _count(connection, own), most)]
        if most_here is not None:
            limits.append((await _count(connection, own & (watches.c.guild_id == wish.guild_id)), most_here))
        return min(limits, key=lambda limit: limit[1] - limit[0])

    async def _join(self, connection: AsyncConnection, watch: Watch, wish: Watch, gateways: Mapping[str, str]) -> Watch:
        """Somebody wishes what is watched there already."""
        now = joined(watch, wish)
        if wish.user_id != watch.user_id:
            await follow(connection, watch.id, wish)
        if now != watch:
            changes = {"mentions": to_json(now.mentions), "lyrics_id": now.lyrics_id, "live": now.live}
            await connection.execute(update(watches).where(watches.c.id == watch.id).values(changes))
        if (now.lyrics_id, now.live) != (watch.lyrics_id, watch.live) and not watch.outcome:
            await _add_tasks(connection, [replace(now, created_at=wish.created_at)], gateways)
        return now

    async def _told_before(self, connection: AsyncConnection, wishes: Sequence[Watch]) -> dict[str, tuple[str, ...]]:
        """Songs that are not brought again: of a watch there that was given up, or stopped with songs on their way."""
        if not wishes:
            return {}
        coming = exists().where(deliveries.c.watch_id == watches.c.id, is_unsent, deliveries.c.topic == Topic.SONGS)
        statement = select(watches, coming.label("coming")).where(
            watches.c.channel_id == wishes[0].channel_id, watches.c.task_id.in_([wish.task_id for wish in wishes])
        )
        rows = (await connection.execute(statement.order_by(watches.c.id))).mappings()
        newest = {row["task_id"]: row for row in rows}.values()
        going_on = [row for row in newest if row["outcome"] == WatchOutcome.EXPIRED or row["coming"]]
        return {row["task_id"]: watch_of(row).announced for row in going_on}

    async def open_watch(self, query: WatchQuery) -> Watch | None:
        statement = select(watches).where(matching(query), is_open).limit(1)
        async with self._transaction(read_only=True) as connection:
            row = (await connection.execute(statement)).mappings().first()
        return watch_of(row) if row else None

    async def is_concerned(self, watch_id: int, user_id: int) -> bool:
        """Whether the person began the watch, or joined it."""
        statement = select(exists().where(matching(WatchQuery(watch_id=watch_id, user_id=user_id))))
        async with self._transaction(read_only=True) as connection:
            return bool(await connection.scalar(statement))

    async def stop(self, query: WatchQuery) -> None:
        """End open watches for everybody. What they owe already is brought all the same."""
        async with self._transaction() as connection:
            await self._end(connection, matching(query))

    async def leave(self, user_id: int, query: WatchQuery | None = None) -> LeftWatches:
        """One's own open watches, and those that one joined: those named, or all. They go on for others."""
        which = is_open & matching(query) if query else is_open
        async with self._transaction() as connection:
            going_on = [*await hand_on(connection, user_id, which), *await unfollow(connection, user_id, which)]
            stopped = await self._end(connection, which & (watches.c.user_id == user_id))
        return LeftWatches(tuple(stopped), tuple(going_on))

    async def _end(
        self, connection: AsyncConnection, which: ColumnElement[bool], outcome: WatchOutcome = WatchOutcome.STOPPED
    ) -> list[Watch]:
        statement = update(watches).where(is_open & which).values(outcome=outcome).returning(*watches.c)
        stopped = [watch_of(row) for row in (await connection.execute(statement)).mappings()]
        named = [each for watch in stopped for each in (watch.task_id, watch.lyrics_id)]
        song = exists().where(is_open, watches.c.task_id == tasks.c.task_id)
        lyrics = exists().where(is_open, has_lyrics, watches.c.lyrics_id == tasks.c.task_id)
        unwatched = one_of(tasks.c.task_id, named) & ~song & ~lyrics
        await connection.execute(update(tasks).where(unwatched).values(due_at=None))
        return stopped

    async def end_unanswered(self, now: float, *, spare: Collection[str] = ()) -> None:
        """Watches that began long ago, and whose gateway has not answered for long: their people are told.

        `spare`: gateways whose tasks are kept all the same, and so are those that may be theirs.
        """
        silent = tasks.c.asked_at.is_(None) | (tasks.c.asked_at < now - LONGEST)
        spared = tasks.c.gateway.in_([*spare, ""] if spare else [])
        tasks_of_silence = select(tasks.c.task_id).where(silent, ~spared)
        overdue = (watches.c.created_at < now - LONGEST) & watches.c.task_id.in_(tasks_of_silence)
        async with self._transaction() as connection:
            ended = await self._end(connection, overdue, WatchOutcome.EXPIRED)
            await add_deliveries(connection, [delivery_for(watch, Topic.EXPIRED, now) for watch in ended])

    async def listed(self, query: WatchQuery, *, limit: int, offset: int = 0) -> tuple[int, list[ListedWatch]]:
        """Open watches, and those whose songs could not be brought; how many there are, and some of them."""
        source = watches.join(tasks, tasks.c.task_id == watches.c.task_id).outerjoin(
            deliveries, deliveries.c.seq == _oldest_unbrought
        )
        which = matching(query) & or_(is_open, _is_unbrought)
        columns = [*prefixed(watches, "w_"), *snapshot_columns(tasks, "t_"), deliveries.c.state, deliveries.c.reason]
        statement = select(*columns).select_from(source).where(which)
        statement = statement.order_by(watches.c.created_at.desc(), watches.c.id.desc()).limit(limit).offset(offset)
        async with self._transaction(read_only=True) as connection:
            count = await _count(connection, which)
            rows = (await connection.execute(statement)).mappings().all()
        return count, [_listed(row) for row in rows]

    async def offered(self, user_id: int, typed: str, *, limit: int) -> tuple[int, list[OfferedTask]]:
        """How many tasks the person watches, and the newest of those whose id or title has the text in it."""
        own = select(watches.c.id, watches.c.task_id).where(is_open, watches.c.user_id == user_id)
        joined_ids = select(followers.c.watch_id).where(followers.c.user_id == user_id)
        joined = select(watches.c.id, watches.c.task_id).where(is_open, watches.c.id.in_(joined_ids))
        every = union_all(own, joined).subquery()
        newest = select(every.c.task_id, func.max(every.c.id).label("id")).group_by(every.c.task_id).subquery()
        title = func.coalesce(answers.c.title, "")
        named = or_(newest.c.task_id.contains(typed, autoescape=True), title.icontains(typed, autoescape=True))
        source = newest.outerjoin(answers, answers.c.task_id == newest.c.task_id)
        statement = select(newest.c.task_id, title).select_from(source).where(named)
        async with self._transaction(read_only=True) as connection:
            count = await connection.scalar(select(func.count()).select_from(newest))
            rows = await connection.execute(statement.order_by(newest.c.id.desc()).limit(limit))
        return int(count or 0), [OfferedTask(*row) for row in rows]


async def watch_in(connection: AsyncConnection, wishes: Sequence[Watch], gateways: Mapping[str, str]) -> list[Watch]:
    """Watches that are not there yet, as a part of somebody's transaction; `gateways`: where their tasks are."""
    await _add_tasks(connection, wishes, gateways)
    return [await _insert(connection, wish) for wish in wishes]


async def _add_tasks(connection: AsyncConnection, wishes: Sequence[Watch], gateways: Mapping[str, str]) -> None:
    """Each is due at once, also one that was settled long ago: its songs may have moved. Patience begins anew."""
    ids = dict.fromkeys(each for wish in wishes for each in (wish.task_id, wish.lyrics_id) if each)
    if not ids:
        return
    now = wishes[0].created_at
    anew = {"due_at": now, "lease_until": 0.0, "asked_at": None, "misses": 0}
    empty = snapshot_values(TaskSnapshot(task_id="")) | anew
    live, lyrics = {wish.task_id for wish in wishes if wish.live}, {wish.lyrics_id for wish in wishes}
    rows = [
        empty
        | {"task_id": task_id, "gateway": gateways.get(task_id, ""), "live": task_id in live}
        | {"kind": TaskKind.LYRICS if task_id in lyrics else TaskKind.UNKNOWN}
        for task_id in ids
    ]
    statement = insert(tasks)
    changes = anew | {"changed_at": now, "live": tasks.c.live | statement.excluded.live}
    await connection.execute(statement.on_conflict_do_update(index_elements=["task_id"], set_=changes), rows)


async def _insert(connection: AsyncConnection, wish: Watch) -> Watch:
    values = watch_values(wish) | {"card_shows": ""}
    row = await connection.execute(insert(watches).values(values).returning(watches.c.id))
    return replace(wish, id=row.scalar_one())


def matching(query: WatchQuery) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if query.watch_id is not None:
        conditions.append(watches.c.id == query.watch_id)
    if query.user_id is not None:
        conditions.append(or_(watches.c.user_id == query.user_id, follows(query.user_id)))
    if query.guild_id is not None:
        conditions.append(watches.c.guild_id == query.guild_id)
    if query.channel_id is not None:
        conditions.append(watches.c.channel_id == query.channel_id)
    if query.task_ids is not None:
        conditions.append(watches.c.task_id.in_(query.task_ids))
    return and_(*conditions)


async def _count(connection: AsyncConnection, which: ColumnElement[bool]) -> int:
    return int(await connection.scalar(select(func.count()).select_from(watches).where(which)) or 0)


def _listed(row: Row) -> ListedWatch:
    state = State(row["state"]) if row["state"] else None
    return ListedWatch(watch_of(unprefixed(row, "w_")), snapshot_of(unprefixed(row, "t_")), state, row["reason"] or "")
