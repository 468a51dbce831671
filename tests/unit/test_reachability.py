"""What the log says while Discord cannot be reached."""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from bot.app import serve
from bot.config import load_settings
from bot.domain.shards import ShardCondition
from bot.outage import why
from bot.reachability import Reachability
from tests.clock import JumpingClock
from tests.conftest import Env

HOST: Any = SimpleNamespace(host="discord.com", port=443, ssl=True, is_ssl=True)


def answer(status: int) -> Any:
    return SimpleNamespace(status=status, reason="")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (aiohttp.ClientConnectorDNSError(HOST, OSError(-2, "Name or service not known")), "cannot be looked up"),
        (socket.gaierror(-3, "Temporary failure"), "cannot be looked up"),
        (aiohttp.ClientConnectorError(HOST, OSError(111, "Connection refused")), "Connection refused"),
        (aiohttp.ClientConnectorCertificateError(HOST, ssl.CertificateError("x")), "certificate is not trusted"),
        (TimeoutError(), "does not answer"),
        (aiohttp.ServerDisconnectedError(), "the connection broke"),
        (OSError(101, "Network is unreachable"), "Network is unreachable"),
        (aiohttp.WSServerHandshakeError(HOST, (), status=503), "error 503"),
        (discord.RateLimited(90), "asks to wait 90 s"),
        (discord.HTTPException(answer(429), ""), "too many"),
        (discord.DiscordServerError(answer(503), ""), "error 503"),
    ],
)
def test_the_reason_is_given_in_plain_words(error: Exception, expected: str) -> None:
    assert expected in why(error)


@asynccontextmanager
async def reported(reachability: Reachability) -> AsyncIterator[None]:
    reporting = asyncio.create_task(reachability.report())
    try:
        yield
    finally:
        reporting.cancel()
        await asyncio.wait({reporting})


async def test_it_is_said_every_few_seconds_and_then_less_often(caplog: pytest.LogCaptureFixture) -> None:
    clock = JumpingClock()
    reachability, connected = Reachability(clock), False
    reachability.shards = lambda: [ShardCondition(id=0, connected=connected)]
    with caplog.at_level(logging.INFO, "bot"):
        async with reported(reachability):
            await clock.advance(60, step=5)
            assert len(caplog.messages) >= 11
            assert caplog.messages[0] == "Discord cannot be reached for 5 s: it does not answer. Trying again"
            reachability.failed(OSError(101, "Network is unreachable"))
            await clock.advance(300, step=5)
            assert len(caplog.messages) <= 24
            assert "Network is unreachable" in caplog.messages[-1]
            connected = True
            await clock.advance(60, step=5)
            assert caplog.messages[-1] == "Discord can be reached again"
            caplog.clear()
            await clock.advance(300, step=5)
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ("----", "Discord cannot be reached for 5 s: no route. Trying again"),
        ("+--+", "Discord cannot be reached by shard 1, 2 of 4 for 5 s: no route. Trying again"),
        ("+..-", "Discord cannot be reached by shard 3 of 4 for 5 s: no route. Trying again"),
        ("+...", None),
        ("++++", None),
    ],
)
async def test_shards_are_named_unless_they_only_wait_for_their_turn(
    states: str, expected: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """-: no connection; .: it waits for its turn."""
    clock = JumpingClock()
    reachability = Reachability(clock)
    reachability.shards = lambda: [
        ShardCondition(id=number, connected=each == "+", queued=each == ".", reason="no route" if each == "-" else "")
        for number, each in enumerate(states)
    ]
    async with reported(reachability):
        await clock.advance(5, step=5)
    assert caplog.messages == ([expected] if expected else [])


async def test_the_program_says_so_while_it_cannot_log_in(env: Env, caplog: pytest.LogCaptureFixture) -> None:
    env.discord.faults.fail("/users/@me", 503, times=1_000)
    with caplog.at_level(logging.INFO):
        serving = asyncio.create_task(serve(load_settings(**env.settings), env.clock))
        await env.discord.hub.until(lambda: env.discord.requests)
        await env.clock.advance(20, step=5)
        serving.cancel()
        await asyncio.wait({serving})
    assert "Discord cannot be reached for 5 s: it answers with error 503. Trying again" in caplog.messages
    assert not any("logging in" in message for message in caplog.messages)
