"""Songs into a forum channel: a post for each, with its style as tags, and each once though posts have no nonce."""

from typing import Any

import pytest

from bot.domain.delivery import AUDIO_NOTICE
from sandbox.local_discord.faults import Fault as DiscordFault
from sandbox.local_discord.people import components
from sandbox.local_discord.permissions import Permission
from sandbox.local_discord.world import FORUM, REQUIRE_TAG
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault
from sandbox.local_gateway.songs import audio
from tests.conftest import Env
from tests.messages import words
from tests.sample_tasks import DONE, ONE, TWO, WORDS

Object = dict[str, Any]

THREADS = r"^/channels/\d+/threads$"
_OFTEN = 1_000_000  # times
SLOW = FakeTask("44444444-2222-4333-8444-555555555555", songs=(ONE,), states=((0, "running"), (600, "done")))


@pytest.fixture
def forum(env: Env, guild: Object) -> Object:
    return env.discord.world.add_channel(guild, "song-box", FORUM)


def threads(env: Env, forum: Object) -> list[Object]:
    return [each for each in env.discord.world.channels.values() if each.get("parent_id") == forum["id"]]


async def opened(env: Env, forum: Object, count: int = 1) -> list[Object]:
    """The posts, as soon as there are so many."""
    await env.discord.hub.until(lambda: len(threads(env, forum)) >= count)
    return threads(env, forum)


def first_of(env: Env, thread: Object) -> Object:
    message: Object = env.discord.world.messages[thread["id"]][thread["id"]]
    return message


def tags_of(forum: Object, thread: Object) -> list[str]:
    names = {tag["id"]: tag["name"] for tag in forum["available_tags"]}
    return [names[each] for each in thread["applied_tags"]]


async def test_each_song_of_a_task_has_a_post_of_its_own(env: Env, forum: Object) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        answer = await env.watch(DONE.id, channel=forum, mention=env.ada.user)
        posts = await opened(env, forum, 2)
        await env.discord.hub.until(lambda: "already finished" in answer["content"])
        await env.settle_down()
    assert threads(env, forum) == posts
    assert f"/{forum['guild_id']}/" in answer["content"], "with a link to its post"
    assert [each["name"] for each in posts] == ["Harbour Lights (1)", "Harbour Lights (2)"]
    for thread, song in zip(posts, (ONE, TWO), strict=True):
        message = first_of(env, thread)
        assert env.files(message) == [audio(song.sound, song.duration)[0]]
        assert [user["id"] for user in message["mentions"]] == [env.ada.id]


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
async def test_the_style_becomes_tags(env: Env, forum: Object, style: str, expected: list[str]) -> None:
    world = env.discord.world
    for name in ("jazz", "Hip-Hop", "民谣", "folk", "rock", "pop", "piano", "other"):
        world.add_tag(forum, name)
    world.add_tag(forum, "spotlight", moderated=True)
    song = Song(ONE.clip_id, "Harbour Lights", style, duration=3.0)
    env.gateway.add(FakeTask(DONE.id, songs=(song,)))
    async with env.bot():
        await env.watch(DONE.id, channel=forum)
        (post,) = await opened(env, forum)
    assert tags_of(forum, post) == expected
    assert post["name"] == "Harbour Lights"


@pytest.mark.parametrize(
    ("names", "expected"), [(["jazz", "rock"], "jazz"), (["rock", "Other"], "Other"), (["rock", "folk"], "rock")]
)
async def test_a_forum_that_requires_a_tag_gets_one(env: Env, forum: Object, names: list[str], expected: str) -> None:
    env.gateway.add(FakeTask(DONE.id, songs=(ONE,)))
    forum["flags"] = REQUIRE_TAG
    env.discord.world.add_tag(forum, "announcement", moderated=True)
    for name in names:
        env.discord.world.add_tag(forum, name)
    async with env.bot():
        await env.watch(DONE.id, channel=forum)
        (post,) = await opened(env, forum)
    assert tags_of(forum, post) == [expected]


async def test_a_forum_whose_tags_are_all_for_moderators_waits_for_one_and_says_so(
    env: Env, guild: Object, forum: Object
) -> None:
    env.gateway.add(FakeTask(DONE.id, songs=(ONE,)))
    forum["flags"] = REQUIRE_TAG
    env.discord.world.add_tag(forum, "jazz", moderated=True)
    async with env.bot():
        answer = await env.watch(DONE.id, channel=forum)
        assert "Manage Threads" in answer["content"]
        (notice,) = await env.posts(at=env.discord.world.dm_with(env.ada.user))
        assert f"<#{forum['id']}>" in notice["content"]
        role = guild["roles"][0]
        env.discord.changes.override(forum, role, allow=Permission.MANAGE_THREADS)
        await env.clock.advance(30, step=5)
        (post,) = await opened(env, forum)
    assert tags_of(forum, post) == ["jazz"]


