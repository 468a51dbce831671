"""/suno playlist: songs in lists of a person and of a server, within the borders of what each person may view."""

import io
import zipfile
from typing import Any

import pytest

from sandbox.local_discord.people import Person, components
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.fake_task import FakeTask, Song
from tests import forged
from tests.conftest import Env
from tests.e2e.admin_panel import admin
from tests.idle import wait_until_idle
from tests.messages import LOOK_UP_MENU, WATCH_MENU, Message, buttons, words

TITLES = ("Harbour Lights", "旧码头", "Moth")
TASKS = tuple(
    FakeTask(
        f"11111111-2222-4333-8444-00000000010{number}",
        songs=(Song(f"aaaaaaaa-1111-4222-8333-00000000010{number}", title, "folk", duration=1.0 + number),),
    )
    for number, title in enumerate(TITLES)
)


@pytest.fixture(autouse=True)
def tasks(env: Env) -> None:
    env.gateway.add(*TASKS)


async def playlist(env: Env, verb: str, person: Person | None = None, at: Any = None, **options: Any) -> Message:
    asked = await (person or env.ada).slash(at or env.channel, f"suno playlist {verb}", **options)
    return await env.finished(asked)


async def posted(env: Env, task: FakeTask, at: dict[str, Any] | None = None) -> Message:
    before = len(env.posted(at))
    await env.watch(task.id, at=at or env.channel)
    post = await env.newest_post(at or env.channel, before + 1)
    await wait_until_idle()
    return post


def staff_channel(env: Env) -> dict[str, Any]:
    guild = env.discord.world.guilds[env.channel["guild_id"]]
    staff: dict[str, Any] = env.discord.changes.add_channel(guild, "staff")
    return staff


def hide(env: Env, channel: dict[str, Any]) -> None:
    """From everybody but the owner and the bot."""
    everyone = env.discord.world.guilds[env.channel["guild_id"]]["roles"][0]
    env.discord.changes.override(channel, everyone, deny=Permission.VIEW_CHANNEL)
    env.discord.changes.override(channel, env.discord.world.bot, allow=Permission.VIEW_CHANNEL)


async def test_songs_go_into_a_playlist_and_out_of_it(env: Env) -> None:
    async with env.bot():
        for task in TASKS:
            await posted(env, task)
        assert "is ready" in words(await playlist(env, "create", name="Evening"))
        (offered,) = await env.ada.autocomplete(env.channel, "suno playlist add", name="eve")
        assert offered["name"] == "Evening · Mine"
        (song,) = await env.ada.autocomplete(env.channel, "suno playlist add", name=offered["value"], song="码头")
        assert song["name"] == "旧码头 · folk"
        assert "旧码头" in words(await playlist(env, "add", name=offered["value"], song=song["value"]))
        assert "Harbour" in words(await playlist(env, "add", name="evening", song=TASKS[0].id))
        assert "Moth" in words(await playlist(env, "add", name="EVENING", song="moth")), "only one song has the word"
        assert "already" in words(await playlist(env, "add", name="Evening", song="moth"))
        shown = await playlist(env, "show", name="Evening")
        said = words(shown)
        assert said.index("旧码头") < said.index("Harbour Lights") < said.index("Moth")
        assert "3 songs" in said
        played = await env.finished(await env.ada.press(shown, "▶️"))
        assert len(played["attachments"]) == 1
        (listed,) = await env.ada.autocomplete(env.channel, "suno playlist remove", name="Evening", song="harb")
        await playlist(env, "remove", name="Evening", song=listed["value"])
        assert "Harbour" not in words(await playlist(env, "show", name="Evening"))
        assert "is not in" in words(await playlist(env, "remove", name="Evening", song=listed["value"]))
        assert "Evening**\n-# Mine · 2 songs" in words(await playlist(env, "show"))
        await playlist(env, "delete", name="Evening")
        assert "no playlists" in words(await playlist(env, "show"))
        assert "no playlist named" in words(await playlist(env, "add", name="Evening", song="moth"))
        await playlist(env, "create", name="Morning")
        assert "no such song" in words(await playlist(env, "add", name="Morning", song="nowhere"))


