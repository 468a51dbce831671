"""Watched tasks: when each is due, and its newest answer."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import ColumnElement, Update, case, func, select, update
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.polling import Claim, PollPlan, needs_action_anyway
from bot.domain.snapshot import MAX_POLL_INTERVAL, TaskSnapshot
from bot.domain.watch import Watch
from bot.storage.engines.bulk import insert_each, update_each
from bot.storage.engines.expressions import one_of
from bot.storage.outbox import add_deliveries
from bot.storage.rows import MAX_TITLE, snapshot_columns, snapshot_of, snapshot_values, to_json, watch_of
from bot.storage.schema import answers, has_lyrics, is_open, tasks, watches
from bot.storage.songs import save_songs
from bot.storage.transaction import Transactions

_CLAIMED = tuple(tasks.c[name] for name in Claim.__struct_fields__)


class PollStore(Transactions):
    async def resume(self, gateways: Sequence[str], now: float) -> None:
        """At a start: ends the leases of the previous process, and corrects times in the future from a wrong clock.

        Tasks of a gateway that is no longer configured are polled at all gateways, or at the only one.
        """
        latest = now + MAX_POLL_INTERVAL
        known_gateway = gateways[0] if len(gateways) == 1 else ""
        async with self._transaction() as connection:
            for past in (tasks.c.first_asked_at, tasks.c.asked_at, tasks.c.changed_at):
                await connection.execute(update(tasks).where(past > now).values({past: now}))
            leased = (tasks.c.lease_until > 0.0) & tasks.c.due_at.is_not(None)
            await connection.execute(update(tasks).where(leased).values(lease_until=0.0, due_at=now))
            await connection.execute(update(tasks).where(tasks.c.due_at > latest).values(due_at=latest))
            lost = tasks.c.gateway.not_in(gateways)
            await connection.execute(
                update(tasks).where(lost).values(gateway=known_gateway, due_at=_unless_unwatched(now))
            )

    async def claim(self, gateway: str, now: float, *, lease: float, limit: int) -> list[Claim]:
        """Tasks that are due, leased for `lease` seconds and due again when the lease ends."""
        due = (
            select(tasks.c.task_id)
            .where(tasks.c.gateway == gateway, tasks.c.due_at <= now)
            .order_by(tasks.c.due_at)
            .limit(limit)
        )
        return await self._lease(update(tasks).where(tasks.c.task_id.in_(due)), now, lease)

    async def renew(self, claims: Sequence[Claim], now: float, *, lease: float) -> list[Claim]:
        """For tasks whose answers were repeated: claims them again, for `lease` seconds from now.

        Without those that have been claimed since, for a new watch, and those that nobody watches any more.
        """
        leases = {claim.lease_until for claim in claims}
        ours = one_of(tasks.c.task_id, [claim.task_id for claim in claims]) & tasks.c.lease_until.in_(leases)
        statement = update(tasks).where(ours, tasks.c.due_at.is_not(None)).values(asked_at=now, misses=0)
        return await self._lease(statement, now, lease)

    async def _lease(self, statement: Update, now: float, lease: float) -> list[Claim]:
        until = {"due_at": now + lease, "lease_until": now + lease}
        async with self._transaction(lazy=True) as connection:
            rows = (await connection.execute(statement.values(until).returning(*_CLAIMED))).all()
        claims = [Claim(*row) for row in rows]
        for claim in claims:
            if needs_action_anyway(claim, now):
                claim.digest = b""
        return claims

    async def release(self, task_ids: Collection[str], due_at: float) -> None:
        """For tasks that could not be polled."""
        changes = {"lease_until": 0.0, "due_at": _unless_unwatched(due_at)}
        async with self._transaction(lazy=True) as connection:
            await connection.execute(update(tasks).where(one_of(tasks.c.task_id, task_ids)).values(changes))

    async def end_leases(self, gateway: str, now: float, *, lease: float, held: Collection[str]) -> None:
        """After the database failed: of all tasks but those held, since a claim or what came of it may be lost."""
        leased = (tasks.c.gateway == gateway) & tasks.c.due_at.between(now, now + lease) & (tasks.c.lease_until > 0.0)
        changes = {"lease_until": 0.0, "due_at": now}
        async with self._transaction(lazy=True) as connection:
            await connection.execute(update(tasks).where(leased, ~one_of(tasks.c.task_id, held)).values(changes))

    async def next_due(self, gateway: str) -> float | None:
        """When the next task is due; for leased ones, when the lease ends."""
        statement = select(func.min(tasks.c.due_at)).where(tasks.c.gateway == gateway, tasks.c.due_at.is_not(None))
        async with self._transaction(read_only=True) as connection:
            due_at: float | None = await connection.scalar(statement)
        return due_at

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["PollTransaction"]:
        """Loads what is known and saves what follows from a poll. Raises StorageError; then nothing is saved.

        If a crash undoes it, the poll is repeated; before a message is posted, its attempt is stored durably.
        """
        async with self._transaction(lazy=True) as connection:
            yield PollTransaction(connection)


class PollTransaction:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def snapshots(self, task_ids: Collection[str]) -> dict[str, TaskSnapshot]:
        """By task id, without tasks that are no longer stored."""
        if not task_ids:
            return {}
        statement = select(*snapshot_columns(tasks)).where(one_of(tasks.c.task_id, task_ids))
        rows = (await self._connection.execute(statement)).mappings()
        return {row["task_id"]: snapshot_of(row) for row in rows}

    async def open_watches_on(self, task_ids: Collection[str]) -> list[Watch]:
        """The open watches on these songs or lyrics, each once.

        Two statements, because SQLite would read all open watches for an OR of the two conditions.
        """
        if not task_ids:
            return []
        by_song = select(watches).where(is_open, one_of(watches.c.task_id, task_ids))
        by_lyrics = select(watches).where(is_open, has_lyrics, one_of(watches.c.lyrics_id, task_ids))
        found: dict[int, Watch] = {}
        for statement in (by_song, by_lyrics):
            rows = (await self._connection.execute(statement)).mappings()
            found |= {row["id"]: watch_of(row) for row in rows}
        return list(found.values())

    async def reschedule(self, claims: Sequence[Claim], now: float, due_at: float) -> None:
        """For tasks whose answers were repeated, all with one lease.

        A task that was claimed again since then is left alone: there is a new watch on it.
        """
        times = {"asked_at": now, "due_at": _unless_unwatched(due_at), "lease_until": 0.0, "misses": 0}
        ours = one_of(tasks.c.task_id, [claim.task_id for claim in claims]) & (
            tasks.c.lease_until == claims[0].lease_until
        )
        await self._connection.execute(update(tasks).where(ours).values(times))

    async def save(self, plan: PollPlan, now: float) -> None:
        await self._save_snapshots(plan.after, plan.due_at)
        await self._save_answers(plan, now)
        await self._save_watches(plan.watches)
        await add_deliveries(self._connection, plan.deliveries)

    async def _save_snapshots(self, snapshots: Mapping[str, TaskSnapshot], due_at: Mapping[str, float | None]) -> None:
        rows = [
            snapshot_values(snapshot) | {"task_id": task_id, "due_at": due_at[task_id], "lease_until": 0.0}
            for task_id, snapshot in snapshots.items()
        ]
        await update_each(
            self._connection, tasks.c.task_id, rows, lambda new: {"due_at": _unless_unwatched(new["due_at"])}
        )

    async def _save_answers(self, plan: PollPlan, now: float) -> None:
        rows = [
            {"task_id": task_id, "task": to_json(task), "title": task.title[:MAX_TITLE]}
            for task_id, task in plan.new_answers.items()
        ]
        await insert_each(self._connection, answers, rows, _replacing_answers)
        if rows:
            await save_songs(self._connection, plan.new_songs, now)

    async def _save_watches(self, changed: Sequence[Watch]) -> None:
        rows = [
            {
                "id": watch.id,
                "announced": to_json(watch.announced),
                "quiet_announced": watch.quiet_announced,
                "live_announced": watch.live_announced,
                "outcome": watch.outcome,
            }
            for watch in changed
        ]
        await update_each(self._connection, watches.c.id, rows)


def _replacing_answers(statement: Insert) -> Insert:
    newest = {name: statement.excluded[name] for name in ("task", "title")}
    return statement.on_conflict_do_update(index_elements=["task_id"], set_=newest)


def _unless_unwatched(due_at: Any) -> ColumnElement[float | None]:
    """A task whose last watch was stopped since it was claimed is not due again."""
    return case((tasks.c.due_at.is_(None), tasks.c.due_at), else_=due_at)  # not a bare NULL, which has no type
