"""Orders and their states.

One statement changes a state, from the expected one; a second attempt finds no row. The ledger and watches change in
the same transaction, which is written through to the disk.
"""

from collections.abc import Collection
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, and_, delete, exists, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.allowance import Denial, Limits, Usage, Work, day_of, denial_of
from bot.domain.order import (
    CANCELLABLE,
    DRAFT_FOR,
    GIVEN_BACK,
    MOST_DRAFTS,
    PLACED_FOR,
    RUNNING,
    WAITING_FOR,
    Order,
    OrderQuery,
    OrderState,
    after_task,
    is_stale,
    sending,
    unsure,
)
from bot.domain.song_request import RequestKind, SongRequest
from bot.domain.task import Task
from bot.domain.watch import Watch, WatchOutcome
from bot.storage.ledger import Entry, enter, forget_owners, owner_of, usage_of
from bot.storage.rows import Row, to_json
from bot.storage.schema import answers, is_open, is_unannounced, ledger, orders, tasks, watches
from bot.storage.transaction import Transactions
from bot.storage.watches import watch_in

_request = msgspec.json.Decoder(SongRequest)
_task = msgspec.json.Decoder(Task)
_GIVEN_UP = (WatchOutcome.EXPIRED, WatchOutcome.UNKNOWN)
_MAY_BE_CHARGED = frozenset(
    {OrderState.ACCEPTED, OrderState.UNSURE, OrderState.FINISHED, OrderState.FAILED, OrderState.LOST}
)
_TEXTS_FOR = 30 * 86_400.0  # seconds
_KEPT_FOR = 396 * 86_400.0  # seconds: 13 months
_CANDIDATES = 100  # orders, among which to find one whose person has room


class Placed(Struct, frozen=True):
    """`before`: how many orders wait at the gateway before it."""

    order: Order
    before: int


