"""Whether Discord can be reached: said in the log again and again as long as it cannot, with the reason in words."""

import logging
import socket
from collections.abc import Callable

import aiohttp
import discord

from bot.services.clock import Clock

_OFTEN, _FIRST, _SELDOM = 5.0, 60.0, 30.0  # seconds: how often, for how long at first, and how often then
_SILENCE = "it gives no answer"

log = logging.getLogger(__name__)


def why(error: BaseException) -> str:
    """What an operator can make of a request to Discord that failed."""
    match error:
        case aiohttp.ClientConnectorDNSError() | socket.gaierror():
            return "its address cannot be looked up (no network, or no DNS)"
        case aiohttp.ClientConnectorCertificateError():
            return "its certificate is not trusted (something is in between, or the clock is wrong)"
        case aiohttp.ClientConnectorError():
            return f"no connection to {error.host}: {error.os_error.strerror or 'refused'}"
        case TimeoutError():
            return _SILENCE
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
    """`is_reached` can be set when there is something to ask."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._reason = _SILENCE
        self.is_reached: Callable[[], bool] = lambda: False

    def failed(self, error: BaseException) -> None:
        self._reason = why(error)

    async def report(self) -> None:
        """Until cancelled."""
        lost, told = self._clock.now(), False
        while True:
            gone = self._clock.now() - lost
            await self._clock.sleep(_OFTEN if gone < _FIRST else _SELDOM)
            if not self.is_reached():
                gone, told = self._clock.now() - lost, True
                log.warning("Discord cannot be reached for %.0f s: %s. Trying again", gone, self._reason)
                continue
            if told:
                log.info("Discord can be reached again")
            lost, told, self._reason = self._clock.now(), False, _SILENCE


class PlainWords(logging.Filter):
    """discord.py tells of each connection that broke with a traceback: here it is one line, with the reason.

    That it logs in is told each time it tries, and says nothing: what becomes of it does.
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
