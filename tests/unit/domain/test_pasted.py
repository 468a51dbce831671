"""Gateways' answers, and what people make of them, pasted where a task id is wanted."""

import json
from typing import Any

import pytest

from bot.domain.ids import find_mentioned
from tests.typed_ids import find_ids, parse_id, read_ids

TASK, SONG, TWIN, OTHER = (f"{each}f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b" for each in "1234")


def clip(clip_id: str, **fields: Any) -> dict[str, Any]:
    about = {"audio_url": f"https://media.example/{clip_id}.mp3", "user_id": OTHER, "metadata": {"history": None}}
    return {"id": clip_id, "status": "complete", "title": 'Kettle\'s "tune"', "prompt": "don't, {[", **about, **fields}


def task(**fields: Any) -> dict[str, Any]:
    return {"task_id": TASK, "status": "SUCCESS", "data": [clip(SONG), clip(TWIN)], **fields}


ANSWERS: dict[str, Any] = {
    "new-api": {"code": "success", "message": "", "data": task()},
    "new-api, newest": {"code": "success", "data": task(id=7, user_id=3, channel_id=9, created_at=1795717000123456)},
    "a batch": {"code": "success", "data": [task()]},
    "keys in another order": {"data": {"data": [clip(SONG), clip(TWIN)], "status": "SUCCESS", "task_id": TASK}},
    "a task in a task": {"data": task(data={"task_id": OTHER, "data": [clip(SONG, task_id=OTHER), clip(TWIN)]})},
    "GoAmz": {
        "code": 200,
        "data": {
            "task_id": TASK,
            "input": json.dumps({"custom_mode": False, "continue_clip_id": OTHER}),
            "clips": {SONG: clip(SONG), TWIN: clip(TWIN)},
        },
    },
    "items": {
        "data": {
            "task_id": TASK,
            "data": {"taskBatchId": OTHER, "items": [{"id": 9, "clipId": SONG}, {"id": 8, "clipId": TWIN}]},
        }
    },
    "taskId": {"data": {"taskId": TASK, "response": {"sunoData": [clip(SONG), clip(TWIN)]}}},
    "clips that name their task": {"data": [clip(SONG, task_id=f"{TASK}_1"), clip(TWIN, task_id=f"{TASK}_2")]},
    "data as a text": {"data": {"task_id": TASK, "data": json.dumps([clip(SONG), clip(TWIN)])}},
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize(
    "write",
    [json.dumps, lambda answer: json.dumps(answer, indent=2), repr, lambda answer: json.dumps(json.dumps(answer))],
    ids=["one line", "indented", "Python's", "quoted"],
)
def test_an_answer_gives_its_task_and_not_its_songs(answer: Any, write: Any) -> None:
    text = write(answer)
    assert find_mentioned(text).ids == (TASK,)
    assert set(find_mentioned(text).songs) <= {SONG, TWIN, OTHER}
    assert {SONG, TWIN} <= set(find_mentioned(text).songs)
    assert find_ids(f"got this:\n```json\n{text}\n```\nand task_abcd?") == (TASK, "task_abcd")
    assert read_ids(text).ids == (TASK,)
    assert parse_id(text) == TASK


def names_anything(part: str) -> bool:
    """Of an id alone nobody can tell what it is of."""
    return '":' in part


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_cut_never_gives_a_song_for_a_task(answer: Any) -> None:
    text = json.dumps(answer, indent=1)
    for at in range(0, len(text), 7):
        for part in filter(names_anything, (text[:at], text[at:], text[at : at + 300])):
            assert SONG not in find_ids(part), part
            assert TWIN not in find_ids(part), part
        if TASK in text[:at].split('"'):
            assert find_ids(text[:at]) == (TASK,), text[:at]


def test_the_end_of_an_answer_is_enough_if_its_task_is_named_there() -> None:
    text = json.dumps({"data": [clip(SONG), clip(TWIN)], "task_id": TASK})
    for at in range(0, text.index('"task_id"'), 5):
        assert find_ids(text[at:]) == (TASK,), text[at:]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ('{"code":"success","message":"","data":"3fjmw9nrz"}', ("3fjmw9nrz",)),
        ('{"ids":["a1b2c3","task_abcd"],"action":"MUSIC"}', ("a1b2c3", "task_abcd")),
        (f'{{"id":"{TASK}","status":"processing"}}', (TASK,)),
        (f'{{"mine": "{TASK}", "yours": "see task_abcd"}}', (TASK, "task_abcd")),
        (f'["{TASK}", "task_abcd"]', (TASK, "task_abcd")),
        ('"task_id","status"\n"task_abcd","done"\n', ("task_abcd",)),
        ('{"task_id": null, "data": null}', ()),
        (f'{{"data": {{"id": "{SONG}", "text": "la", "title": "Lu", "status": "complete"}}}}', ()),
    ],
)
def test_other_json(text: str, ids: tuple[str, ...]) -> None:
    assert find_ids(text) == ids


def test_songs_without_their_task_are_told_apart() -> None:
    text = json.dumps({"code": "success", "data": [clip(SONG), clip(TWIN)]})
    found = find_mentioned(text)
    assert (found.ids, found.songs) == ((), (SONG, TWIN))


def test_the_songs_of_a_named_task_are_the_gateways_own_business() -> None:
    answer = {"code": "success", "data": {"task_id": "task_abcd", "clip_ids": [TWIN], "data": [clip(SONG)]}}
    found = find_mentioned(json.dumps({"task": answer, "other": [clip(OTHER)]}))
    assert (found.ids, found.songs, found.alone) == (("task_abcd",), (TWIN, SONG, OTHER), (OTHER,))
    assert read_ids(json.dumps({"data": json.dumps(answer)})).songs == ()


@pytest.mark.parametrize("name", ["clip_ids", "clipIds", "song_ids", "audio_ids"])
def test_lists_of_songs_ids_are_no_tasks(name: str) -> None:
    found = find_mentioned(json.dumps({"status": "ok", name: [SONG, TWIN]}))
    assert (found.ids, found.songs) == ((), (SONG, TWIN))
