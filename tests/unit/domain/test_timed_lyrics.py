"""Lines from words, and the .lrc file of them."""

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.timed_lyrics import TimedText, lines_of, lrc
from tests.linear_time import TIMES, grows_linearly

WORDS = [
    TimedText("[Verse]\nWinter ", 8.38), TimedText("winds\n", 8.78), TimedText("they ", 9.54),
    TimedText("cut\n\n", 9.93), TimedText("[Chorus]\n", 61.0),
    TimedText("夜", 61.5), TimedText("色\n", 62.0), TimedText("end", 190.004),
]  # fmt: skip


def test_a_line_begins_with_its_first_word() -> None:
    found = [line for line in lines_of(WORDS) if line.text.strip()]
    assert [(line.text.strip(), line.start) for line in found] == [
        ("[Verse]", 8.38), ("Winter winds", 8.38), ("they cut", 9.54), ("[Chorus]", 61.0), ("夜色", 61.5),
        ("end", 190.004),
    ]  # fmt: skip


def test_the_file_has_a_head_and_the_lines_that_are_sung() -> None:
    assert lrc("Low [Water]", 187.5, lines_of(WORDS)) == (
        "[ti:Low (Water)]\n[length:03:07.50]\n"
        "[00:08.38]Winter winds\n[00:09.54]they cut\n[01:01.50]夜色\n[03:10.00]end\n"
    )


def test_what_nobody_sings_makes_no_file() -> None:
    assert lrc("Mute", 60.0, [TimedText("[Instrumental]", 0.0), TimedText(" ", 3.0)]) == ""


def test_times_never_go_back_and_unknown_ones_come_with_the_line_above() -> None:
    lines = [TimedText("a", 5.0), TimedText("b", None), TimedText("c", 2.0), TimedText("d", 7.0)]
    assert lrc("", None, lines) == "[00:05.00]a\n[00:05.00]b\n[00:05.00]c\n[00:07.00]d\n"


@given(st.lists(st.tuples(st.text(), st.none() | st.floats(0, 86_399)), max_size=20))
def test_no_text_can_forge_a_time_or_a_line(words: list[tuple[str, float | None]]) -> None:
    for line in lrc("t", None, lines_of(TimedText(*word) for word in words)).splitlines()[1:]:
        assert line[:1] == "["
        assert line.count("[") == line.count("]") == 1


def test_it_takes_time_in_proportion_to_the_words() -> None:
    def make(count: int) -> str:
        return lrc("t", None, lines_of(TimedText("word ", float(number)) for number in range(count)))

    assert grows_linearly(make, 10_000, TIMES * 10_000)