async def test_an_empty_playlist_says_how_songs_get_into_it(env: Env) -> None:
    async with env.bot():
        await playlist(env, "create", name="Evening")
        before = len(env.posted())
        assert "/suno playlist add" in words(await playlist(env, "show", name="Evening"))
        assert "There is no song in it yet" in words(await playlist(env, "post", name="Evening"))
        assert len(env.posted()) == before


async def test_all_playlists_are_listed_and_opened_from_there(env: Env) -> None:
    names = [f"List {number:02}" for number in range(12)]
    async with env.bot():
        await posted(env, TASKS[0])
        for name in names:
            await playlist(env, "create", name=name)
        await playlist(env, "add", name=names[11], song=TASKS[0].id)
        listed = await playlist(env, "show")
        assert "12 playlists" in words(listed)
        assert names[9] in words(listed)
        assert names[10] not in words(listed)
        await env.changed(await env.ada.press(listed, "➡️"))
        assert names[9] not in words(listed)
        assert f"12. **{names[11]}**\n-# Mine · one song" in words(listed)
        opening = [each["custom_id"] for each in components(listed) if each.get("label") == "Open"]
        opened = await env.finished(await env.ada.use(listed, opening[1]))
        assert f"{names[11]} · one song" in words(opened)
        assert "Harbour Lights" in words(opened)
        await playlist(env, "delete", name=names[11])
        assert "not there any more" in words(await env.finished(await env.ada.use(listed, opening[1])))
        await playlist(env, "delete", name=names[10])
        await env.changed(await env.ada.press(listed, "⬅️"))
        assert "10 playlists" in words(listed)
        assert "Page" not in words(listed)


async def test_a_playlist_is_its_persons_until_it_is_posted(env: Env) -> None:
    async with env.bot():
        post = await posted(env, TASKS[0])
        await playlist(env, "create", name="Evening")
        await playlist(env, "add", name="Evening", song=TASKS[0].id)
        shown = await playlist(env, "show", name="Evening")
        for verb in ("show", "post", "delete"):
            assert "没有名为" in words(await playlist(env, verb, env.ben, name="Evening"))
        assert await env.ben.autocomplete(env.channel, "suno playlist show", name="") == []
        stranger = await env.finished(await forged.press(env.ben, shown, "s1:po:0:1"))
        assert "不能查看" in words(stranger)
        before = set(env.discord.world.messages[env.channel["id"]])
        await playlist(env, "post", name="Evening")
        public = await _public(env, before)
        assert f"[Harbour Lights](https://discord.com/channels/{env.channel['guild_id']}/" in words(public)
        assert post["id"] in words(public)
        assert f"<@{env.ada.id}>" in words(public)
        opened = await env.finished(await env.ben.press(public, "Open"))
        assert "Harbour Lights" in words(opened)
        assert opened["flags"] & 64
        played = await env.finished(await env.ben.press(public, "▶️"))
        assert len(played["attachments"]) == 1


async def _public(env: Env, before: set[str]) -> Message:
    """The message of the bot that everybody in the channel sees since then."""
    messages = env.discord.world.messages[env.channel["id"]]

    def found() -> list[Message]:
        return [each for key, each in messages.items() if key not in before and not each["flags"] & 64]

    await env.discord.hub.until(lambda: bool(found()))
    return found()[0]


