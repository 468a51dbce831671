"""Answers that services publish in their documents, or that programs around them are tested with, each in its
smallest form: codes as a status, parts of a task under ids of their own, kept callbacks, errors in other places.
"""

import json
from typing import Any

import pytest

from bot.domain.task import Answer, Status, Task
from bot.errors import GatewayBroken, GatewayBusy, GatewayRefused
from bot.gateways.batch import decode_batch
from bot.gateways.decode import decode

ID = "5e0c7a11-3b52-4f0e-9d67-1c2b3a4d5e6f"
FILE, OTHER = "https://files.example/sedge.mp3", "https://files.example/tarn.mp3"
STREAM = "https://audiopipe.suno.ai/?item_id=s-2"


def read(value: Any, status: int = 200) -> Answer:
    """The same by both of the ways to read it."""
    body = json.dumps(value, ensure_ascii=False).encode()
    answer = decode([ID], status, "application/json", body)
    fast = decode_batch([ID], status, "application/json", body, known={})
    assert (fast.tasks, fast.missing) == (answer.tasks, answer.missing)
    return answer


def task(value: Any) -> Task:
    return read(value).tasks[ID]


def single(**fields: Any) -> dict[str, Any]:
    return {"code": 200, "msg": "成功", "data": {"task_id": ID} | fields, "exec_time": 0.5}


# Codes as a status


@pytest.mark.parametrize("code", ["3", 3, "1", 7])
def test_a_code_says_less_than_a_song_that_is_there(code: object) -> None:
    found = task(single(status=code, title="Sedge", audio_url=FILE, mv="chirp-v3-0"))
    assert (found.status, found.recognised) == (Status.DONE, True)
    assert [(clip.title, clip.status, clip.audio_url) for clip in found.clips] == [("Sedge", Status.DONE, FILE)]


@pytest.mark.parametrize("code", ["0", 1, "2", "3", 12])
@pytest.mark.parametrize("song", [{}, {"title": "", "audio_url": ""}, {"msg": "ok"}])
def test_a_code_alone_is_shown_and_does_not_end_a_task(code: object, song: dict[str, Any]) -> None:
    found = task(single(status=code, **song))
    assert (found.status, found.recognised, found.raw_status) == (Status.RUNNING, False, str(code))


@pytest.mark.parametrize("code", ["4", -1, "-1"])
def test_a_code_for_a_failure_with_its_words(code: object) -> None:
    found = task(single(state=code, msg="these words are blocked", audio_url=""))
    assert (found.status, found.reason) == (Status.FAILED, "these words are blocked")


@pytest.mark.parametrize("msg", ["", "success", "成功", "OK"])
def test_a_code_for_a_failure_without_words_does_not_end_a_task(msg: str) -> None:
    assert task(single(state="4", msg=msg)).status is Status.RUNNING


def test_what_a_gateway_keeps_of_a_failure_is_no_song_that_is_being_made() -> None:
    kept = {"state": "4", "task_id": f"{ID}_1", "clip_id": "", "msg": "these words are blocked"}
    found = task(single(status="FAILURE", fail_reason="these words are blocked", data=kept))
    assert found.status is Status.FAILED
    assert {clip.status for clip in found.clips} <= {Status.FAILED}


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("SUCCESS", Status.DONE),
        ("PENDING", Status.WAITING),
        ("GENERATE_WAV_FAILED", Status.FAILED),
        (2, Status.FAILED),
        (0, Status.RUNNING),
    ],
)
def test_a_flag_is_a_status(said: object, status: Status) -> None:
    made = {"audioWavUrl": "https://files.example/sedge.wav"} if said == "SUCCESS" else None
    error = "no such song" if status is Status.FAILED else None
    found = task(
        {"data": {"taskId": ID, "musicId": "s-1", "response": made, "successFlag": said, "errorMessage": error}}
    )
    assert (found.status, found.reason, len(found.clips)) == (status, error or "", said == "SUCCESS")


BUSY = ["server busy", "Too many requests", "服务器繁忙，请稍后再试", "The current credits are insufficient."]