async def test_a_forum_in_which_the_bot_may_not_post_is_waited_for(env: Env, guild: Object, forum: Object) -> None:
    env.gateway.add(FakeTask(DONE.id, songs=(ONE,)))
    role = guild["roles"][0]
    async with env.bot():
        env.discord.changes.override(forum, role, deny=Permission.SEND_MESSAGES)
        env.discord.changes.override(forum, env.ada.user, allow=Permission.SEND_MESSAGES)
        answer = await env.watch(DONE.id, channel=forum)
        assert "**Create Posts** (denied to @everyone in that channel)" in answer["content"]
        await env.posts(at=env.discord.world.dm_with(env.ada.user))
        assert threads(env, forum) == []
        env.discord.changes.override(forum, role)
        await env.clock.advance(30, step=5)
        assert len(await opened(env, forum)) == 1


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("*Harbour* _Lights_ `1`", "*Harbour* _Lights_ `1`"),
        ("Two\nlines", "Two lines"),
        ("\u200b\n", DONE.id),
        ("很长" * 200, "很长" * 39 + "很…"),
    ],
)
async def test_a_post_is_named_after_its_song(env: Env, forum: Object, title: str, name: str) -> None:
    env.gateway.add(FakeTask(DONE.id, songs=(Song(ONE.clip_id, title, duration=3.0),)))
    async with env.bot():
        await env.watch(DONE.id, channel=forum)
        (post,) = await opened(env, forum)
    assert post["name"] == name


@pytest.mark.faults
@pytest.mark.parametrize("status", [0, 500, 502, 503, 504])
async def test_an_answer_that_is_lost_makes_no_second_post(env: Env, forum: Object, status: int) -> None:
    """discord.py itself would ask again."""
    env.gateway.add(FakeTask(DONE.id, songs=(ONE,)))
    env.discord.faults.order(DiscordFault(THREADS, status, method="POST", after=True))
    async with env.bot():
        await env.watch(DONE.id, channel=forum)
        await opened(env, forum)
        await env.clock.advance(60, step=5)
        await env.says(env.watches, "You aren't watching any tasks")
    assert len(threads(env, forum)) == 1
    asked = [each for each in env.discord.requests if each.method == "POST" and each.path.endswith("/threads")]
    assert len(asked) == 1


@pytest.mark.parametrize("archived", [False, True])
async def test_a_restart_while_discord_answers(env: Env, forum: Object, *, archived: bool) -> None:
    """The post is found among the active ones or the archived ones, between others of ours and of people."""
    env.gateway.add(FakeTask(DONE.id, songs=(ONE,)), WORDS)
    async with env.bot():
        await env.watch(WORDS.id, channel=forum)
        await opened(env, forum)
        env.discord.changes.add_thread(forum, "Harbour Lights")
        env.discord.faults.order(DiscordFault(THREADS, 200, method="POST", delay=30, after=True))
        await env.watch(DONE.id, channel=forum)
        post = (await opened(env, forum, 3))[-1]
    if archived:
        for thread in threads(env, forum):
            env.discord.changes.archive(thread, locked=False)
    env.clock.jump(3_600)
    async with env.bot():
        await env.says(env.watches, "You aren't watching any tasks")
        await env.settle_down()
    assert len(threads(env, forum)) == 3
    assert env.files(first_of(env, post)) == [audio(ONE.sound, ONE.duration)[0]]


async def test_a_post_that_is_made_some_seconds_after_its_request_was_cut_off(env: Env, forum: Object) -> None:
    env.gateway.add(FakeTask(DONE.id, songs=(ONE,)))
    env.discord.faults.order(DiscordFault(THREADS, 0, method="POST"))
    async with env.bot():
        await env.watch(DONE.id, channel=forum)
        cut = await env.discord.hub.until(
            lambda: next((each for each in env.discord.requests if each.path.endswith("/threads")), None)
        )
        await env.clock.advance(8, step=1)
        await env.discord.rest.carry_out(cut, {})
        await env.clock.advance(60, step=5)
        await env.says(env.watches, "You aren't watching any tasks")
    assert len(threads(env, forum)) == 1


async def test_one_that_did_not_arrive_is_made_anew(env: Env, forum: Object) -> None:
    env.gateway.add(FakeTask(DONE.id, songs=(ONE,)))
    env.discord.faults.order(DiscordFault(THREADS, 0, method="POST"))
    async with env.bot():
        await env.watch(DONE.id, channel=forum)
        await env.discord.hub.until(lambda: any(each.path.endswith("/threads") for each in env.discord.requests))
        await env.clock.advance(60, step=5)
        assert len(await opened(env, forum)) == 1
        await env.says(env.watches, "You aren't watching any tasks")


