"""Songs and covers from the hosts that gateways name: guarded, capped, and recognised before anything is claimed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from io import BufferedIOBase, BytesIO
from types import TracebackType
from typing import Self

import aiohttp
import stamina
from aiohttp.abc import AbstractResolver
from yarl import URL

from bot.domain.task import host_of
from bot.errors import MediaError, MediaForbidden, MediaSlow, MediaTooBig, MediaUnavailable, MediaUnrecognised
from bot.gateways.address_guard import AddressGuard
from bot.gateways.addresses import redirected, request_url
from bot.gateways.connection import MAX_HEADER, Connector
from bot.gateways.disk_budget import DiskBudget, Share
from bot.gateways.file_type import PICTURE, FileType, picture_kind
from bot.gateways.hosts import Hosts, Slots, Standing
from bot.gateways.recognise import recognise
from bot.gateways.relay import Relay, Spool
from bot.gateways.transfer_rate import BRISK, PATIENT, TransferRate, paced

_MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_WHOLE = {200, 203}  # 203: something on the way has changed it, if only its headers
_PICTURES = 32 * 1024 * 1024  # bytes of pictures in memory, and a quarter of it for one person or host
_PACES = {False: BRISK, True: PATIENT}  # by whether the host may be slow


class MediaFile:
    """An open file on its way to Discord; `async with` closes it. `size` in bytes; `start`: where its sound begins."""

    def __init__(
        self, kind: FileType, file: BufferedIOBase, size: int, start: int = 0, share: Share | None = None
    ) -> None:
        self.kind = kind
        self.file = file
        self.size = size
        self.start = start
        self._share = share  # of the memory in which it is held

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(self.file, Relay):
            await self.file.spool.close()
        self.file.close()
        if self._share:
            self._share.give_back(self.size)


class Media:
    """Raises MediaError and nothing else. Sends no cookie and no key, to whomever."""

    def __init__(self, *, allow_hosts: Collection[str], resolver: AbstractResolver | None = None) -> None:
        self.hosts = Hosts()
        self._guard = AddressGuard(allow_hosts, resolver)
        self._disk = DiskBudget()
        self._memory = DiskBudget(_PICTURES, _PICTURES // 4)
        self._songs = Slots(self.hosts)
        self._pictures = Slots(self.hosts)

    async def __aenter__(self) -> Self:
        self.session = aiohttp.ClientSession(
            # Names are resolved for each connection: a cached answer would be an unchecked one. How many connections
            # there may be, the slots say: in a pool that all share, some that hang would leave none for others.
            connector=Connector(resolver=self._guard, use_dns_cache=False, limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity"},
            auto_decompress=False,
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    async def audio(
        self, url: str, *, limit: int, person: int = 0, whole: bool = True, patient: bool = False
    ) -> MediaFile:
        """`limit` in bytes; `person`: for whom, as a Discord id. If it need not be whole it may still arrive, where
        its host is known to behave; what cuts it off is then raised later. `patient`: the host may be slow.
        """
        fetch = partial(self._song, url, limit, person, whole=whole, rate=_PACES[patient])
        return await _tried_twice(fetch)

    async def picture(self, url: str, *, limit: int, person: int = 0) -> MediaFile:
        return await _tried_twice(partial(self._picture, url, limit, person))

    async def _song(self, url: str, limit: int, person: int, *, whole: bool, rate: TransferRate) -> MediaFile:
        host = host_of(url)
        behaves = self.hosts.standing(host) is Standing.GOOD
        share = self._disk.share(person) if behaves else self._disk.share(person, host)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._songs.take(host, person))
            response = await stack.enter_async_context(self._open(url, rate))
            size = _size(response, limit)
            spool = Spool(self._watched(host, response, rate, limit), stack, size=size, share=share)
        try:
            found = await recognise(spool, size)
            if whole or size is None or not behaves:
                await spool.whole()
        except BaseException:
            await spool.close()
            raise
        size = spool.arrived if size is None else size
        return MediaFile(found.kind, Relay(spool, size), size, found.start)

    async def _picture(self, url: str, limit: int, person: int) -> MediaFile:
        host, rate = host_of(url), _PACES[False]
        async with self._pictures.take(host, person), self._open(url, rate) as response:
            declared = _size(response, limit)
            share = self._memory.share(person, host)
            with _leased(share, limit if declared is None else declared):
                content = b"".join([chunk async for chunk in paced(response.content, rate, limit)])
        kind = picture_kind(content[:PICTURE])
        if kind is None:
            raise MediaUnrecognised(f"{len(content)} bytes of no known picture")
        share.take(len(content))
        return MediaFile(kind, BytesIO(content), len(content), share=share)

    async def _watched(
        self, host: str, response: aiohttp.ClientResponse, rate: TransferRate, limit: int
    ) -> AsyncIterator[bytes]:
        """What comes, and what that says of the host: it behaves if it would have been quick enough at first."""
        loop, size = asyncio.get_running_loop(), 0
        since = loop.time()
        with self._judging(host):
            async for chunk in paced(response.content, rate, limit):
                size += len(chunk)
                yield chunk
        if rate is _PACES[False] or size > _PACES[False].rate * (loop.time() - since):
            self.hosts.note(host, Standing.GOOD)

    @contextmanager
    def _judging(self, host: str) -> Iterator[None]:
        try:
            yield
        except (MediaSlow, aiohttp.ClientError, OSError):
            self.hosts.note(host, Standing.SLOW)
            raise

    @asynccontextmanager
    async def _open(self, address: str, rate: TransferRate) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer behind all redirects."""
        async with AsyncExitStack() as stack:
            with self._judging(host_of(address)):
                async with asyncio.timeout(rate.answer):
                    response = await self._follow(request_url(address), rate, stack)
            _check_status(response)
            yield response

    async def _follow(self, url: URL, rate: TransferRate, stack: AsyncExitStack) -> aiohttp.ClientResponse:
        """Each address is checked."""
        for _ in range(_MAX_REDIRECTS + 1):
            self._guard.check(url)
            asked = self.session.get(url, allow_redirects=False, timeout=rate.timeout)
            response = await stack.enter_async_context(asked)
            if response.status not in _REDIRECTS:
                return response
            response.close()
            url = redirected(url, response.headers.get("Location", ""))
        raise MediaUnavailable("it redirects in a circle")


