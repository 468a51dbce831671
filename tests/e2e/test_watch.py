"""/suno watch: from a person's wish to the songs in the channel."""

import json
import re
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sandbox.local_discord.people import components
from sandbox.local_discord.permissions import ALL, Permission
from sandbox.local_discord.world import NEWS
from sandbox.local_gateway.fake_task import Dialect, FakeTask, Song
from sandbox.local_gateway.server import Fault
from sandbox.local_gateway.songs import audio, without_tag
from tests import forged
from tests.conftest import Env
from tests.messages import buttons, links, words

BEAT, PHASE = 15.0, 3.3  # seconds
FAST = {"poll_interval_seconds": 0.1}

ONE = Song("aaaaaaaa-1111-4222-8333-444444444444", "Harbour Lights", "slow jazz", "[Verse]\nSalt on the rail", 3.0)
TWO = Song(
    "bbbbbbbb-1111-4222-8333-444444444444", "Harbour Lights", "slow jazz", "[Verse]\nSalt on the rail", 4.0, "rain"
)
DONE = FakeTask("11111111-2222-4333-8444-555555555555", songs=(ONE, TWO))
SOON = FakeTask(
    "11111111-2222-4333-8444-666666666666", songs=(ONE, TWO), states=((0, "queued"), (10, "running"), (20, "done"))
)
LATER = FakeTask("22222222-2222-4333-8444-555555555555", songs=(ONE,), states=((0, "running"), (600, "done")))
WORDS = FakeTask("33333333-2222-4333-8444-555555555555", text="[Verse]\nThe words that were asked for", title="Words")


def files(env: Env, message: dict[str, Any]) -> list[bytes]:
    """What is attached, without the tags that the bot puts before songs."""
    return [without_tag(env.discord.world.files[each["id"]].content) for each in message["attachments"]]


def post_guild(env: Env) -> str:
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    return str(guild["id"])


async def test_a_finished_task_comes_at_once_with_its_files(env: Env) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        answer = await env.watch(DONE.id)
        (post,) = await env.posts()
        await env.discord.hub.until(lambda: "already finished" in answer["content"])
    link = f"https://discord.com/channels/{post_guild(env)}/{env.channel['id']}/{post['id']}"
    assert answer["content"] == f"✅ **Harbour Lights** is already finished. Here is the post: {link}"
    assert buttons(answer) == []
    assert answer["flags"] & 64, "only its person sees the confirmation"
    assert post["content"] == f"🎵 **Harbour Lights** is ready\n-# Requested by <@{env.ada.id}>"
    assert [embed.get("title") for embed in post["embeds"]] == [
        "Harbour Lights · 1/2",
        "Harbour Lights · 2/2",
        "📝 Lyrics",
    ]
    assert files(env, post) == [audio(song.sound, song.duration)[0] for song in (ONE, TWO)]
    assert buttons(post) == ["Lyrics", "Details"]
    assert list(links(post)) == ["Download 1", "Download 2", "Suno page 1", "Suno page 2"]
    assert (post["mentions"], post["mention_roles"], post["mention_everyone"]) == ([], [], False)


@pytest.mark.parametrize("dialect", ["new-api", "rix", "suno-api", "goamz", "items", "nested", "bare", "code-1"])
async def test_a_task_that_is_being_made_comes_when_it_is_finished(env: Env, dialect: Dialect) -> None:
    env.gateway.add(FakeTask("task_soon", dialect, (ONE,), states=((0, "queued"), (0.3, "running"), (0.6, "done"))))
    async with env.bot(**FAST):
        await env.watch("task_soon")
        (post,) = await env.posts()
        await env.settle_down()
        assert len(env.posted()) == 1
    assert files(env, post) == [audio(ONE.sound, ONE.duration)[0]]


async def test_many_tasks_are_asked_for_together(env: Env) -> None:
    fakes = [FakeTask(f"task_{number:04}", songs=(ONE,), states=((0, "running"), (1, "done"))) for number in range(30)]
    env.gateway.add(*fakes)
    async with env.bot(**FAST):
        answer = await env.watch(*(fake.id for fake in fakes), "and", "some", "words")
        await env.posts(30)
    lines = answer["content"].splitlines()  # and those of tasks that are finished already
    assert lines[0] == f"🔔 Watching 30 tasks. I'll post them in <#{env.channel['id']}>."
    assert "I left out 3 words that aren't task ids: `and`, `some`, `words`" in lines
    assert {request.method for request in env.gateway.requests} == {"POST"}
    assert len(env.gateway.requests) < 30


