"""What is done with many orders at once: at a start, at intervals, and when their tasks end."""

import msgspec
from msgspec.structs import replace
from sqlalchemy import delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.allowance import day_of
from bot.domain.order import (
    DRAFT_FOR,
    GIVEN_BACK,
    MAY_BE_CHARGED,
    PLACED_FOR,
    RESTORED,
    WAITING_FOR,
    Order,
    OrderState,
    after_task,
    expired_at_start,
    unsure,
)
from bot.domain.song_request import RequestKind, SongRequest
from bot.domain.task import Task
from bot.domain.watch import WatchOutcome
from bot.storage.backup import COPIED
from bot.storage.key_values import value_of
from bot.storage.ledger import forget_owners
from bot.storage.order_rows import any_order, give_back, order_of, swap
from bot.storage.rows import Row, to_json
from bot.storage.schema import answers, is_unannounced, ledger, orders, tasks, watches
from bot.storage.transaction import Transactions

_task = msgspec.json.Decoder(Task)
_GIVEN_UP = (WatchOutcome.EXPIRED, WatchOutcome.UNKNOWN)
_TEXTS_FOR = 30 * 86_400.0  # seconds
_KEPT_FOR = 396 * 86_400.0  # seconds: 13 months
_MAX_AT_A_TIME = 100  # orders


class OrderUpkeep(Transactions):
    async def resume(self, now: float, *, perhaps_sent: bool = False) -> None:
        """At a start: orders that were being sent are unsure; those that may come from a restored backup expire.

        `perhaps_sent`: the database may lack its last moments, so those that wait to be sent are unsure as well.
        """
        open_ = orders.c.state.in_([OrderState.SENDING, OrderState.PLACED, OrderState.WAITING])
        async with self._transaction(durable=True) as connection:
            copied_at = now if perhaps_sent else await _copied_at(connection)
            for row in (await connection.execute(select(orders).where(open_))).mappings().all():
                order = order_of(row)
                if order.state is OrderState.SENDING:
                    await swap(connection, unsure(order, "the bot was stopped meanwhile", now), {order.state})
                elif perhaps_sent and order.state is OrderState.PLACED:
                    doubted = replace(order, sent_at=order.placed_at)
                    await swap(connection, unsure(doubted, "the database lost its last moments", now), {order.state})
                elif expired := expired_at_start(order, now, copied_at):
                    await swap(connection, expired, {order.state})
                    await give_back(connection, expired, now)
            if copied_at is not None:  # they may have been placed since: the next press only shows the card again
                old = (orders.c.state == OrderState.DRAFT) & (orders.c.created_at <= copied_at)
                await connection.execute(update(orders).where(old).values(reason=RESTORED))

    async def unsure(self, now: float, limit: int = 20) -> list[Order]:
        """Unsure orders that are due for a check."""
        which = (orders.c.state == OrderState.UNSURE) & (orders.c.due_at <= now)
        async with self._transaction(read_only=True) as connection:
            rows = await connection.execute(select(orders).where(which).order_by(orders.c.due_at).limit(limit))
            return [order_of(row) for row in rows.mappings()]

    async def overdue(self, now: float) -> list[Order]:
        """Orders that nobody approved in time, and orders that could not be sent in time."""
        unapproved = (orders.c.state == OrderState.WAITING) & (orders.c.placed_at <= now - WAITING_FOR)
        unsent = (orders.c.state == OrderState.PLACED) & (orders.c.placed_at <= now - PLACED_FOR)
        async with self._transaction(read_only=True) as connection:
            rows = [
                row
                for which in (unapproved, unsent)
                for row in (await connection.execute(select(orders).where(which).limit(_MAX_AT_A_TIME))).mappings()
            ]
        return [order_of(row) for row in rows]

    async def follow_tasks(self, now: float) -> list[tuple[Order, Task | None]]:
        """Ends accepted orders whose tasks are final or no longer watched; returns them with their tasks."""
        given_up = exists().where(watches.c.task_id == orders.c.task_id, watches.c.outcome.in_(_GIVEN_UP))
        columns = (*orders.c, answers.c.task, tasks.c.due_at.label("look_at"), given_up.label("given_up"))
        source = orders.outerjoin(tasks, tasks.c.task_id == orders.c.task_id)
        source = source.outerjoin(answers, answers.c.task_id == orders.c.task_id)
        statement = select(*columns).select_from(source).where(orders.c.state == OrderState.ACCEPTED)
        async with self._transaction(read_only=True) as connection:
            if not await any_order(connection, orders.c.state == OrderState.ACCEPTED):
                return []
        async with self._transaction(durable=True) as connection:
            rows = (await connection.execute(statement)).mappings().all()
            over = [
                (order, row["task"]) for row in rows if (order := _after_task(row)).state is not OrderState.ACCEPTED
            ]
            for order, _ in over:
                await swap(connection, order, {OrderState.ACCEPTED})
                await give_back(connection, order, now)
        return [(order, _task.decode(task) if task else None) for order, task in over]

    async def sent(self, gateway: str, since: float) -> list[Order]:
        """Orders that were sent to the gateway, and may have been charged."""
        which = orders.c.state.in_(MAY_BE_CHARGED) & (orders.c.gateway == gateway) & (orders.c.placed_at >= since)
        async with self._transaction(read_only=True) as connection:
            rows = await connection.execute(select(orders).where(which))
            return [order for row in rows.mappings() if (order := order_of(row)).sent_at is not None]

    async def forget(self, now: float) -> None:
        """Deletes drafts after a day, texts of failed orders after 30 days, and all but the sums after 13 months."""
        old_draft = (orders.c.state == OrderState.DRAFT) & (orders.c.created_at < now - DRAFT_FOR)
        textless = orders.c.state.in_(GIVEN_BACK) & orders.c.created_at.between(now - 2 * _TEXTS_FOR, now - _TEXTS_FOR)
        forgotten = SongRequest(kind=RequestKind.DESCRIBE)
        async with self._transaction() as connection:
            await connection.execute(delete(orders).where(old_draft))
            await connection.execute(update(orders).where(textless).values(request=to_json(forgotten), detail=""))
            await connection.execute(delete(orders).where(orders.c.created_at < now - _KEPT_FOR))
            await connection.execute(delete(ledger).where(ledger.c.day < day_of(now - _KEPT_FOR)))
            await forget_owners(connection, day_of(now))

    async def unannounced(self, limit: int = 200) -> list[Order]:
        """Orders whose person was not notified of their latest state."""
        statement = (
            select(orders).where(is_unannounced, orders.c.placed_at > 0).order_by(orders.c.placed_at).limit(limit)
        )
        async with self._transaction(read_only=True) as connection:
            return [order_of(row) for row in (await connection.execute(statement)).mappings()]

    async def announced(self, order_id: str, state: OrderState) -> None:
        async with self._transaction() as connection:
            await connection.execute(update(orders).where(orders.c.id == order_id).values(announced=state))


async def _copied_at(connection: AsyncConnection) -> float | None:
    """When this database was copied, if it is a restored backup."""
    value = await connection.scalar(value_of(COPIED))
    return float(value) if value else None


def _after_task(row: Row) -> Order:
    """An accepted order after the latest state of its task and watch."""
    order = order_of(row)
    if row["task"] and (after := after_task(order, _task.decode(row["task"]))).state is not order.state:
        return after
    if row["look_at"] is not None:
        return order
    return replace(order, state=OrderState.LOST if row["given_up"] else OrderState.FINISHED)
