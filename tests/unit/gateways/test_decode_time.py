"""The time of decoding grows linearly, also for hostile answers."""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from bot.errors import GatewayError
from bot.gateways.batch import decode_batch
from bot.gateways.decode import decode
from bot.gateways.dialects.phrases import meaning
from tests.linear_time import TIMES, grows_linearly

_LENGTH = 150_000  # bytes of an answer
_MANY = 500  # ids


def _list(item: str) -> Callable[[int], str]:
    return lambda count: f'{{"data":[{",".join([item] * count)}]}}'


SHAPES: dict[str, Callable[[int], str]] = {
    "short strings": _list('"a"'),
    "strings like JSON": _list('"[x"'),
    "strings of JSON": _list('"[1]"'),
    "strings of objects": _list('"{\\"a\\":1}"'),
    "empty objects": _list("{}"),
    "small objects": _list('{"a":1}'),
    "lists": _list("[[1]]"),
    "one task again and again": _list('{"task_id":"t-1"}'),
    "tasks by id": _list('{"id":"t-1","status":1}'),
    "songs": _list('{"audio_url":"x","title":"a"}'),
    "errors": _list('{"task_id":"t-1","error":"task not found"}'),
    "wrappers": _list('{"data":{"data":{"data":{}}}}'),
    "envelopes": lambda count: '{"data":' * count + "1" + "}" * count,
    "lists within lists": lambda count: "[" * count + "]" * count,
    "names": lambda count: json.dumps({str(number): {} for number in range(count)}),
    "objects by id": lambda count: json.dumps({"data": {str(number): {"a": {}} for number in range(count)}}),
    "songs of one task": lambda count: json.dumps({"task_id": "t-1", "data": [{"audio_url": "x"}] * count}),
    "wrappers in a task": lambda count: json.dumps({"task_id": "t-1", "data": [{"status": 1, "data": [{}]}] * count}),
    "addresses": lambda count: json.dumps({"task_id": "t-1", "data": {"media_urls": ["http://x/"] * count}}),
    "long texts": lambda count: json.dumps(
        {"task_id": "t-1", "status": "x" * count, "progress": "1" * count, "submit_time": "1" * count,
         "fail_reason": "任务" * count, "data": [{"audio_url": "http://x/" + "%" * count, "duration": "1" * count}]}
    ),
    "an error's words": lambda count: json.dumps({"code": "x", "message": "task not " * count}),
    "many errors": lambda count: json.dumps({"errors": [{"message": "task"}] * count}),
    "digits": lambda count: '{"data":' + "9" * count + "}",
    "half surrogates": lambda count: '{"data":["' + "\\ud83d" * count + '"]}',
    "no numbers": _list("NaN"),
}  # fmt: skip


def read(by: Any, asked: list[str], body: bytes) -> None:
    with suppress(GatewayError):
        by(asked, 200, "application/json", body)


@pytest.mark.parametrize("by", [decode, partial(decode_batch, known={})], ids=["one", "batch"])
@pytest.mark.parametrize("asked", [["t-1"], [f"t-{number}" for number in range(_MANY)]], ids=["one id", "500 ids"])
@pytest.mark.parametrize("name", SHAPES)
def test_reading_is_linear(name: str, asked: list[str], by: Any) -> None:
    shape = SHAPES[name]
    count = _LENGTH // TIMES * 100 // len(shape(100))
    short, long = (shape(length).encode() for length in (count, TIMES * count))
    assert grows_linearly(partial(read, by, asked), short, long)


@pytest.mark.parametrize(
    "word", ["task ", "not ", "任务", "id ", "no such ", "a valid ", "task has ", "-", "aB", "request id: "]
)
def test_reading_a_sentence_is_linear(word: str) -> None:
    assert grows_linearly(meaning, word * 10_000, word * 10_000 * TIMES)


def test_text_beyond_the_longest_answer_is_not_searched() -> None:
    task = '{"task_id":"t-1","status":"SUCCESS"}'
    for before, found in ((10_000, True), (60_000, False)):
        body = f'{{"data":[{",".join(["[[1]]"] * before)},{task}]}}'.encode()
        with suppress(GatewayError):
            assert ("t-1" in decode(["t-1", "t-2"], 200, "", body).tasks) is found
