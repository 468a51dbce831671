"""Many rows at once. SQLite runs a statement for each row, which costs no request there; PostgreSQL one for all, whose
parameters are the columns, as arrays.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, Column, ColumnElement, Table, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import NamedFromClause

from bot.storage.engines.expressions import insert

_Row = Mapping[str, Any]
_PREFIX = "new_"  # a parameter must not have the name of a column that it changes


async def insert_each(
    connection: AsyncConnection, table: Table, rows: Sequence[_Row], finish: Callable[[Insert], Insert]
) -> None:
    """`finish` adds what happens on a conflict. No two rows may have the same key if that is an update."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        new = _rows_of(table, rows)
        await connection.execute(finish(insert(table).from_select(list(rows[0]), select(new))))
    else:
        await connection.execute(finish(insert(table)), rows)


async def update_each(
    connection: AsyncConnection,
    key: Column[Any],
    rows: Sequence[_Row],
    also: Callable[[Mapping[str, ColumnElement[Any]]], Mapping[str, Any]] = lambda _: {},
) -> None:
    """`rows`: the key and the new values, by column; `also`: what a column gets instead, given the new values."""
    if not rows:
        return
    table = key.table
    if connection.dialect.name == "postgresql":
        new: Mapping[str, ColumnElement[Any]] = dict(_rows_of(table, rows).c.items())
        given: list[_Row] | None = None
    else:
        new = {name: bindparam(f"{_PREFIX}{name}", type_=table.c[name].type) for name in rows[0]}
        given = [{f"{_PREFIX}{name}": value for name, value in row.items()} for row in rows]
    values = {name: column for name, column in new.items() if name != key.name} | dict(also(new))
    await connection.execute(update(table).where(key == new[key.name]).values(values), given)


def _rows_of(table: Table, rows: Sequence[_Row]) -> NamedFromClause:
    columns = [table.c[name] for name in rows[0]]
    arrays = [bindparam(None, [row[each.name] for row in rows], type_=ARRAY(each.type)) for each in columns]
    typed = [Column(each.name, each.type) for each in columns]
    return func.unnest(*arrays).table_valued(*typed, name="new").render_derived()
