"""No secret reaches the log, in whatever way it got into a record."""

import json
import logging
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from bot.log import REDACTED, JsonFormatter, RedactingFormatter, Redactor, set_up_logging

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789ab"
KEY = "my-own-kind-of-key"


@pytest.fixture
def redact() -> Redactor:
    return Redactor([KEY, "abc"])


@pytest.mark.parametrize("secret", [KEY, TOKEN, "sk-0123456789abcdef", f"x{KEY}y"])
def test_secrets_are_struck_out(redact: Redactor, secret: str) -> None:
    assert secret not in redact(f"before {secret} after")


@pytest.mark.parametrize(
    "text",
    [
        "<CIMultiDict('Authorization': 'Bearer another-key-123', 'Accept': '*/*')>",
        "{'Authorization': 'Bot another-key-1234567890abcdef'}",
        "authorization: bearer another-key-123",
        "ClientError('https://me:another-key@gateway.example/suno')",
        "PATCH https://discord.com/api/v10/webhooks/1234/another-key-1234567890abcdef/messages/@original",
        "POST /interactions/1234/another-key-1234567890abcdef/callback",
    ],
)
def test_text_that_looks_like_markdown_is_escaped(redact: Redactor, text: str) -> None:
    assert "another-key" not in redact(text)


@pytest.mark.parametrize(
    "form", [str, repr, json.dumps, quote, quote_plus, lambda key: repr(key.encode()), lambda key: quote(key, safe="")]
)
def test_a_secret_is_known_in_every_form(form: Callable[[str], str]) -> None:
    key = "a/b+c=d\\e'f\"g&h%i"
    shown = form(key)
    assert Redactor([key])(f"x {shown} y") in (
        f"x {REDACTED} y",
        f"x {shown[0]}{REDACTED}{shown[-1]} y",
        f"x b'{REDACTED}' y",
    )


def test_a_very_short_secret_does_not_empty_the_log(redact: Redactor) -> None:
    assert redact("abc is a word") == "abc is a word"


def record(message: str, *values: object, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("bot", logging.ERROR, __file__, 1, message, values, info)


def test_arguments_and_tracebacks_pass_the_same_way(redact: Redactor) -> None:
    line = RedactingFormatter(redact).format(record("key %s", KEY, error=ValueError(f"bad {TOKEN}")))
    assert KEY not in line
    assert TOKEN not in line
    assert f"ValueError: bad {REDACTED}" in line


def test_nobodys_text_passes_for_a_line_of_ours() -> None:
    forged = "odd id\r\n2026-01-01 00:00:00 INFO    bot: all is well\x1b[2J\u202e\ud800"
    plain = RedactingFormatter(Redactor([])).format(record("said: %s", forged, error=ValueError(forged)))
    assert [line for line in plain.splitlines()[1:] if not line.startswith("  ")] == []
    assert "\\r\n  2026-01-01 00:00:00 INFO    bot: all is well\\x1b[2J\\u202e\\ud800" in plain
    entry = json.loads(JsonFormatter(Redactor([])).format(record("said: %s", forged, error=ValueError(forged))))
    assert "\\x1b[2J\\u202e\\ud800" in entry["message"]
    assert "\\x1b[2J\\u202e\\ud800" in entry["error"]


def test_json_lines(redact: Redactor) -> None:
    line = JsonFormatter(redact).format(record("key %s\nnext", KEY, error=ValueError(TOKEN)))
    entry = json.loads(line)
    assert "\n" not in line
    assert (entry["level"], entry["logger"], entry["message"]) == ("error", "bot", f"key {REDACTED}\nnext")
    assert entry["error"].endswith(f"ValueError: {REDACTED}")
    assert entry["time"].endswith("+00:00")


@pytest.mark.parametrize("style", ["plain", "json"])
def test_the_whole_log_is_set_up(
    style: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", True)
    before = logging.getLogger().handlers[:]
    try:
        set_up_logging("info", "json" if style == "json" else "plain", [KEY])
        logging.getLogger("discord.http").info("with %s", KEY)
        logging.getLogger("bot").debug("not at this level")
        logging.getLogger("bot").error("%d is no number", KEY)
        output = capsys.readouterr().err
    finally:
        logging.getLogger().handlers[:] = before
    assert REDACTED in output
    assert KEY not in output
    assert "not at this level" not in output
