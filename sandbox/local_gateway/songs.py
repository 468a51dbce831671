"""Audio and covers: loops repeated to a song's length, and pictures drawn from its id."""

import hashlib
import math
import struct
import zlib
from functools import cache, lru_cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "sounds"
_FRAME_SECONDS = 1152 / 44_100  # of an MPEG 1 layer III frame
_SIZE = 320  # pixels


@cache
def _frames(sound: str) -> tuple[bytes, ...]:
    return split_frames((_FOLDER / f"{sound}.mp3").read_bytes())


def split_frames(content: bytes) -> tuple[bytes, ...]:
    """The frames of an MP3, without tags."""
    start = content.index(b"\xff\xfb")
    frames = []
    while start + 4 <= len(content) and content[start] == 0xFF:
        length = _frame_length(content[start : start + 4])
        frames.append(content[start : start + length])
        start += length
    return tuple(frames)


def without_tag(content: bytes) -> bytes:
    """The content after the ID3v2 tag, if there is one."""
    if content[:3] != b"ID3":
        return content
    size = content[6] << 21 | content[7] << 14 | content[8] << 7 | content[9]
    return content[10 + size :]


def _frame_length(header: bytes) -> int:
    bitrates = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    bitrate, padding = bitrates[header[2] >> 4] * 1000, header[2] >> 1 & 1
    return 144 * bitrate // 44_100 + padding


@lru_cache(maxsize=8)
def audio(sound: str, duration: float) -> tuple[bytes, str]:
    """A file of `duration` seconds, and its Content-Type."""
    if sound == "wav":
        return _wave(duration), "audio/x-wav"
    frames = _frames(sound)
    wanted = math.ceil(duration / _FRAME_SECONDS)
    times, rest = divmod(wanted, len(frames))
    return b"".join(frames) * times + b"".join(frames[:rest]), "audio/mpeg"


def _wave(duration: float) -> bytes:
    """A soft tone, as 8 kHz WAV."""
    rate = 8_000
    count = int(rate * duration)
    tone = bytes(128 + int(40 * math.sin(2 * math.pi * 220 * n / rate) * (1 - n % rate / rate)) for n in range(count))
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + count, b"WAVE", b"fmt ", 16, 1, 1, rate, rate, 1, 8, b"data", count
    )
    return head + tone


@lru_cache(maxsize=64)
def cover(clip_id: str, title: str) -> bytes:
    """A PNG of a sun over hills, in colours that depend on the song."""
    seed = hashlib.sha256(f"{title}{clip_id[-1:]}".encode()).digest()
    sky, ground, sun = (_colour(seed[index], index) for index in range(3))
    centre, radius = (
        (_SIZE * (60 + seed[3] % 120) // 240, _SIZE * (70 + seed[4] % 60) // 240),
        _SIZE * (20 + seed[5] % 18) // 120,
    )
    rows = b"".join(b"\0" + _row(y, sky, ground, sun, centre, radius, seed) for y in range(_SIZE))
    header = struct.pack(">IIBBBBB", _SIZE, _SIZE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _colour(value: int, part: int) -> tuple[int, int, int]:
    """A hue from a byte: light for the sky, dark for the ground, bright for the sun."""
    lightness, spread = ((0.62, 0.3), (0.28, 0.2), (0.85, 0.15))[part]
    angles = (value / 256 * 2 * math.pi + shift for shift in (0, 2.1, 4.2))
    red, green, blue = (int(255 * min(1, max(0, lightness + spread * math.sin(angle)))) for angle in angles)
    return red, green, blue


@cache
def _hills(seed: bytes) -> tuple[int, ...]:
    """The height of the ground in each column."""
    first, second = seed[6] / 40, seed[7] / 40
    return tuple(
        int(_SIZE * (0.68 + 0.06 * math.sin(x / 38 + first) + 0.04 * math.sin(x / 17 + second))) for x in range(_SIZE)
    )


def _row(
    y: int, sky: tuple[int, int, int], ground: tuple[int, int, int], sun: tuple[int, int, int],
    centre: tuple[int, int], radius: int, seed: bytes,
) -> bytes:  # fmt: skip
    shade = 0.75 + 0.35 * y / _SIZE
    air = bytes(min(255, int(part * shade)) for part in sky)
    earth = bytes(int(part * (1.4 - 0.7 * y / _SIZE)) for part in ground)
    row = bytearray(air * _SIZE)
    if abs(y - centre[1]) < radius:
        half = math.isqrt(radius**2 - (y - centre[1]) ** 2)
        left, right = max(0, centre[0] - half), min(_SIZE, centre[0] + half)
        row[left * 3 : right * 3] = bytes(sun) * (right - left)
    for x, top in enumerate(_hills(seed)):
        if y >= top:
            row[x * 3 : x * 3 + 3] = earth
    return bytes(row)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
