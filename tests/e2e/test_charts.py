"""/suno-admin charts: the most starred songs, posted once a week, and never twice."""

from typing import Any

import pytest

from bot.domain.charts import WEEK, next_slot
from bot.domain.delivery import RECHECK
from sandbox.local_discord.people import Person
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.fake_task import FakeTask, Song
from tests import forged
from tests.conftest import Env
from tests.e2e.admin_panel import admin
from tests.idle import wait_until_idle
from tests.messages import Message, buttons, words

NAMES = ("Harbour Lights", "旧码头", "Moth [Remix]")
SONGS = tuple(
    FakeTask(
        f"11111111-2222-4333-8444-00000000000{number}",
        songs=(Song(f"aaaaaaaa-1111-4222-8333-00000000000{number}", name, "folk", duration=1.0 + number),),
    )
    for number, name in enumerate(NAMES)
)


@pytest.fixture(autouse=True)
def tasks(env: Env) -> None:
    env.gateway.add(*SONGS)


@pytest.fixture
def chart_channel(env: Env) -> dict[str, Any]:
    channel: dict[str, Any] = env.discord.changes.add_channel(guild_of(env), "weekly")
    return channel


def guild_of(env: Env) -> dict[str, Any]:
    guild: dict[str, Any] = env.discord.world.guilds[env.channel["guild_id"]]
    return guild


async def song(env: Env, task: FakeTask, at: dict[str, Any] | None = None) -> Message:
    """A song, posted."""
    before = len(env.posted(at))
    await env.watch(task.id, at=at or env.channel)
    post = await env.newest_post(at or env.channel, before + 1)
    await wait_until_idle()
    return post


async def star(env: Env, post: Message, *people: Person) -> None:
    names = [each.get("custom_id", "") for row in post["components"] for each in row["components"]]
    for person in people:
        await env.finished(await person.use(post, next(name for name in names if name.startswith("s1:fv:"))))


async def the_slot_comes(env: Env, weekday: int = 4, hour: int = 18) -> None:
    env.clock.jump(next_slot(env.clock.now(), weekday, hour) - env.clock.now() + 1)
    await wait_until_idle()


async def charts(env: Env, at: dict[str, Any], count: int = 1) -> list[Message]:
    found = await env.posts(count, at=at)
    await wait_until_idle()
    return found


async def test_the_most_starred_songs_are_posted_once_a_week(env: Env, chart_channel: dict[str, Any]) -> None:
    async with env.bot():
        panel = await admin(env, "charts", channel=chart_channel)
        assert "every Friday at 18:00 UTC" in words(panel)
        posts = [await song(env, task) for task in SONGS]
        await star(env, posts[1], env.ada, env.ben)
        await star(env, posts[2], env.ben)
        await the_slot_comes(env)
        (chart,) = await charts(env, chart_channel)
        said = words(chart)
        assert said.index("旧码头") < said.index("Moth (Remix)")
        assert "2 new stars" in said
        assert "Harbour" not in said, "nobody starred it"
        assert f"]({link_to(env, posts[1])})" in said
        assert f"[Moth (Remix)]({link_to(env, posts[2])})" in said
        played = await env.finished(await env.ben.press(chart, "▶️"))
        assert "旧码头" in words(played)
        assert played["attachments"]
        opened = await env.finished(await env.ben.press(chart, "Library"))
        assert "Harbour Lights" in words(opened)
        assert opened["flags"] & 64
        await env.clock.advance(WEEK, step=86_400)
        assert len(env.posted(chart_channel)) == 1, "there were no new stars"
        assert "no new stars" in words(await admin(env, "charts"))
        await star(env, posts[0], env.ben)
        await the_slot_comes(env)
        _, second = await charts(env, chart_channel, 2)
        assert "Harbour Lights" in words(second)
        assert "旧码头" not in words(second), "its stars were counted before"


def link_to(env: Env, post: Message) -> str:
    return f"https://discord.com/channels/{env.channel['guild_id']}/{post['channel_id']}/{post['id']}"


