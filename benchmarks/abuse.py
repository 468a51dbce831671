"""Twenty people beside a hostile member: `python -m benchmarks.abuse [--minutes 3]`.

The hostile member sends batches of 500 ids at a gateway without the batch call, hostile files, and storms of
autocomplete requests and presses, and watches songs at hosts that drip, send hints or hang, all at the same time. The
others look tasks up and watch songs at a healthy gateway. Measured are their slowest answer and song, the same without
the hostile member, and the bot's peak memory.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks.bots import peak_memory, processor_time, running, the_bot
from benchmarks.crowd import Crowd, Waits, percentile
from benchmarks.env import Env
from benchmarks.hostile_gateway import hosts_of
from benchmarks.hostile_member import HostileMember
from benchmarks.post_audit import PostAudit
from benchmarks.server_process import server_process
from benchmarks.timed_gateway import timed_task

ALONE, WITH_HIM = "without the hostile member", "beside the hostile member"

_PEOPLE = 20
_THINKING = 2.0, 6.0  # seconds between two acts of a person
_TIMEOUT = 15.0  # seconds that they wait for a task to be shown
_SONGS_EVERY = 2.0  # seconds between two songs that somebody watches
_MADE_IN = 8.0  # seconds
_LAST_SONGS = 60.0  # seconds until the last must be there


@dataclass
class Found:
    """What the other people saw. Times in seconds; `megabytes`: the peak."""

    acts: int
    late: int  # actions without an answer in time
    acknowledged: float  # the slowest
    answered: float
    songs: int
    lost: int
    song: float  # the slowest, after it was finished
    megabytes: float
    core: float  # share of one core
    hostile_acts: dict[str, int]  # number of actions, by kind


async def main(minutes: float = 1.0) -> dict[str, Found]:
    return {name: await _measure(minutes * 60, hostile=name == WITH_HIM) for name in (ALONE, WITH_HIM)}


async def _measure(seconds: float, *, hostile: bool) -> Found:
    env = Env(_PEOPLE + 2)
    async with env.discord, _bot(env) as bot:
        audit, numbers = PostAudit(env.discord), count()
        member = HostileMember(env.discord.person(env.users[-1]), env.channels)
        beside = [asyncio.create_task(audit.keep())]
        if hostile:
            beside.append(asyncio.create_task(member.do_all()))
        used, since = processor_time(bot), time.monotonic()
        crowd = _crowd(env, [timed_task(time.time() + each * 5, next(numbers)) for each in range(50)])
        watching = asyncio.create_task(_watch_songs(env, numbers, seconds))
        waits = await crowd.use_bot(seconds)
        claimed = await watching
        with suppress(TimeoutError):
            await env.discord.hub.until(lambda: claimed.keys() <= audit.seen_at.keys(), _LAST_SONGS)
        core = (processor_time(bot) - used) / (time.monotonic() - since)
        for each in beside:
            if each.done():
                each.result()  # it should still be running: raises its error
            each.cancel()
        return _found(waits, claimed, audit, bot, core, dict(member.acts))


def _found(
    waits: Waits, claimed: dict[str, float], audit: PostAudit, bot: Process, core: float, acts: dict[str, int]
) -> Found:
    late = [audit.seen_at[task] - at for task, at in claimed.items() if task in audit.seen_at]
    return Found(
        acts=len(waits.acknowledged),
        late=waits.late + waits.unanswered,
        acknowledged=percentile(waits.acknowledged, 1.0) / 1000,
        answered=percentile(waits.answered, 1.0) / 1000,
        songs=len(claimed),
        lost=len(claimed) - len(late),
        song=max(late, default=0.0),
        megabytes=peak_memory(bot),
        core=core,
        hostile_acts=acts,
    )


@asynccontextmanager
async def _bot(env: Env) -> AsyncIterator[Process]:
    with tempfile.TemporaryDirectory(prefix="suno-watch-abuse-") as folder:
        async with (
            server_process("benchmarks.timed_gateway") as gateway,
            server_process("benchmarks.hostile_gateway") as hostile_gateway,
        ):
            settings = {
                "suno_base_url": gateway,
                "suno_gateways__his__base_url": hostile_gateway,
                "media_allow_hosts": f"{gateway.removeprefix('http://')},{hosts_of(hostile_gateway)}",
                "database_url": f"sqlite:///{Path(folder) / 'bot.db'}",
            }
            async with running(the_bot(env.discord), env.discord, **settings) as bot:
                yield bot


def _crowd(env: Env, ids: list[str]) -> Crowd:
    people = [env.discord.person(user) for user in env.users[1 : _PEOPLE + 1]]
    return Crowd(people, env.channels, ids, _THINKING, _TIMEOUT)


async def _watch_songs(env: Env, numbers: "count[int]", seconds: float) -> dict[str, float]:
    """Returns when each song is finished, by task."""
    claimed, end = dict[str, float](), time.monotonic() + seconds
    people = [env.discord.person(user) for user in env.users[1 : _PEOPLE + 1]]
    while time.monotonic() < end:
        number = next(numbers)
        finished_at = time.time() + _MADE_IN
        task = timed_task(finished_at, number)
        channel = env.channels[number % len(env.channels)]
        asked = await people[number % len(people)].slash(channel, "suno watch", ids=task)
        if not asked.failed:
            claimed[task] = finished_at
        await asyncio.sleep(_SONGS_EVERY)
    return claimed


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=3.0)
    for name, found in asyncio.run(main(parser.parse_args().minutes)).items():
        sys.stdout.write(f"{name}: {found}\n")
