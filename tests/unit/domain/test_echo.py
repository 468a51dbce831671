"""What a finished song's description proves of the options that went with its order."""

from typing import Any

import pytest

from bot.domain.echo import OptionCounts, echoed, ignored, models_in, proven, proven_by
from bot.domain.song_request import RequestKind, SongOption, SongRequest, Voice
from bot.domain.task import Clip, Echo, Status, Task, TaskKind
from bot.gateways.dialects.translate import translate


def task(echo: Echo | None, model: str = "") -> Task:
    clip = Clip(id="c", status=Status.DONE, audio_url="https://cdn.example/a.mp3", echo=echo, model=model)
    return Task(id="t", kind=TaskKind.MUSIC, status=Status.DONE, clips=(clip,))


def custom(**fields: Any) -> SongRequest:
    return SongRequest(kind=RequestKind.CUSTOM, lyrics="la", **fields)


@pytest.mark.parametrize(
    ("fields", "echo", "found"),
    [
        ({"excluded_style": "metal"}, Echo(excluded=True), {SongOption.EXCLUDE: True}),
        ({"excluded_style": "metal"}, Echo(), {SongOption.EXCLUDE: False}),
        ({"voice": Voice.FEMALE}, Echo(voice="f"), {SongOption.VOICE: True}),
        ({"voice": Voice.FEMALE}, Echo(voice="m"), {SongOption.VOICE: False}),
        ({"weirdness": 0.6}, Echo(weirdness=0.6), {SongOption.WEIGHTS: True}),
        ({"weirdness": 0.6}, Echo(weirdness=0.5), {SongOption.WEIGHTS: False}),
        ({"excluded_style": "metal"}, None, {}),
        ({}, Echo(excluded=True), {}),
    ],
)
def test_an_option_is_found_or_missing_where_the_song_is_described(
    fields: dict[str, Any], echo: Echo | None, found: dict[SongOption, bool]
) -> None:
    assert echoed(custom(**fields), task(echo)) == found


def test_missing_twice_and_never_found_is_ignored() -> None:
    seen = {
        SongOption.VOICE: OptionCounts(0, 1),
        SongOption.EXCLUDE: OptionCounts(0, 2),
        SongOption.COVER: OptionCounts(1, 5),
    }
    assert ignored(seen) == {SongOption.EXCLUDE}
    assert proven(seen) == {SongOption.COVER}


def test_songs_ordered_elsewhere_prove_what_nobody_has_without_a_wish() -> None:
    assert proven_by(task(Echo(cover=True, voice="f", weirdness=0.5))) == {SongOption.COVER, SongOption.VOICE}


def test_models_are_told_as_they_are_ordered() -> None:
    assert models_in([task(None, "v5"), task(None, "chirp-v6"), task(None, "suno")]) == ["chirp-crow", "chirp-v6"]


def test_the_description_is_read_from_the_songs_metadata() -> None:
    metadata = {
        "negative_tags": "metal",
        "vocal_gender": "f",
        "control_sliders": {"style_weight": 0.4},
        "task": "cover",
    }
    clip = {"id": "c", "status": "complete", "audio_url": "https://cdn.example/a.mp3", "metadata": metadata}
    made = translate("t", {"task_id": "t", "status": "SUCCESS", "data": [clip]})
    assert made.clips[0].echo == Echo(cover=True, excluded=True, voice="f", style_weight=0.4)
    del clip["metadata"]
    assert translate("t", {"task_id": "t", "status": "SUCCESS", "data": [clip]}).clips[0].echo is None
