"""Every dialect's bodies, as gateways send them, one fact a test."""

import json
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.domain.task import Answer, Status, Task, TaskKind
from bot.errors import GatewayBroken, GatewayBusy, GatewayError, GatewayMisplaced, GatewayRefused
from bot.gateways.batch import decode_batch
from bot.gateways.decode import decode

BODIES = Path(__file__).parents[2] / "bodies"
SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.json"))


def body(name: str) -> bytes:
    return (BODIES / f"{name}.json").read_bytes()


def answer(name: str, *asked: str, status: int = 200, content_type: str = "application/json") -> Answer:
    return decode(asked, status, content_type, body(name))


def task(name: str, asked: str) -> Task:
    return answer(name, asked).tasks[asked]


def said(**fields: Any) -> Task:
    """A new-api task with these fields."""
    whole = {"task_id": "t", "status": "IN_PROGRESS", "data": None} | fields
    return decode(["t"], 200, "", json.dumps({"code": "success", "data": whole}).encode()).tasks["t"]


def clip(**fields: Any) -> dict[str, Any]:
    return {"id": "c", "status": "complete", "audio_url": "https://cdn.example/c.mp3"} | fields


# What each dialect says


def test_new_api_finished() -> None:
    found = task("newapi-single-done", "t-done")
    assert (found.kind, found.status, found.raw_status) == (TaskKind.MUSIC, Status.DONE, "SUCCESS")
    assert (found.submitted_at, found.started_at, found.finished_at) == (1772444400, 1772444412, 1772444491)
    first, second = found.clips
    assert (first.title, first.style, first.model, first.duration) == ("Lantern Street", "indie folk", "v4", 91.4)
    assert first.lyrics.startswith("[Verse]\nThe lanterns")
    assert first.audio_url == "https://cdn.example/c1000000-0000-4000-8000-00000000000a.mp3"
    assert first.image_url == "https://cdn.example/image_c1000000-0000-4000-8000-00000000000a.jpeg"
    assert second.id == "c2000000-0000-4000-8000-00000000000b"


def test_new_api_waiting_knows_nothing_yet() -> None:
    found = task("newapi-single-waiting", "t-waiting")
    assert (found.kind, found.status, found.started_at, found.clips) == (TaskKind.MUSIC, Status.WAITING, None, ())
    assert found.progress is None


def test_a_later_new_api_with_more_fields_failed() -> None:
    found = task("newapi-later-single-failed", "t-failed")
    assert (found.status, found.reason, found.finished_at) == (Status.FAILED, "prompt names an artist", None)


def test_a_rix_batch_in_any_order_with_lyrics_and_music() -> None:
    found = answer("rix-batch", "t-lyrics", "t-run", "t-done", "t-gone")
    assert list(found.tasks) == ["t-lyrics", "t-run", "t-done"]
    assert found.missing == ("t-gone",)
    assert found.tasks["t-run"].progress == 30
    streaming, queued = found.tasks["t-run"].clips
    assert streaming.streaming
    assert (queued.status, queued.streaming) == (Status.WAITING, False)
    lyrics = found.tasks["t-lyrics"]
    assert (lyrics.kind, lyrics.title) == (TaskKind.LYRICS, "Low Water")
    assert lyrics.lyrics is not None
    assert lyrics.lyrics.text == "[Verse]\nTide goes out"


def test_tasks_that_were_not_requested_are_dropped() -> None:
    assert answer("rix-batch", "t-elsewhere") == Answer({}, ("t-elsewhere",))


def test_suno_api_sends_clips_without_a_task() -> None:
    found = task("sunoapi-single-done", "t-any")
    assert (found.kind, found.status, len(found.clips)) == (TaskKind.MUSIC, Status.DONE, 2)


def test_suno_api_sends_lyrics_without_a_task() -> None:
    found = task("sunoapi-single-lyrics", "t-any")
    assert (found.kind, found.status, found.title) == (TaskKind.LYRICS, Status.DONE, "High Water")


def test_suno_api_batch() -> None:
    assert task("sunoapi-batch", "t-done").status is Status.DONE


def test_goamz_finished_fills_gaps_from_what_was_asked_for() -> None:
    found = task("goamz-single-done", "t-goamz")
    full, bare = found.clips
    assert (found.kind, found.status, found.raw_status) == (TaskKind.MUSIC, Status.DONE, "completed")
    assert (full.title, full.model) == ("Lantern Street", "v4")
    assert (bare.title, bare.style, bare.lyrics, bare.model) == (
        "Asked For",
        "waltz",
        "[Verse]\nAsked for",
        "chirp-v4-0",
    )


