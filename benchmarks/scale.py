"""A hundred thousand watched tasks in real time, on the real process: `python -m benchmarks.scale`.

The gateway ticks every 15 s and each tick changes one task of a hundred. How far behind the bot is, is what it says
itself at /readyz: by how many seconds the task that has waited longest for its look is late.
"""

import argparse
import asyncio
import os
import socket
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from benchmarks.cycle import watch_all
from benchmarks.steady_gateway import steady_gateway, task_id
from bot.storage.database import open_database
from bot.storage.watches import WatchStore
from sandbox.local_discord.server import LocalDiscord

_TASKS = 100_000
_WARM_UP, _SECONDS = 45.0, 90.0  # the first look at each task costs more than any other
_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gscale.a-token-of-a-discord-that-is-none-0000"


async def main(tasks: int = _TASKS, seconds: float = _SECONDS) -> dict[str, float]:
    """Share of a core, megabytes, and seconds that the latest task was late, at the most."""
    with tempfile.TemporaryDirectory(prefix="suno-watch-scale-") as folder:
        file = Path(folder) / "bot.db"
        async with open_database(f"sqlite+aiosqlite:///{file}") as engine:
            await watch_all(WatchStore(engine), [task_id(number) for number in range(tasks)], time.time())
        async with (
            steady_gateway("--tick", "15", "--changing", "0.01") as gateway,
            LocalDiscord(token=_TOKEN) as discord,
            _bot(discord.url, gateway, file) as (process, health),
        ):
            await asyncio.sleep(_WARM_UP)
            return await _observe(process, health, seconds)


async def _observe(process: Process, health: str, seconds: float) -> dict[str, float]:
    started, used, late = time.perf_counter(), _cpu(process.pid), 0.0
    async with aiohttp.ClientSession() as session:
        while time.perf_counter() - started < seconds:
            async with session.get(health) as response:
                late = max(late, (await response.json())["oldest_due_task_lateness_seconds"])
            await asyncio.sleep(1.0)
    share = (_cpu(process.pid) - used) / (time.perf_counter() - started)
    return {"share of a core": share, "megabytes": _resident(process.pid) / 1e6, "seconds late": late}


@asynccontextmanager
async def _bot(discord: str, gateway: str, file: Path) -> AsyncIterator[tuple[Process, str]]:
    """The process, and where it tells how it fares."""
    port = _free_port()
    environment = os.environ | {
        "DISCORD_TOKEN": _TOKEN,
        "SUNO_BASE_URL": gateway,
        "DATABASE_URL": f"sqlite:///{file}",
        "GATEWAY_REQUESTS_PER_SECOND": "100",
        "HTTP_PORT": str(port),
        "LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-m", "sandbox.redirected_bot", discord, "run"]
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    try:
        yield process, f"http://127.0.0.1:{port}/readyz"
    finally:
        process.terminate()
        await process.wait()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def _cpu(pid: int) -> float:
    """Seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> int:
    """Bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=_TASKS)
    parser.add_argument("--seconds", type=float, default=_SECONDS)
    chosen = parser.parse_args()
    for name, value in asyncio.run(main(chosen.tasks, chosen.seconds)).items():
        print(f"{value:8.2f} {name}")
