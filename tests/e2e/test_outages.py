"""Gateways that fail for long or in part: others do not wait, no task becomes unknown, the operator is notified."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import aiohttp
import pytest

from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault, LocalGateway
from tests.conftest import Env
from tests.messages import words
from tests.sample_tasks import DONE, LATER, ONE, SOON, TWO

pytestmark = pytest.mark.faults

HOUR, MINUTE = 3_600.0, 60.0
THERE = FakeTask("task_there", songs=(TWO,))
BESIDE = FakeTask("task_beside", songs=(ONE,))

Second = Callable[..., Awaitable[LocalGateway]]


@pytest.fixture
async def other(env: Env, open_gateway: Second) -> LocalGateway:
    """A second gateway, of the name backup."""
    other = await open_gateway(env.clock.now)
    env.settings["suno_gateways"] = {"backup": {"base_url": other.url, "api_key": "sk-other"}}
    env.settings["media_allow_hosts"] = f"{env.gateway.media_host},{other.media_host}"
    return other


@pytest.fixture
def impatient_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """With gateways."""
    monkeypatch.setattr("bot.gateways.gateway._TIMEOUT", aiohttp.ClientTimeout(total=0.2))


def asked_for(gateway: LocalGateway, name: str) -> int:
    """How many requests asked for that task alone."""
    return sum(name in request.path for request in gateway.requests)


async def test_a_task_that_could_not_be_polled_is_not_unknown(env: Env, other: LocalGateway) -> None:
    other.batch = False
    other.add(THERE)
    other.faults.append(Fault(500, path=THERE.id))
    async with env.bot():
        listed = await env.finished(await env.ada.slash(env.channel, "suno batch", ids=f"task_typo {THERE.id}"))
        assert "## 2 tasks · 🚫 1 · 🔌 1" in words(listed)
        await env.watch(THERE.id, "task_typo")
        await env.clock.advance(10 * MINUTE, step=5)
        (notice,) = await env.posts()
        assert "`task_typo`" in words(notice)
        other.add(BESIDE)
        await env.watch(BESIDE.id)
        await env.clock.advance(40, step=5)
        await env.posts(2)
        other.faults.clear()
        await env.clock.advance(6 * MINUTE, step=10)
        _, beside, post = await env.posts(3)
    assert [len(each["attachments"]) for each in (beside, post)] == [1, 1]


async def test_a_dead_gateway_does_not_delay_new_watches_at_others(env: Env, other: LocalGateway) -> None:
    other.faults.append(Fault(0))
    async with env.bot():
        await env.watch("task_typo")
        await env.clock.advance(HOUR / 2, step=20)
        assert len(other.requests) < 30, "asked rarely"
        env.gateway.add(DONE)
        await env.watch(DONE.id)
        (post,) = await env.posts()
        assert len(post["attachments"]) == 2
        other.faults.clear()
        await env.clock.advance(8 * MINUTE, step=5)
        _, notice = await env.posts(2)
    assert "`task_typo`" in words(notice)


async def test_a_new_watch_asks_a_gateway_that_is_back(env: Env) -> None:
    env.gateway.add(SOON)
    env.gateway.faults.append(Fault(0))
    async with env.bot():
        await env.watch(SOON.id)
        await env.clock.advance(HOUR / 2, step=20)
        env.gateway.faults.clear()
        env.gateway.add(DONE)
        await env.watch(DONE.id)
        await env.clock.advance(40, step=1)
        assert len(await env.posts(2)) == 2


async def test_new_watches_do_not_make_a_dead_gateway_be_asked_often(env: Env) -> None:
    env.gateway.faults.append(Fault(0))
    async with env.bot(requests_per_minute=1_000):
        await env.watch(SOON.id)
        await env.clock.advance(HOUR / 2, step=20)
        before = len(env.gateway.requests)
        for number in range(20):
            await env.watch(f"task_{number:04}")
            await env.clock.advance(5, step=5)
        tried = 100 / 4  # one task, to see whether it is back
        assert len(env.gateway.requests) - before <= tried + 8


async def test_a_gateway_that_is_back_is_asked_for_all_that_waits_within_five_seconds(env: Env) -> None:
    fakes = [replace(DONE, id=f"task_back{number:04}") for number in range(20)]
    env.gateway.add(*fakes)
    env.gateway.faults.append(Fault(0))
    async with env.bot(watches_per_user=100):
        await env.watch(*(fake.id for fake in fakes))
        await env.clock.advance(HOUR, step=20)
        env.gateway.faults.clear()
        env.gateway.requests.clear()
        await env.clock.advance(5, step=1)
        asked = [fake.id for fake in fakes if any(fake.id.encode() in request.body for request in env.gateway.requests)]
        assert len(asked) == len(fakes)


async def test_an_answer_to_a_person_tells_that_a_gateway_is_back(env: Env) -> None:
    """Also one that refused the key, which is not asked every few seconds."""
    env.gateway.add(DONE, SOON)
    env.gateway.faults.append(Fault(401, b"{}"))
    async with env.bot():
        await env.watch(DONE.id)
        await env.clock.advance(HOUR, step=20)
        env.gateway.faults.clear()
        await env.status(SOON.id)
        await env.clock.advance(3, step=1)
        assert len(await env.posts()) == 1


async def test_a_retry_after_of_a_day_does_not_stop_polling_for_a_day(env: Env) -> None:
    env.gateway.add(SOON)
    env.gateway.faults.append(Fault(429, headers={"Retry-After": "86400"}, times=1))
    async with env.bot():
        await env.watch(SOON.id)
        await env.clock.advance(14 * MINUTE, step=20)
        assert len(env.gateway.requests) == 1
        await env.watch(DONE.id)
        await env.clock.advance(20, step=5)
        assert len(env.gateway.requests) == 1, "what is new does not end a rest that was asked for"
        await env.clock.advance(2 * MINUTE, step=10)
        await env.posts()


async def test_the_operator_is_notified_of_an_hour_of_outage_and_polling_recovers(env: Env) -> None:
    env.gateway.add(SOON)
    env.gateway.faults.append(Fault(0))
    async with env.bot():
        await env.watch(SOON.id)
        await env.clock.advance(50 * MINUTE, step=20)
        assert env.posted(env.owner_dm) == []
        await env.clock.advance(20 * MINUTE, step=20)
        (notice,) = await env.posts(at=env.owner_dm)
        await env.clock.advance(3 * HOUR, step=60)
        assert len(env.posted(env.owner_dm)) == 1, "once"
        env.gateway.faults.clear()
        await env.clock.advance(6 * MINUTE, step=20)
        await env.posts()
    assert "The gateway `default` has given no usable answer for an hour" in words(notice)
    assert "网关 `default` 已有一小时" in words(notice)


async def test_the_operators_notice_names_the_gateway(env: Env, other: LocalGateway) -> None:
    other.faults.append(Fault(401, b'{"error":{"message":"quota"}}'))
    async with env.bot():
        await env.watch("task_typo")
        (notice,) = await env.posts(at=env.owner_dm)
        await env.clock.advance(20 * MINUTE, step=20)
        assert len(env.posted(env.owner_dm)) == 1
    assert "The gateway `backup` refuses the bot's key" in words(notice)


async def test_a_failed_notice_to_the_operator_does_not_stop_polling(
    env: Env, caplog: pytest.LogCaptureFixture
) -> None:
    env.gateway.add(SOON)
    async with env.bot():
        env.gateway.faults.append(Fault(401, b'{"error":{"message":"quota"}}'))
        env.discord.faults.fail("/applications/@me", 0, times=100)
        await env.watch(SOON.id)
        await env.discord.hub.until(lambda: "the owner could not be notified" in caplog.text)
        env.gateway.faults.clear()
        await env.clock.advance(60, step=5)
        assert len(await env.posts()) == 1


@pytest.mark.usefixtures("impatient_client")
async def test_a_hanging_gateway_delays_no_finished_task(env: Env) -> None:
    env.gateway.batch = False
    hanging = [f"task_hangs{number:02}" for number in range(60)]
    env.gateway.add(DONE)
    env.gateway.faults.append(Fault(200, delay=3_600, path="hangs"))
    async with env.bot():
        await env.watch(DONE.id, *hanging)
        await env.posts()
        assert asked_for(env.gateway, "hangs") < 30


@pytest.mark.usefixtures("impatient_client")
async def test_an_unresponsive_gateway_is_polled_rarely(env: Env) -> None:
    env.gateway.batch = False
    env.gateway.add(DONE, *(FakeTask(f"task_hangs{number:02}", songs=(Song(f"c{number}"),)) for number in range(60)))
    async with env.bot():
        await env.watch(DONE.id)
        await env.posts()
        env.gateway.faults.append(Fault(200, delay=3_600, path="hangs"))
        await env.watch(*(f"task_hangs{number:02}" for number in range(60)))
        await env.discord.hub.until(lambda: asked_for(env.gateway, "hangs") >= 9)
        await env.settle_down(2)
        assert asked_for(env.gateway, "hangs") < 20
        env.gateway.faults.clear()
        await env.clock.advance(60, step=5)
        await env.posts(61, patience=60)


@pytest.mark.parametrize("watched", ["before", "after"])
async def test_a_task_that_moved_to_another_gateway_is_found(env: Env, other: LocalGateway, watched: str) -> None:
    running = replace(THERE, states=((0, "running"),))
    env.gateway.add(running)
    async with env.bot():
        await (env.watch if watched == "before" else env.status)(THERE.id)
        await env.clock.advance(20, step=5)
        env.gateway.forget(THERE.id)
        other.add(THERE)
        if watched == "after":
            await env.watch(THERE.id)
        await env.clock.advance(MINUTE, step=5)
        (post,) = await env.posts()
    assert len(post["attachments"]) == 1


async def test_a_lost_task_is_searched_at_all_gateways_and_then_reported(env: Env, other: LocalGateway) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        await env.status(LATER.id)
        env.gateway.forget(LATER.id)
        await env.watch(LATER.id)
        await env.clock.advance(10 * MINUTE, step=5)
        (notice,) = await env.posts()
        assert other.requests
    assert f"`{LATER.id}`" in words(notice)


async def test_of_two_gateways_that_know_an_id_the_first_is_believed(env: Env, other: LocalGateway) -> None:
    env.gateway.add(replace(THERE, songs=(ONE,)))
    other.add(THERE)
    async with env.bot():
        await env.watch(THERE.id)
        (post,) = await env.posts()
        shown = await env.status(THERE.id)
    assert [each["filename"] for each in post["attachments"]] == [each["filename"] for each in shown["attachments"]]


async def test_a_row_that_its_gateway_cannot_serialise_affects_no_other(env: Env) -> None:
    stuck = FakeTask("task_stuck", songs=(TWO,), states=((0, "running"),))
    env.gateway.add(DONE, SOON, stuck, replace(LATER, states=((0, "running"), (1_000, "done"))))
    async with env.bot():
        await env.watch(DONE.id)
        await env.posts()
        empty = Fault(200, headers={"Content-Type": "application/json"})
        empty.change = lambda body: b"" if stuck.id.encode() in body else body
        env.gateway.faults.append(empty)
        await env.watch(stuck.id, LATER.id, person=env.ben)
        await env.watch(SOON.id)
        await env.clock.advance(5 * MINUTE, step=5)
        await env.posts(2)
        before = len(env.gateway.requests)
        await env.clock.advance(25 * MINUTE, step=10)
        await env.posts(3)
        assert len(env.gateway.requests) - before < 200
        assert env.posted(env.owner_dm) == []


async def test_a_gateway_that_errs_at_first_is_not_said_to_be_somewhere_else(env: Env) -> None:
    env.gateway.batch = False
    env.gateway.add(SOON)
    env.gateway.faults.append(Fault(500, path=SOON.id, times=2))
    async with env.bot():
        await env.watch(SOON.id)
        await env.clock.advance(MINUTE, step=5)
        assert len(await env.posts()) == 1
        assert env.posted(env.owner_dm) == []


async def test_many_tasks_at_a_gateway_that_answers_one_by_one_hold_up_nobodys_at_the_others(
    env: Env, other: LocalGateway
) -> None:
    """The gateway of these tasks is not yet known."""
    other.batch = False
    slow = [replace(LATER, id=f"task_slow{number:03}") for number in range(150)]
    other.add(*slow)
    env.gateway.add(DONE)
    other.faults.append(Fault(200, path=r"^/suno/fetch/\w", delay=0.1, change=bytes, times=1_000))
    async with env.bot():
        await env.watch(*(fake.id for fake in slow), person=env.ben)
        await env.discord.hub.until(lambda: asked_for(other, "slow") > 8)
        await env.watch(DONE.id)
        await env.posts()
        assert asked_for(other, "slow") < 80
