"""When each task is looked at, what was seen, and what follows from it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, bindparam, case, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.sight import LONGEST_REST, SILENCE, Pace, Sight, missed, next_look, same_news, seen, unchanged_for
from bot.domain.task import Clip, Kind, Task
from bot.domain.watch import GRACE_LOOKS, QUIET_AFTER, Step, Watch, advance, may_advance, may_repeat
from bot.storage.outbox import add_deliveries
from bot.storage.rows import LONGEST_TITLE, one_of, sight_columns, sight_of, sight_values, to_json, watch_of
from bot.storage.schema import answers, has_lyrics, is_open, tasks, watches
from bot.storage.songs import keep_songs
from bot.storage.transaction import Transactions


class Look(Struct, frozen=True):
    """What a gateway said of a task; None: that it has none, and `gateway` is where to ask if that goes on.

    `digest`: of its bytes, where they are known.
    """

    gateway: str
    task: Task | None
    digest: bytes = b""


class Claim(Struct):
    """A task to look at. `digest`: of the answer after which nothing is to be done if it comes again, if any."""

    task_id: str
    digest: bytes
    status: str
    kind: Kind
    live: bool
    asked_at: float | None
    changed_at: float | None
    lease_until: float


class Settled(Struct, frozen=True):
    """`owed`: how many messages; `changed`: of which tasks there are news since the look before, and when they changed
    by their gateway's clock, if it says so; `moved`: whether any is from now on asked for elsewhere.
    """

    owed: int
    changed: Mapping[str, float | None]
    moved: bool


class LookStore(Transactions):
    async def resume(self, gateways: Sequence[str], now: float) -> None:
        """At the start. Leases are of a process that is dead; times may be of a clock that went wrong.

        Tasks of a gateway that is no longer there are looked for at all: with one gateway, there.
        """
        latest = now + LONGEST_REST
        home = gateways[0] if len(gateways) == 1 else ""
        async with self._transaction() as connection:
            for past in (tasks.c.first_asked_at, tasks.c.asked_at, tasks.c.changed_at):
                await connection.execute(update(tasks).where(past > now).values({past: now}))
            leased = (tasks.c.lease_until > 0.0) & tasks.c.due_at.is_not(None)
            await connection.execute(update(tasks).where(leased).values(lease_until=0.0, due_at=now))
            await connection.execute(update(tasks).where(tasks.c.due_at > latest).values(due_at=latest))
            lost = tasks.c.gateway.not_in(gateways)
            await connection.execute(update(tasks).where(lost).values(gateway=home, due_at=_unless_stopped(now)))

    async def claim(self, gateway: str, now: float, *, lease: float, limit: int) -> list[Claim]:
        """Tasks to look at now, for `lease` seconds nobody else's, and due again when those are over."""
        due = (
            select(tasks.c.task_id)
            .where(tasks.c.gateway == gateway, tasks.c.due_at <= now)
            .order_by(tasks.c.due_at)
            .limit(limit)
        )
        statement = update(tasks).where(tasks.c.task_id.in_(due)).values(due_at=now + lease, lease_until=now + lease)
        async with self._transaction() as connection:
            rows = (await connection.execute(statement.returning(*_CLAIMED))).all()
        return [_knowing(Claim(*row), now) for row in rows]

    async def release(self, task_ids: Collection[str], due_at: float) -> None:
        """They could not be asked for."""
        changes = {"lease_until": 0.0, "due_at": _unless_stopped(due_at)}
        async with self._transaction() as connection:
            await connection.execute(update(tasks).where(one_of(tasks.c.task_id, task_ids)).values(changes))

    async def next_due(self, gateway: str) -> float | None:
        """When to look next: at what is being asked for, when nobody is at it any more."""
        statement = select(func.min(tasks.c.due_at)).where(tasks.c.gateway == gateway, tasks.c.due_at.is_not(None))
        async with self._transaction(read_only=True) as connection:
            due_at: float | None = await connection.scalar(statement)
        return due_at

    async def settle(self, looks: Mapping[str, Look], now: float, pace: Pace, same: Sequence[Claim] = ()) -> Settled:
        """Learn what gateways said, and owe what follows from it: all of it, or nothing.

        `same`: those whose answer was, to the byte, the one before.
        """
        async with self._transaction() as connection:
            await self._keep_times(connection, same, now, pace)
            before = await self._sights(connection, looks)
            after = {task_id: _looked(sight, looks[task_id], now) for task_id, sight in before.items()}
            alive = {each: sight for each, sight in after.items() if may_advance(before[each], sight, now)}
            steps = await self._steps(connection, alive, after, now)
            dues = _dues(alive, after, steps.values(), now, pace)
            await self._keep_sights(connection, before, after, dues, now)
            await self._keep_watches(connection, [step.watch for watch, step in steps.items() if step.watch != watch])
            owed = [delivery for step in steps.values() for delivery in step.deliveries]
            await add_deliveries(connection, owed)
        moved = any(sight.gateway != after[each].gateway for each, sight in before.items())
        return Settled(len(owed), _changed(before, after), moved)

    async def _keep_times(self, connection: AsyncConnection, same: Sequence[Claim], now: float, pace: Pace) -> None:
        for claims in alike(same):
            due_at = next_look(claims[0], now, pace)
            times = {"asked_at": now, "due_at": _unless_stopped(due_at), "lease_until": 0.0, "misses": 0}
            # Since they were claimed somebody may have claimed them anew, to look for a new watch.
            ours = one_of(tasks.c.task_id, [claim.task_id for claim in claims]) & (
                tasks.c.lease_until == claims[0].lease_until
            )
            await connection.execute(update(tasks).where(ours).values(times))

    async def _sights(self, connection: AsyncConnection, task_ids: Collection[str]) -> dict[str, Sight]:
        if not task_ids:
            return {}
        statement = select(*sight_columns(tasks)).where(one_of(tasks.c.task_id, task_ids))
        rows = (await connection.execute(statement)).mappings()
        return {row["task_id"]: sight_of(row) for row in rows}

    async def _steps(
        self, connection: AsyncConnection, alive: Mapping[str, Sight], looked_at: Mapping[str, Sight], now: float
    ) -> dict[Watch, Step]:
        if not alive:
            return {}
        concerned = await self._watches_of(connection, alive)
        needed = {each for watch in concerned for each in (watch.task_id, watch.lyrics_id) if each}
        every = {**await self._sights(connection, needed - looked_at.keys()), **looked_at}
        return {watch: advance(watch, every[watch.task_id], now, every.get(watch.lyrics_id)) for watch in concerned}

    async def _watches_of(self, connection: AsyncConnection, task_ids: Collection[str]) -> list[Watch]:
        """Open ones, each once. Asked for apart: of an OR of the two, SQLite reads all open watches there are."""
        by_song = select(watches).where(is_open, one_of(watches.c.task_id, task_ids))
        by_lyrics = select(watches).where(is_open, has_lyrics, one_of(watches.c.lyrics_id, task_ids))
        found: dict[int, Watch] = {}
        for statement in (by_song, by_lyrics):
            rows = (await connection.execute(statement)).mappings()
            found |= {row["id"]: watch_of(row) for row in rows}
        return list(found.values())

    async def _keep_sights(
        self,
        connection: AsyncConnection,
        before: Mapping[str, Sight],
        after: Mapping[str, Sight],
        dues: Mapping[str, float | None],
        now: float,
    ) -> None:
        rows = [
            sight_values(sight) | {"which": task_id, "next_look": dues[task_id]} for task_id, sight in after.items()
        ]
        if rows:
            next_look_at = _unless_stopped(bindparam("next_look"))
            changes = update(tasks).values(due_at=next_look_at, lease_until=0.0)
            await connection.execute(changes.where(tasks.c.task_id == bindparam("which")), rows)
        new = [
            {"task_id": task_id, "task": to_json(sight.task), "title": sight.task.title[:LONGEST_TITLE]}
            for task_id, sight in after.items()
            if sight.task and sight.task != before[task_id].task
        ]
        if new:
            statement = insert(answers)
            newest = {name: statement.excluded[name] for name in ("task", "title")}
            await connection.execute(statement.on_conflict_do_update(index_elements=["task_id"], set_=newest), new)
            await keep_songs(connection, _new_songs(before, after), now)

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


