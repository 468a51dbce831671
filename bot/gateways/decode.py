"""Decodes any answer to a fetch into an `Answer` or a `GatewayError`; recognises the dialect by the body. Pure, and
total.
"""

from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from bot.domain.task import Answer
from bot.errors import GatewayBroken, GatewayBusy, GatewayError, GatewayMisplaced, GatewayRefused
from bot.gateways.dialects.error_texts import in_words, sentences
from bot.gateways.dialects.field_names import CODE
from bot.gateways.dialects.find import FoundTasks, find
from bot.gateways.dialects.phrases import ErrorMeaning, meaning
from bot.gateways.dialects.statuses import is_code, says_absent
from bot.gateways.dialects.translate import translate
from bot.gateways.dialects.unwrap import status_of, unwrap
from bot.gateways.fields import Object, as_text, first, parse_json

GOOD_CODES = frozenset({"", "success", "succeed", "succeeded", "ok", "0", "1", "200", "true"})
_BAD_STATUS = {"error", "fail", "failed"}  # of an answer without content
_BUSY = {429, 430, 455, 503, 529}  # also as a code within an answer
_KEY = {401, 402, 403}  # 402: its account has no money left
_ABSENT = {404, 410}
_NO_SUCH_ID = {404, 410, 422}  # to a request that contains nothing but an id


def decode(asked: Collection[str], status: int, content_type: str, body: bytes) -> Answer:
    """The `asked` tasks in an HTTP answer. Raises GatewayError; ignores tasks that were not asked for."""
    try:
        value = parse_json(body, content_type)
    except ValueError:
        raise no_json(status, body) from None
    found = find(value, asked) if status < 300 else FoundTasks({}, others=False)
    sources = {task_id: source for task_id, source in found.tasks.items() if not is_absent(source)}
    if not found.tasks and not found.others and (error := error_in(asked, status, value)):
        raise error
    tasks = {task_id: translate(task_id, sources[task_id]) for task_id in asked if task_id in sources}
    return Answer(tasks, tuple(dict.fromkeys(task_id for task_id in asked if task_id not in tasks)))


def is_absent(source: Object) -> bool:
    """Whether one task's part of an answer says that it does not exist."""
    if (word := status_of(source)) is not None:
        return says_absent(word)
    texts = sentences(source)
    return bool(texts) and meaning(*texts) is ErrorMeaning.UNKNOWN and unwrap(source).empty


def no_json(status: int, body: bytes) -> GatewayError:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED):
        return GatewayRefused(str(status))
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return GatewayBusy(str(status))
    # A page with 403 comes from a proxy in front of the gateway, which does not check our key.
    if status >= 500 or status in (HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_TIMEOUT):
        return GatewayBroken(f"{status} without JSON")
    if body.strip() and body.lstrip()[:1] not in (b"{", b"["):
        return GatewayMisplaced(f"{status}, and no JSON but {len(body)} bytes of something else")
    return GatewayBroken(f"{status} with an empty or cut body")


def error_in(asked: Collection[str], status: int, value: Any) -> GatewayError | None:
    """The error of an answer without any of the tasks; None: they do not exist."""
    text = in_words(value)
    kind = _kind_of_error(asked, status, value)
    if kind is None:
        return None
    error = kind(f"{status} {text or 'and no words that we know'}")
    error.words = text
    if isinstance(error, GatewayMisplaced):
        error.may_be_task = status == HTTPStatus.NOT_FOUND and meaning(*sentences(value)) is ErrorMeaning.BARE
    return error


def _kind_of_error(asked: Collection[str], status: int, value: Any) -> type[GatewayError] | None:
    meant, code, good = meaning(*sentences(value)), _code(value), is_good(value, status)
    if status == HTTPStatus.UNAUTHORIZED:
        return GatewayRefused
    if _says_unknown(meant, status, code):
        return None if len(asked) == 1 else GatewayBroken  # does not say which of them
    if meant is ErrorMeaning.NO_MONEY and not good:  # some say so with 429
        return GatewayRefused
    if status in _BUSY or code in _BUSY or (meant is ErrorMeaning.BUSY and not good):
        return GatewayBusy
    if status in _KEY or code in _KEY or (meant is ErrorMeaning.KEY and not good):
        return GatewayRefused
    if 300 <= status < 400 or status == HTTPStatus.METHOD_NOT_ALLOWED or _says_nothing_there(meant, status):
        return GatewayMisplaced
    if status in _NO_SUCH_ID and len(asked) == 1:
        return None
    return None if good and isinstance(value, dict | list) and _is_empty(value) else GatewayBroken


def _says_unknown(meant: ErrorMeaning, status: int, code: int | None) -> bool:
    """A router reports an unknown address by a status; a gateway that answers 200 has looked for the task."""
    return meant is ErrorMeaning.UNKNOWN or (
        status < 300 and code in _ABSENT and meant in (ErrorMeaning.BARE, ErrorMeaning.OTHER)
    )


def _says_nothing_there(meant: ErrorMeaning, status: int) -> bool:
    return status >= 400 and (
        meant is ErrorMeaning.NOTHING_THERE or (status == HTTPStatus.NOT_FOUND and meant is ErrorMeaning.BARE)
    )


def _code(value: Any) -> int | None:
    """The answer's code, if it is a number like an HTTP status."""
    holders = [value, value.get("error")] if isinstance(value, dict) else []
    codes = (as_text(first(each, *CODE)).strip() for each in holders if isinstance(each, dict))
    return next((int(code) for code in codes if len(code) == 3 and code.isascii() and code.isdigit()), None)


def is_good(value: Any, status: int) -> bool:
    """Whether it is a regular answer of a working gateway."""
    if not isinstance(value, dict):
        return status < 400
    if status >= 400 or value.get("success") is False:
        return False
    if value.get("data") is not None and not isinstance(value.get("data"), str):
        return True
    word = as_text(status_of(value)).strip().lower()
    if word in _BAD_STATUS or (is_code(word) and word not in GOOD_CODES):
        return False
    return not value.get("error") and as_text(value.get("code")).lower() in GOOD_CODES


def _is_empty(value: Any) -> bool:
    return not value or (isinstance(value, dict) and any(name in value and not value[name] for name in _HOLDERS))


_HOLDERS = ("data", "result", "results", "tasks", "items", "list", "output")
