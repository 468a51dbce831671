"""Logging: plain or JSON lines on standard error, with every secret struck out at the handler."""

import logging
import re
import sys
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Literal

import msgspec
import stamina

STRUCK = "[secret]"

# What looks like a Discord token, an Authorization header or a gateway key, even one that is not ours.
_SHAPES = re.compile(
    r"""[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,45}
      | (?<=Bearer\ )[\w.~+/=-]{6,} | (?<=Bot\ )[\w.~+/=-]{20,}
      | \bsk-[\w-]{6,}
      | (?<=/webhooks/)(\d+/)[\w-]{20,} | (?<=/interactions/)(\d+/)[\w-]{20,}""",
    re.VERBOSE,
)


class Redactor:
    """Strikes secrets out of a text: the given ones wherever they stand, others by their shape."""

    def __init__(self, secrets: Collection[str]) -> None:
        longest_first = sorted((secret for secret in secrets if len(secret) >= 4), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        if self._known:
            text = self._known.sub(STRUCK, text)
        return _SHAPES.sub(STRUCK, text)


class RedactingFormatter(logging.Formatter):
    """Works on the finished line, so that arguments and tracebacks pass it too."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S")
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


class JsonFormatter(RedactingFormatter):
    """One JSON object a line: time (RFC 3339, UTC), level, logger, message, and error if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._redact(record.getMessage()),
        }
        if record.exc_info:
            line["error"] = self._redact(self.formatException(record.exc_info))
        return msgspec.json.encode(line).decode()


def set_up_logging(level: str, style: Literal["plain", "json"], secrets: Collection[str]) -> None:
    handler = logging.StreamHandler(sys.stderr)
    formatter = JsonFormatter if style == "json" else RedactingFormatter
    handler.setFormatter(formatter(Redactor(secrets)))
    # A retry is no news, and its record holds nothing that can be read; what fails in the end is told by who asked.
    stamina.instrumentation.set_on_retry_hooks(())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("discord", "aiosqlite", "alembic"):
        logging.getLogger(chatty).setLevel(max(logging.INFO, logging.getLevelName(level.upper())))
