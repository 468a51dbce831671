"""One order, from its draft to its end.

One statement changes a state, from the expected one; a second attempt finds no row. The ledger and watches change in
the same transaction, which is written through to the disk.
"""

from collections.abc import Collection

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, and_, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.allowance import LimitReached, Limits, Usage, Work, limit_reached
from bot.domain.delivery import RESULTS, State
from bot.domain.order import (
    CANCELLABLE,
    GIVEN_BACK,
    MAX_DRAFTS,
    MAY_BE_CHARGED,
    RUNNING,
    WAITING_FOR,
    Order,
    OrderQuery,
    OrderState,
    PersonsOrders,
    sending,
    unsure,
)
from bot.domain.song_request import RequestKind
from bot.domain.watch import Watch
from bot.storage.engines.expressions import insert
from bot.storage.ledger import LedgerEntry, enter, owner_of, usage_of
from bot.storage.order_rows import any_order, give_back, one_order, order_of, swap, values_of
from bot.storage.schema import deliveries, is_open, orders, watches
from bot.storage.transaction import Transactions
from bot.storage.watches import watch_in

_LISTED = tuple(sorted(set(OrderState) - {OrderState.DRAFT}))
_OF_LYRICS = f'{{"kind":"{RequestKind.LYRICS}"'  # how such a request begins: `kind` is its first field


class Placed(Struct, frozen=True):
    """`ahead`: how many orders wait at the gateway before it."""

    order: Order
    ahead: int


class Edited(Struct, frozen=True):
    """The draft is no longer the one that was to be placed: it was edited meanwhile, on another device."""