async def test_songs_that_finish_apart_are_posted_apart_and_in_order(env: Env) -> None:
    first = Song(ONE.clip_id, "First", duration=3.0, state="done")
    env.gateway.add(FakeTask("task_apart", songs=(first, TWO), states=((0, "running"), (20, "done"))))
    async with env.bot(**FAST):
        await env.watch("task_apart")
        await env.posts()
        await env.finish()
        early, late = await env.posts(2)
        await env.settle_down()
        assert len(env.posted()) == 2
    assert [embed["title"] for embed in early["embeds"]] == ["First · 1/2"]
    assert late["embeds"][0]["title"] == "Harbour Lights · 2/2"


async def test_a_failure_is_posted_with_its_reason(env: Env) -> None:
    env.gateway.add(FakeTask("task_bad", states=((0, "failed"),), reason="not enough credits"))
    async with env.bot():
        await env.watch("task_bad", mention=env.ada.user)
        (post,) = await env.posts()
    assert r"<@" in post["content"]
    assert r"❌ **task\_bad** failed" in post["content"]
    assert "not enough credits" in words(post)


async def test_a_partial_result_is_kept(env: Env) -> None:
    lost = Song("cccccccc-1111-4222-8333-444444444444", "Harbour Lights", state="failed", reason="second take lost")
    env.gateway.add(FakeTask("task_part", songs=(ONE, lost)))
    async with env.bot():
        await env.watch("task_part")
        (post,) = await env.posts()
    assert "1 of 2 songs arrived. The rest failed: second take lost" in post["content"]
    assert len(post["attachments"]) == 1


async def test_lyrics_that_were_asked_for_go_with_the_song(env: Env) -> None:
    env.gateway.add(SOON, WORDS)
    async with env.bot(**FAST):
        await env.watch(SOON.id, lyrics=WORDS.id)
        await env.finish()
        (post,) = await env.posts()
        pressed = await env.ben.press(post, "歌词" if "歌词" in buttons(post) else "Lyrics")
        shown = await env.finished(pressed)
    assert post["embeds"][-1]["description"] == "[Verse]\nThe words that were asked for"
    assert "The words that were asked for" in words(shown)
    assert any(
        {SOON.id, WORDS.id} <= set(re.findall(r"[0-9a-f-]{36}", request.body.decode()))
        for request in env.gateway.requests
    )


async def test_a_song_does_not_wait_for_ever_for_lyrics(env: Env) -> None:
    env.gateway.add(DONE, FakeTask("task_words", text="too late", states=((0, "running"),)))
    async with env.bot(**FAST):
        await env.watch(DONE.id, lyrics="task_words")
        await env.settle_down()
        assert env.posted() == []
        await env.clock.advance(70, step=10)
        (post,) = await env.posts()
    assert "The lyrics task `task_words` gave no lyrics in time." in post["content"]
    assert post["embeds"][-1]["description"] == "[Verse]\nSalt on the rail"


async def test_a_lyrics_task_is_posted_and_its_whole_text_attached_if_it_is_long(env: Env) -> None:
    long = "\n".join(f"[Verse {number}]\nRow {number} of the orchard" for number in range(300))
    env.gateway.add(WORDS, FakeTask("task_long", text=long, title="Orchard"))
    async with env.bot():
        await env.watch(WORDS.id, "task_long")
        short, lengthy = await env.posts(2)
    assert short["content"].startswith("📝 The lyrics of **Words** are ready\n")
    assert short["attachments"] == []
    assert files(env, lengthy)[0].decode("utf-8-sig").count("Row ") == 300


