"""Answers of servers that may misbehave before they have said anything, for aiohttp's `response_class`."""

from typing import Any, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

MAX_HEADER = 64 * 1024  # bytes of one header; aiohttp's own 8 KiB are less than some content security policies have
_MOST_INTERIM = 20  # answers such as 103 Early Hints before the real one


def gateway_session() -> aiohttp.ClientSession:
    """For gateways: it keeps no cookies, and minds neither long headers nor a server without an end to its hints."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        response_class=Response,
        max_line_size=MAX_HEADER,
        max_field_size=MAX_HEADER,
    )


class Response(aiohttp.ClientResponse):
    """Gives up on a server that sends interim answers without end: reading them would keep a core busy."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        return await super().start(cast("Connection", _CountingConnection(connection)))


class _CountingConnection:
    """A connection whose messages are counted. Everything else is the connection's own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.protocol = (
            cast("ResponseHandler", _CountingProtocol(connection.protocol)) if connection.protocol is not None else None
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class _CountingProtocol:
    def __init__(self, protocol: ResponseHandler) -> None:
        self._protocol = protocol
        self._messages = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._protocol, name)

    async def read(self) -> Any:
        self._messages += 1
        if self._messages > _MOST_INTERIM:
            raise aiohttp.ClientPayloadError("interim answers without end")
        return await self._protocol.read()
