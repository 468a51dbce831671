"""Answers of gateways that follow no vendor's dialect: each was seen in the wild, and is reduced here."""

import json
from typing import Any

import pytest

from bot.domain.task import Answer, Status, Task, TaskKind
from bot.errors import GatewayBroken, GatewayBusy, GatewayError, GatewayMisplaced, GatewayRefused
from bot.gateways.batch import decode_batch
from bot.gateways.decode import decode

ID = "7c1d7a52-9a0e-4b63-8f0e-2d9f4c1b5a60"
FILE = "https://files.example/kettle.mp3"
SONG = {"id": "s-1", "title": "Kettle", "status": "complete", "audio_url": FILE}
OTHER = {"id": "s-2", "title": "Kettle", "status": "complete", "audio_url": "https://files.example/other.mp3"}
BEGUN = {"id": "s-1", "title": "Kettle", "status": "submitted", "audio_url": ""}
FORBIDDEN = "https://studio-api.prod.suno.com/api/forbidden?reason=protected"


def read(value: Any, status: int = 200, asked: tuple[str, ...] = (ID,)) -> Answer:
    """The same by both of the ways to read it."""
    body = json.dumps(value, ensure_ascii=False).encode()
    answer = decode(asked, status, "application/json", body)
    fast = decode_batch(asked, status, "application/json", body, known={})
    assert (fast.tasks, fast.missing) == (answer.tasks, answer.missing)
    return answer


def task(value: Any) -> Task:
    return read(value).tasks[ID]


def whole(**fields: Any) -> dict[str, Any]:
    return {"code": "success", "message": "", "data": {"task_id": ID, "status": "SUCCESS"} | fields}


# Where songs are


@pytest.mark.parametrize(
    "made",
    [
        {"resultJson": json.dumps({"resultUrls": [FILE, OTHER["audio_url"]]})},
        {"result_json": {"result_urls": [FILE, OTHER["audio_url"], FILE]}},
        {"resultObject": {"resultUrls": [FILE, OTHER["audio_url"]]}},
        {"result_urls": [FILE, OTHER["audio_url"]]},
        {"result": {"urls": [FILE, OTHER["audio_url"]]}},
        {"outputs": [{"url": FILE}, {"url": OTHER["audio_url"]}, {"url": "https://files.example/cover.PNG?x=1"}]},
        {"output": {"files": [{"url": FILE}, {"url": OTHER["audio_url"]}]}},
        {"content": [{"audio_url": FILE}, {"audio_url": OTHER["audio_url"]}]},
    ],
    ids=lambda made: json.dumps(made)[:40],
)
def test_bare_addresses_in_wrappers_are_songs(made: dict[str, Any]) -> None:
    found = task({"code": 200, "msg": "success", "data": {"taskId": ID, "state": "success"} | made})
    assert [clip.audio_url for clip in found.clips] == [FILE, OTHER["audio_url"]]
    assert found.status is Status.DONE


@pytest.mark.parametrize(
    "made",
    [
        {"url": "https://relay.example/tasks/1"},
        {"urls": {"get": "https://relay.example/tasks/1"}},
        {"files": [{"url": "https://relay.example/upload.mp3"}]},
        {"resultJson": ""},
        {"resultJson": "not JSON"},
        {"resultJson": json.dumps({"a": {"b": {"c": {"resultUrls": [FILE]}}}})},
    ],
    ids=lambda made: json.dumps(made)[:40],
)
def test_other_addresses_of_a_task_are_no_songs(made: dict[str, Any]) -> None:
    found = task({"code": 200, "data": {"taskId": ID, "state": "generating"} | made})
    assert (found.clips, found.status) == ((), Status.RUNNING)


# An account without money


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (402, {"error": {"message": "Insufficient credits", "type": "insufficient_quota"}}),
        (402, {"detail": "Payment Required"}),
        (402, {"error": "account suspended"}),
        (200, {"code": 402, "msg": "The current credits are insufficient. Please top up.", "data": None}),
        (200, {"code": 500, "msg": "your balance is not enough"}),
        (200, {"success": False, "error": "out of credits"}),
        (400, {"code": "insufficient_user_quota", "message": "user quota is not enough"}),
        (200, {"code": 1001, "msg": "账户积分不足，请充值"}),
        (500, {"message": "餘額已用盡"}),
    ],
)
@pytest.mark.parametrize("asked", [(ID,), (ID, "another")])
def test_an_account_without_money_is_the_operators_matter(status: int, body: Any, asked: tuple[str, ...]) -> None:
    """Never the task's: its gateway answers for it again once there is money. The gateway's words go with it."""
    with pytest.raises(GatewayRefused) as refused:
        read(body, status, asked)
    assert refused.value.words