async def test_a_live_card_follows_and_the_result_replies_to_it(env: Env) -> None:
    env.gateway.add(
        FakeTask(
            "task_live", "rix", (ONE,), states=((0, "queued"), (20, "running"), (40, "done")), progress=((20, 40),)
        )
    )
    async with env.bot():
        await env.watch("task_live", live=True)
        (card,) = await env.posts()
        assert "Queued" in words(card)
        await env.clock.advance(30, step=1)
        await env.discord.hub.until(lambda: "40%" in words(card))
        await env.clock.advance(15, step=1)
        _, post = await env.posts(2)
        await env.clock.advance(20, step=1)
        await env.discord.hub.until(lambda: "Here is the result" in words(card))
        edits = _edits(env)
        await env.clock.advance(60, step=5)
    assert post["message_reference"]["message_id"] == card["id"]
    assert post["id"] in card["content"]
    assert all(one.body != other.body for one, other in pairwise(edits)), "only on change"
    assert _edits(env) == edits


def _edits(env: Env) -> list[Any]:
    return [each for each in env.discord.requests if each.method == "PATCH" and each.path.startswith("/channels/")]


async def test_a_quiet_task_is_told_once_and_given_up_in_the_end(env: Env) -> None:
    env.gateway.add(FakeTask("task_stuck", states=((0, "running"),)))
    async with env.bot():
        await env.watch("task_stuck")
        await env.discord.hub.until(lambda: env.gateway.requests)
        await env.clock.advance(1_300, step=20)
        (quiet,) = await env.posts()
        before = len(env.gateway.requests)
        while len(env.posted()) < 2:  # a slow machine answers later, and only answered time counts
            await env.clock.advance(2_000, step=250)
        _, end = env.posted()
        asked = len(env.gateway.requests) - before
        await env.finished(await env.ada.press(end, "Notify me"))
        await env.discord.hub.until(lambda: len(env.gateway.requests) > before + asked)
    assert "I'll keep checking, but less often" in quiet["content"]
    assert buttons(quiet) == ["Stop", "Details"]
    assert "Press **Notify me** if you want me to continue" in end["content"]
    assert asked < 500


async def test_an_unknown_id_is_told_after_its_grace(env: Env) -> None:
    async with env.bot():
        await env.watch("task_nowhere")
        await env.clock.advance(100, step=5)
        assert env.posted() == []
        await env.clock.advance(60, step=5)
        (post,) = await env.posts()
    assert "I found no task `task_nowhere`" in post["content"]


async def test_a_fresh_id_is_found_when_its_gateway_has_it(env: Env) -> None:
    async with env.bot(**FAST):
        await env.watch(DONE.id)
        await env.settle_down()
        env.gateway.add(DONE)
        assert len(await env.posts()) == 1


async def test_the_same_task_twice_is_told_and_posted_once(env: Env) -> None:
    env.gateway.add(SOON)
    async with env.bot(**FAST):
        await env.watch(SOON.id)
        again = await env.watch(SOON.id, person=env.ben, mention=env.ben.user)
        await env.finish()
        (post,) = await env.posts()
        await env.settle_down()
        assert len(env.posted()) == 1
    assert "已在关注中" in again["content"]
    assert [user["id"] for user in post["mentions"]] == [env.ben.id], "who joins is mentioned all the same"


async def test_a_task_watched_in_two_places_comes_to_both(env: Env) -> None:
    env.gateway.add(DONE)
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    news = env.discord.changes.add_channel(guild, "releases", NEWS)
    thread = env.discord.changes.add_thread(env.channel, "takes")
    async with env.bot():
        await env.watch(DONE.id, channel=news)
        await env.watch(DONE.id, channel=thread)
        await env.watch(DONE.id)
        for place in (news, thread, env.channel):
            assert len((await env.posts(at=place))[0]["attachments"]) == 2


async def test_more_than_the_limit_is_refused_in_words(env: Env) -> None:
    async with env.bot(watches_per_user=2):
        answer = await env.watch("task_0001", "task_0002", "task_0003")
        again = await env.watch("task_0004")
    assert "Watching 2 tasks" in answer["content"]
    assert "One task wasn't added: you're watching 2 of 2." in answer["content"]
    assert "Watching" not in again["content"]


@pytest.mark.parametrize("typed", ["", "ü ü", "!!!"])
async def test_a_text_without_ids_is_explained(env: Env, typed: str) -> None:
    async with env.bot():
        answer = await env.watch(typed or " ")
    assert "task id" in answer["content"]