async def test_the_menus_know_the_songs_of_a_posted_playlist(env: Env) -> None:
    """Those that the person may find."""
    staff = staff_channel(env)
    async with env.bot():
        for task, place in zip(TASKS, (env.channel, env.channel, staff), strict=True):
            await posted(env, task, place)
        await playlist(env, "create", name="Evening")
        for task in TASKS:
            await playlist(env, "add", name="Evening", song=task.id)
        before = {each["id"] for each in env.ben.read(env.channel)}
        await playlist(env, "post", name="Evening")
        public = await _public(env, before)
        hide(env, staff)
        listed = await env.finished(await env.ben.menu(public, LOOK_UP_MENU))
        assert "## 2 个任务 · ✅ 2" in words(listed)
        assert TASKS[2].id not in str(listed)
        answer = env.ada.say(env.channel, "which is the second one?", to=public)
        watched = await env.finished(await env.ben.menu(answer, WATCH_MENU))
    assert "已关注 2 个任务" in watched["content"]


async def test_what_readers_may_not_view_is_not_posted_and_not_shown(env: Env) -> None:
    staff = staff_channel(env)
    async with env.bot():
        await posted(env, TASKS[0])
        await posted(env, TASKS[1], staff)
        await env.status(TASKS[2].id, show="me")
        await wait_until_idle()
        await playlist(env, "create", name="Evening")
        for task in TASKS:
            await playlist(env, "add", name="Evening", song=task.id)
        hide(env, staff)
        assert "3 songs" in words(await playlist(env, "show", name="Evening")), "the owner may view all of it"
        before = set(env.discord.world.messages[env.channel["id"]])
        told = await playlist(env, "post", name="Evening")
        assert "without 2 songs" in words(told)
        public = await _public(env, before)
        assert "Harbour Lights" in words(public)
        assert "旧码头" not in words(public)
        assert "Moth" not in words(public)
        opened = await env.finished(await env.ben.press(public, "Open"))
        assert "旧码头" not in words(opened)
        assert "另有 2 首" in words(opened)
        refused = await playlist(env, "add", env.ben, name="x", song=TASKS[1].id)
        assert "没有名为" in words(refused)
        await playlist(env, "create", env.ben, name="x")
        assert "没有找到" in words(await playlist(env, "add", env.ben, name="x", song=TASKS[1].id))


async def test_a_servers_playlists_are_changed_by_managers_or_by_everyone(env: Env) -> None:
    async with env.bot():
        await posted(env, TASKS[0])
        refused = await playlist(env, "create", env.ben, name="Ours", scope="server")
        assert "不能更改" in words(refused)
        await playlist(env, "create", name="Ours", scope="server")
        assert "不能更改" in words(await playlist(env, "add", env.ben, name="Ours", song=TASKS[0].id))
        await playlist(env, "add", name="Ours", song=TASKS[0].id)
        assert "Harbour Lights" in words(await playlist(env, "show", env.ben, name="Ours"))
        panel = await admin(env, "setup")
        assert "Only managers change" in words(panel)
        await env.changed(await env.ada.press(panel, "Who may change playlists"))
        await playlist(env, "remove", env.ben, name="Ours", song=TASKS[0].id + "#1")
        await playlist(env, "create", env.ben, name="Ben's", scope="server")
        assert "不能更改" in words(await playlist(env, "delete", env.ben, name="Ours")), "somebody else made it"
        assert "已删除" in words(await playlist(env, "delete", env.ben, name="Ben's"))


