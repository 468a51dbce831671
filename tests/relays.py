"""Relays of songs, and the bytes that they send."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bot.gateways.media import MediaFile
from bot.gateways.relay import Relay, Spool


async def content(song: MediaFile | Relay) -> bytes:
    file = song.file if isinstance(song, MediaFile) else song
    assert isinstance(file, Relay)
    return b"".join([chunk async for chunk in file.chunks()])


@asynccontextmanager
async def arriving(song: bytes, head: int = 64) -> AsyncIterator[Relay]:
    async def chunks() -> AsyncIterator[bytes]:
        yield song[:head]
        yield song[head:]

    spool = Spool(chunks(), AsyncExitStack())
    try:
        yield Relay(spool, len(song))
    finally:
        await spool.close()
