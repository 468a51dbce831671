"""Each migration from the one before it, with rows in it."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from bot.storage.database import open_database
from bot.storage.lines import LineStore
from bot.storage.migrations import upgrade
from bot.storage.schema import REVISION

Row = dict[str, Any]

ANSWER = (
    '{"id": "t1", "kind": "MUSIC", "status": "running",'
    ' "clips": [{"id": "clip-000001", "title": ""}, {"id": "clip-000002", "title": "Rain"}]}'
)
ROWS = {
    "0001": [
        "INSERT INTO notes VALUES ('commands', 'abc')",
        "INSERT INTO recents VALUES (1, 'task_1', 10, 1, 'default', 'Rain', 5.0)",
    ],
    "0002": [
        "INSERT INTO tasks VALUES ('t1', 'default', 'running', '{}', 1.0, 2.0, 3.0, 0, 4.0, 0.0)",
        (
            "INSERT INTO watches"
            " VALUES (7, 't1', 1, 10, 5, '[]', '', 0, 'en-US', 'en-US', 1.0, '[]', 0, 0, '', NULL, '', NULL)"
        ),
        (
            "INSERT INTO deliveries"
            " VALUES (3, 'abc', 7, 10, 'songs', '[]', 1.0, 'waiting', '', 1.0, 0.0, 0, 0, NULL, NULL, NULL)"
        ),
    ],
    "0003": ["INSERT INTO batches VALUES ('abc', 1, '[]', 0, 1.0)"],
    "0004": [
        "INSERT INTO people VALUES (1, 'en-US', 0, 0)",
        "INSERT INTO guilds VALUES (5, '', 10, '[]', NULL, 1, NULL, 0)",
    ],
    "0005": [
        "INSERT INTO tasks VALUES ('t1', 'default', 'running', 1.0, 2.0, 3.0, 0, 4.0, 0.0, x'', 0)",
        "INSERT INTO answers VALUES ('t1', '{}')",
        (
            'INSERT INTO watches VALUES (7, \'t1\', 1, 10, 5, \'["<@1>", "<@&9>", "<@123456789012345678>"]\','
            " '', 0, 'en-US', 'zh-CN', 1.0, '[]', 0, 0, '', NULL, '', NULL)"
        ),
    ],
    "0006": [
        "INSERT INTO tasks VALUES ('t1', 'default', 'done', 1.0, 2.0, 3.0, 0, NULL, 0.0, x'', 0)",
        "INSERT INTO answers VALUES ('t1', '{}')",
        (
            "INSERT INTO watches"
            " VALUES (7, 't1', 1, 10, 5, '[]', '', 0, 'en-US', 'en-US', 1.0, '[]', 0, 0, 'delivered', NULL, '', NULL)"
        ),
        "INSERT INTO followers VALUES (7, 2, 'zh-CN', 1.0)",
        (
            "INSERT INTO deliveries"
            " VALUES (3, 'abc', 7, 10, 'songs', '[]', 1.0, 'waiting', '', 1.0, 0.0, 0, 0, NULL, NULL, NULL)"
        ),
    ],
    "0007": [
        "INSERT INTO tasks VALUES ('t1', 'default', 'running', 1.0, 2.0, 3.0, 0, NULL, 0.0, x'', 0)",
        f"INSERT INTO answers VALUES ('t1', '{ANSWER}')",
        (
            "INSERT INTO watches"
            " VALUES (7, 't1', 1, 10, 5, '[]', '', 0, 'en-US', 'en-US', 1.0, '[]', 0, 0, 'delivered', NULL, '', NULL)"
        ),
        "INSERT INTO batches VALUES ('abc', 1, '[]', 2, 1.0)",
    ],
    "0008": [
        "INSERT INTO tasks VALUES ('t1', 'default', 'done', 1.0, 2.0, 3.0, 0, NULL, 0.0, x'', 0)",
        "INSERT INTO answers VALUES ('t1', '{}', '')",
        (
            "INSERT INTO watches"
            " VALUES (7, 't1', 1, 10, 5, '[]', '', 0, 'en-US', 'en-US', 1.0, '[]', 0, 0, 'delivered', NULL, '', NULL)"
        ),
        (
            "INSERT INTO deliveries"
            " VALUES (3, 'abc', 7, 10, 'songs', '[]', 1.0, 'waiting', '', 1.0, 0.0, 0, 0, NULL, NULL, NULL, 2.0)"
        ),
    ],
    "0009": [
        "INSERT INTO tasks VALUES ('t1', 'default', 'done', 1.0, 2.0, 3.0, 0, NULL, 0.0, x'', 0)",
        "INSERT INTO answers VALUES ('t1', '{}', '')",
        (
            "INSERT INTO watches"
            " VALUES (7, 't1', 1, 10, 5, '[]', '', 0, 'en-US', 'en-US', 1.0, '[]', 0, 0, 'delivered', NULL, '', NULL)"
        ),
        (
            "INSERT INTO deliveries"
            " VALUES (3, 'abc', 7, 10, 'songs', '[]', 1.0, 'waiting', '', 1.0, 0.0, 0, 0, NULL, NULL, NULL, NULL, '')"
        ),
    ],
    "0010": [
        "INSERT INTO tasks VALUES ('t1', 'default', 'done', 1.0, 2.0, 3.0, 0, NULL, 0.0, x'', 0, 'MUSIC')",
        "INSERT INTO answers VALUES ('t1', '{}', '')",
        (
            "INSERT INTO watches"
            " VALUES (7, 't1', 1, 10, 5, '[]', '', 0, 'en-US', 'en-US', 1.0, '[]', 0, 0, 'delivered', NULL, '', NULL)"
        ),
        (
            "INSERT INTO deliveries"
            " VALUES (3, 'abc', 7, 10, 'songs', '[]', 1.0, 'waiting', '', 1.0, 0.0, 0, 0, NULL, NULL, NULL, NULL, '')"
        ),
    ],
    "0011": [
        "INSERT INTO tasks VALUES ('t1', 'default', 'done', 1.0, 2.0, 3.0, 0, NULL, 0.0, x'', 0, 'MUSIC')",
        "INSERT INTO answers VALUES ('t1', '{}', '')",
        (
            "INSERT INTO watches"
            " VALUES (7, 't1', 1, 10, 5, '[]', '', 0, 'en-US', 'en-US', 1.0, '[]', 0, 0, 'delivered', NULL, '', NULL)"
        ),
        (
            "INSERT INTO deliveries"
            " VALUES (3, 'abc', 7, 10, 'songs', '[]', 1.0, 'waiting', '', 1.0, 0.0, 0, 0, NULL, NULL, NULL, NULL,"
            " '', 'zh-CN', 1)"
        ),
    ],
    "0012": [
        "INSERT INTO tasks VALUES ('t1', 'default', 'done', 1.0, 2.0, 3.0, 0, NULL, 0.0, x'', 0, 'MUSIC')",
        "INSERT INTO answers VALUES ('t1', '{}', '')",
        (
            "INSERT INTO watches"
            " VALUES (7, 't1', 1, 10, 5, '[]', '', 0, 'en-US', 'en-US', 1.0, '[]', 0, 0, 'delivered', NULL, '', NULL)"
        ),
        (
            "INSERT INTO deliveries"
            " VALUES (3, 'abc', 7, 10, 'songs', '[]', 1.0, 'waiting', '', 1.0, 0.0, 0, 0, NULL, NULL, NULL, NULL,"
            " '', 'zh-CN', 1)"
        ),
    ],
    "0013": [
        "INSERT INTO tasks VALUES ('t1', 'default', 'done', 1.0, 2.0, 3.0, 0, NULL, 0.0, x'', 0, 'MUSIC')",
        "INSERT INTO answers VALUES ('t1', '{}', '')",
        (
            "INSERT INTO watches"
            " VALUES (7, 't1', 1, 10, 5, '[]', '', 0, 'en-US', 'en-US', 1.0, '[]', 0, 0, 'delivered', NULL, '', NULL)"
        ),
        (
            "INSERT INTO deliveries"
            " VALUES (3, 'abc', 7, 10, 'songs', '[]', 1.0, 'waiting', '', 1.0, 0.0, 0, 0, NULL, NULL, NULL, NULL,"
            " '', 'zh-CN', 1)"
        ),
    ],
    "0014": [
        (
            "INSERT INTO library"
            " VALUES (3, 't1', 1, 'clip-000001', 'default', 1, 0, 5, 10, 10, 0, 77, 'Rain', 'folk', 60.0, 5.0, 0)"
        ),
        "INSERT INTO library_texts VALUES (3, 'Drops', ' rain folk drops')",
        "INSERT INTO stars VALUES (3, 2, 6.0)",
        "INSERT INTO guilds VALUES (5, '', 10, '[]', NULL, 1, NULL, 0)",
    ],
    "0015": [
        (
            "INSERT INTO library"
            " VALUES (3, 't1', 1, 'clip-000001', 'default', 1, 0, 5, 10, 10, 0, 77, 'Rain', 'folk', 60.0, 5.0, 0, 1, 9)"
        ),
        (
            "INSERT INTO library"
            " VALUES (4, 't1', 2, 'clip-000002', 'default', 1, 0, 5, 10, 10, 0, 77, 'Rain', 'folk', 60.0, 5.0, 0, 0, 9)"
        ),
        (
            "INSERT INTO library"
            " VALUES (5, 't2', 1, 'clip-000003', 'default', 1, 0, 5, 10, 10, 0, 78, 'Sun', 'folk', 60.0, 5.0, 0, 0, 9)"
        ),
        "INSERT INTO stars VALUES (4, 2, 6.0)",
        "INSERT INTO charts VALUES (5, 10, 4, 18, 1, 5.0, 600000.0)",
        ("INSERT INTO chart_posts VALUES (5, '1970-W01', 'abcdefghijkl', 10, 5.0, 'sent', '', 5.0, 0, 5.0, 0, 99)"),
        "INSERT INTO playlists VALUES (1, 1, 0, 1, 'Night', 'night', 0, 5.0)",
        "INSERT INTO playlist_songs VALUES (1, 't1', 2, 1, 5.0)",
    ],
    "0016": [
        (
            "INSERT INTO library VALUES"
            " (3, 't1', 1, 'clip-000001', 'default', 1, 0, 5, 10, 10, 0, 77, 'Lo-fi', 'folk', 60.0, 5.0, 0, 0, 9, 1)"
        ),
        "INSERT INTO library_texts VALUES (3, 'Don''t', ' lo fi folk don t')",
    ],
}
"""Rows in a database of each revision before the upgrade."""


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(file)
    try:
        with database:
            yield database
    finally:
        database.close()


MOVED = {
    "tasks": "tasks JOIN answers USING (task_id)",
    "notes": "notes WHERE key NOT IN ('opened_as', 'ledger_key', 'library_before', 'lines_after')",
}
"""Where the newest schema keeps the rows of an old table, without rows that the bot itself adds."""


RENAMED = {
    "told": "announced",
    "quiet_told": "quiet_announced",
    "live_told": "live_announced",
    "ending": "outcome",
    "line": "seq",
    "aside": "parked",
    "silent_since": "audio_missing_since",
}


def held(database: sqlite3.Connection, revision: str, moved: Mapping[str, str] = MappingProxyType({})) -> list[Row]:
    """Every row of the tables that were filled, by what its columns are called now."""
    database.row_factory = sqlite3.Row
    tables = sorted({statement.split()[2] for statement in ROWS[revision]})
    rows = [row for table in tables for row in database.execute(f"SELECT * FROM {moved.get(table, table)}")]
    return [{RENAMED.get(str(name), str(name)): value for name, value in dict(row).items()} for row in rows]


def test_every_revision_but_the_newest_has_rows_to_migrate() -> None:
    older = {script.revision for script in ScriptDirectory("migrations").walk_revisions()} - {REVISION}
    assert older == set(ROWS)


@pytest.mark.parametrize("revision", sorted(ROWS))
async def test_a_database_of_an_earlier_bot_starts_with_all_it_holds(revision: str, tmp_path: Path) -> None:
    file = tmp_path / "bot.db"
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        upgrade(connection, revision)
    engine.dispose()
    with opened(file) as database:
        for statement in ROWS[revision]:
            database.execute(statement)
        before = held(database, revision)
        assert len(before) == len(ROWS[revision])
    async with open_database(f"sqlite+aiosqlite:///{file}"):
        pass
    with opened(file) as database:
        for row, old in zip(held(database, revision, MOVED), before, strict=True):
            assert old.items() <= row.items()
        assert tuple(database.execute("SELECT version_num FROM alembic_version").fetchone()) == (REVISION,)


async def upgraded_from(folder: Path, revision: str, *more: str) -> Path:
    """A database with that revision's rows, and what `more` statements add, upgraded by opening it."""
    file = folder / "bot.db"
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        upgrade(connection, revision)
    engine.dispose()
    with opened(file) as database:
        for statement in (*ROWS[revision], *more):
            database.execute(statement)
    async with open_database(f"sqlite+aiosqlite:///{file}"):
        return file


