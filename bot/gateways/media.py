"""Downloads songs and covers from the hosts that gateways name: guarded, limited, with their types detected."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from http import HTTPStatus
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
from bot.gateways.aws_chunked import Unframed
from bot.gateways.connection import MAX_HEADER, Connector
from bot.gateways.disk_budget import DiskBudget, Share
from bot.gateways.file_type import MP3, PICTURE, FileType, picture_kind
from bot.gateways.gunzip import gunzipped
from bot.gateways.hosts import HostRating, Hosts, Slots
from bot.gateways.mp3_loudness import Loudness
from bot.gateways.relay import Relay, Spool
from bot.gateways.song_type import detect_song_type
from bot.gateways.transfer_rate import BRISK, PATIENT, TransferRate, paced

_MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_WHOLE = {200, 203}  # 203: a proxy has changed it, perhaps only its headers
_RANGE = re.compile(r"bytes 0-([0-9]{1,15})/([0-9]{1,15})", re.IGNORECASE)
_PICTURES = 32 * 1024 * 1024  # bytes of pictures in memory, and a quarter of it for one person or host


class MediaFile:
    """An open file for upload to Discord; `async with` closes it. `size` in bytes; `start`: where its audio begins.

    `loudness`: of an MP3, as far as it has arrived.
    """

    def __init__(
        self,
        kind: FileType,
        file: BufferedIOBase,
        size: int,
        start: int = 0,
        share: Share | None = None,
        loudness: Loudness | None = None,
    ) -> None:
        self.kind = kind
        self.file = file
        self.size = size
        self.start = start
        self.loudness = loudness
        self._share = share  # of the memory that it occupies

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
    """Raises MediaError and nothing else. Sends neither cookies nor keys."""

    def __init__(self, *, allow_hosts: Collection[str], resolver: AbstractResolver | None = None) -> None:
        self.hosts = Hosts()
        self._guard = AddressGuard(allow_hosts, resolver)
        self._disk = DiskBudget()
        self._memory = DiskBudget(_PICTURES, _PICTURES // 4)
        self._songs = Slots(self.hosts)
        self._pictures = Slots(self.hosts)

    async def __aenter__(self) -> Self:
        self.session = aiohttp.ClientSession(
            # Names are resolved for each connection: a cached answer would be unchecked. The slots limit the number of
            # connections: in a shared pool, some that hang would block all others.
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

    def disk_share(self, person: int) -> Share:
        """Of the disk space for songs, for files made of them. `person`: a Discord id."""
        return self._disk.share(person)

    async def audio(
        self, url: str, *, limit: int, person: int = 0, whole: bool = True, patient: bool = False
    ) -> MediaFile:
        """`limit` in bytes; `person`: the Discord id of whom it is for. `patient`: the host may be slow.

        Unless `whole`, the file of a good host may still be arriving; what cuts it off is then raised later.
        """
        fetch = partial(self._song, url, limit, person, whole=whole, rate=PATIENT if patient else BRISK)
        return await _with_retry(fetch)

    async def picture(self, url: str, *, limit: int, person: int = 0) -> MediaFile:
        return await _with_retry(partial(self._picture, url, limit, person))

    async def _song(self, url: str, limit: int, person: int, *, whole: bool, rate: TransferRate) -> MediaFile:
        host = host_of(url)
        is_good = self.hosts.rating(host) is HostRating.GOOD
        share = self._disk.share(person) if is_good else self._disk.share(person, host)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._songs.take(host, person))
            response = await stack.enter_async_context(self._open(url, rate))
            size, unframed = _size(response, limit), Unframed(self._received(host, response, rate, limit))
            chunks = unframed.chunks()
            if "gzip" in response.headers.get("Content-Encoding", "").lower():
                size, chunks = None, gunzipped(chunks, limit)  # it was stored so: we asked for it as it is
            loudness = Loudness()
            spool = Spool(chunks, stack, size=size, share=share, listen=loudness.feed)
        try:
            found = await detect_song_type(spool, size)
            size = None if unframed.framed else size
            if whole or size is None or not is_good:
                await spool.whole()
        except BaseException:
            await spool.close()
            raise
        size = spool.arrived if size is None else size
        song, start = Relay(spool, size), found.start
        if start and found.kind is not MP3:  # an MP3's start is needed to tag it; others do not play with junk
            song, start = song.behind(b"", start), 0
        return MediaFile(found.kind, song, song.size, start, loudness=loudness)

    async def _picture(self, url: str, limit: int, person: int) -> MediaFile:
        host, rate = host_of(url), BRISK
        async with self._pictures.take(host, person), self._open(url, rate) as response:
            declared = _size(response, limit)
            share = self._memory.share(person, host)
            with _taken(share, limit if declared is None else declared):
                content = b"".join([chunk async for chunk in paced(response.content, rate, limit)])
        kind = picture_kind(content[:PICTURE])
        if kind is None:
            raise MediaUnrecognised(f"{len(content)} bytes of no known picture")
        share.take(len(content))
        return MediaFile(kind, BytesIO(content), len(content), share=share)

    async def _received(
        self, host: str, response: aiohttp.ClientResponse, rate: TransferRate, limit: int
    ) -> AsyncIterator[bytes]:
        """The chunks of a response; records the host's rating: good if it would have been fast enough at the brisk
        rate.
        """
        loop, size = asyncio.get_running_loop(), 0
        since = loop.time()
        with self._recording_failures(host):
            async for chunk in paced(response.content, rate, limit):
                size += len(chunk)
                yield chunk
        if rate is BRISK or size > BRISK.rate * (loop.time() - since):
            self.hosts.record_rating(host, HostRating.GOOD)

    @contextmanager
    def _recording_failures(self, host: str) -> Iterator[None]:
        try:
            yield
        except (MediaSlow, aiohttp.ClientError, OSError):
            self.hosts.record_rating(host, HostRating.SLOW)
            raise

    @asynccontextmanager
    async def _open(self, address: str, rate: TransferRate) -> AsyncIterator[aiohttp.ClientResponse]:
        """The response after all redirects."""
        async with AsyncExitStack() as stack:
            with self._recording_failures(host_of(address)):
                async with asyncio.timeout(rate.answer):
                    response = await self._follow(request_url(address), rate, stack)
            _check_status(response)
            yield response

    async def _follow(self, url: URL, rate: TransferRate, stack: AsyncExitStack) -> aiohttp.ClientResponse:
        """Checks each address."""
        for _ in range(_MAX_REDIRECTS + 1):
            self._guard.check(url)
            asked = self.session.get(url, allow_redirects=False, timeout=rate.timeout)
            response = await stack.enter_async_context(asked)
            if response.status not in _REDIRECTS:
                return response
            response.close()
            url = redirected(url, response.headers.get("Location", ""))
        raise MediaUnavailable("too many redirects")


class _Temporary(MediaUnavailable):
    """A temporary failure."""


def _check_status(response: aiohttp.ClientResponse) -> None:
    if response.status >= 500:
        raise _Temporary(f"status {response.status}")
    if response.status not in _WHOLE and not _is_whole_range(response):
        raise MediaUnavailable(f"status {response.status}")


def _is_whole_range(response: aiohttp.ClientResponse) -> bool:
    """Some hosts answer every request as one for a range."""
    found = _RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    return response.status == HTTPStatus.PARTIAL_CONTENT and found is not None and int(found[1]) + 1 == int(found[2])


async def _with_retry(fetch: Callable[[], Awaitable[MediaFile]]) -> MediaFile:
    async for attempt in stamina.retry_context(on=_Temporary, attempts=2, timeout=60, wait_initial=0.5):
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
                raise _Temporary(type(error).__name__) from error
    raise AssertionError("stamina returns a file or raises")


def _size(response: aiohttp.ClientResponse, limit: int) -> int | None:
    """The size in bytes, if the host gives it. Raises MediaTooBig."""
    declared = response.content_length
    if declared is not None and declared > limit:
        raise MediaTooBig(limit, declared)
    return declared


@contextmanager
def _taken(share: Share, size: int) -> Iterator[None]:
    """Takes so many bytes of a share, and gives them back at the end."""
    share.take(size)
    try:
        yield
    finally:
        share.give_back(size)
