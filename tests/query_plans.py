"""SQLite's query plan of each statement that a test has run, with ten thousand rows in every table.

Growing tables must not be scanned. Statements are caught on their way to
the driver: a new one cannot be left out.
"""

import re
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event

from bot.storage.schema import metadata

ROWS = 10_000

WHOLE = {
    "in a migration, once": (
        r"INSERT INTO followers \(watch_id, user_id, locale, since\) SELECT",
        r"DELETE FROM tasks WHERE task_id NOT IN",
        r"UPDATE answers SET title = substr\(",
        r"INSERT INTO notes \(key, value\) SELECT 'library_before'",
        r"INSERT INTO notes \(key, value\) SELECT 'lines_after'",
        r"UPDATE library SET chosen = TRUE WHERE",
        r"INSERT INTO star_counts \(message_id, channel_id, due_at\) SELECT message_id, MIN",
        r"INSERT OR IGNORE INTO songs \(clip_id, task_id, seen_at\) SELECT json_extract\(",
    ),
    "when somebody asks for all that is kept of them": (
        r"SELECT watches\.id FROM watches WHERE watches\.user_id != \?",
    ),
    "when the bot starts, or leaves a server": (r"INSERT INTO left_guilds \(guild_id, left_at\) SELECT DISTINCT",),
    "when the operator types doctor": (
        r"SELECT watches\.guild_id, watches\.channel_id FROM watches .* UNION SELECT guilds\.",
        r"SELECT count\(\*\) AS count_1 FROM creation_rules WHERE creation_rules\.enabled",
    ),
    "when the operator types move: in parts": (
        r"SELECT (\w+)\.\S+(, \1\.\S+)* FROM \1 (WHERE \(notes\..?key.? NOT IN \(\?\)\) )?ORDER BY",
        r"SELECT count\(\*\) AS count_1 FROM \w+$",
        r"DELETE FROM \w+( WHERE notes\..?key.? != \?)?$",
    ),
    "once a day": (
        r"DELETE FROM songs WHERE songs\.seen_at <= \(SELECT",
        r"UPDATE watches SET outcome=\? WHERE watches\.outcome = '' AND watches\.created_at < \?",
    ),
    "what is counted for machines that ask: nothing else is read": (
        r"SELECT count\(\*\) AS count_1 FROM watches WHERE watches\.outcome = ''$",
        r"SELECT deliveries\.state, count\(\*\) AS count_1 FROM deliveries WHERE deliveries\.state != 'sent' GROUP BY",
    ),
    "at the start, once": (
        r"UPDATE tasks SET (first_asked_at|asked_at|changed_at)=\? WHERE tasks\.\1 > \?",
        r"UPDATE tasks SET due_at=\?, lease_until=\? WHERE tasks\.lease_until > \? AND tasks\.due_at IS NOT NULL",
        r"UPDATE tasks SET due_at=\? WHERE tasks\.due_at > \?",
        r"UPDATE tasks SET gateway=\?, due_at=.* WHERE \(?tasks\.gateway NOT IN",
        r"SELECT people\.user_id, .* FROM people$",
        r"UPDATE deliveries SET created_at=CASE .* WHERE deliveries\.state IN \('waiting', 'blocked'\)$",
    ),
}
"""Statements that read all of a table, because they are about all of it; by how seldom they do."""

_LIST = re.compile(r"\((\?|\d+)(, (\?|\d+))+\)")
# What an inner SELECT has found, by an index or with a step of its own here, may be read as a whole.
_ALLOWED = re.compile(
    r"SCAN (CONSTANT ROW|\w+ VIRTUAL TABLE|\(subquery|anon_\d+|sqlite_sequence"
    r"|guilds USING (COVERING )?INDEX guilds_paused)"
)
_VALUES = {"VARCHAR": "'x' || n", "FLOAT": "n * 1.0", "BLOB": "x''"}


def scans(seen: Collection[str]) -> list[str]:
    """The statements that read a whole table, each with the step of its plan that does."""
    return [f"{step}: {statement}" for statement in sorted(seen) if (step := _scan(statement))]


@cache
def shape(statement: str) -> str:
    """The same for lists of all lengths."""
    return " ".join(_LIST.sub("(?)", statement).split())


@contextmanager
def statements() -> Iterator[set[str]]:
    """The shapes of all statements that are run meanwhile."""
    seen: set[str] = set()

    def run(connection: Connection, _cursor: Any, statement: str, _values: Any, context: Any, _many: bool) -> None:
        compiled = context is not None and context.compiled is not None  # a test's own are not
        if compiled and connection.dialect.name == "sqlite":
            seen.add(shape(statement))

    event.listen(Engine, "before_cursor_execute", run)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", run)


@cache
def _database() -> sqlite3.Connection:
    database = sqlite3.connect(":memory:", check_same_thread=False)
    engine = create_engine("sqlite://", creator=lambda: database, poolclass=StaticPool)
    metadata.create_all(engine)
    for table in metadata.sorted_tables:
        _fill(database, table.name, {column.name: str(column.type) for column in table.columns})
    database.commit()
    return database


def _fill(database: sqlite3.Connection, table: str, columns: dict[str, str]) -> None:
    numbers = f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {ROWS}) "
    values = ", ".join(_VALUES.get(kind, "n") for kind in columns.values())
    database.execute(f"{numbers}INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM numbers")


@cache
def _scan(statement: str) -> str | None:
    if not re.match(r"SELECT|UPDATE|DELETE|INSERT|WITH", statement):
        return None
    if any(re.match(pattern, statement) for patterns in WHOLE.values() for pattern in patterns):
        return None
    try:
        plan = _database().execute(f"EXPLAIN QUERY PLAN {statement}", [None] * statement.count("?")).fetchall()
    except sqlite3.OperationalError:  # of a migration: about a table as it no longer is
        return None
    steps = [step for *_, step in plan if step.startswith("SCAN") and not _ALLOWED.match(step)]
    return steps[0] if steps else None
