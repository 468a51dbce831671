"""The sounds are as long as they claim to be, and pictures are pictures of their own."""

import io
import struct
import wave
import zlib
from pathlib import Path

import pytest

from sandbox.local_gateway import songs

SOUNDS = sorted(path.stem for path in (Path(songs.__file__).parent / "sounds").glob("*.mp3"))
FRAME = 1152 / 44_100  # seconds


def frames(content: bytes) -> int:
    """How many 64 kbit/s mono frames of MPEG 1 layer III follow each other without a gap."""
    count = start = 0
    while start < len(content):
        header = content[start : start + 4]
        assert header[:2] == b"\xff\xfb", f"no frame at byte {start}"
        assert (header[2] & 0xFD, header[3] >> 6) == (0x50, 3)
        start += 208 + (header[2] >> 1 & 1)
        count += 1
    assert start == len(content), "the last frame is cut"
    return count


@pytest.mark.parametrize("sound", SOUNDS)
@pytest.mark.parametrize("duration", [3.0, 61.5])
def test_a_song_lasts_as_long_as_it_is_said_to(sound: str, duration: float) -> None:
    content, kind = songs.audio(sound, duration)
    assert kind == "audio/mpeg"
    assert frames(content) * FRAME == pytest.approx(duration, abs=FRAME)


def test_there_are_several_audio_files_and_each_is_small() -> None:
    folder = Path(songs.__file__).parent / "sounds"
    assert len(SOUNDS) >= 5
    assert len({(folder / f"{sound}.mp3").read_bytes() for sound in SOUNDS}) == len(SOUNDS)
    assert all((folder / f"{sound}.mp3").stat().st_size <= 100_000 for sound in SOUNDS)


def test_a_wave_file_is_read_by_a_reader_of_wave_files() -> None:
    content, kind = songs.audio("wav", 2.5)
    assert kind == "audio/x-wav"
    with wave.open(io.BytesIO(content)) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(2.5)


def test_a_cover_is_a_whole_png_that_is_always_the_same() -> None:
    picture = songs.cover("c-1", "Low Tide")
    assert picture == songs.cover("c-1", "Low Tide")
    assert picture != songs.cover("c-2", "Low Tide")
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(picture) <= 60_000
    start, chunks = 8, {}
    while start < len(picture):
        size, name = struct.unpack_from(">I4s", picture, start)
        content = picture[start + 8 : start + 8 + size]
        assert struct.unpack_from(">I", picture, start + 8 + size)[0] == zlib.crc32(name + content)
        chunks[name] = content
        start += 12 + size
    width, height = struct.unpack_from(">II", chunks[b"IHDR"])
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (1 + 3 * width)


@pytest.mark.parametrize("sound", SOUNDS)
def test_a_loop_is_eight_to_twelve_seconds_long(sound: str) -> None:
    content = (Path(songs.__file__).parent / "sounds" / f"{sound}.mp3").read_bytes()
    assert 8 <= frames(content) * FRAME <= 12
