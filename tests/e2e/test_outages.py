"""Gateways that fail for long, or in part: nobody else waits, nothing is unknown for it, the operator hears of it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from sandbox.local_gateway.life import Life, Song
from sandbox.local_gateway.server import Fault, LocalGateway
from tests.conftest import Town
from tests.e2e.test_watch import DONE, LATER, ONE, SOON, TWO
from tests.messages import words

HOUR, MINUTE = 3_600.0, 60.0
THERE = Life("task_there", songs=(TWO,))
BESIDE = Life("task_beside", songs=(ONE,))

Second = Callable[..., Awaitable[LocalGateway]]


@pytest.fixture
async def other(town: Town, second: Second) -> LocalGateway:
    """A second gateway, of the name backup."""
    other = await second(town.clock.now)
    town.settings["suno_gateways"] = {"backup": {"base_url": other.url, "api_key": "sk-other"}}
    town.settings["media_allow_hosts"] = f"{town.gateway.media_host},{other.media_host}"
    return other


@pytest.fixture
def impatient_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """With gateways."""
    monkeypatch.setattr("bot.gateways.gateway._TIMEOUT", aiohttp.ClientTimeout(total=0.2))


def owner(town: Town) -> dict[str, Any]:
    return town.discord.world.dm_with(town.ada.user)


def asked_for(gateway: LocalGateway, name: str) -> int:
    """How many requests asked for that task alone."""
    return sum(name in request.path for request in gateway.requests)


async def test_what_could_not_be_asked_for_is_not_unknown(town: Town, other: LocalGateway) -> None:
    other.batch = False
    other.add(THERE)
    other.faults.append(Fault(500, path=THERE.id))
    async with town.bot():
        listed = await town.finished(await town.ada.slash(town.channel, "suno batch", ids=f"task_typo {THERE.id}"))
        assert "## 2 tasks · 🚫 1 · 🔌 1" in words(listed)
        await town.watch(THERE.id, "task_typo")
        await town.clock.pass_(10 * MINUTE, step=5)
        (told,) = await town.posts()
        assert "`task_typo`" in words(told)
        other.add(BESIDE)
        await town.watch(BESIDE.id)
        await town.clock.pass_(40, step=5)
        await town.posts(2)
        other.faults.clear()
        await town.clock.pass_(6 * MINUTE, step=10)
        _, beside, post = await town.posts(3)
    assert [len(each["attachments"]) for each in (beside, post)] == [1, 1]


async def test_a_dead_gateway_holds_up_no_new_watch_at_the_others(town: Town, other: LocalGateway) -> None:
    other.faults.append(Fault(0))
    async with town.bot():
        await town.watch("task_typo")
        await town.clock.pass_(HOUR / 2, step=20)
        assert len(other.requests) < 30, "asked rarely"
        town.gateway.add(DONE)
        await town.watch(DONE.id)
        (post,) = await town.posts()
        assert len(post["attachments"]) == 2
        other.faults.clear()
        await town.clock.pass_(8 * MINUTE, step=5)
        _, told = await town.posts(2)
    assert "`task_typo`" in words(told)


async def test_a_new_watch_asks_a_gateway_that_is_back(town: Town) -> None:
    town.gateway.add(SOON)
    town.gateway.faults.append(Fault(0))
    async with town.bot():
        await town.watch(SOON.id)
        await town.clock.pass_(HOUR / 2, step=20)
        town.gateway.faults.clear()
        town.gateway.add(DONE)
        await town.watch(DONE.id)
        await town.clock.pass_(40, step=1)
        assert len(await town.posts(2)) == 2


async def test_new_watches_do_not_make_a_dead_gateway_be_asked_often(town: Town) -> None:
    town.gateway.faults.append(Fault(0))
    async with town.bot(requests_per_minute=1_000):
        await town.watch(SOON.id)
        await town.clock.pass_(HOUR / 2, step=20)
        before = len(town.gateway.requests)
        for number in range(20):
            await town.watch(f"task_{number:04}")
            await town.clock.pass_(5, step=5)
        tried = 100 / 4  # one task, to see whether it is back
        assert len(town.gateway.requests) - before <= tried + 8


async def test_a_gateway_that_is_back_is_asked_for_all_that_waits_within_five_seconds(town: Town) -> None:
    lives = [replace(DONE, id=f"task_back{number:04}") for number in range(20)]
    town.gateway.add(*lives)
    town.gateway.faults.append(Fault(0))
    async with town.bot(watches_per_user=100):
        await town.watch(*(life.id for life in lives))
        await town.clock.pass_(HOUR, step=20)
        town.gateway.faults.clear()
        town.gateway.requests.clear()
        await town.clock.pass_(5, step=1)
        asked = [
            life.id for life in lives if any(life.id.encode() in request.body for request in town.gateway.requests)
        ]
        assert len(asked) == len(lives)


async def test_an_answer_to_a_person_tells_that_a_gateway_is_back(town: Town) -> None:
    """Also one that refused the key, which is not asked every few seconds."""
    town.gateway.add(DONE, SOON)
    town.gateway.faults.append(Fault(401, b"{}"))
    async with town.bot():
        await town.watch(DONE.id)
        await town.clock.pass_(HOUR, step=20)
        town.gateway.faults.clear()
        await town.status(SOON.id)
        await town.clock.pass_(3, step=1)
        assert len(await town.posts()) == 1


async def test_nobody_is_left_alone_for_a_day_because_it_asked_for_that(town: Town) -> None:
    town.gateway.add(SOON)
    town.gateway.faults.append(Fault(429, headers={"Retry-After": "86400"}, times=1))
    async with town.bot():
        await town.watch(SOON.id)
        await town.clock.pass_(14 * MINUTE, step=20)
        assert len(town.gateway.requests) == 1
        await town.watch(DONE.id)
        await town.clock.pass_(20, step=5)
        assert len(town.gateway.requests) == 1, "what is new does not end a rest that was asked for"
        await town.clock.pass_(2 * MINUTE, step=10)
        await town.posts()


async def test_the_operator_is_told_of_a_gateway_that_is_gone_for_an_hour_and_it_heals(town: Town) -> None:
    town.gateway.add(SOON)
    town.gateway.faults.append(Fault(0))
    async with town.bot():
        await town.watch(SOON.id)
        await town.clock.pass_(50 * MINUTE, step=20)
        assert town.posted(owner(town)) == []
        await town.clock.pass_(20 * MINUTE, step=20)
        (told,) = await town.posts(at=owner(town))
        await town.clock.pass_(3 * HOUR, step=60)
        assert len(town.posted(owner(town))) == 1, "once"
        town.gateway.faults.clear()
        await town.clock.pass_(6 * MINUTE, step=20)
        await town.posts()
    assert "The gateway `default` has given no usable answer for an hour" in words(told)
    assert "网关 `default` 已有一小时" in words(told)


async def test_the_operator_is_told_by_name_of_one_that_is_asked_for_strange_tasks_alone(
    town: Town, other: LocalGateway
) -> None:
    other.faults.append(Fault(401, b'{"error":{"message":"quota"}}'))
    async with town.bot():
        await town.watch("task_typo")
        (told,) = await town.posts(at=owner(town))
        await town.clock.pass_(20 * MINUTE, step=20)
        assert len(town.posted(owner(town))) == 1
    assert "The gateway `backup` refuses the bot's key" in words(told)


async def test_an_operator_who_cannot_be_told_ends_nothing(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    town.gateway.add(SOON)
    async with town.bot():
        town.gateway.faults.append(Fault(401, b'{"error":{"message":"quota"}}'))
        town.discord.faults.fail("/applications/@me", 0, times=100)
        await town.watch(SOON.id)
        await town.discord.hub.until(lambda: "the owner could not be told" in caplog.text)
        town.gateway.faults.clear()
        await town.clock.pass_(60, step=5)
        assert len(await town.posts()) == 1


@pytest.mark.usefixtures("impatient_client")
async def test_what_hangs_holds_up_nothing_that_is_finished(town: Town) -> None:
    town.gateway.batch = False
    hanging = [f"task_hangs{number:02}" for number in range(60)]
    town.gateway.add(DONE)
    town.gateway.faults.append(Fault(200, delay=3_600, path="hangs"))
    async with town.bot():
        await town.watch(DONE.id, *hanging)
        await town.posts()
        assert asked_for(town.gateway, "hangs") < 30


@pytest.mark.usefixtures("impatient_client")
async def test_where_nothing_is_answered_little_is_asked(town: Town) -> None:
    town.gateway.batch = False
    town.gateway.add(DONE, *(Life(f"task_hangs{number:02}", songs=(Song(f"c{number}"),)) for number in range(60)))
    async with town.bot():
        await town.watch(DONE.id)
        await town.posts()
        town.gateway.faults.append(Fault(200, delay=3_600, path="hangs"))
        await town.watch(*(f"task_hangs{number:02}" for number in range(60)))
        await town.discord.hub.until(lambda: asked_for(town.gateway, "hangs") >= 9)
        await town.settle_down(2)
        assert asked_for(town.gateway, "hangs") < 20
        town.gateway.faults.clear()
        await town.clock.pass_(60, step=5)
        await town.posts(61, patience=60)


@pytest.mark.parametrize("watched", ["before", "after"])
async def test_what_is_at_another_gateway_now_is_found_there(town: Town, other: LocalGateway, watched: str) -> None:
    running = replace(THERE, states=((0, "running"),))
    town.gateway.add(running)
    async with town.bot():
        await (town.watch if watched == "before" else town.status)(THERE.id)
        await town.clock.pass_(20, step=5)
        town.gateway.forget(THERE.id)
        other.add(THERE)
        if watched == "after":
            await town.watch(THERE.id)
        await town.clock.pass_(MINUTE, step=5)
        (post,) = await town.posts()
    assert len(post["attachments"]) == 1


async def test_what_no_gateway_knows_any_more_is_looked_for_at_all_of_them_and_told(
    town: Town, other: LocalGateway
) -> None:
    town.gateway.add(LATER)
    async with town.bot():
        await town.status(LATER.id)
        town.gateway.forget(LATER.id)
        await town.watch(LATER.id)
        await town.clock.pass_(10 * MINUTE, step=5)
        (told,) = await town.posts()
        assert other.requests
    assert f"`{LATER.id}`" in words(told)


async def test_of_two_gateways_that_know_an_id_the_first_is_believed(town: Town, other: LocalGateway) -> None:
    town.gateway.add(replace(THERE, songs=(ONE,)))
    other.add(THERE)
    async with town.bot():
        await town.watch(THERE.id)
        (post,) = await town.posts()
        shown = await town.status(THERE.id)
    assert [each["filename"] for each in post["attachments"]] == [each["filename"] for each in shown["attachments"]]


async def test_a_row_that_its_gateway_cannot_write_out_stops_no_other(town: Town) -> None:
    stuck = Life("task_stuck", songs=(TWO,), states=((0, "running"),))
    town.gateway.add(DONE, SOON, stuck, replace(LATER, states=((0, "running"), (1_000, "done"))))
    async with town.bot():
        await town.watch(DONE.id)
        await town.posts()
        empty = Fault(200, headers={"Content-Type": "application/json"})
        empty.change = lambda body: b"" if stuck.id.encode() in body else body
        town.gateway.faults.append(empty)
        await town.watch(stuck.id, LATER.id, person=town.ben)
        await town.watch(SOON.id)
        await town.clock.pass_(5 * MINUTE, step=5)
        await town.posts(2)
        before = len(town.gateway.requests)
        await town.clock.pass_(25 * MINUTE, step=10)
        await town.posts(3)
        assert len(town.gateway.requests) - before < 200
        assert town.posted(owner(town)) == []


async def test_a_gateway_that_errs_at_first_is_not_said_to_be_somewhere_else(town: Town) -> None:
    town.gateway.batch = False
    town.gateway.add(SOON)
    town.gateway.faults.append(Fault(500, path=SOON.id, times=2))
    async with town.bot():
        await town.watch(SOON.id)
        await town.clock.pass_(MINUTE, step=5)
        assert len(await town.posts()) == 1
        assert town.posted(owner(town)) == []


async def test_many_tasks_at_a_gateway_that_answers_one_by_one_hold_up_nobodys_at_the_others(
    town: Town, other: LocalGateway
) -> None:
    """Nobody has said where any of them is."""
    other.batch = False
    slow = [replace(LATER, id=f"task_slow{number:03}") for number in range(150)]
    other.add(*slow)
    town.gateway.add(DONE)
    other.faults.append(Fault(200, path=r"^/suno/fetch/\w", delay=0.1, change=bytes, times=1_000))
    async with town.bot():
        await town.watch(*(life.id for life in slow), person=town.ben)
        await town.discord.hub.until(lambda: asked_for(other, "slow") > 8)
        await town.watch(DONE.id)
        await town.posts()
        assert asked_for(other, "slow") < 80
