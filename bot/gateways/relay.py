"""A song in transit: it is uploaded while it is still arriving, and never held in memory as a whole."""

import asyncio
import errno
import io
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from aiohttp import Payload, payload
from aiohttp.abc import AbstractStreamWriter

from bot.errors import MediaNoRoom
from bot.gateways.disk_budget import UNLIMITED, Share
from bot.off_loop import OffLoop

_CHUNK = 64 * 1024
_STEP = 1024 * 1024  # bytes that are reserved ahead for a song of unknown size
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

log = logging.getLogger(__name__)


class Spool:
    """A temporary file without a name that receives a song, so that it can be sent twice.

    Takes over `source`, and closes it after the last of `chunks`. `size`: the expected bytes, if known; their disk
    space is reserved before the first write, within the `share`. Raises MediaNoRoom if there is not enough.

    `listen` is given each chunk on its way, in a thread; it must not raise.
    """

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        source: AsyncExitStack,
        *,
        size: int | None = None,
        share: Share = UNLIMITED,
        listen: Callable[[bytes], None] | None = None,
    ) -> None:
        self.arrived = 0  # bytes
        self._size = size
        self._share = share
        self._listen = listen
        self._reserved = 0
        self._file = _temporary_file()
        self._off_loop = OffLoop()
        self._changed = asyncio.Event()
        self._source = source.pop_all()  # closed here from now on
        self._filling = asyncio.create_task(self._fill(chunks))

    async def _fill(self, chunks: AsyncIterator[bytes]) -> None:
        try:
            async with self._source:
                if self._size is not None:
                    await self._reserve(self._size)
                async for chunk in chunks:
                    await self._append(chunk)
        finally:
            self._notify()

    async def _append(self, chunk: bytes) -> None:
        end = self.arrived + len(chunk)
        if end > self._reserved:
            await self._reserve(max(end, self._reserved + _STEP) if self._size is None else end)
        await self._off_loop(partial(self._write, chunk))
        self.arrived = end
        self._notify()

    async def _reserve(self, size: int) -> None:
        self._share.take(size - self._reserved)
        before, self._reserved = self._reserved, size
        await self._off_loop(partial(self._allocate, before, size))

    def _allocate(self, start: int, end: int) -> None:
        """Reserves space, because other programs write to the disk, too. Where the system cannot, writing may fail
        instead.
        """
        if not hasattr(os, "posix_fallocate") or start == end:
            return
        try:
            os.posix_fallocate(self._file.fileno(), start, end - start)
        except OSError as error:
            if error.errno in _FULL:
                raise MediaNoRoom(f"it cannot be written to the disk: {error.strerror}") from error

    def _write(self, chunk: bytes) -> None:
        """Writes all of it or raises an error: a full disk first accepts a part."""
        try:
            self._file.seek(self.arrived)
            left = memoryview(chunk)
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise MediaNoRoom(f"it cannot be written to the disk: {error.strerror}") from error
        if self._listen:
            self._listen(chunk)

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def whole(self) -> None:
        """Waits until everything has arrived. Raises the error that cut it off."""
        await asyncio.shield(self._filling)

    async def arrives_within(self, seconds: float) -> bool:
        """Whether everything has arrived by then. Raises nothing: what cut it off, `whole` and `read` raise."""
        await asyncio.wait({self._filling}, timeout=seconds)
        return self._filling.done() and not self._filling.cancelled() and self._filling.exception() is None

    async def read(self, position: int, size: int = _CHUNK) -> bytes:
        """The bytes after a position, as soon as there are any; empty at the end. Raises the error that cut it off."""
        while self.arrived <= position:
            if self._filling.done():
                await self.whole()
                return b""
            await self._changed.wait()
        return await self._off_loop(partial(self._read, position, min(size, self.arrived - position)))

    async def peek(self, position: int, size: int) -> bytes:
        """So many bytes from a position, as soon as they have arrived; fewer at the end. Raises as `read` does."""
        found = b""
        while len(found) < size and (more := await self.read(position + len(found), size - len(found))):
            found += more
        return found

    def _read(self, position: int, size: int) -> bytes:
        self._file.seek(position)
        chunk = self._file.read(size)
        if not chunk:
            raise OSError("a song's file is shorter than what was written to it")
        return chunk

    async def close(self) -> None:
        """Completes even if the caller is cancelled, after the last access to the file."""
        await asyncio.shield(asyncio.create_task(self._close()))

    async def _close(self) -> None:
        self._filling.cancel()
        await asyncio.wait({self._filling})
        if not self._filling.cancelled() and (failure := self._filling.exception()):
            log.debug("a song was cut off on its way: %s: %s", type(failure).__name__, failure)
        await self._source.aclose()
        await self._off_loop(self._file.close)
        self._share.give_back(self._reserved)


def _temporary_file() -> io.FileIO:
    try:
        return tempfile.TemporaryFile(buffering=0)
    except OSError as error:
        raise MediaNoRoom(f"no file can be made: {error.strerror}") from error


class Relay(io.BufferedIOBase):
    """A song's upload, as discord.py and aiohttp expect it: `before`, then the song without its first bytes.

    `size`: bytes of the whole; `skipped`: bytes at the beginning that are left out.
    """

    def __init__(self, spool: Spool, size: int, before: bytes = b"", skipped: int = 0) -> None:
        self.spool = spool
        self.size = size
        self._before = before
        self._skipped = skipped

    def behind(self, before: bytes, skipped: int) -> "Relay":
        """The same song with other bytes before it."""
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
        """Each upload begins at the beginning."""
        del offset, whence
        return 0


class _RelayPayload(Payload):
    """For aiohttp's multipart forms: of known size, and read without a waiting thread."""

    _value: Relay

    def __init__(self, value: Relay, *args: Any, **kwargs: Any) -> None:
        super().__init__(value, *args, **kwargs)
        self._size = value.size

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        del encoding, errors
        raise TypeError("a song is not text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        async for chunk in self._value.chunks():
            await writer.write(chunk)


payload.register_payload(_RelayPayload, Relay, order=payload.Order.try_first)
