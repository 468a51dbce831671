"""What orders reserved, spent and gave back. Rows are only ever added; limits count a day's sums."""

import hmac
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.allowance import Usage, Work, day_of
from bot.domain.order import Order
from bot.storage.engines.expressions import insert, upsert
from bot.storage.key_values import value_of
from bot.storage.schema import key_values, ledger


class LedgerEntry(StrEnum):
    RESERVE = "reserve"  # takes one from the allowance
    SPEND = "spend"  # the gateway accepted the order
    RELEASE = "release"  # gives one back


KEY = "ledger_key"  # the key of the hash key
_FORGET = "forget:"
_AMOUNTS = {LedgerEntry.RESERVE: 1, LedgerEntry.SPEND: 0, LedgerEntry.RELEASE: -1}


async def owner_of(connection: AsyncConnection, user_id: int) -> str:
    """A person's keyed hash: people who delete their data are still recognised until the end of the day.

    The hash key is created with the database, by a migration.
    """
    key = await connection.scalar(value_of(KEY))
    return hmac.new(bytes.fromhex(key or ""), str(user_id).encode(), sha256).hexdigest()[:32]


async def enter(connection: AsyncConnection, order: Order, owner: str, entry: LedgerEntry, now: float) -> None:
    """A release counts for the day of its reservation; a second release of an order is ignored."""
    if entry is LedgerEntry.RELEASE and not await _is_reserved(connection, order.id):
        return
    reserved_on = (
        select(ledger.c.day).where(ledger.c.order_id == order.id, ledger.c.entry == LedgerEntry.RESERVE).limit(1)
    )
    day = await connection.scalar(reserved_on) or day_of(now)
    await connection.execute(
        insert(ledger).values(
            order_id=order.id,
            owner=owner,
            guild_id=order.guild_id or 0,
            work=Work.of(order.request.kind),
            entry=entry,
            amount=_AMOUNTS[entry],
            price=order.price if entry is LedgerEntry.SPEND else None,
            day=day,
            at=now,
        )
    )


async def _is_reserved(connection: AsyncConnection, order_id: str) -> bool:
    return bool(await connection.scalar(select(func.sum(ledger.c.amount)).where(ledger.c.order_id == order_id)))


async def anonymise_later(connection: AsyncConnection, owner: str, today: str) -> None:
    """Anonymises a person's past entries now, and today's after the day: deleting data does not refill the
    allowance.
    """
    past = (ledger.c.owner == owner) & (ledger.c.day < today)
    await connection.execute(update(ledger).where(past).values(owner=""))
    await connection.execute(upsert(key_values, {"key": f"{_FORGET}{owner}", "value": today}))


async def forget_owners(connection: AsyncConnection, today: str) -> None:
    """Anonymises entries of people whose last day is over."""
    due = select(key_values.c.key).where(
        # Not `between`: its bounds may name no collation in PostgreSQL, and that of the column is named.
        key_values.c.key >= _FORGET,
        key_values.c.key <= f"{_FORGET}g",
        key_values.c.value < today,
    )  # hex digits follow
    for key in list(await connection.scalars(due)):
        await connection.execute(
            update(ledger).where(ledger.c.owner == key.removeprefix(_FORGET), ledger.c.day < today).values(owner="")
        )
        await connection.execute(delete(key_values).where(key_values.c.key == key))


async def usage_of(connection: AsyncConnection, owner: str, guild_id: int | None, work: Work, now: float) -> Usage:
    """Today's usage of one kind of work, here and in all."""
    today = (ledger.c.day == day_of(now)) & (ledger.c.work == work)
    here = today & (ledger.c.guild_id == (guild_id or 0))
    last_at = select(func.max(ledger.c.at)).where(ledger.c.owner == owner, ledger.c.entry == LedgerEntry.RESERVE)
    return Usage(
        operator=await _sum(connection, today),
        server=await _sum(connection, here),
        person=await _sum(connection, here & (ledger.c.owner == owner)),
        last_at=await connection.scalar(last_at),
    )


async def _sum(connection: AsyncConnection, which: ColumnElement[bool]) -> int:
    return int(await connection.scalar(select(func.coalesce(func.sum(ledger.c.amount), 0)).where(which)) or 0)
