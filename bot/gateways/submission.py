"""Requests to make something, and what their answers mean for the cost. Pure: no I/O.

The question about an answer is whether the order can have been charged. Only if it provably was not, it counts as
refused or not taken.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from msgspec import Struct

from bot.domain.id_forms import is_likely, is_whole, known_forms
from bot.domain.order import Accepted, NotTaken, Refused, SubmitResult, Unsure
from bot.domain.order_refusals import Refusal, refusal_in
from bot.domain.song_request import RequestKind, SongOption, SongRequest, Voice
from bot.gateways.decode import GOOD_CODES
from bot.gateways.fields import Object, as_object, as_text, first, parse_json, unpacked

_MAX_WORDS = 300  # characters of a gateway's own text
_VOICES = {Voice.FEMALE: "f", Voice.MALE: "m"}
_IN_STYLE = {Voice.FEMALE: "female vocals", Voice.MALE: "male vocals"}
# Refused despite a server error status: only reasons that were observed. With others, the order is unsure.
_REFUSED_5XX = frozenset({Refusal.MAINTENANCE, Refusal.PRICE_UNSET, Refusal.NO_BALANCE})
# With a server error, "quota" alone may also be about what was to be charged afterwards.
_TOO_LITTLE = re.compile(r"insufficient|not enough|不足", re.IGNORECASE)
# With a server error, these were said before the order went anywhere; "overloaded" may also be the end of a long wait.
_FULL = re.compile(r"饱和|no available (worker|channel)|无可用渠道|system_\w{1,20}_overloaded", re.IGNORECASE)
# Something in between gave up waiting, whatever it says about that.
_TIMED_OUT = frozenset({504, 522, 524})
# 408, 409, 425, 499: the request may have been accepted anyway.
_DOUBTFUL_4XX = frozenset({408, 409, 425, 499})


class Dialect(StrEnum):
    """Which body to send: that of the Rix family and new-api, or that of GoAmz."""

    RIX = "rix"
    GOAMZ = "goamz"


class Submission(Struct, frozen=True):
    """One POST: a path below the gateway's address, and the JSON body."""

    path: str
    body: Mapping[str, Any]


def submission_of(request: SongRequest, can: frozenset[SongOption], dialect: Dialect = Dialect.RIX) -> Submission:
    """`can`: the options that the gateway is known to pass on. Any other voice is added to the style as text, too.

    All options are sent: a gateway drops fields that it does not know, and the finished song tells which it passed on.
    """
    if request.kind is RequestKind.LYRICS:
        return Submission("/suno/submit/lyrics", {"prompt": request.description})
    described = request.kind is RequestKind.DESCRIBE
    words = (
        {"gpt_description_prompt": _described(request, can), "prompt": ""} if described else _own_words(request, can)
    )
    always = {"mv": request.model, "make_instrumental": request.voice is Voice.NONE}
    body = words | always | _extras(request) | _continued(request)
    if dialect is Dialect.GOAMZ:
        return Submission("/suno/v1/music", {"custom_mode": not described, "input": body})
    return Submission("/suno/submit/music", body)


def _described(request: SongRequest, can: frozenset[SongOption]) -> str:
    words = "" if SongOption.VOICE in can else _IN_STYLE.get(request.voice, "")
    return ", ".join(filter(None, (request.description, words)))


def _own_words(request: SongRequest, can: frozenset[SongOption]) -> dict[str, Any]:
    voice = "" if SongOption.VOICE in can else _IN_STYLE.get(request.voice, "")
    style = ", ".join(filter(None, (request.style.strip(), voice)))
    words = {"prompt": request.lyrics, "tags": style, "title": request.title, "generation_type": "TEXT"}
    if request.excluded_style.strip():
        words["negative_tags"] = request.excluded_style
    return words


def _extras(request: SongRequest) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if voice := _VOICES.get(request.voice):
        metadata["vocal_gender"] = voice
    sliders = {
        "style_weight": request.style_weight,
        "weirdness_constraint": request.weirdness,
        "aug_creativity": request.variety,
    }
    if set_ := {name: value for name, value in sliders.items() if value is not None}:
        metadata["control_sliders"] = set_
    if metadata and request.kind is not RequestKind.DESCRIBE:
        metadata["create_mode"] = "custom"
    return {"metadata": metadata} if metadata else {}


