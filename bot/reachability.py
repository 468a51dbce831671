"""Whether Discord can be reached: while it cannot, logs that repeatedly, with the reason."""

import logging
import socket
from collections.abc import Callable

import aiohttp
import discord

from bot.services.clock import Clock

_OFTEN, _FIRST, _SELDOM = 5.0, 60.0, 30.0  # seconds: first interval, its duration, later interval
_NO_ANSWER = "it does not answer"

log = logging.getLogger(__name__)


def why(error: BaseException) -> str:
    """The cause of a failed request to Discord, in words for an operator."""
    match error:
        case aiohttp.ClientConnectorDNSError() | socket.gaierror():
            return "its address cannot be looked up (no network, or no DNS)"
        case aiohttp.ClientConnectorCertificateError():
            return "its certificate is not trusted (a proxy is in between, or the clock is wrong)"
        case aiohttp.ClientConnectorError():
            return f"no connection to {error.host}: {error.os_error.strerror or 'refused'}"
        case TimeoutError():
            return _NO_ANSWER
        case discord.RateLimited():
            return f"it asks to wait {error.retry_after:.0f} s, as there were too many requests"
        case discord.HTTPException(status=429):
            return "it refuses requests from here for a while, as there were too many"
        case discord.HTTPException():
            return f"it answers with error {error.status}"
        case OSError(strerror=str(words)):
            return words
    return f"the connection broke ({type(error).__name__})"


class Reachability:
    """`is_reached` can be set once there is a client to ask."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._reason = _NO_ANSWER
        self.is_reached: Callable[[], bool] = lambda: False

    def failed(self, error: BaseException) -> None:
        self._reason = why(error)

    async def report(self) -> None:
        """Until cancelled."""
        lost, reported = self._clock.now(), False
        while True:
            gone = self._clock.now() - lost
            await self._clock.sleep(_OFTEN if gone < _FIRST else _SELDOM)
            if not self.is_reached():
                gone, reported = self._clock.now() - lost, True
                log.warning("Discord cannot be reached for %.0f s: %s. Trying again", gone, self._reason)
                continue
            if reported:
                log.info("Discord can be reached again")
            lost, reported, self._reason = self._clock.now(), False, _NO_ANSWER


class PlainWords(logging.Filter):
    """discord.py logs each broken connection with a traceback: this makes it one line, with the reason.

    It also logs each login attempt, which is dropped: only the result matters.
    """

    def __init__(self, reachability: Reachability) -> None:
        super().__init__()
        self._reachability = reachability

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error and str(record.msg).startswith("Attempting a reconnect"):
            self._reachability.failed(error)
            record.msg = f"the connection to Discord broke: {why(error)}. Trying again in %.0f s"
            record.exc_info = None
        return not str(record.msg).startswith("logging in using static token")
