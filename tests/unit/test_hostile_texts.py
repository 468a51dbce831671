"""Whatever strangers write, it takes time in proportion to its length.

Each shape begins things that never end, in as many ways as our expressions and scanners have to begin something.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from bot.domain.lyrics_texts import LyricsText, paginate
from bot.errors import InvalidTaskId
from bot.gateways.file_names import file_name
from bot.gateways.file_type import MP3
from bot.log import Redactor, visible
from bot.ui.render.locales import languages
from bot.ui.render.lyrics import lyrics_pages, lyrics_text
from bot.ui.render.text import clean, code, cut, escape, named, one_line, plain_line
from tests.linear_time import TIMES, grows_linearly
from tests.typed_ids import find_ids, parse_id, read_ids

pytestmark = pytest.mark.faults

UUID = "1f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b"
UNITS = [
    "a", "1", "f", " ", "\t", "\n", "\n\n", "\n[", "\n ", "\n1", " \n", "-", ",", "@", "#", "*", "_", "`", "\\", "|",
    "<", "<@", "<@1", "<@1:", "<:a:1", "</a:", "</", "a.", "a.b-", "a-", "1.", "/", "\\/", "://", "://a:", "://a@",
    "http://", "https://a?id=", "&id=", "suno.com", "suno.com/", "discord.com/\\", "/suno/fetch/", "task_", "-task_",
    "suno_task_", "id:", "task ", "任务", UUID + " ", UUID[:-1], UUID[:-1] + "-", "f" * 32 + "-", "](", "[",
    "@everyone", '"', "'", '"a":', "'a':", '"a\\":', '\\"', '{"a":', "{'a':", '{"a":[', "{", "}", "]",
    '{"task_id":"a1",', '{"task_id":"a1","d":', '{"task_id":"a1b2c3","clip_id":"a1b2c4","d":',
    "task_abcd\n", "task_abcd\n>", "task_abcd \n", "```a\n", "> ", "> 1.", "[a](http://", "[a](http://b)", "[](http://",
    "ffffffff - ", "ffff - ", "ffffffff ffff ",
    '"{\\"a\\":', '"id":"x1y2z3","status":1,"title":2}', "sk-", "Bearer ", "Bearer a",
    "/webhooks/1", "/interactions/1/", "M" * 22 + ".", "\u0301", "a\u0301", "\u200b", "\u2028", "\r", "\ufe0f",
    "葛\U000e0100", "🏴", "\U000e0067", "🏴\U000e0067", "ﷺ", "１", "–", "“",
]  # fmt: skip
STARTS = ["", "<@", '{"a":"', '{"a":1}', '{"a":\'', "\x1b["]
ENGLISH = languages()["en"]
READERS: dict[str, Callable[[str], object]] = {
    "find_ids": find_ids,
    "read_ids": read_ids,
    "parse_id": parse_id,
    "clean": clean,
    "escape": escape,
    "cut": lambda text: cut(text, len(text) // 2),
    "one_line": lambda text: one_line(text, 200),
    "plain_line": lambda text: plain_line(text, 100),
    "code": lambda text: code(text, 100),
    "named": lambda text: named([text], 9),
    "paginate": lambda text: paginate(text, 3_600),
    "lyrics_pages": lambda text: lyrics_pages([LyricsText(text, text)], ENGLISH),
    "lyrics_text": lambda text: lyrics_text([LyricsText(text, text)]),
    "file_name": lambda text: file_name(text, text, 1, MP3),
    "redact": Redactor(["a-key-of-ours", "1111111111"]),
    "visible": visible,
}
OF_IDS = frozenset({"find_ids", "read_ids", "parse_id"})
LENGTH = 1_500  # characters


@pytest.mark.parametrize("reader", READERS)
def test_eight_times_as_long_takes_about_eight_times_the_time(reader: str) -> None:
    read = READERS[reader]
    for start in STARTS if reader in OF_IDS else [""]:
        for unit in UNITS:
            short, long = (start + unit * (length // len(unit)) for length in (LENGTH, TIMES * LENGTH))
            assert grows_linearly(partial(try_to, read), short, long), (start, unit)


def try_to(read: Callable[[str], object], text: str) -> None:
    with suppress(InvalidTaskId):
        read(text)