def test_goamz_pending_and_failed() -> None:
    assert task("goamz-single-pending", "t-goamz").status is Status.WAITING
    failed = task("goamz-single-failed", "t-goamz")
    assert (failed.status, failed.reason) == (Status.FAILED, "credits exhausted upstream")


def test_items_with_numbers_for_states() -> None:
    found = task("items-partly-failed", "t-items")
    good, bad = found.clips
    assert found.status is Status.DONE
    assert found.partial
    assert (good.id, good.title, good.duration) == ("c1000000-0000-4000-8000-00000000000a", "Ferry", 77.5)
    assert good.audio_url.endswith(".m4a")
    assert (bad.status, bad.reason) == (Status.FAILED, "flagged")


def test_items_still_running() -> None:
    found = task("items-running", "t-items")
    assert (found.status, found.progress) == (Status.RUNNING, 45)


def test_a_stale_wrapper_around_a_finished_task() -> None:
    found = task("nested-stale-wrapper", "t-nested")
    assert (found.status, len(found.clips), found.finished_at) == (Status.DONE, 2, 1772444491)


def test_a_stale_wrapper_around_a_failed_task() -> None:
    inner = {"task_id": "t", "status": "FAILURE", "fail_reason": "inside", "data": None}
    found = said(status="IN_PROGRESS", data=inner)
    assert (found.status, found.reason) == (Status.FAILED, "inside")


def test_an_id_is_the_same_in_other_letters() -> None:
    assert list(answer("newapi-single-done", "T-Done").tasks) == ["T-Done"]


def test_a_task_without_an_envelope() -> None:
    found = task("bare-task", "t-bare")
    assert (found.status, [each.status for each in found.clips]) == (Status.RUNNING, [Status.DONE, Status.RUNNING])


def test_code_1_batch_where_a_task_is_its_own_clip() -> None:
    found = answer("code1-batch", "t-one", "t-two")
    assert [each.audio_url for each in found.tasks["t-one"].clips] == ["https://oss.example/one.wav"]
    assert found.tasks["t-one"].clips[0].status is Status.DONE
    assert found.tasks["t-two"].status is Status.RUNNING


def test_songs_under_the_action_lyrics_are_songs() -> None:
    assert task("lyrics-action-with-songs", "t-songs").kind is TaskKind.MUSIC


def test_numbers_as_texts_lists_as_texts_and_milliseconds() -> None:
    found = task("odd-types", "t-odd")
    assert (found.submitted_at, found.started_at, found.finished_at) == (1772444400.123, 1772444412, 1772444491)
    assert (found.clips[0].style, found.clips[0].duration, found.clips[0].title) == ("drum, bass", 63.25, "404")


# Which state follows


def test_a_failure_keeps_its_good_clip() -> None:
    found = task("failed-with-a-good-clip", "t-half")
    assert (found.status, found.partial, found.reason) == (Status.FAILED, True, "second take lost")
    assert [each.playable for each in found.clips] == [True, False]


def test_a_success_may_have_nothing_to_play() -> None:
    found = task("done-without-audio", "t-mute")
    assert (found.status, found.playable) == (Status.DONE, ())


def test_an_unknown_word_is_kept_and_ends_nothing() -> None:
    found = task("unknown-word", "t-dream")
    assert (found.status, found.raw_status, found.recognised) == (Status.RUNNING, "DREAMING", False)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("NOT_START SUBMITTED QUEUED pending Pending queued", Status.WAITING),
        ("IN_PROGRESS processing staged running UNKNOWN streaming generating 20", Status.RUNNING),
        ("SUCCESS success completed complete succeeded 30", Status.DONE),
        ("FAILURE failed error timeout Error SENSITIVE_WORD_ERROR 40", Status.FAILED),
    ],
)
def test_every_word(words: str, status: Status) -> None:
    for word in words.split():
        found = said(status=int(word) if word.isdigit() else word)
        assert (found.status, found.recognised) == (status, True), word


@pytest.mark.parametrize(
    ("clips", "status"),
    [
        ([clip(), clip()], Status.DONE),
        ([clip(), clip(status="error", audio_url="")], Status.DONE),
        ([clip(status="error"), clip(status="failed")], Status.FAILED),
        ([clip(), clip(status="streaming")], Status.RUNNING),
        ([], Status.RUNNING),
    ],
)
def test_when_all_clips_have_ended_the_task_has(clips: list[dict[str, Any]], status: Status) -> None:
    assert said(status="IN_PROGRESS", data=clips).status is status