@pytest.mark.parametrize("body", [b"", b"<html>Payment Required</html>"])
def test_402_without_words(body: bytes) -> None:
    with pytest.raises(GatewayRefused):
        decode([ID], 402, "text/html", body)


@pytest.mark.parametrize(
    "made",
    [
        {"output": [SONG]},
        {"output": {"status": "completed", "result": [SONG]}},
        {"output": {"results": {"s-1": SONG}}},
        {"result": {"data": {"clips": {"s-1": SONG}}}},
        {"outputs": [{"songs": [SONG]}]},
        {"result": {"clips": [SONG]}},
        {"result": SONG},
        {"response": {"sunoData": [SONG]}},
        {"response": {"suno_data": [SONG]}},
        {"response": json.dumps({"sunoData": [SONG]})},
        {"data": {"songs": [SONG]}},
        {"data": {"tracks": {"a": SONG}}},
        {"data": json.dumps([SONG])},
        {"data": json.dumps({"data": json.dumps({"clips": [SONG]})})},
        {"items": [SONG]},
        {"songs": [SONG]},
        {"clips": {"s-1": SONG}},
        {"data": None, "output": {"list": [SONG]}},
    ],
)
def test_songs_are_found_in_whatever_they_are_wrapped(made: dict[str, Any]) -> None:
    found = task(whole(**made))
    assert (found.kind, found.status) == (TaskKind.MUSIC, Status.DONE)
    assert [(clip.id, clip.title, clip.audio_url) for clip in found.clips] == [("s-1", "Kettle", FILE)]


@pytest.mark.parametrize("id_name", ["task_id", "taskId"])
@pytest.mark.parametrize("around", ["data", "result", "results", "response", "output", "task", "payload", "job"])
def test_a_task_is_found_in_whatever_it_is_wrapped(around: str, id_name: str) -> None:
    found = task({"code": 200, "msg": "ok", around: {id_name: ID, "state": "completed", "clips": [SONG]}})
    assert (found.status, len(found.clips)) == (Status.DONE, 1)


@pytest.mark.parametrize("name", ["data", "tasks", "items", "results", "records", "list"])
def test_a_batch_is_found_in_whatever_it_is_wrapped(name: str) -> None:
    tasks = [{"taskId": each, "status": "processing"} for each in ("t-2", "t-1", "t-3")]
    for value in ({name: tasks}, {"code": 0, "data": {"total": 3, name: tasks}}, tasks):
        answer = read(value, asked=("t-1", "t-2", "t-4"))
        assert (set(answer.tasks), answer.missing) == ({"t-1", "t-2"}, ("t-4",))


@pytest.mark.parametrize(
    "value",
    [
        {"code": "success", "data": [SONG | {"task_id": f"{ID}_1"}, OTHER | {"task_id": f"{ID}_2"}]},
        {"code": "success", "data": [SONG | {"task_id": f"{ID}-0"}, OTHER | {"task_id": f"{ID}-1"}]},
        {"code": "success", "data": [SONG | {"task_id": ID}, OTHER | {"task_id": ID}]},
        {"data": {"clips": [SONG, OTHER]}},
        {"clips": {"s-1": SONG, "s-2": OTHER}},
        {"songs": [SONG, OTHER]},
        {"output": {"result": [SONG, OTHER]}},
        {"response": {"sunoData": [SONG, OTHER]}},
        {"status": "success", "data": [SONG, OTHER]},
        {"status": 200, "message": "ok", "result": {"songs": [SONG, OTHER]}},
        [SONG, OTHER],
    ],
)
def test_songs_without_a_task_around_them(value: Any) -> None:
    found = task(value)
    assert (found.status, [clip.id for clip in found.clips]) == (Status.DONE, ["s-1", "s-2"])


def test_songs_of_several_tasks_without_a_task_around_them() -> None:
    songs = [SONG | {"task_id": "t-1_1"}, OTHER | {"task_id": "t-2_1"}, OTHER | {"task_id": "t-1_2"}]
    answer = read({"data": songs}, asked=("t-1", "t-2", "t-3"))
    assert {task_id: len(each.clips) for task_id, each in answer.tasks.items()} == {"t-1": 2, "t-2": 1}
    assert answer.missing == ("t-3",)


