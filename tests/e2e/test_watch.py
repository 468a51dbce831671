"""/suno watch: from the command to the songs in the channel."""

from typing import Any

import pytest

from sandbox.local_discord.world import NEWS
from sandbox.local_gateway.fake_task import Dialect, FakeTask, Song
from sandbox.local_gateway.songs import audio
from tests.conftest import Env
from tests.messages import buttons, links, words
from tests.sample_tasks import DONE, FAST, LATER, ONE, SOON, TWO


async def test_a_finished_task_is_posted_at_once_with_its_files(env: Env, guild: dict[str, Any]) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        answer = await env.watch(DONE.id)
        (post,) = await env.posts()
        await env.discord.hub.until(lambda: "already finished" in answer["content"])
    link = f"https://discord.com/channels/{guild['id']}/{env.channel['id']}/{post['id']}"
    assert answer["content"] == f"✅ **Harbour Lights** is already finished. Here is the post: {link}"
    assert buttons(answer) == []
    assert answer["flags"] & 64, "only its person sees the confirmation"
    assert post["content"] == f"🎵 **Harbour Lights** is ready\n-# Requested by <@{env.ada.id}>"
    assert [embed.get("title") for embed in post["embeds"]] == [
        "Harbour Lights · 1/2",
        "Harbour Lights · 2/2",
        "📝 Lyrics",
    ]
    assert env.files(post) == [audio(song.sound, song.duration)[0] for song in (ONE, TWO)]
    assert buttons(post) == ["Lyrics", "Choose a take", "Details", "#1 · 0", "#2 · 0"]
    assert list(links(post)) == ["Download 1", "Download 2", "Suno page 1", "Suno page 2"]
    assert (post["mentions"], post["mention_roles"], post["mention_everyone"]) == ([], [], False)


@pytest.mark.parametrize("dialect", ["new-api", "rix", "suno-api", "goamz", "items", "nested", "bare", "code-1"])
async def test_a_running_task_is_posted_when_it_is_finished(env: Env, dialect: Dialect) -> None:
    env.gateway.add(FakeTask("task_soon", dialect, (ONE,), states=((0, "queued"), (0.3, "running"), (0.6, "done"))))
    async with env.bot(**FAST):
        await env.watch("task_soon")
        (post,) = await env.posts()
        await env.settle_down()
        assert len(env.posted()) == 1
    assert env.files(post) == [audio(ONE.sound, ONE.duration)[0]]


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


async def test_songs_that_finish_at_different_times_are_posted_separately_and_in_order(env: Env) -> None:
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


async def test_an_unknown_id_is_reported_after_its_grace_period(env: Env) -> None:
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


async def test_a_task_watched_twice_is_reported_and_posted_once(env: Env) -> None:
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


async def test_a_task_watched_in_several_channels_is_posted_in_each(env: Env) -> None:
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


async def test_watches_over_the_limit_are_refused_with_a_reason(env: Env) -> None:
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


async def test_finished_tasks_are_named_among_several(env: Env) -> None:
    env.gateway.add(DONE, LATER, FakeTask("task_bad01", states=((0, "failed"),), reason="no"))
    async with env.bot():
        answer = await env.watch(DONE.id, LATER.id, "task_bad01")
        await env.posts(2)
        await env.discord.hub.until(lambda: "already failed" in answer["content"])
    assert answer["content"].splitlines()[0].startswith("🔔 Watching 3 tasks.")
    assert "✅ **Harbour Lights** is already finished." in answer["content"]


async def test_details_of_a_post(env: Env) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        await env.watch(DONE.id)
        (post,) = await env.posts()
        details = await env.finished(await env.ben.press(post, "Details"))
    assert "已完成" in words(details)
    assert details["flags"] & 64


async def test_hostile_titles_mention_nobody(env: Env) -> None:
    evil = Song("dddddddd-1111-4222-8333-444444444444", "@everyone <@1> [free](https://evil.example)", duration=3.0)
    env.gateway.add(FakeTask("task_evil", songs=(evil,)))
    async with env.bot():
        await env.watch("task_evil", mention=env.ada.user)
        (post,) = await env.posts()
    assert [user["id"] for user in post["mentions"]] == [env.ada.id]
    assert not post["mention_everyone"]
    assert "](https" not in post["content"]
