"""The picture of a song's loudness, read back by rules of its own."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.gateways.file_type import PNG, picture_kind
from bot.services.waveform import draw


def pixels(picture: bytes) -> list[str]:
    """Its rows, as the standard says: chunks with checksums, rows of one bit per pixel behind a filter's number."""
    at, found = 8, {}
    while at < len(picture):
        (size,), name = struct.unpack(">I", picture[at : at + 4]), picture[at + 4 : at + 8]
        content = picture[at + 8 : at + 8 + size]
        assert struct.unpack(">I", picture[at + 8 + size : at + 12 + size]) == (zlib.crc32(name + content),)
        found[name] = content
        at += 12 + size
    width, height, depth, colour = struct.unpack(">IIBB", found[b"IHDR"][:10])
    assert (depth, colour) == (1, 3)
    rows, step = zlib.decompress(found[b"IDAT"]), 1 + (width + 7) // 8
    assert len(rows) == height * step
    assert set(rows[::step]) == {0}
    return [f"{int.from_bytes(rows[y * step + 1 : (y + 1) * step]):0{8 * (step - 1)}b}"[:width] for y in range(height)]


def heights(picture: bytes) -> list[int]:
    """Of each column, in pixels."""
    return [column.count("1") for column in map("".join, zip(*pixels(picture), strict=True))]


def test_it_is_a_small_png_that_grows_with_the_loudness() -> None:
    picture = draw([0.1, 0.5, 1.0])
    assert picture_kind(picture[:16]) is PNG
    assert len(picture) < 1_000
    columns = heights(picture)
    soft, middle, loud = (columns[bar * 5] for bar in (0, 60, 119))
    assert 0 < soft < middle < loud == len(pixels(picture))
    assert pixels(picture) == pixels(picture)[::-1]


def test_there_are_gaps_between_the_bars() -> None:
    assert set(heights(draw([1.0]))) == {0, 64}


@pytest.mark.parametrize("level", [0.0, 0.0001])
def test_silence_is_a_line(level: float) -> None:
    assert set(heights(draw([level, 1.0]))[:100]) <= {0, 2}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=600))
def test_any_levels_are_a_picture_of_one_size(levels: list[float]) -> None:
    picture = draw(levels)
    assert (len(pixels(picture)), len(heights(picture))) == (64, 598)
    assert len(picture) < 4_000
