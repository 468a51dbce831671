"""Where a fault happens: the test environment, and all routes from the bot to its gateway and its media host."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.services.clock import Clock
from sandbox.local_discord.people import Person
from sandbox.local_discord.server import LocalDiscord
from sandbox.local_gateway.fake_task import FakeTask
from sandbox.local_gateway.server import LocalGateway
from sandbox.local_gateway.tcp_proxy import TcpProxy
from tests.conftest import Env
from tests.sample_tasks import ONE, TWO

_CERTIFICATE = Path(__file__).with_name("localhost.pem")  # with its key

SONGS = (ONE, TWO)
TASK = FakeTask("11111111-2222-4333-8444-555555555555", songs=SONGS, states=((0, "running"), (30, "done")))
OTHER = FakeTask("22222222-2222-4333-8444-555555555555", songs=SONGS)  # finished


class FakeResolver:
    """The system's resolver, except that a test can set the addresses of a name, one after the other, or none."""

    def __init__(self) -> None:
        self._system = socket.getaddrinfo
        self._addresses: dict[str, Iterator[str]] = {}

    def lead(self, name: str, *addresses: str) -> None:
        """The last address stays."""
        self._addresses[name] = chain(addresses, repeat(addresses[-1])) if addresses else iter(())

    def __call__(self, host: Any, *arguments: Any, **options: Any) -> Any:
        if host not in self._addresses:
            return self._system(host, *arguments, **options)
        address = next(self._addresses[host], None)
        if address is None:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return self._system(address, *arguments, **options)


@dataclass
class Scenario:
    """`watcher` watches a task in `channel`; `proxy` leads to the gateway; nothing may go to `stranger`."""

    env: Env
    watcher: Person
    channel: dict[str, Any]
    proxy: TcpProxy
    stranger: LocalGateway
    names: FakeResolver
    patch: pytest.MonkeyPatch
    later: ExitStack  # undone at the end of the test

    @property
    def database(self) -> Path:
        return Path(self.env.settings["database_url"].partition("///")[2])

    @property
    def discord(self) -> LocalDiscord:
        return self.env.discord

    @property
    def guild(self) -> dict[str, Any]:
        (guild,) = self.discord.world.guilds.values()
        return guild

    def dm_with(self, person: Person) -> dict[str, Any]:
        return self.discord.world.dm_with(person.user)

    @property
    def certificate(self) -> ssl.SSLContext:
        """A server's, which no authority has signed."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_CERTIFICATE)
        return context

    def trust_certificate(self) -> None:
        # aiohttp makes its own when it is imported: too early for SSL_CERT_FILE.
        context = ssl.create_default_context(cafile=_CERTIFICATE)
        self.patch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", context)


def asyncio_on(clock: Clock) -> SimpleNamespace:
    """The asyncio module with `sleep` on that clock, for a library that should wait in virtual time."""
    return SimpleNamespace(**vars(asyncio) | {"sleep": clock.sleep})
