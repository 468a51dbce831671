"""Rows of orders: reading them, and changing their states together with the ledger."""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.order import GIVEN_BACK, Order, OrderState
from bot.domain.song_request import SongRequest
from bot.storage.ledger import LedgerEntry, enter, owner_of
from bot.storage.rows import Row, to_json
from bot.storage.schema import orders

_request = msgspec.json.Decoder(SongRequest)


async def swap(connection: AsyncConnection, order: Order, came_from: Collection[OrderState]) -> bool:
    """Saves the order if it is in one of those states."""
    still = (orders.c.id == order.id) & orders.c.state.in_(came_from)
    return (await connection.execute(update(orders).where(still).values(values_of(order)))).rowcount == 1


async def one_order(connection: AsyncConnection, which: ColumnElement[bool]) -> Order | None:
    row = (await connection.execute(select(orders).where(which))).mappings().first()
    return order_of(row) if row else None


def order_of(row: Row) -> Order:
    values: dict[str, Any] = {name: row[name] for name in Order.__struct_fields__}
    return Order(**(values | {"request": _request.decode(row["request"]), "state": OrderState(row["state"])}))


def values_of(order: Order) -> dict[str, Any]:
    values = {name: getattr(order, name) for name in Order.__struct_fields__}
    return values | {"request": to_json(order.request)}


async def any_order(connection: AsyncConnection, which: ColumnElement[bool]) -> bool:
    return bool(await connection.scalar(select(exists().where(which))))


async def give_back(connection: AsyncConnection, order: Order, now: float) -> None:
    """What it had reserved, where its state says so."""
    if order.state in GIVEN_BACK:
        await enter(connection, order, await owner_of(connection, order.user_id), LedgerEntry.RELEASE, now)