def _new_songs(before: Mapping[str, Sight], after: Mapping[str, Sight]) -> dict[str, str]:
    """Tasks by the ids of the songs that they did not have before."""
    return {
        clip.id: task_id
        for task_id, sight in after.items()
        for clip in _clips(sight)
        if clip.id not in {each.id for each in _clips(before[task_id])}
    }


def _clips(sight: Sight) -> Sequence[Clip]:
    return sight.task.clips if sight.task else ()


_CLAIMED = tuple(tasks.c[name] for name in Claim.__struct_fields__)


def alike(claims: Iterable[Claim]) -> Collection[Sequence[Claim]]:
    """Those that have been in a state since one moment, and are leased for one time."""
    groups: dict[tuple[object, ...], list[Claim]] = {}
    for claim in claims:
        key = (claim.status, claim.kind, claim.live, claim.changed_at, claim.lease_until)
        groups.setdefault(key, []).append(claim)
    return groups.values()


def _knowing(claim: Claim, now: float) -> Claim:
    """Without its digest, if there is something to do whatever comes."""
    silent = claim.asked_at is None or now - claim.asked_at > SILENCE
    if silent or unchanged_for(claim, now) >= QUIET_AFTER:
        claim.digest = b""
    return claim


def _changed(before: Mapping[str, Sight], after: Mapping[str, Sight]) -> dict[str, float | None]:
    """Of which there was an answer before, and is another one now."""
    pairs = ((sight, after[task_id]) for task_id, sight in before.items())
    return {new.task_id: new.task.updated_at for old, new in pairs if old.task and new.task and not same_news(old, new)}


def _unless_stopped(due_at: Any) -> ColumnElement[float | None]:
    """Nobody watches it any more since it was asked for: then it is not due again."""
    return case((tasks.c.due_at.is_(None), None), else_=due_at)


def _looked(sight: Sight, look: Look, now: float) -> Sight:
    if look.task is None:
        after = missed(sight, now)
        gone = look.gateway != sight.gateway and after.misses >= GRACE_LOOKS
        return replace(after, gateway=look.gateway, misses=0) if gone else after
    after = seen(sight, look.task, look.gateway, now, look.digest)
    return after if may_repeat(after) else replace(after, digest=b"")


def _dues(
    alive: Mapping[str, Sight], sights: Mapping[str, Sight], steps: Iterable[Step], now: float, pace: Pace
) -> dict[str, float | None]:
    """When to look next: as long as a watch is open on it, or waits for its lyrics."""
    open_ = [step.watch for step in steps if not step.watch.ending]
    watched = {watch.task_id for watch in open_}
    lyrics = {watch.lyrics_id for watch in open_}
    return {
        task_id: next_look(sight, now, pace)
        if task_id not in alive or task_id in watched or (task_id in lyrics and not sight.settled)
        else None
        for task_id, sight in sights.items()
    }
