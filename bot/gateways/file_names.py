"""Names of song files."""

import re
import unicodedata

from bot.gateways.file_type import FileType

_LONGEST_NAME = 60  # characters of the title
_LONGEST_BYTES = 180  # of the title in UTF-8: file systems allow 255 with everything that follows


def file_name(title: str, clip_id: str, number: int, kind: FileType) -> str:
    """`number`, the clip's position in its task, distinguishes siblings with similar ids."""
    short = re.sub(r"[^A-Za-z0-9]", "", clip_id)[:8]
    return "-".join(part for part in (words_of(title) or "suno", short, str(number)) if part) + kind.extension


def words_of(title: str) -> str:
    """Letters and digits of any language, with one dash between words: safe for file systems and Discord."""
    text = unicodedata.normalize("NFC", title)
    kept = "".join(char if char.isalnum() or unicodedata.category(char) in ("Mn", "Mc") else " " for char in text)
    joined = "-".join(kept.split())[:_LONGEST_NAME]
    return joined.encode("utf-8", "ignore")[:_LONGEST_BYTES].decode("utf-8", "ignore").strip("-")
