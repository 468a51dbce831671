"""Task ids in what people type."""

import json

import pytest

from bot.domain.id_forms import MAX_LENGTH, Mentioned, other_form
from bot.domain.ids import find_mentioned, read_typed
from bot.errors import InvalidTaskId
from tests.typed_ids import find_ids, parse_id, read_ids

UUID = "7d1e2f30-4a5b-4c6d-8e7f-901234567890"


@pytest.mark.parametrize(
    "typed", [UUID, "0123456789abcdef0123456789abcdef", "1234567890123456789", "task_AbC123xyz0", "suno_task_9f8e7d6c"]
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
        (UUID.upper(), UUID),
        (UUID.replace("-", "").upper(), UUID.replace("-", "")),
        *((UUID.replace("-", hyphen), UUID) for hyphen in "‐‑‒–—−－ーｰ➖"),
        (f"{UUID[:11]}\ufe0f{UUID[11:20]}\u034f{UUID[20:]}", UUID),
        ("".join(chr(ord(each) + 0xFEE0) for each in "task_AbC123"), "task_AbC123"),
        (f"“{UUID}”", UUID),
        (f"「{UUID}」。", UUID),
        ("\u200b3fjmw9nrz\ufeff", "3fjmw9nrz"),
        ("3fjm\u200bw9\u2060nrz", "3fjmw9nrz"),
        ("task id: 3fjmw9nrz", "3fjmw9nrz"),
        ("Task ID：3fjmw9nrz", "3fjmw9nrz"),
        ("任务ID：3fjmw9nrz", "3fjmw9nrz"),
        ("task_id=3fjmw9nrz", "3fjmw9nrz"),
        ("id: 42", "42"),
        ("is it 3fjmw9nrz?", "3fjmw9nrz"),
        ("https://relay.example/suno/fetch/3fjmw9nrz", "3fjmw9nrz"),
        ("GET https://relay.example/suno/v1/music/3fjmw9nrz.", "3fjmw9nrz"),
        ("https://relay.example/api/task?key=1&task_id=3fjmw9nrz#now", "3fjmw9nrz"),
        ("https://relay.example/jobs/3fjmw9nrz/", "3fjmw9nrz"),
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
        ("hello world again", "odd"),
        ("a?b", "odd"),
        ("a\0b", "odd"),
        (f"{UUID} 1234567890123456789", "many"),
    ],
)
def test_invalid_ids_are_refused_with_the_reason(typed: str, why: str) -> None:
    with pytest.raises(InvalidTaskId) as refusal:
        parse_id(typed)
    assert refusal.value.why == why


def test_ids_are_found_once_each_and_in_order() -> None:
    assert find_ids(f"task_bbbb {UUID} task_bbbb 1234567890123456789") == ("task_bbbb", UUID, "1234567890123456789")


def test_a_piece_of_a_longer_word_is_no_id() -> None:
    assert find_ids("f" * 33) == ()
    assert find_ids(f"x{UUID}") == ()
    assert find_ids("12345678901234567890123") == ()


DISCORDS = [
    "<@481516234210815162>",
    "<@!481516234210815162>",
    "<@&481516234210815162>",
    "<#481516234210815162>",
    "<:pray:481516234210815162>",
    "<a:pray:481516234210815162>",
    "</suno status:481516234210815162>",
    "<t:1700000000000000:R>",
    "https://discord.com/channels/481516234210815162/481516234210815163/481516234210815164",
    "https://ptb.discord.com/channels/@me/481516234210815163/481516234210815164",
    "https://cdn.discordapp.com/avatars/481516234210815162/0123456789abcdef0123456789abcdef.png",
]
SONGS = [
    f"https://suno.com/song/{UUID}",
    f"suno.com/song/{UUID}?sh=1",
    f"https://www.suno.com/song/{UUID}/",
    f"[Rain](https://app.suno.ai/song/{UUID})",
    f"https://cdn1.suno.ai/{UUID}.mp3",
    f'{{"audio_url": "https:\\/\\/cdn1.suno.ai\\/{UUID}.mp3"}}',
]


