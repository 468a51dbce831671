"""Task ids in what people type."""

import pytest

from bot.domain.ids import find_ids, parse_id
from bot.errors import InvalidTaskId

UUID = "7d1e2f30-4a5b-4c6d-8e7f-901234567890"


@pytest.mark.parametrize(
    "typed",
    [
        UUID,
        UUID.upper(),
        "0123456789abcdef0123456789abcdef",
        "1234567890123456789",
        "task_AbC123xyz0",
        "suno_task_9f8e7d6c",
    ],
)
def test_every_known_form_is_found_in_a_sentence(typed: str) -> None:
    assert find_ids(f"my song is {typed}, please look") == (typed,)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (f"  {UUID}\n", UUID),
        (f"`{UUID}`", UUID),
        (f"https://suno.example/song/{UUID}?play=1", UUID),
        (f"id: {UUID}", UUID),
        ("my-own.id:42", "my-own.id:42"),
        ("x", "x"),
    ],
)
def test_the_id_that_was_meant(typed: str, meant: str) -> None:
    assert parse_id(typed) == meant


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "empty"),
        ("  \n ", "empty"),
        ("``", "empty"),
        ("a" * 2000, "long"),
        ("../../admin", "odd"),
        ("..", "odd"),
        (".", "odd"),
        ("a/b", "odd"),
        ("a%2Fb", "odd"),
        ("песня", "odd"),
        ("歌曲", "odd"),
        ("two words", "odd"),
        ("a?b", "odd"),
        ("a\0b", "odd"),
        (f"{UUID} 1234567890123456789", "many"),
    ],
)
def test_what_cannot_be_an_id_is_refused_with_the_reason(typed: str, why: str) -> None:
    with pytest.raises(InvalidTaskId) as refusal:
        parse_id(typed)
    assert refusal.value.why == why


def test_ids_are_found_once_each_and_in_order() -> None:
    assert find_ids(f"task_bbbb {UUID} task_bbbb 1234567890123456789") == ("task_bbbb", UUID, "1234567890123456789")


def test_a_piece_of_a_longer_word_is_no_id() -> None:
    assert find_ids("f" * 33) == ()
    assert find_ids(f"x{UUID}") == ()
    assert find_ids("12345678901234567890123") == ()
