"""Names of playlists: what is kept of them, and which are the same."""

import pytest

from bot.domain.playlists import LONGEST_NAME, clean_name, plain_name, reference, referred


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("  Evening \n tide ", "Evening tide"),
        ("#12", "12"),
        ("👩\u200d🎤 live", "👩\u200d🎤 live"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a\u202eb\u200bc", "a b c"),
        ("\u3164\u2800\u200d", ""),
        ("🎵" * 100, "🎵" * LONGEST_NAME),
        ("show", "show"),
        ("/suno playlist delete", "/suno playlist delete"),
    ],
)
def test_a_name_is_kept_as_it_looks(typed: str, name: str) -> None:
    assert clean_name(typed) == name
    assert clean_name(name) == name


@pytest.mark.parametrize("other", ["evening", "EVENING", "Ｅｖｅｎｉｎｇ", "Eve\u200dning", " Evening ", "#Evening"])
def test_names_that_look_the_same_are_the_same(other: str) -> None:
    assert plain_name(other) == plain_name("Evening")


@pytest.mark.parametrize("other", ["Evenings", "Évening", "夜"])
def test_other_names_are_others(other: str) -> None:
    assert plain_name(other) != plain_name("Evening")


def test_no_name_is_a_reference() -> None:
    assert referred(reference(12)) == 12
    assert referred(clean_name("#12")) == 0