class _Passing(MediaUnavailable):
    """A fault that may be gone a moment later."""


def _check_status(response: aiohttp.ClientResponse) -> None:
    if response.status >= 500:
        raise _Passing(f"status {response.status}")
    if response.status not in _WHOLE:
        raise MediaUnavailable(f"status {response.status}")


async def _tried_twice(fetch: Callable[[], Awaitable[MediaFile]]) -> MediaFile:
    async for attempt in stamina.retry_context(on=_Passing, attempts=2, timeout=60, wait_initial=0.5):
        with attempt:
            try:
                return await fetch()
            except MediaError:
                raise
            except ValueError as error:
                raise MediaForbidden("an address that cannot be read") from error
            except TimeoutError as error:
                raise MediaSlow("no answer in time") from error
            except (aiohttp.ClientError, OSError) as error:
                raise _Passing(type(error).__name__) from error
    raise AssertionError("stamina ends in a file or an error")


def _size(response: aiohttp.ClientResponse, limit: int) -> int | None:
    """Bytes, as far as the host says it. Raises MediaTooBig."""
    declared = response.content_length
    if declared is not None and declared > limit:
        raise MediaTooBig(limit, declared)
    return declared


@contextmanager
def _leased(share: Share, size: int) -> Iterator[None]:
    """So many bytes of room, for a while."""
    share.take(size)
    try:
        yield
    finally:
        share.give_back(size)
