"""Restarts and lost answers: every song is posted once."""

from typing import Any

import pytest

from sandbox.local_discord.faults import Fault as DiscordFault
from sandbox.local_gateway.server import Fault
from tests.conftest import Env
from tests.e2e.deliveries import POSTS
from tests.messages import words
from tests.sample_tasks import DONE, FAST, SOON


async def test_a_watch_survives_a_restart(env: Env) -> None:
    env.gateway.add(SOON)
    async with env.bot(**FAST):
        await env.watch(SOON.id)
    env.clock.jump(30)
    async with env.bot(**FAST):
        (post,) = await env.posts()
        await env.settle_down()
        assert len(env.posted()) == 1
    assert len(post["attachments"]) == 2


async def test_a_restart_while_a_song_is_fetched(env: Env) -> None:
    env.gateway.add(DONE)
    env.gateway.media_faults.append(Fault(200, b"ID3" + b"x" * 5_000, stall_after=2_000, times=2, path="audio"))
    async with env.bot():
        await env.watch(DONE.id)
        await env.discord.hub.until(lambda: env.gateway.media_requests)
    assert env.posted() == []
    async with env.bot():
        (post,) = await env.posts()
    assert len(post["attachments"]) == 2


@pytest.mark.parametrize("nonce_alive", [True, False])
async def test_a_restart_while_discord_answers(env: Env, *, nonce_alive: bool) -> None:
    """The message arrived but the answer was lost: it is found by its nonce, or by its button in the history."""
    env.gateway.add(DONE)
    env.discord.faults.order(DiscordFault(POSTS, 200, method="POST", delay=30, after=True))
    async with env.bot():
        await env.watch(DONE.id)
        await env.posts()
    if not nonce_alive:
        env.clock.jump(env.discord.messages.nonce_life * 2)
    async with env.bot():
        await env.settle_down()
        assert len(env.posted()) == 1
        shown = await env.watches()
    assert "You aren't watching any tasks" in words(shown)


async def test_a_restart_while_discord_answers_in_a_busy_channel(env: Env) -> None:
    env.gateway.add(DONE)
    for _ in range(1_200):
        env.ada.say(env.channel, "and another thing")
        env.clock.jump(1)
    env.discord.faults.order(DiscordFault(POSTS, 200, method="POST", delay=30, after=True))
    async with env.bot():
        await env.watch(DONE.id)
        await env.posts()
    env.clock.jump(env.discord.messages.nonce_life * 2)
    async with env.bot():
        await env.says(env.watches, "You aren't watching any tasks")
        assert len(env.posted()) == 1


async def test_a_lost_answer_after_a_channel_was_busy_and_blocked(env: Env, guild: dict[str, Any]) -> None:
    """Messages from before the first attempt are not searched for it."""
    env.gateway.add(DONE)
    env.discord.faults.fail(POSTS, 403, 50013, times=1)
    async with env.bot():
        await env.watch(DONE.id)
        await env.posts(at=env.discord.world.dm_with(env.ada.user))
        for _ in range(1_200):
            env.ada.say(env.channel, "and another thing")
            env.clock.jump(1)
        env.discord.faults.order(DiscordFault(POSTS, 200, method="POST", delay=30, after=True))
        env.discord.changes.override(env.channel, guild["roles"][0])
        await env.posts()
    env.clock.jump(env.discord.messages.nonce_life * 2)
    async with env.bot():
        await env.says(env.watches, "You aren't watching any tasks")
        assert len(env.posted()) == 1


async def test_a_message_that_arrived_and_was_deleted_does_not_come_again(env: Env) -> None:
    env.gateway.add(DONE)
    env.discord.faults.order(DiscordFault(POSTS, 0, method="POST", after=True))
    async with env.bot():
        await env.watch(DONE.id)
        (post,) = await env.posts()
        env.discord.interactions.delete(post)
        await env.clock.advance(30, step=5)
        await env.settle_down()
        shown = await env.watches()
    assert env.posted() == []
    assert "You aren't watching any tasks" in words(shown)
