"""/suno-admin: for who manages a server, and nobody else."""

from typing import Any

import pytest

from bot.domain.delivery import AUDIO_NOTICE
from sandbox.local_discord.interactions import Interaction
from sandbox.local_discord.people import Person, components
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.life import Life, Song
from sandbox.local_gateway.server import Fault
from tests import forged
from tests.conftest import Town
from tests.e2e.test_watch import DONE, FAST, ONE, SOON
from tests.messages import buttons, links, words

VOICE, STAGE = 2, 13  # types of channels


@pytest.fixture
def guild(town: Town) -> dict[str, Any]:
    found = town.discord.world.guild_of(town.channel)
    assert found
    return found


async def admin(town: Town, command: str, **options: Any) -> dict[str, Any]:
    return await town.finished(await town.ada.slash(town.channel, f"suno-admin {command}", **options))


async def choose(town: Town, panel: dict[str, Any], about: str, *values: str) -> None:
    await town.changed(await town.ada.select(panel, f"p1:{about}", values))


async def test_only_those_who_manage_the_server_are_offered_it(town: Town) -> None:
    async with town.bot():
        with pytest.raises(LookupError):
            await town.ben.slash(town.channel, "suno-admin setup")
        panel = await admin(town, "setup")
        pressed = await _press(town.ben, panel, "Switch between files and links")
        await town.discord.hub.until(lambda: pressed.follow_ups)
    assert "只有发起人" in pressed.follow_ups[0]["content"]


async def _press(person: Person, message: dict[str, Any], label: str) -> Any:
    button = next(each for each in components(message) if each.get("label") == label)
    return await person.use(message, button["custom_id"])


async def test_a_default_channel_and_a_test_post(town: Town, guild: dict[str, Any]) -> None:
    town.gateway.add(SOON)
    releases = town.discord.changes.add_channel(guild, "releases")
    async with town.bot():
        panel = await admin(town, "setup")
        await choose(town, panel, "channel", releases["id"])
        tested = await town.finished(await town.ada.press(panel, "Send a test post"))
        answer = await town.watch(SOON.id, person=town.ben)
        await town.finish()
        test, post = await town.posts(2, at=releases)
    assert f"The test post is in <#{releases['id']}>" in tested["content"]
    assert "This is a test post" in test["content"]
    assert f"<#{releases['id']}>" in answer["content"]
    assert len(post["attachments"]) == 2


async def test_the_language_of_public_posts(town: Town) -> None:
    town.gateway.add(DONE)
    async with town.bot():
        panel = await admin(town, "setup")
        await town.changed(await town.ada.press(panel, "简体中文"))
        await town.watch(DONE.id)
        (post,) = await town.posts()
    assert post["content"].startswith("🎵 **Harbour Lights** 已生成\n")


async def test_only_some_roles_may_watch(town: Town, guild: dict[str, Any]) -> None:
    role = town.discord.world.add_role(guild, "Singers")
    async with town.bot():
        panel = await admin(town, "setup")
        await choose(town, panel, "roles", role["id"])
        refused = await town.watch("task_abcd", person=town.ben)
        member = town.discord.world.member(guild, town.ben.id)
        assert member
        member["roles"].append(role["id"])
        allowed = await town.watch("task_abcd", person=town.ben)
        hers = await town.watch("task_efgh")
    assert "只允许部分身份组关注任务" in refused["content"]
    assert "已关注" in allowed["content"]
    assert "Watching" in hers["content"], "who manages the server always may"


async def test_a_limit_of_the_servers_own(town: Town) -> None:
    async with town.bot():
        panel = await admin(town, "setup")
        await _limit(town, panel, "１")
        await town.discord.hub.until(lambda: "Watches per person: 1" in words(panel))
        answer = await town.watch("task_0001", "task_0002")
        odd = await _limit(town, panel, "a few")
        await town.discord.hub.until(lambda: odd.message)
        again = await admin(town, "setup")
        await _limit(town, panel, "")
        await town.discord.hub.until(lambda: "Watches per person: as many" in words(panel))
    assert "you're watching 1 of 1." in answer["content"]
    assert odd.message
    assert "`a few` isn't a whole number" in odd.message["content"]
    assert "Watches per person: 1" in words(again)


