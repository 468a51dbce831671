"""Framing without end, from a server that does nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bot.errors import GatewayUnreachable
from bot.gateways.connection import Connector
from bot.gateways.gateway import Gateway

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
_LONG_HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </" + b"a" * 4_000 + b">\r\n\r\n"


@asynccontextmanager
async def serving(first: bytes, again: bytes, last: bytes = b"", times: int = 1_000_000_000) -> AsyncIterator[str]:
    """To every request: first, then the same again and again, as fast as it is taken."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(first)
            for _ in range(times):
                writer.write(again)
                await writer.drain()
                await asyncio.sleep(0)
            writer.write(last)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort() if times > 1_000_000 else writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b"", _HINT * 500),
        (_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 5_000),
        (_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 4_000 + b"\r\n \r\n"),
        (_HEAD + b"Content-Length: 100000000\r\n\r\n", b" "),
    ],
    ids=["interim answers", "chunks of one byte", "extensions of chunks", "one byte at a time"],
)
@pytest.mark.usefixtures("impatient")
async def test_framing_without_end_is_cut_off(first: bytes, again: bytes) -> None:
    async with serving(first, again) as url, aiohttp.ClientSession(connector=Connector()) as session:
        before = time.monotonic()
        with pytest.raises(GatewayUnreachable, match="ClientPayloadError"):
            await Gateway("default", url, "", session).fetch("t")
        assert time.monotonic() - before < 9, "cut off by what it is, not by the time-out"


async def test_of_interim_answers_without_end_hardly_any_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that come in one piece from the network would be thousands, each an object of its own."""
    read: list[object] = []
    monkeypatch.setattr(
        "aiohttp.client_proto.ResponseHandler.feed_data", lambda _self, message, _size: read.append(message)
    )
    async with (
        serving(b"", b"HTTP/1.1 103 \r\n\r\n" * 20_000) as url,
        aiohttp.ClientSession(connector=Connector()) as session,
    ):
        with pytest.raises(aiohttp.ClientPayloadError):
            await session.get(url)
    assert 0 < len(read) < 200


@pytest.mark.parametrize(
    ("first", "again", "last"),
    [
        (_HINT * 3 + _HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"a\r\n          \r\n", b"4\r\nnull\r\n0\r\n\r\n"),
        (_HEAD + b"Connection: close\r\n\r\n", b" " * 100, b"null"),
        (_HEAD + b"X: " + b"x" * 12_000 + b"\r\nConnection: close\r\n\r\n", b" " * 100, b"null"),
    ],
    ids=["small chunks", "small pieces", "a long header"],
)
async def test_an_answer_with_a_body_is_read(first: bytes, again: bytes, last: bytes) -> None:
    async with (
        serving(first, again, last, times=3_000) as url,
        aiohttp.ClientSession(connector=Connector()) as session,
        session.get(url, max_field_size=65_536) as response,
    ):
        assert (await response.read()).strip() == b"null"


async def test_each_request_of_a_connection_begins_anew() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(30):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_LONG_HINT * 5 + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, aiohttp.ClientSession(connector=Connector()) as session:
        for _ in range(30):
            async with session.get(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as response:
                assert await response.read() == b"null"


async def test_a_connection_that_waits_to_be_used_again_does_not_time_out() -> None:
    """Also one whose last bytes waited to be read: aiohttp starts the time-out anew for what is already whole."""
    body, seen = b"x" * 8_000, set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            seen.add(writer.get_extra_info("peername"))
            writer.write(_HEAD + b"Content-Length: 8000\r\n\r\n" + body)
        writer.close()

    timeout = aiohttp.ClientTimeout(sock_read=0.1)
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with aiohttp.ClientSession(connector=Connector(), timeout=timeout, read_bufsize=1_024) as session:
            for _ in range(3):
                async with session.get(url) as response:
                    assert await response.read() == body
                await asyncio.sleep(0.3)
    assert len(seen) == 1, "it was used again"