async def test_without_read_message_history_nothing_is_posted_twice(env: Env, guild: Object, forum: Object) -> None:
    """Whether it arrived cannot be known: it waits until that can be."""
    env.gateway.add(FakeTask(DONE.id, songs=(ONE,)))
    env.discord.faults.order(DiscordFault(THREADS, 0, method="POST", after=True))
    role = guild["roles"][0]
    async with env.bot():
        env.discord.changes.override(forum, role, deny=Permission.READ_MESSAGE_HISTORY)
        await env.watch(DONE.id, channel=forum)
        await opened(env, forum)
        await env.clock.advance(60, step=5)
        await env.posts(at=env.discord.world.dm_with(env.ada.user))
        env.discord.changes.override(forum, role)
        await env.clock.advance(60, step=5)
        await env.says(env.watches, "You aren't watching any tasks")
    assert len(threads(env, forum)) == 1


async def test_a_refused_form_is_made_simpler_and_too_many_requests_are_waited_for(env: Env, forum: Object) -> None:
    env.gateway.add(FakeTask(DONE.id, songs=(ONE,)))
    env.discord.faults.rate_limit(THREADS, 0.01)
    env.discord.faults.fail(THREADS, 400, 400001, times=_OFTEN, when=lambda asked: bool(asked.uploads))
    async with env.bot():
        await env.watch(DONE.id, channel=forum)
        (post,) = await opened(env, forum)
    assert first_of(env, post)["attachments"] == []
    assert "Download" in str(components(first_of(env, post)))


async def test_whenever_files_come_along_it_fails_and_so_it_goes_without(env: Env, forum: Object) -> None:
    env.gateway.add(FakeTask(DONE.id, songs=(ONE,)))
    env.discord.faults.fail(THREADS, 504, times=_OFTEN, when=lambda asked: bool(asked.uploads))
    async with env.bot():
        await env.watch(DONE.id, channel=forum)
        await env.clock.advance(600, step=5)
        (post,) = await opened(env, forum)
        await env.says(env.watches, "You aren't watching any tasks")
    assert first_of(env, post)["attachments"] == []
    assert len(threads(env, forum)) == 1


async def test_a_forum_that_is_deleted(env: Env, forum: Object) -> None:
    env.gateway.add(SLOW)
    async with env.bot():
        await env.watch(SLOW.id, channel=forum)
        env.discord.changes.delete_channel(forum)
        await env.clock.advance(660, step=5)
        (post,) = await env.posts(at=env.discord.world.dm_with(env.ada.user))
    assert len(post["attachments"]) == 1


async def test_a_live_card_is_a_post_that_is_kept_and_leads_to_the_song(env: Env, forum: Object) -> None:
    """Also when Discord has archived it meanwhile, as nobody wrote there."""
    env.gateway.add(SLOW)
    async with env.bot():
        await env.watch(SLOW.id, channel=forum, live=True)
        (card,) = await opened(env, forum)
        assert card["name"].startswith("⏳ ")
        env.discord.changes.archive(card, locked=False)
        await env.clock.advance(660, step=5)
        _, post = await opened(env, forum, 2)
        await env.discord.hub.until(lambda: "Here is the result" in words(first_of(env, card)))
    link = f"https://discord.com/channels/{forum['guild_id']}/{post['id']}"
    assert link in words(first_of(env, card))
    assert f"{forum['id']}/" not in words(first_of(env, card))


async def test_notices_on_the_way_go_into_the_live_post(env: Env, forum: Object) -> None:
    env.gateway.add(FakeTask(DONE.id, songs=(ONE,), states=((0, "running"), (30, "done"))))
    env.gateway.media_faults.append(Fault(404, b"", times=_OFTEN, path="audio"))
    async with env.bot():
        await env.watch(DONE.id, channel=forum, live=True)
        (card,) = await opened(env, forum)
        await env.clock.advance(AUDIO_NOTICE + 120, step=5)
        await env.posts(2, at=card)
    assert threads(env, forum) == [card]


async def test_a_forum_is_chosen_checked_and_tried_out(env: Env, guild: Object, forum: Object) -> None:
    env.gateway.add(FakeTask(DONE.id, songs=(ONE,)))
    forum["flags"] = REQUIRE_TAG
    env.discord.world.add_tag(forum, "jazz")
    async with env.bot():
        setup = await env.ada.slash(env.channel, "suno-admin setup")
        panel = await env.finished(setup)
        select = next(each for each in components(panel) if each["type"] == 8)
        assert FORUM in select["channel_types"]
        await env.changed(await env.ada.select(panel, select["custom_id"], [forum["id"]]))
        tested = await env.finished(await env.ada.press(panel, "Send a test post"))
        assert f"<#{forum['id']}>" in tested["content"]
        (test,) = threads(env, forum)
        assert tags_of(forum, test) == ["jazz"]
        await env.watch(DONE.id)
        await opened(env, forum, 2)
        env.discord.changes.override(forum, guild["roles"][0], deny=Permission.SEND_MESSAGES)
        checked = await env.finished(await env.ada.slash(env.channel, "suno-admin check"))
        assert f"<#{forum['id']}>: **Create Posts**" in checked["content"]
