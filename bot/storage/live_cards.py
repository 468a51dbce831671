"""Cards that follow a task's progress, and when each is due for an update."""

from sqlalchemy import exists, func, select, update

from bot.domain.delivery import RESULTS
from bot.domain.outbox import LiveCard
from bot.storage.rows import prefixed, snapshot_columns, snapshot_of, unprefixed, watch_of
from bot.storage.schema import deliveries, is_unsent, tasks, watches
from bot.storage.transaction import Transactions


class LiveCardStore(Transactions):
    """All methods raise StorageError."""

    async def due(self, now: float, limit: int) -> list[LiveCard]:
        """Cards that are due for an update."""
        of_watch = deliveries.c.watch_id == watches.c.id
        result = (
            select(func.max(deliveries.c.message_id)).where(of_watch, deliveries.c.topic.in_(RESULTS)).scalar_subquery()
        )
        pending = exists().where(of_watch, is_unsent)
        columns = [*prefixed(watches, "w_"), *snapshot_columns(tasks, "t_")]
        columns += [result.label("result"), pending.label("pending")]
        source = watches.join(tasks, tasks.c.task_id == watches.c.task_id)
        statement = select(*columns).select_from(source).where(watches.c.card_due_at <= now).limit(limit)
        async with self._transaction(read_only=True) as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return [
            LiveCard(
                watch=watch_of(unprefixed(row, "w_")),
                snapshot=snapshot_of(unprefixed(row, "t_")),
                message_id=row["w_card_id"],
                shows=row["w_card_shows"],
                result_id=row["result"],
                pending=row["pending"],
            )
            for row in rows
        ]

    async def shown(self, watch_id: int, shows: str, due_at: float | None) -> None:
        """`shows`: digest of what the card shows now; `due_at`: its next update; None: never."""
        async with self._transaction() as connection:
            changes = {"card_shows": shows, "card_due_at": due_at}
            await connection.execute(update(watches).where(watches.c.id == watch_id).values(changes))
