"""Strangers' text is shown letter by letter."""

import pytest

from bot.ui.render.text import clean, code, cut, escape, megabytes, minutes, one_line


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("*bold* _it_ ~~s~~ `c` ||spoiler||", r"\*bold\* \_it\_ \~\~s\~\~ \`c\` \|\|spoiler\|\|"),
        ("[click](https://evil.example)", "[click]\\(https\\://evil.example)"),
        ("[click]\n(https://evil.example)", "[click]\n(https\\://evil.example)"),
        ("@everyone @here", "@\u200beveryone @\u200bhere"),
        ("<@123456789012345678>", "\\<@\u200b123456789012345678>"),
        ("<#42> </x:1> <t:0:R>", r"\<#42> \</x:1> \<t:0:R>"),
        ("# loud", r"\# loud"),
        ("> quoted", r"\> quoted"),
        ("- item", r"\- item"),
        ("a\n  -# small", "a\n  \\-# small"),
        ("https://a.example/b_c_d", r"https\://a.example/b\_c\_d"),
        ("back\\slash", "back\\\\slash"),
    ],
)
def test_markdown_links_and_mentions_lose_their_meaning(hostile: str, shown: str) -> None:
    assert escape(hostile) == shown


@pytest.mark.parametrize(
    "invisible",
    ["\0", "\x1b", "\u202e", "\u2066", "\u200b", "\ufeff", "\u2062", "\U000e0041", "\U000e0067\U000e007f", "\ud800"],
)
def test_invisible_characters_are_dropped(invisible: str) -> None:
    assert clean(f"a{invisible}b") == "ab"


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_every_line_break_is_one(line_break: str) -> None:
    assert clean(f"first{line_break}second") == "first\nsecond"
    assert one_line(f"first{line_break}second", 100) == "first second"


@pytest.mark.parametrize(
    "seen", ["🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "🏳️‍🌈", "1️⃣ ❤︎", "葛\U000e0100城"]
)
def test_flags_and_forms_of_characters_stay(seen: str) -> None:
    assert clean(seen) == seen
    assert escape(seen) == seen


def test_nothing_hides_behind_a_character() -> None:
    assert clean("a" + "\U000e0141" * 99) == "a\U000e0141"
    assert clean("🏴" + "\U000e0067" * 99) == "🏴"


@pytest.mark.parametrize(
    ("lyrics", "shown"),
    [
        ("3. drums\n7. bass", "3\\. drums\n7\\. bass"),
        ("x\n  12) x", "x\n  12\\) x"),
        ("3.5 drums", "3.5 drums"),
        ("4.", "4\\."),
    ],
)
def test_a_number_begins_no_list(lyrics: str, shown: str) -> None:
    assert escape(lyrics) == shown


def test_joined_emoji_and_line_breaks_stay() -> None:
    assert clean("👩‍🎤\r\nsings\rloud") == "👩‍🎤\nsings\nloud"


def test_marks_do_not_climb_over_the_lines_above() -> None:
    assert clean("a" + "\u0301" * 50) == "a" + "\u0301" * 4


def test_a_cut_never_ends_in_half_an_escape() -> None:
    assert cut(r"ab\*cd", 4) == "ab…"
    assert cut(r"ab\\cd", 5) == "ab\\\\…"
    assert cut("short", 5) == "short"


def test_a_title_is_one_line() -> None:
    assert one_line("two\n  lines\t*", 100) == r"two lines \*"


def test_backticks_cannot_end_a_code_span() -> None:
    assert "`" not in code("a`b``c")


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (59.6, "1:00"), (128.92, "2:09"), (3753, "1:02:33")])
def test_lengths_read_as_in_a_player(seconds: float, shown: str) -> None:
    assert minutes(seconds) == shown


@pytest.mark.parametrize(("size", "shown"), [(0, "0.0 MB"), (1_572_864, "1.5 MB"), (62_914_560, "60 MB")])
def test_sizes(size: int, shown: str) -> None:
    assert megabytes(size) == shown
