"""The program as a process of its own."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Town

ROOT = Path(__file__).parents[2]
Start = Callable[..., Awaitable[Process]]


@pytest.fixture
async def start(town: Town, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts the program, with the settings that are given beside the town's."""
    started: list[Process] = []

    async def start(*arguments: str, **settings: str | None) -> Process:
        given: dict[str, Any] = {name.upper(): value for name, value in town.settings.items()} | settings
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        environment |= {name: value for name, value in given.items() if value is not None}
        command = [sys.executable, "-m", "sandbox.redirected_bot", town.discord.url, *(arguments or ["run"])]
        process = await asyncio.create_subprocess_exec(
            *command, cwd=tmp_path, env=environment, stdout=PIPE, stderr=PIPE
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def ended(process: Process) -> tuple[int | None, str]:
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, errors.decode()
