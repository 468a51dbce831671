"""What gateways answer to the questions for a song's timing, WAV and video."""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.timed_lyrics import TimedText
from bot.errors import (
    BotError,
    ExtraNotOffered,
    ExtraNotReady,
    GatewayBroken,
    GatewayBusy,
    GatewayError,
    GatewayRefused,
)
from bot.gateways.extras_reading import Extra, read_address, read_timing
from tests.linear_time import TIMES, grows_linearly

JSON = "application/json"
WORDS = [
    {"word": "[Verse]\nSalt ", "success": True, "start_s": 3.1, "end_s": 3.5, "p_align": 0.98},
    {"word": "air\n", "success": True, "start_s": 3.5, "end_s": 4.0, "p_align": 0.98},
]
TIMING = {"aligned_words": WORDS, "waveform_data": [0.001, 0.04219], "hoot_cer": 0.03, "is_streamed": False}
URL = "https://cdn1.example.com/7d88b288.wav?sig=a%2Bb"


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    "wrapped",
    [lambda timing: timing, lambda timing: {"code": "success", "message": "", "data": timing},
     lambda timing: {"code": 200, "data": json.dumps(timing)}, lambda timing: [timing]],
    ids=["bare", "enveloped", "in a text", "in a list"],
)  # fmt: skip
def test_timing_is_read_in_whatever_wraps_it(wrapped: Callable[[Any], Any]) -> None:
    timing = read_timing(200, JSON, body(wrapped(TIMING)))
    assert timing.waveform == (0.001, 0.04219)
    assert [line for line in timing.lines if line.text.strip()] == [
        TimedText("[Verse]", 3.1),
        TimedText("Salt air", 3.1),
    ]


def test_lines_serve_where_there_are_no_words() -> None:
    said = {"aligned_lyrics": [{"text": "Salt air", "start_s": "3.1", "words": []}, {"text": "x", "start_s": -1}]}
    assert read_timing(200, JSON, body(said)).lines == (TimedText("Salt air", 3.1), TimedText("x", None))


@pytest.mark.parametrize(
    "said",
    [{"wav_file_url": URL}, {"code": "success", "message": "", "data": {"wav_file_url": URL}},
     {"code": "success", "data": URL}, {"data": {"wavUrl": URL}}, {"data": {"result": {"url": URL}}}],
    ids=str,
)  # fmt: skip
def test_an_address_is_found_under_every_name(said: Any) -> None:
    assert read_address(Extra.WAV, 200, JSON, body(said)) == URL


@pytest.mark.parametrize("said", [{"mp4": URL}, {"data": {"mp4_file_url": URL}}, {"video_url": URL}], ids=str)
def test_so_is_that_of_a_video(said: Any) -> None:
    assert read_address(Extra.VIDEO, 200, JSON, body(said)) == URL


@pytest.mark.parametrize(
    "said",
    [{}, {"wav_file_url": None}, {"code": "success", "data": None}, {"code": "success", "data": {"state": "running"}},
     {"code": "success", "data": "47443cc1-4902-42ae-ae7f-72a9900544e9", "message": ""}],
    ids=str,
)  # fmt: skip
def test_no_address_yet_means_that_it_is_being_made(said: Any) -> None:
    with pytest.raises(ExtraNotReady):
        read_address(Extra.WAV, 200, JSON, body(said))


NO_MODEL = {"error": {"code": "model_not_found", "message": "No available channel for model suno_act_wav"}}
NO_ACCESS = {"error": {"message": "This token has no access to model suno_act_wav", "type": "new_api_error"}}
UNKNOWN = {"code": "task_not_exist", "message": "task_not_exist", "data": None}
NOT_OFFERED = {
    "an unknown song": (400, body(UNKNOWN)), "an unknown song with 200": (200, body(UNKNOWN)),
    "an unknown path": (404, body({"error": {"message": "Invalid URL (GET /suno/act/wav/1)"}})),
    "a web page": (200, b"<!doctype html><title>Gateway</title>"), "a page of 404": (404, b"<h1>404</h1>"),
    "no channel for it": (503, body(NO_MODEL)), "a key that may not": (403, body(NO_ACCESS)),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_OFFERED)
def test_a_gateway_without_it_is_told_from_one_that_fails(name: str) -> None:
    status, said = NOT_OFFERED[name]
    with pytest.raises(ExtraNotOffered):
        read_address(Extra.WAV, status, JSON, said)
    with pytest.raises(ExtraNotOffered):
        read_timing(status, JSON, said)


def test_an_instrumental_has_no_timing() -> None:
    with pytest.raises(ExtraNotOffered):
        read_timing(200, JSON, body({"aligned_words": [], "waveform_data": []}))


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        (401, body({"error": {"message": "invalid token", "type": "new_api_error"}}), GatewayRefused),
        (429, b"", GatewayBusy),
        (503, body({"error": {"code": "system_cpu_overloaded"}}), GatewayBusy),
        (500, body({"code": "get_task_failed", "message": "x"}), GatewayBroken),
        (200, b"", GatewayBroken),
        (200, body({"code": "fail", "message": "internal error"}), GatewayBroken),
    ],
)
def test_failures_stay_what_they_are(status: int, said: bytes, error: type[BotError]) -> None:
    with pytest.raises(error):
        read_address(Extra.WAV, status, JSON, said)
    with pytest.raises(error):
        read_timing(status, JSON, said)


NAMES = ["data", "aligned_words", "waveform_data", "word", "start_s", "wav_file_url", "code", "result"]
JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES), inner),
)


@given(st.integers(200, 599), JUNK.map(body) | st.binary())
def test_whatever_comes_is_an_answer_or_an_error_of_ours(status: int, said: bytes) -> None:
    for read in (read_timing, partial(read_address, Extra.VIDEO)):
        with suppress(GatewayError, ExtraNotOffered, ExtraNotReady):
            read(status, JSON, said)


def test_reading_a_timing_is_linear() -> None:
    def read(count: int) -> object:
        return read_timing(200, JSON, body({"aligned_words": WORDS * count, "waveform_data": [0.1] * count}))

    assert grows_linearly(read, 1_000, TIMES * 1_000)
