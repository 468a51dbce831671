"""Requests to Discord that must not be sent again, or not any more.

discord.py repeats a request after a 5xx, or without an answer. A message has a nonce, which makes a repetition
harmless; a forum post has none, and would be posted twice. And a process that does not lead any more sends nothing at
all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import SimpleNamespace

import aiohttp

from bot.errors import PostError
from bot.gateways.send_guard import Check, guard

_TOO_MANY_REQUESTS = 429  # refused before anything was done

_attempts: ContextVar[list[int] | None] = ContextVar("attempts", default=None)  # statuses of the attempts so far


@contextmanager
def sent_once() -> Iterator[None]:
    """Within it, a request with an unclear outcome is not repeated. Raises PostError instead."""
    token = _attempts.set([])
    try:
        yield
    finally:
        _attempts.reset(token)


def trace(check: Check) -> aiohttp.TraceConfig:
    """For discord.py's HTTP client, which takes one. `check` raises what ends a request before it is sent."""
    config = guard(check)
    config.on_request_start.append(_on_start)
    config.on_request_end.append(_on_end)
    return config


async def _on_start(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, _request: aiohttp.TraceRequestStartParams
) -> None:
    sent = _attempts.get()
    if sent is None:
        return
    if sent and sent[-1] != _TOO_MANY_REQUESTS:
        raise PostError("it may have arrived, and is not sent again until that is known", status=sent[-1])
    sent.append(0)  # until there is an answer


async def _on_end(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, request: aiohttp.TraceRequestEndParams
) -> None:
    if sent := _attempts.get():
        sent[-1] = request.response.status