def _continued(request: SongRequest) -> dict[str, Any]:
    source = request.source
    if source is None:
        return {}
    if request.kind is RequestKind.EXTEND:
        return {
            "task": "extend",
            "task_id": source.task_id,
            "continue_clip_id": source.clip_id,
            "continue_at": request.continue_at,
        }
    return {"task": "cover", "cover_clip_id": source.clip_id} if request.kind is RequestKind.COVER else {}


def result_of(status: int, content_type: str, body: bytes) -> SubmitResult:
    """The result for a complete answer. Total: any bytes have a result."""
    try:
        value = parse_json(body, content_type)
    except ValueError:
        return _without_json(status)
    envelope = as_object(value)
    words = _words(envelope)
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return _of_success(envelope, words)
    if status < HTTPStatus.BAD_REQUEST:
        return Refused(Refusal.MISPLACED, str(status))
    return _of_failure(status, words)


def _without_json(status: int) -> SubmitResult:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return Refused(Refusal.MISPLACED, str(status))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return NotTaken(str(status), busy=True)
    if status == HTTPStatus.UNAUTHORIZED:
        return Refused(Refusal.NO_ACCESS, str(status))
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        return Refused(Refusal.MISPLACED, str(status))
    return Unsure(f"{status} without JSON")


def _of_success(envelope: Object, words: str) -> SubmitResult:
    task_id = _task_id(envelope.get("data")) or _task_id(envelope)
    # With a code that says otherwise, a word there may be anything; an id of a known form is a task's.
    if task_id and (as_text(envelope.get("code")).lower() in GOOD_CODES or known_forms(task_id) == [task_id]):
        return Accepted(task_id)
    # It is unknown whether gateways charge when they answer 200 with their upstream's refusal.
    return Unsure(f"200 without a task id: {words}" if words else "200 without a task id")


def _of_failure(status: int, words: str) -> SubmitResult:
    if status in _DOUBTFUL_4XX:
        return Unsure(f"{status} {words}".strip())
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _of_server_error(status, words)
    refusal = refusal_in(words)
    if status == HTTPStatus.TOO_MANY_REQUESTS or (refusal is Refusal.BUSY and status != HTTPStatus.FORBIDDEN):
        return NotTaken(words or str(status), busy=True)
    if refusal:
        return Refused(refusal, words)
    denied = status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    return Refused(Refusal.NO_ACCESS if denied else Refusal.OTHER, words or str(status))


def _of_server_error(status: int, words: str) -> SubmitResult:
    refusal = refusal_in(words)
    if status in _TIMED_OUT:
        return Unsure(f"{status} {words}".strip())
    if refusal is Refusal.BUSY and _FULL.search(words):
        return NotTaken(words, busy=True)
    # "model_not_found" with 503: the distributor has no channel, so the order reached none.
    unsold = refusal is Refusal.MODEL_GONE and status == HTTPStatus.SERVICE_UNAVAILABLE
    charged = refusal is Refusal.NO_BALANCE and not _TOO_LITTLE.search(words)
    if refusal and (unsold or refusal in _REFUSED_5XX) and not charged:
        return Refused(refusal, words)
    return Unsure(f"{status} {words}".strip())


def _task_id(value: Any, *, nested: bool = False) -> str:
    """From a text, a number, an object with an id, a list whose first item is one of these, or an answer within."""
    value = unpacked(value)
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        inner = _task_id(value.get("data"), nested=True) if "data" in value and not nested else ""
        value = first(value, "task_id", "taskId") or inner
    if isinstance(value, str):
        return found if is_whole(found := value.strip()) else ""
    return found if isinstance(value, int) and is_likely(found := as_text(value)) else ""  # 1 may be a row count


def _words(envelope: Object) -> str:
    """The gateway's own code and message, which say different things: short, on one line."""
    error = as_object(envelope.get("error"))
    code = as_text(envelope.get("code"))
    parts = (
        as_text(error.get("code")),
        as_text(error.get("message")) or as_text(envelope.get("error")),
        "" if code.lower() in GOOD_CODES else code,
        as_text(first(envelope, "message", "msg", "detail")),
    )
    return " ".join(" ".join(dict.fromkeys(filter(None, parts))).split())[:_MAX_WORDS]
