"""Logging: plain or JSON lines on standard error; the handler redacts every secret."""

import json
import logging
import re
import sys
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote, quote_plus

import msgspec
import stamina

REDACTED = "[secret]"

# What looks like a Discord token, an Authorization header or a gateway key, even one that is not ours.
_SHAPES = re.compile(
    r"""[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,45}
      | (?<=(?i:Bearer)\ )[\w.~+/=-]{6,} | (?<=Bot\ )[\w.~+/=-]{20,}
      | \bsk-[\w-]{6,}
      | (?<=://)[^\s/:@]+:[^\s/@]+(?=@)
      | (?<=/webhooks/)(\d+/)[\w-]{20,} | (?<=/interactions/)(\d+/)[\w-]{20,}""",
    re.VERBOSE,
)

# All control characters except the line break; in a terminal they could move, colour or hide text.
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


# Messages below these levels do not help an operator.
_CHATTY = {"discord": logging.INFO, "aiosqlite": logging.INFO, "alembic": logging.WARNING}


class Redactor:
    """Redacts secrets in a text: the given ones in any form, others by their shape."""

    def __init__(self, secrets: Collection[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= 4 for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        if self._known:
            text = self._known.sub(REDACTED, text)
        return _SHAPES.sub(REDACTED, text)


def _forms(secret: str) -> set[str]:
    """As it is, and as it appears in a repr of text or bytes, in JSON and in a URL."""
    shown = (repr(secret), repr(secret.encode())[1:], json.dumps(secret))
    return {secret, *(each[1:-1] for each in shown), quote(secret), quote(secret, safe=""), quote_plus(secret)}


def visible(text: str) -> str:
    """Fit for a terminal: control characters are escaped, except line breaks."""
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


class RedactingFormatter(logging.Formatter):
    """Works on the finished line, so that arguments and tracebacks are redacted too.

    Text after a line break is indented: no stranger's text can pass for a line of ours.
    """

    def __init__(self, redact: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S")
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return visible(self._redact(super().format(record))).replace("\n", "\n  ")


class JsonFormatter(RedactingFormatter):
    """One JSON object per line: time (RFC 3339, UTC), level, logger, message, and error if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": visible(self._redact(record.getMessage())),
        }
        if record.exc_info:
            line["error"] = visible(self._redact(self.formatException(record.exc_info)))
        return msgspec.json.encode(line).decode()


def set_up_logging(level: str, style: Literal["plain", "json"], secrets: Collection[str]) -> None:
    handler = logging.StreamHandler(sys.stderr)
    formatter = JsonFormatter if style == "json" else RedactingFormatter
    handler.setFormatter(formatter(Redactor(secrets)))
    logging.raiseExceptions = False  # a record that cannot be formatted would be printed unredacted
    # A retry is not worth a line, and its record has no readable content; the caller logs the final failure.
    stamina.instrumentation.set_on_retry_hooks(())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name, least in _CHATTY.items():
        logging.getLogger(name).setLevel(max(least, logging.getLevelName(level.upper())))
