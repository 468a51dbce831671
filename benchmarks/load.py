"""The whole bot with much to do: `python -m benchmarks.load [--minutes 10] [--watches 10000] [--people 200]`.

Thousands of watched tasks live at a gateway that changes its answers every 15 s: with each tick one in twenty,
and one a second is finished and has to be posted, with two songs of a minute each. Meanwhile people ask for a task or
refresh what they see, look at it, and act again after 4 to 12 s, which is 20 acts a second for 200 of them; and three
times all of them act at the very same moment.

What counts is the time from an interaction's leaving on the socket until its acknowledgement begins to arrive. The
local Discord's own work is in it, as it is in that of a bare discord.py client which does nothing but acknowledge, and
of the same bot without a watch: both are measured before, in the same run, with the same people. Of the bursts the
median is told.
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
from benchmarks.neighbours import neighbour
from benchmarks.post_audit import PostAudit
from benchmarks.scene import LoadResult, Wait, measure
from benchmarks.steady_gateway import task_id

_TICK, _CHANGING, _RATE = 15.0, 0.05, 1.0
_PATIENCE = 15.0  # seconds that people wait for a task to be shown
_SHORT = 30.0  # seconds at most of each run beside which the bot's own is held
_LAST_POSTS = 60.0  # seconds until the last must be there


@dataclass
class Result:
    bare: LoadResult
    idle: LoadResult
    loaded: LoadResult
    owed: int
    posted: int
    doubled: int
    wrong: int

    @property
    def lost(self) -> int:
        return self.owed - self.posted


async def main(minutes: float = 10.0, watches: int = 10_000, people: int = 200) -> Result:
    gc.disable()  # a pause of the local Discord's would be counted as the bot's
    env, ids = Env(people), [task_id(number) for number in range(watches)]
    owed = int(minutes * 60 * _RATE)
    finishing = ("--cycle", str(_TICK), "--changing", str(_CHANGING), "--rate", str(_RATE), "--most", str(owed))
    short = min(_SHORT, minutes * 60)
    with tempfile.TemporaryDirectory(prefix="suno-watch-load-") as folder:
        async with env.discord, neighbour("benchmarks.finishing_gateway", *finishing) as gateway:
            settings = {"suno_base_url": gateway, "media_allow_hosts": gateway.removeprefix("http://")}
            ledger = PostAudit(env.discord)
            keeping = asyncio.create_task(ledger.keep())
            async with running(the_bot(env.discord), env.discord, **settings, **_database(folder, "idle")) as bot:
                idle = await measure(bot, env.crowd(ids, _PATIENCE), short)
            async with running(a_bare_client(env.discord), env.discord) as bot:
                bare = await measure(bot, env.crowd(ids, 0.0), short)
            await make_watches(Path(folder) / "loaded.db", ids, env.channels)
            async with running(the_bot(env.discord), env.discord, **settings, **_database(folder, "loaded")) as bot:
                loaded = await measure(bot, env.crowd(ids, _PATIENCE), minutes * 60)
                await _all_posted(env, ledger, owed)
            keeping.cancel()
    return Result(bare, idle, loaded, owed, ledger.posted, ledger.doubled, ledger.wrong)


def _database(folder: str, name: str) -> dict[str, str]:
    return {"database_url": f"sqlite:///{folder}/{name}.db"}


async def _all_posted(env: Env, ledger: PostAudit, owed: int) -> None:
    """Or too late; and then a moment more, for what should not come."""
    with suppress(TimeoutError):
        await env.discord.hub.until(lambda: ledger.posted >= owed, _LAST_POSTS)
    await asyncio.sleep(3.0)
    ledger.sweep()


def _table(result: Result) -> str:
    results = {"a bare client": result.bare, "this bot, idle": result.idle, "this bot, loaded": result.loaded}
    lines = ["ms until an act was acknowledged"]
    for name, wait in (("at their own pace", "calm"), ("all at once", "burst")):
        floor: Wait = getattr(result.bare, wait)
        for bot, each in results.items():
            found: Wait = getattr(each, wait)
            lines.append(f"  {name:18} {bot:17} {found}   p99 {found.p99 / floor.p99:4.1f} times the floor")
    for bot, each in results.items():
        lines.append(
            f"{bot:17} {each.acts} acts, {each.late} later than 3 s, {each.silent} without a task; "
            f"{each.core:.0%} of a core; {each.first_minute:.0f} MB after a minute, {each.end:.0f} MB at the end"
        )
    lines.append(f"tasks shown, loaded: ms {result.loaded.shown}; idle: {result.idle.shown}")
    counts = f"{result.owed} owed, {result.posted} posted, {result.doubled} doubled, {result.lost} lost"
    return "\n".join([*lines, f"songs: {counts}, {result.wrong} posts of another kind"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--watches", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=200)
    chosen = parser.parse_args()
    sys.stdout.write(_table(asyncio.run(main(chosen.minutes, chosen.watches, chosen.people))) + "\n")
