"""Watches, and the tasks that they are on."""

from collections.abc import Collection, Mapping, Sequence

from msgspec.structs import replace
from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true, union_all, update
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.delivery import NOTICES, RESULTS, State, Topic
from bot.domain.snapshot import TaskSnapshot
from bot.domain.task import TaskKind
from bot.domain.watch import MAX_WATCH_TIME, Watch, WatchOutcome, delivery_for, joined
from bot.domain.watch_results import AddedWatches, LeftWatches, ListedWatch, OfferedTask, WatchQuery
from bot.storage.engines.bulk import insert_each
from bot.storage.engines.expressions import insert, one_of
from bot.storage.following import concerns, follow, hand_over, unfollow
from bot.storage.outbox import add_deliveries
from bot.storage.rows import (
    Row,
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
_unposted = (_unsent.c.watch_id == watches.c.id, _unsent.c.state != State.SENT, _unsent.c.topic != Topic.BLOCKED)
_oldest_unposted = select(func.min(_unsent.c.seq)).where(*_unposted).correlate(watches).scalar_subquery()
_is_unposted = exists().where(*_unposted, _unsent.c.topic.not_in(NOTICES)).correlate(watches)
_WITH_RESULT = (WatchOutcome.DELIVERED, WatchOutcome.FAILED)


class WatchStore(Transactions):
    async def add(
        self, requests: Sequence[Watch], *, most: int, most_here: int | None = None, gateways: Mapping[str, str]
    ) -> AddedWatches:
        """Watches tasks for one person in one channel. `most`: the person's limit; `most_here`: in this server.

        `gateways`: the known gateways of tasks.
        """
        async with self._transaction() as connection:
            here = await self._watched_here(connection, requests)
            watching, limit = await self._nearest_limit(connection, requests[0], most, most_here)
            own_or_ended = await self._own_or_ended(connection, requests[0].user_id, here.values())
            counted = [
                request
                for request in requests
                if request.task_id not in here or here[request.task_id].id not in own_or_ended
            ]
            refused = {request.task_id for request in counted[max(0, limit - watching) :]}
            accepted = [request for request in requests if request.task_id not in refused]
            new = [request for request in accepted if request.task_id not in here]
            watched = await watch_in(connection, await self._going_on(connection, new), gateways)
            again = [request for request in accepted if request.task_id in here]
            known = [await self._join(connection, here[request.task_id], request, gateways) for request in again]
        return AddedWatches(tuple(watched), tuple(known), len(refused), watching + len(counted) - len(refused), limit)

    async def _watched_here(self, connection: AsyncConnection, requests: Sequence[Watch]) -> dict[str, Watch]:
        """Watches that are open, or whose result is not posted yet."""
        result = exists().where(deliveries.c.watch_id == watches.c.id, is_unsent, deliveries.c.topic.in_(RESULTS))
        has_unsent_result = watches.c.outcome.in_(_WITH_RESULT) & result
        statement = select(watches).where(
            watches.c.channel_id == requests[0].channel_id,
            watches.c.task_id.in_([request.task_id for request in requests]),
            or_(is_open, has_unsent_result),
        )
        found = (await connection.execute(statement)).mappings()
        return {row["task_id"]: watch_of(row) for row in found}

    async def _own_or_ended(self, connection: AsyncConnection, user_id: int, found: Collection[Watch]) -> set[int]:
        """Ids of watches that the person started or joined, and of ended ones, which count towards no limit."""
        numbers = [watch.id for watch in found if not watch.outcome]
        mine = select(watches.c.id).where(watches.c.id.in_(numbers), matching(WatchQuery(user_id=user_id)))
        return {*await connection.scalars(mine), *(watch.id for watch in found if watch.outcome)}

    async def _nearest_limit(
        self, connection: AsyncConnection, request: Watch, most: int, most_here: int | None
    ) -> tuple[int, int]:
        """The person's open watches, and the limit: everywhere, or here if there is less room.

        Joined ones count, because they pass to the person when others leave.
        """
        own = is_open & matching(WatchQuery(user_id=request.user_id))
        limits = [(await _count(connection, own), most)]
        if most_here is not None:
            limits.append((await _count(connection, own & (watches.c.guild_id == request.guild_id)), most_here))
        return min(limits, key=lambda limit: limit[1] - limit[0])

    async def _join(
        self, connection: AsyncConnection, watch: Watch, request: Watch, gateways: Mapping[str, str]
    ) -> Watch:
        """Adds a request to a watch that exists already."""
        after = joined(watch, request)
        if request.user_id != watch.user_id:
            await follow(connection, watch.id, request)
        if after != watch:
            changes = {"mentions": to_json(after.mentions), "lyrics_id": after.lyrics_id, "live": after.live}
            await connection.execute(update(watches).where(watches.c.id == watch.id).values(changes))
        if (after.lyrics_id, after.live) != (watch.lyrics_id, watch.live) and not watch.outcome:
            await _add_tasks(connection, [replace(after, created_at=request.created_at)], gateways)
        return after

    async def _going_on(self, connection: AsyncConnection, requests: Sequence[Watch]) -> list[Watch]:
        """With the songs that are not posted again: of an expired watch in this channel, or of a stopped one with
        unsent songs.
        """
        if not requests:
            return []
        coming = exists().where(deliveries.c.watch_id == watches.c.id, is_unsent, deliveries.c.topic == Topic.SONGS)
        statement = select(watches, coming.label("coming")).where(
            watches.c.channel_id == requests[0].channel_id,
            watches.c.task_id.in_([request.task_id for request in requests]),
        )
        rows = (await connection.execute(statement.order_by(watches.c.id))).mappings()
        newest = {row["task_id"]: row for row in rows}.values()
        earlier = [watch_of(row) for row in newest if row["outcome"] == WatchOutcome.EXPIRED or row["coming"]]
        announced = {watch.task_id: watch.announced for watch in earlier}
        return [replace(request, announced=announced.get(request.task_id, ())) for request in requests]

    async def open_watch(self, query: WatchQuery) -> Watch | None:
        statement = select(watches).where(matching(query), is_open).limit(1)
        async with self._transaction(read_only=True) as connection:
            row = (await connection.execute(statement)).mappings().first()
        return watch_of(row) if row else None

    async def is_concerned(self, watch_id: int, user_id: int) -> bool:
        """Whether the person started the watch or joined it."""
        statement = select(exists().where(matching(WatchQuery(watch_id=watch_id, user_id=user_id))))
        async with self._transaction(read_only=True) as connection:
            return bool(await connection.scalar(statement))

    async def stop(self, query: WatchQuery) -> None:
        """Ends open watches for everybody. Their due messages are still sent."""
        async with self._transaction() as connection:
            await self._end(connection, matching(query))

    async def leave(self, user_id: int, query: WatchQuery | None = None) -> LeftWatches:
        """Leaves the person's own and joined open watches: those that match, or all. They go on for others."""
        which = is_open & matching(query) if query else is_open
        async with self._transaction() as connection:
            going_on = [*await hand_over(connection, user_id, which), *await unfollow(connection, user_id, which)]
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
        """Ends old watches whose gateway has not answered for long, and notifies their people.

        `spare`: gateways whose tasks are kept, along with tasks whose gateway is unknown.
        """
        unanswered = tasks.c.asked_at.is_(None) | (tasks.c.asked_at < now - MAX_WATCH_TIME)
        spared = tasks.c.gateway.in_([*spare, ""] if spare else [])
        unanswered_tasks = select(tasks.c.task_id).where(unanswered, ~spared)
        overdue = (watches.c.created_at < now - MAX_WATCH_TIME) & watches.c.task_id.in_(unanswered_tasks)
        async with self._transaction() as connection:
            ended = await self._end(connection, overdue, WatchOutcome.EXPIRED)
            await add_deliveries(connection, [delivery_for(watch, Topic.EXPIRED, now) for watch in ended])

    async def listed(self, query: WatchQuery, *, limit: int, offset: int = 0) -> tuple[int, list[ListedWatch]]:
        """The number of watches that are open or whose songs could not be posted, and one page of them."""
        source = watches.join(tasks, tasks.c.task_id == watches.c.task_id).outerjoin(
            deliveries, deliveries.c.seq == _oldest_unposted
        )
        which = matching(query) & or_(is_open, _is_unposted)
        columns = [*prefixed(watches, "w_"), *snapshot_columns(tasks, "t_"), deliveries.c.state, deliveries.c.reason]
        statement = select(*columns).select_from(source).where(which)
        statement = statement.order_by(watches.c.created_at.desc(), watches.c.id.desc()).limit(limit).offset(offset)
        async with self._transaction(read_only=True) as connection:
            count = await _count(connection, which)
            rows = (await connection.execute(statement)).mappings().all()
        return count, [_listed(row) for row in rows]

    async def offered(self, user_id: int, typed: str, *, limit: int) -> tuple[int, list[OfferedTask]]:
        """The number of tasks that the person watches, and the newest whose id or title contains the text."""
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


async def watch_in(connection: AsyncConnection, requests: Sequence[Watch], gateways: Mapping[str, str]) -> list[Watch]:
    """Adds new watches within a transaction; `gateways`: the known gateways of their tasks."""
    await _add_tasks(connection, requests, gateways)
    return [await _insert(connection, request) for request in requests]


async def _add_tasks(connection: AsyncConnection, requests: Sequence[Watch], gateways: Mapping[str, str]) -> None:
    """Each task is due at once, even one that was final long ago, because its addresses may have changed. Timers
    restart.
    """
    ids = dict.fromkeys(each for request in requests for each in (request.task_id, request.lyrics_id) if each)
    if not ids:
        return
    now = requests[0].created_at
    reset = {"due_at": now, "lease_until": 0.0, "asked_at": None, "misses": 0}
    empty = snapshot_values(TaskSnapshot(task_id="")) | reset
    live, lyrics = (
        {request.task_id for request in requests if request.live},
        {request.lyrics_id for request in requests},
    )
    rows = [
        empty
        | {"task_id": task_id, "gateway": gateways.get(task_id, ""), "live": task_id in live}
        | {"kind": TaskKind.LYRICS if task_id in lyrics else TaskKind.UNKNOWN}
        for task_id in ids
    ]
    changes = reset | {"changed_at": now}

    def restarting(statement: Insert) -> Insert:
        set_ = changes | {"live": tasks.c.live | statement.excluded.live}
        return statement.on_conflict_do_update(index_elements=["task_id"], set_=set_)

    await insert_each(connection, tasks, rows, restarting)


async def _insert(connection: AsyncConnection, request: Watch) -> Watch:
    values = watch_values(request) | {"card_shows": ""}
    row = await connection.execute(insert(watches).values(values).returning(watches.c.id))
    return replace(request, id=row.scalar_one())


def matching(query: WatchQuery) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if query.watch_id is not None:
        conditions.append(watches.c.id == query.watch_id)
    if query.user_id is not None:
        conditions.append(concerns(query.user_id))
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