class OrderStore(Transactions):
    async def draft(self, order: Order) -> None:
        """Adds a draft, and deletes the person's oldest ones beyond the limit."""
        mine = (orders.c.user_id == order.user_id) & (orders.c.state == OrderState.DRAFT)
        newest = select(orders.c.id).where(mine).order_by(orders.c.created_at.desc(), orders.c.id).limit(MAX_DRAFTS)
        values = values_of(order) | {"announced": OrderState.DRAFT}
        async with self._transaction() as connection:
            # Discord may deliver the same interaction again: it is the same order.
            await connection.execute(insert(orders).values(values).on_conflict_do_nothing(index_elements=["id"]))
            await connection.execute(delete(orders).where(mine, orders.c.id.not_in(newest)))

    async def order(self, order_id: str) -> Order | None:
        async with self._transaction(read_only=True) as connection:
            return await one_order(connection, orders.c.id == order_id)

    async def listed(self, query: OrderQuery, *, limit: int, offset: int = 0) -> tuple[int, list[Order]]:
        """The number of orders, and one page of them, newest first."""
        which = _matching(query)
        statement = select(orders).where(which).order_by(orders.c.created_at.desc(), orders.c.id)
        async with self._transaction(read_only=True) as connection:
            count = await connection.scalar(select(func.count()).select_from(orders).where(which))
            rows = (await connection.execute(statement.limit(limit).offset(offset))).mappings().all()
        return int(count or 0), [order_of(row) for row in rows]

    async def edit(self, order: Order) -> bool:
        """Edits a draft; False: it is no draft any more."""
        return await self.move(order, OrderState.DRAFT, order.created_at)

    async def show(self, order_id: str, price: float | None) -> None:
        """The card of a draft is shown with that price: Create agrees to it. What is edited meanwhile stays."""
        is_draft = (orders.c.id == order_id) & (orders.c.state == OrderState.DRAFT)
        async with self._transaction() as connection:
            await connection.execute(update(orders).where(is_draft).values(price=price, reason=""))

    async def place(
        self, order: Order, limits: Limits, now: float, *, approve: bool = False
    ) -> Placed | LimitReached | Edited | None:
        """Places a draft as an order, and reserves its allowance; None: it was placed before.

        `order`: as its person saw it, so that nothing else is paid for. `approve`: a manager must approve it first.
        """
        state = OrderState.WAITING if approve else OrderState.PLACED
        placed = replace(order, state=state, placed_at=now, due_at=now + WAITING_FOR if approve else now)
        is_draft = (orders.c.id == order.id) & (orders.c.state == OrderState.DRAFT)
        async with self._transaction(durable=True) as connection:
            draft = await one_order(connection, is_draft)
            if draft is None:
                return None  # before the limits: who has the last one is not told that there is none left
            if (draft.request, draft.price) != (order.request, order.price):
                return Edited()
            owner = await owner_of(connection, order.user_id)
            usage = await usage_of(connection, owner, order.guild_id, Work.of(order.request.kind), now)
            if reached := limit_reached(usage, limits, now):
                return reached
            await swap(connection, placed, {OrderState.DRAFT})
            await enter(connection, placed, owner, LedgerEntry.RESERVE, now)
            return Placed(placed, await _orders_ahead(connection, placed))

    async def approve(self, order: Order, now: float) -> bool:
        """After a manager's approval: it may be sent within half an hour from now. Its allowance is
        reserved already.
        """
        approved = replace(order, state=OrderState.PLACED, placed_at=now, due_at=now)
        async with self._transaction(durable=True) as connection:
            return await swap(connection, approved, {OrderState.WAITING})

    async def usage(self, user_id: int, guild_id: int | None, work: Work, now: float) -> Usage:
        async with self._transaction(read_only=True) as connection:
            return await usage_of(connection, await owner_of(connection, user_id), guild_id, work, now)

    async def begin(self, gateway: str, now: float, *, at_once: int) -> Order | None:
        """Marks the next order as being sent: this is on the disk before the first byte is sent.

        `at_once`: how many orders may run at the gateway.
        """
        others = orders.alias()
        theirs = others.c.state.in_(RUNNING) & (others.c.gateway == gateway) & (others.c.user_id == orders.c.user_id)
        has_room = select(func.count()).select_from(others).where(theirs).scalar_subquery() < orders.c.at_once
        due = (orders.c.state == OrderState.PLACED) & (orders.c.gateway == gateway) & (orders.c.due_at <= now)
        oldest = select(orders).where(due, has_room).order_by(orders.c.placed_at, orders.c.id).limit(1)
        async with self._transaction(durable=True) as connection:
            if await _running(connection, gateway) >= at_once:
                return None
            row = (await connection.execute(oldest)).mappings().first()
            order = order_of(row) if row else None
            if order is None or not await swap(connection, sending(order, now), {OrderState.PLACED}):
                return None
            return sending(order, now)

    async def doubt(self, gateway: str, besides: Collection[str], now: float) -> None:
        """What is called *sending* there, but is none of those that are being sent, is unsure.

        When the database fails in the moment of a commit, nobody knows whether it has happened.
        """
        which = (orders.c.state == OrderState.SENDING) & (orders.c.gateway == gateway) & orders.c.id.not_in(besides)
        async with self._transaction(durable=True) as connection:
            for row in (await connection.execute(select(orders).where(which))).mappings().all():
                doubted = unsure(order_of(row), "the database failed before it was sent", now)
                await swap(connection, doubted, {OrderState.SENDING})

    async def accept(self, order: Order, watch: Watch, came_from: OrderState, now: float) -> bool:
        """The gateway has accepted it: saves the order, the watch on its task and the ledger, all or nothing.

        False: it was in another state, or the task was made for another order. What was given back is taken again.
        """
        others = (orders.c.task_id == order.task_id) & (orders.c.id != order.id)
        async with self._transaction(durable=True) as connection:
            if await any_order(connection, others) or not await swap(connection, order, {came_from}):
                return False
            here = exists().where(is_open, watches.c.task_id == watch.task_id, watches.c.channel_id == watch.channel_id)
            if not await connection.scalar(select(here)):  # a person may watch the task already
                await watch_in(connection, [watch], {order.task_id: order.gateway})
            owner = await owner_of(connection, order.user_id)
            if came_from in GIVEN_BACK:
                await enter(connection, order, owner, LedgerEntry.RESERVE, now)
            await enter(connection, order, owner, LedgerEntry.SPEND, now)
        return True

    async def move(self, order: Order, came_from: OrderState, now: float) -> bool:
        """Changes the state; False: it was in another state. Gives its allowance back if the new state
        requires that.
        """
        async with self._transaction(durable=True) as connection:
            moved = await swap(connection, order, {came_from})
            if moved:
                await give_back(connection, order, now)
        return moved

    async def cancel(self, order_id: str, user_id: int, now: float) -> Order | None:
        """None: it is not theirs, or was sent already."""
        which = (orders.c.id == order_id) & (orders.c.user_id == user_id) & orders.c.state.in_(CANCELLABLE)
        async with self._transaction(durable=True) as connection:
            order = await one_order(connection, which)
            if order is None:
                return None
            cancelled = replace(order, state=OrderState.CANCELLED, due_at=None)
            await swap(connection, cancelled, {order.state})
            await give_back(connection, cancelled, now)
        return cancelled

    async def has_due(self, gateway: str, now: float) -> bool:
        """Whether there is an order to send there."""
        due = (orders.c.state == OrderState.PLACED) & (orders.c.gateway == gateway) & (orders.c.due_at <= now)
        async with self._transaction(read_only=True) as connection:
            return await any_order(connection, due)

    async def orders_ahead(self, order: Order) -> int:
        """How many orders wait at the gateway before it."""
        async with self._transaction(read_only=True) as connection:
            return await _orders_ahead(connection, order)

    async def by_person(self, guild_id: int, since: float, limit: int) -> list[PersonsOrders]:
        """Who ordered most in a server, first."""
        charged = orders.c.state.in_(MAY_BE_CHARGED) & (orders.c.guild_id == guild_id) & (orders.c.created_at >= since)
        lyrics = func.count().filter(orders.c.request.startswith(_OF_LYRICS))
        statement = select(orders.c.user_id, func.count() - lyrics, lyrics, func.sum(orders.c.price))
        statement = statement.where(charged).group_by(orders.c.user_id)
        async with self._transaction(read_only=True) as connection:
            rows = await connection.execute(statement.order_by(func.count().desc(), orders.c.user_id).limit(limit))
            return [PersonsOrders(*row) for row in rows]

    async def posts(self, order_ids: Collection[str]) -> dict[str, int]:
        """The last message, by order, in which something came of it, where it was to be posted."""
        here = (watches.c.task_id == orders.c.task_id) & (watches.c.channel_id == orders.c.channel_id)
        source = orders.join(watches, here).join(deliveries, deliveries.c.watch_id == watches.c.id)
        posted = (
            orders.c.id.in_(order_ids),
            deliveries.c.state == State.SENT,
            deliveries.c.topic.in_(RESULTS),
            deliveries.c.channel_id == orders.c.channel_id,
        )
        statement = select(orders.c.id, func.max(deliveries.c.message_id)).select_from(source).where(*posted)
        async with self._transaction(read_only=True) as connection:
            rows = await connection.execute(statement.group_by(orders.c.id))
            return {row[0]: row[1] for row in rows if row[1]}

    async def of_task(self, task_id: str) -> Order | None:
        """The order that a task was made for."""
        async with self._transaction(read_only=True) as connection:
            return await one_order(connection, orders.c.task_id == task_id)


async def _running(connection: AsyncConnection, gateway: str) -> int:
    """The number of orders at the gateway."""
    which = orders.c.state.in_(RUNNING) & (orders.c.gateway == gateway)
    return int(await connection.scalar(select(func.count()).select_from(orders).where(which)) or 0)


async def _orders_ahead(connection: AsyncConnection, order: Order) -> int:
    which = (orders.c.state == OrderState.PLACED) & (orders.c.gateway == order.gateway)
    earlier = select(func.count()).select_from(orders).where(which, orders.c.placed_at < order.placed_at)
    return int(await connection.scalar(earlier) or 0)


def _matching(query: OrderQuery) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [orders.c.state.in_(query.states or _LISTED)]
    if query.user_id is not None:
        conditions.append(orders.c.user_id == query.user_id)
    if query.guild_id is not None:
        conditions.append(orders.c.guild_id == query.guild_id)
    return and_(*conditions)