def test_a_task_that_is_repeated_is_one() -> None:
    one = {"taskId": ID, "status": "complete", "audioUrl": FILE}
    assert len(task({"data": [one, one]}).clips) == 1


def test_an_id_without_its_dashes_is_the_same() -> None:
    plain = ID.replace("-", "").upper()
    assert list(read(whole(task_id=plain)).tasks) == [ID]
    assert list(read(whole(), asked=(plain,)).tasks) == [plain]


@pytest.mark.parametrize("made", [{"output": FILE}, {"output": [FILE]}, {"result": FILE}, {"outputs": [FILE]}])
def test_an_address_by_itself_is_a_song(made: dict[str, Any]) -> None:
    assert [clip.audio_url for clip in task(whole(**made)).playable] == [FILE]


# What is said of a song


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"text": "[Verse]\nhum"}, ("lyrics", "[Verse]\nhum")),
        ({"lyric": "[Verse]\nhum"}, ("lyrics", "[Verse]\nhum")),
        ({"metadata": {"prompt": "[Verse]\nhum"}, "text": "no"}, ("lyrics", "[Verse]\nhum")),
        ({"metadata": json.dumps({"prompt": "[Verse]\nhum"})}, ("lyrics", "[Verse]\nhum")),
        ({"model": "chirp-v5-5"}, ("model", "chirp-v5-5")),
        ({"modelName": "chirp-v5"}, ("model", "chirp-v5")),
        ({"majorModelVersion": "v5"}, ("model", "v5")),
        ({"style": ["slow", "harmonica"]}, ("style", "slow, harmonica")),
        ({"duration": "61.5"}, ("duration", 61.5)),
        ({"metadata": {"duration": 61}}, ("duration", 61)),
        ({"imageUrl": "https://files.example/c.png"}, ("image_url", "https://files.example/c.png")),
        ({"image_url": "", "image_large_url": "https://f.example/c.png"}, ("image_url", "https://f.example/c.png")),
    ],
)
def test_song_fields_under_other_names(said: dict[str, Any], expected: tuple[str, object]) -> None:
    (clip,) = task(whole(data=[SONG | said])).clips
    assert getattr(clip, expected[0]) == expected[1]


@pytest.mark.parametrize(
    ("said", "addresses"),
    [
        ({"audioUrl": FILE}, [FILE]),
        ({"wav_file_url": FILE}, [FILE]),
        ({"audio_url": FORBIDDEN, "media_urls": [{"url": FILE, "content_type": "m4a-opus"}]}, [FILE]),
        ({"audio_url": FORBIDDEN, "mediaUrls": [FILE]}, [FILE]),
        ({"media_urls": {"m4a": FILE}}, [FILE]),
        ({"media_urls": [{"url": "https://f.example/v.mp4", "content_type": "video/mp4"}, {"url": FILE}]}, [FILE]),
        (
            {"audio_url": "https://cdn1.suno.ai/s.mp3", "media_urls": [{"url": FILE}]},
            ["https://cdn1.suno.ai/s.mp3", FILE],
        ),
        ({"audio_url": FILE, "audioUrl": FILE, "source_audio_url": "https://f.example/2.mp3"},
         [FILE, "https://f.example/2.mp3"]),
        ({"audio_url": "https://audiopipe.suno.ai/?item_id=s", "media_urls": [FILE]},
         [FILE, "https://audiopipe.suno.ai/?item_id=s"]),
        ({"audio_url": "", "streamAudioUrl": "https://f.example/live"}, ["https://f.example/live"]),
        ({"audio_url": {"url": FILE}}, [FILE]),
        ({"audio_url": [FILE]}, [FILE]),
        ({"audio_url": None}, []),
    ],
)  # fmt: skip
def test_all_addresses_of_a_song_are_kept_the_best_first(said: dict[str, Any], addresses: list[str]) -> None:
    (clip,) = task(whole(data=[{"id": "s-1", "title": "Kettle", "status": "complete"} | said])).clips
    assert [each for each in (clip.audio_url, *clip.other_urls) if each] == addresses


