"""Finds the right address of a gateway if the configured one has a path too many, such as /api."""

import contextlib
from collections.abc import Iterator
from urllib.parse import urlsplit

import aiohttp

from bot.config import GatewaySettings
from bot.errors import GatewayBusy, GatewayError, GatewayRefused
from bot.gateways.gateway import Gateway


async def find_suno(settings: GatewaySettings, made_up: str, session: aiohttp.ClientSession) -> str | None:
    """The longest address of this host at which there is a gateway. `made_up`: an id that no task has."""
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
    """The address without the last part of its path, without the last two, and so on."""
    path = urlsplit(address).path
    host = address.removesuffix(path)
    while path:
        path = path.rpartition("/")[0]
        yield f"{host}{path}"
