"""Songs into a forum channel: a post for each, with its style as tags, and each once though posts have no nonce."""

from typing import Any

import pytest

from bot.domain.delivery import AUDIO_NOTICE
from sandbox.local_discord.faults import Fault as DiscordFault
from sandbox.local_discord.people import components
from sandbox.local_discord.permissions import Permission
from sandbox.local_discord.world import FORUM, REQUIRE_TAG
from sandbox.local_gateway.life import Life, Song
from sandbox.local_gateway.server import Fault
from sandbox.local_gateway.songs import audio
from tests.conftest import Town
from tests.e2e.test_watch import DONE, ONE, TWO, WORDS, files
from tests.messages import words

Object = dict[str, Any]

THREADS = r"^/channels/\d+/threads$"
_OFTEN = 1_000_000  # times
SLOW = Life("44444444-2222-4333-8444-555555555555", songs=(ONE,), states=((0, "running"), (600, "done")))


@pytest.fixture
def guild(town: Town) -> Object:
    found = town.discord.world.guild_of(town.channel)
    assert found
    return found


@pytest.fixture
def forum(town: Town, guild: Object) -> Object:
    return town.discord.world.add_channel(guild, "song-box", FORUM)


def threads(town: Town, forum: Object) -> list[Object]:
    return [each for each in town.discord.world.channels.values() if each.get("parent_id") == forum["id"]]


async def opened(town: Town, forum: Object, count: int = 1) -> list[Object]:
    """The posts, as soon as there are so many."""
    await town.discord.hub.until(lambda: len(threads(town, forum)) >= count)
    return threads(town, forum)


def first_of(town: Town, thread: Object) -> Object:
    message: Object = town.discord.world.messages[thread["id"]][thread["id"]]
    return message


def tags_of(forum: Object, thread: Object) -> list[str]:
    names = {tag["id"]: tag["name"] for tag in forum["available_tags"]}
    return [names[each] for each in thread["applied_tags"]]


async def test_each_song_of_a_task_has_a_post_of_its_own(town: Town, forum: Object) -> None:
    town.gateway.add(DONE)
    async with town.bot():
        answer = await town.watch(DONE.id, channel=forum, mention=town.ada.user)
        posts = await opened(town, forum, 2)
        await town.settle_down()
    assert threads(town, forum) == posts
    assert "already finished" in answer["content"]
    assert f"/{forum['guild_id']}/" in answer["content"], "with a link to its post"
    assert [each["name"] for each in posts] == ["Harbour Lights (1)", "Harbour Lights (2)"]
    for thread, song in zip(posts, (ONE, TWO), strict=True):
        message = first_of(town, thread)
        assert files(town, message) == [audio(song.sound, song.duration)[0]]
        assert [user["id"] for user in message["mentions"]] == [town.ada.id]


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("slow JAZZ, piano", ["jazz", "piano"]),
        ("hip hop", ["Hip-Hop"]),
        ("jazzy, acid", []),
        ("轻快民谣，吉他", ["民谣"]),
        ("", []),
        ("piano, jazz, hip-hop, pop, rock, folk", ["piano", "jazz", "Hip-Hop", "pop", "rock"]),
        ("spotlight", []),
    ],
)
async def test_the_style_becomes_tags(town: Town, forum: Object, style: str, expected: list[str]) -> None:
    world = town.discord.world
    for name in ("jazz", "Hip-Hop", "民谣", "folk", "rock", "pop", "piano", "other"):
        world.add_tag(forum, name)
    world.add_tag(forum, "spotlight", moderated=True)
    song = Song(ONE.clip_id, "Harbour Lights", style, duration=3.0)
    town.gateway.add(Life(DONE.id, songs=(song,)))
    async with town.bot():
        await town.watch(DONE.id, channel=forum)
        (post,) = await opened(town, forum)
    assert tags_of(forum, post) == expected
    assert post["name"] == "Harbour Lights"


@pytest.mark.parametrize(
    ("names", "expected"), [(["jazz", "rock"], "jazz"), (["rock", "Other"], "Other"), (["rock", "folk"], "rock")]
)
async def test_where_a_tag_is_required_there_is_one(town: Town, forum: Object, names: list[str], expected: str) -> None:
    town.gateway.add(Life(DONE.id, songs=(ONE,)))
    forum["flags"] = REQUIRE_TAG
    town.discord.world.add_tag(forum, "announcement", moderated=True)
    for name in names:
        town.discord.world.add_tag(forum, name)
    async with town.bot():
        await town.watch(DONE.id, channel=forum)
        (post,) = await opened(town, forum)
    assert tags_of(forum, post) == [expected]


async def test_a_forum_whose_tags_are_all_for_moderators_waits_for_one_and_says_so(
    town: Town, guild: Object, forum: Object
) -> None:
    town.gateway.add(Life(DONE.id, songs=(ONE,)))
    forum["flags"] = REQUIRE_TAG
    town.discord.world.add_tag(forum, "jazz", moderated=True)
    async with town.bot():
        answer = await town.watch(DONE.id, channel=forum)
        assert "Manage Threads" in answer["content"]
        (told,) = await town.posts(at=town.discord.world.dm_with(town.ada.user))
        assert f"<#{forum['id']}>" in told["content"]
        role = guild["roles"][0]
        town.discord.changes.override(forum, role, allow=Permission.MANAGE_THREADS)
        await town.clock.pass_(30, step=5)
        (post,) = await opened(town, forum)
    assert tags_of(forum, post) == ["jazz"]


