"""What a file is, by its first bytes: its label and its name are a stranger's word."""

from typing import NamedTuple

NEEDED = 16  # bytes


class Kind(NamedTuple):
    """`extension` with its dot: Discord goes by it."""

    name: str
    extension: str
    mime: str = ""


MP3, MP4, WAV, OGG, FLAC = (
    Kind("MP3", ".mp3"), Kind("MP4", ".m4a"), Kind("WAV", ".wav"), Kind("Ogg", ".ogg"), Kind("FLAC", ".flac"),
)  # fmt: skip
JPEG, PNG = Kind("JPEG", ".jpg", "image/jpeg"), Kind("PNG", ".png", "image/png")
WEBP, GIF = Kind("WebP", ".webp", "image/webp"), Kind("GIF", ".gif", "image/gif")


def audio_kind(head: bytes) -> Kind | None:
    if head[:3] == b"ID3" or _is_mpeg_frame(head):
        return MP3
    if head[4:8] == b"ftyp":
        return MP4
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return WAV
    return {b"OggS": OGG, b"fLaC": FLAC}.get(head[:4])


def picture_kind(head: bytes) -> Kind | None:
    if head[:3] == b"\xff\xd8\xff":
        return JPEG
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    return GIF if head[:6] in (b"GIF87a", b"GIF89a") else None


def _is_mpeg_frame(head: bytes) -> bool:
    """The header of an MPEG layer III frame: eleven set bits, then fields with values that exist."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 0b11, head[1] >> 1 & 0b11
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 0b11
    return version != 0b01 and layer == 0b01 and bitrate not in (0, 0b1111) and rate != 0b11
