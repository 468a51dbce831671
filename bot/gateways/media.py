"""Songs and covers from the hosts that gateways name: guarded, capped, and recognised before anything is claimed."""

import re
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from io import BufferedIOBase, BytesIO
from types import TracebackType
from typing import Self

import aiohttp
import stamina
from aiohttp.abc import AbstractResolver
from yarl import URL

from bot.errors import MediaError, MediaForbidden, MediaTooBig, MediaUnavailable, MediaUnrecognised
from bot.gateways.guard import Guard
from bot.gateways.relay import Relay, Spool
from bot.gateways.sniff import NEEDED, Kind, audio_kind, picture_kind

_TIMEOUT = aiohttp.ClientTimeout(total=120, sock_connect=5, sock_read=15)
_CHUNK = 64 * 1024
_MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}


class MediaFile:
    """An open file on its way to Discord; `async with` closes it. `size` in bytes."""

    def __init__(self, kind: Kind, file: BufferedIOBase, size: int) -> None:
        self.kind = kind
        self.file = file
        self.size = size

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(self.file, Relay):
            await self.file.spool.close()
        self.file.close()


class Media:
    """Raises MediaError and nothing else. Sends no cookie and no key, to whomever."""

    def __init__(self, *, allow_hosts: Collection[str], resolver: AbstractResolver | None = None) -> None:
        self._guard = Guard(allow_hosts, resolver)

    async def __aenter__(self) -> Self:
        self.session = aiohttp.ClientSession(
            # Names are resolved for each connection: a cached answer would be an unchecked one.
            connector=aiohttp.TCPConnector(resolver=self._guard, use_dns_cache=False),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity"},
            auto_decompress=False,
            timeout=_TIMEOUT,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    async def audio(self, url: str, *, limit: int, whole: bool = True) -> MediaFile:
        """`limit` in bytes. If it need not be whole it may still arrive; what cuts it off is then raised later."""
        return await _tried_twice(partial(self._song, url, limit, whole=whole))

    async def picture(self, url: str, *, limit: int) -> MediaFile:
        return await _tried_twice(partial(self._picture, url, limit))

    async def _song(self, url: str, limit: int, *, whole: bool) -> MediaFile:
        async with AsyncExitStack() as stack:
            response = await stack.enter_async_context(self._open(url))
            kind, head = await _recognise(response, limit, audio_kind)
            spool = Spool(head, _rest(response, len(head), limit), stack.pop_all())
        try:
            if whole or response.content_length is None:
                await spool.whole()
        except BaseException:
            await spool.close()
            raise
        size = spool.arrived if response.content_length is None else response.content_length
        return MediaFile(kind, Relay(spool, size), size)

    async def _picture(self, url: str, limit: int) -> MediaFile:
        async with self._open(url) as response:
            kind, content = await _recognise(response, limit, picture_kind)
            async for chunk in _rest(response, len(content), limit):
                content += chunk
        return MediaFile(kind, BytesIO(content), len(content))

    @asynccontextmanager
    async def _open(self, address: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer behind all redirects, each of which is checked."""
        url = URL(address)
        for _ in range(_MAX_REDIRECTS + 1):
            self._guard.check(url)
            async with self.session.get(url, allow_redirects=False) as response:
                if response.status not in _REDIRECTS:
                    _check_status(response)
                    yield response
                    return
                url = url.join(URL(response.headers.get("Location", "")))
        raise MediaUnavailable("it redirects in a circle")


class _Passing(MediaUnavailable):
    """A fault that may be gone a moment later."""


def _check_status(response: aiohttp.ClientResponse) -> None:
    if response.status >= 500:
        raise _Passing(f"status {response.status}")
    if response.status != 200:
        raise MediaUnavailable(f"status {response.status}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise MediaUnrecognised("compressed, though that was not asked for")


async def _tried_twice(fetch: Callable[[], Awaitable[MediaFile]]) -> MediaFile:
    async for attempt in stamina.retry_context(on=_Passing, attempts=2, timeout=60, wait_initial=0.5):
        with attempt:
            try:
                return await fetch()
            except MediaError:
                raise
            except ValueError as error:
                raise MediaForbidden("an address that cannot be read") from error
            except (aiohttp.ClientError, OSError) as error:
                raise _Passing(type(error).__name__) from error
    raise AssertionError("stamina ends in a file or an error")


async def _recognise(
    response: aiohttp.ClientResponse, limit: int, recognise: Callable[[bytes], Kind | None]
) -> tuple[Kind, bytes]:
    """What it is, and its first bytes."""
    declared = response.content_length
    if declared is not None and declared > limit:
        raise MediaTooBig(limit, declared)
    head = await _head(response)
    kind = recognise(head)
    if kind is None:
        raise MediaUnrecognised(f"{len(head)} first bytes of nothing known")
    return kind, head


async def _head(response: aiohttp.ClientResponse) -> bytes:
    head = b""
    while len(head) < NEEDED and (more := await response.content.read(NEEDED - len(head))):
        head += more
    return head


async def _rest(response: aiohttp.ClientResponse, size: int, limit: int) -> AsyncIterator[bytes]:
    """Behind the first `size` bytes, up to `limit` with them."""
    async for chunk in response.content.iter_chunked(_CHUNK):
        size += len(chunk)
        if size > limit:
            raise MediaTooBig(limit)
        yield chunk


def file_name(title: str, clip_id: str, number: int, kind: Kind) -> str:
    """ASCII only: Discord strips the rest. `number`, the clip's in its task, keeps siblings with alike ids apart."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:60].strip("-")
    short = re.sub(r"[^A-Za-z0-9]", "", clip_id)[:8]
    return "-".join(part for part in (words or "suno", short, str(number)) if part) + kind.extension
