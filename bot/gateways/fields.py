"""Readers for a stranger's JSON: each accepts any value and returns the type in its name, without errors."""

import json
import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

Object = Mapping[str, Any]

_MAX_TEXT = 100_000  # characters; the longest lyrics have some thousands
_MAX_LIST = 1_000  # texts that are joined
_MAX_NUMBER = 60  # characters of a number
_MAX_URL = 16_000  # characters; signed addresses with a session token have some thousands
_MILLISECONDS = 1e11  # as Unix seconds, this would be the year 5138
_LATEST = 253_402_300_799  # the end of the year 9999, in Unix seconds
_ABSENT_FILES = ("/none.mp3", "/none.mp4", "/api/forbidden")
# What HTML, JSON within JSON, and people make of an address; other entities are likely to be parameters.
_QUOTED = re.compile(r"&(?:amp|#38|#x26);|\\/| ", re.IGNORECASE)
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
_ADDRESS = re.compile(r"(https?:)?//?[^\s\\]+", re.IGNORECASE)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,4})?)\s*%?")


def parse_json(body: bytes, content_type: str) -> Any:
    """The value, whatever the body's content type; ValueError if it is not JSON."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    # Strict JSON forbids what some gateways send: another charset, a byte order mark, NaN, half a surrogate pair.
    labelled = re.search(r"charset=[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    guesses = (
        (labelled[1] if labelled else "", "strict"),
        (json.detect_encoding(body), "strict"),
        ("utf-8", "replace"),
    )
    for encoding, errors in guesses:
        try:
            return json.loads(body.decode(encoding, errors))
        except (ValueError, LookupError, RecursionError):
            continue
    raise ValueError("no JSON")


def unpacked(value: Any) -> Any:
    """The JSON in a text that looks like JSON, or the value itself. Cheap, because an answer may hold many
    such texts.
    """
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return value


def first(source: Object, *names: str) -> Any:
    """The first value that is not missing, null or an empty text."""
    for name in names:
        value = source.get(name)
        if value is not None and value != "":
            return value
    return None


def as_object(value: Any) -> Object:
    """Also from a text that contains JSON."""
    value = unpacked(value)
    return value if isinstance(value, dict) else {}


def as_text(value: Any) -> str:
    """Texts unchanged, numbers as text, the texts of a list joined by commas; everything else empty."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(_plain, value[:_MAX_LIST])))[:_MAX_TEXT]
    return _plain(value)[:_MAX_TEXT]


def _plain(value: Any) -> str:
    """Empty for a list within a list, too: it could be nested too deeply for Python."""
    if isinstance(value, str) and value.isascii():
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    try:
        return str(value).encode("utf-8", "replace").decode()
    except ValueError:  # an integer with more digits than Python converts
        return ""


def as_number(value: Any) -> float | None:
    """Finite, from a number or a text that is one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str) and len(value) > _MAX_NUMBER:
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_seconds(value: Any) -> float | None:
    """A positive duration."""
    number = as_number(value)
    return number if number is not None and 0 < number < _MILLISECONDS else None


def as_moment(value: Any) -> float | None:
    """Unix seconds, from seconds, milliseconds or RFC 3339; 0 means "not yet"."""
    number = as_number(value)
    if number is None and isinstance(value, str):
        number = _parse_date(value)
    if number is None or number <= 0:
        return None
    seconds = number / 1000 if number >= _MILLISECONDS else number
    return seconds if seconds <= _LATEST else None


def _parse_date(text: str) -> float | None:
    """None without a time zone, because the moment is ambiguous."""
    try:
        moment = datetime.fromisoformat(text[:_MAX_NUMBER].strip())
        return moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def as_percentage(value: Any) -> float | None:
    """A meaningful progress: gateways say "0%" and "100%" when they do not know it.

    A value below 1 is ambiguous: a fraction or a percentage.
    """
    match = _PERCENT.fullmatch(as_text(value)[:_MAX_NUMBER].strip())
    percentage = float(match[1]) if match else 0.0
    return percentage if 1 <= percentage < 100 else None


def _unquoted(quoted: re.Match[str]) -> str:
    return {"\\/": "/", " ": "%20"}.get(quoted[0], "&")


def as_url(value: Any) -> str:
    """The http(s) address of an existing file, or empty; also a relative one, such as /files/a.mp3.

    Empty if it has a user name or invisible characters: people would read a different address.
    """
    url = _QUOTED.sub(_unquoted, as_text(value).strip().strip(_INVISIBLE))
    if len(url) > _MAX_URL or not url.isprintable() or not _ADDRESS.fullmatch(url):
        return ""
    try:
        parts = urlsplit(url)
        relative = not parts.scheme and not parts.netloc and len(parts.path) > 1
        reachable = (parts.hostname and parts.port != 0) or relative  # raises for an invalid port
    except ValueError:
        return ""
    disguised = "@" in parts.netloc or "%20" in parts.netloc
    return url if reachable and not disguised and not parts.path.lower().endswith(_ABSENT_FILES) else ""