async def test_a_role_is_mentioned_only_by_who_may(env: Env) -> None:
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    role = env.discord.world.add_role(guild, "Singers")
    env.gateway.add(DONE)
    async with env.bot():
        refused = await env.watch(DONE.id, person=env.ben, mention=role)
        other = await env.watch(DONE.id, person=env.ben, mention=env.ada.user)
        everyone = await env.watch(DONE.id, mention=guild["roles"][0])
        await env.watch(DONE.id, mention=role)
        (post,) = await env.posts()
    assert "Singers" in refused["content"]
    assert "Ada" in other["content"] or "ada" in other["content"]
    assert "everyone" in everyone["content"]
    assert post["mention_roles"] == [role["id"]]


async def test_nobody_makes_the_bot_write_where_they_may_not(env: Env) -> None:
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    staff = env.discord.changes.add_channel(guild, "staff")
    env.discord.changes.override(staff, guild["roles"][0], deny=Permission.SEND_MESSAGES)
    async with env.bot():
        answer = await env.watch(DONE.id, person=env.ben, channel=staff)
    assert "你不能在那个频道发送消息" in answer["content"]


async def test_notify_me_says_so_and_turns_into_its_opposite(env: Env) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        card = await env.status(LATER.id)
        answer = await env.finished(await env.ben.press(card, "Notify me"))
        assert "届时会提及你" in answer["content"]
        assert buttons(answer) == ["取消提醒"]
        await env.ben.press(answer, "取消提醒")
        await env.discord.hub.until(lambda: buttons(answer) == ["完成提醒"])
        assert "已取消关注" in answer["content"]
        await env.ben.press(answer, "完成提醒")
        await env.discord.hub.until(lambda: buttons(answer) == ["取消提醒"])
    async with env.bot():  # the button of a post is a switch, too, also after a restart
        off = await env.finished(await env.ben.press(card, "Notify me"))
        assert "已取消关注" in off["content"]
        await env.clock.advance(700, step=50)
        await env.settle_down()
        assert env.posted() == []


async def test_notify_me_of_two_people_is_each_ones_own(env: Env) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        card = await env.status(LATER.id)
        await env.finished(await env.ada.press(card, "Notify me"))
        await env.finished(await env.ben.press(card, "Notify me"))
        hers = await env.finished(await env.ada.press(card, "Notify me"))
        await env.clock.advance(700, step=50)
        (post,) = await env.posts()
    assert "won't be mentioned. Others still watch it." in hers["content"]
    assert [user["id"] for user in post["mentions"]] == [env.ben.id]


async def test_who_manages_the_server_stops_what_others_watch(env: Env) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        answer = await env.watch(LATER.id, person=env.ben)
        not_hers = await env.finished(await env.ada.press(answer, "取消关注"))
        assert "You stopped watching" in not_hers["content"], "who manages the server may"
        again = await env.finished(await env.ben.press(answer, "取消关注"))
        assert again["content"] == "该任务已不在关注中。"
        await env.clock.advance(700, step=50)
        await env.settle_down()
        assert env.posted() == []


async def test_of_several_tasks_those_that_are_finished_are_named(env: Env) -> None:
    env.gateway.add(DONE, LATER, FakeTask("task_bad01", states=((0, "failed"),), reason="no"))
    async with env.bot():
        answer = await env.watch(DONE.id, LATER.id, "task_bad01")
        await env.posts(2)
        await env.discord.hub.until(lambda: "already failed" in answer["content"])
    assert answer["content"].splitlines()[0].startswith("🔔 Watching 3 tasks.")
    assert "✅ **Harbour Lights** is already finished." in answer["content"]


async def test_who_joined_stops_being_mentioned_and_who_did_not_is_refused(env: Env) -> None:
    carl = env.discord.world.add_user("Carl")
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    env.discord.world.add_member(guild, carl)
    env.gateway.add(LATER)
    async with env.bot():
        mine = await env.watch(LATER.id)
        await env.watch(LATER.id, person=env.ben, mention=env.ben.user)
        stopped = await env.finished(await env.ben.press(mine, "Stop"))
        refused = await env.finished(await env.discord.person(carl).press(mine, "Stop"))
        await env.clock.advance(700, step=50)
        (post,) = await env.posts()
    assert "不会提及你" in stopped["content"]
    assert "Only the person who started this" in refused["content"]
    assert post["mentions"] == []


