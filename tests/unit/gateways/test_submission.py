"""What is sent to order a song, and what an answer means for the money."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.order import Accepted, NotTaken, Refused, SubmitResult, Unsure
from bot.domain.order_refusals import Refusal
from bot.domain.song_request import RequestKind, SongOption, SongRequest, Source, Voice
from bot.gateways.submission import Dialect, result_of, submission_of

ALL = frozenset(SongOption)
NOTHING: frozenset[SongOption] = frozenset()
OPEN_NEW_API = {
    "gpt_description_prompt",
    "prompt",
    "mv",
    "title",
    "tags",
    "continue_at",
    "task_id",
    "continue_clip_id",
    "make_instrumental",
}


def body(can: frozenset[SongOption] = ALL, **fields: Any) -> dict[str, Any]:
    request = SongRequest(**({"kind": RequestKind.CUSTOM, "model": "chirp-hawk"} | fields))
    return dict(submission_of(request, can).body)


def test_a_description_always_goes_with_its_model() -> None:
    assert body(kind=RequestKind.DESCRIBE, description="rain") == {
        "gpt_description_prompt": "rain",
        "prompt": "",
        "mv": "chirp-hawk",
        "make_instrumental": False,
    }


def test_own_lyrics_with_all_options() -> None:
    sent = body(
        lyrics="[Verse]\nla",
        style="lo-fi",
        title="Rain",
        voice=Voice.FEMALE,
        excluded_style="jazz",
        style_weight=0.5,
        weirdness=0.0,
        variety=3,
    )
    assert (sent["prompt"], sent["tags"], sent["title"]) == ("[Verse]\nla", "lo-fi", "Rain")
    assert sent["negative_tags"] == "jazz"
    assert sent["metadata"] == {
        "create_mode": "custom",
        "vocal_gender": "f",
        "control_sliders": {"style_weight": 0.5, "weirdness_constraint": 0.0, "aug_creativity": 3},
    }


def test_what_a_gateway_may_ignore_is_sent_and_a_voice_is_put_in_words_as_well() -> None:
    options: dict[str, Any] = {"voice": Voice.MALE, "excluded_style": "jazz", "weirdness": 0.9}
    sent = body(NOTHING, lyrics="la", style="lo-fi", **options)
    assert sent["tags"] == "lo-fi, male vocals"
    assert sent == body(ALL, lyrics="la", style="lo-fi", **options) | {"tags": "lo-fi, male vocals"}
    assert body(NOTHING, kind=RequestKind.DESCRIBE, description="rain", voice=Voice.FEMALE)[
        "gpt_description_prompt"
    ] == ("rain, female vocals")


def test_without_options_only_what_every_gateway_knows_is_sent() -> None:
    sent = body(NOTHING, lyrics="la", style="lo-fi", title="Rain")
    assert sent.keys() - {"generation_type"} <= OPEN_NEW_API


def test_an_instrumental_is_one() -> None:
    assert body(style="lo-fi", voice=Voice.NONE)["make_instrumental"] is True


def test_an_extension_names_task_clip_and_moment() -> None:
    source = Source(task_id="task_1", clip_id="clip_1")
    sent = body(NOTHING, kind=RequestKind.EXTEND, lyrics="more", source=source, continue_at=61.5)
    assert (sent["task_id"], sent["continue_clip_id"], sent["continue_at"]) == ("task_1", "clip_1", 61.5)
    assert sent.keys() - {"task", "generation_type"} <= OPEN_NEW_API


def test_a_cover_names_its_song() -> None:
    sent = body(kind=RequestKind.COVER, style="jazz", source=Source(task_id="task_1", clip_id="clip_1"))
    assert (sent["task"], sent["cover_clip_id"]) == ("cover", "clip_1")


def test_lyrics_are_ordered_elsewhere() -> None:
    submission = submission_of(SongRequest(kind=RequestKind.LYRICS, description="rain"), NOTHING)
    assert (submission.path, submission.body) == ("/suno/submit/lyrics", {"prompt": "rain"})


def test_goamz_wraps_the_same_words() -> None:
    request = SongRequest(kind=RequestKind.CUSTOM, lyrics="la", model="chirp-hawk")
    submission = submission_of(request, NOTHING, Dialect.GOAMZ)
    assert submission.path == "/suno/v1/music"
    assert submission.body["custom_mode"] is True
    assert submission.body["input"]["prompt"] == "la"


def said(status: int, value: Any) -> SubmitResult:
    return result_of(status, "application/json", json.dumps(value).encode())


def error(code: str, message: str = "") -> dict[str, Any]:
    return {"error": {"code": code, "message": f"{message} (request id: 2026)", "type": "new_api_error"}}


@pytest.mark.parametrize(
    "value",
    [
        {"code": "success", "message": "", "data": "task_hLX"},
        {"code": 200, "data": {"task_id": "task_hLX"}, "message": "success"},
        {"code": 1, "data": [{"taskId": "task_hLX"}]},
        {"task_id": "task_hLX", "status": "submitted"},
        {"code": "SUCCESS", "data": " task_hLX\n"},
        {"code": "success", "data": '{"task_id": "task_hLX"}'},
        {"code": 200, "data": {"code": "success", "data": "task_hLX"}},
    ],
)
def test_accepted_with_its_id_in_whatever_place(value: Any) -> None:
    assert said(200, value) == Accepted("task_hLX")


@pytest.mark.parametrize(
    "task_id", ["task_hLXkc7", "5f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b", "6f708192a3b4c5d6e7f8091a2b3c4d5e"]
)
def test_an_id_that_looks_like_one_counts_with_any_code(task_id: str) -> None:
    assert said(200, {"code": "created", "data": task_id}) == Accepted(task_id)


def test_of_two_ids_under_one_name_the_last_counts_as_in_every_reader() -> None:
    assert result_of(200, "", b'{"data": "task_1", "data": "task_2"}') == Accepted("task_2")


@pytest.mark.parametrize(
    ("status", "value", "refusal"),
    [
        (400, {"code": "invalid_request", "message": "prompt_empty", "data": None}, Refusal.OTHER),
        (403, error("insufficient_user_quota", "用户额度不足, 剩余额度: ＄0.000000"), Refusal.NO_BALANCE),
        (403, error("pre_consume_token_quota_failed", "token quota is not enough"), Refusal.NO_BALANCE),
        (401, error("", "Invalid token"), Refusal.NO_ACCESS),
        (403, error("", "This token has no access to model  "), Refusal.MODEL_GONE),
        (403, {"code": "paid_upsell", "message": "upgrade"}, Refusal.MODEL_GONE),
        (400, {"code": "task_not_exist", "message": "task_not_exist"}, Refusal.WRONG_SONG),
        (400, {"message": 'Your tags contain artist name "Somebody"'}, Refusal.ARTIST),
        (307, {}, Refusal.MISPLACED),
        (500, {"code": "model_price_error", "message": "price not configured for suno_music"}, Refusal.PRICE_UNSET),
        (503, {"message": "Suno is under maintenance"}, Refusal.MAINTENANCE),
        (500, error("insufficient_user_quota", "用户额度不足"), Refusal.NO_BALANCE),
    ],
)
def test_a_definite_no(status: int, value: Any, refusal: Refusal) -> None:
    result = said(status, value)
    assert isinstance(result, Refused)
    assert result.reason == refusal


@pytest.mark.parametrize(
    ("status", "value"),
    [
        (429, {"code": "fail_to_fetch_task", "message": "当前分组上游负载已饱和，请稍后再试"}),
        (503, error("model_not_found", "No available channel for model suno_concat under group default")),
        (429, {}),
        (503, error("system_cpu_overloaded", "system cpu overloaded")),
        (500, {"code": "fail_to_fetch_task", "message": "当前分组上游负载已饱和，请稍后再试"}),
    ],
)
def test_full_gateways_are_tried_again_later(status: int, value: Any) -> None:
    result = said(status, value)
    assert isinstance(result, NotTaken)
    assert result.busy


@pytest.mark.parametrize(
    ("status", "value"),
    [
        (200, {"code": "success", "message": "", "data": None}),
        (200, {"code": "success", "data": ""}),
        (500, {"code": "do_request_failed", "message": "EOF"}),
        (504, {"message": "gateway time-out"}),
        (502, {}),
        (408, {"message": "request time-out"}),
        (499, {}),
        (499, {"message": "too many requests"}),
        (408, {"message": "当前分组上游负载已饱和"}),
        (504, error("model_not_found", "No available channel for model suno_music")),
        (502, {"message": "upstream overloaded, gave up after 60 s"}),
        (500, {"message": "failed to write the quota of this order"}),
        (200, {"code": "fail_to_fetch_task", "message": "upstream said no", "data": "upstream_error"}),
        (200, {"code": "success", "data": "任务已提交"}),
        (200, {"code": "success", "data": "submitted, please wait"}),
        (200, {"code": "success", "data": "../../api/user/self"}),
        (200, {"code": "success", "data": "t" * 81}),
        (200, {"code": "success", "data": 1}),
        (200, {"code": "success", "data": True}),
        (200, {"code": "success", "data": [[["task_hLX"]]]}),
        (200, {"code": "success", "data": {"data": {"data": "task_hLX"}}}),
    ],
)
def test_answers_that_may_have_cost_money_are_unsure(status: int, value: Any) -> None:
    assert isinstance(said(status, value), Unsure)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, Unsure), (502, Unsure), (524, Unsure), (302, Refused), (404, Refused), (401, Refused), (429, NotTaken)],
)
def test_pages_without_json(status: int, kind: type) -> None:
    assert isinstance(result_of(status, "text/html", b"<html>"), kind)


@given(
    st.integers(100, 599),
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.floats(), st.text()),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(st.sampled_from(["code", "data", "error", "message", "task_id"]), inner),
            ),
        ).map(lambda value: json.dumps(value).encode()),
    ),
)
def test_any_answer_at_all_has_a_result(status: int, sent: bytes) -> None:
    result = result_of(status, "application/json", sent)
    assert isinstance(result, Accepted | NotTaken | Refused | Unsure)
    if status >= 500 and not isinstance(result, Unsure):
        assert result.reason or result.detail if isinstance(result, Refused) else isinstance(result, NotTaken)
