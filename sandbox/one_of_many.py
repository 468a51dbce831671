"""The bot as one of several processes: `python -m sandbox.one_of_many SECONDS URL INTERVAL run`.

Its system clock is wrong by so many seconds, and its requests say which process sent them. All else is unmodified.
"""

import functools
import os
import sys
import time
from typing import Any

import aiohttp
from multidict import CIMultiDict

from sandbox.redirected_bot import run

PROCESS = "X-Process"  # the name of a header
_SEND = "_request"  # the method through which all requests go


def set_clock_wrong(seconds: float) -> None:
    right = time.time
    time.time = lambda: right() + seconds


def sign_requests() -> None:
    send = getattr(aiohttp.ClientSession, _SEND)

    @functools.wraps(send)
    async def signed(session: aiohttp.ClientSession, *values: Any, **named: Any) -> Any:
        named["headers"] = CIMultiDict(named.get("headers") or {})
        named["headers"][PROCESS] = str(os.getpid())
        return await send(session, *values, **named)

    setattr(aiohttp.ClientSession, _SEND, signed)


if __name__ == "__main__":
    set_clock_wrong(float(sys.argv.pop(1)))
    sign_requests()
    run()
