"""Unpacks songs that a host stores and sends with gzip, although it was not asked for that."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from functools import partial

from bot.errors import MediaTooBig, MediaUnavailable

_MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS
_STEP = 1024 * 1024  # bytes that are unpacked at once, however small they were packed


async def gunzipped(chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    """The chunks unpacked, or unchanged if they are not packed: a header may be wrong.

    `limit`: of the unpacked bytes. Raises MediaTooBig beyond it, and MediaUnavailable if they are damaged or cut off.
    """
    unpacker, size = zlib.decompressobj(_GZIP), 0
    packed: bool | None = None
    async for chunk in chunks:
        packed = chunk.startswith(_MAGIC) if packed is None else packed
        left = chunk if packed else b""
        if not packed:
            yield chunk
        while left and not unpacker.eof:
            piece = await _unpacked(partial(unpacker.decompress, left, _STEP))
            left = unpacker.unconsumed_tail
            size += len(piece)
            if size > limit:
                raise MediaTooBig(limit)
            if piece:
                yield piece
    if packed and not unpacker.eof:
        raise MediaUnavailable("its gzip is cut off")


async def _unpacked(work: partial[bytes]) -> bytes:
    try:
        return await asyncio.to_thread(work)
    except zlib.error as error:
        raise MediaUnavailable("its gzip is damaged") from error