def test_the_first_song_of_two_is_done_while_the_other_streams() -> None:
    """A dialect in which songs have no word of their own."""
    songs = [{"id": "a", "audioUrl": FILE}, {"id": "b", "audioUrl": "", "streamAudioUrl": "https://f.example/live"}]
    found = task(whole(status="FIRST_SUCCESS", data=None, response={"sunoData": songs}))
    assert (found.status, found.recognised) == (Status.RUNNING, True)
    assert [(clip.status, clip.streaming) for clip in found.clips] == [(Status.DONE, False), (Status.RUNNING, True)]


# What is no song


@pytest.mark.parametrize(
    "made",
    [
        {"action": "UPSAMPLE_TAGS", "data": {"upsampled_tags": "slow harmonica"}},
        {"data": {"upsampledTags": "slow harmonica"}},
        {"upsampled_tags": "slow harmonica"},
        {"action": "UPSAMPLE_TAGS", "data": {"tags": "slow harmonica"}},
        {"action": "UPSAMPLE_TAGS", "data": "slow harmonica"},
        {"output": {"result": {"upsampled_tags": ["slow harmonica"]}, "enhanced_style": "slow harmonica"}},
    ],
)
def test_a_style_is_shown(made: dict[str, Any]) -> None:
    found = task(whole(**made))
    assert (found.kind, found.status) == (TaskKind.STYLE, Status.DONE)
    assert found.lyrics
    assert found.lyrics.style == "slow harmonica"


@pytest.mark.parametrize(
    "made", [{"wav_file_url": FILE}, {"wavUrl": FILE}, {"audioWavUrl": FILE}, [{"audio_wav_url": "x", "wav_url": FILE}]]
)
def test_a_wav_is_a_song(made: Any) -> None:
    found = task(whole(action="WAV", data=made))
    assert (found.kind, [clip.audio_url for clip in found.playable]) == (TaskKind.MUSIC, [FILE])


@pytest.mark.parametrize(
    "made",
    [
        {"data": {"text": "hum", "title": "Kettle", "status": "complete"}},
        {"data": {"lyrics": "hum", "title": "Kettle"}},
        {"data": {"lyricsData": [{"text": "hum", "title": "Kettle", "status": "complete"}]}},
        {"data": None, "response": {"data": [{"text": "hum", "title": "Kettle"}]}},
        {"text": "hum", "title": "Kettle"},
    ],
)
def test_lyrics_are_shown(made: dict[str, Any]) -> None:
    found = task(whole(**made))
    assert (found.kind, found.status, found.title) == (TaskKind.LYRICS, Status.DONE, "Kettle")
    assert found.lyrics
    assert found.lyrics.text == "hum"


# States


@pytest.mark.parametrize("empty", [None, [], {}, ""])
@pytest.mark.parametrize(
    ("word", "status"),
    [("IN_PROGRESS", Status.RUNNING), ("queued", Status.WAITING), ("处理中", Status.RUNNING), (20, Status.RUNNING)],
)
def test_a_status_beside_empty_data_is_a_status(word: object, status: Status, empty: object) -> None:
    assert task({"data": empty, "status": word}).status is status
    assert task({"code": 200, "data": {"state": word, "data": empty}}).status is status


@pytest.mark.parametrize("empty", [None, [], {}])
@pytest.mark.parametrize("name", ["fail_reason", "failReason", "error_message", "errorMessage", "error_msg", "error"])
def test_a_failure_beside_empty_data_is_a_failure(name: str, empty: object) -> None:
    found = task({"data": empty, "status": "FAILURE", name: "florp"})
    assert (found.status, found.reason) == (Status.FAILED, "florp")


@pytest.mark.parametrize("answer", ["success", "ok", 200, True, "200"])
def test_a_status_that_may_be_the_answers_is_no_tasks(answer: object) -> None:
    assert read({"status": answer, "data": None}).missing == (ID,)


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "SENSITIVE_WORD_ERROR", "fail_reason": "plonk"},
        {"status": "PROMPT_REJECTED", "errorMessage": "plonk"},
        {"status": "ModerationFailed", "error": {"message": "plonk"}},
        {"status": "违规内容", "fail_reason": "plonk"},
        {"status": "DREAMT", "fail_reason": "plonk", "finish_time": 1795717000},
        {"status": "GENERATE_AUDIO_FAILED", "errorMessage": "plonk"},
        {"status": None, "error": {"code": "forbidden", "message": "plonk"}},
        {"status": "", "error": "plonk"},
        {"status": None, "success": False, "message": "plonk"},
        {"status": "failed", "msg": "plonk"},
        {"status": "error", "message": "plonk"},
        {"status": 40, "error_msg": "plonk"},
        {"status": "失败", "fail_reason": "plonk"},
    ],
)
def test_failures_in_other_words(fields: dict[str, Any]) -> None:
    found = task(whole(data=None, **fields))
    assert (found.status, found.recognised, found.reason) == (Status.FAILED, True, "plonk")


