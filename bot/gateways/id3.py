"""An ID3v2.4 tag before the frames of an MP3: title, style, lyrics, cover and task id travel with the file.

Follows https://id3.org/id3v2.4.0-structure and https://id3.org/id3v2.4.0-frames. No library for it has a suitable
licence.
"""

from msgspec import Struct
from msgspec.structs import replace

from bot.gateways.relay import Relay

_UTF_8 = b"\x03"
_FRONT_COVER = b"\x03"
_LANGUAGE = b"und"
_FOOTER = 0x10
HEADER = 10  # bytes
_SHIFTS = (21, 14, 7, 0)


class Tag(Struct, frozen=True, kw_only=True):
    """Empty fields are left out."""

    title: str = ""
    style: str = ""
    lyrics: str = ""
    task_id: str = ""
    cover: bytes = b""
    cover_type: str = ""  # a MIME type


def encode(tag: Tag) -> bytes:
    frames = b"".join(
        [
            _text(b"TIT2", tag.title),
            _text(b"TCON", tag.style),
            _frame(b"USLT", _UTF_8 + _LANGUAGE + b"\0" + _utf_8(tag.lyrics)) if tag.lyrics else b"",
            _frame(b"TXXX", _UTF_8 + b"SUNO_TASK_ID\0" + _utf_8(tag.task_id)) if tag.task_id else b"",
            _picture(tag) if tag.cover else b"",
        ]
    )
    return b"ID3\x04\x00\x00" + _synchsafe(len(frames)) + frames


def _text(name: bytes, text: str) -> bytes:
    return _frame(name, _UTF_8 + _utf_8(text)) if text else b""


def _picture(tag: Tag) -> bytes:
    return _frame(b"APIC", _UTF_8 + tag.cover_type.encode("ascii") + b"\0" + _FRONT_COVER + b"\0" + tag.cover)


def _frame(name: bytes, content: bytes) -> bytes:
    return name + _synchsafe(len(content)) + b"\0\0" + content


def _utf_8(text: str) -> bytes:
    """Without NUL, which would end the text, and lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "ignore")


def _synchsafe(number: int) -> bytes:
    """28 bits in 4 bytes, the highest bit of each 0."""
    return bytes(number >> shift & 0x7F for shift in _SHIFTS)


def tagged(song: Relay, tag: Tag, limit: int, start: int) -> Relay:
    """The audio, whose first frame is at `start`, with a new tag; unchanged if no tag fits.

    `limit`: bytes of the whole file.
    """
    tags = map(encode, (tag, replace(tag, cover=b"")))
    return next((song.behind(each, start) for each in tags if song.size - start + len(each) <= limit), song)


def length(head: bytes) -> int:
    """The size in bytes of the tag at the beginning of a file, as its header says; 0 if there is none."""
    if len(head) < HEADER or head[:3] != b"ID3" or any(byte & 0x80 for byte in head[6:HEADER]):
        return 0
    whole = HEADER + sum(byte << shift for byte, shift in zip(head[6:HEADER], _SHIFTS, strict=True))
    return whole + (HEADER if head[5] & _FOOTER else 0)
