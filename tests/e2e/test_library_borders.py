"""A song is shown to nobody who may not view its channel: not in lists and cards from before, in charts and playlists,
while something is typed, in figures, or in a DM.

What the bot tells is read from its requests to Discord, whatever answers they are.
"""

from typing import Any

import pytest

from bot.domain.charts import next_slot
from sandbox.local_discord.people import Person, components
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.fake_task import FakeTask, Song
from tests import forged
from tests.conftest import Env
from tests.e2e.admin_panel import admin
from tests.idle import wait_until_idle
from tests.messages import Message, words

HARBOUR, UNDERTOW, TIDEWATER = (
    FakeTask(
        f"11111111-2222-4333-8444-00000000020{number}",
        songs=tuple(
            Song(f"aaaaaaaa-1111-4222-8333-0000000002{number}{take}", title, "folk", f"{title} sings", 1.0 + take)
            for take in range(takes)
        ),
    )
    for number, (title, takes) in enumerate((("Harbour", 1), ("Undertow", 1), ("Tidewater", 2)))
)
HIDDEN = ("Undertow", "Tidewater")


@pytest.fixture(autouse=True)
def tasks(env: Env) -> None:
    env.gateway.add(HARBOUR, UNDERTOW, TIDEWATER)


@pytest.fixture
def staff(env: Env, guild: dict[str, Any]) -> dict[str, Any]:
    """A channel that everybody may view until it is hidden."""
    channel: dict[str, Any] = env.discord.changes.add_channel(guild, "staff")
    return channel


def hide(env: Env, channel: dict[str, Any]) -> None:
    """From everybody but the server's owner and the bot."""
    guild = env.discord.world.guild_of(channel)
    assert guild
    env.discord.changes.override(channel, guild["roles"][0], deny=Permission.VIEW_CHANNEL)
    env.discord.changes.override(channel, env.discord.world.bot, allow=Permission.VIEW_CHANNEL)


async def posted(env: Env, task: FakeTask, at: dict[str, Any] | None = None, person: Person | None = None) -> Message:
    def found() -> list[Message]:
        return [each for each in env.posted(at) if each["attachments"] and task.songs[0].title in words(each)]

    told = await env.watch(task.id, at=at or env.channel, person=person)
    await env.discord.hub.until(lambda: bool(found()) and task.songs[0].title in words(told))
    await wait_until_idle()
    return found()[0]


async def asks(env: Env, command: str, at: Any = None, person: Person | None = None, **options: Any) -> Message:
    return await env.finished(await (person or env.ben).slash(at or env.channel, command, **options))


class Told:
    """What the bot has told since then of the songs that are hidden, beside their own channel."""

    def __init__(self, env: Env, hidden: dict[str, Any] | None = None) -> None:
        self._env = env
        self._own = f"/channels/{hidden['id']}/" if hidden else "\0"
        self._before = len(env.discord.requests)

    def titles(self) -> set[str]:
        said = ""
        for each in self._env.discord.requests[self._before :]:
            if each.path.startswith(self._own):
                continue
            files = "".join(f"{file.name} {file.content.decode('utf-8', 'ignore')}" for file in each.uploads.values())
            said += f"{each.body} {files}"
        return {title for title in HIDDEN if title in said}


def ids_on(message: Message) -> list[str]:
    return [each["custom_id"] for each in components(message) if each.get("custom_id") and not each.get("disabled")]


async def use_all(env: Env, person: Person, *messages: Message) -> None:
    """Every button and menu of messages from before."""
    for message in messages:
        for name in ids_on(message):
            component = next(each for each in components(message) if each.get("custom_id") == name)
            if "options" in component:
                pressed = await forged.choose(person, message, name, [component["options"][0]["value"]])
            else:
                pressed = await forged.press(person, message, name)
            assert not pressed.failed, name
            await wait_until_idle()
            await env.clock.advance(2)