def test_an_unknown_status_is_shown_with_its_reason() -> None:
    found = task(whole(status="DREAMING", fail_reason="plonk"))
    assert (found.status, found.recognised, found.raw_status) == (Status.RUNNING, False, "DREAMING")
    assert found.reason == "plonk"


@pytest.mark.parametrize(
    "made",
    [
        {"status": "IN_PROGRESS", "data": {"id": "r", "status": "complete", "clips": [BEGUN]}},
        {"status": "SUCCESS", "data": [BEGUN]},
        {"status": "success", "output": {"status": "completed", "result": [BEGUN, BEGUN | {"id": "s-2"}]}},
        {"status": "IN_PROGRESS", "data": {"status": "complete", "clips": [SONG, BEGUN | {"id": "s-2"}]}},
        {"status": "SUCCESS", "data": [BEGUN | {"status": "streaming", "audio_url": "https://audiopipe.suno.ai/?i=1"}]},
    ],
)
def test_a_request_that_is_complete_is_no_song_that_is(made: dict[str, Any]) -> None:
    assert task(whole(**made)).status is Status.RUNNING


def test_a_finished_task_with_one_song_is_finished() -> None:
    found = task(whole(data=[SONG, BEGUN | {"id": "s-2"}]))
    assert (found.status, len(found.playable)) == (Status.DONE, 1)


@pytest.mark.parametrize("moment", ["2026-11-27 02:30:00", "2026-11-27T02:30:00", "2026-11-27"])
def test_a_time_without_a_zone_is_left_out(moment: str) -> None:
    assert task(whole(status="IN_PROGRESS", created_at=moment)).submitted_at is None


@pytest.mark.parametrize(
    "moment",
    ["2026-11-27T02:30:00Z", "2026-11-27T10:30:00+08:00", "2026-11-27 02:30:00.123456789+00:00", 1795746600,
     "1795746600", 1795746600000],
)  # fmt: skip
def test_a_time_with_a_zone_is_read(moment: object) -> None:
    found = task(whole(status="IN_PROGRESS", createTime=moment))
    assert found.submitted_at
    assert int(found.submitted_at) == 1795746600


# Unknown


@pytest.mark.parametrize("status", [200, 400, 404, 410, 500])
@pytest.mark.parametrize("name", ["detail", "message", "msg", "error", "description", "error_msg", "errorMessage"])
@pytest.mark.parametrize("words", ["Task not found", "任务不存在", f"Task with id {ID} not found", "task_not_exist"])
def test_unknown_under_any_name_and_status(name: str, words: str, status: int) -> None:
    for value in ({name: words}, {"code": 500, name: words, "data": None}, {"error": {name: words}}):
        assert read(value, status) == Answer({}, (ID,))


@pytest.mark.parametrize(
    "words",
    [
        "taskNotFound", "TASK_NOT_EXIST", "The task does not exist.", "task doesn’t exist", "No such task",
        "no task found", "Unknown task id", "Invalid task_id", "invalid id", "record not found",
        "Could not find this task", "Task 7 was not found or has expired", "task has expired", "Job not found",
        "this task belongs to another user", "You have no permission to access this task", "task_id is invalid",
        "not a valid UUID", "song not found", "任务不存在或已失效", "任务ID不存在", "未找到该任务", "找不到任务",
        "任務不存在", "无效的任务ID", "查询不到该任务：任务已过期", "任务记录未找到", "数据不存在", "id 不存在",
        "没有权限查看该任务", "タスクが見つかりません", "작업을 찾을 수 없습니다", "Задача не найдена",
        "Aufgabe nicht gefunden", "Tâche introuvable", "La tarea no existe", "Tarefa não encontrada",
        "Không tìm thấy: nhiệm vụ không tồn tại",
    ],
)  # fmt: skip
def test_unknown_in_any_words(words: str) -> None:
    assert read({"code": "error", "message": words}, 400).missing == (ID,)


