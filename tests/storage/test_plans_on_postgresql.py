"""With ten thousand rows in every table, PostgreSQL finds by an index what the workers ask for all the time."""

from collections.abc import Iterator

import psycopg
import pytest

from bot.domain.task import Status
from bot.services.polling.record_poll import record_poll
from bot.storage.database import open_database
from bot.storage.outbox import Outbox
from bot.storage.polls import PollStore
from bot.storage.watches import WatchStore
from tests.postgresql import new_database
from tests.storage.plans_on_postgresql import Seen, fill, scans, statements
from tests.storage.samples import NOW, SCHEDULE, add, answers, make_watch, task

pytestmark = pytest.mark.postgres


@pytest.fixture
def full_database() -> Iterator[str]:
    with new_database() as url:
        fill(url)
        yield url.replace("+psycopg", "")


async def seen_at_work(url: str) -> Seen:
    async with open_database(url) as engine:
        watches, polls, outbox = WatchStore(engine), PollStore(engine), Outbox(engine)
        with statements() as seen:
            await add(watches, make_watch("t1"))
            claims = await polls.claim("default", NOW, lease=60, limit=500)
            await record_poll(polls, {}, NOW, SCHEDULE, claims)
            await record_poll(polls, answers(task("t1", Status.DONE, "a")), NOW, SCHEDULE)
            await polls.release(["t1"], NOW)
            await polls.next_due("default")
            await outbox.claim(NOW, lease=60.0, limit=8)
    return seen


async def test_the_workers_read_no_whole_table(full_database: str) -> None:
    with new_database() as empty:
        seen = await seen_at_work(empty)
    assert len(seen) > 10
    with psycopg.connect(full_database, autocommit=True) as connection:
        assert scans(connection, seen) == []


async def test_a_statement_without_an_index_is_found(full_database: str) -> None:
    """Otherwise the test above could not fail."""
    statement = "SELECT task_id FROM tasks WHERE misses = %(misses)s::INTEGER"
    with psycopg.connect(full_database, autocommit=True) as connection:
        (found,) = scans(connection, {"SELECT task_id": (statement, {"misses": 5})})
    assert "Seq Scan on tasks" in found
