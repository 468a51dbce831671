"""Start-up time, and memory when idle: `python -m benchmarks.start`.

Measured from the start of the process until the first command is answered, which is sent as soon as the bot is
connected. With an empty database, which has to be created, and with one of 10,000 watches; compared with a bare
discord.py client that answers one word. Discord and the gateway are local, so nearly all of it is our own time.
"""

import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bots import a_bare_client, memory, running, the_bot
from benchmarks.env import Env, make_watches
from benchmarks.steady_gateway import steady_gateway, task_id

_ROUNDS = 5
_WATCHES = 10_000
FLOOR = "a bare client"
_IDLE_AFTER = 5.0  # seconds after which all tasks have been polled


@dataclass
class Start:
    """Medians."""

    seconds: float
    memory: float  # MB


async def main(rounds: int = _ROUNDS, watches: int = _WATCHES) -> dict[str, Start]:
    env, ids = Env(people=1), [task_id(number) for number in range(watches)]
    empty: list[Start] = []
    full: list[Start] = []
    floor: list[Start] = []
    with tempfile.TemporaryDirectory(prefix="suno-watch-start-") as folder:
        watched, database = Path(folder) / "watched.db", Path(folder) / "bot.db"
        await make_watches(watched, ids, env.channels)
        async with env.discord, steady_gateway("--cycle", "15") as gateway:
            settings = {"suno_base_url": gateway, "database_url": f"sqlite:///{database}"}
            ours, bare = the_bot(env.discord), a_bare_client(env.discord, "--answer")
            await _start(env, ours, settings | {"database_url": f"sqlite:///{watched}"})
            for _ in range(rounds):
                _remove(database)
                # The bot has registered the commands, so that the bare client can be used as well.
                empty.append(await _start(env, ours, settings))
                _remove(database)
                shutil.copy(watched, database)
                full.append(await _start(env, ours, settings))
                floor.append(await _start(env, bare, settings))
    names = "this bot, an empty database", f"this bot, {watches} watches", FLOOR
    return dict(zip(names, map(_median, (empty, full, floor)), strict=True))


def _remove(database: Path) -> None:
    for file in database.parent.glob(f"{database.name}*"):
        file.unlink()


async def _start(env: Env, command: list[str], settings: dict[str, str]) -> Start:
    started = time.monotonic()
    async with running(command, env.discord, **settings) as bot:
        person = env.discord.person(env.users[0])
        asked = await person.slash(env.channels[0], "suno status", id=task_id(0))
        if asked.failed:
            raise RuntimeError(f"the first command was not answered: {asked.failed}")
        await env.discord.hub.until(lambda: not asked.thinking)
        seconds = time.monotonic() - started
        await asyncio.sleep(_IDLE_AFTER)
        return Start(seconds, memory(bot))


def _median(starts: Sequence[Start]) -> Start:
    return Start(statistics.median(each.seconds for each in starts), statistics.median(each.memory for each in starts))


if __name__ == "__main__":
    results = asyncio.run(main())
    floor = results[FLOOR]
    for name, found in results.items():
        ratios = f"{found.seconds / floor.seconds:.1f} and {found.memory / floor.memory:.1f} times the floor"
        sys.stdout.write(f"{found.seconds:5.2f} s {found.memory:5.0f} MB   {name}: {ratios}\n")