async def test_choices_of_an_earlier_bot_are_known_and_shown_on_their_posts(tmp_path: Path) -> None:
    file = await upgraded_from(tmp_path, "0015")
    with opened(file) as database:
        takes = database.execute("SELECT id, folded, chosen FROM library ORDER BY id").fetchall()
        assert takes == [(3, 1, 0), (4, 0, 1), (5, 0, 0)]
        assert database.execute("SELECT message_id, channel_id FROM star_counts").fetchall() == [(77, 10)]


async def test_the_words_of_older_versions_are_folded_anew_from_the_beginning(tmp_path: Path) -> None:
    """Also if the folding of an earlier upgrade has not come to its end."""
    file = await upgraded_from(tmp_path, "0016", "INSERT INTO notes VALUES ('lines_after', '3')")
    async with open_database(f"sqlite+aiosqlite:///{file}") as engine:
        assert await LineStore(engine).renew(25)
    with opened(file) as database:
        assert database.execute("SELECT line FROM library_texts").fetchall() == [(" lo fi lofi folk don t dont",)]


async def test_mentions_of_older_versions_become_followers(tmp_path: Path) -> None:
    file = await upgraded_from(tmp_path, "0005")
    with opened(file) as database:
        assert database.execute("SELECT watch_id, user_id, locale FROM followers").fetchall() == [
            (7, 123456789012345678, "zh-CN")
        ]


async def test_songs_and_titles_of_what_is_watched_are_known(tmp_path: Path) -> None:
    file = await upgraded_from(tmp_path, "0007")
    with opened(file) as database:
        assert database.execute("SELECT * FROM songs ORDER BY 1").fetchall() == [
            ("clip-000001", "t1", 2.0),
            ("clip-000002", "t1", 2.0),
        ]
        assert database.execute("SELECT title FROM answers").fetchall() == [("Rain",)]
