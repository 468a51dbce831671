"""The local Discord on one port of 127.0.0.1."""

import socket
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from sandbox.local_discord.changes import Changes
from sandbox.local_discord.faults import Faults
from sandbox.local_discord.hub import Hub
from sandbox.local_discord.interactions import Interactions
from sandbox.local_discord.messages import Messages
from sandbox.local_discord.people import Person
from sandbox.local_discord.rest import Request, Rest
from sandbox.local_discord.session_starts import SessionStarts
from sandbox.local_discord.socket import Sockets
from sandbox.local_discord.world import World

_MAX_BODY = 64 * 1024 * 1024
_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.local.discord-that-opens-nothing-0123456789"  # in the form of a real one


class LocalDiscord:
    """`async with LocalDiscord() as discord`: discord.world is the state, discord.person(...) acts in it.

    `listener`: a socket of 127.0.0.1 that is already listening; by default a free port is used.
    """

    def __init__(
        self, *, token: str = _TOKEN, listener: socket.socket | None = None, world: World | None = None
    ) -> None:
        self.token = token
        self.world = world or World()
        self.hub = Hub(self.world)
        self.faults = Faults()
        self._listener = listener
        self._additions: list[Callable[[web.Application], None]] = []

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=_MAX_BODY)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        application.router.add_get("/socket/", self._socket)
        application.router.add_get("/socket", self._socket)
        application.router.add_get("/attachments/{id}/{name}", self._attachment)
        application.router.add_route("*", "/api/v10/{path:.*}", self._rest)
        for addition in self._additions:
            addition(application)
        await self._runner.setup()
        listener, runner = self._listener, self._runner
        await (web.SockSite(runner, listener) if listener else web.TCPSite(runner, "127.0.0.1", 0)).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._wire()
        return self

    def add(self, addition: Callable[[web.Application], None]) -> None:
        """Adds routes on the same port, such as the demo's page; to be called before the context is entered."""
        self._additions.append(addition)

    def _wire(self) -> None:
        socket_url = f"{self.url.replace('http', 'ws', 1)}/socket"
        self.messages = Messages(self.world, self.url)
        self.interactions = Interactions(self.world, self.messages, self.hub)
        self.rest = Rest(self.world, self.messages, self.interactions, self.hub, self.faults, self.token)
        self.rest.socket_url = socket_url
        self.sockets = Sockets(self.world, self.hub, self.starts, self.token, socket_url)
        self.changes = Changes(self.world, self.hub, self.sockets)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.sockets.drop()
        await self._runner.cleanup()

    @property
    def starts(self) -> SessionStarts:
        return self.rest.starts

    @property
    def requests(self) -> list[Request]:
        """The bot's requests, oldest first."""
        return self.rest.requests

    def person(self, user: Mapping[str, Any]) -> Person:
        return Person(dict(user), self.world, self.messages, self.interactions, self.hub)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        return await self.sockets.handle(request)

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        return await self.rest.handle(request)

    async def _attachment(self, request: web.Request) -> web.StreamResponse:
        stored = self.world.files.get(request.match_info["id"])
        if stored is None or not self.messages.may_serve(request.path, request.query):
            raise web.HTTPNotFound
        return serve(request, stored.content, stored.content_type)


def serve(request: web.Request, content: bytes, content_type: str) -> web.Response:
    """Supports ranges, which players need for seeking."""
    headers = {"Accept-Ranges": "bytes", "Content-Type": content_type}
    wanted = request.http_range
    if wanted.start is None and wanted.stop is None:
        return web.Response(body=content, headers=headers)
    start, stop, _ = wanted.indices(len(content))
    headers["Content-Range"] = f"bytes {start}-{max(start, stop) - 1}/{len(content)}"
    return web.Response(status=206, body=content[start:stop], headers=headers)
