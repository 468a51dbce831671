"""A bad connection to Discord: events that are unreadable, repeated or late."""

import asyncio
from typing import Any

import aiohttp
import pytest

from sandbox.local_discord.faults import Fault
from tests.bot_process import Start, ended
from tests.conftest import Env
from tests.messages import words
from tests.sample_tasks import DONE

UNREADABLE: list[tuple[str, Any]] = [
    ("GUILD_ROLE_UPDATE", {"guild_id": None, "role": {}}),
    ("THREAD_CREATE", {"guild_id": None}),
    ("CHANNEL_UPDATE", {"id": "x", "type": "a new kind", "guild_id": "1"}),
    ("MESSAGE_CREATE", {"id": "1", "channel_id": None}),
    ("INTERACTION_CREATE", {"id": "1", "type": 2, "token": "secret-token"}),
    ("GUILD_CREATE", {"id": [], "unavailable": False}),
    ("MESSAGE_CREATE", None),
]


async def test_events_that_nobody_can_read_are_dropped(env: Env, caplog: pytest.LogCaptureFixture) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        (connection,) = env.discord.sockets.connections
        for name, data in UNREADABLE:
            env.discord.hub.bot_event(name, data)
        answer = await env.status(DONE.id)
        assert env.discord.sockets.connections == {connection}, "it was never left"
    assert "Harbour Lights" in words(answer)
    assert caplog.text.count("cannot be parsed, and is dropped") == len(UNREADABLE)
    assert "secret-token" not in caplog.text


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_an_unreadable_command_list_does_not_prevent_the_start(env: Env, start: Start, method: str) -> None:
    async with env.bot():
        pass  # they were given once
    if method == "PUT":
        env.discord.world.commands.clear()
    odd: Any = [{"id": "1", "type": 1, "name": "suno", "options": [{"a": "new", "kind": "of option"}]}]
    env.discord.faults.order(Fault("/commands$", 200, method=method, body=odd))
    process = await start()
    await env.discord.hub.until(lambda: env.discord.hub.online, 30)
    process.terminate()
    code, errors = await ended(process)
    assert (code, "Traceback" in errors) == (0, False)
    assert "cannot be parsed" in errors


async def test_events_repeated_by_a_resumed_session_are_handled_once(env: Env) -> None:
    env.gateway.add(DONE)
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot():
        answer = await env.status(DONE.id)
        notified = await env.finished(await env.ada.press(answer, "Lyrics"))
        env.ada.say(dm, DONE.id)
        await env.posts(at=dm)
        await env.settle_down()
        asked, said = len(env.discord.requests), len(env.posted(dm))
        env.discord.sockets.repeated = 100
        await env.discord.sockets.drop()
        await env.discord.hub.until(lambda: env.discord.sockets.resumed and env.discord.hub.online)
        await env.settle_down()
    assert "Salt on the rail" in words(notified)
    assert len(env.posted(dm)) == said
    assert not [each.path for each in env.discord.requests[asked:] if "gateway" not in each.path]


async def test_a_command_that_is_sent_while_the_socket_is_cut_is_answered_once(env: Env) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        env.discord.sockets.closed = True
        await env.discord.sockets.drop()
        await env.discord.hub.until(lambda: not env.discord.hub.online)
        asking = asyncio.create_task(env.ada.slash(env.channel, "suno status", id=DONE.id))
        await asyncio.sleep(0.3)
        env.discord.sockets.closed = False
        answer = await env.finished(await asking)
        await env.discord.hub.until(lambda: len(answer["attachments"]) == 2)
    callbacks = [each for each in env.discord.requests if each.path.endswith("/callback")]
    assert [each.status for each in callbacks] == [200] or [each.status for each in callbacks] == [204]


async def test_the_age_of_the_last_command_is_told(env: Env, port: int) -> None:
    async def age() -> float:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        (line,) = (each for each in lines if each.startswith("suno_watch_last_interaction_age_seconds "))
        return float(line.split()[1])

    async with env.bot(http_port=port):
        await asyncio.sleep(0.5)
        before = await age()
        await env.watches()
        after = await age()
    assert after < before