@pytest.mark.parametrize("words", BUSY)
def test_a_failure_of_the_gateway_is_none_of_its_task(words: str) -> None:
    """Whatever names the task beside it."""
    for said in ({"status": -1, "msg": words}, {"state": "4", "message": words}):
        with pytest.raises((GatewayBusy, GatewayRefused)):
            read(said | {"data": None})
        assert task(single(**said)).status is Status.RUNNING
    for code in (429, 500, 503):
        assert task({"code": code, "msg": words, "data": {"task_id": ID, "data": None}}).status is Status.WAITING
    with pytest.raises((GatewayBusy, GatewayRefused)):
        read({"id": ID, "created_at": 1780000000, "error": words})


def test_a_code_beside_nothing_is_the_answers() -> None:
    with pytest.raises(GatewayBroken):
        read({"status": -1, "msg": "the upstream has gone", "data": None})
    assert read({"status": -1, "msg": "任务不存在", "data": None}).missing == (ID,)


def test_words_beside_an_unknown_failing_word_are_no_reason() -> None:
    assert task(single(status="RETRY_AFTER_ERROR", message="the second try")).status is Status.RUNNING


# Parts of a task


def part(number: int, status: str, **fields: Any) -> dict[str, Any]:
    return {"task_id": f"{ID}_{number}", "action": "MUSIC", "status": status} | fields


def song(number: int, url: str) -> dict[str, Any]:
    return {"data": [{"id": f"s-{number}", "title": "Sedge", "status": "SUCCESS", "audio_url": url}]}


@pytest.mark.parametrize(
    ("parts", "status", "reason", "songs"),
    [
        ([part(1, "SUCCESS", **song(1, FILE)), part(2, "SUCCESS", **song(2, OTHER))], Status.DONE, "", [FILE, OTHER]),
        ([part(1, "SUCCESS", **song(1, FILE)), part(2, "IN_PROGRESS", data=None)], Status.RUNNING, "", [FILE, ""]),
        ([part(1, "QUEUED", data=None), part(2, "SUCCESS", **song(2, OTHER))], Status.RUNNING, "", ["", OTHER]),
        (
            [part(1, "SUCCESS", **song(1, FILE)), part(2, "FAILURE", fail_reason="blocked")],
            Status.DONE,
            "blocked",
            [FILE, ""],
        ),
        (
            [part(1, "FAILURE", fail_reason="blocked"), part(2, "FAILURE", fail_reason="too")],
            Status.FAILED,
            "too",
            ["", ""],
        ),
    ],
)
def test_a_task_in_parts_is_as_far_as_the_last_of_them(
    parts: list[dict[str, Any]], status: Status, reason: str, songs: list[str]
) -> None:
    found = task({"code": "success", "data": parts})
    assert (found.status, found.reason) == (status, reason)
    assert [clip.audio_url for clip in found.clips] == songs


# Kept callbacks


def called_back(kind: str, *songs: dict[str, Any], code: int = 200, msg: str = "success") -> dict[str, Any]:
    return {"code": code, "msg": msg, "data": {"callbackType": kind, "task_id": ID, "data": list(songs) or None}}


def test_a_callback_says_how_far_the_task_is() -> None:
    first, second = {"id": "s-1", "audio_url": FILE}, {"id": "s-2", "audio_url": "", "stream_audio_url": STREAM}
    assert task(called_back("text")).status is Status.RUNNING
    found = task(called_back("first", first, second))
    assert (found.status, [clip.status for clip in found.clips]) == (Status.RUNNING, [Status.DONE, Status.RUNNING])
    assert task(called_back("complete", first, second | {"audio_url": OTHER})).status is Status.DONE


@pytest.mark.parametrize("code", [413, 500, 531])
def test_a_callback_of_a_failure_has_its_reason_beside_the_code(code: int) -> None:
    found = task(called_back("error", code=code, msg="The upload matches an existing work."))
    assert (found.status, found.reason) == (Status.FAILED, "The upload matches an existing work.")


def test_songs_count_when_only_the_callback_failed() -> None:
    songs = [{"id": "s-1", "audioUrl": FILE}, {"id": "s-2", "audioUrl": OTHER}]
    found = task({"data": {"taskId": ID, "status": "CALLBACK_EXCEPTION", "response": {"sunoData": songs}}})
    assert found.status is Status.DONE
    songs[1]["audioUrl"] = STREAM
    found = task({"data": {"taskId": ID, "status": "CALLBACK_EXCEPTION", "response": {"sunoData": songs}}})
    assert found.status is Status.RUNNING


