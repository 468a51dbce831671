"""Why Discord cannot be reached, in words for an operator."""

import socket

import aiohttp
import discord

NO_ANSWER = "it does not answer"


def why(error: BaseException) -> str:
    """The cause of a failed request or connection."""
    match error:
        case aiohttp.ClientConnectorDNSError() | socket.gaierror():
            return "its address cannot be looked up (no network, or no DNS)"
        case aiohttp.ClientConnectorCertificateError():
            return "its certificate is not trusted (a proxy is in between, or the clock is wrong)"
        case aiohttp.ClientConnectorError():
            return f"no connection to {error.host}: {error.os_error.strerror or 'refused'}"
        case TimeoutError():
            return NO_ANSWER
        case discord.RateLimited():
            return f"it asks to wait {error.retry_after:.0f} s, as there were too many requests"
        case discord.HTTPException(status=429):
            return "it refuses requests from here for a while, as there were too many"
        case discord.HTTPException() | aiohttp.ClientResponseError():
            return f"it answers with error {error.status}"
        case OSError(strerror=str(words)):
            return words
    return f"the connection broke ({type(error).__name__})"