async def test_after_weeks_off_one_chart_follows_with_all_stars(env: Env, chart_channel: dict[str, Any]) -> None:
    async with env.bot():
        await admin(env, "charts", channel=chart_channel, day=0, hour=9)
        await star(env, await song(env, SONGS[0]), env.ada)
    env.clock.jump(3 * WEEK)
    async with env.bot():
        (chart,) = await charts(env, chart_channel)
        assert "Harbour Lights" in words(chart)
    async with env.bot():
        await env.settle_down()
        assert len(env.posted(chart_channel)) == 1
        await the_slot_comes(env, 0, 9)
        assert len(env.posted(chart_channel)) == 1


async def test_a_chart_whose_arrival_is_unknown_is_not_posted_twice(env: Env, chart_channel: dict[str, Any]) -> None:
    """Discord posts it, but its answer is lost; and it has forgotten the nonce when the bot is back."""
    env.discord.messages.nonce_life = 0.0
    async with env.bot():
        await admin(env, "charts", channel=chart_channel)
        await star(env, await song(env, SONGS[0]), env.ada)
        env.discord.faults.fail(f"/channels/{chart_channel['id']}/messages", 500, 0, times=50, after=True)
        await the_slot_comes(env)
        await charts(env, chart_channel)
    env.discord.faults.clear()
    env.clock.jump(600)
    async with env.bot():
        await env.says(lambda: admin(env, "charts"), "Last:")
    assert len(env.posted(chart_channel)) == 1


async def test_songs_that_not_every_reader_may_view_are_left_out(env: Env, chart_channel: dict[str, Any]) -> None:
    staff = env.discord.changes.add_channel(guild_of(env), "staff")
    everyone = guild_of(env)["roles"][0]
    async with env.bot():
        await admin(env, "charts", channel=chart_channel)
        await star(env, await song(env, SONGS[0]), env.ada)
        await star(env, await song(env, SONGS[1], staff), env.ada)
        await star(env, await song(env, SONGS[2]), env.ada)
        env.discord.changes.override(staff, everyone, deny=Permission.VIEW_CHANNEL)
        env.discord.changes.override(staff, env.discord.world.bot, allow=Permission.VIEW_CHANNEL)
        removed = await env.finished(await env.ada.slash(env.channel, "suno library", find="moth"))
        opened = await env.finished(await env.ada.press(removed, "▶️"))
        asked = await env.finished(await env.ada.press(opened, "Remove from library"))
        await env.ada.press(asked, "Yes, remove it")
        await env.discord.hub.until(lambda: "no longer in the library" in asked["content"])
        await the_slot_comes(env)
        (chart,) = await charts(env, chart_channel)
    assert "Harbour Lights" in words(chart)
    assert "旧码头" not in words(chart), "it is in a channel that only some may view"
    assert "Moth" not in words(chart), "it was removed"


async def test_private_threads_and_channels_that_are_denied_to_a_role_are_left_out(
    env: Env, chart_channel: dict[str, Any]
) -> None:
    """Everybody may view the channel, but not this thread of it; and nearly everybody the lounge."""
    thread = env.discord.changes.add_thread(env.channel, "drafts", env.ada.user)
    env.discord.changes.join_thread(thread, env.discord.world.bot)
    lounge = env.discord.changes.add_channel(guild_of(env), "lounge")
    async with env.bot():
        await admin(env, "charts", channel=chart_channel)
        for task, place in zip(SONGS, (env.channel, thread, lounge), strict=True):
            await star(env, await song(env, task, place), env.ada)
        newcomers = env.discord.world.add_role(guild_of(env), "newcomers")
        env.discord.changes.override(lounge, newcomers, deny=Permission.VIEW_CHANNEL)
        await the_slot_comes(env)
        (chart,) = await charts(env, chart_channel)
    assert "Harbour Lights" in words(chart)
    assert "旧码头" not in words(chart)
    assert "Moth" not in words(chart)