async def test_a_song_is_added_from_its_star_and_from_its_card(env: Env) -> None:
    async with env.bot():
        post = await posted(env, TASKS[0])
        starred = await env.finished(await env.ada.press(post, "0"))
        asked = await env.finished(await env.ada.press(starred, "Add to a playlist"))
        assert "no playlists yet" in words(asked)
        form = await env.ada.press(asked, "New playlist")
        await env.discord.hub.until(lambda: form.modal is not None)
        assert form.modal
        (label,) = form.modal["components"]
        field = {"type": 4, "custom_id": label["component"]["custom_id"], "value": "Evening"}
        await env.ada.submit(form, [{"type": 18, "component": field}])
        await env.discord.hub.until(lambda: "is in **Evening**" in asked["content"])
        await posted(env, TASKS[1])
        listed = await env.finished(await env.ada.slash(env.channel, "suno library", find="码头"))
        card = await env.finished(await env.ada.press(listed, "▶️"))
        assert "Add to a playlist" in buttons(card)
        asked = await env.finished(await env.ada.press(card, "Add to a playlist"))
        menu = asked["components"][0]["components"][0]
        await env.ada.select(asked, menu["custom_id"], [menu["options"][0]["value"]])
        await env.discord.hub.until(lambda: "旧码头** is in **Evening**" in asked["content"])
        forbidden = await forged.choose(env.ben, asked, menu["custom_id"], [menu["options"][0]["value"]])
        await env.discord.hub.until(lambda: bool(forbidden.follow_ups))
        assert "不能查看" in words(forbidden.follow_ups[0])
        said = words(await playlist(env, "show", name="Evening"))
        assert "Harbour Lights" in said
        assert "旧码头" in said


async def test_a_playlist_as_files(env: Env) -> None:
    async with env.bot():
        await playlist(env, "create", name="Evening tide")
        for task in TASKS[:2]:
            await posted(env, task)
            await playlist(env, "add", name="Evening tide", song=task.id)
        env.gateway.forget(TASKS[0].id)
        pressed = await env.ada.press(await playlist(env, "show", name="Evening tide"), "ZIP")
        await env.discord.hub.until(lambda: len(pressed.follow_ups) == 1)
        (file,) = pressed.follow_ups[0]["attachments"]
    assert file["filename"].startswith("Evening")
    with zipfile.ZipFile(io.BytesIO(env.discord.world.files[file["id"]].content)) as archive:
        names = archive.namelist()
    assert [name for name in names if name.endswith(".mp3")] == ["01 Harbour Lights.mp3", "02 旧码头.mp3"]


async def test_limits_and_names(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.services.playlists.MAX_OF_PERSON", 2)
    monkeypatch.setattr("bot.services.playlists.MAX_OF_SERVER", 1)
    monkeypatch.setattr("bot.storage.playlists.MAX_SONGS", 1)
    async with env.bot():
        assert "no visible characters" in words(await playlist(env, "create", name="\u200b #"))
        await playlist(env, "create", name="Ｅvening  tide")
        assert "already" in words(await playlist(env, "create", name="evening TIDE"))
        await playlist(env, "create", name="#2")
        assert "**2**" in words(await playlist(env, "show"))
        assert "2 playlists, the most" in words(await playlist(env, "create", name="third"))
        await playlist(env, "create", name="Ours", scope="server")
        assert "1 playlists, the most" in words(await playlist(env, "create", name="Ours too", scope="server"))
        for task in TASKS[:2]:
            await posted(env, task)
        await playlist(env, "add", name="2", song=TASKS[0].id)
        assert "the most that a playlist" in words(await playlist(env, "add", name="2", song=TASKS[1].id))
        dm = env.discord.world.dm_with(env.ada.user)
        assert "only in a channel of a server" in words(await playlist(env, "post", at=dm, name="2"))
        assert "only in a channel of a server" in words(await playlist(env, "create", at=dm, name="y", scope="server"))


async def test_who_deletes_their_data_takes_their_playlists_along(env: Env) -> None:
    async with env.bot():
        await posted(env, TASKS[0])
        await playlist(env, "create", name="Mine")
        await playlist(env, "create", name="Ours", scope="server")
        for name in ("Mine", "Ours"):
            await playlist(env, "add", name=name, song=TASKS[0].id)
        panel = await env.finished(await env.ada.slash(env.channel, "suno settings"))
        asked = await env.finished(await env.ada.press(panel, "Delete my data"))
        await env.changed(await env.ada.press(asked, "Yes, delete everything"))
        listed = words(await playlist(env, "show"))
    assert "Mine**" not in listed
    assert "Ours**\n-# This server · 0 songs" in listed, "the song was theirs"