class OrderStore(Transactions):
    async def draft(self, order: Order) -> None:
        """Adds a draft, and deletes the person's oldest ones beyond the limit."""
        mine = (orders.c.user_id == order.user_id) & (orders.c.state == OrderState.DRAFT)
        newest = select(orders.c.id).where(mine).order_by(orders.c.created_at.desc(), orders.c.id).limit(MOST_DRAFTS)
        values = _values(order) | {"announced": OrderState.DRAFT}
        async with self._transaction() as connection:
            # Discord may deliver the same interaction again: it is the same order.
            await connection.execute(insert(orders).values(values).on_conflict_do_nothing(index_elements=["id"]))
            await connection.execute(delete(orders).where(mine, orders.c.id.not_in(newest)))

    async def order(self, order_id: str) -> Order | None:
        async with self._transaction(read_only=True) as connection:
            return await _one(connection, orders.c.id == order_id)

    async def listed(self, query: OrderQuery, *, limit: int, offset: int = 0) -> tuple[int, list[Order]]:
        """The number of orders, and one page of them, newest first."""
        which = _matching(query)
        statement = select(orders).where(which).order_by(orders.c.created_at.desc(), orders.c.id)
        async with self._transaction(read_only=True) as connection:
            count = await connection.scalar(select(func.count()).select_from(orders).where(which))
            rows = (await connection.execute(statement.limit(limit).offset(offset))).mappings().all()
        return int(count or 0), [_order(row) for row in rows]

    async def edit(self, order: Order) -> bool:
        """Edits a draft; False: it is no draft any more."""
        return await self.move(order, OrderState.DRAFT, order.created_at)

    async def place(self, order: Order, limits: Limits, now: float, *, approve: bool = False) -> Placed | Denial | None:
        """Places a draft as an order, and reserves its allowance; None: it was placed before.

        `approve`: a manager must approve it first.
        """
        state = OrderState.WAITING if approve else OrderState.PLACED
        placed = replace(order, state=state, placed_at=now, due_at=now + WAITING_FOR if approve else now)
        async with self._transaction(durable=True) as connection:
            owner = await owner_of(connection, order.user_id)
            usage = await usage_of(connection, owner, order.guild_id, Work.of(order.request.kind), now)
            if denial := denial_of(usage, limits, now):
                return denial
            if not await _swap(connection, placed, {OrderState.DRAFT}):
                return None
            await enter(connection, placed, owner, Entry.RESERVE, now)
            return Placed(placed, await _before(connection, placed))

    async def approve(self, order: Order, now: float) -> bool:
        """After a manager's approval: it may be sent within half an hour from now. Its allowance is
        reserved already.
        """
        approved = replace(order, state=OrderState.PLACED, placed_at=now, due_at=now)
        async with self._transaction(durable=True) as connection:
            return await _swap(connection, approved, {OrderState.WAITING})

    async def usage(self, user_id: int, guild_id: int | None, work: Work, now: float) -> Usage:
        async with self._transaction(read_only=True) as connection:
            return await usage_of(connection, await owner_of(connection, user_id), guild_id, work, now)

    async def begin(self, gateway: str, now: float, *, at_once: int) -> Order | None:
        """Marks the next order as being sent: this is on the disk before the first byte is sent.

        `at_once`: how many orders may run at the gateway.
        """
        due = (orders.c.state == OrderState.PLACED) & (orders.c.gateway == gateway) & (orders.c.due_at <= now)
        statement = select(orders).where(due).order_by(orders.c.placed_at, orders.c.id).limit(_CANDIDATES)
        async with self._transaction(durable=True) as connection:
            running = await _running(connection, gateway)
            if sum(running.values()) >= at_once:
                return None
            rows = (await connection.execute(statement)).mappings().all()
            order = next((_order(row) for row in rows if running.get(row["user_id"], 0) < row["at_once"]), None)
            if order is None or not await _swap(connection, sending(order, now), {OrderState.PLACED}):
                return None
            return sending(order, now)

    async def accept(self, order: Order, watch: Watch, came_from: OrderState, now: float) -> bool:
        """The gateway has accepted it: saves the order, the watch on its task and the ledger, all or nothing."""
        async with self._transaction(durable=True) as connection:
            if not await _swap(connection, order, {came_from}):
                return False
            here = exists().where(is_open, watches.c.task_id == watch.task_id, watches.c.channel_id == watch.channel_id)
            if not await connection.scalar(select(here)):  # a person may watch the task already
                await watch_in(connection, [watch], {order.task_id: order.gateway})
            await enter(connection, order, await owner_of(connection, order.user_id), Entry.SPEND, now)
        return True

    async def move(self, order: Order, came_from: OrderState, now: float) -> bool:
        """Changes the state; False: it was in another state. Gives its allowance back if the new state
        requires that.
        """
        async with self._transaction(durable=True) as connection:
            moved = await _swap(connection, order, {came_from})
            if moved:
                await self._give_back(connection, order, now)
        return moved

    async def cancel(self, order_id: str, user_id: int, now: float) -> Order | None:
        """None: it is not theirs, or was sent already."""
        which = (orders.c.id == order_id) & (orders.c.user_id == user_id) & orders.c.state.in_(CANCELLABLE)
        async with self._transaction(durable=True) as connection:
            order = await _one(connection, which)
            if order is None:
                return None
            cancelled = replace(order, state=OrderState.CANCELLED, due_at=None)
            await _swap(connection, cancelled, {order.state})
            await self._give_back(connection, cancelled, now)
        return cancelled

    async def resume(self, now: float) -> None:
        """At a start: orders that were being sent are unsure, and orders that may come from a restored
        backup expire.
        """
        doubtful = orders.c.state.in_([OrderState.SENDING, OrderState.PLACED])
        async with self._transaction(durable=True) as connection:
            for row in (await connection.execute(select(orders).where(doubtful))).mappings().all():
                order = _order(row)
                if order.state is OrderState.SENDING:
                    await _swap(connection, unsure(order, "the bot was stopped meanwhile", now), {order.state})
                elif is_stale(order, now):
                    expired = replace(order, state=OrderState.EXPIRED, reason="restarted", due_at=None)
                    await _swap(connection, expired, {order.state})
                    await self._give_back(connection, expired, now)

    async def unsure(self, now: float, limit: int = 20) -> list[Order]:
        """Unsure orders that are due for a check."""
        which = (orders.c.state == OrderState.UNSURE) & (orders.c.due_at <= now)
        async with self._transaction(read_only=True) as connection:
            rows = await connection.execute(select(orders).where(which).order_by(orders.c.due_at).limit(limit))
            return [_order(row) for row in rows.mappings()]

    async def has_due(self, gateway: str, now: float) -> bool:
        """Whether there is an order to send there."""
        due = (orders.c.state == OrderState.PLACED) & (orders.c.gateway == gateway) & (orders.c.due_at <= now)
        return await self._any(due)

    async def overdue(self, now: float) -> list[Order]:
        """Orders that nobody approved in time, and orders that could not be sent in time."""
        unapproved = (orders.c.state == OrderState.WAITING) & (orders.c.placed_at <= now - WAITING_FOR)
        unsent = (orders.c.state == OrderState.PLACED) & (orders.c.placed_at <= now - PLACED_FOR)
        async with self._transaction(read_only=True) as connection:
            rows = [
                row
                for which in (unapproved, unsent)
                for row in (await connection.execute(select(orders).where(which).limit(_CANDIDATES))).mappings()
            ]
        return [_order(row) for row in rows]

    async def follow_tasks(self, now: float) -> list[tuple[Order, Task | None]]:
        """Ends accepted orders whose tasks are final or no longer watched; returns them with their tasks."""
        given_up = exists().where(watches.c.task_id == orders.c.task_id, watches.c.outcome.in_(_GIVEN_UP))
        columns = (*orders.c, answers.c.task, tasks.c.due_at.label("look_at"), given_up.label("given_up"))
        source = orders.outerjoin(tasks, tasks.c.task_id == orders.c.task_id)
        source = source.outerjoin(answers, answers.c.task_id == orders.c.task_id)
        statement = select(*columns).select_from(source).where(orders.c.state == OrderState.ACCEPTED)
        if not await self._any(orders.c.state == OrderState.ACCEPTED):
            return []
        async with self._transaction(durable=True) as connection:
            rows = (await connection.execute(statement)).mappings().all()
            over = [
                (order, row["task"]) for row in rows if (order := _after_task(row)).state is not OrderState.ACCEPTED
            ]
            for order, _ in over:
                await _swap(connection, order, {OrderState.ACCEPTED})
                await self._give_back(connection, order, now)
        return [(order, _task.decode(task) if task else None) for order, task in over]

    async def before(self, order: Order) -> int:
        """How many orders wait at the gateway before it."""
        async with self._transaction(read_only=True) as connection:
            return await _before(connection, order)

    async def sent(self, gateway: str, since: float) -> list[Order]:
        """Orders that were sent to the gateway, and may have been charged."""
        which = orders.c.state.in_(_MAY_BE_CHARGED) & (orders.c.gateway == gateway) & (orders.c.placed_at >= since)
        async with self._transaction(read_only=True) as connection:
            rows = await connection.execute(select(orders).where(which))
            return [order for row in rows.mappings() if (order := _order(row)).sent_at is not None]

    async def of_task(self, task_id: str) -> Order | None:
        """The order that a task was made for."""
        async with self._transaction(read_only=True) as connection:
            return await _one(connection, orders.c.task_id == task_id)

    async def forget(self, now: float) -> None:
        """Deletes drafts after a day, texts of failed orders after 30 days, and everything but the sums after 13
        months.
        """
        old_draft = (orders.c.state == OrderState.DRAFT) & (orders.c.created_at < now - DRAFT_FOR)
        textless = orders.c.state.in_(GIVEN_BACK) & orders.c.created_at.between(now - 2 * _TEXTS_FOR, now - _TEXTS_FOR)
        forgotten = SongRequest(kind=RequestKind.DESCRIBE)
        async with self._transaction() as connection:
            await connection.execute(delete(orders).where(old_draft))
            await connection.execute(update(orders).where(textless).values(request=to_json(forgotten), detail=""))
            await connection.execute(delete(orders).where(orders.c.created_at < now - _KEPT_FOR))
            await connection.execute(delete(ledger).where(ledger.c.day < day_of(now - _KEPT_FOR)))
            await forget_owners(connection, day_of(now))

    async def _any(self, which: ColumnElement[bool]) -> bool:
        async with self._transaction(read_only=True) as connection:
            return bool(await connection.scalar(select(exists().where(which))))

    async def unannounced(self, limit: int = 200) -> list[Order]:
        """Orders whose person was not notified of their latest state."""
        statement = (
            select(orders).where(is_unannounced, orders.c.placed_at > 0).order_by(orders.c.placed_at).limit(limit)
        )
        async with self._transaction(read_only=True) as connection:
            return [_order(row) for row in (await connection.execute(statement)).mappings()]

    async def announced(self, order_id: str, state: OrderState) -> None:
        async with self._transaction() as connection:
            await connection.execute(update(orders).where(orders.c.id == order_id).values(announced=state))

    async def _give_back(self, connection: AsyncConnection, order: Order, now: float) -> None:
        if order.state in GIVEN_BACK:
            await enter(connection, order, await owner_of(connection, order.user_id), Entry.RELEASE, now)


