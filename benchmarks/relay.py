"""The cost of relaying a song from its host to Discord: `python -m benchmarks.relay`.

Host and Discord transfer 10 MB/s each; discord.py sends. Compared with each leg alone, and with the usual way: to read
the song into memory and then send it.
"""

import argparse
import asyncio
import io
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import discord
from aiohttp import web

from benchmarks.server_process import serve, server_process
from bot.gateways.media import Media
from sandbox.local_discord.redirect import redirected

_SIZE = 8_000_000  # bytes
_SPEED = 10_000_000  # bytes a second, of each leg
_CHUNK = 64 * 1024
_AT_ONCE = 8
_ROUNDS = 3
_SONG = b"ID3\x04" + bytes(_SIZE - 4)


async def main() -> dict[str, dict[str, float]]:
    """Medians: seconds a transfer, and MB of memory for each of eight parallel transfers."""
    async with server_process("benchmarks.relay", "--neighbours") as url:
        taken: dict[str, list[dict[str, float]]] = {name: [] for name in _WAYS}
        for _ in range(_ROUNDS):
            for name, results in taken.items():
                results.append(await _in_a_process_of_its_own(url, name))
    return {
        name: {key: statistics.median(result[key] for result in results) for key in results[0]}
        for name, results in taken.items()
    }


async def _in_a_process_of_its_own(url: str, way: str) -> dict[str, float]:
    """A process for each measurement, because memory is not returned to the system."""
    command = [sys.executable, "-m", "benchmarks.relay", "--way", way, "--url", url]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    found: dict[str, float] = json.loads(output)
    return found


async def _measure(url: str, way: str) -> dict[str, float]:
    host = f"127.0.0.1:{url.rpartition(':')[2]}"
    async with aiohttp.ClientSession() as session, Media(allow_hosts=[host]) as media:
        with redirected(url):
            transfer = _WAYS[way]
            await transfer(url, session, media)  # warms up: imports, connections, buffers
            before = _resident()
            started = time.perf_counter()
            await transfer(url, session, media)
            alone = time.perf_counter() - started
            await asyncio.gather(*(transfer(url, session, media) for _ in range(_AT_ONCE)))
    return {"seconds": alone, "megabytes": max(0, _peak() - before) / _AT_ONCE / 1e6}


def _resident() -> int:
    """Bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def _peak() -> int:
    """Bytes. Not from getrusage, which starts with the parent's peak."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


async def _download(url: str, session: aiohttp.ClientSession, media: Media) -> None:
    del media
    async with session.get(f"{url}/song.mp3") as response:
        async for _ in response.content.iter_chunked(_CHUNK):
            pass


async def _upload(url: str, session: aiohttp.ClientSession, media: Media) -> None:
    del url, media
    await _send(session, io.BytesIO(_SONG))


async def _ours(url: str, session: aiohttp.ClientSession, media: Media) -> None:
    async with await media.audio(f"{url}/song.mp3", limit=_SIZE, whole=False) as song:
        await _send(session, song.file)


async def _read_and_send(url: str, session: aiohttp.ClientSession, media: Media) -> None:
    del media
    async with session.get(f"{url}/song.mp3") as response:
        await _send(session, io.BytesIO(await response.read()))


async def _send(session: aiohttp.ClientSession, file: io.BufferedIOBase) -> None:
    webhook = discord.Webhook.partial(1, "token", session=session)
    await webhook.send(file=discord.File(file, "song.mp3"))


_WAYS: dict[str, Callable[[str, aiohttp.ClientSession, Media], Awaitable[None]]] = {
    "download alone": _download,
    "upload alone": _upload,
    "this bot": _ours,
    "read into memory, then send": _read_and_send,
}


class _Throttle:
    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._passed = 0

    async def let_pass(self, size: int) -> None:
        self._passed += size
        await asyncio.sleep(max(0.0, self._passed / _SPEED - (time.perf_counter() - self._started)))


async def _give(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(_SIZE), "Content-Type": "audio/mpeg"})
    await response.prepare(request)
    throttle = _Throttle()
    for start in range(0, _SIZE, _CHUNK):
        chunk = _SONG[start : start + _CHUNK]
        await throttle.let_pass(len(chunk))
        await response.write(chunk)
    return response


async def _take(request: web.Request) -> web.Response:
    throttle = _Throttle()
    async for chunk in request.content.iter_chunked(_CHUNK):
        await throttle.let_pass(len(chunk))
    return web.Response(status=204)


def _host_and_discord() -> web.Application:
    app = web.Application()
    app.router.add_get("/song.mp3", _give)
    app.router.add_post("/{path:.*}", _take)
    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--neighbours", action="store_true")
    parser.add_argument("--way")
    parser.add_argument("--url", default="")
    chosen = parser.parse_args()
    if chosen.neighbours:
        asyncio.run(serve(_host_and_discord()))
    elif chosen.way:
        print(json.dumps(asyncio.run(_measure(chosen.url, chosen.way))))
    else:
        for name, result in asyncio.run(main()).items():
            print(f"{result['seconds']:6.2f} s  {result['megabytes']:6.1f} MB   {name}")
