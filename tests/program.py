"""The bot as a process: what it is started with, and how it ends."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sandbox.local_discord.server import LocalDiscord

Start = Callable[..., Awaitable[Process]]  # the fixture `start`: arguments, and settings beside the town's


async def ended(process: Process) -> tuple[int | None, str]:
    """Its exit code, and its log."""
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, errors.decode()


async def result_of(start: Start, *arguments: str, **settings: str | None) -> tuple[int | None, str, str]:
    """The exit code of a command, what it prints, and its log."""
    process = await start(*arguments, **settings)
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, output.decode(), errors.decode()


@asynccontextmanager
async def running(discord: LocalDiscord, start: Start) -> AsyncIterator[None]:
    """The bot in a process of its own, from its connection to its clean end: nothing of it is left behind."""
    process = await start()
    await discord.hub.until(lambda: discord.hub.online, 20)
    yield
    process.terminate()
    assert (await ended(process))[0] == 0
