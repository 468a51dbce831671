"""Where Suno is, when it is not at the address that was typed: nearer to the host, as before a /api too many."""

import contextlib
from collections.abc import Iterator
from urllib.parse import urlsplit

import aiohttp

from bot.config import GatewaySettings
from bot.errors import GatewayBusy, GatewayError, GatewayRefused
from bot.gateways.gateway import Gateway


async def find_suno(settings: GatewaySettings, made_up: str, session: aiohttp.ClientSession) -> str | None:
    """The longest address of this host at which something speaks Suno. `made_up`: the id of no task."""
    for address in _shorter(settings.base_url):
        gateway = Gateway("doctor", address, settings.api_key.get_secret_value(), session)
        with contextlib.suppress(GatewayError):
            try:
                await gateway.fetch(made_up)
            except (GatewayRefused, GatewayBusy):
                return address
            return address
    return None


def _shorter(address: str) -> Iterator[str]:
    """Without the last part of the path, without the last two, and so on."""
    path = urlsplit(address).path
    host = address.removesuffix(path)
    while path:
        path = path.rpartition("/")[0]
        yield f"{host}{path}"
