"""Any text that people type or gateways send is read and shown as it is meant."""

import re
from contextlib import suppress
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.id_forms import MAX_LENGTH, plain
from bot.domain.lyrics_texts import LyricsText, paginate
from bot.errors import InvalidTaskId
from bot.ui.render.locales import languages
from bot.ui.render.lyrics import lyrics_pages
from bot.ui.render.text import clean, code, cut, escape, one_line
from tests.property.strategies import tags, texts
from tests.typed_ids import find_ids, parse_id, read_ids

hexadecimal = "0123456789abcdef"
ids = (
    st.uuids().map(str)
    | st.text(hexadecimal, min_size=32, max_size=32)
    | st.text("0123456789", min_size=15, max_size=20)
    | st.text("abcXYZ019-", min_size=4, max_size=72).map("task_{}".format)
)
# Format characters (Cf), variation selectors and the grapheme joiner are not seen, and so part no words.
_UNSEEN = "\u034f" + "".join(map(chr, range(0xFE00, 0xFE10)))
_HYPHENS = "_-\u2010\u2011\u2212\ufe63\uff0d\uff3f"  # as keyboards and documents write them: they may belong to an id
around = st.text(
    st.characters(exclude_categories=("L", "N", "Cs", "Cf"), exclude_characters=_UNSEEN + _HYPHENS),
    min_size=1,
    max_size=5,
)
hostile = st.text(st.sampled_from("ab \n\\*_~|`<>()[]#:/@-\u200b\u202e歌🎭"), max_size=200)


@given(texts)
def test_any_text_holds_ids_or_none(text: str) -> None:
    found, text = find_ids(text), plain(text)
    assert len(set(found)) == len(found)
    assert all(each in text and len(each) <= MAX_LENGTH for each in found)
    assert all(text.index(first) < text.index(second) for first, second in pairwise(found))


@given(st.lists(st.tuples(around, ids), min_size=1, max_size=9), around)
def test_every_id_is_found_among_whatever(parts: list[tuple[str, str]], end: str) -> None:
    text = "".join(before + each for before, each in parts) + end
    assert find_ids(text) == tuple(dict.fromkeys(each for _, each in parts))
    assert read_ids(text).ids == find_ids(text)


@given(ids)
def test_an_id_means_itself(task_id: str) -> None:
    assert parse_id(f" `{task_id}`\n") == task_id


@given(texts | hostile)
def test_an_id_never_changes_the_path_of_a_request(text: str) -> None:
    found: list[str] = []
    with suppress(InvalidTaskId):
        found += read_ids(text).ids
    with suppress(InvalidTaskId):
        found.append(parse_id(text))
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.:=@~-]{0,79}", each) and each[-1] != "." for each in found)


@given(texts | hostile)
def test_nothing_in_a_text_means_anything_to_discord(text: str) -> None:
    shown = escape(text)
    assert not re.search(r"[*_~|`<]", re.sub(r"\\.", "", shown, flags=re.DOTALL))
    assert not re.search(r"@(everyone|here|[!&]?\d{17})", shown)
    assert "](" not in shown
    assert clean(text) == clean(clean(text))


@given(texts | hostile, st.integers(2, 60))
def test_a_line_never_exceeds_its_limit_and_never_breaks(text: str, limit: int) -> None:
    for line in (one_line(text, limit), code(text, limit)):
        assert len(line) <= limit
        assert "\n" not in line
        line.encode()
    assert "`" not in code(text, limit)
    assert not ends_in_half_an_escape(cut(escape(text), limit))


def ends_in_half_an_escape(text: str) -> bool:
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


@given(st.text("ab [\n\\*", max_size=300), st.integers(2, 40))
def test_no_page_is_too_long_and_no_word_is_lost(text: str, limit: int) -> None:
    pages = paginate(text, limit)
    assert all(0 < len(page) <= limit for page in pages)
    assert "".join("".join(pages).split()) == "".join(text.split())


lines = st.builds(lambda start, text: start + text * 4_000, st.sampled_from(["", "a"]), st.text("a*\\", max_size=3))


@given(st.lists(st.builds(LyricsText, texts, texts | lines), max_size=3), tags)
def test_any_pages_of_lyrics(lyrics_texts: list[LyricsText], tag: str) -> None:
    pages = lyrics_pages(lyrics_texts, languages()[tag])
    assert all(len(page) <= 3_900 for page in pages), "beside the text that counts the pages"
    assert not any(map(ends_in_half_an_escape, pages))
    shown = "".join(page.partition("\n")[2] for page in pages)
    assert "".join(shown.split()) == "".join("".join(escape(sheet.text) for sheet in lyrics_texts).split())
