"""The shards of the local Discord: who gets which events, and how often a session may be started."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest

from sandbox.local_discord.hub import DIRECT_MESSAGES, GUILD_MESSAGES, GUILDS
from sandbox.local_discord.redirect import redirected
from sandbox.local_discord.server import LocalDiscord
from sandbox.local_discord.world import Object

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.a-token-of-the-local-discord"
INTENTS = GUILDS | GUILD_MESSAGES | DIRECT_MESSAGES
INVALID_SESSION = 9


class Clock:
    now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


class Client:
    """Speaks the protocol by hand."""

    def __init__(self, local: LocalDiscord, session: aiohttp.ClientSession) -> None:
        self._local = local
        self._session = session

    async def identify(self, shard_id: int, count: int = 1) -> Any:
        """Returns the socket after READY; the opcode of a refusal, or its close code."""
        socket = await self._session.ws_connect(f"{self._local.url}/socket")
        assert (await socket.receive_json())["op"] == 10
        await socket.send_json({"op": 2, "d": {"token": TOKEN, "intents": INTENTS, "shard": [shard_id, count]}})
        answer = await socket.receive()
        if answer.type is aiohttp.WSMsgType.CLOSE:
            return answer.data
        frame = json.loads(answer.data)
        return socket if frame["t"] == "READY" else frame["op"]

    async def about(self) -> Any:
        headers = {"Authorization": f"Bot {TOKEN}"}
        async with self._session.get(f"{self._local.url}/api/v10/gateway/bot", headers=headers) as answer:
            return await answer.json()


@pytest.fixture
async def local() -> AsyncIterator[LocalDiscord]:
    discord_ = LocalDiscord(token=TOKEN)
    discord_.world.clock = Clock()
    async with discord_:
        yield discord_


@pytest.fixture
async def client(local: LocalDiscord) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(local, session)


def clock(local: LocalDiscord) -> Clock:
    assert isinstance(local.world.clock, Clock)
    return local.world.clock


async def events(socket: Any) -> list[tuple[str, str]]:
    """The events that have come, with the server or the text of each."""
    found: list[tuple[str, str]] = []
    while True:
        try:
            frame = json.loads((await asyncio.wait_for(socket.receive(), 0.2)).data)
        except TimeoutError:
            return found
        found.append((frame["t"], frame["d"].get("content") or frame["d"].get("name", "")))


async def test_each_shard_gets_the_events_of_its_servers_and_the_first_those_of_dms(
    local: LocalDiscord, client: Client
) -> None:
    world = local.world
    ada = world.add_user("Ada")
    guilds = [world.add_guild(f"Server {number}", owner=ada, on_shard=(number, 2)) for number in range(2)]
    channels = [world.add_channel(guild, "songs") for guild in guilds]
    assert [int(guild["id"]) >> 22 & 1 for guild in guilds] == [0, 1]
    sockets = [await client.identify(0, 2)]
    clock(local).now += 5
    sockets.append(await client.identify(1, 2))
    mention = f"<@{world.bot['id']}>"
    for channel in channels:
        local.person(ada).say(channel, f"{mention} in {channel['guild_id']}")
    local.person(ada).say(world.dm_with(ada), "in a DM")
    first, second = [await events(socket) for socket in sockets]
    assert first == [
        ("GUILD_CREATE", "Server 0"), ("MESSAGE_CREATE", f"{mention} in {guilds[0]['id']}"),
        ("MESSAGE_CREATE", "in a DM"),
    ]  # fmt: skip
    assert second == [("GUILD_CREATE", "Server 1"), ("MESSAGE_CREATE", f"{mention} in {guilds[1]['id']}")]


async def test_a_second_identify_of_a_bucket_within_5_s_is_refused_and_counted(
    local: LocalDiscord, client: Client
) -> None:
    local.starts.max_concurrency = 2
    for shard in (0, 1):
        assert not isinstance(await client.identify(shard, 4), int)
    clock(local).now += 4.9
    assert await client.identify(2, 4) == INVALID_SESSION
    assert local.starts.violations == 1
    clock(local).now += 0.1
    assert not isinstance(await client.identify(2, 4), int)
    assert (await client.about())["session_start_limit"]["max_concurrency"] == 2


async def test_session_starts_are_counted_and_come_back_after_a_day(local: LocalDiscord, client: Client) -> None:
    local.starts.remaining = 1
    assert not isinstance(await client.identify(0), int)
    clock(local).now += 60
    limit = (await client.about())["session_start_limit"]
    assert (limit["total"], limit["remaining"], limit["reset_after"]) == (1_000, 0, (86_400 - 60) * 1_000)
    assert await client.identify(0) == 4004, "the token was reset"
    assert local.starts.violations == 1
    clock(local).now += 86_400
    assert (await client.about())["session_start_limit"]["remaining"] == 1_000
    assert not isinstance(await client.identify(0), int)


async def test_a_shard_has_at_most_2500_servers(local: LocalDiscord, client: Client) -> None:
    ada = local.world.add_user("Ada")
    for number in range(2_501):
        local.world.add_guild(f"Server {number}", owner=ada, on_shard=(number % 2, 2))
    assert await client.identify(0, 1) == 4011
    assert not isinstance(await client.identify(0, 2), int)
    assert (await client.about())["shards"] == 3


async def test_there_is_no_shard_beyond_the_last(client: Client) -> None:
    assert await client.identify(2, 2) == 4010


async def test_51_requests_in_a_second_are_too_many(local: LocalDiscord) -> None:
    headers = {"Authorization": f"Bot {TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        answers = [await session.get(f"{local.url}/api/v10/users/@me") for _ in range(51)]
    assert [each.status for each in answers] == [200] * 50 + [429]
    assert answers[-1].headers["X-RateLimit-Global"] == "true"


async def test_the_sharded_client_of_discord_py_can_use_it(local: LocalDiscord) -> None:
    world = local.world
    ada = world.add_user("Ada")
    guilds: list[Object] = [world.add_guild(f"Server {n}", owner=ada, on_shard=(n, 3)) for n in range(3)]
    local.starts.advised, local.starts.max_concurrency = 3, 3

    class Sharded(discord.AutoShardedClient):
        async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
            pass

    with redirected(local.url):
        async with Sharded(intents=discord.Intents(guilds=True), guild_ready_timeout=0) as sharded:
            running = asyncio.create_task(sharded.start(TOKEN))
            await local.hub.until(lambda: local.sockets.shards == {0, 1, 2})
            await local.hub.until(lambda: len([each for each in sharded.guilds if not each.unavailable]) == 3)
            found = {str(guild.id): guild.shard_id for guild in sharded.guilds}
        await running
    assert found == {guild["id"]: number for number, guild in enumerate(guilds)}
    assert not local.starts.violations
