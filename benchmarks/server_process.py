"""Servers in their own processes, so that their work does not count as the bot's."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web


@asynccontextmanager
async def server_process(module: str, *options: str) -> AsyncIterator[str]:
    """Runs `python -m module`, and gives the address that it serves."""
    command = [sys.executable, "-m", module, *options]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        yield (await process.stdout.readline()).decode().strip() if process.stdout else ""
    finally:
        process.terminate()
        await process.wait()


async def serve(app: web.Application, addresses: Sequence[str] = ("127.0.0.1",)) -> None:
    """Serves on one port of all addresses until the process ends; prints the first address."""
    runner, port = web.AppRunner(app, access_log=None), 0
    await runner.setup()
    for address in addresses:
        await web.TCPSite(runner, address, port).start()
        port = runner.addresses[0][1]
    print(f"http://{addresses[0]}:{port}", flush=True)
    await asyncio.Event().wait()
