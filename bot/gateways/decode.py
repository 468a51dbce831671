"""Any answer to a fetch becomes an `Answer` or a `GatewayError`: the dialect is told by the body. Pure, and total."""

import re
from collections.abc import Collection, Iterator
from http import HTTPStatus
from typing import Any

from bot.domain.task import Answer
from bot.errors import GatewayBroken, GatewayBusy, GatewayError, GatewayMisplaced, GatewayRefused
from bot.gateways.contents import is_clip, is_lyrics, unpacked
from bot.gateways.fields import Object, as_object, as_text, first, parse_json
from bot.gateways.translate import translate

_DEEPEST = 8  # envelopes
_MAX_MESSAGE = 200  # characters of a gateway's own words in an error
_UNKNOWN_TASK = re.compile(
    r"task[_ ](is[_ ]|does[_ ])?not[_ ](exist|found)|(任务|任務)\s*(id\s*)?不存在", re.IGNORECASE
)
_KEY = re.compile(r"\b(sk|key)-[\w*.-]+", re.IGNORECASE)
_GOOD_CODES = {"", "success", "succeed", "succeeded", "ok", "0", "1", "200", "true"}


def decode(asked: Collection[str], status: int, content_type: str, body: bytes) -> Answer:
    """What an HTTP answer says of the `asked` ids. Raises GatewayError; what was not asked for is dropped."""
    try:
        value = parse_json(body, content_type)
    except ValueError:
        raise _no_json(status, body) from None
    if error := _refusal(status, value):
        raise error
    said = {} if _says_unknown(value) else _find_tasks(value, asked)
    tasks = {task_id: translate(task_id, said[task_id.lower()]) for task_id in asked if task_id.lower() in said}
    return Answer(tasks, tuple(dict.fromkeys(task_id for task_id in asked if task_id not in tasks)))


def _no_json(status: int, body: bytes) -> GatewayError:
    if status == HTTPStatus.UNAUTHORIZED:
        return GatewayRefused("401")
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return GatewayBusy(str(status))
    # A page with 403 comes from what stands in front of the gateway: it does not know our key.
    if status >= 500 or status in (HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_TIMEOUT):
        return GatewayBroken(f"{status} without JSON")
    if body.strip() and body.lstrip()[:1] not in (b"{", b"["):
        return GatewayMisplaced(f"{status}, and no JSON but {len(body)} bytes of something else")
    return GatewayBroken(f"{status} with an empty or cut body")


def _refusal(status: int, value: Any) -> GatewayError | None:
    """The error that a JSON answer is; None for an answer to read."""
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return GatewayRefused(f"{status} {_message(value)}")
    if _says_unknown(value):
        return None
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return GatewayBusy(f"{status} {_message(value)}")
    if 300 <= status < 400 or status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        return GatewayMisplaced(f"{status} {_message(value)}")
    if status >= 400 or not isinstance(value, dict | list) or _is_failure(as_object(value)):
        return GatewayBroken(f"{status} {_message(value)}")
    return None


def _says_unknown(value: Any) -> bool:
    """A gateway's words for an id that it does not have, under whatever HTTP status."""
    envelope = as_object(value)
    if envelope.get("data"):
        return False
    said = (envelope.get("code"), envelope.get("message"), _error_message(envelope))
    return any(_UNKNOWN_TASK.search(as_text(each)) for each in said)


def _is_failure(envelope: Object) -> bool:
    if envelope.get("data") is not None or _task_id(envelope):
        return False
    return bool(envelope.get("error")) or as_text(envelope.get("code")).lower() not in _GOOD_CODES


def _error_message(envelope: Object) -> str:
    error = envelope.get("error")
    return as_text(first(error, "message", "code", "type") if isinstance(error, dict) else error)


def _message(value: Any) -> str:
    """The gateway's own words for the log: short, on one line, without anything like a key."""
    envelope = as_object(value)
    words = _error_message(envelope) or as_text(first(envelope, "message", "code"))
    return _KEY.sub("[key]", " ".join(words.split()))[:_MAX_MESSAGE]


def _find_tasks(value: Any, asked: Collection[str]) -> dict[str, Object]:
    """By id in lower case, whoever asked for them. Raises GatewayBroken for an answer of no known shape."""
    found = {task_id.lower(): task for task_id, task in _tasks(value, asked, 0)}
    empty = not value or (isinstance(value, dict) and "data" in value and not value["data"])
    if not found and not empty:
        raise GatewayBroken("an answer of no known shape")
    return found


def tasks_in(value: Any) -> Iterator[tuple[str, Object]]:
    """Each with its id, in whatever a batch wraps it."""
    yield from _tasks(value, (), 2)


def _tasks(value: Any, asked: Collection[str], depth: int) -> Iterator[tuple[str, Object]]:
    if isinstance(value, str):
        value = unpacked(value)
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        yield from _tasks_of_list(value, asked, depth)
    elif isinstance(value, dict):
        yield from _tasks_of_object(value, asked, depth)


def _tasks_of_list(items: list[Any], asked: Collection[str], depth: int) -> Iterator[tuple[str, Object]]:
    """A batch of tasks; or, when one was asked for, the clips of that one with no task around them."""
    tasks = [task for item in items for task in _tasks(item, (), depth + 1)]
    if not tasks and len(asked) == 1 and any(isinstance(item, dict) for item in items):
        yield next(iter(asked)), {"data": items}
    yield from tasks


def _tasks_of_object(value: Object, asked: Collection[str], depth: int) -> Iterator[tuple[str, Object]]:
    by_id = [(task_id, value[task_id]) for task_id in asked if isinstance(value.get(task_id), dict)]
    if task_id := _task_id(value):
        yield task_id, value
    elif as_text(value.get("id")) in asked and "status" in value and not is_lyrics(value):
        yield as_text(value["id"]), value
    elif len(asked) == 1 and (is_lyrics(value) or is_clip(value) or isinstance(value.get("clips"), dict | list)):
        yield next(iter(asked)), {"data": value}
    elif by_id:
        yield from by_id
    elif isinstance(inner := value.get("data"), dict) and "error_message" in value:
        yield from _tasks({"error_message": value["error_message"], **inner}, asked, depth + 1)
    else:
        yield from _tasks(inner, asked, depth + 1)


def _task_id(value: Object) -> str:
    return as_text(first(value, "task_id", "taskId")).strip()