async def test_lists_and_cards_from_before_tell_nothing(env: Env, staff: dict[str, Any]) -> None:
    async with env.bot():
        await posted(env, UNDERTOW, staff, env.ben)
        await posted(env, TIDEWATER, staff, env.ben)
        await asks(env, "suno playlist create", name="Evening")
        listed = await asks(env, "suno library", find="sings")
        card = await env.finished(await env.ben.press(listed, "▶️"))
        lyrics = await env.finished(await env.ben.press(card, "歌词"))
        removing = await env.finished(await env.ben.press(card, "从曲库移除"))
        adding = await env.finished(await env.ben.press(card, "加入歌单"))
        hide(env, staff)
        told = Told(env, staff)
        await use_all(env, env.ben, listed, card, lyrics, removing, adding)
        assert told.titles() == set()
        found = words(await asks(env, "suno library", person=env.ada, find="sings"))
    assert all(title in found for title in HIDDEN), "nor is anything removed"


async def test_no_search_list_or_suggestion_tells(env: Env, staff: dict[str, Any]) -> None:
    """Also of what they asked for themselves, starred, or put into a playlist; and no figure counts it."""
    async with env.bot():
        await posted(env, HARBOUR)
        post = await posted(env, UNDERTOW, staff)
        await posted(env, TIDEWATER, staff, env.ben)
        await asks(env, "suno playlist create", name="Evening")
        for task in (HARBOUR, UNDERTOW):
            await asks(env, "suno playlist add", name="Evening", song=task.id)
        await env.finished(await env.ben.press(post, "0"))
        shown = await asks(env, "suno playlist show", name="Evening")
        overview = await asks(env, "suno playlist show")
        hide(env, staff)
        told = Told(env, staff)
        for scope in ("mine", "here", "server", "starred"):
            await asks(env, "suno library", scope=scope)
            await asks(env, "suno library", scope=scope, find="sings")
            await env.clock.advance(2)
        assert "1 首" in words(await asks(env, "suno library"))
        assert "1 首" in words(await asks(env, "suno library", by=env.ada.user))
        await asks(env, "suno library", by=env.ben.user)
        await use_all(env, env.ben, shown, overview)
        assert "Evening**\n-# 我的 · 1 首" in words(await asks(env, "suno playlist show"))
        assert "没有找到" in words(await asks(env, "suno playlist add", name="Evening", song=f"{TIDEWATER.id}#2"))
        await asks(env, "suno playlist post", name="Evening")
        await asks(env, "suno playlist show", name="Evening")
        assert told.titles() == set()
        for command, option, more in (
            ("suno status", "id", {}),
            ("suno lyrics", "id", {}),
            ("suno audio", "id", {}),
            ("suno watch", "ids", {}),
            ("suno extend", "song", {}),
            ("suno cover", "song", {}),
            ("suno playlist add", "song", {"name": "Evening"}),
            ("suno playlist remove", "song", {"name": "Evening"}),
        ):
            offered = await env.ben.autocomplete(env.channel, command, **more, **{option: "undertow"})
            assert offered == [], command
        (evening,) = await env.ben.autocomplete(env.channel, "suno playlist show", name="even")
        assert evening["name"] == "Evening · 我的"


async def test_charts_and_playlists_from_before_play_nothing(
    env: Env, staff: dict[str, Any], guild: dict[str, Any]
) -> None:
    weekly = env.discord.changes.add_channel(guild, "weekly")
    async with env.bot():
        await admin(env, "charts", channel=weekly)
        post = await posted(env, UNDERTOW, staff)
        await env.finished(await env.ada.press(post, "0"))
        await asks(env, "suno playlist create", person=env.ada, name="Ours", scope="server")
        await asks(env, "suno playlist add", person=env.ada, name="Ours", song=UNDERTOW.id)
        await asks(env, "suno playlist post", person=env.ada, name="Ours")
        await wait_until_idle()
        env.clock.jump(next_slot(env.clock.now(), 4, 18) - env.clock.now() + 1)
        (chart,) = await env.posts(1, at=weekly)
        await wait_until_idle()
        messages = env.discord.world.messages[env.channel["id"]].values()
        playlist = next(each for each in messages if "Ours" in words(each) and not each["flags"] & 64)
        assert all("Undertow" in words(each) for each in (chart, playlist))
        hide(env, staff)
        told = Told(env)
        await use_all(env, env.ben, chart, playlist)
        await asks(env, "suno playlist post", person=env.ada, name="Ours")
    assert told.titles() == set()


