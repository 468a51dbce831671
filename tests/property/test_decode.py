"""Whatever a gateway sends, it is an answer or a drawn error."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.task import Answer
from bot.errors import GatewayError
from bot.gateways.decode import decode

BODIES = [path.read_bytes() for path in sorted((Path(__file__).parents[1] / "bodies").glob("*.json"))]
ASKED = ["t-done", "t-run", "t-lyrics", "t-goamz", "t-items", "t-nested", "t-bare", "t-one", "t"]

statuses = st.one_of(st.sampled_from([200, 400, 401, 403, 404, 429, 500, 503]), st.integers(100, 599))
labels = st.one_of(
    st.sampled_from(["application/json", "text/plain; charset=gbk", "charset=", "a;charset=rot13"]), st.text()
)
asked = st.lists(st.sampled_from(ASKED), min_size=1, max_size=4)
names = st.sampled_from(["data", "id", "task_id", "status", "text", "clips", "items", "audio_url"])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["SUCCESS", "30", "t-done", "{}"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "id", "status", "text", "clips"]), inner)
    ),
    max_leaves=6,
)


def check(ids: list[str], status: int, label: str, body: bytes) -> None:
    try:
        answer = decode(ids, status, label, body)
    except GatewayError:
        return
    assert set(answer.tasks) | set(answer.missing) == set(ids)
    assert set(answer.tasks).isdisjoint(answer.missing)
    assert msgspec.json.decode(msgspec.json.encode(answer), type=Answer) == answer
    for task in answer.tasks.values():
        assert all(math.isfinite(number) for number in _numbers(task))
        assert all(
            not url or url.lower().startswith(("http://", "https://"))
            for clip in task.clips
            for url in (clip.audio_url, clip.image_url)
        )


def _numbers(task: Any) -> Iterator[float]:
    found = [
        task.progress,
        task.submitted_at,
        task.started_at,
        task.finished_at,
        *(clip.duration for clip in task.clips),
    ]
    return (number for number in found if number is not None)


@given(asked, statuses, labels, st.binary())
def test_any_bytes(ids: list[str], status: int, label: str, body: bytes) -> None:
    check(ids, status, label, body)


@given(asked, statuses, values)
def test_any_json(ids: list[str], status: int, value: Any) -> None:
    check(ids, status, "application/json", json.dumps(value).encode())


@given(asked, st.sampled_from(BODIES), st.data())
def test_any_damage_to_the_bytes_of_a_real_body(ids: list[str], body: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(len(body), start + 40)))
    check(ids, 200, "application/json", body[:start] + data.draw(st.binary(max_size=20)) + body[end:])


@given(asked, st.sampled_from(BODIES), st.data())
def test_any_change_to_the_values_of_a_real_body(ids: list[str], body: bytes, data: st.DataObject) -> None:
    whole = {"root": json.loads(body)}
    for _ in range(data.draw(st.integers(1, 4))):
        holder, key = data.draw(st.sampled_from(list(_places(whole))))
        match data.draw(st.sampled_from(["replace", "delete", "wrap", "list"])):
            case "replace":
                holder[key] = data.draw(values)
            case "delete" if isinstance(holder, dict) and holder is not whole:
                del holder[key]
            case "wrap":
                holder[key] = {data.draw(st.sampled_from(["data", "clips", "items", "x"])): holder[key]}
            case "list":
                holder[key] = [holder[key], holder[key]]
    check(ids, 200, "application/json", json.dumps(whole["root"]).encode())


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])
