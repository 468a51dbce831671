"""What the gateway has of a song beside its audio: /suno/act/timing, /wav and /mp4, as resellers of Rix answer them."""

import re
import struct
from collections.abc import Iterator
from typing import Any

from sandbox.local_gateway.fake_task import Song
from sandbox.local_gateway.songs import audio, split_frames

PATH = re.compile(r"/suno/act/(timing|wav|mp4)/([^/]+)")
ALL = frozenset({"timing", "wav", "mp4"})
_POINTS = 240  # of a waveform
_WORD = re.compile(r"\S+\s*")


def answer(what: str, song: Song, media: str) -> Any:
    """The timing comes bare; addresses come in an envelope."""
    if what == "timing":
        return _timing(song)
    name = {"wav": "wav_file_url", "mp4": "mp4_file_url"}[what]
    return {"code": "success", "message": "", "data": {name: f"{media}/{what}/{song.clip_id}"}}


def _timing(song: Song) -> Any:
    """Words are sung one after the other, at an even pace, between a short intro and a short outro."""
    words = list(_words(song.lyrics))
    step = song.duration * 0.9 / max(1, len(words))
    return {
        "aligned_words": [
            {
                "word": word,
                "success": True,
                "start_s": round(song.duration * 0.05 + number * step, 2),
                "end_s": round(song.duration * 0.05 + (number + 1) * step, 2),
                "p_align": 0.99,
            }
            for number, word in enumerate(words)
        ],
        "waveform_data": [round((1 + number % 24) / 40, 5) for number in range(_POINTS)],
        "hoot_cer": 0.04,
        "is_streamed": False,
    }


def _words(lyrics: str) -> Iterator[str]:
    """The name of a section, and the line break behind it, come with the word that follows, as from Suno."""
    section = ""
    for line in lyrics.strip().splitlines(keepends=True):
        if line.startswith("["):
            section += line
            continue
        for number, word in enumerate(_WORD.findall(line)):
            yield section + word if not number else word
            section = ""


def video(song: Song) -> bytes:
    """An MP4 that holds the song's MP3 frames as its only track."""
    content, _ = audio(song.sound if song.sound != "wav" else "dawn", song.duration)
    sizes = [len(frame) for frame in split_frames(content)]
    head = _box(b"ftyp", b"isom\0\0\2\0isomiso2mp41")
    movie = _movie(sizes, 0)
    return head + _movie(sizes, len(head) + len(movie) + 8) + _box(b"mdat", content)


def _box(name: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I", 8 + len(content)) + name + content


def _full(name: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return _box(name, struct.pack(">I", flags), *parts)


def _movie(sizes: list[int], offset: int) -> bytes:
    """ISO/IEC 14496-12: one track of sound, of which all samples lie in one piece at `offset`."""
    rate, samples = 44_100, 1152 * len(sizes)
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    table = _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1), _sound(rate)),
        _full(b"stts", struct.pack(">III", 1, len(sizes), 1152)),
        _full(b"stsc", struct.pack(">IIII", 1, 1, len(sizes), 1)),
        _full(b"stsz", struct.pack(f">II{len(sizes)}I", 0, len(sizes), *sizes)),
        _full(b"stco", struct.pack(">II", 1, offset)),
    )
    data = _box(b"dinf", _full(b"dref", struct.pack(">I", 1), _full(b"url ", flags=1)))
    media = _box(
        b"mdia",
        _full(b"mdhd", struct.pack(">IIIIHH", 0, 0, rate, samples, 0x55C4, 0)),
        _full(b"hdlr", struct.pack(">I4s12x", 0, b"soun"), b"Sound\0"),
        _box(b"minf", _full(b"smhd", bytes(4)), data, table),
    )
    track = _full(b"tkhd", struct.pack(">IIIII8xHHHH", 0, 0, 1, 0, samples, 0, 0, 0x100, 0), matrix, bytes(8), flags=3)
    header = struct.pack(">IIIIIH10x", 0, 0, rate, samples, 0x10000, 0x100) + matrix + bytes(24) + struct.pack(">I", 2)
    return _box(b"moov", _full(b"mvhd", header), _box(b"trak", track, media))


def _sound(rate: int) -> bytes:
    """`mp4a` with the object type of MPEG-1 audio."""
    decoder = struct.pack(">BBBBHII", 0x04, 13, 0x6B, 0x15, 0, 128_000, 128_000)
    descriptor = struct.pack(">BBHB", 0x03, 3 + len(decoder) + 3, 1, 0) + decoder + b"\x06\x01\x02"
    return _box(b"mp4a", struct.pack(">6xH8xHHHHI", 1, 2, 16, 0, 0, rate << 16), _full(b"esds", descriptor))
