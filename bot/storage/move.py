"""Moves all that is stored into another, empty database, of either engine; after an interruption, the rest.

The rows go in order of their keys, some thousand in each transaction, together with a note of the last one. In the
end all are read again on both sides and compared.
"""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from hashlib import sha256
from typing import Any

import msgspec
import xxhash
from msgspec import Struct
from sqlalchemy import RowMapping, Table, delete, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import StorageError
from bot.storage.backup import COPIED
from bot.storage.database import MOVING
from bot.storage.engines.counters import highest_numbers, set_highest_numbers
from bot.storage.engines.expressions import upsert
from bot.storage.engines.options import READ_ONLY, UNHURRIED
from bot.storage.journal import NAME
from bot.storage.key_values import value_of
from bot.storage.ledger import KEY as LEDGER_KEY
from bot.storage.remedies import errors_in_words
from bot.storage.schema import key_values, metadata

_AT_A_TIME = 2_000  # rows
_OWN_NOTES = (NAME, MOVING)  # these are about the database that has them
_IN_ORDER = tuple(metadata.sorted_tables)  # what refers to another table comes after it

log = logging.getLogger(__name__)


class Moved(Struct, frozen=True):
    """`checksum`: of all rows, the same on both sides."""

    rows: int
    checksum: str


class _Progress(Struct):
    """`done`: tables of which all rows are there; `after`: the key of the last row of the next one."""

    source: str
    done: list[str] = []
    after: list[Any] | None = None


class _Contents(Struct, frozen=True):
    rows: int
    checksum: int  # the sum over all rows: their order does not matter


async def move(source: AsyncEngine, target: AsyncEngine, now: Callable[[], float]) -> Moved:
    """Both are open, for nobody else, with this program's revision; `now`: by the clock of the source's times.

    Raises StorageError: the target has other rows in it, is not the same in the end, or a database fails.
    """
    with errors_in_words():
        progress, is_resumed = await _begin(source, target)
        await _copy(source, target, progress)
        moved = await _compare(source, target)
        if moved is None and is_resumed:
            log.warning("the bot has changed its database since the first part was moved: all of it is moved again")
            await _empty(target)
            await _copy(source, target, _Progress(progress.source))
            moved = await _compare(source, target)
        if moved is None:
            raise StorageError("what has arrived is not what was sent: the new database is not to be used. Try again")
        await _finish(source, target, now())
    return moved


async def _begin(source: AsyncEngine, target: AsyncEngine) -> tuple[_Progress, bool]:
    """Whether it is the rest of an earlier attempt."""
    this = sha256((await _note(source, LEDGER_KEY) or "").encode()).hexdigest()[:16]
    if noted := await _note(target, MOVING):
        progress = msgspec.json.decode(noted, type=_Progress)
        if progress.source == this:
            log.info("going on after %d of %d tables", len(progress.done), len(_IN_ORDER))
            return progress, True
        raise StorageError("another database is being moved there: go on with that one, or make a new, empty one")
    async with target.execution_options(**{READ_ONLY: True}).begin() as connection:
        for table in metadata.tables.values():
            if table is not key_values and await connection.scalar(select(func.count()).select_from(table)):
                raise StorageError(f"there is something in {table.name} already: move into a new, empty database")
    await _empty(target)
    return _Progress(this), False


async def _note(engine: AsyncEngine, key: str) -> str | None:
    async with engine.execution_options(**{READ_ONLY: True}).begin() as connection:
        return await connection.scalar(value_of(key))


async def _empty(target: AsyncEngine) -> None:
    async with _writing(target).begin() as connection:
        for table in reversed(_IN_ORDER):
            all_rows = delete(table)
            await connection.execute(all_rows.where(key_values.c.key != NAME) if table is key_values else all_rows)


def _writing(engine: AsyncEngine) -> AsyncEngine:
    return engine.execution_options(**{UNHURRIED: True})


async def _copy(source: AsyncEngine, target: AsyncEngine, progress: _Progress) -> None:
    for table in _IN_ORDER:
        if table.name in progress.done:
            continue
        count = 0
        async for rows in _rows(source, table, progress.after):
            progress.after = [rows[-1][column] for column in table.primary_key.columns]
            async with _writing(target).begin() as connection:
                await connection.execute(insert(table), [dict(row) for row in rows])
                await _keep(connection, progress)
            count += len(rows)
        progress.done.append(str(table.name))
        progress.after = None
        log.info("%s: %d rows", table.name, count)
    async with source.execution_options(**{READ_ONLY: True}).begin() as connection:
        highest = await connection.run_sync(highest_numbers)
    async with _writing(target).begin() as connection:
        await connection.run_sync(set_highest_numbers, highest)
        await _keep(connection, progress)


async def _keep(connection: AsyncConnection, progress: _Progress) -> None:
    values = {"key": MOVING, "value": msgspec.json.encode(progress).decode()}
    await connection.execute(upsert(key_values, values))


async def _rows(
    engine: AsyncEngine, table: Table, after: Sequence[Any] | None = None
) -> AsyncIterator[Sequence[RowMapping]]:
    """In parts, in the order of their keys."""
    key = tuple(table.primary_key.columns)
    types = [column.type for column in key]
    statement = select(table).order_by(*key).limit(_AT_A_TIME)
    if table is key_values:
        statement = statement.where(key_values.c.key.not_in(_OWN_NOTES))
    while True:
        rest = statement if after is None else statement.where(tuple_(*key) > tuple_(*after, types=types))
        async with engine.execution_options(**{READ_ONLY: True}).begin() as connection:
            rows = (await connection.execute(rest)).mappings().all()
        if not rows:
            return
        yield rows
        after = [rows[-1][column] for column in key]


async def _compare(source: AsyncEngine, target: AsyncEngine) -> Moved | None:
    """None: they are different."""
    rows, checksum = 0, 0
    for table in _IN_ORDER:
        here, there = await _contents(source, table), await _contents(target, table)
        if here != there:
            log.error("%s: %d rows here, %d rows there, or other ones", table.name, here.rows, there.rows)
            return None
        rows, checksum = rows + here.rows, checksum ^ here.checksum
    return Moved(rows, f"{checksum:032x}")


async def _contents(engine: AsyncEngine, table: Table) -> _Contents:
    rows, checksum = 0, 0
    async for part in _rows(engine, table):
        rows += len(part)
        checksum += sum(xxhash.xxh3_128_intdigest(_encoded(table, row)) for row in part)
    return _Contents(rows, checksum % 2**128)


def _encoded(table: Table, row: RowMapping) -> bytes:
    """A NUL within a text cannot be stored by PostgreSQL: see its engine."""
    values = (value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row.values())
    return msgspec.json.encode([str(table.name), *values])


async def _finish(source: AsyncEngine, target: AsyncEngine, now: float) -> None:
    """The old database is a copy from now on: a bot that is started on it by mistake looks for what was sent since."""
    async with target.begin() as connection:
        await connection.execute(delete(key_values).where(key_values.c.key == MOVING))
    async with source.begin() as connection:
        await connection.execute(upsert(key_values, {"key": COPIED, "value": str(now)}))