async def test_a_thread_in_a_hidden_channel_and_one_that_somebody_was_removed_from(
    env: Env, staff: dict[str, Any]
) -> None:
    public = env.discord.changes.add_thread(staff, "takes")
    private = env.discord.changes.add_thread(env.channel, "drafts", env.ada.user, env.ben.user)
    env.discord.changes.join_thread(private, env.discord.world.bot)
    async with env.bot():
        await posted(env, UNDERTOW, public)
        await posted(env, TIDEWATER, private)
        listed = await asks(env, "suno library", find="sings")
        assert all(title in words(listed) for title in HIDDEN)
        env.discord.world.thread_members[private["id"]].discard(env.ben.id)
        hide(env, staff)
        told = Told(env)
        await use_all(env, env.ben, listed)
        await asks(env, "suno library", find="sings")
        assert told.titles() == set()
        assert "3 songs" in words(await asks(env, "suno library", person=env.ada, find="sings"))


async def test_where_a_post_is_gone_another_of_the_same_song_is_played_if_one_may_view_it(
    env: Env, staff: dict[str, Any]
) -> None:
    async with env.bot():
        await posted(env, HARBOUR, staff)
        post = await posted(env, HARBOUR)
        listed = await asks(env, "suno library", person=env.ada)
        bens = await asks(env, "suno library")
        env.discord.messages.delete(post)
        env.gateway.forget(HARBOUR.id)
        await env.clock.advance(10)
        card = await env.finished(await env.ada.press(listed, "▶️"))
        assert len(card["attachments"]) == 1
        packed = await env.ada.press(listed, "ZIP")
        await env.discord.hub.until(lambda: bool(packed.follow_ups))
        hide(env, staff)
        refused = await env.finished(await env.ben.press(bens, "▶️"))
    assert refused["attachments"] == []
    assert "音频已失效" in words(refused)


async def test_who_has_left_the_server_finds_nothing_of_it(env: Env, guild: dict[str, Any]) -> None:
    dm = env.discord.world.dm_with(env.ben.user)
    async with env.bot():
        post = await posted(env, UNDERTOW, person=env.ben)
        await env.finished(await env.ben.press(post, "0"))
        await asks(env, "suno playlist create", at=dm, name="Evening")
        await asks(env, "suno playlist add", at=dm, name="Evening", song=UNDERTOW.id)
        lists = [
            await asks(env, "suno library", at=dm, scope="mine"),
            await asks(env, "suno library", at=dm, scope="starred"),
            await asks(env, "suno playlist show", at=dm, name="Evening"),
        ]
        assert all("Undertow" in words(each) for each in lists)
        guild["members"] = [each for each in guild["members"] if each["user"]["id"] != env.ben.id]
        env.discord.world.installed_by.add(env.ben.id)
        told = Told(env)
        await use_all(env, env.ben, *lists)
        for scope in ("mine", "starred"):
            await asks(env, "suno library", at=dm, scope=scope)
        assert "Evening**\n-# 我的 · 0 首" in words(await asks(env, "suno playlist show", at=dm))
        await env.ben.autocomplete(dm, "suno status", id="undertow")
    assert told.titles() == set()


async def test_private_answers_and_dms_are_found_by_their_person_alone(env: Env) -> None:
    dm = env.discord.world.dm_with(env.ben.user)
    async with env.bot():
        await posted(env, HARBOUR)  # where everybody finds something
        await env.status(TIDEWATER.id, person=env.ben, show="me")
        await posted(env, UNDERTOW, dm, env.ben)
        assert "Undertow" in words(await asks(env, "suno library", at=dm, scope="mine"))
        told = Told(env, dm)
        for scope in ("mine", "here", "server", "starred"):
            await asks(env, "suno library", person=env.ada, scope=scope)
            await asks(env, "suno library", person=env.ada, by=env.ben.user, scope=scope)
        listed = await asks(env, "suno library", person=env.ada)
        for number in range(1, 5):
            await forged.press(env.ada, listed, f"s1:io:0:{number}")
        await asks(env, "suno playlist create", person=env.ada, name="Mine")
        for task in (HARBOUR, UNDERTOW, TIDEWATER):
            await asks(env, "suno playlist add", person=env.ada, name="Mine", song=task.id)
        await asks(env, "suno playlist create", person=env.ada, name="Ours", scope="server")
        await asks(env, "suno playlist add", person=env.ada, name="Ours", song=HARBOUR.id)
        await asks(env, "suno-admin setup", person=env.ada)
        assert await env.ada.autocomplete(env.channel, "suno status", id="undertow") == []
        await wait_until_idle()
    assert told.titles() == set()
