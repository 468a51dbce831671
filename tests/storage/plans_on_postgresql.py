"""PostgreSQL's query plan of each statement that runs meanwhile, with ten thousand rows in every table.

The same rule as in tests/query_plans.py, with the same exceptions: what grows is not read as a whole. The planner is
told to avoid that, since it rightly reads a whole table if a test's values are those of all its rows; where it does so
all the same, there is no index for it.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event

from bot.storage.schema import metadata
from tests.query_plans import ROWS, WHOLE, shape

Seen = dict[str, tuple[str, Mapping[str, Any]]]  # by shape: the statement, and the values of one run

_PARAMETER = re.compile(r'%\(\w+\)s(::[A-Z ]+(\[\])?( COLLATE "C")?)?')
_PARTIAL = {
    str(index.name)
    for table in metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["postgresql"]["where"] is not None
}
_VALUES = {"VARCHAR": "'x' || n", "FLOAT": "n", "BLOB": "''::bytea", "BOOLEAN": "mod(n, 2) = 0"}


def fill(url: str) -> None:
    """A new database."""
    engine = create_engine(url)
    with engine.begin() as connection:
        metadata.create_all(connection)
        for table in metadata.sorted_tables:
            values = ", ".join(_VALUES.get(str(column.type), "n") for column in table.columns)
            names = ", ".join(column.name for column in table.columns)
            connection.exec_driver_sql(
                f"INSERT INTO {table.name} ({names}) SELECT {values} FROM generate_series(1, {ROWS}) n"
            )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()


@contextmanager
def statements() -> Iterator[Seen]:
    """Those that are run meanwhile."""
    seen: Seen = {}

    def run(connection: Connection, _cursor: Any, statement: str, values: Any, context: Any, many: bool) -> None:
        compiled = context is not None and context.compiled is not None  # a test's own are not
        if compiled and connection.dialect.name == "postgresql":
            seen.setdefault(shape(_PARAMETER.sub("?", statement)), (statement, values[0] if many else values))

    event.listen(Engine, "before_cursor_execute", run)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", run)


def scans(connection: psycopg.Connection[Any], seen: Seen) -> list[str]:
    """The statements that read a whole table, each with the step that does."""
    connection.execute(b"SET enable_seqscan = off")
    return [f"{step}: {known}" for known, run in sorted(seen.items()) if (step := _scan(connection, known, *run))]


def _scan(connection: psycopg.Connection[Any], known: str, statement: str, values: Mapping[str, Any]) -> str | None:
    if not re.match(r"SELECT|UPDATE|DELETE|INSERT|WITH", known):
        return None
    if any(re.match(pattern, known) for patterns in WHOLE.values() for pattern in patterns):
        return None
    try:
        explained = connection.execute(f"EXPLAIN (FORMAT JSON) {statement}".encode(), values).fetchall()
    except psycopg.errors.UndefinedTable:  # of the leader's table, or of a migration
        return None
    return next(_whole(explained[0][0][0]["Plan"]), None)


def _whole(step: Mapping[str, Any], *, limited: bool = False) -> Iterator[str]:
    """Steps that read all of a table or of its index, unless they end after some rows."""
    kind, index = step["Node Type"], step.get("Index Name")
    limited = limited or kind == "Limit"
    if kind == "Seq Scan" and step["Relation Name"] in metadata.tables:
        yield f"Seq Scan on {step['Relation Name']}"
    elif index and "Index Cond" not in step and not limited and index not in _PARTIAL and not index.startswith("pg_"):
        yield f"{kind} of all {index}"
    for inner in step.get("Plans", ()):
        yield from _whole(inner, limited=limited and kind != "Sort")