@pytest.mark.parametrize("foreign", [*DISCORDS, *SONGS])
def test_ids_of_discord_and_suno_pages_are_no_task_ids(foreign: str) -> None:
    assert find_ids(foreign) == ()
    assert find_ids(f"{foreign}, task_abcd，{foreign}、task_efgh") == ("task_abcd", "task_efgh")
    assert read_ids(f"{foreign} task_abcd").ids == ("task_abcd",)
    assert parse_id(f"{foreign} task_abcd") == "task_abcd"


@pytest.mark.parametrize(
    ("foreign", "why"), [*((each, "odd") for each in DISCORDS), *((each, "song") for each in SONGS)]
)
def test_a_mention_or_a_song_alone_is_no_id_and_it_is_said_why(foreign: str, why: str) -> None:
    for reads in (parse_id, read_ids):
        with pytest.raises(InvalidTaskId) as refusal:
            reads(foreign)
        assert refusal.value.why == why


@pytest.mark.parametrize("host", ["suno.example", "my-suno.com", "notsuno.ai", "suno.com.example", "discord.example"])
def test_other_addresses_may_hold_ids(host: str) -> None:
    assert find_ids(f"https://{host}/song/{UUID}") == (UUID,)


def test_no_id_is_longer_than_a_button_can_carry() -> None:
    longest = "suno_task_" + "a" * (MAX_LENGTH - 10)
    assert find_ids(longest) == (longest,)
    assert find_ids(f"{longest}a {longest}aa") == ()


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


def test_ignored_words_are_named() -> None:
    found = read_ids(f"watch {UUID} for <@481516234210815162>, 3fjmw9nrz chirp-v4 2026-11-26")
    assert found.ids == (UUID, "3fjmw9nrz"), "of two gateways"
    assert found.words == ("watch", "for", "<@481516234210815162>", "chirp-v4", "2026-11-26")
    assert found.ignored == len(found.words)


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("hello", ("hello",)),
        ("hello 3fjmw9nrz", ("3fjmw9nrz",)),
        ("a1 3fjmw9nrz 3fjmw9nrx", ("3fjmw9nrz", "3fjmw9nrx")),
    ],
)
def test_a_word_alone_is_asked_for_and_of_several_those_that_look_like_ids(typed: str, ids: tuple[str, ...]) -> None:
    assert read_ids(typed).ids == ids


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "empty"),
        (" \n,", "empty"),
        ("!? ü", "odd"),
        ("x" * 81, "odd"),
        ("hello world again", "words"),
        ("ab12c de34f", "words"),
    ],
)
def test_a_text_without_any_id_is_refused(typed: str, why: str) -> None:
    with pytest.raises(InvalidTaskId) as refusal:
        read_ids(typed)
    assert refusal.value.why == why


@pytest.mark.parametrize("link", SONGS)
def test_a_link_to_a_song_gives_its_id_apart(link: str) -> None:
    assert find_mentioned(f"{link} task_abcd") == Mentioned(("task_abcd",), (UUID,), (UUID,))
    assert read_ids(f"{link} task_abcd").songs == (UUID,)


def test_the_other_form_of_a_uuid() -> None:
    dashless = UUID.replace("-", "")
    assert other_form(UUID) == dashless
    assert other_form(dashless) == UUID
    assert other_form("task_abcd") is None


@pytest.mark.parametrize(
    "key",
    [
        "sk-1234567890abcdef1234567890abcdef",
        f"sk-{UUID}",
        f"sk_{UUID}",
        "sk-proj-1234567890abcdef1234567890abcdef",
        "SK-proj-a1b2c3d4e5f6a7b8",
        "sk_live_a1b2c3d4e5f6a7b8",
    ],
)
def test_a_key_is_no_id_however_it_was_pasted(key: str) -> None:
    """It would be sent to a gateway, kept, and shown in a channel."""
    assert read_typed(key).ids == ()
    assert find_ids(f"mine is {key}, and task_abcd") == ("task_abcd",)
    typed = read_typed(f"Authorization: Bearer {key} task_abcd")
    assert typed.ids == ("task_abcd",)
    assert typed.words == ("Authorization", "Bearer", "sk-…")
    assert find_ids(json.dumps({"data": [{"task_id": key}, {"task_id": "task_abcd"}]})) == ("task_abcd",)
    for text in (key, f"my key is {key}", f"{key} task_abcd task_efgh"):
        with pytest.raises(InvalidTaskId) as refused:
            parse_id(text)
        assert key not in str(refused.value.values)