# Songs and tasks under other names


@pytest.mark.parametrize("around", [{"code": 200, "data": {"type": "SUCCESS"}}, {"workId": "w-1", "type": "complete"}])
def test_songs_as_response_data(around: dict[str, Any]) -> None:
    songs = [{"id": "s-1", "audio_url": FILE, "status": "complete"}, {"id": "s-2", "audio_url": OTHER}]
    (around.get("data") or around)["response_data"] = songs
    found = task(around)
    assert [clip.audio_url for clip in found.clips] == [FILE, OTHER]
    songs[:] = [{"id": "s-1", "audio_url": STREAM, "status": "text", "extra_message": "The text is there."}]
    assert task(around).status is Status.RUNNING
    songs[:] = [{"id": "s-1", "audio_url": "", "status": "fail", "fail_message": "an artist's name"}]
    found = task(around)
    assert (found.status, found.reason) == (Status.FAILED, "an artist's name")


def test_songs_with_titles_come_before_their_addresses_alone() -> None:
    songs = [
        {"audio_url": FILE, "duration": 100.5, "result_id": "s-1", "title": "Sedge"},
        {"audio_url": OTHER, "duration": 90, "result_id": "s-2", "title": "Tarn"},
    ]
    found = task({"id": ID, "progress": 100, "results": [FILE, OTHER], "result_data": songs, "status": "completed"})
    assert [(clip.id, clip.title) for clip in found.clips] == [("s-1", "Sedge"), ("s-2", "Tarn")]


@pytest.mark.parametrize("name", ["song_id", "musicId", "result_id", "audio_id"])
def test_a_songs_id_under_another_name(name: str) -> None:
    made = {name: "s-1", "audio_url": FILE}
    assert [clip.id for clip in task(single(status="SUCCESS", musics=[made])).clips] == ["s-1"]
    assert [clip.id for clip in task(single(status="SUCCESS", data=[made | {"id": "s-0"}])).clips] == ["s-0"]


@pytest.mark.parametrize("word", ["queuing", "ON_QUEUE", "on queue"])
def test_words_for_a_queue(word: str) -> None:
    found = task(single(status=word))
    assert (found.status, found.recognised) == (Status.WAITING, True)


def test_a_task_that_has_nothing_but_its_request_is_known() -> None:
    found = task({"_id": "row", "id": ID, "request": {"prompt": "a song"}, "response": None, "created_at": 1780000000})
    assert (found.status, found.clips) == (Status.WAITING, ())


def test_a_song_that_can_be_heard_is_being_made_whatever_waits() -> None:
    made = [{"id": "s-1", "title": "Sedge", "state": "pending", "audio_url": STREAM}]
    assert task({"id": ID, "response": {"success": True, "task_id": ID, "data": made}}).status is Status.RUNNING


# Errors in other places


@pytest.mark.parametrize(
    "said",
    [
        {"error": {"code": 10000, "raw_message": "these words are blocked", "message": "", "detail": None}},
        {"error": None, "error_messages": ["these words are blocked"]},
        {"errors": [{"msg": "these words are blocked"}]},
        {"error": [{"message": "these words"}, "are blocked"]},
    ],
)
def test_why_a_task_failed_under_other_names(said: dict[str, Any]) -> None:
    found = task(single(status="failed") | said | {"data": {"task_id": ID, "status": "failed", "clips": None} | said})
    assert found.status is Status.FAILED
    assert found.reason in ("these words are blocked", "these words, are blocked")


@pytest.mark.parametrize("words", ["recordInfo is null", "task is empty", "The record was nil"])
@pytest.mark.parametrize("code", [404, 422, 500])
def test_a_record_that_is_null_is_unknown(words: str, code: int) -> None:
    assert read({"code": code, "msg": words, "data": None}).missing == (ID,)


@pytest.mark.parametrize("status", [200, 429])
def test_no_money_is_not_too_many_requests(status: int) -> None:
    with pytest.raises(GatewayRefused):
        read({"code": 429, "msg": "The current credits are insufficient. Please top up.", "data": None}, status)
    with pytest.raises(GatewayBusy):
        read({"code": 429, "msg": "The token is used too often.", "data": None}, status)
