"""The real bot in its own process, connected to a local Discord."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sandbox.local_discord.server import LocalDiscord

_ROOT = Path(__file__).parents[1]
_PATIENCE = 60  # seconds until it is connected


@asynccontextmanager
async def connected_bot(discord: LocalDiscord, **settings: str) -> AsyncIterator[Process]:
    """Ended with SIGTERM, unless it was killed before. `settings`: environment variables, in lower case."""
    command = [sys.executable, "-m", "sandbox.redirected_bot", discord.url, "0", "run"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT), "DISCORD_TOKEN": discord.token}
    environment |= {name.upper(): value for name, value in settings.items()}
    bot = await asyncio.create_subprocess_exec(*command, env=environment, stdout=DEVNULL, stderr=DEVNULL)
    try:
        await discord.hub.until(lambda: discord.hub.online, _PATIENCE)
        yield bot
    finally:
        if bot.returncode is None:
            bot.send_signal(signal.SIGTERM)
        await bot.wait()
        await discord.hub.until(lambda: not discord.hub.online)