async def _limit(town: Town, panel: dict[str, Any], typed: str) -> Interaction:
    opened = await town.ada.press(panel, "Set the limit")
    assert opened.modal
    text = opened.modal["components"][0]["component"]["custom_id"]
    sent = [{"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": text, "value": typed}}]
    return await town.ada.submit(opened, sent)


async def test_links_instead_of_files(town: Town) -> None:
    town.gateway.add(DONE)
    async with town.bot():
        await _links_only(town)
        await town.watch(DONE.id)
        (post,) = await town.posts()
    assert post["attachments"] == []
    assert "Download 1" in links(post)
    assert not _songs_fetched(town)


async def test_links_come_at_once_also_of_songs_that_the_bot_cannot_fetch(town: Town) -> None:
    town.gateway.add(DONE)
    town.gateway.media_faults.append(Fault(403, path="audio"))
    async with town.bot():
        await _links_only(town)
        await town.watch(DONE.id)
        (post,) = await town.posts()
    assert {"Download 1", "Download 2"} <= links(post).keys()
    assert "no usable audio" not in post["content"]


async def test_a_song_without_an_address_is_waited_for_where_only_links_are_wanted(town: Town) -> None:
    town.gateway.add(Life("task_late", songs=(Song(ONE.clip_id, "Late", audio_url=""),)))
    async with town.bot():
        await _links_only(town)
        await town.watch("task_late")
        await town.settle_down(1)
        assert town.posted() == []
        town.gateway.add(Life("task_late", songs=(ONE,)))
        await town.clock.pass_(AUDIO_NOTICE - 10, step=5)
        (post,) = await town.posts()
    assert links(post).keys() >= {"Download"}
    assert not _songs_fetched(town)


async def test_long_lyrics_are_attached_also_where_songs_are_links(town: Town) -> None:
    town.gateway.add(Life("task_long", text="A line of many\n" * 600, title="Long"))
    async with town.bot():
        await _links_only(town)
        await town.watch("task_long")
        (post,) = await town.posts()
    assert [each["filename"] for each in post["attachments"]] == ["Long-lyrics.txt"]


async def _links_only(town: Town) -> None:
    panel = await admin(town, "setup")
    await town.ada.press(panel, "Switch between files and links")
    await town.discord.hub.until(lambda: "links only" in words(panel))


def _songs_fetched(town: Town) -> list[str]:
    return [each.path for each in town.gateway.media_requests if "audio" in each.path]


async def test_what_is_missing_where(town: Town, guild: dict[str, Any]) -> None:
    closed = town.discord.changes.add_channel(guild, "closed")
    town.discord.changes.override(closed, guild["roles"][0], deny=Permission.SEND_MESSAGES)
    async with town.bot():
        every = await admin(town, "check")
        one = await admin(town, "check", channel=closed)
    assert f"⚠️ <#{closed['id']}>: **Send Messages** (denied to @everyone in that channel)" in every["content"]
    assert "I have every permission I need in one channel" in every["content"]
    assert "Send Messages" in one["content"]


async def test_as_many_channels_as_fit_and_how_many_more(town: Town, guild: dict[str, Any]) -> None:
    for number in range(60):
        closed = town.discord.changes.add_channel(guild, f"closed-{number}")
        town.discord.changes.override(closed, guild["roles"][0], deny=Permission.SEND_MESSAGES)
    async with town.bot():
        lines = (await admin(town, "check"))["content"].split("\n")
    *lacking, more, good = lines
    assert all(each.startswith("⚠️ <#") and each.endswith("in that channel)") for each in lacking)
    assert f"{60 - len(lacking)} more channels are missing something" in more
    assert "I have every permission I need in one channel" in good


