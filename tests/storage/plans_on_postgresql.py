"""PostgreSQL's query plan of each statement that a test has run, with ten thousand rows in every table.

The same rule as in tests/query_plans.py, with the same exceptions: what grows is not read as a whole. The planner
decides as it does for a bot, since the rows are like those of a bot: most are over, and few are due.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, text

from bot.storage.engines.postgresql import SESSION, set_up_connection
from bot.storage.schema import metadata
from tests.query_plans import ROWS, WHOLE, shape

Seen = dict[str, tuple[str, Mapping[str, Any]]]  # by shape: the statement, and the values of one run

_PARAMETER = re.compile(r'%\(\w+\)s(::[A-Z]+( PRECISION)?( COLLATE "C")?(\[\])?)?')
_PARTIAL = {
    str(index.name)
    for table in metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["postgresql"]["where"] is not None
}
_FEW = "CASE WHEN n % 100 = 0 THEN '{}' ELSE '{}' END"
_TIME = f"CASE WHEN n % 100 = 0 THEN n ELSE {2**33} + n END"
_WORDS = {
    "deliveries.state": _FEW.format("waiting", "sent"),
    "deliveries.topic": "'songs'",
    "chart_posts.state": _FEW.format("waiting", "sent"),
    "orders.state": _FEW.format("queued", "finished"),
    "orders.announced": "'finished'",
    "watches.outcome": _FEW.format("", "done"),
    "tasks.gateway": "'default'",
}
_VALUES = {"VARCHAR": "'x' || n", "FLOAT": _TIME, "BLOB": "CAST('' AS bytea)", "BOOLEAN": "mod(n, 2) = 0"}


def fill(url: str) -> None:
    """A new database."""
    engine = create_engine(url)
    with engine.begin() as connection:
        metadata.create_all(connection)
        for table in metadata.sorted_tables:
            values = ", ".join(_WORDS.get(str(column), _VALUES.get(str(column.type), "n")) for column in table.columns)
            names = ", ".join(column.name for column in table.columns)
            rows = f"SELECT {values} FROM generate_series(1, {ROWS}) n"
            connection.execute(text(f"INSERT INTO {table.name} ({names}) {rows}"))
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


class Planner:
    """At a filled database. Each statement is explained once, with the values of the first test that has run it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._known: dict[str, str | None] = {}

    def scans(self, seen: Seen) -> list[str]:
        """The statements that read a whole table, each with the step that does."""
        if seen.keys() - self._known.keys():
            with psycopg.connect(self._url) as connection:
                set_up_connection(connection)
                for name, value in SESSION.items():
                    connection.execute(f"SET {name} = '{value}'".encode())
                for known in seen.keys() - self._known.keys():
                    self._known[known] = _scan(connection, known, *seen[known])
        return [f"{step}: {known}" for known in sorted(seen) if (step := self._known[known])]


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
