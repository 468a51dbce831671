"""The HTTP client of one gateway: the key is sent there and nowhere else, and not shown where an answer repeats it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import msgspec
from msgspec import Struct
from yarl import URL

from bot.errors import GatewayBroken, GatewayBusy, GatewayError, GatewayMisplaced, GatewayUnreachable
from bot.gateways.connection import MAX_HEADER
from bot.gateways.secret import Secret

_MAX_REDIRECTS = 3
_REDIRECTS = {301, 302, 303, 307, 308}
_MAX_RETRY_AFTER = 86_400.0  # seconds: the longest wait that a gateway may ask for


class Response(Struct, frozen=True):
    status: int
    content_type: str
    body: bytes
    retry_after: float | None


class HttpClient:
    """Raises GatewayError and nothing else. `secret` redacts the key in what an answer says."""

    def __init__(self, base_url: str, key: str, session: aiohttp.ClientSession) -> None:
        self.secret = Secret(key)
        self._base = base_url
        self._headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        self._session = session

    async def request(
        self, method: str, path: str, body: Any, *, time_limits: aiohttp.ClientTimeout, max_size: int
    ) -> Response:
        """`max_size`: bytes of an answer, decompressed."""
        url = URL(f"{self._base}{path}", encoded=True)
        try:
            async with asyncio.timeout(time_limits.total):
                for _ in range(_MAX_REDIRECTS + 1):
                    response, location = await self._request_once(method, url, body, time_limits, max_size)
                    if location is None:
                        return response
                    url = _same_origin(url, location)
        except TimeoutError as error:
            raise GatewayUnreachable("no answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise GatewayUnreachable(type(error).__name__) from error
        except ValueError as error:  # a header or an address that cannot be parsed
            raise GatewayBroken(type(error).__name__) from error
        raise GatewayMisplaced("too many redirects")

    async def _request_once(
        self, method: str, url: URL, body: Any, time_limits: aiohttp.ClientTimeout, max_size: int
    ) -> tuple[Response, str | None]:
        data = None if body is None else msgspec.json.encode(body)
        async with self._session.request(
            method,
            url,
            data=data,
            headers=self._headers | ({"Content-Type": "application/json"} if data else {}),
            allow_redirects=False,
            timeout=time_limits,
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
        ) as answer:
            location = answer.headers.get("Location") if answer.status in _REDIRECTS else None
            response = Response(
                answer.status,
                answer.headers.get("Content-Type", ""),
                b"" if location else await _read(answer, max_size),
                _retry_after(answer.headers.get("Retry-After")),
            )
        return response, location

    @contextmanager
    def reading(self, response: Response) -> Iterator[None]:
        """While an answer is read: errors without the key, which a gateway may repeat, and busy ones with the time to
        wait.
        """
        try:
            yield
        except GatewayError as error:
            error.args = (self.secret.redact(str(error)),)
            error.words = self.secret.redact(error.words)
            if isinstance(error, GatewayBusy):
                error.ask_to_wait(response.retry_after)
            raise


def _same_origin(url: URL, location: str) -> URL:
    """The target of a redirect, if the key may be sent there."""
    target = url.join(URL(location, encoded=True))
    if target.origin() != url.origin():
        raise GatewayMisplaced("it redirects to another host")
    return target


def _retry_after(header: str | None) -> float | None:
    """Seconds, from seconds or an HTTP date."""
    if not header:
        return None
    try:
        if header.strip().isdigit():
            return min(float(header), _MAX_RETRY_AFTER)
        moment = parsedate_to_datetime(header)
        return min(max(0.0, (moment - moment.now(moment.tzinfo)).total_seconds()), _MAX_RETRY_AFTER)
    except (ValueError, TypeError, OverflowError):
        return None


async def _read(response: aiohttp.ClientResponse, max_size: int) -> bytes:
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > max_size:
            raise GatewayBroken(f"an answer of more than {max_size} bytes")
    return b"".join(chunks)