@pytest.mark.parametrize("kind", [VOICE, STAGE])
async def test_the_chat_of_a_voice_channel_is_a_channel(town: Town, guild: dict[str, Any], kind: int) -> None:
    town.gateway.add(DONE)
    voice = town.discord.world.add_channel(guild, "Lounge", kind)
    voice |= {"bitrate": 64_000, "user_limit": 0}
    town.discord.changes.override(voice, guild["roles"][0], deny=Permission.ATTACH_FILES)
    async with town.bot():
        answer = await town.watch(DONE.id, at=voice)
        again = await town.finished(await town.ada.press(answer, "Check again"))
        every = await admin(town, "check")
        town.discord.changes.override(voice, guild["roles"][0])
        now = await town.says(lambda: _again(town, answer), "I have every permission I need")
        panel = await town.finished(await town.ada.slash(voice, "suno-admin setup"))
        tested = await town.finished(await town.ada.press(panel, "Send a test post"))
    assert f"I can't post properly in <#{voice['id']}>: I'm missing **Attach Files**" in again["content"]
    assert f"⚠️ <#{voice['id']}>: **Attach Files**" in every["content"]
    assert "What was waiting is on its way" in now["content"]
    assert f"The test post is in <#{voice['id']}>" in tested["content"]


async def _again(town: Town, answer: dict[str, Any]) -> dict[str, Any]:
    return await town.finished(await town.ada.press(answer, "Check again"))


def refuse_all(town: Town) -> None:
    """In every form, and as often as it is tried; people can be told by DM."""
    town.discord.faults.fail(rf"^/channels/{town.channel['id']}/messages$", 400, 50035, times=1_000)


async def test_a_list_whose_last_page_is_empty_by_now_shows_the_one_before(town: Town) -> None:
    lives = [Life(f"task_{number:04}", songs=(ONE,)) for number in range(6)]
    town.gateway.add(*lives)
    refuse_all(town)
    async with town.bot():
        await town.watch(*(life.id for life in lives))
        shown = await town.says(lambda: admin(town, "deliveries", state="failed"), "6 posts")
        await town.changed(await town.ada.press(shown, "▶️"))
        assert buttons(shown) == ["Retry", "Drop"]
        await town.ada.press(shown, "Drop")
        await town.discord.hub.until(lambda: "5 posts" in words(shown))
    assert buttons(shown) == ["Retry", "Drop"] * 5


async def test_what_waits_can_be_retried_or_dropped(town: Town) -> None:
    town.gateway.add(DONE, Life("task_other", songs=(ONE,)))
    refuse_all(town)
    async with town.bot():
        await town.watch(DONE.id, "task_other")
        shown = await town.says(lambda: admin(town, "deliveries", state="failed"), "2 posts", "400 50035")
        town.discord.faults.clear()
        await town.ada.press(shown, "Retry")
        (post,) = await town.posts()
        await town.settle_down()
        shown = await admin(town, "deliveries", state="failed")
        await town.ada.press(shown, "Drop")
        await town.discord.hub.until(lambda: "No such posts" in words(shown))
        sent = await admin(town, "deliveries", state="sent")
    assert post["attachments"]
    assert "4 posts" in words(sent), "two were sent or dropped, and of both it was told"
    assert buttons(sent) == []


async def test_why_a_post_waits_is_said_until_it_is_sent(town: Town) -> None:
    town.gateway.add(DONE)
    town.discord.faults.fail(r"^/channels/\d+/messages$", 503, times=1_000)
    async with town.bot():
        await town.watch(DONE.id)
        waiting = await town.says(lambda: admin(town, "deliveries"), "One post", "503 0 503")
        town.discord.faults.clear()
        await town.clock.pass_(60, step=5)
        await town.posts()
        sent = await town.says(lambda: admin(town, "deliveries", state="sent"), "One post")
    assert "⏳" in words(waiting)
    assert "503 0 503" not in words(sent)


