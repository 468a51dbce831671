"""One request to one gateway and its answer: the key is sent there and nowhere else."""

import asyncio
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import msgspec
from msgspec import Struct
from yarl import URL

from bot.errors import GatewayBroken, GatewayMisplaced, GatewayUnreachable
from bot.gateways.connection import MAX_HEADER

_MAX_REDIRECTS = 3
_REDIRECTS = {301, 302, 303, 307, 308}
_MAX_RETRY_AFTER = 86_400.0  # seconds: the longest wait that a gateway may ask for


class Response(Struct, frozen=True):
    status: int
    content_type: str
    body: bytes
    retry_after: float | None


class Exchange:
    """Raises GatewayError and nothing else."""

    def __init__(self, base_url: str, key: str, session: aiohttp.ClientSession) -> None:
        self._base = base_url
        self._headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        self._session = session

    async def request(
        self, method: str, path: str, body: Any, *, patience: aiohttp.ClientTimeout, most: int
    ) -> Response:
        """`most`: bytes of an answer, decompressed."""
        url = URL(f"{self._base}{path}", encoded=True)
        try:
            async with asyncio.timeout(patience.total):
                for _ in range(_MAX_REDIRECTS + 1):
                    response, location = await self._request_once(method, url, body, patience, most)
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
        self, method: str, url: URL, body: Any, patience: aiohttp.ClientTimeout, most: int
    ) -> tuple[Response, str | None]:
        data = None if body is None else msgspec.json.encode(body)
        async with self._session.request(
            method,
            url,
            data=data,
            headers=self._headers | ({"Content-Type": "application/json"} if data else {}),
            allow_redirects=False,
            timeout=patience,
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
        ) as answer:
            location = answer.headers.get("Location") if answer.status in _REDIRECTS else None
            response = Response(
                answer.status,
                answer.headers.get("Content-Type", ""),
                b"" if location else await _read(answer, most),
                _retry_after(answer.headers.get("Retry-After")),
            )
        return response, location


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


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            raise GatewayBroken(f"an answer of more than {most} bytes")
    return b"".join(chunks)