async def test_a_chart_for_the_same_readers_shows_the_songs_of_their_channel(
    env: Env, chart_channel: dict[str, Any]
) -> None:
    """In a server where everything is behind a role, as with two channels of one category."""
    everyone = guild_of(env)["roles"][0]
    members = env.discord.world.add_role(guild_of(env), "members")
    async with env.bot():
        await admin(env, "charts", channel=chart_channel)
        for channel in (env.channel, chart_channel):
            env.discord.changes.override(channel, everyone, deny=Permission.VIEW_CHANNEL)
            env.discord.changes.override(channel, members, allow=Permission.VIEW_CHANNEL)
            env.discord.changes.override(channel, env.discord.world.bot, allow=Permission.VIEW_CHANNEL)
        await star(env, await song(env, SONGS[0]), env.ada)
        await the_slot_comes(env)
        (chart,) = await charts(env, chart_channel)
    assert "Harbour Lights" in words(chart)


async def test_a_lost_permission_is_reported_once_and_the_chart_waits(env: Env, chart_channel: dict[str, Any]) -> None:
    everyone = guild_of(env)["roles"][0]
    async with env.bot():
        await admin(env, "charts", channel=chart_channel)
        await star(env, await song(env, SONGS[0]), env.ada)
        env.discord.changes.override(chart_channel, everyone, deny=Permission.SEND_MESSAGES)
        await the_slot_comes(env)
        (told,) = await env.posts(at=env.owner_dm)
        await env.clock.advance(3 * RECHECK, step=600)
        assert len(env.posted(env.owner_dm)) == 1
        assert env.posted(chart_channel) == []
        assert "is waiting" in words(await admin(env, "charts"))
        shown = await admin(env, "deliveries")
        assert "One post" in words(shown)
        assert "Songs of the week" in words(shown)
        assert "Missing a permission · **Send Messages** (denied to @everyone in that channel)" in words(shown)
        checked = await env.finished(await env.ada.press(shown, "Check again"))
        assert "Send Messages" in words(checked)
        assert "Songs of the week" not in words(await admin(env, "deliveries", state="failed"))
        env.discord.changes.override(chart_channel, everyone)
        (chart,) = await charts(env, chart_channel)
        assert "No such posts" in words(await admin(env, "deliveries"))
    assert "The weekly chart is waiting" in told["content"]
    assert buttons(told) == ["Check again"]
    assert "Harbour Lights" in words(chart)


async def test_a_chart_that_waits_longer_than_a_week_is_part_of_the_next(
    env: Env, chart_channel: dict[str, Any]
) -> None:
    everyone = guild_of(env)["roles"][0]
    async with env.bot():
        await admin(env, "charts", channel=chart_channel)
        await star(env, await song(env, SONGS[0]), env.ada)
        env.discord.changes.override(chart_channel, everyone, deny=Permission.SEND_MESSAGES)
        await the_slot_comes(env)
        await star(env, await song(env, SONGS[1]), env.ada)
        await the_slot_comes(env)
        env.discord.changes.override(chart_channel, everyone)
        (chart,) = await charts(env, chart_channel)
        await env.settle_down()
    assert len(env.posted(chart_channel)) == 1
    assert "Harbour Lights" in words(chart)
    assert "旧码头" in words(chart)


async def test_a_chart_whose_channel_is_gone_is_turned_off_and_its_manager_told(
    env: Env, chart_channel: dict[str, Any]
) -> None:
    async with env.bot():
        await admin(env, "charts", channel=chart_channel)
        await star(env, await song(env, SONGS[0]), env.ada)
        env.discord.changes.delete_channel(chart_channel)
        await the_slot_comes(env)
        (told,) = await env.posts(at=env.owner_dm)
        await env.says(lambda: admin(env, "charts"), "is off")
        panel = await admin(env, "deliveries")
        assert "Songs of the week" in words(panel)
        assert "Failed · " in words(panel)
        before = len(env.posted())
        await env.changed(await env.ada.press(panel, "Turn on"))
        assert f"UTC in <#{env.channel['id']}>" in words(panel)
        chart = await env.newest_post(env.channel, before + 1)
        assert "Harbour Lights" in words(chart), "the chart of that week comes where it can"
        await the_slot_comes(env)
        await env.settle_down()
        assert len(env.posted()) == before + 1, "and no star counts twice"
    assert "turned it off" in told["content"]