async def test_a_watch_goes_on_for_who_joined_it(env: Env) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        await env.watch(LATER.id)
        await env.watch(LATER.id, person=env.ben, mention=env.ben.user)
        hers = await env.finished(await env.ada.slash(env.channel, "suno unwatch", id="all"))
        his_list = await env.watches(env.ben)
        await env.clock.advance(700, step=50)
        (post,) = await env.posts()
    assert "You stopped watching" in hers["content"]
    assert "你关注的任务：1 个" in words(his_list)
    assert [user["id"] for user in post["mentions"]] == [env.ben.id]


async def test_lyrics_and_a_card_are_added_to_what_is_watched_already(env: Env) -> None:
    env.gateway.add(SOON, WORDS)
    async with env.bot(**FAST):
        await env.watch(SOON.id)
        again = await env.watch(SOON.id, person=env.ben, lyrics=WORDS.id, live=True)
        await env.finish()
        card, post = await env.posts(2)
    assert "已在关注中" in again["content"]
    assert "shows the progress" in card["content"] or "Here is the result" in card["content"]
    assert post["embeds"][-1]["description"] == WORDS.text


async def test_what_was_promised_by_dm_and_is_refused_is_taken_back(env: Env) -> None:
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot(watches_per_user=1):
        await env.watch("task_0001", at=dm)
        refused = await env.watch("task_0002", at=dm)
    assert "you're watching 1 of 1." in refused["content"]
    assert [each["content"] for each in env.posted(dm)] == ["🔔 I'll DM you the songs of `task_0001`."]


async def test_a_role_is_mentioned_where_the_person_could_mention_it(env: Env) -> None:
    """And not only where the command was typed."""
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    singers, everyone = env.discord.world.add_role(guild, "Singers"), guild["roles"][0]
    env.discord.changes.override(env.channel, everyone, allow=Permission.MENTION_EVERYONE)
    stage = env.discord.changes.add_channel(guild, "stage")
    async with env.bot():
        here = await env.watch("task_abcd", person=env.ben, mention=singers)
        there = await env.watch("task_abcd", person=env.ben, mention=singers, channel=stage)
    assert "已关注" in here["content"]
    assert "不能替你提及 `Singers`" in there["content"]


async def test_unwatch_one_and_all(env: Env) -> None:
    env.gateway.add(LATER, FakeTask("task_other", songs=(ONE,), states=((0, "running"),)))
    async with env.bot(**FAST):
        await env.watch(LATER.id, "task_other", "task_third")
        await env.says(env.watches, "Harbour Lights")
        offered = await env.ada.autocomplete(env.channel, "suno unwatch", id="")
        assert [each["value"] for each in offered] == ["all", "task_third", "task_other", LATER.id]
        assert [each["value"] for each in await env.ada.autocomplete(env.channel, "suno unwatch", id="harb")] == [
            "task_other",
            LATER.id,
        ]
        assert await env.ben.autocomplete(env.channel, "suno unwatch", id="") == []
        one = await env.finished(await env.ada.slash(env.channel, "suno unwatch", id="task_other"))
        not_his = await env.finished(await env.ben.slash(env.channel, "suno unwatch", id=LATER.id))
        every = await env.finished(await env.ada.slash(env.channel, "suno unwatch", id="all"))
        none = await env.finished(await env.ada.slash(env.channel, "suno unwatch", id="all"))
    assert one["content"] == "🔕 You stopped watching `task_other`."
    assert "你没有关注" in not_his["content"]
    assert every["content"] == "🔕 You stopped watching 2 tasks."
    assert none["content"] == "You aren't watching any tasks."


async def test_the_list_of_watches(env: Env) -> None:
    ids = [f"task_{number:04}" for number in range(10)]
    async with env.bot():
        await env.watch(*ids)
        await env.watch("task_bens", person=env.ben)
        shown = await env.watches()
        assert "Your watched tasks: 10" in words(shown)
        assert words(shown).count("`task_") == 8
        await env.ada.press(shown, "▶️")
        await env.discord.hub.until(lambda: words(shown).count("`task_") == 2)
        await env.ada.press(shown, "Stop")
        await env.discord.hub.until(lambda: "Your watched tasks: 9" in words(shown))
        everybodys = await env.watches(scope="server")
        assert "Watched tasks in this server: 10" in words(everybodys)
        assert f"<@{env.ben.id}>" in words(everybodys)
        refused = await env.watches(env.ben, scope="server")
        assert "只有发起人" in words(refused)
        nothing = await env.watches(env.ben, env.discord.world.dm_with(env.ben.user))
        assert "task_bens" in words(nothing)