async def test_a_forum_in_which_the_bot_may_not_post_is_waited_for(town: Town, guild: Object, forum: Object) -> None:
    town.gateway.add(Life(DONE.id, songs=(ONE,)))
    role = guild["roles"][0]
    async with town.bot():
        town.discord.changes.override(forum, role, deny=Permission.SEND_MESSAGES)
        town.discord.changes.override(forum, town.ada.user, allow=Permission.SEND_MESSAGES)
        answer = await town.watch(DONE.id, channel=forum)
        assert "**Create Posts** (denied to @everyone in that channel)" in answer["content"]
        await town.posts(at=town.discord.world.dm_with(town.ada.user))
        assert threads(town, forum) == []
        town.discord.changes.override(forum, role)
        await town.clock.pass_(30, step=5)
        assert len(await opened(town, forum)) == 1


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("*Harbour* _Lights_ `1`", "*Harbour* _Lights_ `1`"),
        ("Two\nlines", "Two lines"),
        ("\u200b\n", DONE.id),
        ("很长" * 200, "很长" * 39 + "很…"),
    ],
)
async def test_a_post_is_named_after_its_song(town: Town, forum: Object, title: str, name: str) -> None:
    town.gateway.add(Life(DONE.id, songs=(Song(ONE.clip_id, title, duration=3.0),)))
    async with town.bot():
        await town.watch(DONE.id, channel=forum)
        (post,) = await opened(town, forum)
    assert post["name"] == name


@pytest.mark.parametrize("status", [0, 500, 502, 503, 504])
async def test_an_answer_that_is_lost_makes_no_second_post(town: Town, forum: Object, status: int) -> None:
    """discord.py itself would ask again."""
    town.gateway.add(Life(DONE.id, songs=(ONE,)))
    town.discord.faults.order(DiscordFault(THREADS, status, method="POST", after=True))
    async with town.bot():
        await town.watch(DONE.id, channel=forum)
        await opened(town, forum)
        await town.clock.pass_(60, step=5)
        await town.says(town.watches, "You aren't watching any tasks")
    assert len(threads(town, forum)) == 1
    asked = [each for each in town.discord.requests if each.method == "POST" and each.path.endswith("/threads")]
    assert len(asked) == 1


@pytest.mark.parametrize("archived", [False, True])
async def test_a_restart_while_discord_answers(town: Town, forum: Object, *, archived: bool) -> None:
    """The post is found among the active ones or the archived ones, between others of ours and of people."""
    town.gateway.add(Life(DONE.id, songs=(ONE,)), WORDS)
    async with town.bot():
        await town.watch(WORDS.id, channel=forum)
        await opened(town, forum)
        town.discord.changes.add_thread(forum, "Harbour Lights")
        town.discord.faults.order(DiscordFault(THREADS, 200, method="POST", delay=30, after=True))
        await town.watch(DONE.id, channel=forum)
        post = (await opened(town, forum, 3))[-1]
    if archived:
        for thread in threads(town, forum):
            town.discord.changes.archive(thread, locked=False)
    town.clock.jump(3_600)
    async with town.bot():
        await town.says(town.watches, "You aren't watching any tasks")
        await town.settle_down()
    assert len(threads(town, forum)) == 3
    assert files(town, first_of(town, post)) == [audio(ONE.sound, ONE.duration)[0]]


async def test_a_post_that_is_made_some_seconds_after_its_request_was_cut_off(town: Town, forum: Object) -> None:
    town.gateway.add(Life(DONE.id, songs=(ONE,)))
    town.discord.faults.order(DiscordFault(THREADS, 0, method="POST"))
    async with town.bot():
        await town.watch(DONE.id, channel=forum)
        cut = await town.discord.hub.until(
            lambda: next((each for each in town.discord.requests if each.path.endswith("/threads")), None)
        )
        await town.clock.pass_(8, step=1)
        await town.discord.rest.carry_out(cut, {})
        await town.clock.pass_(60, step=5)
        await town.says(town.watches, "You aren't watching any tasks")
    assert len(threads(town, forum)) == 1


async def test_one_that_did_not_arrive_is_made_anew(town: Town, forum: Object) -> None:
    town.gateway.add(Life(DONE.id, songs=(ONE,)))
    town.discord.faults.order(DiscordFault(THREADS, 0, method="POST"))
    async with town.bot():
        await town.watch(DONE.id, channel=forum)
        await town.discord.hub.until(lambda: any(each.path.endswith("/threads") for each in town.discord.requests))
        await town.clock.pass_(60, step=5)
        assert len(await opened(town, forum)) == 1
        await town.says(town.watches, "You aren't watching any tasks")