async def test_what_was_behind_a_dropped_post_goes_at_once(town: Town) -> None:
    town.gateway.add(DONE, Life("task_other", songs=(ONE,)))
    town.discord.faults.fail(r"^/channels/\d+/messages$", 403, 50013, times=1)
    async with town.bot():
        await town.watch("task_other", DONE.id)
        await town.posts(at=town.discord.world.dm_with(town.ada.user))  # which tells of it
        shown = await town.says(lambda: admin(town, "deliveries", state="blocked"), "One post")
        await town.ada.press(shown, "Drop")
        (post,) = await town.posts()
    assert post["attachments"]


async def test_posts_are_held_and_sent_again(town: Town) -> None:
    town.gateway.add(DONE)
    async with town.bot():
        held = await admin(town, "pause")
        watched = await town.watch(DONE.id)
        assert "Posting in this server is on hold" in watched["content"]
        await town.settle_down(1)
        assert town.posted() == []
        assert "Posting in this server is on hold" in words(await admin(town, "setup"))
        await admin(town, "resume")
        (post,) = await town.posts()
    assert "Nothing is lost" in held["content"]
    assert len(post["attachments"]) == 2


async def test_a_server_that_holds_its_posts_is_told_so_where_it_looks_for_them(town: Town) -> None:
    town.gateway.add(DONE)
    async with town.bot():
        await admin(town, "pause")
        await town.watch(DONE.id)
        held = await town.says(lambda: admin(town, "deliveries"), "One post")
        none = await admin(town, "deliveries", state="failed")
        asked = await town.ada.slash(town.channel, "suno-admin watches")
        (told,) = await town.discord.hub.until(lambda: asked.follow_ups)
        await admin(town, "resume")
        await town.posts()
        after = await admin(town, "deliveries", state="sent")
    for each in (held, none, told):
        assert "Posting in this server is on hold. Use /suno-admin resume" in words(each)
    assert "Posting in this server is on hold" not in words(after)


async def test_a_choice_that_is_no_number_changes_nothing(town: Town) -> None:
    async with town.bot():
        panel = await admin(town, "setup")
        await choose(town, panel, "channel", town.channel["id"])
        for odd in ("x", "", "9" * 70, "٣", "-1"):
            chosen = await forged.choose(town.ada, panel, "p1:channel", [odd])
            await town.changed(chosen)
            assert not chosen.follow_ups
        again = await admin(town, "setup")
    picker = next(each for each in components(again) if each.get("custom_id") == "p1:channel")
    assert [str(each["id"]) for each in picker["default_values"]] == [town.channel["id"]]


async def test_faults_are_told_where_the_server_wants_it(town: Town, guild: dict[str, Any]) -> None:
    town.gateway.add(SOON)
    staff = town.discord.changes.add_channel(guild, "staff")
    async with town.bot(**FAST):
        panel = await admin(town, "setup")
        await choose(town, panel, "errors", staff["id"])
        await town.watch(SOON.id, person=town.ben)  # who reads Chinese; the server does not
        town.discord.changes.override(town.channel, guild["roles"][0], deny=Permission.SEND_MESSAGES)
        await town.finish()
        (told,) = await town.posts(at=staff)
    assert f"Something couldn't be posted in <#{town.channel['id']}>" in told["content"]


async def test_another_servers_posts_cannot_be_touched(town: Town) -> None:
    """A custom_id can be forged: what it names is looked for in the server of who presses."""
    world = town.discord.world
    town.gateway.add(DONE)
    town.discord.faults.fail(r"^/channels/\d+/messages$", 400, 12345, times=1)
    evil = world.add_user("Eve")
    other = world.add_guild("Other", owner=evil)
    place = world.add_channel(other, "lair")
    async with town.bot():
        await town.watch(DONE.id)
        mine = await town.says(lambda: admin(town, "deliveries"), "400 12345")
        button = next(each for each in components(mine) if each.get("label") == "Drop")
        eve = town.discord.person(evil)
        hers = await town.finished(await eve.slash(place, "suno-admin deliveries"))
        await forged.press(eve, hers, button["custom_id"])
        await town.settle_down(0.3)
        assert "One post" in words(await admin(town, "deliveries"))