async def test_a_forged_button_stops_nobody_elses_watch(env: Env) -> None:
    async with env.bot():
        mine = await env.watch("task_0001")
        bens = await env.watches(env.ben)
        watch_id = next(each["custom_id"] for each in components(mine) if "custom_id" in each).split(":")[-1]
        for scope in ("mine", "server", "odd"):
            await forged.press(env.ben, bens, f"s1:ws:0:{scope}.{watch_id}")
            await forged.press(env.ben, bens, f"s1:wd:0:{scope}.{watch_id}")
        await forged.press(env.ben, bens, "s1:ws:0:mine.not-a-number")
        await forged.press(env.ben, bens, f"s1:st:0:{'9' * 70}")
        await env.settle_down()
        shown = await env.watches()
    assert "Your watched tasks: 1" in words(shown)


async def test_a_forged_check_tells_nothing_of_another_server(env: Env) -> None:
    world = env.discord.world
    other = world.add_guild("Other", owner=world.add_user("Eve"))
    secret = world.add_channel(other, "secret")
    async with env.bot():
        mine = await env.watch("task_0001")
        answer = await env.finished(await forged.press(env.ada, mine, f"s1:ck:0:{secret['id']}"))
    assert "That channel is gone" in answer["content"]


async def test_details_of_a_post(env: Env) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        await env.watch(DONE.id)
        (post,) = await env.posts()
        details = await env.finished(await env.ben.press(post, "Details"))
    assert "已完成" in words(details)
    assert details["flags"] & 64


async def test_in_a_dm(env: Env) -> None:
    env.gateway.add(SOON)
    dm = env.discord.world.dm_with(env.ben.user)
    async with env.bot(**FAST):
        answer = await env.watch(SOON.id, person=env.ben, at=dm)
        await env.finish()
        proof, post = await env.posts(2, at=dm)
    assert "完成后会私信给你" in answer["content"]
    assert "完成后会私信给你" in proof["content"]
    assert post["content"] == "🎵 **Harbour Lights** 已生成"
    assert len(post["attachments"]) == 2


async def test_a_closed_dm_is_told_at_once(env: Env) -> None:
    env.discord.world.closed_dms.add(env.ada.id)
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot():
        answer = await env.watch(DONE.id, at=dm)
        shown = await env.watches(at=dm)
    assert "I can't DM you" in answer["content"]
    assert "You aren't watching any tasks" in words(shown)


async def test_where_the_bot_is_not_it_comes_by_dm(env: Env) -> None:
    """Installed for themselves, in a private channel of two people."""
    env.gateway.add(DONE)
    world = env.discord.world
    world.installed_by.add(env.ada.id)
    private = world.add_private_channel(env.ada.user, env.ben.user)
    async with env.bot():
        answer = await env.watch(DONE.id, at=private)
        _, post = await env.posts(2, at=world.dm_with(env.ada.user))
    assert "I'll DM you the songs" in answer["content"]
    assert len(post["attachments"]) == 2


async def test_two_tasks_at_two_gateways(env: Env, open_gateway: Any) -> None:
    other = await open_gateway(env.clock.now)
    env.gateway.add(SOON)
    other.add(FakeTask("task_there", songs=(TWO,), states=((0, "queued"), (20, "done"))))
    media = f"{env.gateway.media_host},{other.media_host}"
    backup = {"backup": {"base_url": other.url, "api_key": "sk-other"}}
    async with env.bot(**FAST, suno_gateways=backup, media_allow_hosts=media):
        await env.watch(SOON.id, "task_there")
        await env.finish()
        posts = await env.posts(2)
    assert {len(post["attachments"]) for post in posts} == {1, 2}
    assert {post["embeds"][0]["footer"]["text"].split(" · ")[1] for post in posts} == {"default", "backup"}


async def test_a_gateway_without_the_batch_call(env: Env) -> None:
    env.gateway.batch = False
    env.gateway.add(SOON)
    async with env.bot(**FAST):
        await env.watch(SOON.id)
        await env.finish()
        assert len((await env.posts())[0]["attachments"]) == 2


