"""What may be asked for, and what a model takes of it."""

from typing import Any

import pytest

from bot.domain.models import CURRENT, model_named, offered
from bot.domain.song_request import (
    Problem,
    RequestKind,
    SongOption,
    SongRequest,
    Source,
    Voice,
    options_of,
    problem_of,
    too_long,
    utf16_length,
)


def custom(**fields: Any) -> SongRequest:
    return SongRequest(kind=RequestKind.CUSTOM, model="chirp-v4", **fields)


def test_lengths_are_counted_as_suno_counts_them() -> None:
    assert utf16_length("夏日") == 2
    assert utf16_length("🎵🎵") == 4


def test_every_text_that_is_too_long_is_named_with_the_limit_of_the_model() -> None:
    faults = too_long(custom(lyrics="a" * 3_001, style="b" * 200, title="🎵" * 41))
    assert [(each.field, each.length, each.max_length) for each in faults] == [
        ("lyrics", 3_001, 3_000),
        ("title", 82, 80),
    ]


def test_a_description_has_the_length_that_its_model_takes() -> None:
    described = SongRequest(kind=RequestKind.DESCRIBE, model="chirp-hawk", description="a" * 3_000)
    assert not too_long(described)
    assert too_long(SongRequest(kind=RequestKind.DESCRIBE, model="chirp-crow", description="a" * 501))


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (SongRequest(kind=RequestKind.DESCRIBE), Problem.NOTHING),
        (SongRequest(kind=RequestKind.CUSTOM, title="only a title"), Problem.NOTHING),
        (SongRequest(kind=RequestKind.CUSTOM, style="lo-fi"), None),
        (SongRequest(kind=RequestKind.COVER, style="lo-fi"), Problem.NO_SOURCE),
        (SongRequest(kind=RequestKind.EXTEND, source=Source(task_id="t", clip_id="c")), Problem.NO_MOMENT),
        (SongRequest(kind=RequestKind.EXTEND, source=Source(task_id="t", clip_id="c"), continue_at=0.0), None),
        (SongRequest(kind=RequestKind.LYRICS, description="  "), Problem.NOTHING),
    ],
)
def test_missing_settings_are_reported(request_: SongRequest, problem: Problem | None) -> None:
    assert problem_of(request_) is problem


def test_options_that_a_gateway_may_ignore() -> None:
    assert options_of(custom(lyrics="la", voice=Voice.NONE)) == frozenset()
    assert options_of(custom(voice=Voice.FEMALE, excluded_style="jazz", weirdness=0.0)) == {
        SongOption.VOICE,
        SongOption.EXCLUDE,
        SongOption.WEIGHTS,
    }


def test_a_request_is_recognised_by_its_title_or_its_first_words() -> None:
    assert custom(title="Tin roofs", lyrics="rain").name == "Tin roofs"
    assert custom(lyrics="\n rain\nmore").name == "rain"
    assert SongRequest(kind=RequestKind.DESCRIBE).name == ""


def test_models_are_the_operators_else_those_that_finished_else_those_that_suno_sells() -> None:
    assert [each.name for each in offered(["chirp-v6"], ["chirp-crow"])] == ["chirp-v6"]
    assert [each.label for each in offered([], ["chirp-crow", "chirp-v3-0", "chirp-crow"])] == ["v5"]
    assert offered([], []) == CURRENT


def test_a_model_is_found_by_its_label_and_an_unknown_one_is_taken_as_it_is() -> None:
    assert model_named(" V6 ").name == "chirp-hawk"
    assert model_named("chirp-v6").label == "chirp-v6"
