"""The bot's commands: `run` as a process of its own, short ones within this one."""

import asyncio
import logging
import os
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, chdir, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from bot.__main__ import main
from bot.config import Settings
from bot.log import _CHATTY
from sandbox.local_discord.server import LocalDiscord

Command = Callable[..., Awaitable[tuple[int | None, str, str]]]  # of the fixture `command`: arguments, and settings
Start = Callable[..., Awaitable[Process]]  # of the fixture `start`: arguments, and settings


async def ended(process: Process) -> tuple[int | None, str]:
    """Its exit code, and its log."""
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, errors.decode()


@asynccontextmanager
async def running(discord: LocalDiscord, start: Start) -> AsyncIterator[None]:
    """The bot in its own process, from its connection to its clean end."""
    process = await start()
    await discord.hub.until(lambda: discord.hub.online, 20)
    yield
    process.terminate()
    assert (await ended(process))[0] == 0


async def run_command(*arguments: str, folder: Path, environment: Mapping[str, str]) -> tuple[int | None, str, str]:
    """Its exit code, what it prints, and its log, without the second that a new process needs to import everything."""
    return await asyncio.to_thread(_run_command, arguments, folder, environment)


def _run_command(
    arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str]
) -> tuple[int | None, str, str]:
    with (
        patch.dict(os.environ, environment, clear=True),
        patch.dict(Settings.model_config, env_file=".env"),
        chdir(folder),
        _logging_as_it_was(),
        redirect_stdout(StringIO()) as output,
        redirect_stderr(StringIO()) as errors,
    ):
        try:
            code = int(main(list(arguments)))
        except SystemExit as refused:  # by argparse
            code = int(refused.code or 0)
    return code, output.getvalue(), errors.getvalue()


@contextmanager
def _logging_as_it_was() -> Iterator[None]:
    """Afterwards. Handlers of the test would be closed when the program sets up its own."""
    root, raising = logging.getLogger(), logging.raiseExceptions
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in _CHATTY}
    root.handlers.clear()
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, before in levels.items():
            logging.getLogger(name).setLevel(before)
        logging.raiseExceptions = raising
