"""The whole bot under load: `python -m benchmarks.load [--minutes 10] [--watches 10000] [--people 200]`.

Thousands of tasks are watched at a gateway that updates its answers every 15 s: each update changes one task in twenty,
and each second one task finishes and must be posted, with two songs of a minute each. Meanwhile people look up a task
or refresh their card, and act again after 4 to 12 s, which is 20 actions a second for 200 people; three times all of
them act at the same moment.

Measured is the time from the event on the bot's socket until the acknowledgement begins to arrive. It includes the
local Discord's own work. So do the measurements of a bare discord.py client that only acknowledges, and of the same bot
without watches, taken earlier in the same run with the same people. Bursts are reported as medians.
"""

import argparse
import asyncio
import gc
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bots import a_bare_client, running, the_bot
from benchmarks.env import Env, make_watches
from benchmarks.load_result import LoadResult, Wait, measure
from benchmarks.post_audit import PostAudit
from benchmarks.server_process import server_process
from benchmarks.steady_gateway import task_id

_CYCLE, _CHANGING, _RATE = 15.0, 0.05, 1.0
_TIMEOUT = 15.0  # seconds that people wait for a task to be shown
_SHORT = 30.0  # seconds at most of each run that is compared with
_LAST_POSTS = 60.0  # seconds until the last song must be posted


@dataclass
class Result:
    bare: LoadResult
    idle: LoadResult
    loaded: LoadResult
    expected: int
    posted: int
    doubled: int
    wrong: int

    @property
    def lost(self) -> int:
        return self.expected - self.posted


async def main(minutes: float = 10.0, watches: int = 10_000, people: int = 200) -> Result:
    gc.disable()  # garbage collection in the local Discord would count as the bot's time
    env, ids = Env(people), [task_id(number) for number in range(watches)]
    expected = int(minutes * 60 * _RATE)
    finishing = ("--cycle", str(_CYCLE), "--changing", str(_CHANGING), "--rate", str(_RATE), "--most", str(expected))
    short = min(_SHORT, minutes * 60)
    with tempfile.TemporaryDirectory(prefix="suno-watch-load-") as folder:
        async with env.discord, server_process("benchmarks.finishing_gateway", *finishing) as gateway:
            settings = {"suno_base_url": gateway, "media_allow_hosts": gateway.removeprefix("http://")}
            audit = PostAudit(env.discord)
            keeping = asyncio.create_task(audit.keep())
            async with running(the_bot(env.discord), env.discord, **settings, **_database(folder, "idle")) as bot:
                idle = await measure(bot, env.crowd(ids, _TIMEOUT), short)
            async with running(a_bare_client(env.discord), env.discord) as bot:
                bare = await measure(bot, env.crowd(ids, 0.0), short)
            await make_watches(Path(folder) / "loaded.db", ids, env.channels)
            async with running(the_bot(env.discord), env.discord, **settings, **_database(folder, "loaded")) as bot:
                loaded = await measure(bot, env.crowd(ids, _TIMEOUT), minutes * 60)
                await _all_posted(env, audit, expected)
            keeping.cancel()
    return Result(bare, idle, loaded, expected, audit.posted, audit.doubled, audit.wrong)


def _database(folder: str, name: str) -> dict[str, str]:
    return {"database_url": f"sqlite:///{folder}/{name}.db"}


async def _all_posted(env: Env, audit: PostAudit, expected: int) -> None:
    """Waits for all posts, at most _LAST_POSTS, and three seconds more for unwanted posts."""
    with suppress(TimeoutError):
        await env.discord.hub.until(lambda: audit.posted >= expected, _LAST_POSTS)
    await asyncio.sleep(3.0)
    audit.sweep()


def _table(result: Result) -> str:
    results = {"a bare client": result.bare, "this bot, idle": result.idle, "this bot, loaded": result.loaded}
    lines = ["ms until an act was acknowledged"]
    for name, wait in (("at their own pace", "paced"), ("all at once", "burst")):
        floor: Wait = getattr(result.bare, wait)
        for bot, each in results.items():
            found: Wait = getattr(each, wait)
            lines.append(f"  {name:18} {bot:17} {found}   p99 {found.p99 / floor.p99:4.1f} times the floor")
    for bot, each in results.items():
        lines.append(
            f"{bot:17} {each.acts} acts, {each.late} later than 3 s, {each.unanswered} without a task; "
            f"{each.core:.0%} of a core; {each.first_minute:.0f} MB after a minute, {each.end:.0f} MB at the end"
        )
    lines.append(f"tasks shown, loaded: ms {result.loaded.shown}; idle: {result.idle.shown}")
    counts = f"{result.expected} expected, {result.posted} posted, {result.doubled} doubled, {result.lost} lost"
    return "\n".join([*lines, f"songs: {counts}, {result.wrong} posts of another kind"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--watches", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=200)
    chosen = parser.parse_args()
    sys.stdout.write(_table(asyncio.run(main(chosen.minutes, chosen.watches, chosen.people))) + "\n")
