"""Any bytes from a gateway give an Answer or a GatewayError."""

import json
import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.task import Answer
from bot.errors import GatewayError
from bot.gateways.batch import decode_batch
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


def outcome(read: Callable[..., Answer], *said: Any) -> Answer | str:
    """What comes of it, or the name of the error."""
    try:
        return read(*said)
    except GatewayError as error:
        return type(error).__name__


def check(ids: list[str], status: int, label: str, body: bytes) -> None:
    answer = outcome(decode, ids, status, label, body)
    fast = outcome(partial(decode_batch, known={}), ids, status, label, body)
    if isinstance(answer, str):
        assert fast == answer
        return
    assert isinstance(fast, Answer)
    assert (fast.tasks, fast.missing) == (answer.tasks, answer.missing)
    assert set(answer.tasks) | set(answer.missing) == set(ids)
    assert set(answer.tasks).isdisjoint(answer.missing)
    assert msgspec.json.decode(msgspec.json.encode(answer), type=Answer) == answer
    for task in answer.tasks.values():
        assert all(math.isfinite(number) for number in _numbers(task))
        assert all(
            not url or url.lower().startswith(("http://", "https://", "/"))
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


@given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_repeated_answers_are_recognised_by_their_bytes(first: set[int], changed: set[int]) -> None:
    """Of the second answer only what changed is decoded, and nothing is taken for what it is not."""
    ids, body = _batch(first, set())
    before = decode_batch(ids, 200, "application/json", body, known={})
    known = {digest: task_id for task_id, digest in before.digests.items()}
    ids, body = _batch(set(range(10)), changed)
    after = decode_batch(ids, 200, "application/json", body, known=known)
    assert after.same == {f"t{number}" for number in first - changed}
    assert after.tasks.keys() == set(ids) - after.same
    assert all(task.progress == (60 if int(task.id[1:]) in changed else 30) for task in after.tasks.values())


def test_the_songs_of_one_task_are_not_taken_for_tasks() -> None:
    song = {"id": "c", "task_id": "other", "audio_url": "https://a.example/c.mp3", "status": "complete"}
    body = json.dumps({"task_id": "t", "status": "SUCCESS", "data": [song]}).encode()
    answer = decode_batch(["t", "other"], 200, "application/json", body, known={})
    assert [(task.id, len(task.clips)) for task in answer.tasks.values()] == [("t", 1)]


def _batch(numbers: set[int], changed: set[int]) -> tuple[list[str], bytes]:
    """Ids, and what a gateway answers of them."""
    tasks = [
        {"task_id": f"t{number}", "status": "IN_PROGRESS", "progress": "60%" if number in changed else "30%"}
        for number in sorted(numbers)
    ]
    body = json.dumps({"code": "success", "message": "", "data": tasks}).encode()
    return [f"t{number}" for number in sorted(numbers)], body


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
