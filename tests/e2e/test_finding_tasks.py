"""Ways to find a task: its songs, a pasted answer, another form of its id, and any part of a message."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from sandbox.local_discord.interactions import Interaction
from sandbox.local_discord.messages import Upload
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.fake_task import FakeTask, Song
from tests.conftest import Env
from tests.messages import LOOK_UP_MENU, WATCH_MENU, words
from tests.sample_tasks import DONE, FAST, ONE, TWO

LINK = f"https://suno.com/song/{ONE.clip_id}"
OTHER_SONG = Song("cccccccc-1111-4222-8333-444444444444", "Long Shadows", "dub", "[Verse]\nAnother one", 3.0)
LATER = FakeTask("22222222-2222-4333-8444-555555555555", songs=(OTHER_SONG,), states=((0, "running"), (600, "done")))
DASHLESS = DONE.id.replace("-", "")
TITLE = "Harbour Lights"
MENUS = [LOOK_UP_MENU, WATCH_MENU]


@pytest.mark.parametrize("seen_by", ["status", "batch", "watch"])
async def test_a_song_that_was_seen_leads_to_its_task_everywhere_and_after_a_restart(env: Env, seen_by: str) -> None:
    env.gateway.add(DONE, LATER)
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot(**FAST):
        if seen_by == "watch":
            await env.watch(DONE.id)
            await env.posts()
        else:
            options = {"ids": f"{DONE.id} {LATER.id}"} if seen_by == "batch" else {"id": DONE.id}
            await env.finished(await env.ada.slash(env.channel, f"suno {seen_by}", **options))
    async with env.bot(**FAST):
        for typed in (LINK, TWO.clip_id, TWO.clip_id.upper(), TWO.clip_id.replace("-", "")):
            assert TITLE in words(await env.status(typed)), typed
        for command in ("suno lyrics", "suno audio"):
            asked = await env.ben.slash(env.channel, command, id=LINK)
            assert "Salt on the rail" in words(await env.finished(asked))
        listed = await env.finished(await env.ben.slash(env.channel, "suno batch", ids=f"{LINK} {LATER.id}"))
        assert f"{DONE.id[:11]}…" in words(listed)
        assert f"`{DONE.id}`" in (await env.watch(LINK, at=dm))["content"]
        stopped = await env.finished(await env.ada.slash(env.channel, "suno unwatch", id=LINK))
        assert DONE.id in stopped["content"]
        looked_up = await env.finished(await env.ada.menu(env.ben.say(env.channel, LINK), LOOK_UP_MENU))
        assert TITLE in words(looked_up)
        before = len(env.posted(dm))
        env.ada.say(dm, f"this one: {LINK}")
        assert TITLE in words(await env.newest_post(dm, before + 1))


async def test_the_bots_own_page_button_leads_to_the_task(env: Env) -> None:
    env.gateway.add(DONE)
    async with env.bot(**FAST):
        await env.watch(DONE.id)
        (post,) = await env.posts()
        page = next(
            each for row in post["components"] for each in row["components"] if "suno.com" in each.get("url", "")
        )
        bare = env.ben.say(env.channel, "listen")
        bare["components"] = [{"type": 1, "id": 1, "components": [page]}]
        answer = await env.finished(await env.ada.menu(bare, LOOK_UP_MENU))
    assert TITLE in words(answer)


async def test_a_pasted_answer_gives_its_task_alone(env: Env) -> None:
    env.gateway.add(DONE)
    clips = [{"id": song.clip_id, "status": "complete", "title": song.title, "audio_url": "x"} for song in (ONE, TWO)]
    pasted = json.dumps({"code": "success", "data": {"task_id": DONE.id, "status": "SUCCESS", "data": clips}})
    async with env.bot():
        assert TITLE in words(await env.status(pasted))
        assert TITLE in words(await env.status(pasted[:200]))
        for options in ({"ids": pasted}, {"file": Upload("answer.json", pasted.encode(), "application/json")}):
            listed = await env.finished(await env.ada.slash(env.channel, "suno batch", **options))
            assert "## One task · ✅ 1" in words(listed)
        watched = await env.watch(pasted)
    assert watched["content"].startswith(f"🔔 Watching `{DONE.id}`.")


@pytest.mark.parametrize("known", [DONE.id, DASHLESS])
async def test_a_uuid_is_the_same_with_dashes_and_without(env: Env, known: str) -> None:
    env.gateway.add(FakeTask(known, songs=(ONE, TWO)))
    other = DASHLESS if known == DONE.id else DONE.id
    async with env.bot(**FAST):
        await env.watch(other.upper())
        (post,) = await env.posts()
        assert TITLE in words(post)
        for typed in (known, other, other.upper()):
            assert TITLE in words(await env.status(typed))
        listed = await env.finished(await env.ada.slash(env.channel, "suno batch", ids=f"{other} task_other"))
        assert "✅ 1" in words(listed)


async def test_both_forms_of_a_task_that_was_seen_are_one_watch(env: Env) -> None:
    env.gateway.add(LATER)
    async with env.bot(**FAST):
        await env.status(LATER.id)
        await env.watch(LATER.id.replace("-", "").upper())
        assert "already being watched" in (await env.watch(LATER.id))["content"]


async def test_words_that_are_not_ids_are_ignored_and_named(env: Env) -> None:
    env.gateway.add(LATER)
    async with env.bot(**FAST):
        nothing = await env.watch("hello", "world", "again")
        some = await env.watch("hello", LATER.id, "world")
        listed = await env.finished(await env.ada.slash(env.channel, "suno batch", ids=f"{LATER.id} `hello`"))
        turned = await env.ada.press(listed, "Refresh")
        await env.changed(turned)
    assert nothing["content"].startswith("I found no task id among these words")
    assert "`hello`, `world`" in some["content"]
    assert "`hello`" in words(listed)


def forwarded(message: dict[str, Any], original: dict[str, Any]) -> dict[str, Any]:
    names = ("type", "content", "embeds", "attachments", "timestamp", "edited_timestamp", "flags", "components")
    message["message_snapshots"] = [{"message": {name: original[name] for name in names}}]
    message["message_reference"] = {"type": 1, "message_id": original["id"], "channel_id": original["channel_id"]}
    return message


@pytest.mark.parametrize("menu", MENUS)
async def test_a_menu_reads_what_is_forwarded(env: Env, menu: str) -> None:
    env.gateway.add(DONE)
    in_text = env.ben.say(env.channel, f"task {DONE.id}")
    in_file = env.ben.say(env.channel, "-", [Upload("ids.txt", DONE.id.encode(), "text/plain")])
    in_embed = env.ben.say(env.channel, "see")
    in_embed["embeds"] = [{"type": "rich", "author": {"name": f"task {DONE.id}"}}]
    async with env.bot(**FAST):
        for original in (in_text, in_file, in_embed):
            message = forwarded(env.ben.say(env.channel, "-"), original)
            answer = await env.finished(await env.ada.menu(message, menu))
            assert TITLE in words(answer) or DONE.id in answer["content"]


@pytest.mark.parametrize(
    "component",
    [
        {"type": 17, "id": 1, "components": [{"type": 10, "id": 2, "content": f"task {DONE.id}"}]},
        {
            "type": 9,
            "id": 1,
            "components": [{"type": 10, "id": 2, "content": f"task {DONE.id}"}],
            "accessory": {"type": 2, "id": 3, "style": 5, "label": "See", "url": "https://docs.example"},
        },
        {
            "type": 1,
            "id": 1,
            "components": [
                {"type": 2, "id": 2, "style": 5, "label": "See", "url": f"https://relay.example/suno/fetch/{DONE.id}"}
            ],
        },
    ],
    ids=["container", "section", "link button"],
)
async def test_a_menu_reads_components(env: Env, component: dict[str, Any]) -> None:
    env.gateway.add(DONE)
    message = env.ben.say(env.channel, "-")
    message["components"] = [component]
    message["flags"] = 0 if component["type"] == 1 else 1 << 15
    async with env.bot():
        answer = await env.finished(await env.ada.menu(message, LOOK_UP_MENU))
    assert TITLE in words(answer)


async def test_the_bots_own_lists_work_with_its_own_menu(env: Env) -> None:
    env.gateway.add(DONE, LATER)
    async with env.bot(**FAST):
        listed = await env.finished(await env.ada.slash(env.channel, "suno batch", ids=f"{DONE.id} {LATER.id}"))
        answer = await env.finished(await env.ada.menu(listed, LOOK_UP_MENU))
        assert "## 2 tasks" in words(answer)
        await env.watch(LATER.id)
        answer = await env.finished(await env.ada.menu(await env.watches(), LOOK_UP_MENU))
        assert f"{TITLE} · {LATER.id}" in words(answer) or LATER.id in words(answer)


async def test_an_answer_that_discord_makes_private_is_remembered_as_such(env: Env, tmp_path: Path) -> None:
    env.gateway.add(DONE)
    world = env.discord.world
    guild = world.add_guild("Elsewhere", owner=env.ben.user)
    guild["members"] = [each for each in guild["members"] if each["user"]["id"] != world.bot["id"]]
    guild["roles"][0]["permissions"] = str(int(guild["roles"][0]["permissions"]) & ~Permission.USE_EXTERNAL_APPS)
    world.add_member(guild, env.ada.user)
    lobby = world.add_channel(guild, "lobby")
    world.installed_by |= {env.ada.id, env.ben.id}
    async with env.bot():
        answer = await env.finished(await env.ada.slash(lobby, "suno status", id=DONE.id, show="everyone"))
        assert answer["flags"] & 64
        assert await env.ben.autocomplete(lobby, "suno status", id="") == []
    with closing(sqlite3.connect(tmp_path / "bot.db")) as database:
        assert database.execute("SELECT public FROM recents").fetchall() == [(0,)]


HERE, THERE = "1a2b3c4d-0000-4000-8000-00000000feed", "https://suno.com/song/1a2b3c4d-0000-4000-8000-00000000feed"


def names_what_is_left_out(asked: Interaction) -> bool:
    return len(asked.follow_ups) > 0 or "left out" in words(asked.message or {})


async def test_a_song_that_is_not_known_is_named_by_every_menu(env: Env) -> None:
    """Beside a task; words of a message are no attempt to name one."""
    env.gateway.add(DONE, LATER)
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot(**FAST):
        for message, menu in product((f"{DONE.id} is as good as {THERE}", f"{DONE.id} {LATER.id} <{THERE}>"), MENUS):
            asked = await env.ada.menu(env.ben.say(env.channel, message), menu)
            answer = await env.finished(asked)
            await env.discord.hub.until(partial(names_what_is_left_out, asked))
            told = [words(answer), *map(words, asked.follow_ups)]
            assert sum(f"`{HERE}`" in each for each in told) == 1, told
            assert not any("as good as" in each for each in told)
        env.ada.say(dm, f"what about {DONE.id} and {THERE}?")
        await env.discord.hub.until(lambda: any(f"`{HERE}`" in words(each) for each in env.posted(dm)))
        assert not any("what about" in words(each) for each in env.posted(dm))


@pytest.mark.parametrize("menu", MENUS)
async def test_a_menu_on_a_reply_reads_what_it_answers(env: Env, menu: str) -> None:
    """If there is no task in the reply itself."""
    env.gateway.add(DONE, LATER)
    original = env.ben.say(env.channel, f"here: {DONE.id}")
    async with env.bot(**FAST):
        answer = await env.finished(await env.ada.menu(env.ada.say(env.channel, "still not done?", to=original), menu))
        assert TITLE in words(answer) or DONE.id in answer["content"]
        own = env.ada.say(env.channel, f"mine is {LATER.id}", to=original)
        answer = await env.finished(await env.ada.menu(own, menu))
        assert LATER.id in str(answer)
        assert DONE.id not in str(answer)


async def test_calling_the_bot_in_a_reply_asks_for_what_it_answers(env: Env) -> None:
    env.gateway.add(DONE)
    original = env.ben.say(env.channel, f"here: {DONE.id}")
    async with env.bot():
        env.ada.say(env.channel, f"<@{env.discord.world.bot['id']}> is it ready?", to=original)
        answer = await env.newest_post(env.channel)
        await env.discord.hub.until(lambda: answer["attachments"])
    assert TITLE in words(answer)


@pytest.mark.parametrize("menu", MENUS)
async def test_a_menu_reads_polls(env: Env, menu: str) -> None:
    env.gateway.add(DONE)
    message = env.ben.say(env.channel, "-")
    answers = [
        {"answer_id": 1, "poll_media": {"text": f"task {DONE.id}"}},
        {"answer_id": 2, "poll_media": {"text": "no"}},
    ]
    message["poll"] = {
        "question": {"text": "Which?"}, "answers": answers, "expiry": "2030-01-01T00:00:00+00:00",
        "allow_multiselect": False, "layout_type": 1,
    }  # fmt: skip
    async with env.bot(**FAST):
        answer = await env.finished(await env.ada.menu(message, menu))
    assert TITLE in words(answer) or DONE.id in answer["content"]


@pytest.mark.parametrize("where", ["title", "description"])
async def test_a_menu_reads_what_a_file_is_called_and_described_as(env: Env, where: str) -> None:
    env.gateway.add(DONE)
    message = env.ben.say(env.channel, "-", [Upload("a.mp3", b"x", "audio/mpeg")])
    message["attachments"][0][where] = f"任务 {DONE.id}"
    async with env.bot():
        assert TITLE in words(await env.finished(await env.ada.menu(message, LOOK_UP_MENU)))


def as_people_paste(task_ids: Sequence[str]) -> str:
    """One after the other in another form, quoted, fenced and linked."""
    full = {code: chr(code + 0xFEE0) for code in range(0x21, 0x7F)}
    forms = (
        "{}", "> {}", "`{}`", "- {}", "**{}**", "<{}>", "这是{}，谢谢", "[歌](https://relay.example/suno/fetch/{})",
        "||{}||", "1. {}", "{}", "{}",
    )  # fmt: skip
    lines = []
    for number, task_id in enumerate(task_ids):
        form = forms[number % len(forms)].format(task_id)
        last = number % len(forms)
        lines.append(form.translate(full) if last == 10 else f"{form[:24]}\n{form[24:]}" if last == 11 else form)
    return "\n".join(["```", *lines[:60], "```", *lines[60:]])


async def test_a_hundred_and_twenty_ids_in_every_shape_become_one_list(env: Env) -> None:
    task_ids = [f"5e0c7a11-3b52-4f0e-9d67-{number:012x}" for number in range(1, 121)]
    env.gateway.add(*(FakeTask(each, songs=(ONE,)) for each in task_ids))
    pasted = as_people_paste(task_ids)
    async with env.bot():
        file = Upload("pasted.txt", pasted.encode(), "text/plain")
        listed = await env.finished(await env.ada.slash(env.channel, "suno batch", file=file))
        half = as_people_paste(task_ids[:80])
        typed = await env.finished(await env.ada.slash(env.channel, "suno batch", ids=half))
    assert "## 120 tasks · ✅ 120" in words(listed)
    assert "left out" not in words(listed)
    assert "## 80 tasks · ✅ 80" in words(typed)
    async with env.bot():
        await env.changed(await env.ada.press(listed, "Refresh"))
        assert "## 120 tasks · ✅ 120" in words(listed)


async def test_both_forms_of_a_uuid_typed_together_are_one_task(env: Env) -> None:
    env.gateway.add(LATER)
    async with env.bot(**FAST):
        watched = await env.watch(LATER.id, LATER.id.replace("-", ""), LATER.id.upper())
        listed = await env.finished(
            await env.ada.slash(env.channel, "suno batch", ids=f"{LATER.id} {LATER.id.replace('-', '')}")
        )
    assert watched["content"].startswith(f"🔔 Watching `{LATER.id}`.")
    assert "## One task" in words(listed)
