"""The results of watches."""

from collections.abc import Collection

from sqlalchemy import func, select

from bot.domain.delivery import RESULTS, State
from bot.domain.watch import WatchOutcome
from bot.domain.watch_results import WatchResult
from bot.storage.schema import answers, deliveries, tasks, watches
from bot.storage.transaction import Transactions


class ResultStore(Transactions):
    async def of(self, watch_ids: Collection[int]) -> list[WatchResult]:
        posted = (
            select(deliveries.c.watch_id, func.max(deliveries.c.message_id).label("message_id"))
            .where(
                deliveries.c.watch_id.in_(watch_ids),
                deliveries.c.state == State.SENT,
                deliveries.c.topic.in_(RESULTS),
                deliveries.c.channel_id == watches.c.channel_id,
            )
            .where(watches.c.id == deliveries.c.watch_id)
            .group_by(deliveries.c.watch_id)
            .subquery()
        )
        source = (
            watches.join(tasks, tasks.c.task_id == watches.c.task_id)
            .outerjoin(answers, answers.c.task_id == watches.c.task_id)
            .outerjoin(posted, posted.c.watch_id == watches.c.id)
        )
        statement = select(
            watches.c.id, watches.c.task_id, func.coalesce(answers.c.title, ""), watches.c.outcome,
            tasks.c.asked_at.is_not(None), watches.c.guild_id, watches.c.channel_id, posted.c.message_id,
        ).select_from(source).where(watches.c.id.in_(watch_ids)).order_by(watches.c.id)  # fmt: skip
        async with self._transaction(read_only=True) as connection:
            rows = (await connection.execute(statement)).all()
        return [
            WatchResult(
                watch_id=row[0], task_id=row[1], title=row[2], outcome=WatchOutcome(row[3]), polled=bool(row[4]),
                guild_id=row[5], channel_id=row[6], message_id=row[7],
            )
            for row in rows
        ]  # fmt: skip