def test_a_waiting_wrapper_around_running_clips_runs() -> None:
    assert said(status="SUBMITTED", data=[clip(status="streaming")]).status is Status.RUNNING


def test_a_reason_alone_does_not_end_a_task() -> None:
    found = said(status="IN_PROGRESS", fail_reason="upstream hiccup")
    assert (found.status, found.reason) == (Status.RUNNING, "upstream hiccup")


def test_a_clip_without_a_word_has_the_tasks_state() -> None:
    assert said(status="SUCCESS", data=[clip(status="")]).clips[0].playable
    assert said(status="IN_PROGRESS", data=[clip(status=None, audio_url="")]).clips[0].status is Status.RUNNING


# Values of any kind


@pytest.mark.parametrize(
    ("progress", "shown"),
    [
        ("30%", 30),
        ("7.5%", 7.5),
        (48, 48),
        ("48", 48),
        ("0%", None),
        ("100%", None),
        ("", None),
        ("soon", None),
        (-5, None),
    ],
)
def test_a_progress_is_never_invented(progress: object, shown: float | None) -> None:
    assert said(progress=progress).progress == shown


@pytest.mark.parametrize(
    "url",
    [None, "", "None", 5, "ftp://x/y.mp3", "javascript:alert(1)", "https://", "https://a b/c", "http://x:99999999/",
     "https://cdn.example/None.mp3", "https://studio-api.prod.suno.com/api/forbidden", "https://x/" + "a" * 16_000,
     "https://suno.com@evil.example/x.mp3", "https://a:b@evil.example/x.mp3", "https://evil.example\\.suno.com/x.mp3",
     "https://x/\u202e3pm.exe", "https://x/\u200bx.mp3", "https://x/\0x.mp3", "https://x/\ufeffx.mp3"],
)  # fmt: skip
def test_values_that_are_no_file_address_become_none(url: object) -> None:
    assert said(status="SUCCESS", data=[clip(audio_url=url)]).clips[0].audio_url == ""


@pytest.mark.parametrize("moment", [0, -1, None, "", "soon", "0", 1e300, True])
def test_a_moment_that_has_not_come(moment: object) -> None:
    assert said(finish_time=moment).finished_at is None


@pytest.mark.parametrize("length", [0, -3, None, "", "long", float("nan"), float("inf"), "1e400"])
def test_a_length_that_nobody_knows(length: object) -> None:
    assert said(data=[clip(metadata={"duration": length})]).clips[0].duration is None


def test_a_moment_as_a_date() -> None:
    assert said(submit_time="2026-03-02T09:40:00Z").submitted_at == 1772444400


def test_half_a_surrogate_pair_can_be_sent_on() -> None:
    said(data=[clip(title="\ud83d broken")]).clips[0].title.encode()


# Labels and errors


@pytest.mark.parametrize(
    "label", ["text/plain", "text/html", "", "application/json; charset=utf-8", "x; charset=nonsense"]
)
def test_json_is_read_whatever_it_is_labelled(label: str) -> None:
    assert answer("newapi-single-done", "t-done", content_type=label).tasks


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "gb18030"])
def test_json_in_another_charset(encoding: str) -> None:
    text = json.dumps(
        {"code": "success", "data": {"task_id": "t", "status": "SUCCESS", "fail_reason": "好"}}, ensure_ascii=False
    )
    found = decode(["t"], 200, f"application/json; charset={encoding}", text.encode(encoding))
    assert found.tasks["t"].reason == "好"


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("error-unknown-task", 400),
        ("error-unknown-task-sunoapi", 400),
        ("error-unknown-task", 404),
        ("error-unknown-task", 200),
    ],
)
def test_an_unknown_id_is_missing_and_no_error(name: str, status: int) -> None:
    assert answer(name, "t", status=status) == Answer({}, ("t",))


@pytest.mark.parametrize("said", ["nothing found for this id", "No results for that id", "nothing was found: t"])
def test_an_unknown_id_in_words_that_name_no_task(said: str) -> None:
    content = json.dumps({"ok": False, "description": said}).encode()
    assert decode(["t"], 200, "", content) == Answer({}, ("t",))


def test_a_song_of_which_only_the_path_is_given_is_a_song_and_no_lyrics() -> None:
    songs = [{"id": "c", "song_path": "https://media.example/c.mp3", "title": "Kettle", "lyrics": "la"}]
    found = decode(["t"], 200, "", json.dumps({"data": {"task_id": "t", "output": {"songs": songs}}}).encode())
    assert found.tasks["t"].kind is TaskKind.MUSIC
    assert [each.audio_url for each in found.tasks["t"].clips] == ["https://media.example/c.mp3"]


