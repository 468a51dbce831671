"""How gateways are polled: how often, when a task is given up, and what an outage changes."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sandbox.local_gateway.fake_task import FakeTask
from sandbox.local_gateway.server import Fault
from tests.conftest import Env
from tests.messages import buttons, words
from tests.sample_tasks import FAST, LATER, ONE, SOON, TWO

PERIOD, PHASE = 15.0, 3.3  # seconds


async def test_a_quiet_task_is_announced_once_and_finally_given_up(env: Env) -> None:
    env.gateway.add(FakeTask("task_stuck", states=((0, "running"),)))
    async with env.bot():
        await env.watch("task_stuck")
        await env.discord.hub.until(lambda: env.gateway.requests)
        await env.clock.advance(1_300, step=20)
        (quiet,) = await env.posts()
        before = len(env.gateway.requests)
        while len(env.posted()) < 2:  # a slow machine answers later, and only answered time counts
            await env.clock.advance(2_000, step=250)
        _, end = env.posted()
        asked = len(env.gateway.requests) - before
        await env.finished(await env.ada.press(end, "Notify me"))
        await env.discord.hub.until(lambda: len(env.gateway.requests) > before + asked)
    assert "I'll keep checking, but less often" in quiet["content"]
    assert buttons(quiet) == ["Stop", "Details"]
    assert "Press **Notify me** if you want me to continue" in end["content"]
    assert asked < 500


async def test_two_tasks_at_two_gateways(env: Env, open_gateway: Any) -> None:
    other = await open_gateway(env.clock.now)
    env.gateway.add(SOON)
    other.add(FakeTask("task_there", songs=(TWO,), states=((0, "queued"), (20, "done"))))
    media = f"{env.gateway.media_host},{other.media_host}"
    backup = {"backup": {"base_url": other.url, "api_key": "sk-other"}}
    async with env.bot(**FAST, suno_gateways=backup, media_allow_hosts=media):
        await env.watch(SOON.id, "task_there")
        await env.finish()
        posts = await env.posts(2)
    assert {len(post["attachments"]) for post in posts} == {1, 2}
    assert {post["embeds"][0]["footer"]["text"].split(" · ")[1] for post in posts} == {"default", "backup"}


async def test_a_gateway_without_the_batch_call(env: Env) -> None:
    env.gateway.batch = False
    env.gateway.add(SOON)
    async with env.bot(**FAST):
        await env.watch(SOON.id)
        await env.finish()
        assert len((await env.posts())[0]["attachments"]) == 2


async def test_the_operator_is_notified_once_of_a_refused_key_and_polling_recovers(env: Env) -> None:
    env.gateway.add(SOON)
    env.gateway.faults.append(Fault(401, b'{"error":{"message":"quota"}}', path="suno"))
    owner = env.discord.world.dm_with(env.ada.user)
    async with env.bot(**FAST):
        await env.watch(SOON.id)
        (notice,) = await env.posts(at=owner)
        await env.clock.advance(600, step=10)
        assert len(await env.posts(at=owner)) == 1
        env.gateway.faults.clear()
        await env.clock.advance(400, step=10)
        (post,) = await env.posts()
    assert "refuses the bot's key" in notice["content"]
    assert len(post["attachments"]) == 2


async def test_after_an_hour_of_outage_all_songs_are_posted(env: Env, open_gateway: Any) -> None:
    other = await open_gateway(env.clock.now)
    env.gateway.add(
        *(FakeTask(f"task_{number:04}", songs=(ONE,), states=((0, "running"), (1800, "done"))) for number in range(20))
    )
    other.add(FakeTask("task_there", songs=(TWO,), states=((0, "queued"), (30, "done"))))
    media = f"{env.gateway.media_host},{other.media_host}"
    backup = {"backup": {"base_url": other.url, "api_key": "sk-other"}}
    async with env.bot(suno_gateways=backup, media_allow_hosts=media):
        await env.watch(*(f"task_{number:04}" for number in range(20)), "task_there")
        await env.clock.advance(20, step=2)
        env.gateway.faults.append(Fault(0))
        before = len(env.gateway.requests)
        await env.clock.advance(60, step=2)
        assert len(await env.posts()) == 1, "the other gateway is not slowed"
        await env.clock.advance(3_540, step=20)
        meanwhile = [set(json.loads(request.body)["ids"]) for request in env.gateway.requests[before:]]
        assert sum(len(ids) > 1 for ids in meanwhile) < 40, "asked rarely, and together"
        assert len(meanwhile) < 3_600 / 4, "one task, to see whether it is back"
        assert words(await env.watches()).count("🔌 The gateway hasn't answered since") == 8, "a page of them"
        env.gateway.faults.clear()
        await env.clock.advance(320, step=20)
        posts = await env.posts(21)
    assert all(len(post["attachments"]) == 1 for post in posts), "nothing but songs: no word of failure or quiet"


async def test_watches_of_a_gateway_that_never_answers_again_end_with_a_notice(env: Env) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        await env.watch(LATER.id)
        await env.clock.advance(20, step=5)
        env.gateway.faults.append(Fault(0))
        await env.watch("task_never_seen", channel=env.channel)
        await env.clock.advance(6 * 86_400, step=7_200)
        assert len(env.posted()) == 0
        await env.clock.advance(4 * 86_400, step=7_200)
        posts = await env.posts(2)
    assert all("I've stopped checking. Press **Notify me**" in post["content"] for post in posts)


@pytest.mark.faults
@pytest.mark.parametrize("refusal", [Fault(401), Fault(403, b'{"error": {}}'), Fault(404, b"no such page")])
@pytest.mark.parametrize("seen_before", [True, False])
async def test_watches_survive_a_wrong_setting(env: Env, refusal: Fault, seen_before: bool) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        if not seen_before:
            env.gateway.faults.append(refusal)
        await env.watch(LATER.id)
        await env.clock.advance(20, step=5)
        if seen_before:
            env.gateway.faults.append(refusal)
        await env.clock.advance(10 * 86_400, step=7_200)
        assert env.posted() == []
        env.gateway.faults.clear()
        await env.clock.advance(400, step=20)
        (post,) = await env.posts()
    assert len(post["attachments"]) == 1


async def test_an_update_cycle_is_learned_and_polls_follow_it(env: Env, caplog: pytest.LogCaptureFixture) -> None:
    env.gateway.refresh_every(PERIOD, PHASE)
    ids = [f"task_{number:04}" for number in range(60)]
    fakes = [
        FakeTask(each, songs=(ONE,), states=((0, "queued"), (20 + 9 * number, "running"), (40 + 10 * number, "done")))
        for number, each in enumerate(ids)
    ]
    env.gateway.add(*fakes)
    caplog.set_level("INFO")
    async with env.bot():
        await env.watch(*ids)
        env.clock.stop()
        await env.clock.advance(330, step=1)
        await env.clock.advance(120, step=0.4)
        assert "gateway default changes its answers every" in caplog.text
        asked = await _request_offsets(env, cycles=6)
        assert len(asked) <= 6 * 3, "at most two probes and a sweep in each cycle"
        assert all(abs(seconds) < 2.5 for seconds in asked), "nothing in between"
        await env.clock.advance(120, step=1)
        await env.posts(60)


async def _request_offsets(env: Env, *, cycles: int) -> list[float]:
    """For each request, its offset in seconds from the nearest update."""
    asked: list[float] = []
    for _ in range(int(cycles * PERIOD / 0.4)):
        before = len(env.gateway.requests)
        await env.clock.advance(0.4, step=0.4)
        after_update = (env.clock.now() - PHASE + PERIOD / 2) % PERIOD - PERIOD / 2
        asked += [after_update] * (len(env.gateway.requests) - before)
    return asked


async def test_polls_without_changes_do_not_touch_the_database(env: Env, tmp_path: Path) -> None:
    env.gateway.add(LATER)

    def looked_at() -> float:
        with closing(sqlite3.connect(tmp_path / "bot.db")) as database:
            moment: float = database.execute("SELECT asked_at FROM tasks").fetchone()[0]
        return moment

    async with env.bot():
        await env.watch(LATER.id)
        await env.clock.advance(20, step=1)
        before, asked = looked_at(), len(env.gateway.requests)
        await env.clock.advance(40, step=1)
        assert len(env.gateway.requests) > asked + 4
        assert looked_at() == before
        await env.clock.advance(600, step=5)
        await env.posts()
        assert looked_at() > before