async def test_hostile_titles_mention_nobody(env: Env) -> None:
    evil = Song("dddddddd-1111-4222-8333-444444444444", "@everyone <@1> [free](https://evil.example)", duration=3.0)
    env.gateway.add(FakeTask("task_evil", songs=(evil,)))
    async with env.bot():
        await env.watch("task_evil", mention=env.ada.user)
        (post,) = await env.posts()
    assert [user["id"] for user in post["mentions"]] == [env.ada.id]
    assert not post["mention_everyone"]
    assert "](https" not in post["content"]


async def test_missing_permissions_are_named_before_anything_is_lost(env: Env) -> None:
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    bot_role = env.discord.world.add_role(guild, "Bots")
    member = env.discord.world.member(guild, env.discord.world.bot["id"])
    assert member
    member["roles"].append(bot_role["id"])
    everyone = guild["roles"][0]
    everyone["permissions"] = str(int(everyone["permissions"]) & ~Permission.ATTACH_FILES)
    env.channel["permission_overwrites"] = [
        {"id": bot_role["id"], "type": 0, "allow": "0", "deny": str(int(Permission.SEND_MESSAGES))}
    ]
    env.gateway.add(DONE)
    async with env.bot():
        answer = await env.watch(DONE.id)
        assert "Watching" in answer["content"], "it is kept all the same"
        assert f"**Send Messages** (denied to <@&{bot_role['id']}> in that channel)" in answer["content"]
        assert "**Attach Files** (none of my roles has it)" in answer["content"]
        still = await env.finished(await env.ada.press(answer, "Check again"))
        assert "Send Messages" in still["content"]
        env.discord.changes.override(env.channel, bot_role)
        env.discord.changes.allow_role(guild, everyone, ALL & ~Permission.ADMINISTRATOR)
        good = await env.finished(await env.ada.press(answer, "Check again"))
        assert "✅ I have every permission I need" in good["content"]
        (post,) = await env.posts()
    assert len(post["attachments"]) == 2


async def test_without_attach_files_there_are_links_and_a_word(env: Env) -> None:
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    everyone = guild["roles"][0]
    env.discord.changes.override(env.channel, everyone, deny=Permission.ATTACH_FILES | Permission.EMBED_LINKS)
    env.gateway.add(DONE)
    async with env.bot():
        await env.watch(DONE.id)
        (post,) = await env.posts()
    assert (post["attachments"], post["embeds"]) == ([], [])
    assert "I can't attach files here" in post["content"]
    assert len(links(post)) == 4


async def test_the_operator_is_told_once_of_a_refused_key_and_it_heals(env: Env) -> None:
    env.gateway.add(SOON)
    env.gateway.faults.append(Fault(401, b'{"error":{"message":"quota"}}', path="suno"))
    owner = env.discord.world.dm_with(env.ada.user)
    async with env.bot(**FAST):
        await env.watch(SOON.id)
        (told,) = await env.posts(at=owner)
        await env.clock.advance(600, step=10)
        assert len(await env.posts(at=owner)) == 1
        env.gateway.faults.clear()
        await env.clock.advance(400, step=10)
        (post,) = await env.posts()
    assert "refuses the bot's key" in told["content"]
    assert len(post["attachments"]) == 2


async def test_a_gateway_that_is_down_for_an_hour(env: Env, open_gateway: Any) -> None:
    other = await open_gateway(env.clock.now)
    env.gateway.add(
        *(FakeTask(f"task_{number:04}", songs=(ONE,), states=((0, "running"), (1800, "done"))) for number in range(20))
    )
    other.add(FakeTask("task_there", songs=(TWO,), states=((0, "queued"), (30, "done"))))
    media = f"{env.gateway.media_host},{other.media_host}"
    backup = {"backup": {"base_url": other.url, "api_key": "sk-other"}}
    async with env.bot(suno_gateways=backup, media_allow_hosts=media):
        await env.watch(*(f"task_{number:04}" for number in range(20)), "task_there")
        await env.clock.advance(20, step=2)
        env.gateway.faults.append(Fault(0))
        before = len(env.gateway.requests)
        await env.clock.advance(60, step=2)
        assert len(await env.posts()) == 1, "the other gateway is not slowed"
        await env.clock.advance(3_540, step=20)
        meanwhile = [set(json.loads(request.body)["ids"]) for request in env.gateway.requests[before:]]
        assert sum(len(ids) > 1 for ids in meanwhile) < 40, "asked rarely, and together"
        assert len(meanwhile) < 3_600 / 4, "one task, to see whether it is back"
        assert words(await env.watches()).count("🔌 The gateway hasn't answered since") == 8, "a page of them"
        env.gateway.faults.clear()
        await env.clock.advance(320, step=20)
        posts = await env.posts(21)
    assert all(len(post["attachments"]) == 1 for post in posts), "nothing but songs: no word of failure or quiet"


