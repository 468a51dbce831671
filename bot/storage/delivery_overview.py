"""What people see of unsent deliveries, and may do with them."""

from typing import Any

from sqlalchemy import func, select, update

from bot.domain.delivery import Reason, State
from bot.domain.outbox import DeliverySummary
from bot.storage.rows import delivery_of, prefixed, snapshot_columns, snapshot_of, unprefixed
from bot.storage.schema import deliveries, tasks, watches
from bot.storage.transaction import Transactions

_of_watch = deliveries.join(watches, watches.c.id == deliveries.c.watch_id).join(
    tasks, tasks.c.task_id == watches.c.task_id
)


class DeliveryOverview(Transactions):
    """All methods raise StorageError."""

    async def mark_seen(self, watch_id: int, user_id: int) -> None:
        """The person has seen that it could not be posted."""
        mine = select(watches.c.id).where(watches.c.id == watch_id, watches.c.user_id == user_id)
        stuck = deliveries.c.watch_id.in_(mine) & deliveries.c.state.in_([State.KEPT, State.FAILED])
        async with self._transaction() as connection:
            await connection.execute(update(deliveries).where(stuck).values(state=State.SENT))

    async def of_guild(
        self, guild_id: int, state: State | None, *, limit: int, offset: int
    ) -> tuple[int, list[DeliverySummary]]:
        """The number of a server's deliveries, and one page, newest first; without a state, all unsent ones."""
        which = (watches.c.guild_id == guild_id) & (
            deliveries.c.state != State.SENT if state is None else deliveries.c.state == state
        )
        columns = [*prefixed(deliveries, "d_"), *snapshot_columns(tasks, "t_")]
        statement = select(*columns).select_from(_of_watch).where(which)
        statement = statement.order_by(deliveries.c.seq.desc()).limit(limit).offset(offset)
        async with self._transaction(read_only=True) as connection:
            count = await connection.scalar(select(func.count()).select_from(_of_watch).where(which))
            rows = (await connection.execute(statement)).mappings().all()
        return int(count or 0), [_summary_of(dict(row)) for row in rows]

    async def retry(self, delivery_id: str, guild_id: int) -> None:
        """Tries a delivery of this server again at once, as if it had never failed."""
        changes = {"state": State.WAITING, "due_at": 0.0, "attempts": 0, "parked": False, "reason": ""}
        changes["audio_missing_since"] = None
        await self._change_of_guild(delivery_id, guild_id, changes)

    async def drop(self, delivery_id: str, guild_id: int) -> None:
        await self._change_of_guild(delivery_id, guild_id, {"state": State.SENT, "reason": Reason.DROPPED})

    async def _change_of_guild(self, delivery_id: str, guild_id: int, changes: dict[str, Any]) -> None:
        of_guild = deliveries.c.watch_id.in_(select(watches.c.id).where(watches.c.guild_id == guild_id))
        this = (deliveries.c.id == delivery_id) & of_guild & (deliveries.c.state != State.SENT)
        async with self._transaction() as connection:
            await connection.execute(update(deliveries).where(this).values(changes))


def _summary_of(row: dict[str, Any]) -> DeliverySummary:
    snapshot = snapshot_of(unprefixed(row, "t_"))
    return DeliverySummary(
        delivery=delivery_of(unprefixed(row, "d_")),
        state=State(row["d_state"]),
        reason=row["d_reason"],
        task_id=snapshot.task_id,
        title=snapshot.task.title if snapshot.task else "",
    )
