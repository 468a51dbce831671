"""Compression of the gateway's whole stream, as a bot asks for it in the address: one frame after each message."""

import sys
import zlib
from collections.abc import Callable

Compress = Callable[[bytes], bytes]


class UnknownCompression(Exception):
    pass


def compression(name: str | None) -> Compress | None:
    """None: the bot asks for none. Raises UnknownCompression, also for zstd before Python 3.14."""
    match name:
        case None | "":
            return None
        case "zlib-stream":
            return _zlib_stream()
        case "zstd-stream":
            return _zstd_stream()
    raise UnknownCompression(name)


def _zlib_stream() -> Compress:
    stream = zlib.compressobj()
    return lambda data: stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)


if sys.version_info >= (3, 14):
    from compression import zstd

    def _zstd_stream() -> Compress:
        stream = zstd.ZstdCompressor()
        return lambda data: stream.compress(data, zstd.ZstdCompressor.FLUSH_BLOCK)

else:

    def _zstd_stream() -> Compress:
        raise UnknownCompression("zstd-stream needs Python 3.14")
