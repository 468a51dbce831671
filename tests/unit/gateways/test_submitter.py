"""One order is one POST, however the gateway misbehaves: real sockets, counted."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bot.domain.order import Accepted, NotTaken, Refused, SubmitResult, Unsure
from bot.errors import LeadershipLost
from bot.gateways.submission import Submission
from bot.gateways.submitter import Submitter

SUBMISSION = Submission("/suno/submit/music", {"prompt": "la"})
KEY = "sk-secret-of-the-operator"
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """Counts requests by their first lines."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.requests: list[bytes] = []
        self.port = 0
        self._behaviour = behaviour

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head)
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            await self._behaviour(reader, writer)
        finally:
            writer.close()


@asynccontextmanager
async def listening(behaviour: Behaviour) -> AsyncIterator[Listener]:
    listener = Listener(behaviour)
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    listener.port = server.sockets[0].getsockname()[1]
    try:
        yield listener
    finally:
        server.close()


def answers(status: str, body: bytes = b"", *headers: str) -> Behaviour:
    async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()

    return behave


async def answers_for_ever(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """With interim answers alone: they are cut off, long before patience ends."""
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 500)
        await writer.drain()


async def hangs(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(5)


async def cuts(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"code":')
    await writer.drain()


async def says_half(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """There is an id in it, but nobody knows what else was to come."""
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"code":"success","data":"task_1"}')
    await writer.drain()


async def says_half_in_chunks(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n22\r\n{"code":"success","data":"task_1"}\r\n')
    await writer.drain()


async def asks_to_go_on(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    await writer.drain()
    await answers("200 OK", b'{"data": "task_1"}')(_reader, writer)


async def switches(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
    await writer.drain()


async def dribbles(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"1\r\n \r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def floods(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """More than anybody would read; its end never comes."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" " * 65_536)
        await writer.drain()


async def speaks_no_http(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x16\x03\x01\x02\x00 task_1\r\n\r\n")
    await writer.drain()


BOMB = gzip.compress(b'{"data": "' + b"a" * 50_000_000 + b'"}')


async def closes(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Before it says anything."""


async def submit(port: int, time_limit: float = 2.0) -> SubmitResult:
    async with Submitter("default", f"http://127.0.0.1:{port}", KEY) as submitter:
        return await submitter.submit(SUBMISSION, time_limit=time_limit)


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (answers("200 OK", b'{"code":"success","data":"task_1"}'), Accepted),
        (answers("307 Temporary Redirect", b"", "Location: /suno/submit/music/"), Refused),
        (answers("429 Too Many Requests", b"{}", "Retry-After: 0"), NotTaken),
        (answers("504 Gateway Timeout", b"<html>"), Unsure),
        (answers("200 OK", b"{}"), Unsure),
        (answers("200 OK", b'{"data": "t"}', "Content-Security-Policy: " + "a" * 12_000), Accepted),
        (answers("200 OK", b'{"data": "t"}', "X-Long: " + "a" * 70_000), Unsure),
        (answers_for_ever, Unsure),
        (answers("302 Found", b'{"data": "task_1"}', "Location: http://127.0.0.1:1/"), Refused),
        (answers("200 OK", b'{"data": "task_1"}', "Location: /suno/submit/music/"), Accepted),
        (answers("200 OK", b'{"data": "task_1"'), Unsure),
        (answers("200 OK", b'{"data": "task_1"}{"data": "task_2"}'), Unsure),
        (answers("200 OK", BOMB, "Content-Encoding: gzip"), Unsure),
        (answers("200 OK", b"\x1f\x8b no gzip", "Content-Encoding: gzip"), Unsure),
        (answers("200 OK", b'{"data": "task_1"}', "Content-Length: 3"), Unsure),
        (answers("204 No Content"), Unsure),
        (asks_to_go_on, Accepted),
        (switches, Unsure),
        (says_half, Unsure),
        (says_half_in_chunks, Unsure),
        (dribbles, Unsure),
        (floods, Unsure),
        (speaks_no_http, Unsure),
        (hangs, Unsure),
        (cuts, Unsure),
        (closes, Unsure),
    ],
)
async def test_whatever_a_gateway_does_one_post_leaves(behaviour: Behaviour, expected: type) -> None:
    async with listening(behaviour) as gateway:
        result = await submit(gateway.port, time_limit=0.5 if behaviour in (hangs, dribbles) else 2.0)
        assert isinstance(result, expected)
        await asyncio.sleep(0.05)
        assert len(gateway.requests) == 1
        assert gateway.requests[0].startswith(b"POST /suno/submit/music HTTP/1.1")


@pytest.mark.parametrize("said", [KEY, KEY.replace("-", "\u200b-"), KEY.encode().hex(), f"{KEY[:14]}..."])
async def test_a_refusals_text_never_contains_the_key(said: str) -> None:
    body = json.dumps({"code": "fail", "message": f"key {said} is bad"}).encode()
    async with listening(answers("401 Unauthorized", body)) as gateway:
        result = await submit(gateway.port)
    assert isinstance(result, Refused)
    assert KEY[3:14] not in result.detail.replace("\u200b", "")
    assert KEY.encode().hex() not in result.detail


async def test_a_refused_port_has_taken_nothing() -> None:
    async with listening(hangs) as gateway:
        port = gateway.port
    assert isinstance(await submit(port), NotTaken)


@pytest.mark.parametrize("calls", [0, 1])  # of the check, until the process has been stopped for too long
async def test_a_process_that_does_not_lead_any_more_sends_nothing(calls: int) -> None:
    left = [None] * calls

    def check() -> None:
        if not left:
            raise LeadershipLost("another process leads")
        left.pop()

    async with (
        listening(answers("200 OK", b'{"data":"task_1"}')) as gateway,
        Submitter("default", f"http://127.0.0.1:{gateway.port}", KEY, check) as submitter,
    ):
        assert isinstance(await submitter.submit(SUBMISSION, time_limit=2), NotTaken)
        await asyncio.sleep(0.05)
        assert not any(gateway.requests)


async def test_two_orders_are_two_connections() -> None:
    async with (
        listening(answers("200 OK", b'{"data":"task_1"}')) as gateway,
        Submitter("default", f"http://127.0.0.1:{gateway.port}", KEY) as submitter,
    ):
        for _ in range(2):
            await submitter.submit(SUBMISSION, time_limit=2)
        assert len(gateway.requests) == 2


async def test_the_key_goes_to_the_gateway_and_does_not_come_back() -> None:
    words = f'{{"code":"x","message":"bad key {KEY}"}}'.encode()
    async with listening(answers("400 Bad Request", words)) as gateway:
        result = await submit(gateway.port)
        assert f"Authorization: Bearer {KEY}".encode() in gateway.requests[0]
    assert isinstance(result, Refused)
    assert KEY not in result.detail
    assert "[key]" in result.detail
