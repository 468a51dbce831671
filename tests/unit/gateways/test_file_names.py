"""Names of songs in an archive: on every system, in order, and still the title."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.gateways.file_names import numbered_name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Low Water", "07 Low Water"),
        ("夏日海风", "07 夏日海风"),
        ('AC/DC: what? <live> "now" | \\o/ *', "07 AC DC what live now o"),
        ("CON", "07 CON"),
        ("the end...  ", "07 the end"),
        ("line\nbreak\ttab", "07 line break tab"),
        ("left\u202eright\u200b", "07 leftright"),
        ("e\u0301te\u0301", "07 \u00e9t\u00e9"),
        ("", "07"),
        ("...", "07"),
    ],
)  # fmt: skip
def test_a_title_is_kept_as_far_as_every_system_allows(title: str, name: str) -> None:
    assert numbered_name(7, 12, title) == name


def test_numbers_keep_the_order() -> None:
    names = [numbered_name(number, 120, "Same") for number in range(1, 121)]
    assert names == sorted(names)
    assert len(set(names)) == 120
    assert names[0] == "001 Same"


@given(st.text(), st.integers(1, 60))
def test_any_title_makes_a_name_that_windows_takes(title: str, number: int) -> None:
    name = numbered_name(number, 60, title)
    assert not set(name) & set('<>:"/\\|?*')
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in name)
    assert name == name.rstrip(" .")
    assert len(f"{name}.flac".encode()) <= 200
