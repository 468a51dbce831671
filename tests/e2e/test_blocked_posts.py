"""Posts that Discord does not let the bot send for now: lost permissions, and other refusals."""

import logging
from typing import Any

import pytest

from bot.domain.delivery import RECHECK
from sandbox.local_discord.faults import Fault as DiscordFault
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.fake_task import FakeTask, Song
from tests.conftest import Env
from tests.e2e.deliveries import POSTS, sends
from tests.sample_tasks import DONE, FAST, LATER, SOON, TWO

REFUSED = {"message": "Missing Permissions", "code": 50013}


async def test_after_a_lost_permission_posts_wait_and_one_notice_is_sent(env: Env, guild: dict[str, Any]) -> None:
    other = FakeTask("task_other", songs=(TWO,), states=LATER.states)
    env.gateway.add(LATER, other)
    dm = env.discord.world.dm_with(env.ben.user)
    everyone = guild["roles"][0]
    async with env.bot():
        await env.watch(LATER.id, other.id, person=env.ben)
        env.discord.changes.override(env.channel, everyone, deny=Permission.SEND_MESSAGES)
        await env.clock.advance(660, step=20)
        (notice,) = await env.posts(at=dm)
        await env.clock.advance(3 * RECHECK, step=300)
        assert len(env.posted(dm)) == 1
        tried = sends(env)
        await env.clock.advance(RECHECK, step=300)
        assert sends(env) == tried, "nothing is sent without the permission"
        env.discord.changes.override(env.channel, everyone)
        posts = await env.posts(2)
    assert "我在那里缺少权限" in notice["content"]
    assert [len(post["attachments"]) for post in posts] == [1, 1]


async def test_an_unexpected_refusal_is_rechecked_hourly(env: Env) -> None:
    env.gateway.add(DONE)
    env.discord.faults.fail(POSTS, 403, 50013, times=1)
    async with env.bot():
        await env.watch(DONE.id)
        await env.discord.hub.until(lambda: any(each.status == 403 for each in env.discord.requests))
        await env.clock.advance(RECHECK - 120, step=120)
        assert env.posted() == []
        await env.clock.advance(240, step=60)
        assert len((await env.posts())[0]["attachments"]) == 2


async def test_a_permission_that_comes_back_while_a_refusal_is_on_its_way(env: Env, guild: dict[str, Any]) -> None:
    env.gateway.add(DONE)
    env.discord.faults.order(DiscordFault(POSTS, 403, method="POST", delay=1, body=REFUSED, times=1))
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot():
        await env.watch(DONE.id)
        await env.discord.hub.until(lambda: sends(env))
        env.discord.changes.override(env.channel, guild["roles"][0], allow=Permission.SEND_MESSAGES)
        (post,) = await env.posts()
    assert len(post["attachments"]) == 2
    assert env.posted(dm) == []


async def test_a_403_without_a_code_of_discord_is_retried(env: Env) -> None:
    """As a proxy in front of Discord answers: without an error code of Discord."""
    env.gateway.add(DONE)
    env.discord.faults.fail(POSTS, 403, 0, times=1)
    async with env.bot():
        await env.watch(DONE.id)
        await env.discord.hub.until(lambda: sends(env))
        await env.clock.advance(30, step=5)
        (post,) = await env.posts()
    assert len(post["attachments"]) == 2


async def test_an_unexpected_answer_of_discord_to_a_notice_does_not_stop_delivery(
    env: Env, guild: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    env.gateway.add(DONE)
    env.discord.faults.order(DiscordFault(r"users/@me/channels", 200, times=1, body={"what": "no channel"}))
    async with env.bot():
        env.discord.changes.override(env.channel, guild["roles"][0], deny=Permission.SEND_MESSAGES)
        await env.watch(DONE.id)
        await env.discord.hub.until(lambda: "unexpected error" in caplog.text)
        env.discord.changes.override(env.channel, guild["roles"][0])
        await env.clock.advance(30, step=5)
        await env.posts()


async def test_an_archived_thread(env: Env) -> None:
    env.gateway.add(SOON)
    thread = env.discord.changes.add_thread(env.channel, "takes")
    async with env.bot(**FAST):
        await env.watch(SOON.id, channel=thread)
        env.discord.changes.archive(thread, locked=True)
        await env.finish()
        await env.settle_down()
        assert env.posted(thread) == []
        env.discord.changes.unlock(thread)
        assert len((await env.posts(at=thread))[0]["attachments"]) == 2


async def test_a_refused_post_delays_no_other(env: Env, caplog: pytest.LogCaptureFixture) -> None:
    """Even a fault in the bot itself, for one song."""
    evil = Song("dddddddd-1111-4222-8333-444444444444", "Broken", duration=3.0)
    env.gateway.add(FakeTask("task_broken", songs=(evil,)), DONE)
    env.discord.faults.fail(POSTS, 400, 12345, times=100, when=lambda asked: "Broken" in str(asked.body))
    caplog.set_level(logging.ERROR)
    async with env.bot():
        await env.watch("task_broken")
        await env.discord.hub.until(lambda: sends(env) == 1)
        await env.watch(DONE.id)
        await env.clock.advance(30, step=5)
        (post,) = await env.posts()
    assert len(post["attachments"]) == 2
    assert "is refused by Discord" in caplog.text