async def test_a_gateway_that_never_answers_again_is_told_in_the_end(env: Env) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        await env.watch(LATER.id)
        await env.clock.advance(20, step=5)
        env.gateway.faults.append(Fault(0))
        await env.watch("task_never_seen", channel=env.channel)
        await env.clock.advance(6 * 86_400, step=7_200)
        assert len(env.posted()) == 0
        await env.clock.advance(4 * 86_400, step=7_200)
        posts = await env.posts(2)
    assert all("I've stopped checking. Press **Notify me**" in post["content"] for post in posts)


@pytest.mark.parametrize("refusal", [Fault(401), Fault(403, b'{"error": {}}'), Fault(404, b"no such page")])
@pytest.mark.parametrize("seen_before", [True, False])
async def test_what_only_a_setting_keeps_from_its_songs_is_kept(env: Env, refusal: Fault, seen_before: bool) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        if not seen_before:
            env.gateway.faults.append(refusal)
        await env.watch(LATER.id)
        await env.clock.advance(20, step=5)
        if seen_before:
            env.gateway.faults.append(refusal)
        await env.clock.advance(10 * 86_400, step=7_200)
        assert env.posted() == []
        env.gateway.faults.clear()
        await env.clock.advance(400, step=20)
        (post,) = await env.posts()
    assert len(post["attachments"]) == 1


async def test_a_gateways_beat_is_learned_and_nothing_is_asked_for_in_between(
    env: Env, caplog: pytest.LogCaptureFixture
) -> None:
    env.gateway.refresh_every(BEAT, PHASE)
    ids = [f"task_{number:04}" for number in range(60)]
    fakes = [
        FakeTask(each, songs=(ONE,), states=((0, "queued"), (20 + 9 * number, "running"), (40 + 10 * number, "done")))
        for number, each in enumerate(ids)
    ]
    env.gateway.add(*fakes)
    caplog.set_level("INFO")
    async with env.bot():
        await env.watch(*ids)
        env.clock.stop()
        await env.clock.advance(330, step=1)
        await env.clock.advance(120, step=0.4)
        assert "gateway default changes its answers every" in caplog.text
        asked = await _beats_asked_at(env, beats=6)
        assert len(asked) <= 6 * 3, "two probes and a sweep in each beat, at the most"
        assert all(abs(seconds) < 2.5 for seconds in asked), "nothing in between"
        await env.clock.advance(120, step=1)
        await env.posts(60)


async def _beats_asked_at(env: Env, *, beats: int) -> list[float]:
    """For each request, how many seconds after the nearest beat it was."""
    asked: list[float] = []
    for _ in range(int(beats * BEAT / 0.4)):
        before = len(env.gateway.requests)
        await env.clock.advance(0.4, step=0.4)
        after_beat = (env.clock.now() - PHASE + BEAT / 2) % BEAT - BEAT / 2
        asked += [after_beat] * (len(env.gateway.requests) - before)
    return asked


async def test_what_does_not_change_is_asked_for_without_a_word_to_the_database(env: Env, tmp_path: Path) -> None:
    env.gateway.add(LATER)

    def looked_at() -> float:
        with closing(sqlite3.connect(tmp_path / "bot.db")) as database:
            moment: float = database.execute("SELECT asked_at FROM tasks").fetchone()[0]
        return moment

    async with env.bot():
        await env.watch(LATER.id)
        await env.clock.advance(20, step=1)
        before, asked = looked_at(), len(env.gateway.requests)
        await env.clock.advance(40, step=1)
        assert len(env.gateway.requests) > asked + 4
        assert looked_at() == before
        await env.clock.advance(600, step=5)
        await env.posts()
        assert looked_at() > before
