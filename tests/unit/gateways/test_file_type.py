"""What a file is, by its bytes: the whole of a small song, and headers with nothing behind them."""

import struct

import pytest

from bot.errors import MediaUnrecognised
from bot.gateways.file_type import (
    AAC,
    FLAC,
    GIF,
    JPEG,
    MP2,
    MP3,
    MP4,
    OGG,
    PNG,
    WAV,
    WEBM,
    WEBP,
    WINDOW,
    FileType,
    audio,
    frames,
    picture_kind,
)
from bot.gateways.id3 import Tag, encode, tagged
from bot.gateways.song_type import detect_song_type
from sandbox.local_gateway.songs import audio as sound
from tests.linear_time import TIMES, grows_linearly
from tests.relays import arriving, content

MP3_FRAMES = sound("dawn", 2.0)[0]
AAC_FRAMES = bytes.fromhex("fff15080") + bytes.fromhex("0c9ffc") + bytes(93)  # one of 100 bytes
LAYER_II = bytes.fromhex("fffd9404") + bytes(413)  # 417 bytes: 128 kbit/s at 44.1 kHz, as its header says
TAG = encode(Tag(title="Rain", cover=bytes(40_000), cover_type="image/png"))


def box(name: bytes, inside: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(inside), name) + inside


def page(position: int, body: bytes) -> bytes:
    """Of an Ogg stream."""
    return b"OggS\0\0" + position.to_bytes(8, "little") + bytes(12) + bytes([1, len(body)]) + body


def chunk(name: bytes, inside: bytes = b"") -> bytes:
    return name + len(inside).to_bytes(4, "little") + inside


def riff(*chunks: bytes) -> bytes:
    return b"RIFF\0\0\0\0WAVE" + b"".join(chunks)


FTYP = box(b"ftyp", b"M4A \0\0\0\0")
STREAMINFO = b"fLaC\x80\0\0\x22" + bytes(34)
EBML = bytes.fromhex("1a45dfa3") + bytes(20) + bytes.fromhex("18538067") + bytes(8)
FORMAT = chunk(b"fmt ", bytes(16))

SONGS = {
    "MP3": (MP3_FRAMES, MP3),
    "MP3 behind a tag": (TAG + MP3_FRAMES, MP3),
    "MP3 behind two tags": (TAG + encode(Tag(title="x")) + MP3_FRAMES, MP3),
    "MP3 behind zeros": (bytes(10) + MP3_FRAMES, MP3),
    "MP3 behind other junk": (b"junk\xff\xfb\x90\x01\xff" * 50 + MP3_FRAMES, MP3),
    "MP3 far behind junk": (b"junk" * WINDOW + MP3_FRAMES, MP3),
    "MP3 behind a tag that says too much": (b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(90) + MP3_FRAMES * 20, MP3),
    "MP3 behind a tag that says too little": (b"ID3\x04\0\0\0\0\0\x05" + b"text" * 90 + MP3_FRAMES, MP3),
    "one frame": (MP3_FRAMES[:417], MP3),
    "layer II": (LAYER_II * 30, MP2),
    "AAC": (AAC_FRAMES * 30, AAC),
    "AAC behind a tag": (TAG + AAC_FRAMES * 30, AAC),
    "FLAC behind a tag": (TAG + STREAMINFO + b"\xff\xf8" + bytes(500), FLAC),
    "WAV": (riff(FORMAT, chunk(b"LIST", b"odd"), b"\0", chunk(b"data", bytes(99))), WAV),
    "WAV behind line breaks": (b"\r\n\r\n" + riff(FORMAT, chunk(b"data", bytes(99))), WAV),
    "MP4 behind the mark of UTF-8": (b"\xef\xbb\xbf" + FTYP + box(b"mdat", bytes(99)), MP4),
    "MP4": (FTYP + box(b"moov", bytes(500)) + box(b"mdat", bytes(99)), MP4),
    "MP4 in fragments": (FTYP + box(b"moov", bytes(500)) + box(b"moof", bytes(99)), MP4),
    "Ogg": (page(0, b"\x01vorbis") + page(0, b"\x03vorbis") + page(960, b"sound"), OGG),
    "FLAC": (STREAMINFO + b"\xff\xf8" + bytes(500), FLAC),
    "WebM": (EBML + bytes.fromhex("1f43b675") + bytes(500), WEBM),
}
NO_SONGS = {
    "nothing": b"",
    "a web page": b"<html><body>Sign in</body></html>" * 600,
    "JSON": b'{"error":"forbidden"}',
    "zeros": bytes(20_000),
    "ones": b"\xff" * 20_000,
    "a text in UTF-16": "\ufeffSign in to go on. ".encode("utf-16") * 500,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100,
    "a tag": TAG,
    "half a tag": TAG[:20_000],
    "a header of MP3": MP3_FRAMES[:4],
    "a tag and a header of MP3": TAG + MP3_FRAMES[:4],
    "a header of WAV": riff(FORMAT, chunk(b"data")),
    "line breaks and a header of WAV": b"\r\n" + riff(FORMAT, chunk(b"data")),
    "half a header of WAV": riff(FORMAT)[:30],
    "a header of Ogg": page(0, b"\x01vorbis") + page(0, b"\x03vorbis"),
    "a header of MP4": FTYP,
    "a header of MP4 with its tables": FTYP + box(b"moov", bytes(500)),
    "a header of MP4 with no sound in it": FTYP + box(b"moov", bytes(500)) + box(b"mdat"),
    "a header of FLAC": STREAMINFO,
    "a header of WebM": EBML,
}


