"""An operator lists orders on the command line, and settles those that were never answered."""

import sqlite3
from contextlib import closing

import pytest

from bot.domain.order import OrderState
from sandbox.local_gateway.fake_task import FakeTask
from tests.bot_process import Command
from tests.conftest import Env
from tests.e2e.test_create import ON, order_without_answer, orders


@pytest.fixture
async def unsure(env: Env) -> str:
    """An order of Ada's whose answer got lost, and the bot was stopped. Its id."""
    await order_without_answer(env)
    with closing(sqlite3.connect(env.database)) as database:
        ((order_id, state),) = database.execute("SELECT id, state FROM orders").fetchall()
    assert state == OrderState.UNSURE
    return str(order_id)


async def state(env: Env) -> OrderState:
    ((_, found),) = await orders(env)
    return found


async def test_there_may_be_no_orders(env: Env, command: Command) -> None:
    assert await command("orders") == (0, "There are no orders.\n", "")
    env.database.unlink()
    assert await command("orders") == (0, "There are no orders.\n", "")


async def test_an_order_is_listed_with_all_that_tells_whose_it_is(env: Env, unsure: str, command: Command) -> None:
    async with env.bot(**ON):  # it may run meanwhile
        code, output, errors = await command("orders")
    assert (code, errors) == (0, "")
    for each in (unsure, "unsure", env.ada.id, env.channel["guild_id"], "rain on the harbour", "504", "default"):
        assert each in output
    assert "There are no orders that are waiting." in (await command("orders", "--state", "waiting"))[1]
    assert unsure in (await command("orders", "--state", "unsure"))[1]


async def test_its_task_is_found_compared_and_posted(env: Env, unsure: str, command: Command) -> None:
    env.gateway.add(FakeTask("task_of_yesterday", states=((0.0, "done"),)), age=86_400)
    for task, told in (("task_of_yesterday", "another song"), ("task_nobody_knows", "No gateway knows")):
        code, output, errors = await command("orders", "settle", unsure, "--task", task)
        assert (code, output) == (1, "")
        assert told in errors
        assert await state(env) is OrderState.UNSURE
    task_id = env.gateway.orders.posts[0].task_id
    code, output, _ = await command("orders", "settle", unsure, "--task", task_id)
    assert (code, "paid once" in output) == (0, True)
    assert await state(env) is OrderState.ACCEPTED
    async with env.bot(**ON):
        await env.clock.advance(30, step=1)
        await env.discord.hub.until(lambda: any(each["attachments"] for each in env.posted()))
    assert len(env.gateway.orders.posts) == 1


@pytest.mark.parametrize(("word", "after"), [("--lost", OrderState.LOST), ("--not-charged", OrderState.REFUSED)])
async def test_its_allowance_is_given_back_and_its_person_told(
    env: Env, unsure: str, command: Command, word: str, after: OrderState
) -> None:
    code, output, errors = await command("orders", "settle", unsure, word)
    assert (code, errors) == (0, "")
    assert "given back" in output
    assert await state(env) is after
    code, _, errors = await command("orders", "settle", unsure, word)
    assert (code, f"is {after}" in errors) == (1, True), "once"
    async with env.bot(**ON):
        await env.clock.advance(20, step=5)
        dm = env.discord.world.dm_with(env.ada.user)
        await env.discord.hub.until(lambda: bool(env.posted(dm)))
        usage = await env.finished(await env.ada.slash(env.channel, "suno usage"))
        assert "3" in usage["content"]


async def test_only_while_the_bot_is_stopped(env: Env, unsure: str, command: Command) -> None:
    async with env.bot(**ON):
        code, _, errors = await command("orders", "settle", unsure, "--lost")
    assert code == 1
    assert "/suno-admin orders" in errors


async def test_what_is_no_order_is_said(unsure: str, command: Command) -> None:
    code, _, errors = await command("orders", "settle", "nothing", "--lost")
    assert (code, "no order nothing" in errors) == (1, True)
    assert (await command("orders", "settle", unsure))[0] == 2, "what became of it has to be said"
