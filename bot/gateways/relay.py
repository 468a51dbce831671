"""A song on its way: it is sent on while it still arrives, and never held in memory as a whole."""

import asyncio
import errno
import io
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, TypeVar

from aiohttp import Payload, payload
from aiohttp.abc import AbstractStreamWriter

from bot.errors import MediaNoRoom
from bot.gateways.disk_budget import UNLIMITED, Share

T = TypeVar("T")

_CHUNK = 64 * 1024
_STEP = 1024 * 1024  # bytes that are reserved ahead of a song of unknown length
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

log = logging.getLogger(__name__)


class Spool:
    """Where a song arrives: a file without a name, so that it can be sent twice.

    `source` is taken over, and closed when all `chunks` have come. `size`: bytes that will come, as far as that is
    known; their room on the disk is reserved before the first is written, within the `share`. Raises MediaNoRoom where
    there is none.
    """

    def __init__(
        self, chunks: AsyncIterator[bytes], source: AsyncExitStack, *, size: int | None = None, share: Share = UNLIMITED
    ) -> None:
        self.arrived = 0  # bytes
        self._size = size
        self._share = share
        self._reserved = 0
        self._file = _temporary_file()
        self._turn = asyncio.Lock()
        self._state_of = asyncio.Event()
        self._source = source.pop_all()  # ours from here on
        self._filling = asyncio.create_task(self._fill(chunks))

    async def _fill(self, chunks: AsyncIterator[bytes]) -> None:
        try:
            async with self._source:
                if self._size is not None:
                    await self._reserve(self._size)
                async for chunk in chunks:
                    await self._append(chunk)
        finally:
            self._tell()

    async def _append(self, chunk: bytes) -> None:
        end = self.arrived + len(chunk)
        if end > self._reserved:
            await self._reserve(max(end, self._reserved + _STEP) if self._size is None else end)
        await self._in_turn(partial(self._write, chunk))
        self.arrived = end
        self._tell()

    async def _reserve(self, size: int) -> None:
        self._share.take(size - self._reserved)
        before, self._reserved = self._reserved, size
        await self._in_turn(partial(self._allocate, before, size))

    def _allocate(self, start: int, end: int) -> None:
        """Other programs write to the disk, too: what is allocated is ours. Where that is unknown, writing tells."""
        if not hasattr(os, "posix_fallocate") or start == end:
            return
        try:
            os.posix_fallocate(self._file.fileno(), start, end - start)
        except OSError as error:
            if error.errno in _FULL:
                raise MediaNoRoom(f"the disk does not take it: {error.strerror}") from error

    def _write(self, chunk: bytes) -> None:
        """All of it, or an error: a disk that is full takes a part, and says so only the next time."""
        try:
            self._file.seek(self.arrived)
            left = memoryview(chunk)
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise MediaNoRoom(f"the disk does not take it: {error.strerror}") from error

    def _tell(self) -> None:
        self._state_of.set()
        self._state_of = asyncio.Event()

    async def whole(self) -> None:
        """When all is here. Raises what it was cut off by."""
        await asyncio.shield(self._filling)

    async def read(self, position: int, size: int = _CHUNK) -> bytes:
        """What follows a position, as soon as something does; nothing at the end. Raises what it was cut off by."""
        while self.arrived <= position:
            if self._filling.done():
                await self.whole()
                return b""
            await self._state_of.wait()
        return await self._in_turn(partial(self._read, position, min(size, self.arrived - position)))

    async def peek(self, position: int, size: int) -> bytes:
        """So many bytes from a position, as soon as they are there; fewer at the end. Raises as `read` does."""
        found = b""
        while len(found) < size and (more := await self.read(position + len(found), size - len(found))):
            found += more
        return found

    async def _in_turn(self, work: Callable[[], T]) -> T:
        """Off the event loop: it may be a slow disk. It is done though who wants it is cancelled."""
        return await asyncio.shield(asyncio.create_task(self._do(work)))

    async def _do(self, work: Callable[[], T]) -> T:
        async with self._turn:
            return await asyncio.to_thread(work)

    def _read(self, position: int, size: int) -> bytes:
        self._file.seek(position)
        chunk = self._file.read(size)
        if not chunk:
            raise OSError("a song's file is shorter than what was written to it")
        return chunk

    async def close(self) -> None:
        """Goes on though who closes it is cancelled, until nobody is at the file any more."""
        await asyncio.shield(asyncio.create_task(self._close()))

    async def _close(self) -> None:
        self._filling.cancel()
        await asyncio.wait({self._filling})
        if not self._filling.cancelled() and (failure := self._filling.exception()):
            log.debug("a song was cut off on its way: %s: %s", type(failure).__name__, failure)
        await self._source.aclose()
        await self._in_turn(self._file.close)
        self._share.give_back(self._reserved)


def _temporary_file() -> io.FileIO:
    try:
        return tempfile.TemporaryFile(buffering=0)
    except OSError as error:
        raise MediaNoRoom(f"no file can be made: {error.strerror}") from error


class Relay(io.BufferedIOBase):
    """What is sent of a song, as discord.py and aiohttp want it: `before`, and then the song without a beginning.

    `size`: bytes of the whole; `skipped`: bytes at the beginning that stay behind.
    """

    def __init__(self, spool: Spool, size: int, before: bytes = b"", skipped: int = 0) -> None:
        self.spool = spool
        self.size = size
        self._before = before
        self._skipped = skipped

    def behind(self, before: bytes, skipped: int) -> "Relay":
        """The same song with something else before it."""
        return Relay(self.spool, self.size - len(self._before) + self._skipped - skipped + len(before), before, skipped)

    async def chunks(self) -> AsyncIterator[bytes]:
        if self._before:
            yield self._before
        position = self._skipped
        while chunk := await self.spool.read(position):
            position += len(chunk)
            yield chunk

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return 0

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Each sending begins at the beginning."""
        del offset, whence
        return 0


class _RelayPayload(Payload):
    """For aiohttp's multipart forms: of known size, and read without a thread that waits."""

    _value: Relay

    def __init__(self, value: Relay, *args: Any, **kwargs: Any) -> None:
        super().__init__(value, *args, **kwargs)
        self._size = value.size

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        del encoding, errors
        raise TypeError("a song is no text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        async for chunk in self._value.chunks():
            await writer.write(chunk)


payload.register_payload(_RelayPayload, Relay, order=payload.Order.try_first)
