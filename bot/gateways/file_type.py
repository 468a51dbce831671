"""Detects a file's type by its bytes: its label and its name cannot be trusted.

No library does this: they know a file by its first bytes, and neither notice a header without content, nor find frames
behind junk or a tag with a wrong size.
"""

from collections.abc import Callable
from typing import NamedTuple

WINDOW = 16 * 1024  # bytes that are examined; a frame has at most 4,096
PICTURE = 16  # bytes that identify a picture


class FileType(NamedTuple):
    """`extension` includes its dot: Discord relies on it."""

    name: str
    extension: str
    mime: str = ""


MP3, MP4, WAV, OGG, FLAC = (
    FileType("MP3", ".mp3"), FileType("MP4", ".m4a"), FileType("WAV", ".wav"), FileType("Ogg", ".ogg"),
    FileType("FLAC", ".flac"),
)  # fmt: skip
MP4_VIDEO = FileType("MP4", ".mp4")  # for whoever knows that there are pictures in it
MP2, AAC, WEBM = FileType("MP2", ".mp2"), FileType("AAC", ".aac"), FileType("WebM", ".webm")
JPEG, PNG = FileType("JPEG", ".jpg", "image/jpeg"), FileType("PNG", ".png", "image/png")
WEBP, GIF = FileType("WebP", ".webp", "image/webp"), FileType("GIF", ".gif", "image/gif")

_LAYER_III, _LAYER_II = 0b01, 0b10
# In kbit/s, by the index in a frame's header: layers II and III of MPEG 1, and those of MPEG 2 and 2.5.
_BITRATES = {
    (True, _LAYER_III): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, _LAYER_II): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (False, _LAYER_III): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, _LAYER_II): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {0b11: (44_100, 48_000, 32_000), 0b10: (22_050, 24_000, 16_000), 0b00: (11_025, 12_000, 8_000)}
_AAC_RATES = 13
_AAC_HEADER = 7  # bytes


class DetectedAudio(NamedTuple):
    """`start`: bytes before the audio that are no part of it."""

    kind: FileType
    start: int = 0


def audio(window: bytes, *, ends: bool) -> DetectedAudio | None:
    """The type of a file that begins with this window. `ends`: nothing follows the window.

    None for a header with nothing behind it: a host may write the rest a moment later.
    """
    for start in sorted({len(window) - len(window.lstrip(junk)) for junk in (b"", _BLANK, _BLANK + b"\0")}):
        file = window[start:]
        for begins, kind, has_sound in _CONTAINERS:
            if begins(file):
                return DetectedAudio(kind, start) if not ends or has_sound(file) else None
    return frames(window)


def frames(window: bytes) -> DetectedAudio | None:
    """MPEG or AAC frames: at the beginning or after zeros, or anywhere if a second frame follows the first."""
    zeros = len(window) - len(window.lstrip(b"\0"))
    start = window.find(b"\xff")
    while start >= 0:
        if frame := mpeg_frame(window, start):
            kind, size = frame
            following = mpeg_frame(window, start + size) if size else None
            alone = start == zeros and len(window) > start + _AAC_HEADER
            if alone or (following and following[0] is kind):
                return DetectedAudio(kind, start)
        start = window.find(b"\xff", start + 1)
    return None


def mpeg_frame(window: bytes, at: int) -> tuple[FileType, int] | None:
    """The type and size of a frame; size 0 if its header does not say. It has eleven set bits, then valid fields."""
    header = window[at : at + _AAC_HEADER]
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    if header[1] & 0xF6 == 0xF0:
        return (AAC, _aac_size(header)) if header[2] >> 2 & 0b1111 < _AAC_RATES else None
    version, layer = header[1] >> 3 & 0b11, header[1] >> 1 & 0b11
    bitrate, rate = header[2] >> 4, header[2] >> 2 & 0b11
    if version == 0b01 or layer not in (_LAYER_III, _LAYER_II) or bitrate in (0, 0b1111) or rate == 0b11:
        return None
    first = version == 0b11
    samples = 72 if layer == _LAYER_III and not first else 144
    size = samples * _BITRATES[first, layer][bitrate] * 1_000 // _RATES[version][rate] + (header[2] >> 1 & 1)
    return (MP3 if layer == _LAYER_III else MP2), size


def _aac_size(header: bytes) -> int:
    size = int.from_bytes(header[3:6]) >> 5 & 0x1FFF if len(header) == _AAC_HEADER else 0
    return size if size > _AAC_HEADER else 0


def _has_wav_sound(file: bytes) -> bool:
    at = 12
    while at + 8 <= len(file):
        if file[at : at + 4] == b"data":
            return len(file) > at + 8
        size = int.from_bytes(file[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return len(file) > _SHORT  # an unknown way to write it


def _has_ogg_sound(file: bytes) -> bool:
    """Pages with the headers of a stream have position 0."""
    at = 0
    while file[at : at + 4] == b"OggS" and len(file) >= at + 27:
        body = at + 27 + file[at + 26]
        end = body + sum(file[at + 27 : body])
        if file[at + 6 : at + 14] not in (bytes(8), b"\xff" * 8) and end > body:
            return True
        at = end
    return at < len(file) and at > 0


def _has_mp4_sound(file: bytes) -> bool:
    at = 0
    while at + 8 <= len(file):
        size, name = int.from_bytes(file[at : at + 4]), file[at + 4 : at + 8]
        if name in (b"mdat", b"moof"):
            return len(file) > at + 8
        if size == 1:
            size = int.from_bytes(file[at + 8 : at + 16])
        if size < 8:
            return True  # an unknown way to write it
        at += size
    return False


def _has_flac_sound(file: bytes) -> bool:
    at, last = 4, False
    while not last and at + 4 <= len(file):
        last = file[at] >= 0x80
        at += 4 + int.from_bytes(file[at + 1 : at + 4])
    return at < len(file)


def _has_webm_sound(file: bytes) -> bool:
    cluster = file.find(b"\x1f\x43\xb6\x75")
    return 0 < cluster < len(file) - 12 or (b"\x18\x53\x80\x67" not in file and len(file) > _SHORT)


_BLANK = b"\t\n\r \xef\xbb\xbf"  # what scripts print before a file: line breaks, the mark of UTF-8
_SHORT = 1_024  # bytes: no song is shorter
_CONTAINERS: tuple[tuple[Callable[[bytes], bool], FileType, Callable[[bytes], bool]], ...] = (
    (lambda head: head[4:8] == b"ftyp", MP4, _has_mp4_sound),
    (lambda head: head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE", WAV, _has_wav_sound),
    (lambda head: head[:4] == b"OggS", OGG, _has_ogg_sound),
    (lambda head: head[:4] == b"fLaC", FLAC, _has_flac_sound),
    (lambda head: head[:4] == b"\x1a\x45\xdf\xa3", WEBM, _has_webm_sound),
)


def picture_kind(head: bytes) -> FileType | None:
    if head[:3] == b"\xff\xd8\xff":
        return JPEG
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    return GIF if head[:6] in (b"GIF87a", b"GIF89a") else None
