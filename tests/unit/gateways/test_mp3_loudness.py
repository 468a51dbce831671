"""How loud an MP3 is, by its frames: what a change of gain does, and that nothing that comes is too much."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.gateways.id3 import Tag, encode
from bot.gateways.mp3_loudness import Loudness
from sandbox.local_gateway.songs import audio, split_frames
from tests.linear_time import TIMES, grows_linearly

_PIECE = 16 * 1024


def levels(song: bytes, piece: int = _PIECE) -> tuple[float, ...]:
    loudness = Loudness()
    for start in range(0, len(song), piece):
        loudness.feed(song[start : start + piece])
    return loudness.levels


class Layout(NamedTuple):
    """Of a frame: its header, and of its side information the bytes, the bits before its parts, and the parts."""

    header: bytes
    size: int  # of the frame
    side: int
    before: int
    parts: tuple[int, int]  # how many, and their bits


LAYOUTS = {
    "MPEG 1, two channels": Layout(b"\xff\xfb\x90\x04", 417, 32, 20, (4, 59)),
    "MPEG 1, mono": Layout(b"\xff\xfb\x90\xc4", 417, 17, 18, (2, 59)),
    "MPEG 1, with a checksum": Layout(b"\xff\xfa\x90\x04", 417, 32, 20, (4, 59)),
    "MPEG 2, two channels": Layout(b"\xff\xf3\x80\x04", 208, 17, 10, (2, 63)),
    "MPEG 2, mono": Layout(b"\xff\xf3\x80\xc4", 208, 9, 9, (1, 63)),
}


def frame(layout: Layout, gain: int) -> bytes:
    """With 100 bits in each part, the last being the loudest; ISO/IEC 11172-3 and 13818-3, 2.4.1.7 lay them out."""
    count, length = layout.parts
    parts = [f"{100:012b}{50:09b}{each:08b}".ljust(length, "0") for each in [gain - 20] * (count - 1) + [gain]]
    bits = "0" * layout.before + "".join(parts)
    side = int(bits, 2).to_bytes(layout.side)
    checksum = b"" if layout.header[1] & 1 else b"\xab\xcd"
    return (layout.header + checksum + side).ljust(layout.size, b"\0")


def silent(frame: bytes) -> bytes:
    return frame[:4] + bytes(len(frame) - 4)


FRAMES = split_frames(audio("waltz", 10.0)[0])


@pytest.mark.parametrize("name", LAYOUTS)
def test_eight_steps_of_gain_are_a_quarter_of_the_amplitude(name: str) -> None:
    """As MP3Gain makes a song softer, by 1.5 dB a step."""
    soft, loud = (frame(LAYOUTS[name], gain) for gain in (160, 168))
    found = levels(soft * 100 + loud * 100 + soft * 100)
    assert found == pytest.approx((0.25,) * 100 + (1.0,) * 100 + (0.25,) * (len(found) - 200))
    assert len(found) >= 299


def test_silence_is_next_to_nothing() -> None:
    found = levels(b"".join(FRAMES + tuple(map(silent, FRAMES))))
    assert max(found[len(found) // 2 + 2 :]) < 0.01


def test_what_stands_before_and_within_the_frames_is_no_sound() -> None:
    loud = b"".join(FRAMES)
    cover = b"\xff\xfb\x90\x00" + b"\xff" * 5_000 + FRAMES[0]
    tag = encode(Tag(title="t", cover=cover, cover_type="image/jpeg"))
    assert levels(tag + loud) == levels(loud)
    part = b"".join(FRAMES[:200])
    assert len(levels(part + b"junk" * 1_000 + b"\xff\xe0" * 50 + part)) == pytest.approx(400, abs=4)


@pytest.mark.parametrize("sound", ["dawn", "rain", "neon", "waltz", "river"])
def test_it_does_not_matter_how_it_is_cut(sound: str) -> None:
    song, _ = audio(sound, 3.0)
    assert len(levels(song)) == pytest.approx(3.0 * 44_100 / 1_152, abs=2)
    assert levels(song, 7) == levels(song, 1_000) == levels(song) == levels(song, len(song))


def test_a_long_song_is_no_more_to_remember_than_a_short_one() -> None:
    hour = b"".join(FRAMES) * 360
    assert 256 <= len(levels(hour)) < 512
    soft, loud = (frame(LAYOUTS["MPEG 1, mono"], gain) for gain in (160, 164))
    found = levels(soft * 5_000 + loud * 5_000)
    assert found[2] == pytest.approx(0.5)
    assert found[-2] == pytest.approx(1.0)


@pytest.mark.parametrize(
    "file", [b"", b"\xff" * 500_000, b"\xff\xfb\x90\x00" * 100_000, b"ID3\x04\0\0\x7f\x7f\x7f\x7f", b"OggS" * 100_000]
)
def test_what_is_no_song_has_no_levels_or_harmless_ones(file: bytes) -> None:
    assert all(0 <= level <= 1 for level in levels(file))


@given(st.lists(st.binary(max_size=300) | st.sampled_from(FRAMES[:20]), max_size=30), st.integers(1, 500))
def test_any_bytes_in_any_pieces_are_read(parts: list[bytes], piece: int) -> None:
    song = b"".join(parts)
    assert levels(song, piece) == levels(song)
    assert all(0 <= level <= 1 for level in levels(song))


@pytest.mark.parametrize(
    "unit",
    [
        b"".join(FRAMES[:40]),
        b"\xff",
        b"\xff\xfb\x90\x00",
        b"\xff\xfb\x10\x00" + bytes(100),
        bytes(64),
        FRAMES[0] + b"\xff" * 900,
    ],
)
@pytest.mark.parametrize("piece", [_PIECE, 64])
def test_reading_is_linear(unit: bytes, piece: int) -> None:
    short = unit * (100_000 // len(unit))
    assert grows_linearly(lambda song: levels(song, piece), short, short * TIMES)
