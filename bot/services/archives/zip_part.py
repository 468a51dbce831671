"""One ZIP file, written to a temporary file piece by piece.

The temporary file has no name, so nothing is left of it after a crash. Songs and covers are compressed already: they
are stored as they are, and the size of everything is known before it is written.
"""

import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from functools import partial
from io import BufferedRandom
from typing import IO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from msgspec import Struct

from bot.errors import MediaNoRoom
from bot.gateways.disk_budget import Share
from bot.off_loop import OffLoop

_LOCAL, _CENTRAL, _END = 30, 46, 22  # bytes of headers, beside the names: PKWARE's APPNOTE, 4.3
_FIRST, _LAST = (1980, 1, 1, 0, 0, 0), 2107  # what fits into a date of MS-DOS


class ZipEntry(Struct, frozen=True):
    """A file in the ZIP. `size`: bytes of all `chunks` together; `at`: when it was made, in Unix seconds."""

    name: str
    size: int
    chunks: AsyncIterator[bytes]
    at: float

    @property
    def taken(self) -> int:
        """Bytes of the ZIP that it takes."""
        return _LOCAL + _CENTRAL + 2 * len(self.name.encode()) + self.size


def fits(entries: Iterable[ZipEntry], limit: int) -> bool:
    """Whether they can be all of a ZIP of so many bytes."""
    return _END + sum(entry.taken for entry in entries) <= limit


class ZipPart:
    """`limit`: bytes of the ZIP, taken from the `share` of the disk until it is closed. Raises MediaNoRoom."""

    def __init__(self, limit: int, share: Share) -> None:
        self.size = _END
        self.songs = 0
        self._limit = limit
        self._share = share
        self._off_loop = OffLoop()
        share.take(limit)
        try:
            self._file = _reserved(limit)
        except BaseException:
            share.give_back(limit)
            raise
        self._zip = ZipFile(self._file, "w", ZIP_STORED, allowZip64=False)
        self._entry: IO[bytes] | None = None  # that is being written

    def fits(self, entries: Iterable[ZipEntry]) -> bool:
        return self.size + sum(entry.taken for entry in entries) <= self._limit

    async def add(self, entries: Iterable[ZipEntry]) -> None:
        """The files of one song. Raises MediaNoRoom."""
        for entry in entries:
            try:
                await self._write(entry)
            except OSError as error:
                raise MediaNoRoom(f"it cannot be written to the disk: {error.strerror}") from error
            self.size += entry.taken
        self.songs += 1

    async def _write(self, entry: ZipEntry) -> None:
        about = ZipInfo(entry.name, _moment(entry.at))
        about.external_attr = 0o644 << 16
        about.file_size = entry.size
        file = await self._off_loop(partial(self._open, about))
        async for chunk in entry.chunks:
            await self._off_loop(partial(file.write, chunk))
        await self._off_loop(self._end_entry)

    def _open(self, about: ZipInfo) -> IO[bytes]:
        self._end_entry()  # one whose content failed half-way
        self._entry = self._zip.open(about, "w")
        return self._entry

    def _end_entry(self) -> None:
        if self._entry:
            entry, self._entry = self._entry, None
            entry.close()

    async def finish(self) -> BufferedRandom:
        """The whole file, from its beginning."""
        await self._off_loop(self._finish)
        return self._file

    def _finish(self) -> None:
        self._end_entry()
        self._zip.close()
        self.size = self._file.tell()
        self._file.truncate()
        self._file.seek(0)

    async def close(self) -> None:
        """Also in the middle of a song."""
        try:
            await self._off_loop(self._close)
        finally:
            self._share.give_back(self._limit)

    def _close(self) -> None:
        with suppress(OSError):  # a full disk: nobody reads it any more
            self._end_entry()
        with suppress(OSError):
            self._zip.close()  # or it is closed by the garbage collector, which has no file to write to
        self._file.close()


def _reserved(size: int) -> BufferedRandom:
    """With its space reserved where the system can; otherwise writing may fail."""
    try:
        file = tempfile.TemporaryFile()
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        raise MediaNoRoom(f"no file can be made: {error.strerror}") from error
    return file


def _moment(at: float) -> tuple[int, int, int, int, int, int]:
    moment = time.gmtime(max(0.0, at))
    if not _FIRST[0] <= moment.tm_year <= _LAST:
        return _FIRST
    return (moment.tm_year, moment.tm_mon, moment.tm_mday, moment.tm_hour, moment.tm_min, moment.tm_sec)