@pytest.mark.parametrize(
    "pasted",
    [
        "1f0c1a2b-3c4d-4e5f-8a6b-\n7c8d9e0f1a2b",
        "task 1f0c1a2b-3c4d-\r\n  4e5f-8a6b-7c8d9e0f1a2b, please",
        "> 1f0c1a2b-3c4d-4e5f-\n> 8a6b-7c8d9e0f1a2b",
        "1f0c1a2b-3c4d-4e5f-8a6b-7c8d\n9e0f1a2b",
        "1F0C1A2B-\n3c4d-\n4e5f-8a6b-7c8d9e0f1a2b",
    ],
)
def test_a_uuid_that_was_broken_over_lines_is_one_id(pasted: str) -> None:
    assert find_ids(pasted) == read_ids(pasted).ids == ("1f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b",)


NEW_API = "task_hLXkc7Zq9TbV2nPwR4sYdF8gJ1mK3xQ0"


@pytest.mark.parametrize(
    "pasted",
    [
        f"{NEW_API[:20]}\n{NEW_API[20:]}",
        f"> {NEW_API[:36]}\r\n> {NEW_API[36:]}",
        "```\n" + f"{NEW_API[:9]}\n  {NEW_API[9:]}" + "\n```",
    ],
)
def test_a_task_id_of_known_length_that_was_broken_over_lines_is_one_id(pasted: str) -> None:
    assert find_ids(pasted) == read_ids(pasted).ids == (NEW_API,)


@pytest.mark.parametrize("after", ["thanks", "x" * 12, "task_abcd"])
def test_a_task_id_and_what_is_on_the_next_line_stay_apart(after: str) -> None:
    assert find_ids(f"{NEW_API[:20]}\n{after}")[0] == NEW_API[:20]
    assert find_ids(f"{NEW_API}\n{after}")[0] == NEW_API


@pytest.mark.parametrize("dash", [" - ", "- ", " -", " \u2013 ", " \u2014 "])
def test_spaces_around_the_dashes_of_a_uuid_are_none_of_its_own(dash: str) -> None:
    assert find_ids(UUID.replace("-", dash)) == read_ids(f"{UUID.replace('-', dash)} task_abcd").ids[:1] == (UUID,)
    assert read_ids(f"{UUID} - {NEW_API}").ids == (UUID, NEW_API)


@pytest.mark.parametrize(
    "typed",
    [
        "- {0}\n* {1}\n\u2022 {2}",
        "1. {0}\n2) {1}\n3\u3001{2}",
        "# {0}\n-# {1} \u2192 {2}",
        "```json\n{0}\n{1}\n{2}\n```",
        "{0} = {1} -> {2} ... --",
        "> {0}\n> {1}\n>>> {2}",
        "[Low Water](https://relay.example/suno/fetch/{0}) [2](<https://relay.example/suno/fetch/{1}>) {2}",
        "[{0}](https://relay.example/suno/fetch/{0}) {1} {2}",
    ],
)
def test_marks_of_lists_quotes_and_links_are_no_words_that_were_ignored(typed: str) -> None:
    found = read_ids(typed.format(UUID, "task_ab12", NEW_API))
    assert (found.ids, found.ignored) == ((UUID, "task_ab12", NEW_API), 0)


def test_numbers_that_mark_no_list_are_named() -> None:
    assert read_ids(f"{UUID} 12 3 a").words == ("12", "3", "a")


@pytest.mark.parametrize("typed", ["123", "123.", "123)", "123\u3001"])
def test_a_number_alone_is_asked_for(typed: str) -> None:
    assert read_ids(typed).ids == ("123",)


def test_the_text_of_a_link_that_leads_nowhere_is_named() -> None:
    assert read_ids(f"[see this](https://docs.example) {UUID}").ignored == 2


def test_ids_on_lines_of_their_own_stay_apart() -> None:
    first, second = "1f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b", "2f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b"
    assert find_ids(f"{first}\n{second}\n3") == (first, second)
    assert read_ids("1f0c1a2b3c4d4e5f\n8a6b7c8d9e0f1a2b").ids == ("1f0c1a2b3c4d4e5f", "8a6b7c8d9e0f1a2b")
    assert find_ids(f"face\n{first}") == (first,)
