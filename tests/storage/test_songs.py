"""Songs that are offered while somebody types, and what watched tasks tell, in tables of tens of thousands of rows."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.task import Clip, Status, Task, TaskKind
from bot.storage.creation import CreationStore
from bot.storage.rows import to_json
from bot.storage.songs import SongStore
from tests.storage.steps import steps

ADA, CHANNEL = 3, 7
ROWS = 16_000
SONG = Task(id="t", kind=TaskKind.MUSIC, status=Status.DONE, clips=(Clip(id="c", status=Status.DONE),))
NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)"
FILL = """
INSERT INTO tasks (task_id, gateway, status, misses, lease_until, kind)
    SELECT 'task_' || n, 'default', 'done', 0, 0, 'music' FROM numbers;
INSERT INTO answers (task_id, task, title) SELECT 'task_' || n, :task, 'Title ' || n FROM numbers;
INSERT INTO watches (task_id, user_id, channel_id, guild_id, mentions, lyrics_id, live, locale, user_locale,
    created_at, announced, quiet_announced, live_announced, outcome, card_shows)
    SELECT 'task_' || n, :user, 9, 1, '[]', '', 0, 'en-US', 'en-US', n, '[]', 0, 0, 'delivered', '' FROM numbers;
INSERT INTO recents (user_id, task_id, channel_id, public, gateway, title, looked_up_at)
    SELECT n, 'task_' || n, :channel, 1, 'default', 'Title ' || n, n FROM numbers;
INSERT INTO songs (clip_id, task_id, seen_at) SELECT 'clip_' || n, 'task_' || n, n FROM numbers
"""


# Steps can be counted in SQLite only.
pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


async def fill(engine: AsyncEngine, count: int) -> None:
    """So many tasks with a song each, all watched by Ada, and all shown in the channel."""
    values = {"count": count, "task": to_json(SONG), "user": ADA, "channel": CHANNEL}
    async with engine.begin() as connection:
        for statement in FILL.split(";"):
            await connection.exec_driver_sql(f"{NUMBERS} {statement}", values)


@pytest.mark.parametrize("typed", ["", "itle 1", "nothing like that"])
async def test_what_is_offered_takes_as_long_with_thousands_of_watches(engine: AsyncEngine, typed: str) -> None:
    store = SongStore(engine)
    await fill(engine, ROWS // 8)
    few = await steps(engine, lambda: store.offered(ADA, CHANNEL, typed))
    for table in ("songs", "recents", "watches", "answers", "tasks"):
        async with engine.begin() as connection:
            await connection.exec_driver_sql(f"DELETE FROM {table}")
    await fill(engine, ROWS)
    many = await steps(engine, lambda: store.offered(ADA, CHANNEL, typed))
    assert many < 2 * few


async def test_the_newest_are_offered_first(engine: AsyncEngine) -> None:
    await fill(engine, ROWS)
    offered = await SongStore(engine).offered(ADA, CHANNEL, "")
    assert [each.title for each in offered[:2]] == [f"Title {ROWS}", f"Title {ROWS - 1}"]
    assert len({each.task_id for each in offered}) == len(offered) == 25


async def test_what_watched_tasks_tell_is_read_of_those_that_are_new(engine: AsyncEngine) -> None:
    store = CreationStore(engine)
    await fill(engine, ROWS)
    new = await steps(engine, lambda: store.watched_to_the_end("default", ROWS - 50))
    every = await steps(engine, lambda: store.watched_to_the_end("default", 0))
    elsewhere = await steps(engine, lambda: store.watched_to_the_end("other", ROWS - 50))
    assert max(new, elsewhere) * 5 < every, "an index finds them"
    assert every * 10 < await steps(engine, lambda: store.watched_to_the_end("other", 0)), "300 are enough"
