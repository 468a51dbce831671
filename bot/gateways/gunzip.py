"""Unpacks songs that a host stores and sends with gzip, although it was not asked for that."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import NamedTuple

from bot.errors import MediaTooBig, MediaUnavailable

_MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS
_STEP = 1024 * 1024  # bytes that are unpacked at once, however small they were packed
_SLICE = 4 * 1024  # packed bytes
_MAX_MEMBERS = 10_000  # one after the other in a file; tools make one, or one of each 64 KB


class _Step(NamedTuple):
    """`left`: what is still to be unpacked of a chunk."""

    unpacked: bytes
    left: bytes


async def gunzipped(chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    """The chunks unpacked, or unchanged if they are not packed: a header may be wrong.

    `limit`: of the unpacked bytes. Raises MediaTooBig beyond it, and MediaUnavailable if they are damaged or cut off.
    """
    unpacker, size = _Unpacker(), 0
    packed: bool | None = None
    async for chunk in chunks:
        packed = chunk.startswith(_MAGIC) if packed is None else packed
        left = chunk if packed else b""
        if not packed:
            yield chunk
        while left:
            piece, left = await asyncio.to_thread(unpacker.step, left)
            size += len(piece)
            if size > limit:
                raise MediaTooBig(limit)
            if piece:
                yield piece
    if packed and unpacker.in_member:
        raise MediaUnavailable("its gzip is cut off")


class _Unpacker:
    """Unpacks all members of a gzip file, as the usual tools do; zeros or junk behind the last one do not count."""

    def __init__(self) -> None:
        self._members = 0
        self._member = self._next()
        self._ended = False

    @property
    def in_member(self) -> bool:
        return not (self._ended or self._member.eof)

    def step(self, packed: bytes) -> _Step:
        """At most _STEP unpacked bytes. In slices, because the rest of one is copied at the end of each member."""
        parts, room, at = [], _STEP, 0
        while at < len(packed) and room and not self._ended:
            piece = packed[at : at + _SLICE]
            if self._member.eof:
                at += len(piece) - len(self._begin(piece.lstrip(b"\0")))
                continue
            parts.append(self._unpack(piece, room))
            room -= len(parts[-1])
            at += len(piece) - self._unused()
        return _Step(b"".join(parts), b"" if self._ended else packed[at:])

    def _begin(self, packed: bytes) -> bytes:
        """Begins another member, if that is what follows."""
        if packed and not packed.startswith(_MAGIC[:1]):
            self._ended = True
        elif packed:
            self._member = self._next()
        return packed

    def _unused(self) -> int:
        """Bytes that the last call left over: of this member, or behind it."""
        return len(self._member.unused_data or self._member.unconsumed_tail)

    def _next(self) -> "zlib._Decompress":
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise MediaUnavailable("its gzip has too many members")
        return zlib.decompressobj(_GZIP)

    def _unpack(self, packed: bytes, room: int) -> bytes:
        try:
            return self._member.decompress(packed, room)
        except zlib.error as error:
            raise MediaUnavailable("its gzip is damaged") from error
