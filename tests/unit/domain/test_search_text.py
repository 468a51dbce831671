"""Songs are found by words in any language, with any punctuation around them."""

import sqlite3
from contextlib import closing

import pytest

from bot.domain.search_text import MAX_LENGTH, patterns, search_line
from tests.linear_time import TIMES, grows_linearly


def found(line: str, typed: str) -> bool:
    """As a database does it."""
    with closing(sqlite3.connect(":memory:")) as connection:

        def matches(pattern: str) -> bool:
            return bool(connection.execute("SELECT ? LIKE ?", (line, pattern)).fetchone()[0])

        return all(any(all(map(matches, way)) for way in ways) for ways in patterns(typed))


SONG = search_line(
    [
        "Café del Mar (Remix)",
        "city-pop, 80's",
        "夏日海风，吹过旧码头\nDon't look back",
        "Ångström",
        "摇滚rock不死90年代",
    ]
)


@pytest.mark.parametrize(
    "typed",
    [
        "cafe",
        "CAFÉ mar",
        "pop city",
        "海风",
        "夏日 码头",
        "码头 remix",
        "don't look",
        "80",
        "ＣＡＦＥ",
        "angstrom",
        "rem",
        "rock",
        "滚rock不",
        "90",
        "年代",
        "海风remix",
    ],
)
def test_all_typed_words_must_occur_in_any_order(typed: str) -> None:
    assert found(SONG, typed)


@pytest.mark.parametrize("typed", ["afe", "cafe jazz", "山风", "海 冬", "ack"])
def test_other_words_are_not_found(typed: str) -> None:
    assert not found(SONG, typed)


@pytest.mark.parametrize("typed", ["", "   ", "%", "_", "%%_", "!?…", "🎵"])
def test_signs_mean_nothing(typed: str) -> None:
    assert patterns(typed) == ()


@pytest.mark.parametrize("one", ["lo-fi", "lofi", "LO.FI", "lo‑fi"])
@pytest.mark.parametrize("other", ["lo-fi", "lofi", "(lo/fi)", "Lo_Fi!"])
def test_words_that_only_signs_part_find_each_other_joined_and_apart(one: str, other: str) -> None:
    assert found(search_line([f"slow {other} beats"]), f"{one} beats")
    assert not found(search_line([f"slow {other} beats"]), f"{one}x")


@pytest.mark.parametrize(
    ("line", "typed"),
    [
        ("Don't look back", "dont"),
        ("Dont look back", "don't"),
        ("Don’t look back", "don't"),
        ("L'amour", "amour"),
        ("Rock'n'roll", "rock n roll"),
        ("Harbour Lights", "harbour,lights"),
        ("R&B", "rb"),
        ("Near 3", "near/3"),
    ],
)
def test_apostrophes_and_other_signs_in_words(line: str, typed: str) -> None:
    assert found(search_line([line]), typed)


def test_signs_among_words_do_not_match_anything_else() -> None:
    assert patterns("100% r_in") == ((("% 100%",),), (("% rin%",), ("% r%", "% in%")))


def test_every_word_of_a_long_line_must_occur() -> None:
    line = "the tide comes in and out again and all the lights of the harbour go on one by one"
    assert found(search_line([line]), line)
    assert not found(search_line([line]), f"{line} tonight")


def test_no_more_of_a_long_text_counts_than_a_statement_can_bear() -> None:
    every = " ".join(chr(0x4E00 + number) for number in range(1_000))
    assert patterns(every) == patterns(every[:MAX_LENGTH])
    assert len(patterns("\ufdfa\ufdfb" + "".join(map(chr, range(0xFC5E, 0xFC64))) * 20)) <= 100


@pytest.mark.parametrize("shape", ["a", "海", "é", " ", "\u0301", "🎵"])
def test_a_long_text_takes_as_long_as_it_is(shape: str) -> None:
    assert grows_linearly(lambda text: search_line([text]), shape * 20_000, shape * 20_000 * TIMES)
