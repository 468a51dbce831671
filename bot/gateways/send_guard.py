"""Requests that may only be sent while this process leads."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import aiohttp

Check = Callable[[], None]


def unchecked() -> None:
    """For a process that nobody can take over from."""


def guard(check: Check) -> aiohttp.TraceConfig:
    """`check` is called before a request, before its first byte, and before each further part of its body. What it
    raises ends the request there.

    The last two matter to a process that was stopped or slept meanwhile: nothing else tells it how late it is.
    """

    async def call_check(_session: aiohttp.ClientSession, _context: SimpleNamespace, _params: Any) -> None:
        check()

    config = aiohttp.TraceConfig()
    config.on_request_start.append(call_check)
    config.on_request_headers_sent.append(call_check)  # called before they are sent
    config.on_request_chunk_sent.append(call_check)  # likewise
    return config