@pytest.mark.parametrize(("file", "kind"), SONGS.values(), ids=SONGS)
@pytest.mark.parametrize("known", [True, False], ids=["of known length", "of unknown length"])
async def test_a_song_is_known_by_its_bytes(file: bytes, kind: FileType, known: bool) -> None:
    async with arriving(file) as song:
        found = await detect_song_type(song.spool, len(file) if known else None)
    assert found.kind is kind


@pytest.mark.parametrize("file", NO_SONGS.values(), ids=NO_SONGS)
@pytest.mark.parametrize("known", [True, False], ids=["of known length", "of unknown length"])
async def test_a_clip_without_audio_is_not_yet_a_song(file: bytes, known: bool) -> None:
    async with arriving(file) as song:
        with pytest.raises(MediaUnrecognised):
            await detect_song_type(song.spool, len(file) if known else None)


@pytest.mark.parametrize("name", [name for name, (_, kind) in SONGS.items() if kind is MP3])
async def test_a_new_tag_stands_before_the_first_frame(name: str) -> None:
    """What stood there goes: a tag with a wrong size would hide the frames from players."""
    file, _ = SONGS[name]
    async with arriving(file) as song:
        start = (await detect_song_type(song.spool, len(file))).start
        sent = await content(tagged(song, Tag(title="New"), 10**7, start))
    tag = encode(Tag(title="New"))
    assert sent[: len(tag)] == tag
    assert sent[len(tag) :].startswith(MP3_FRAMES[:400])


def test_a_long_song_needs_no_end_to_be_known() -> None:
    assert audio(FTYP + box(b"moov", bytes(90_000))[:WINDOW], ends=False) == (MP4, 0)


@pytest.mark.parametrize("piece", [b"\xff", b"\xff\xfb\x90\x64", b"\xff\xf1\x50\x80", b"\xff\xfb", b"\0", b"ID3\x04"])
def test_any_bytes_are_looked_through_in_a_time_that_grows_with_their_length(piece: bytes) -> None:
    short = b"x" + piece * (32 * 1024 // len(piece))
    assert grows_linearly(frames, short, short * TIMES)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0", JPEG), (b"\x89PNG\r\n\x1a\n", PNG), (b"RIFF\0\0\0\0WEBPVP8 ", WEBP), (b"GIF89a", GIF),
        (b"<svg xmlns=", None), (b"", None), (b"RIFF\0\0\0\0WAVE", None),
    ],
)  # fmt: skip
def test_pictures_are_known_by_their_first_bytes(head: bytes, kind: FileType | None) -> None:
    assert picture_kind(head) is kind
