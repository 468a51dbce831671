"""One order is one POST, however the gateway misbehaves: real sockets, counted."""

import asyncio
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


async def closes(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Before it says anything."""


async def submit(port: int, patience: float = 2.0) -> SubmitResult:
    async with Submitter("default", f"http://127.0.0.1:{port}", KEY) as submitter:
        return await submitter.submit(SUBMISSION, patience=patience)


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
        (hangs, Unsure),
        (cuts, Unsure),
        (closes, Unsure),
    ],
)
async def test_whatever_a_gateway_does_one_post_leaves(behaviour: Behaviour, expected: type) -> None:
    async with listening(behaviour) as gateway:
        result = await submit(gateway.port, patience=0.5 if behaviour is hangs else 2.0)
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
        assert isinstance(await submitter.submit(SUBMISSION, patience=2), NotTaken)
        await asyncio.sleep(0.05)
        assert not any(gateway.requests)


async def test_two_orders_are_two_connections() -> None:
    async with (
        listening(answers("200 OK", b'{"data":"task_1"}')) as gateway,
        Submitter("default", f"http://127.0.0.1:{gateway.port}", KEY) as submitter,
    ):
        for _ in range(2):
            await submitter.submit(SUBMISSION, patience=2)
        assert len(gateway.requests) == 2


async def test_the_key_goes_to_the_gateway_and_does_not_come_back() -> None:
    words = f'{{"code":"x","message":"bad key {KEY}"}}'.encode()
    async with listening(answers("400 Bad Request", words)) as gateway:
        result = await submit(gateway.port)
        assert f"Authorization: Bearer {KEY}".encode() in gateway.requests[0]
    assert isinstance(result, Refused)
    assert KEY not in result.detail
    assert "[key]" in result.detail
