"""The addresses from which the bot may fetch media: a stranger's URL must not reach the operator's network.

The resolver checks addresses, and exactly those that it returns are connected to: a name that resolves differently
after the check gains nothing.
"""

import ipaddress
import socket
from collections.abc import Collection

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.errors import MediaForbidden
from bot.gateways.resolver import Resolver

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_UNICAST = ipaddress.ip_network("2000::/3")  # all allocated unicast addresses of IPv6

# In addition to what the library calls not global: networks that some of its versions miss, those that contain an IPv4
# address, and Azure's internal service, which has a public address.
_FORBIDDEN = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    )
]  # fmt: skip


def is_public(text: str) -> bool:
    """Whether an IP address, as a resolver returns it, is public."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            address = address.ipv4_mapped
        elif address not in _UNICAST:
            return False
    return address.is_global and not any(address in network for network in _FORBIDDEN)


class AddressGuard(AbstractResolver):
    """Refuses by raising MediaForbidden. `allowed`: "host" or "host:port", exempt from the address check."""

    def __init__(self, allowed: Collection[str], resolver: AbstractResolver | None = None) -> None:
        self._allowed = frozenset(entry.lower() for entry in allowed)
        self._resolver = resolver or Resolver()

    def check(self, url: URL) -> None:
        """Call before a request and before each redirect: aiohttp asks no resolver for a literal address."""
        if url.scheme not in ("http", "https") or not url.host:
            raise MediaForbidden(f"the scheme {url.scheme!r}")
        if _is_literal(url.host) and not self._is_allowed(url.host, url.port) and not is_public(url.host):
            raise MediaForbidden("an address that is not public")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if not self._is_allowed(host, port) and not all(is_public(each["host"]) for each in found):
            raise MediaForbidden("a name with an address that is not public")
        return found

    async def close(self) -> None:
        await self._resolver.close()

    def _is_allowed(self, host: str, port: int | None) -> bool:
        shown = f"[{host}]" if ":" in host else host
        return not self._allowed.isdisjoint({host.lower(), shown.lower(), f"{shown}:{port}".lower()})


def _is_literal(host: str) -> bool:
    if ":" in host:  # aiohttp connects to it unchanged, whatever else it contains
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
