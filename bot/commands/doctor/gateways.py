"""Checks gateways, by a request for a made-up task, and media hosts."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import aiohttp

from bot.commands.doctor.addresses import find_suno
from bot.commands.doctor.findings import Finding, ok, problem, warning
from bot.config import GatewaySettings, gateway_prefix
from bot.errors import GatewayBusy, GatewayError, GatewayMisplaced, GatewayRefused, GatewayUnreachable
from bot.gateways.account import KeyUsage
from bot.gateways.connection import Connector
from bot.gateways.gateway import Gateway

_MADE_UP = "00000000-0000-4000-8000-000000000000"
_TIMEOUT = 5.0  # seconds, for a media host


async def check_gateway(name: str, settings: GatewaySettings) -> Finding:
    subject = f"gateway {name}"
    async with aiohttp.ClientSession(connector=Connector(), cookie_jar=aiohttp.DummyCookieJar()) as session:
        gateway = Gateway(name, settings.base_url, settings.api_key.get_secret_value(), session)
        try:
            await gateway.fetch(_MADE_UP)
        except GatewayBusy as error:
            return warning(subject, f"it answers that it is busy{_words(error)}. Ask again later.")
        except GatewayMisplaced:
            found = await find_suno(settings, _MADE_UP, session)
            return problem(subject, _nothing_there(settings.base_url, found, gateway_prefix(name)))
        except GatewayError as error:
            usage = await gateway.usage() if isinstance(error, GatewayRefused) else None
            return problem(subject, _remedy(error, usage, settings.base_url, gateway_prefix(name)))
    return ok(subject, f"{settings.base_url} answers and accepts the key")


def _words(error: GatewayError) -> str:
    return f' ("{error.words}")' if error.words else ""


def _usage(usage: KeyUsage | None) -> str:
    """What the gateway reports about the key, which may be the reason for the refusal."""
    if usage is None:
        return ""
    left = "no limit" if usage.left is None else f"{usage.left:,.0f} left"
    parts = [f"{usage.used:,.0f} of its quota used, {left}"]
    if usage.expires_at is not None:
        moment = datetime.fromtimestamp(usage.expires_at, UTC)
        parts.append(f"{'expired' if moment <= datetime.now(UTC) else 'expires'} on {moment:%Y-%m-%d}")
    if usage.models is not None:
        parts.append(f"it may only use the models {', '.join(usage.models) or '(none)'}")
    return f" The gateway says of the key: {'; '.join(parts)}."


def _remedy(error: GatewayError, usage: KeyUsage | None, base_url: str, prefix: str) -> str:
    match error:
        case GatewayRefused():
            check = f"Check {prefix}API_KEY, and the key's quota and limits at the gateway."
            return f"it refuses the key{_words(error)}.{_usage(usage)} {check}"
        case GatewayUnreachable():
            return f"{base_url} does not answer ({error}). Check {prefix}BASE_URL, the network and the firewall."
    return f"{base_url} gives an answer that nobody can read ({error}). Ask again later, or ask who runs it."


def _nothing_there(base_url: str, found: str | None, prefix: str) -> str:
    """`found`: an address at which there is one."""
    if found:
        return f"there is no Suno at {base_url}, but at {found}. Set {prefix}BASE_URL={found}"
    return (
        f"there is a web page at {base_url}, and no Suno. "
        f"Set {prefix}BASE_URL to what stands before /suno/fetch in the gateway's documentation."
    )


async def check_media_hosts(hosts: Sequence[str]) -> list[Finding]:
    """MEDIA_ALLOW_HOSTS, the hosts in private networks."""
    if not hosts:
        return [ok("media hosts", "songs may come from any public address, but not from private networks")]
    return [await _check_host(host) for host in hosts]


async def _check_host(entry: str) -> Finding:
    """Connects if there is a port, else only resolves the name."""
    host, port = _split(entry)
    try:
        async with asyncio.timeout(_TIMEOUT):
            await asyncio.get_running_loop().getaddrinfo(host, port)
            if port:
                _, writer = await asyncio.open_connection(host, port)
                writer.close()
                await writer.wait_closed()
    except (OSError, TimeoutError) as error:
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return warning(
            "media hosts", f"{entry} does not answer ({reason}). Correct it in MEDIA_ALLOW_HOSTS, or start it."
        )
    return ok("media hosts", f"{entry} is there")


def _split(entry: str) -> tuple[str, int | None]:
    """Host and port of an entry such as media.example.com, 10.0.0.7:9000, [::1]:80."""
    host, colon, port = entry.rpartition(":")
    if colon and port.isdigit():
        return host.strip("[]"), int(port)
    return entry.strip("[]"), None