async def test_in_a_server_that_the_bot_left_nothing_is_posted(env: Env, chart_channel: dict[str, Any]) -> None:
    async with env.bot():
        await admin(env, "charts", channel=chart_channel)
        await star(env, await song(env, SONGS[0]), env.ada)
        env.discord.changes.remove_bot(guild_of(env))
        await the_slot_comes(env)
        await env.settle_down()
        assert env.posted(chart_channel) == []
        assert env.posted(env.owner_dm) == []


async def test_a_server_whose_posts_are_on_hold_gets_its_chart_later(env: Env, chart_channel: dict[str, Any]) -> None:
    async with env.bot():
        await admin(env, "charts", channel=chart_channel)
        await star(env, await song(env, SONGS[0]), env.ada)
        await admin(env, "pause")
        await the_slot_comes(env)
        await env.settle_down()
        assert env.posted(chart_channel) == []
        await admin(env, "resume")
        await charts(env, chart_channel)


async def test_a_title_that_automod_refuses_is_left_out(env: Env, chart_channel: dict[str, Any]) -> None:
    async with env.bot():
        await admin(env, "charts", channel=chart_channel)
        await star(env, await song(env, SONGS[0]), env.ada)
        env.discord.world.blocked_words[env.channel["guild_id"]] = {"harbour"}
        await the_slot_comes(env)
        (chart,) = await charts(env, chart_channel)
    assert SONGS[0].id in words(chart)


async def test_the_chart_is_turned_off_and_on_and_previewed(env: Env, chart_channel: dict[str, Any]) -> None:
    async with env.bot():
        panel = await admin(env, "charts")
        assert "is off" in words(panel)
        await env.changed(await env.ada.press(panel, "Turn on"))
        assert f"UTC in <#{env.channel['id']}>" in words(panel)
        nothing = await env.finished(await env.ada.press(panel, "Preview"))
        assert "no new stars" in words(nothing)
        await star(env, await song(env, SONGS[0]), env.ada)
        shown = await env.finished(await env.ada.press(panel, "Preview"))
        assert "Harbour Lights" in words(shown)
        assert shown["flags"] & 64
        assert "星期二 07:00" in words(
            await env.finished(
                await in_chinese(env).slash(env.channel, "suno-admin charts", channel=chart_channel, day=1, hour=7)
            )
        )
        await env.changed(await env.ada.press(panel, "Turn off"))
        await env.clock.advance(2 * WEEK, step=86_400)
        assert env.posted(chart_channel) == []
        forbidden = await forged.press(env.ben, panel, "s1:hs:1:chart")
        await env.discord.hub.until(lambda: bool(forbidden.follow_ups))
        assert "只有" in words(forbidden.follow_ups[0])
        assert "is off" in words(await admin(env, "charts"))


def in_chinese(env: Env) -> Person:
    """Another manager, who reads Chinese."""
    chen = env.discord.world.add_user("Chen", locale="zh-CN")
    role = env.discord.world.add_role(guild_of(env), "managers", Permission.MANAGE_GUILD)
    env.discord.world.add_member(guild_of(env), chen, role)
    return env.discord.person(chen)


async def test_another_day_does_not_make_two_charts_in_a_week(env: Env, chart_channel: dict[str, Any]) -> None:
    async with env.bot():
        await admin(env, "charts", channel=chart_channel, day=0, hour=9)
        post = await song(env, SONGS[0])
        await star(env, post, env.ada)
        await the_slot_comes(env, 0, 9)
        await charts(env, chart_channel)
        await star(env, post, env.ben)
        await admin(env, "charts", day=3, hour=9)
        await the_slot_comes(env, 3, 9)
        await env.settle_down()
        assert len(env.posted(chart_channel)) == 1
        await the_slot_comes(env, 3, 9)
        await charts(env, chart_channel, 2)
