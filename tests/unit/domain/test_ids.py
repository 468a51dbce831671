"""Task ids in what people type."""

import pytest

from bot.domain.ids import find_ids, parse_id, read_ids
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


@pytest.mark.parametrize(
    ("typed", "ids", "ignored"),
    [
        ("task_abcd", ("task_abcd",), 0),
        ("task_abcd, task_efgh;task_abcd\n1234567890123456789", ("task_abcd", "task_efgh", "1234567890123456789"), 0),
        ("please watch https://g.example/suno/fetch/5f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b now",
         ("5f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b",), 3),
        ("关注 `task_abcd`，谢谢", ("task_abcd",), 2),
        ("job:17 job:18", ("job:17", "job:18"), 0),
    ],
)  # fmt: skip
def test_several_ids_as_people_type_them(typed: str, ids: tuple[str, ...], ignored: int) -> None:
    found = read_ids(typed)
    assert (found.ids, found.ignored) == (ids, ignored)


@pytest.mark.parametrize(("typed", "why"), [("", "empty"), (" \n,", "empty"), ("!? ü", "odd"), ("x" * 81, "odd")])
def test_a_text_without_any_id_is_refused(typed: str, why: str) -> None:
    with pytest.raises(InvalidTaskId) as refusal:
        read_ids(typed)
    assert refusal.value.why == why
