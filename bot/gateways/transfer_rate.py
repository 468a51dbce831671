"""How long a media host may take: a file that comes too slowly delays those behind it."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
from msgspec import Struct

from bot.errors import MediaSlow, MediaTooBig

_PIECE = 16 * 1024  # bytes that are collected before they are passed on
_TINY = 64  # bytes; handling smaller chunks costs more than they are worth
_MIN_CHUNKS = 2_000


class TransferRate(Struct, frozen=True, kw_only=True):
    """Seconds, and bytes per second that must arrive in each `window`."""

    connect: float = 5
    answer: float  # until the headers have arrived
    window: float
    rate: float
    total: float

    @property
    def timeout(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=self.total, sock_connect=self.connect, sock_read=self.window)


BRISK = TransferRate(answer=10, window=8, rate=32 * 1024, total=120)
PATIENT = TransferRate(answer=20, window=20, rate=8 * 1024, total=480)  # for slow connections


async def paced(content: aiohttp.StreamReader, rate: TransferRate, limit: int) -> AsyncIterator[bytes]:
    """In pieces of useful size.

    Raises MediaTooBig beyond `limit` bytes, and MediaSlow, also for a body in tiny chunks: one-byte chunks would keep a
    core busy.
    """
    loop = asyncio.get_running_loop()
    since, before, size, count = loop.time(), 0, 0, 0
    gathered = bytearray()
    async for chunk, _ in content.iter_chunks():
        size += len(chunk)
        count += 1
        if size > limit:
            raise MediaTooBig(limit)
        if count > _MIN_CHUNKS and size < count * _TINY:
            raise MediaSlow("it comes in tiny chunks")
        if (now := loop.time()) - since >= rate.window:
            if size - before < rate.rate * (now - since):
                raise MediaSlow(f"{size - before} bytes in {now - since:.0f} s")
            since, before = now, size
        gathered += chunk
        if len(gathered) >= _PIECE:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)
