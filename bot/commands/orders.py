"""`python -m bot orders`, and `orders settle`: what was ordered, and an operator's word on what was never answered."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import aiohttp

from bot.config import Settings
from bot.domain.ids import one_of, read_typed
from bot.domain.order import Order, OrderQuery, OrderState
from bot.errors import CommandFailed, DatabaseInUse, GatewayError, InvalidTaskId, UnknownTask
from bot.gateways.connection import Connector
from bot.gateways.gateway import Gateway
from bot.log import visible
from bot.ordering import Sending, open_orders
from bot.services.clock import Clock
from bot.services.lookup import Lookup
from bot.services.orders.results import Settlement
from bot.services.orders.service import Orders
from bot.storage.database import is_new, open_read_only, open_with_clock
from bot.storage.orders import OrderStore
from bot.storage.stores import Stores

_LISTED = 50
_NAME = 60  # characters
_LISTABLE = sorted(set(OrderState) - {OrderState.DRAFT})
STATES = tuple(state.value for state in _LISTABLE)


async def list_orders(settings: Settings, state: str | None) -> str:
    """Also while the bot runs. Raises StorageError."""
    if await is_new(settings.database_url):
        return "There are no orders."
    query = OrderQuery(states=(OrderState(state),) if state else ())
    async with open_read_only(settings.database_url) as engine:
        count, found = await OrderStore(engine).listed(query, limit=_LISTED)
    if not found:
        return "There are no orders." if state is None else f"There are no orders that are {state}."
    told = f"{count} orders, newest first" if count <= _LISTED else f"{count} orders, the newest {_LISTED}"
    return "\n".join([f"{told}:", *_table([_cells(order) for order in found])])


def _cells(order: Order) -> tuple[str, ...]:
    placed = datetime.fromtimestamp(order.placed_at or order.created_at, UTC)
    where = f"server {order.guild_id}" if order.guild_id is not None else "DM"
    price = "" if order.price is None else f"{order.price:.2f}"
    name = visible(" ".join(order.request.name.split()))
    said = visible(" ".join(f"{order.reason} {order.detail}".split()))
    about = " · ".join(filter(None, (name[:_NAME], order.task_id and f"task {order.task_id}", said[:_NAME])))
    return (
        order.id, order.state.value, f"{placed:%Y-%m-%d %H:%M}Z", order.gateway, price, f"user {order.user_id}", where,
        about,
    )  # fmt: skip


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


async def settle_order(settings: Settings, order_id: str, *, task: str | None, charged: bool) -> str:
    """`task`: what the order became; otherwise whether it was `charged`, and is lost. Raises CommandFailed."""
    if await is_new(settings.database_url):
        raise CommandFailed(f"There is no database at {settings.database_name} yet, and no order.")
    try:
        async with AsyncExitStack() as stack:
            orders = await _open(settings, stack)
            settled = await (_found(orders, order_id, task) if task else orders.settle(order_id, charged=charged))
            order = await orders.find(order_id)
    except DatabaseInUse:
        raise CommandFailed(
            "The bot is running: stop it first, or have a manager settle it with /suno-admin orders."
        ) from None
    if settled is Settlement.DONE and order:
        return _TOLD[order.state]
    raise CommandFailed(_why(settled, order, order_id))


async def _open(settings: Settings, stack: AsyncExitStack) -> Orders:
    """As the bot does, but nothing is sent."""
    database = await stack.enter_async_context(open_with_clock(settings.database_url))
    stores, clock = Stores.on(database.engine), Clock(database.now)
    session = await stack.enter_async_context(
        aiohttp.ClientSession(connector=Connector(), cookie_jar=aiohttp.DummyCookieJar())
    )
    gateways = [
        Gateway(name, each.base_url, each.api_key.get_secret_value(), session)
        for name, each in settings.gateways.items()
    ]
    lookup = Lookup(gateways, clock=clock.now)
    stack.push_async_callback(lookup.close)
    return (await open_orders(settings, stores, lookup, clock, Sending(session), stack, accepted=lambda: None)).orders


async def _found(orders: Orders, order_id: str, typed: str) -> Settlement:
    try:
        read = read_typed(typed)
        return await orders.settle_with_task(order_id, one_of(typed, read, read.ids))
    except InvalidTaskId:
        raise CommandFailed(f"{visible(typed)} is no id of a task.") from None
    except UnknownTask:
        raise CommandFailed("No gateway knows a task of that id.") from None
    except GatewayError as error:
        raise CommandFailed(f"The task cannot be looked up: {error}. Try again later.") from None


_TOLD = {
    OrderState.ACCEPTED: "The order has its task. Its song is posted as soon as the bot runs, and it was paid once.",
    OrderState.LOST: "The order is lost. Its allowance is given back; its person is told when the bot runs.",
    OrderState.REFUSED: "The order was not charged. Its allowance is given back; its person is told when the bot runs.",
}


def _why(settled: Settlement, order: Order | None, order_id: str) -> str:
    match settled:
        case Settlement.OTHER_SONG:
            return "That task is another song: its text, its title or its time is not what was ordered."
        case Settlement.TAKEN:
            return "Another order has that task."
    if order is None or order.state is OrderState.DRAFT:
        return f"There is no order {visible(order_id)}. `orders` lists them."
    return f"Order {order_id} is {order.state}: only an unsure order is settled, and with --task also a lost one."
