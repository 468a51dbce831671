"""Songs whose channel is gone go to a DM, and those that cannot be sent there are kept for /suno watches."""

from typing import Any

import pytest

from bot.domain.delivery import RECHECK
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.fake_task import FakeTask, Song
from tests.conftest import Env
from tests.messages import buttons, words
from tests.sample_tasks import DONE, FAST, ONE, SOON, TWO


async def test_a_bot_that_is_removed_keeps_the_song_for_its_person(env: Env, guild: dict[str, Any]) -> None:
    env.gateway.add(SOON)
    env.discord.world.installed_by.add(env.ada.id)
    async with env.bot(**FAST):
        await env.watch(SOON.id)
        env.discord.changes.remove_bot(guild)
        await env.finish()
        (post,) = await env.posts(at=env.discord.world.dm_with(env.ada.user))
    assert len(post["attachments"]) == 2


@pytest.mark.parametrize("while_it_runs", [True, False])
async def test_paused_posts_go_to_the_persons_dms_when_the_bot_is_removed(
    env: Env, guild: dict[str, Any], *, while_it_runs: bool
) -> None:
    """There is nobody left who could resume it."""
    env.gateway.add(DONE)
    env.discord.world.installed_by.add(env.ada.id)
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot():
        await env.finished(await env.ada.slash(env.channel, "suno-admin pause"))
        await env.watch(DONE.id)
        if while_it_runs:
            env.discord.changes.remove_bot(guild)
            await env.posts(at=dm)
    if not while_it_runs:
        env.discord.changes.remove_bot(guild)
        async with env.bot():
            await env.posts(at=dm)
    (post,) = env.posted(dm)
    assert len(post["attachments"]) == 2


@pytest.mark.parametrize("thread", [True, False])
async def test_blocked_posts_go_to_the_persons_dms_when_the_channel_is_deleted(
    env: Env, guild: dict[str, Any], *, thread: bool
) -> None:
    env.gateway.add(DONE)
    doomed = env.discord.changes.add_channel(guild, "doomed")
    place = env.discord.changes.add_thread(doomed, "takes") if thread else doomed
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot():
        env.discord.changes.override(doomed, guild["roles"][0], deny=Permission.VIEW_CHANNEL)
        await env.watch(DONE.id, channel=place)
        await env.posts(at=dm)
        env.discord.changes.delete_channel(place)
        _, post = await env.posts(2, at=dm)
    assert len(post["attachments"]) == 2


async def test_blocked_posts_go_to_the_persons_dms_when_the_bot_is_removed(env: Env, guild: dict[str, Any]) -> None:
    env.gateway.add(DONE)
    env.discord.world.installed_by.add(env.ada.id)
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot():
        env.discord.changes.override(env.channel, guild["roles"][0], deny=Permission.SEND_MESSAGES)
        await env.watch(DONE.id)
        await env.posts(at=dm)
        env.discord.changes.remove_bot(guild)
        await env.clock.advance(RECHECK + 60, step=60)
        _, post = await env.posts(2, at=dm)
    assert len(post["attachments"]) == 2


async def test_songs_moved_to_a_dm_are_not_paused_by_their_server(env: Env, guild: dict[str, Any]) -> None:
    env.gateway.add(SOON, DONE)
    doomed = env.discord.changes.add_channel(guild, "doomed")
    dm = env.discord.world.dm_with(env.ada.user)
    in_dm = rf"^/channels/{dm['id']}/messages$"
    async with env.bot(**FAST):
        await env.watch(SOON.id, channel=doomed)
        env.discord.faults.fail(in_dm, 503, times=1)
        env.discord.changes.delete_channel(doomed)
        env.clock.jump(30)
        await env.discord.hub.until(lambda: any(each.status == 503 for each in env.discord.requests))
        await env.finished(await env.ada.slash(env.channel, "suno-admin pause"))
        await env.watch(DONE.id, at=dm)
        await env.clock.advance(60, step=5)
        _, first, second = await env.posts(3, at=dm)
    assert [len(post["attachments"]) for post in (first, second)] == [2, 2]


async def test_undeliverable_songs_are_kept_for_the_list(env: Env, guild: dict[str, Any]) -> None:
    env.gateway.add(SOON)
    doomed = env.discord.changes.add_channel(guild, "doomed")
    env.discord.world.closed_dms.add(env.ada.id)
    async with env.bot(**FAST):
        await env.watch(SOON.id, channel=doomed)
        env.discord.changes.delete_channel(doomed)
        await env.finish()
        notice = "One result couldn't be delivered."
        shown = await env.says(env.watches, notice)
        song = await env.finished(await env.ada.press(shown, "Show"))
        await env.discord.hub.until(lambda: len(song["attachments"]) == 2)
        await env.settle_down()
        again = await env.watches()
    assert "You aren't watching any tasks" in words(again)


async def test_a_dm_that_is_closed_meanwhile_is_kept_too(env: Env) -> None:
    env.gateway.add(SOON)
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot(**FAST):
        await env.watch(SOON.id, at=dm)
        env.discord.world.closed_dms.add(env.ada.id)
        await env.finish()
        shown = await env.says(lambda: env.watches(at=dm), "couldn't be delivered")
    assert buttons(shown) == ["Show"]


async def test_a_first_song_that_was_kept_is_shown_while_the_second_is_made(env: Env) -> None:
    first = Song(ONE.clip_id, "First", duration=3.0, state="done")
    env.gateway.add(FakeTask("task_apart", songs=(first, TWO), states=((0, "running"), (9_000, "done"))))
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot(**FAST):
        await env.watch("task_apart", at=dm)
        env.discord.world.closed_dms.add(env.ada.id)
        shown = await env.says(lambda: env.watches(at=dm), "couldn't be delivered")
        assert buttons(shown) == ["Show"]
        song = await env.finished(await env.ada.press(shown, "Show"))
        again = await env.says(lambda: env.watches(at=dm), lacks="couldn't be delivered")
    assert "First" in words(song)
    assert "Your watched tasks: 1" in words(again)
    assert buttons(again) == ["Stop"]
