"""The servers of the hostile member: `python -m benchmarks.hostile_gateway`.

A slow gateway without the batch call, and media hosts (many, as with a wildcard in a DNS zone) that drip, send one byte
at a time, never end, or do not answer; all in one process, apart from the bot's.
"""

import asyncio
import contextlib
from itertools import chain, count, repeat

from aiohttp import web
from yarl import URL

from benchmarks.server_process import serve
from benchmarks.steady_gateway import body, json_response
from sandbox.local_gateway.fake_task import State
from sandbox.local_gateway.songs import audio

KINDS = ("drips", "crumbs", "endless", "unanswered", "hints")

_HOSTS = tuple(f"127.0.0.{number}" for number in range(2, 14))
_SLOW = 0.3  # seconds for each answer of the gateway
_HINTS = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2_000
_CRUMBS = b"1\r\nx\r\n" * 2_000
_BUFFERED = 1 << 18  # bytes


def hostile_task(kind: str, number: int) -> str:
    return f"{kind}-{number:08}"


class HostileGateway:
    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/suno/fetch/{id}", self._one)
        app.router.add_get("/{kind}/audio/{clip}", self._audio)
        app.router.add_get("/{kind}/cover/{clip}", self._audio)
        return app

    async def _one(self, request: web.Request) -> web.Response:
        await asyncio.sleep(_SLOW)
        identity = request.match_info["id"]
        kind, _, number = identity.partition("-")
        host = _HOSTS[int(number or 0) % len(_HOSTS)]
        state: State = "done" if kind in KINDS else "running"
        before, behind = body(state, f"http://{host}:{request.url.port}/{kind}")
        task = before + identity.encode() + behind
        return json_response(b'{"code":"success","message":"","data":' + task + b"}")

    async def _audio(self, request: web.Request) -> web.StreamResponse:
        with contextlib.suppress(ConnectionError):
            match request.match_info["kind"]:
                case "drips":
                    await _stream(request, audio("dawn", 20.0)[0], 1, 0.05)
                case "endless":
                    await _stream(request, b"\xff\xfb\x90\x00" * 4_000, 2_000, 0.1)
                case "crumbs":
                    await _raw(request, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", _CRUMBS)
                case "hints":
                    await _raw(request, b"", _HINTS)
                case _:
                    await asyncio.sleep(3_600)
        return web.Response()


async def _stream(request: web.Request, content: bytes, piece: int, pause: float) -> None:
    response = web.StreamResponse(headers={"Content-Type": "audio/mpeg"})
    await response.prepare(request)
    for start in (number % len(content) for number in count(0, piece)):
        await response.write(content[start : start + piece])
        await asyncio.sleep(pause)


async def _raw(request: web.Request, first: bytes, again: bytes) -> None:
    """Sends as fast as the client reads."""
    transport = request.transport
    for piece in chain([first], repeat(again)):
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() < _BUFFERED:
            transport.write(piece)
        await asyncio.sleep(0.001)


def hosts_of(gateway: str) -> str:
    """In the form of MEDIA_ALLOW_HOSTS."""
    return ",".join(f"{host}:{URL(gateway).port}" for host in _HOSTS)


if __name__ == "__main__":
    asyncio.run(serve(HostileGateway().app(), ("127.0.0.1", *_HOSTS)))
