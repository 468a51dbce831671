"""Posts that are too large for Discord, or that it refuses as they are, are sent smaller or simpler."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sandbox.local_discord.faults import Fault as DiscordFault
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.fake_task import FakeTask, Song
from tests.conftest import Env
from tests.e2e.deliveries import POSTS, sends
from tests.messages import links
from tests.sample_tasks import DONE, FAST, LATER, SOON


async def test_a_file_too_large_for_discord_becomes_a_link_beside_its_siblings_file(env: Env) -> None:
    env.gateway.add(DONE)
    env.discord.world.upload_limit = 30_000  # bytes; one of the two is larger
    async with env.bot():
        await env.watch(DONE.id)
        (post,) = await env.posts()
        await env.says(env.watches, "You aren't watching any tasks")
        await env.watch(DONE.id)
        await env.posts(2)
    assert [each["filename"] for each in post["attachments"]] == ["Harbour-Lights-aaaaaaaa-1.mp3"]
    assert "so here is the link" in post["content"]
    assert sum(each.status in (400, 413) for each in env.discord.requests) == 1, "it is learned"


async def test_without_room_for_files_the_post_has_links(env: Env) -> None:
    env.gateway.add(DONE)
    env.discord.world.upload_limit = 100  # bytes: not even covers
    async with env.bot():
        await env.watch(DONE.id)
        (post,) = await env.posts()
    assert sends(env) == 4, "smaller and smaller, then none"
    assert post["attachments"] == []
    assert {"Download 1", "Download 2"} <= links(post).keys()


async def test_a_lowered_upload_limit_is_forgotten_after_a_day(env: Env) -> None:
    env.gateway.add(DONE)
    env.discord.faults.order(DiscordFault(POSTS, 413, method="POST", times=1, body={"message": "", "code": 40005}))
    async with env.bot():
        await env.watch(DONE.id)
        (post,) = await env.posts()
        assert len([each for each in post["attachments"] if each["filename"].endswith(".mp3")]) < 2
        await env.says(env.watches, "You aren't watching any tasks")  # it is noted that the post is there
        env.clock.jump(86_400)
        await env.watch(DONE.id)
        _, post = await env.posts(2)
    assert len(post["attachments"]) == 2


async def test_a_dm_that_takes_less_says_nothing_of_the_server_that_a_song_was_meant_for(
    env: Env, guild: dict[str, Any]
) -> None:
    env.gateway.add(SOON)
    doomed = env.discord.changes.add_channel(guild, "doomed")
    dm = env.discord.world.dm_with(env.ada.user)
    in_dm = rf"^/channels/{dm['id']}/messages$"
    env.discord.faults.order(DiscordFault(in_dm, 413, method="POST", times=1, body={"message": "", "code": 40005}))
    async with env.bot(**FAST):
        await env.watch(SOON.id, channel=doomed)
        env.discord.changes.delete_channel(doomed)
        await env.finish()
        (moved,) = await env.posts(at=dm)
        await env.watch(SOON.id)
        (post,) = await env.posts()
    assert len(moved["attachments"]) < 2
    assert len(post["attachments"]) == 2


async def test_a_form_that_discord_refuses_is_made_simpler(env: Env) -> None:
    env.gateway.add(DONE)
    env.discord.faults.fail(POSTS, 400, 50035, times=1)
    async with env.bot():
        await env.watch(DONE.id)
        (post,) = await env.posts()
    assert (links(post), len(post["embeds"]), len(post["attachments"])) == ({}, 2, 2), "without lyrics and links"


async def test_a_post_refused_in_every_form_is_named_in_the_list(env: Env) -> None:
    env.gateway.add(DONE)
    env.discord.faults.fail(rf"^/channels/{env.channel['id']}/messages$", 400, 50035, times=100)
    async with env.bot():
        await env.watch(DONE.id)
        await env.posts(at=env.discord.world.dm_with(env.ada.user))
        await env.says(env.watches, "One result couldn't be posted.")


@pytest.mark.parametrize("count", [85, 130])
async def test_more_mentions_than_discord_allows_are_cut(env: Env, tmp_path: Path, count: int) -> None:
    """The message is whole, and as many are mentioned as fit beside it."""
    env.gateway.add(LATER)
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    env.discord.changes.override(env.channel, guild["roles"][0], deny=Permission.ATTACH_FILES)
    listeners = [env.discord.world.add_user(f"Listener {number}") for number in range(count)]
    mentions = json.dumps([f"<@{each['id']}>" for each in listeners])
    async with env.bot():
        await env.watch(LATER.id)
    with closing(sqlite3.connect(tmp_path / "bot.db")) as database, database:
        database.execute("UPDATE watches SET mentions = ?", (mentions,))
    async with env.bot():
        await env.clock.advance(660, step=20)
        (post,) = await env.posts()
    sent = next(each.body for each in env.discord.requests if "nonce" in (each.body or {}))
    assert "🎵 **Harbour Lights** is ready" in post["content"]
    assert post["content"].endswith("`/suno audio` gets you the files.")
    assert 70 < len(post["mentions"]) == len(sent["allowed_mentions"]["users"]) <= 100
    assert post["mentions"] == listeners[: len(post["mentions"])]


async def test_two_songs_too_large_for_one_message_come_in_two(env: Env) -> None:
    large = tuple(Song(f"{letter * 8}-1111-4222-8333-444444444444", "Long", duration=1_600.0) for letter in "ab")
    env.gateway.add(FakeTask("task_large", songs=large))
    async with env.bot():
        await env.watch("task_large")
        first, second = await env.posts(2)
        await env.settle_down()
    assert [len(post["attachments"]) for post in (first, second)] == [1, 1]
    assert len(env.posted()) == 2
    assert links(second).keys() == {"Download 2", "Suno page 2"}
