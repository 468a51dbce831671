"""Machines whose clocks are an hour apart share a PostgreSQL database: all that is stored has the database's time."""

import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from bot.domain.order import OrderState
from tests.bot_process import Command
from tests.conftest import Env
from tests.e2e.test_create import order_without_answer
from tests.postgresql import new_database
from tests.sample_tasks import DONE

pytestmark = pytest.mark.postgres

HOUR = 3_600.0  # seconds
NEAR = 300.0  # seconds that a slow machine may need


@pytest.fixture
def database_url(env: Env) -> Iterator[str]:
    """Of the database that the bot has, as libpq takes it."""
    with new_database() as url:
        env.settings["database_url"] = url.replace("+psycopg", "")
        yield env.settings["database_url"]


@pytest.fixture(params=[-HOUR, HOUR], ids=["slow", "fast"])
def set_apart(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Sets the machine's clock an hour apart from the database's."""
    right, apart = time.time, float(request.param)
    return lambda: monkeypatch.setattr("time.time", lambda: right() + apart)


def ages(url: str, table: str, column: str, where: str = "TRUE") -> list[float]:
    """Seconds by the database's clock; there must be some."""
    statement = f"SELECT extract(epoch FROM now())::float8 - {column}::float8 FROM {table} WHERE {where}"
    with psycopg.connect(url) as connection:
        found = [float(row[0]) for row in connection.execute(statement.encode())]
    assert found, f"nothing in {table}"
    return found


def near(seconds: list[float]) -> bool:
    return all(abs(each) < NEAR for each in seconds)


async def test_what_people_do_has_the_time_of_the_database(
    env: Env, database_url: str, set_apart: Callable[[], None]
) -> None:
    set_apart()
    env.gateway.add(DONE)
    async with env.bot_with_its_own_clock():
        await env.status(DONE.id)
        await env.finished(await env.ada.slash(env.channel, "suno batch", ids=f"{DONE.id} task_other"))
        await env.watch(DONE.id)
        await env.posts()
    assert near(ages(database_url, "recents", "looked_up_at"))
    assert near(ages(database_url, "batches", "created_at"))
    assert near(ages(database_url, "watches", "created_at"))
    assert near(ages(database_url, "deliveries", "sent_at"))


async def test_what_an_operator_does_has_it_too(
    env: Env, database_url: str, command: Command, set_apart: Callable[[], None]
) -> None:
    await order_without_answer(env)
    with psycopg.connect(database_url) as connection:
        ((order_id, state),) = connection.execute("SELECT id, state FROM orders").fetchall()
    assert state == OrderState.UNSURE

    set_apart()
    code, _, errors = await command("orders", "settle", order_id, "--task", env.gateway.orders.posts[0].task_id)
    assert (code, errors) == (0, "")
    assert near(ages(database_url, "watches", "created_at"))
    code, _, errors = await command("move", "sqlite:///moved.db")
    assert code == 0, errors
    assert near(ages(database_url, "notes", "value", "key = 'copied'"))
