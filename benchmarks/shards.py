"""What shards cost, and how many messages at once are worth it: `python -m benchmarks.shards`.

The same 2,000 servers by 1, 4 and 16 shards: seconds from the start of the process until all of them are connected, and
memory when idle. The local Discord lets shards connect without waiting, so what is measured is the bot.

Then 240 finished songs in 60 channels, whose uploads take Discord 0.4 s each, with 4 to 48 messages at once; Discord's
rate limits hold. In both, the ratio to the default counts: it is measured side by side.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bots import memory, running, the_bot
from benchmarks.env import make_watches
from benchmarks.steady_gateway import steady_gateway
from sandbox.local_discord.faults import Fault
from sandbox.local_discord.server import LocalDiscord
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import LocalGateway

_SERVERS, _CHANNELS = 2_000, 10  # in each server
_SHARDS = (1, 4, 16)
_ROUNDS = 3
_IDLE_AFTER = 3.0  # seconds
_TASKS, _PLACES = 240, 60
_UPLOAD = 0.4  # seconds
_AT_ONCE = (4, 8, 16, 48)

Found = dict[str, dict[str, float]]


async def main(servers: int = _SERVERS, rounds: int = _ROUNDS) -> Found:
    """Medians of seconds and megabytes, by number of shards; messages per second and 429s, by messages at once."""
    return {**await shards(servers, rounds), **await uploads()}


async def shards(servers: int, rounds: int) -> Found:
    tries: dict[int, list[tuple[float, float]]] = {count: [] for count in _SHARDS}
    async with LocalDiscord() as discord, steady_gateway("--cycle", "15") as gateway:
        discord.starts.interval, discord.starts.max_concurrency = 0.0, max(_SHARDS)
        owner = discord.world.add_user("Owner")
        for number in range(servers):
            guild = discord.world.add_guild(f"Server {number}", owner=owner, on_shard=(number % 16, 16))
            for channel in range(_CHANNELS):
                discord.world.add_channel(guild, f"channel-{channel}")
        for _ in range(rounds):
            for count, found in tries.items():
                found.append(await _start(discord, gateway, count))
    return {f"{count} {'shard' if count == 1 else 'shards'}": _medians(found) for count, found in tries.items()}


def _medians(found: list[tuple[float, float]]) -> dict[str, float]:
    seconds, memory = zip(*found, strict=True)
    return {"seconds": statistics.median(seconds), "MB": statistics.median(memory)}


async def _start(discord: LocalDiscord, gateway: str, count: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="suno-watch-shards-") as folder:
        settings = {"suno_base_url": gateway, "database_url": f"sqlite:///{folder}/bot.db", "shards": str(count)}
        started = time.monotonic()
        async with running(the_bot(discord), discord, **settings) as bot:
            await discord.hub.until(lambda: len(discord.sockets.shards) == count)
            seconds = time.monotonic() - started
            await asyncio.sleep(_IDLE_AFTER)
            return seconds, memory(bot)


async def uploads() -> Found:
    return {f"{at_once} at once": await _upload(at_once) for at_once in _AT_ONCE}


async def _upload(at_once: int) -> dict[str, float]:
    async with LocalDiscord() as discord, LocalGateway() as gateway:
        owner = discord.world.add_user("Owner")
        guild = discord.world.add_guild("Studio", owner=owner)
        channels = [discord.world.add_channel(guild, f"songs-{number}") for number in range(_PLACES)]
        discord.faults.order(Fault(r"/messages$", 200, method="POST", times=sys.maxsize, delay=_UPLOAD, after=True))
        fakes = [_fake(number) for number in range(_TASKS)]
        gateway.add(*fakes)
        with tempfile.TemporaryDirectory(prefix="suno-watch-uploads-") as folder:
            database = Path(folder) / "bot.db"
            await make_watches(database, [fake.id for fake in fakes], channels)
            settings = {
                "suno_base_url": gateway.url,
                "media_allow_hosts": gateway.media_host,
                "database_url": f"sqlite:///{database}",
                "messages_at_once": str(at_once),
            }
            async with running(the_bot(discord), discord, **settings):
                posted = discord.world.messages
                await discord.hub.until(lambda: any(posted.values()))
                started = time.monotonic()
                await discord.hub.until(lambda: sum(map(len, posted.values())) >= _TASKS, 300)
                seconds = time.monotonic() - started
        return {"per second": _TASKS / seconds, "refused": discord.rest.limits.refused}


def _fake(number: int) -> FakeTask:
    song = Song(f"{number:08x}-1111-4222-8333-444444444444", f"Song {number}", duration=2.0)
    return FakeTask(f"task_{number:032}", songs=(song,))


if __name__ == "__main__":
    for name, values in asyncio.run(main()).items():
        print(f"{name:>11}: " + ", ".join(f"{value:.2f} {unit}" for unit, value in values.items()))