@pytest.mark.parametrize(
    ("status", "value"),
    [
        (404, {"message": "Nothing here for 7"}),
        (410, {"message": "gone"}),
        (
            422,
            {"detail": [{"loc": ["path", "task_id"], "msg": "Input should be a valid UUID", "type": "uuid_parsing"}]},
        ),
        (200, {"code": 404, "msg": "not found", "data": None}),
        (200, {"code": 404, "data": None}),
        (200, {"code": "error", "data": "task_not_exist"}),
        (200, {"success": False, "message": "task not found", "task_id": ID}),
        (200, {"data": {"task_id": ID, "status": "NOT_FOUND"}}),
        (200, {"data": [{"task_id": ID, "error": "no such task"}]}),
        (403, {"detail": "this task belongs to another account"}),
    ],
)
def test_unknown_in_other_forms(status: int, value: Any) -> None:
    assert read(value, status).missing == (ID,)


def test_of_many_that_one_is_unknown_is_no_word_on_the_others() -> None:
    with pytest.raises(GatewayBroken):
        read({"detail": "Task not found"}, 404, asked=("t-1", "t-2"))


def test_in_a_batch_each_is_unknown_by_itself() -> None:
    items = [{"task_id": "t-1", "status": "queued"}, {"task_id": "t-2", "error": "task not found"}]
    answer = read({"data": items}, asked=("t-1", "t-2"))
    assert (list(answer.tasks), answer.missing) == (["t-1"], ("t-2",))


# Errors that are about the gateway, and none about the task


@pytest.mark.parametrize(
    ("status", "value", "error"),
    [
        (404, {"detail": "Not Found"}, GatewayMisplaced),
        (404, {"error": "Not Found", "path": "/suno/fetch/x", "status": 404, "timestamp": "x"}, GatewayMisplaced),
        (404, {"message": "Cannot GET /suno/fetch/x"}, GatewayMisplaced),
        (404, {"error": {"message": "Invalid URL (GET /suno/fetch/x)"}}, GatewayMisplaced),
        (405, {"detail": "Method Not Allowed"}, GatewayMisplaced),
        (404, {}, GatewayMisplaced),
        (503, {"error": {"code": "system_cpu_overloaded", "message": "system cpu overloaded"}}, GatewayBusy),
        (200, {"code": 429, "msg": "slow down", "data": None}, GatewayBusy),
        (200, {"code": 430, "msg": "Your call frequency is too high", "data": None}, GatewayBusy),
        (200, {"code": "430", "msg": "", "data": None}, GatewayBusy),
        (200, {"error": {"code": 429, "message": "x"}}, GatewayBusy),
        (500, {"message": "当前分组上游负载已饱和，请稍后再试"}, GatewayBusy),
        (200, {"code": 401, "msg": "You do not have access permissions", "data": None}, GatewayRefused),
        (200, {"success": False, "message": "无效的令牌"}, GatewayRefused),
        (403, {"error": {"message": "This token has no access to model suno_music (request id: 1)"}}, GatewayRefused),
        (403, {"error": {"message": "用户已被封禁"}}, GatewayRefused),
        (401, {"error": {"message": "task not found"}}, GatewayRefused),
        (503, {"error": {"message": "No available channel for model suno_music under group default"}}, GatewayBusy),
        (500, {"code": "get_task_failed", "message": "database is locked", "data": None}, GatewayBroken),
        (400, {"code": "invalid_request", "message": "prompt_empty", "data": None}, GatewayBroken),
        (500, {"error": {"message": "model suno_music not found"}}, GatewayBroken),
        (500, {"error": {"message": "user not found"}}, GatewayBroken),
        (200, {"code": "fail", "message": "upstream broke", "data": None}, GatewayBroken),
        (200, {"status": "error", "message": "upstream broke", "data": None}, GatewayBroken),
        (200, {"status": "fail", "data": None}, GatewayBroken),
    ],
)
def test_errors_say_nothing_about_the_task(status: int, value: Any, error: type[GatewayError]) -> None:
    with pytest.raises(error):
        read(value, status)


def test_an_error_keeps_the_gateways_own_words() -> None:
    with pytest.raises(GatewayRefused) as refused:
        read({"error": {"message": "This token has no access to model suno_music"}}, 403)
    assert refused.value.words == "This token has no access to model suno_music"
