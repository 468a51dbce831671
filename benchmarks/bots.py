"""Bots in their own processes at a local Discord: the real one, and a bare client that only acknowledges."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from sandbox.local_discord.server import LocalDiscord

_ROOT = Path(__file__).parents[1]
_PAGE, _TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
_TIMEOUT = 60.0  # seconds until a bot is connected
_MB = 1e6


def the_bot(discord: LocalDiscord) -> list[str]:
    return [sys.executable, "-m", "sandbox.redirected_bot", discord.url, str(discord.starts.interval), "run"]


def a_bare_client(discord: LocalDiscord, *options: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks.bare_client", discord.url, *options]


@asynccontextmanager
async def running(command: list[str], discord: LocalDiscord, **settings: str) -> AsyncIterator[Process]:
    """Runs the bot and waits until it is connected. `settings`: environment variables, in lower case."""
    process = await start(command, discord, settings)
    try:
        await discord.hub.until(lambda: discord.hub.online or process.returncode is not None, _TIMEOUT)
        if process.returncode is not None:
            raise RuntimeError(f"the bot ended with {process.returncode}")
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
        await discord.hub.until(lambda: not discord.hub.online)


async def start(command: list[str], discord: LocalDiscord, settings: Mapping[str, str]) -> Process:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT), "DISCORD_TOKEN": discord.token}
    environment |= {name.upper(): value for name, value in settings.items()}
    return await asyncio.create_subprocess_exec(*command, cwd=_ROOT, env=environment, stdout=DEVNULL, stderr=DEVNULL)


def memory(process: Process) -> float:
    """Resident memory, in MB."""
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * _PAGE / _MB


def peak_memory(process: Process) -> float:
    """Peak resident memory, in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / _MB


def processor_time(process: Process) -> float:
    """Processor time since the start, in seconds."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
