"""/suno-admin, for people who manage a server."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.delivery import AUDIO_NOTICE
from sandbox.local_discord.interactions import Interaction
from sandbox.local_discord.people import Person, components
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault
from tests import forged
from tests.conftest import Env
from tests.e2e.admin_panel import admin, choose
from tests.e2e.deliveries import rows
from tests.messages import buttons, links, words
from tests.sample_tasks import DONE, FAST, ONE, SOON

VOICE, STAGE = 2, 13  # types of channels


async def test_only_managers_are_offered_the_command(env: Env) -> None:
    async with env.bot():
        with pytest.raises(LookupError):
            await env.ben.slash(env.channel, "suno-admin setup")
        panel = await admin(env, "setup")
        pressed = await _press(env.ben, panel, "Switch between files and links")
        await env.discord.hub.until(lambda: pressed.follow_ups)
    assert "只有发起人" in pressed.follow_ups[0]["content"]


async def _press(person: Person, message: dict[str, Any], label: str) -> Any:
    button = next(each for each in components(message) if each.get("label") == label)
    return await person.use(message, button["custom_id"])


async def test_a_default_channel_and_a_test_post(env: Env, guild: dict[str, Any]) -> None:
    env.gateway.add(SOON)
    releases = env.discord.changes.add_channel(guild, "releases")
    async with env.bot():
        panel = await admin(env, "setup")
        await choose(env, panel, "channel", releases["id"])
        tested = await env.finished(await env.ada.press(panel, "Send a test post"))
        answer = await env.watch(SOON.id, person=env.ben)
        await env.finish()
        test, post = await env.posts(2, at=releases)
    assert f"The test post is in <#{releases['id']}>" in tested["content"]
    assert "This is a test post" in test["content"]
    assert f"<#{releases['id']}>" in answer["content"]
    assert len(post["attachments"]) == 2


async def test_the_language_of_public_posts(env: Env) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        panel = await admin(env, "setup")
        await env.changed(await env.ada.press(panel, "简体中文"))
        await env.watch(DONE.id)
        (post,) = await env.posts()
    assert post["content"].startswith("🎵 **Harbour Lights** 已生成\n")


async def test_only_some_roles_may_watch(env: Env, guild: dict[str, Any]) -> None:
    role = env.discord.world.add_role(guild, "Singers")
    async with env.bot():
        panel = await admin(env, "setup")
        await choose(env, panel, "roles", role["id"])
        refused = await env.watch("task_abcd", person=env.ben)
        member = env.discord.world.member(guild, env.ben.id)
        assert member
        member["roles"].append(role["id"])
        allowed = await env.watch("task_abcd", person=env.ben)
        hers = await env.watch("task_efgh")
    assert "只允许部分身份组关注任务" in refused["content"]
    assert "已关注" in allowed["content"]
    assert "Watching" in hers["content"], "who manages the server always may"


async def test_a_limit_of_the_servers_own(env: Env) -> None:
    async with env.bot():
        panel = await admin(env, "setup")
        await _limit(env, panel, "１")
        await env.discord.hub.until(lambda: "Watches per person: 1" in words(panel))
        answer = await env.watch("task_0001", "task_0002")
        odd = await _limit(env, panel, "a few")
        await env.discord.hub.until(lambda: odd.message)
        again = await admin(env, "setup")
        await _limit(env, panel, "")
        await env.discord.hub.until(lambda: "Watches per person: as many" in words(panel))
    assert "you're watching 1 of 1." in answer["content"]
    assert odd.message
    assert "`a few` isn't a whole number" in odd.message["content"]
    assert "Watches per person: 1" in words(again)


async def _limit(env: Env, panel: dict[str, Any], typed: str) -> Interaction:
    opened = await env.ada.press(panel, "Set the limit")
    assert opened.modal
    text = opened.modal["components"][0]["component"]["custom_id"]
    sent = [{"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": text, "value": typed}}]
    return await env.ada.submit(opened, sent)


async def test_links_instead_of_files(env: Env) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        await _links_only(env)
        await env.watch(DONE.id)
        (post,) = await env.posts()
    assert post["attachments"] == []
    assert "Download 1" in links(post)
    assert not _songs_fetched(env)


async def test_links_come_at_once_also_of_songs_that_the_bot_cannot_fetch(env: Env) -> None:
    env.gateway.add(DONE)
    env.gateway.media_faults.append(Fault(403, path="audio"))
    async with env.bot():
        await _links_only(env)
        await env.watch(DONE.id)
        (post,) = await env.posts()
    assert {"Download 1", "Download 2"} <= links(post).keys()
    assert "no usable audio" not in post["content"]


async def test_a_song_without_an_address_is_waited_for_where_only_links_are_wanted(env: Env) -> None:
    env.gateway.add(FakeTask("task_late", songs=(Song(ONE.clip_id, "Late", audio_url=""),)))
    async with env.bot():
        await _links_only(env)
        await env.watch("task_late")
        await env.settle_down(1)
        assert env.posted() == []
        env.gateway.add(FakeTask("task_late", songs=(ONE,)))
        await env.clock.advance(AUDIO_NOTICE - 10, step=5)
        (post,) = await env.posts()
    assert links(post).keys() >= {"Download"}
    assert not _songs_fetched(env)


async def test_long_lyrics_are_attached_also_where_songs_are_links(env: Env) -> None:
    env.gateway.add(FakeTask("task_long", text="A line of many\n" * 600, title="Long"))
    async with env.bot():
        await _links_only(env)
        await env.watch("task_long")
        (post,) = await env.posts()
    assert [each["filename"] for each in post["attachments"]] == ["Long-lyrics.txt"]


async def _links_only(env: Env) -> None:
    panel = await admin(env, "setup")
    await env.ada.press(panel, "Switch between files and links")
    await env.discord.hub.until(lambda: "links only" in words(panel))


def _songs_fetched(env: Env) -> list[str]:
    return [each.path for each in env.gateway.media_requests if "audio" in each.path]


async def test_missing_permissions_are_listed_by_channel(env: Env, guild: dict[str, Any]) -> None:
    closed = env.discord.changes.add_channel(guild, "closed")
    env.discord.changes.override(closed, guild["roles"][0], deny=Permission.SEND_MESSAGES)
    async with env.bot():
        every = await admin(env, "check")
        one = await admin(env, "check", channel=closed)
    assert f"⚠️ <#{closed['id']}>: **Send Messages** (denied to @everyone in that channel)" in every["content"]
    assert "I have every permission I need in one channel" in every["content"]
    assert "Send Messages" in one["content"]


async def test_as_many_channels_as_fit_and_how_many_more(env: Env, guild: dict[str, Any]) -> None:
    for number in range(60):
        closed = env.discord.changes.add_channel(guild, f"closed-{number}")
        env.discord.changes.override(closed, guild["roles"][0], deny=Permission.SEND_MESSAGES)
    async with env.bot():
        lines = (await admin(env, "check"))["content"].split("\n")
    *lacking, more, good = lines
    assert all(each.startswith("⚠️ <#") and each.endswith("in that channel)") for each in lacking)
    assert f"{60 - len(lacking)} more channels are missing something" in more
    assert "I have every permission I need in one channel" in good


@pytest.mark.parametrize("kind", [VOICE, STAGE])
async def test_the_chat_of_a_voice_channel_is_a_channel(env: Env, guild: dict[str, Any], kind: int) -> None:
    env.gateway.add(DONE)
    voice = env.discord.world.add_channel(guild, "Lounge", kind)
    voice |= {"bitrate": 64_000, "user_limit": 0}
    env.discord.changes.override(voice, guild["roles"][0], deny=Permission.ATTACH_FILES)
    async with env.bot():
        answer = await env.watch(DONE.id, at=voice)
        again = await env.finished(await env.ada.press(answer, "Check again"))
        every = await admin(env, "check")
        env.discord.changes.override(voice, guild["roles"][0])
        now = await env.says(lambda: _again(env, answer), "I have every permission I need")
        panel = await env.finished(await env.ada.slash(voice, "suno-admin setup"))
        tested = await env.finished(await env.ada.press(panel, "Send a test post"))
    assert f"I can't post properly in <#{voice['id']}>: I'm missing **Attach Files**" in again["content"]
    assert f"⚠️ <#{voice['id']}>: **Attach Files**" in every["content"]
    assert "What was waiting is on its way" in now["content"]
    assert f"The test post is in <#{voice['id']}>" in tested["content"]


async def _again(env: Env, answer: dict[str, Any]) -> dict[str, Any]:
    return await env.finished(await env.ada.press(answer, "Check again"))


def refuse_all(env: Env) -> None:
    """Every form of a post, however often it is tried; DMs still work."""
    env.discord.faults.fail(rf"^/channels/{env.channel['id']}/messages$", 400, 50035, times=1_000)


async def test_a_list_whose_last_page_is_empty_by_now_shows_the_one_before(env: Env) -> None:
    fakes = [FakeTask(f"task_{number:04}", songs=(ONE,)) for number in range(6)]
    env.gateway.add(*fakes)
    refuse_all(env)
    async with env.bot():
        await env.watch(*(fake.id for fake in fakes))
        shown = await env.says(lambda: admin(env, "deliveries", state="failed"), "6 posts")
        await env.changed(await env.ada.press(shown, "➡️"))
        assert buttons(shown) == ["Retry", "Drop"]
        await env.ada.press(shown, "Drop")
        await env.discord.hub.until(lambda: "5 posts" in words(shown))
    assert buttons(shown) == ["Retry", "Drop"] * 5


async def test_waiting_deliveries_can_be_retried_or_dropped(env: Env) -> None:
    env.gateway.add(DONE, FakeTask("task_other", songs=(ONE,)))
    refuse_all(env)
    async with env.bot():
        await env.watch(DONE.id, "task_other")
        shown = await env.says(lambda: admin(env, "deliveries", state="failed"), "2 posts", "400 50035")
        env.discord.faults.clear()
        await env.ada.press(shown, "Retry")
        (post,) = await env.posts()
        await env.settle_down()
        shown = await admin(env, "deliveries", state="failed")
        await env.ada.press(shown, "Drop")
        await env.discord.hub.until(lambda: "No such posts" in words(shown))
        sent = await admin(env, "deliveries", state="sent")
    assert post["attachments"]
    assert "4 posts" in words(sent), "two were sent or dropped, and two notices were sent"
    assert buttons(sent) == []


async def test_why_a_post_waits_is_said_until_it_is_sent(env: Env) -> None:
    env.gateway.add(DONE)
    env.discord.faults.fail(r"^/channels/\d+/messages$", 503, times=1_000)
    async with env.bot():
        await env.watch(DONE.id)
        waiting = await env.says(lambda: admin(env, "deliveries"), "One post", "503 0 503")
        env.discord.faults.clear()
        await env.clock.advance(60, step=5)
        await env.posts()
        sent = await env.says(lambda: admin(env, "deliveries", state="sent"), "One post")
    assert "⏳" in words(waiting)
    assert "503 0 503" not in words(sent)


async def test_why_a_post_waits_is_said_in_the_managers_language(
    env: Env, guild: dict[str, Any], tmp_path: Path
) -> None:
    chen = env.discord.world.add_user("Chen", locale="zh-CN")
    managers = env.discord.world.add_role(guild, "managers", Permission.MANAGE_GUILD)
    env.discord.world.add_member(guild, chen, managers)
    quiet = env.discord.changes.add_channel(guild, "quiet")
    env.discord.changes.override(quiet, guild["roles"][0], deny=Permission.SEND_MESSAGES)
    env.gateway.add(DONE, FakeTask("task_mute", songs=(replace(ONE, clip_id="clip-mute"),)))
    env.gateway.media_faults.append(Fault(403, path="audio.*mute"))
    async with env.bot():
        await env.watch(DONE.id, channel=quiet)
        await env.watch("task_mute")
        await env.discord.hub.until(lambda: rows(tmp_path, "deliveries WHERE parked OR state = 'blocked'") == 2)
        shown = words(await env.finished(await env.discord.person(chen).slash(env.channel, "suno-admin deliveries")))
    assert "缺少权限 · **发送消息**（该频道对 @everyone 禁止了此权限）" in shown
    assert "等待中 · 网关暂无可用音频" in shown


async def test_posts_behind_a_dropped_one_are_sent_at_once(env: Env) -> None:
    env.gateway.add(DONE, FakeTask("task_other", songs=(ONE,)))
    env.discord.faults.fail(r"^/channels/\d+/messages$", 403, 50013, times=1)
    async with env.bot():
        await env.watch("task_other", DONE.id)
        await env.posts(at=env.discord.world.dm_with(env.ada.user))  # which tells of it
        shown = await env.says(lambda: admin(env, "deliveries", state="blocked"), "One post")
        await env.ada.press(shown, "Drop")
        (post,) = await env.posts()
    assert post["attachments"]


async def test_posts_are_held_and_sent_again(env: Env) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        held = await admin(env, "pause")
        watched = await env.watch(DONE.id)
        assert "Posting in this server is on hold" in watched["content"]
        await env.settle_down(1)
        assert env.posted() == []
        assert "Posting in this server is on hold" in words(await admin(env, "setup"))
        await admin(env, "resume")
        (post,) = await env.posts()
    assert "Nothing is lost" in held["content"]
    assert len(post["attachments"]) == 2


async def test_a_paused_server_is_shown_as_paused_in_its_lists(env: Env) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        await admin(env, "pause")
        await env.watch(DONE.id)
        held = await env.says(lambda: admin(env, "deliveries"), "One post")
        none = await admin(env, "deliveries", state="failed")
        asked = await env.ada.slash(env.channel, "suno-admin watches")
        (notice,) = await env.discord.hub.until(lambda: asked.follow_ups)
        await admin(env, "resume")
        await env.posts()
        after = await admin(env, "deliveries", state="sent")
    for each in (held, none, notice):
        assert "Posting in this server is on hold. Use /suno-admin resume" in words(each)
    assert "Posting in this server is on hold" not in words(after)


async def test_a_choice_that_is_no_number_changes_nothing(env: Env) -> None:
    async with env.bot():
        panel = await admin(env, "setup")
        await choose(env, panel, "channel", env.channel["id"])
        for odd in ("x", "", "9" * 70, "٣", "-1"):
            chosen = await forged.choose(env.ada, panel, "p1:channel", [odd])
            await env.changed(chosen)
            assert not chosen.follow_ups
        again = await admin(env, "setup")
    picker = next(each for each in components(again) if each.get("custom_id") == "p1:channel")
    assert [str(each["id"]) for each in picker["default_values"]] == [env.channel["id"]]


async def test_faults_are_reported_in_the_channel_that_the_server_chose(env: Env, guild: dict[str, Any]) -> None:
    env.gateway.add(SOON)
    staff = env.discord.changes.add_channel(guild, "staff")
    async with env.bot(**FAST):
        panel = await admin(env, "setup")
        await choose(env, panel, "errors", staff["id"])
        await env.watch(SOON.id, person=env.ben)  # who reads Chinese; the server does not
        env.discord.changes.override(env.channel, guild["roles"][0], deny=Permission.SEND_MESSAGES)
        await env.finish()
        (notice,) = await env.posts(at=staff)
    assert f"Something couldn't be posted in <#{env.channel['id']}>" in notice["content"]


async def test_another_servers_posts_cannot_be_touched(env: Env) -> None:
    """A custom_id can be forged, so its delivery is searched only in the server where it was pressed."""
    world = env.discord.world
    env.gateway.add(DONE)
    env.discord.faults.fail(r"^/channels/\d+/messages$", 400, 12345, times=1)
    evil = world.add_user("Eve")
    other = world.add_guild("Other", owner=evil)
    place = world.add_channel(other, "lair")
    async with env.bot():
        await env.watch(DONE.id)
        mine = await env.says(lambda: admin(env, "deliveries"), "400 12345")
        button = next(each for each in components(mine) if each.get("label") == "Drop")
        eve = env.discord.person(evil)
        hers = await env.finished(await eve.slash(place, "suno-admin deliveries"))
        await forged.press(eve, hers, button["custom_id"])
        await env.settle_down(0.3)
        assert "One post" in words(await admin(env, "deliveries"))
