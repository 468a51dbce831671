"""A song's loudness as a small picture: bars around a middle line, on nothing, so that it suits dark and light."""

import math
import struct
import zlib
from collections.abc import Sequence

_BARS = 120
_BAR, _GAP = 3, 2  # pixels
_WIDTH = _BARS * (_BAR + _GAP) - _GAP
_HALF = 32  # pixels above the middle line, and as many below
_MIN_HEIGHT = 1  # pixels of a silent moment
_POWER = 0.7  # loudness is heard less than in proportion to the amplitude: quiet parts stay visible
_PALETTE = bytes((88, 101, 242)) * 2  # Discord's blurple: visible on both of its backgrounds
_ALPHA = bytes((0, 255))
_MAX_LEVELS = 20_000  # levels that are looked at


def draw(levels: Sequence[float]) -> bytes:
    """A PNG of less than one kB. `levels`: amplitudes from 0 to 1, evenly over the song's length; at least one."""
    heights = [_height(level) for level in _bars(levels[:_MAX_LEVELS])]
    rows = [_row([height > distance for height in heights]) for distance in range(_HALF)]
    return _png([*reversed(rows), *rows])


def _bars(levels: Sequence[float]) -> list[float]:
    """The mean of the moments in each bar, relative to the loudest bar."""
    count = len(levels)
    found = []
    for number in range(_BARS):
        start = number * count // _BARS
        part = levels[start : max(start + 1, (number + 1) * count // _BARS)]
        found.append(sum(part) / len(part))
    loudest = max(found)
    return [level / loudest if loudest > 0 else 0.0 for level in found]


def _height(level: float) -> int:
    """Loudness is heard less than in proportion to the amplitude: quiet parts are not to vanish."""
    return max(_MIN_HEIGHT, round(math.pow(min(1.0, max(0.0, level)), _POWER) * _HALF))


def _row(drawn: Sequence[bool]) -> bytes:
    """One bit per pixel, after a byte that says that the row is not filtered."""
    digits = "".join(("1" if each else "0") * _BAR + "0" * _GAP for each in drawn)[:_WIDTH]
    return b"\0" + int(digits + "0" * (-_WIDTH % 8), 2).to_bytes((_WIDTH + 7) // 8)


def _png(rows: Sequence[bytes]) -> bytes:
    header = struct.pack(">IIBBBBB", _WIDTH, len(rows), 1, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", header), (b"PLTE", _PALETTE), (b"tRNS", _ALPHA), (b"IDAT", zlib.compress(b"".join(rows), 9)),
        (b"IEND", b""),
    )  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
