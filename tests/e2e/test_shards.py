"""A bot with several shards: each server's events come by its own connection, which may fail alone."""

import asyncio
import logging
from typing import Any

import aiohttp
import pytest

from bot.app import serve
from bot.config import load_settings
from sandbox.local_discord.faults import Fault
from sandbox.local_discord.world import FORUM
from sandbox.local_gateway.fake_task import FakeTask
from tests.bot_process import Start, ended
from tests.conftest import Env
from tests.messages import words
from tests.sample_tasks import DONE

SHARDS = 4
INTERVAL = 0.2  # seconds between two IDENTIFYs of a bucket, instead of 5


@pytest.fixture
def channels(env: Env) -> list[dict[str, Any]]:
    """A channel in a server of each shard."""
    world = env.discord.world
    guilds = [world.add_guild(f"Server {number}", owner=env.ada.user, on_shard=(number, SHARDS)) for number in range(4)]
    return [world.add_channel(guild, "songs") for guild in guilds]


@pytest.fixture
def _spaced(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    """The local Discord refuses an IDENTIFY that comes too early."""
    monkeypatch.setattr("bot.session_starts.INTERVAL", INTERVAL)
    env.discord.starts.interval = INTERVAL


async def connected(env: Env, *shards: int) -> None:
    await env.discord.hub.until(lambda: env.discord.sockets.shards >= set(shards or range(SHARDS)))


async def _says_in(env: Env, channel: dict[str, Any]) -> str:
    return words(await env.finished(await env.ada.slash(channel, "suno status", id=DONE.id)))


@pytest.mark.usefixtures("_spaced")
async def test_commands_and_posts_work_in_the_servers_of_every_shard(env: Env, channels: list[dict[str, Any]]) -> None:
    env.gateway.add(DONE)
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot(shards=SHARDS):
        await connected(env)
        for channel in channels:
            assert "Harbour Lights" in await _says_in(env, channel)
            await env.watch(DONE.id, at=channel)
            await env.posts(at=channel)
        env.ada.say(dm, DONE.id)
        await env.posts(at=dm)
    assert [shard for _, shard in env.discord.starts.accepted] == [0, 1, 2, 3]
    assert not env.discord.starts.violations


async def test_discord_advises_how_many_shards(env: Env) -> None:
    env.discord.starts.advised = 3
    async with env.bot():
        await connected(env, 0, 1, 2)
        assert env.discord.sockets.shards == {0, 1, 2}


async def test_shards_of_different_buckets_need_not_wait_for_each_other(
    env: Env, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.session_starts.INTERVAL", 600)
    env.discord.starts.max_concurrency = 2
    async with env.bot(shards=SHARDS):
        await connected(env, 0, 1)
    assert {shard for _, shard in env.discord.starts.accepted} == {0, 1}


@pytest.mark.usefixtures("_spaced")
async def test_a_restart_also_keeps_the_interval(env: Env) -> None:
    for _ in range(4):
        async with env.bot():
            pass
    assert len(env.discord.starts.accepted) == 4
    assert not env.discord.starts.violations


async def test_while_a_shard_cannot_connect_only_its_servers_wait(
    env: Env, channels: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    env.gateway.add(DONE)
    async with env.bot(shards=SHARDS):
        await connected(env)
        env.discord.faults.order(Fault(r"/messages$", 500, method="POST", times=100))
        for channel in channels:
            await env.watch(DONE.id, at=channel)
        await env.settle_down()
    env.discord.faults.clear()
    env.discord.sockets.refused_shards = {2}
    with caplog.at_level(logging.INFO, "bot"):
        async with env.bot(shards=SHARDS):
            await connected(env, 0, 1, 3)
            env.clock.jump(120)
            for channel in (channels[0], channels[1], channels[3]):
                await env.posts(at=channel)
            await env.clock.advance(30, step=5)
            assert not env.posted(channels[2])
            assert not env.posted(env.owner_dm), "nobody is told that the channel is gone"
            assert "Discord cannot be reached by shard 2 of 4 for" in caplog.text
            env.discord.sockets.refused_shards.clear()
            await connected(env)
            await env.clock.advance(5, step=1)
            (post,) = await env.posts(at=channels[2])
    assert len(post["attachments"]) == 2


async def test_a_live_card_in_a_forum_waits_for_its_shard(env: Env, channels: list[dict[str, Any]]) -> None:
    """Without it, the bot does not know that the card's channel is a forum, and would look for the card elsewhere."""
    slow = FakeTask(DONE.id, songs=DONE.songs, states=((0, "running"), (600, "done")))
    env.gateway.add(slow)
    world = env.discord.world
    forum = world.add_channel(world.guilds[channels[2]["guild_id"]], "song-box", FORUM)
    async with env.bot(shards=SHARDS):
        await connected(env)
        await env.watch(slow.id, at=channels[2], channel=forum, live=True)
        await env.discord.hub.until(lambda: forum["id"] in {each.get("parent_id") for each in world.channels.values()})
    (card,) = (each for each in world.channels.values() if each.get("parent_id") == forum["id"])
    env.discord.sockets.refused_shards = {2}
    async with env.bot(shards=SHARDS):
        await connected(env, 0, 1, 3)
        await env.clock.advance(660, step=30)
        env.discord.sockets.refused_shards.clear()
        await connected(env)
        await env.clock.advance(60, step=5)
        await env.discord.hub.until(lambda: "Here is the result" in words(world.messages[card["id"]][card["id"]]))


async def test_a_shard_that_loses_its_connection_resumes_and_the_others_go_on(
    env: Env, channels: list[dict[str, Any]]
) -> None:
    env.gateway.add(DONE)
    async with env.bot(shards=SHARDS):
        await connected(env)
        env.discord.sockets.refused_shards = {1}
        await env.discord.sockets.drop(1)
        assert "Harbour Lights" in await _says_in(env, channels[2])
        await env.watch(DONE.id, at=channels[3])
        await env.posts(at=channels[3])
        env.discord.sockets.refused_shards.clear()
        await connected(env)
        assert "Harbour Lights" in await _says_in(env, channels[1])
        await env.settle_down()
    assert env.discord.sockets.resumed == 1
    assert len(env.discord.starts.accepted) == SHARDS, "no session is used up by an outage"
    assert len(env.posted(channels[3])) == 1, "and nothing was started twice"


async def test_a_shard_whose_session_is_gone_starts_a_new_one(env: Env, channels: list[dict[str, Any]]) -> None:
    """Also learns which servers the bot was removed from, though the event about that is lost."""
    env.gateway.add(DONE)
    async with env.bot(shards=SHARDS):
        await connected(env)
        env.discord.faults.order(Fault(r"/messages$", 500, method="POST", times=100))
        await env.watch(DONE.id, at=channels[1])
        await env.settle_down()
        env.discord.faults.clear()
        guild, bot_id = env.discord.world.guilds[channels[1]["guild_id"]], env.discord.world.bot["id"]
        guild["members"] = [each for each in guild["members"] if each["user"]["id"] != bot_id]
        env.discord.sockets.invalidate()
        await env.discord.hub.until(lambda: len(env.discord.starts.accepted) == 2 * SHARDS)
        await connected(env)
        await env.clock.advance(30, step=5)
        (post,) = await env.posts(at=env.owner_dm)
    assert len(post["attachments"]) == 2, "the songs go to the person instead"


async def test_a_paused_server_whose_shard_is_not_connected_stays_paused(
    env: Env, channels: list[dict[str, Any]]
) -> None:
    env.gateway.add(DONE)
    async with env.bot(shards=SHARDS):
        await connected(env)
        await env.finished(await env.ada.slash(channels[2], "suno-admin pause"))
    env.discord.sockets.refused_shards = {2}
    async with env.bot(shards=SHARDS):
        await connected(env, 0, 1, 3)
        env.discord.changes.remove_bot(env.discord.world.guilds[channels[3]["guild_id"]])
        await env.settle_down()
        env.discord.sockets.refused_shards.clear()
        await connected(env)
        await env.watch(DONE.id, at=channels[2])
        await env.settle_down()
    assert not env.posted(channels[2])


async def test_nobody_is_refused_as_a_stranger_before_all_servers_are_known(
    env: Env, channels: list[dict[str, Any]]
) -> None:
    eve = env.discord.person(env.discord.world.add_user("Eve"))
    env.discord.world.add_member(env.discord.world.guilds[channels[2]["guild_id"]], eve.user)
    dm = env.discord.world.dm_with(eve.user)

    async def ask() -> dict[str, Any]:
        return await env.finished(await eve.slash(dm, "suno status", id="task_abcd"))

    env.discord.sockets.refused_shards = {2}
    async with env.bot(shards=SHARDS):
        await connected(env, 0, 1, 3)
        assert "Discord hasn't told me yet" in (await ask())["content"]
        env.discord.sockets.refused_shards.clear()
        await connected(env)
        assert "I found no task" in (await ask())["content"]


async def test_a_stranger_at_2500_servers_costs_five_requests(env: Env) -> None:
    _grow(env, 2_500)
    eve = env.discord.person(env.discord.world.add_user("Eve"))
    async with env.bot(shards=2):
        await connected(env, 0, 1)
        before = len(env.discord.requests)
        answer = await env.finished(await eve.slash(env.discord.world.dm_with(eve.user), "suno status", id="task_abcd"))
    asked = [each for each in env.discord.requests[before:] if "/members/" in each.path]
    assert "in a server we share" in answer["content"]
    assert 1 <= len(asked) <= 5


async def test_used_up_sessions_are_waited_for_and_not_tried(env: Env, caplog: pytest.LogCaptureFixture) -> None:
    starts = env.discord.starts
    starts.remaining, starts.reset_at = 0, env.clock.now() + 7_500
    with caplog.at_level(logging.INFO, "bot"):
        serving = asyncio.create_task(serve(load_settings(**env.settings), env.clock))
        try:
            await env.discord.hub.until(lambda: "allows the bot no new connection for 2:0" in caplog.text)
            await env.clock.advance(7_000, step=500)
            assert not starts.accepted
            await env.clock.advance(1_200, step=300)
            await env.discord.hub.until(lambda: env.discord.hub.online)
        finally:
            serving.cancel()
            await asyncio.wait({serving})
    assert not starts.violations
    assert "resets the token" in caplog.text


@pytest.mark.usefixtures("channels")
async def test_health_is_told_for_each_shard(env: Env, port: int) -> None:
    async def asked(path: str) -> tuple[int, Any]:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.status, await (answer.json() if path == "/readyz" else answer.text())

    env.discord.sockets.refused_shards = {3}
    async with env.bot(shards=SHARDS, http_port=port):
        await connected(env, 0, 1, 2)
        await env.settle_down()
        status, ready = await asked("/readyz")
        _, metrics = await asked("/metrics")
        assert (status, ready["ready"], ready["discord_connected"]) == (503, False, True)
        assert [each["connected"] for each in ready["shards"].values()] == [True, True, True, False]
        assert 'suno_watch_shard_connected{shard="3"} 0.0' in metrics
        assert 'suno_watch_shard_servers{shard="3"} 0.0' in metrics
        env.discord.sockets.refused_shards.clear()
        await connected(env)
        await env.settle_down()
        status, ready = await asked("/readyz")
    assert status == 200
    assert ready["shards"]["3"]["servers"] >= 1


async def test_too_few_shards_in_the_settings_end_the_program_with_a_sentence(env: Env, start: Start) -> None:
    _grow(env, 2_501)
    code, errors = await ended(await start(SHARDS="1"))
    assert code == 78
    assert "SHARDS: Discord requires more than 1" in errors
    assert "Traceback" not in errors


async def test_a_bot_that_has_grown_opens_more_shards_by_itself(env: Env) -> None:
    env.discord.starts.advised = 1
    async with env.bot():
        _grow(env, 2_501)
        env.discord.starts.advised = None
        env.discord.sockets.invalidate()
        await connected(env, 0, 1, 2)
        assert "You aren't watching any tasks" in words(await env.watches())
    assert env.discord.starts.remaining == env.discord.starts.total - 4, "one before, and three after"


def _grow(env: Env, servers: int) -> None:
    for number in range(servers):
        env.discord.world.add_guild(f"Server {number}", owner=env.ben.user)
