"""A hundred thousand watched tasks in real time, on the real process: `python -m benchmarks.scale`.

The gateway updates every 15 s, and each update changes one task of a hundred. The lateness is what the bot reports at
/readyz: by how many seconds the poll that has waited longest is late.
"""

import argparse
import asyncio
import tempfile
import time
from asyncio.subprocess import Process
from pathlib import Path

import aiohttp

from benchmarks.bots import memory, processor_time, running, the_bot
from benchmarks.cycle import watch_all
from benchmarks.steady_gateway import steady_gateway, task_id
from bot.storage.database import open_database
from bot.storage.watches import WatchStore
from sandbox.free_port import free_port
from sandbox.local_discord.server import LocalDiscord

_TASKS = 100_000
_WARM_UP, _SECONDS = 40.0, 45.0  # the first poll of each task costs more than the later ones


async def main(tasks: int = _TASKS, seconds: float = _SECONDS) -> dict[str, float]:
    """Share of a core, megabytes, and the largest lateness in seconds."""
    with tempfile.TemporaryDirectory(prefix="suno-watch-scale-") as folder:
        file, port = Path(folder) / "bot.db", free_port()
        async with open_database(f"sqlite+aiosqlite:///{file}") as engine:
            await watch_all(WatchStore(engine), [task_id(number) for number in range(tasks)], time.time())
        async with (
            steady_gateway("--cycle", "15", "--changing", "0.01") as gateway,
            LocalDiscord() as discord,
            running(the_bot(discord), discord, **_settings(gateway, file), http_port=str(port)) as process,
        ):
            await asyncio.sleep(_WARM_UP)
            return await _observe(process, f"http://127.0.0.1:{port}/readyz", seconds)


def _settings(gateway: str, file: Path) -> dict[str, str]:
    return {"suno_base_url": gateway, "database_url": f"sqlite:///{file}", "gateway_requests_per_second": "100"}


async def _observe(process: Process, health: str, seconds: float) -> dict[str, float]:
    started, used, late = time.perf_counter(), processor_time(process), 0.0
    async with aiohttp.ClientSession() as session:
        while time.perf_counter() - started < seconds:
            async with session.get(health) as response:
                late = max(late, (await response.json())["oldest_due_task_lateness_seconds"])
            await asyncio.sleep(1.0)
    share = (processor_time(process) - used) / (time.perf_counter() - started)
    return {"share of a core": share, "megabytes": memory(process), "seconds late": late}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=_TASKS)
    parser.add_argument("--seconds", type=float, default=_SECONDS)
    chosen = parser.parse_args()
    for name, value in asyncio.run(main(chosen.tasks, chosen.seconds)).items():
        print(f"{value:8.2f} {name}")
