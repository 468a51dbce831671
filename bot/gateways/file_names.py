"""Names of song files."""

import re
import unicodedata

from bot.gateways.file_type import FileType

_MAX_NAME = 60  # characters of the title
_MAX_READ = 1_000  # characters of a title that may hold invisible ones
_MAX_BYTES = 180  # of the title in UTF-8: file systems allow 255 with everything that follows


def file_name(title: str, clip_id: str, number: int, kind: FileType) -> str:
    """`number`, the clip's position in its task, distinguishes siblings with similar ids."""
    short = re.sub(r"[^A-Za-z0-9]", "", clip_id)[:8]
    return "-".join(part for part in (words_of(title) or "suno", short, str(number)) if part) + kind.extension


def words_of(title: str) -> str:
    """Letters and digits of any language, with one dash between words: safe for file systems and Discord."""
    text = unicodedata.normalize("NFC", title)
    kept = "".join(char if char.isalnum() or unicodedata.category(char) in ("Mn", "Mc") else " " for char in text)
    joined = "-".join(kept.split())[:_MAX_NAME]
    return joined.encode("utf-8", "ignore")[:_MAX_BYTES].decode("utf-8", "ignore").strip("-")


def numbered_name(number: int, count: int, title: str) -> str:
    """As `07 Low Water`, without an extension: unique, in the order of the `count` numbers, allowed on every system.

    Windows forbids some signs, names of devices, and spaces and full stops at the end.
    """
    text = unicodedata.normalize("NFC", title[:_MAX_READ])
    kept = "".join(map(_allowed, text))
    joined = " ".join(kept.split())[:_MAX_NAME]
    safe = joined.encode("utf-8", "ignore")[:_MAX_BYTES].decode("utf-8", "ignore").rstrip(" .")
    return f"{number:0{max(2, len(str(count)))}} {safe}".rstrip(" .")


def _allowed(char: str) -> str:
    """Nothing in place of what cannot be seen, as an override of the writing direction, or is in no encoding."""
    if char.isspace() or char in '<>:"/\\|?*':
        return " "
    return "" if unicodedata.category(char)[0] == "C" else char
