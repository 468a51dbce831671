"""Requests that discord.py must not send a second time by itself.

It repeats what was answered with a 5xx, or not at all. A message has a nonce, and the second is the first; a post in a
forum has none, and would be there twice.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import SimpleNamespace

import aiohttp

from bot.errors import PostError

_TOO_MANY_REQUESTS = 429  # refused before anything was done

_unsettled: ContextVar[list[int] | None] = ContextVar("unsettled", default=None)  # statuses of those sent


@contextmanager
def sent_once() -> Iterator[None]:
    """Inside, a request whose outcome is unclear is not sent again. Raises PostError then, which says so."""
    token = _unsettled.set([])
    try:
        yield
    finally:
        _unsettled.reset(token)


def trace() -> aiohttp.TraceConfig:
    """For discord.py's HTTP client."""
    config = aiohttp.TraceConfig()
    config.on_request_start.append(_on_start)
    config.on_request_end.append(_on_end)
    return config


async def _on_start(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, _request: aiohttp.TraceRequestStartParams
) -> None:
    sent = _unsettled.get()
    if sent is None:
        return
    if sent and sent[-1] != _TOO_MANY_REQUESTS:
        raise PostError("it may have arrived: it is not sent again before that is known", status=sent[-1])
    sent.append(0)  # until there is an answer


async def _on_end(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, request: aiohttp.TraceRequestEndParams
) -> None:
    if sent := _unsettled.get():
        sent[-1] = request.response.status