async def _swap(connection: AsyncConnection, order: Order, came_from: Collection[OrderState]) -> bool:
    """Saves the order if it is in one of those states."""
    still = (orders.c.id == order.id) & orders.c.state.in_(came_from)
    return (await connection.execute(update(orders).where(still).values(_values(order)))).rowcount == 1


async def _one(connection: AsyncConnection, which: ColumnElement[bool]) -> Order | None:
    row = (await connection.execute(select(orders).where(which))).mappings().first()
    return _order(row) if row else None


async def _running(connection: AsyncConnection, gateway: str) -> dict[int, int]:
    """The number of each person's orders at the gateway."""
    which = orders.c.state.in_(RUNNING) & (orders.c.gateway == gateway)
    counts = select(orders.c.user_id, func.count().label("running")).where(which).group_by(orders.c.user_id)
    return {row.user_id: row.running for row in await connection.execute(counts)}


async def _before(connection: AsyncConnection, order: Order) -> int:
    which = (orders.c.state == OrderState.PLACED) & (orders.c.gateway == order.gateway)
    earlier = select(func.count()).select_from(orders).where(which, orders.c.placed_at < order.placed_at)
    return int(await connection.scalar(earlier) or 0)


def _after_task(row: Row) -> Order:
    """An accepted order after the latest state of its task and watch."""
    order = _order(row)
    if row["task"] and (after := after_task(order, _task.decode(row["task"]))).state is not order.state:
        return after
    if row["look_at"] is not None:
        return order
    return replace(order, state=OrderState.LOST if row["given_up"] else OrderState.FINISHED)


def _order(row: Row) -> Order:
    values: dict[str, Any] = {name: row[name] for name in Order.__struct_fields__}
    return Order(**(values | {"request": _request.decode(row["request"]), "state": OrderState(row["state"])}))


def _values(order: Order) -> dict[str, Any]:
    values = {name: getattr(order, name) for name in Order.__struct_fields__}
    return values | {"request": to_json(order.request)}


def _matching(query: OrderQuery) -> ColumnElement[bool]:
    conditions = [orders.c.state != OrderState.DRAFT]
    if query.user_id is not None:
        conditions.append(orders.c.user_id == query.user_id)
    if query.guild_id is not None:
        conditions.append(orders.c.guild_id == query.guild_id)
    if query.states:
        conditions.append(orders.c.state.in_(query.states))
    return and_(*conditions)
