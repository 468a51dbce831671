"""The connection to Discord on its bad days: events that nobody can read, that come twice, or that come late."""

import asyncio
from typing import Any

import aiohttp
import pytest

from sandbox.local_discord.faults import Fault
from tests.conftest import Town
from tests.e2e.test_watch import DONE
from tests.messages import words
from tests.program import Start, ended

UNREADABLE: list[tuple[str, Any]] = [
    ("GUILD_ROLE_UPDATE", {"guild_id": None, "role": {}}),
    ("THREAD_CREATE", {"guild_id": None}),
    ("CHANNEL_UPDATE", {"id": "x", "type": "a new kind", "guild_id": "1"}),
    ("MESSAGE_CREATE", {"id": "1", "channel_id": None}),
    ("INTERACTION_CREATE", {"id": "1", "type": 2, "token": "secret-token"}),
    ("GUILD_CREATE", {"id": [], "unavailable": False}),
    ("MESSAGE_CREATE", None),
]


async def test_events_that_nobody_can_read_are_dropped(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    town.gateway.add(DONE)
    async with town.bot():
        (connection,) = town.discord.sockets.connections
        for name, data in UNREADABLE:
            town.discord.hub.bot_event(name, data)
        answer = await town.status(DONE.id)
        assert town.discord.sockets.connections == {connection}, "it was never left"
    assert "Harbour Lights" in words(answer)
    assert caplog.text.count("cannot be read, and is dropped") == len(UNREADABLE)
    assert "secret-token" not in caplog.text


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_a_list_of_commands_that_nobody_can_read_stops_no_start(town: Town, start: Start, method: str) -> None:
    async with town.bot():
        pass  # they were given once
    if method == "PUT":
        town.discord.world.commands.clear()
    odd: Any = [{"id": "1", "type": 1, "name": "suno", "options": [{"a": "new", "kind": "of option"}]}]
    town.discord.faults.order(Fault("/commands$", 200, method=method, body=odd))
    process = await start()
    await town.discord.hub.until(lambda: town.discord.hub.online, 30)
    process.terminate()
    code, errors = await ended(process)
    assert (code, "Traceback" in errors) == (0, False)
    assert "cannot be read" in errors


async def test_what_a_resumed_session_repeats_is_done_once(town: Town) -> None:
    town.gateway.add(DONE)
    dm = town.discord.world.dm_with(town.ada.user)
    async with town.bot():
        answer = await town.status(DONE.id)
        notified = await town.finished(await town.ada.press(answer, "Lyrics"))
        town.ada.say(dm, DONE.id)
        await town.posts(at=dm)
        await town.settle_down()
        asked, said = len(town.discord.requests), len(town.posted(dm))
        town.discord.sockets.repeated = 100
        await town.discord.sockets.drop()
        await town.discord.hub.until(lambda: town.discord.sockets.resumed and town.discord.hub.online)
        await town.settle_down()
    assert "Salt on the rail" in words(notified)
    assert len(town.posted(dm)) == said
    assert not [each.path for each in town.discord.requests[asked:] if "gateway" not in each.path]


async def test_a_command_that_is_sent_while_the_socket_is_cut_is_answered_once(town: Town) -> None:
    town.gateway.add(DONE)
    async with town.bot():
        town.discord.sockets.closed = True
        await town.discord.sockets.drop()
        await town.discord.hub.until(lambda: not town.discord.hub.online)
        asking = asyncio.create_task(town.ada.slash(town.channel, "suno status", id=DONE.id))
        await asyncio.sleep(0.3)
        town.discord.sockets.closed = False
        answer = await town.finished(await asking)
        await town.discord.hub.until(lambda: len(answer["attachments"]) == 2)
    callbacks = [each for each in town.discord.requests if each.path.endswith("/callback")]
    assert [each.status for each in callbacks] == [200] or [each.status for each in callbacks] == [204]


async def test_the_age_of_the_last_command_is_told(town: Town, port: int) -> None:
    async def age() -> float:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        (line,) = (each for each in lines if each.startswith("suno_watch_last_interaction_age_seconds "))
        return float(line.split()[1])

    async with town.bot(http_port=port):
        await asyncio.sleep(0.5)
        before = await age()
        await town.watches()
        after = await age()
    assert after < before