async def test_without_read_message_history_nothing_is_posted_twice(town: Town, guild: Object, forum: Object) -> None:
    """Whether it arrived cannot be known: it waits until that can be."""
    town.gateway.add(Life(DONE.id, songs=(ONE,)))
    town.discord.faults.order(DiscordFault(THREADS, 0, method="POST", after=True))
    role = guild["roles"][0]
    async with town.bot():
        town.discord.changes.override(forum, role, deny=Permission.READ_MESSAGE_HISTORY)
        await town.watch(DONE.id, channel=forum)
        await opened(town, forum)
        await town.clock.pass_(60, step=5)
        await town.posts(at=town.discord.world.dm_with(town.ada.user))
        town.discord.changes.override(forum, role)
        await town.clock.pass_(60, step=5)
        await town.says(town.watches, "You aren't watching any tasks")
    assert len(threads(town, forum)) == 1


async def test_a_refused_form_is_made_simpler_and_too_many_requests_are_waited_for(town: Town, forum: Object) -> None:
    town.gateway.add(Life(DONE.id, songs=(ONE,)))
    town.discord.faults.rate_limit(THREADS, 0.01)
    town.discord.faults.fail(THREADS, 400, 400001, times=_OFTEN, when=lambda asked: bool(asked.uploads))
    async with town.bot():
        await town.watch(DONE.id, channel=forum)
        (post,) = await opened(town, forum)
    assert first_of(town, post)["attachments"] == []
    assert "Download" in str(components(first_of(town, post)))


async def test_whenever_files_come_along_it_fails_and_so_it_goes_without(town: Town, forum: Object) -> None:
    town.gateway.add(Life(DONE.id, songs=(ONE,)))
    town.discord.faults.fail(THREADS, 504, times=_OFTEN, when=lambda asked: bool(asked.uploads))
    async with town.bot():
        await town.watch(DONE.id, channel=forum)
        await town.clock.pass_(600, step=5)
        (post,) = await opened(town, forum)
        await town.says(town.watches, "You aren't watching any tasks")
    assert first_of(town, post)["attachments"] == []
    assert len(threads(town, forum)) == 1


async def test_a_forum_that_is_deleted(town: Town, forum: Object) -> None:
    town.gateway.add(SLOW)
    async with town.bot():
        await town.watch(SLOW.id, channel=forum)
        town.discord.changes.delete_channel(forum)
        await town.clock.pass_(660, step=5)
        (post,) = await town.posts(at=town.discord.world.dm_with(town.ada.user))
    assert len(post["attachments"]) == 1


async def test_a_live_card_is_a_post_that_is_kept_and_leads_to_the_song(town: Town, forum: Object) -> None:
    """Also when Discord has archived it meanwhile, as nobody wrote there."""
    town.gateway.add(SLOW)
    async with town.bot():
        await town.watch(SLOW.id, channel=forum, live=True)
        (card,) = await opened(town, forum)
        assert card["name"].startswith("⏳ ")
        town.discord.changes.archive(card, locked=False)
        await town.clock.pass_(660, step=5)
        _, post = await opened(town, forum, 2)
        await town.discord.hub.until(lambda: "Here is the result" in words(first_of(town, card)))
    link = f"https://discord.com/channels/{forum['guild_id']}/{post['id']}"
    assert link in words(first_of(town, card))
    assert f"{forum['id']}/" not in words(first_of(town, card))


async def test_what_is_said_on_the_way_goes_into_the_live_post(town: Town, forum: Object) -> None:
    town.gateway.add(Life(DONE.id, songs=(ONE,), states=((0, "running"), (30, "done"))))
    town.gateway.media_faults.append(Fault(404, b"", times=_OFTEN, path="audio"))
    async with town.bot():
        await town.watch(DONE.id, channel=forum, live=True)
        (card,) = await opened(town, forum)
        await town.clock.pass_(AUDIO_NOTICE + 120, step=5)
        await town.posts(2, at=card)
    assert threads(town, forum) == [card]


async def test_a_forum_is_chosen_checked_and_tried_out(town: Town, guild: Object, forum: Object) -> None:
    town.gateway.add(Life(DONE.id, songs=(ONE,)))
    forum["flags"] = REQUIRE_TAG
    town.discord.world.add_tag(forum, "jazz")
    async with town.bot():
        setup = await town.ada.slash(town.channel, "suno-admin setup")
        panel = await town.finished(setup)
        select = next(each for each in components(panel) if each["type"] == 8)
        assert FORUM in select["channel_types"]
        await town.changed(await town.ada.select(panel, select["custom_id"], [forum["id"]]))
        tested = await town.finished(await town.ada.press(panel, "Send a test post"))
        assert f"<#{forum['id']}>" in tested["content"]
        (test,) = threads(town, forum)
        assert tags_of(forum, test) == ["jazz"]
        await town.watch(DONE.id)
        await opened(town, forum, 2)
        town.discord.changes.override(forum, guild["roles"][0], deny=Permission.SEND_MESSAGES)
        checked = await town.finished(await town.ada.slash(town.channel, "suno-admin check"))
        assert f"<#{forum['id']}>: **Create Posts**" in checked["content"]
