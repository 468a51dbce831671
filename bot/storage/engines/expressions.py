"""Expressions that SQLite and PostgreSQL spell differently, or that only seem to be the same."""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from sqlalchemy import ARRAY, ColumnElement, Dialect, String, Table, TypeDecorator, bindparam, case
from sqlalchemy.dialects.postgresql import Insert, insert  # its ON CONFLICT is understood by both
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

__all__ = ["earlier", "insert", "later", "one_of", "unindexed", "upsert"]

_OF_JSON = "(SELECT value FROM json_each({}))"
# Not `= ANY`: PostgreSQL makes a hash table of a sub-select, but compares each row with each value of an array.
_OF_ARRAY = "(SELECT unnest({}))"


def upsert(table: Table, values: Mapping[str, Any]) -> Insert:
    """Inserts a row; if there is one with its primary key, that gets these values."""
    return insert(table).values(values).on_conflict_do_update(index_elements=[*table.primary_key.columns], set_=values)


def one_of(column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """As one parameter, however many values: nobody need parse a long statement, and no engine's limit is met."""
    return column.bool_op("IN")(_Each(bindparam(None, list(values), type_=_Listed(column.type))))


def unindexed(column: ColumnElement[int]) -> ColumnElement[int]:
    """The same, but rows are not looked for by it: SQLite takes an index also if most of the table is equal in it."""
    return column + 0


def later(one: ColumnElement[Any], other: Any) -> ColumnElement[Any]:
    """NULL if `one` is. SQLite's max(a, b) and PostgreSQL's greatest(a, b) treat NULL differently."""
    return case((one < other, other), else_=one)


def earlier(one: ColumnElement[Any], other: Any) -> ColumnElement[Any]:
    """NULL if `one` is."""
    return case((one > other, other), else_=one)


class _Listed(TypeDecorator[list[Any]]):
    """Many values as one parameter: JSON for SQLite, an array for PostgreSQL."""

    impl = String
    cache_ok = True

    def __init__(self, of: TypeEngine[Any]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(self.of) if dialect.name == "postgresql" else String())

    def process_bind_param(self, value: list[Any] | None, dialect: Dialect) -> Any:
        if dialect.name == "postgresql" or value is None:
            return value
        return msgspec.json.encode(value).decode()


class _Each(FunctionElement[Any]):
    """The values, as rows."""

    inherit_cache = True


@compiles(_Each, "sqlite")
def _each_of_json(element: _Each, compiler: SQLCompiler, **options: Any) -> str:
    return _OF_JSON.format(compiler.process(element.clauses, **options))


@compiles(_Each, "postgresql")
def _each_of_array(element: _Each, compiler: SQLCompiler, **options: Any) -> str:
    return _OF_ARRAY.format(compiler.process(element.clauses, **options))
