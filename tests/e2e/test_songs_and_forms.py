"""What leads to a task: its songs, a pasted answer, another form of its id; and what a message says anywhere in it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sandbox.local_discord.messages import Upload
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.life import Life, Song
from tests.conftest import Town
from tests.e2e.test_texts import LOOK_UP, WATCH, answered
from tests.e2e.test_watch import DONE, FAST, ONE, TWO
from tests.messages import words

LINK = f"https://suno.com/song/{ONE.clip_id}"
OTHER_SONG = Song("cccccccc-1111-4222-8333-444444444444", "Long Shadows", "dub", "[Verse]\nAnother one", 3.0)
LATER = Life("22222222-2222-4333-8444-555555555555", songs=(OTHER_SONG,), states=((0, "running"), (600, "done")))
DASHLESS = DONE.id.replace("-", "")
TITLE = "Harbour Lights"


@pytest.mark.parametrize("seen_by", ["status", "batch", "watch"])
async def test_a_song_that_was_seen_leads_to_its_task_everywhere_and_after_a_restart(town: Town, seen_by: str) -> None:
    town.gateway.add(DONE, LATER)
    dm = town.discord.world.dm_with(town.ada.user)
    async with town.bot(**FAST):
        if seen_by == "watch":
            await town.watch(DONE.id)
            await town.posts()
        else:
            options = {"ids": f"{DONE.id} {LATER.id}"} if seen_by == "batch" else {"id": DONE.id}
            await town.finished(await town.ada.slash(town.channel, f"suno {seen_by}", **options))
    async with town.bot(**FAST):
        for typed in (LINK, TWO.clip_id, TWO.clip_id.upper(), TWO.clip_id.replace("-", "")):
            assert TITLE in words(await town.status(typed)), typed
        for command in ("suno lyrics", "suno audio"):
            asked = await town.ben.slash(town.channel, command, id=LINK)
            assert "Salt on the rail" in words(await town.finished(asked))
        listed = await town.finished(await town.ben.slash(town.channel, "suno batch", ids=f"{LINK} {LATER.id}"))
        assert f"{DONE.id[:11]}…" in words(listed)
        assert f"`{DONE.id}`" in (await town.watch(LINK, at=dm))["content"]
        stopped = await town.finished(await town.ada.slash(town.channel, "suno unwatch", id=LINK))
        assert DONE.id in stopped["content"]
        looked_up = await town.finished(await town.ada.menu(town.ben.say(town.channel, LINK), LOOK_UP))
        assert TITLE in words(looked_up)
        before = len(town.posted(dm))
        town.ada.say(dm, f"this one: {LINK}")
        assert TITLE in words(await answered(town, dm, before + 1))


async def test_the_bots_own_page_button_leads_to_the_task(town: Town) -> None:
    town.gateway.add(DONE)
    async with town.bot(**FAST):
        await town.watch(DONE.id)
        (post,) = await town.posts()
        page = next(
            each for row in post["components"] for each in row["components"] if "suno.com" in each.get("url", "")
        )
        bare = town.ben.say(town.channel, "listen")
        bare["components"] = [{"type": 1, "id": 1, "components": [page]}]
        answer = await town.finished(await town.ada.menu(bare, LOOK_UP))
    assert TITLE in words(answer)


async def test_a_pasted_answer_gives_its_task_alone(town: Town) -> None:
    town.gateway.add(DONE)
    clips = [{"id": song.clip_id, "status": "complete", "title": song.title, "audio_url": "x"} for song in (ONE, TWO)]
    pasted = json.dumps({"code": "success", "data": {"task_id": DONE.id, "status": "SUCCESS", "data": clips}})
    async with town.bot():
        assert TITLE in words(await town.status(pasted))
        assert TITLE in words(await town.status(pasted[:200]))
        for options in ({"ids": pasted}, {"file": Upload("answer.json", pasted.encode(), "application/json")}):
            listed = await town.finished(await town.ada.slash(town.channel, "suno batch", **options))
            assert "## One task · ✅ 1" in words(listed)
        watched = await town.watch(pasted)
    assert watched["content"].startswith(f"🔔 Watching `{DONE.id}`.")


@pytest.mark.parametrize("known", [DONE.id, DASHLESS])
async def test_a_uuid_is_the_same_with_dashes_and_without(town: Town, known: str) -> None:
    town.gateway.add(Life(known, songs=(ONE, TWO)))
    other = DASHLESS if known == DONE.id else DONE.id
    async with town.bot(**FAST):
        await town.watch(other.upper())
        (post,) = await town.posts()
        assert TITLE in words(post)
        for typed in (known, other, other.upper()):
            assert TITLE in words(await town.status(typed))
        listed = await town.finished(await town.ada.slash(town.channel, "suno batch", ids=f"{other} task_other"))
        assert "✅ 1" in words(listed)


async def test_both_forms_of_a_task_that_was_seen_are_one_watch(town: Town) -> None:
    town.gateway.add(LATER)
    async with town.bot(**FAST):
        await town.status(LATER.id)
        await town.watch(LATER.id.replace("-", "").upper())
        assert "already being watched" in (await town.watch(LATER.id))["content"]


async def test_words_are_no_ids_and_what_is_ignored_is_named(town: Town) -> None:
    town.gateway.add(LATER)
    async with town.bot(**FAST):
        nothing = await town.watch("hello", "world", "again")
        some = await town.watch("hello", LATER.id, "world")
        listed = await town.finished(await town.ada.slash(town.channel, "suno batch", ids=f"{LATER.id} `hello`"))
        turned = await town.ada.press(listed, "Refresh")
        await town.changed(turned)
    assert nothing["content"].startswith("I found no task id among these words")
    assert "`hello`, `world`" in some["content"]
    assert "`hello`" in words(listed)


def forwarded(message: dict[str, Any], original: dict[str, Any]) -> dict[str, Any]:
    names = ("type", "content", "embeds", "attachments", "timestamp", "edited_timestamp", "flags", "components")
    message["message_snapshots"] = [{"message": {name: original[name] for name in names}}]
    message["message_reference"] = {"type": 1, "message_id": original["id"], "channel_id": original["channel_id"]}
    return message


@pytest.mark.parametrize("menu", [LOOK_UP, WATCH])
async def test_a_menu_reads_what_is_forwarded(town: Town, menu: str) -> None:
    town.gateway.add(DONE)
    in_text = town.ben.say(town.channel, f"task {DONE.id}")
    in_file = town.ben.say(town.channel, "-", [Upload("ids.txt", DONE.id.encode(), "text/plain")])
    in_embed = town.ben.say(town.channel, "see")
    in_embed["embeds"] = [{"type": "rich", "author": {"name": f"task {DONE.id}"}}]
    async with town.bot(**FAST):
        for original in (in_text, in_file, in_embed):
            message = forwarded(town.ben.say(town.channel, "-"), original)
            answer = await town.finished(await town.ada.menu(message, menu))
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
async def test_a_menu_reads_components(town: Town, component: dict[str, Any]) -> None:
    town.gateway.add(DONE)
    message = town.ben.say(town.channel, "-")
    message["components"] = [component]
    message["flags"] = 0 if component["type"] == 1 else 1 << 15
    async with town.bot():
        answer = await town.finished(await town.ada.menu(message, LOOK_UP))
    assert TITLE in words(answer)


async def test_the_bots_own_lists_work_with_its_own_menu(town: Town) -> None:
    town.gateway.add(DONE, LATER)
    async with town.bot(**FAST):
        listed = await town.finished(await town.ada.slash(town.channel, "suno batch", ids=f"{DONE.id} {LATER.id}"))
        answer = await town.finished(await town.ada.menu(listed, LOOK_UP))
        assert "## 2 tasks" in words(answer)
        await town.watch(LATER.id)
        answer = await town.finished(await town.ada.menu(await town.watches(), LOOK_UP))
        assert f"{TITLE} · {LATER.id}" in words(answer) or LATER.id in words(answer)


async def test_an_answer_that_discord_makes_private_is_remembered_as_such(town: Town, tmp_path: Path) -> None:
    town.gateway.add(DONE)
    world = town.discord.world
    guild = world.add_guild("Elsewhere", owner=town.ben.user)
    guild["members"] = [each for each in guild["members"] if each["user"]["id"] != world.bot["id"]]
    guild["roles"][0]["permissions"] = str(int(guild["roles"][0]["permissions"]) & ~Permission.USE_EXTERNAL_APPS)
    world.add_member(guild, town.ada.user)
    lobby = world.add_channel(guild, "lobby")
    world.installed_by |= {town.ada.id, town.ben.id}
    async with town.bot():
        answer = await town.finished(await town.ada.slash(lobby, "suno status", id=DONE.id, show="everyone"))
        assert answer["flags"] & 64
        assert await town.ben.autocomplete(lobby, "suno status", id="") == []
    with closing(sqlite3.connect(tmp_path / "bot.db")) as database:
        assert database.execute("SELECT public FROM recents").fetchall() == [(0,)]