@pytest.mark.parametrize("data", [b"null", b"[]", b"{}"])
def test_a_batch_of_which_none_is_known(data: bytes) -> None:
    assert decode(["a", "b"], 200, "", b'{"code":"success","message":"","data":%s}' % data) == Answer({}, ("a", "b"))


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (401, body("error-key"), GatewayRefused),
        (403, body("error-key"), GatewayRefused),
        (401, b"", GatewayRefused),
        (403, b"<html>Attention Required</html>", GatewayBroken),
        (429, b"", GatewayBusy),
        (429, b'{"error":{"message":"\xe8\xaf\xb7\xe6\xb1\x82\xe8\xbf\x87\xe5\xa4\x9a"}}', GatewayBusy),
        (503, b'{"error":{"message":"system_cpu_overloaded"}}', GatewayBusy),
        (503, b"<html>", GatewayBusy),
        (200, b'{"code":"fail","message":"Server busy, try later"}', GatewayBusy),
        (500, b'{"message":"system is busy now"}', GatewayBusy),
        (500, body("error-database"), GatewayBroken),
        (502, b"<html>Bad Gateway</html>", GatewayBroken),
        (200, body("error-database"), GatewayBroken),
        (200, b"<!doctype html><html></html>", GatewayMisplaced),
        (404, b"404 page not found", GatewayMisplaced),
        (404, b'{"error":{"message":"Invalid URL"}}', GatewayMisplaced),
        (307, b"", GatewayBroken),
        (200, b"", GatewayBroken),
        (200, b"  \n", GatewayBroken),
        (200, body("newapi-single-done")[:700], GatewayBroken),
        (200, b"null", GatewayBroken),
        (200, b"42", GatewayBroken),
        (200, b'{"hello":"world"}', GatewayBroken),
        (400, b'{"code":"invalid_request","message":"bad body"}', GatewayBroken),
        (200, b"[" * 100_000, GatewayBroken),
        (200, b'{"data":%s}' % (b"9" * 10_000), GatewayBroken),
        (200, '{"code":"x","message":"任务%s"}'.encode() % (b" " * 1_000_000), GatewayBroken),
    ],
)
def test_no_answer_is_an_error_of_the_right_kind(status: int, content: bytes, error: type[GatewayError]) -> None:
    with pytest.raises(error):
        decode(["t"], status, "application/json", content)


@pytest.mark.parametrize("read", [decode, partial(decode_batch, known={})])
@pytest.mark.parametrize("depth", [100, 500, 900, 50_000])
@pytest.mark.parametrize("field", ["task_id", "status", "fail_reason", "progress", "submit_time", "title"])
def test_endless_nesting_gives_an_answer_or_an_error(read: Any, field: str, depth: int) -> None:
    nested = "[" * depth + "1" + "]" * depth
    clips = f'[{{"id":"c","audio_url":"https://cdn.example/c.mp3","{field}":{nested}}}]'
    content = f'{{"data":[{{"task_id":"t","status":"SUCCESS","data":{clips},"{field}":{nested}}}]}}'
    with suppress(GatewayError):
        assert read(["t"], 200, "", content.encode()).tasks.keys() <= {"t"}


def test_more_clips_than_any_task_makes_are_left_out() -> None:
    assert len(said(status="SUCCESS", data=[clip(id=str(number)) for number in range(1_000)]).clips) == 20


def test_more_text_than_any_song_has_is_left_out() -> None:
    found = said(status="FAILURE", fail_reason="歌" * 1_000_000, data=[clip(title="a" * 1_000_000)])
    assert (len(found.reason), len(found.clips[0].title)) == (100_000, 100_000)


def test_an_error_says_the_gateways_words_without_the_key() -> None:
    with pytest.raises(GatewayRefused, match=r"401 Invalid token \[key\] \(request id: 2026030209\)"):
        answer("error-key", "t", status=401)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_documented_bodies_of_vendors(path: Path) -> None:
    data = json.loads(path.read_bytes())["data"]
    wanted = (data[0] if isinstance(data, list) else data)["task_id"]
    found = decode([wanted], 200, "application/json", path.read_bytes()).tasks[wanted]
    _, kind, state = path.stem.rsplit("-", 2)
    assert (found.kind.value, found.status.value) == (kind.upper(), state)
    assert found.title
