"""What becomes of a song on its way to Discord when something is in its way."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from bot.domain.delivery import AUDIO_NOTICE, AUDIO_WAIT, RECHECK
from sandbox.local_discord.faults import Fault as DiscordFault
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault
from sandbox.local_gateway.songs import audio
from tests.conftest import Env
from tests.e2e.test_watch import DONE, FAST, LATER, ONE, SOON, TWO, WORDS, files
from tests.messages import buttons, links, words

POSTS = r"^/channels/\d+/messages$"
HALF = Song(ONE.clip_id, "Half", duration=3.0, state="streaming")
TIMED_OUT = "task timeout 600s"
REFUSED = {"message": "Missing Permissions", "code": 50013}


def sends(env: Env) -> int:
    return sum(each.method == "POST" and "nonce" in (each.body or {}) for each in env.discord.requests)


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path / "bot.db")) as database:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@pytest.fixture
def guild(env: Env) -> dict[str, Any]:
    found = env.discord.world.guild_of(env.channel)
    assert found
    return found


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """What the database is asked."""
    asked: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    yield asked
    event.remove(Engine, "before_cursor_execute", hear)


async def test_a_restart_in_mid_watch(env: Env) -> None:
    env.gateway.add(SOON)
    async with env.bot(**FAST):
        await env.watch(SOON.id)
    env.clock.jump(30)
    async with env.bot(**FAST):
        (post,) = await env.posts()
        await env.settle_down()
        assert len(env.posted()) == 1
    assert len(post["attachments"]) == 2


async def test_a_restart_while_a_song_is_fetched(env: Env) -> None:
    env.gateway.add(DONE)
    env.gateway.media_faults.append(Fault(200, b"ID3" + b"x" * 5_000, stall_after=2_000, times=2, path="audio"))
    async with env.bot():
        await env.watch(DONE.id)
        await env.discord.hub.until(lambda: env.gateway.media_requests)
    assert env.posted() == []
    async with env.bot():
        (post,) = await env.posts()
    assert len(post["attachments"]) == 2


async def test_a_song_that_is_cut_off_on_its_way_comes_whole_a_little_later(env: Env, tmp_path: Path) -> None:
    """Also of a host that behaved until then, so that its songs are sent on while they arrive."""
    known = replace(DONE, id="11111111-2222-4333-8444-000000000000")
    env.gateway.add(DONE, known)
    cut = Fault(200, audio("dawn", 60.0)[0], stall_after=300_000, cut=True, pause=0.3, times=3, path="audio")
    async with env.bot():
        await env.watch(known.id)
        await env.posts()
        env.gateway.media_faults.append(cut)
        await env.watch(DONE.id)
        await env.discord.hub.until(lambda: cut.times <= 1)
        await env.clock.advance(10, step=1)
        _, post = await env.posts(2)
        await env.settle_down()
    assert env.posted()[1:] == [post]
    assert files(env, post) == [audio(song.sound, song.duration)[0] for song in DONE.songs]
    with closing(sqlite3.connect(tmp_path / "bot.db")) as database:
        assert database.execute("SELECT attempts FROM deliveries").fetchall() == [(0,), (1,)], "not cut off once more"


@pytest.mark.parametrize("nonce_alive", [True, False])
async def test_a_restart_while_discord_answers(env: Env, *, nonce_alive: bool) -> None:
    """The message arrived, and nobody heard: by its nonce, or by its button in the history, it is found again."""
    env.gateway.add(DONE)
    env.discord.faults.order(DiscordFault(POSTS, 200, method="POST", delay=30, after=True))
    async with env.bot():
        await env.watch(DONE.id)
        await env.posts()
    if not nonce_alive:
        env.clock.jump(env.discord.messages.nonce_life * 2)
    async with env.bot():
        await env.settle_down()
        assert len(env.posted()) == 1
        shown = await env.watches()
    assert "You aren't watching any tasks" in words(shown)


async def test_a_restart_while_discord_answers_in_a_busy_channel(env: Env) -> None:
    env.gateway.add(DONE)
    for _ in range(1_200):
        env.ada.say(env.channel, "and another thing")
        env.clock.jump(1)
    env.discord.faults.order(DiscordFault(POSTS, 200, method="POST", delay=30, after=True))
    async with env.bot():
        await env.watch(DONE.id)
        await env.posts()
    env.clock.jump(env.discord.messages.nonce_life * 2)
    async with env.bot():
        await env.says(env.watches, "You aren't watching any tasks")
        assert len(env.posted()) == 1


async def test_a_lost_answer_after_a_channel_was_busy_and_blocked(env: Env, guild: dict[str, Any]) -> None:
    """What was said there before the message went is no place to look for it."""
    env.gateway.add(DONE)
    env.discord.faults.fail(POSTS, 403, 50013, times=1)
    async with env.bot():
        await env.watch(DONE.id)
        await env.posts(at=env.discord.world.dm_with(env.ada.user))
        for _ in range(1_200):
            env.ada.say(env.channel, "and another thing")
            env.clock.jump(1)
        env.discord.faults.order(DiscordFault(POSTS, 200, method="POST", delay=30, after=True))
        env.discord.changes.override(env.channel, guild["roles"][0])
        await env.posts()
    env.clock.jump(env.discord.messages.nonce_life * 2)
    async with env.bot():
        await env.says(env.watches, "You aren't watching any tasks")
        assert len(env.posted()) == 1


async def test_a_message_that_arrived_and_was_deleted_does_not_come_again(env: Env) -> None:
    env.gateway.add(DONE)
    env.discord.faults.order(DiscordFault(POSTS, 0, method="POST", after=True))
    async with env.bot():
        await env.watch(DONE.id)
        (post,) = await env.posts()
        env.discord.interactions.delete(post)
        await env.clock.advance(30, step=5)
        await env.settle_down()
        shown = await env.watches()
    assert env.posted() == []
    assert "You aren't watching any tasks" in words(shown)


async def test_a_lost_permission_is_waited_for_and_told_once(env: Env, guild: dict[str, Any]) -> None:
    other = FakeTask("task_other", songs=(TWO,), states=LATER.states)
    env.gateway.add(LATER, other)
    dm = env.discord.world.dm_with(env.ben.user)
    everyone = guild["roles"][0]
    async with env.bot():
        await env.watch(LATER.id, other.id, person=env.ben)
        env.discord.changes.override(env.channel, everyone, deny=Permission.SEND_MESSAGES)
        await env.clock.advance(660, step=20)
        (told,) = await env.posts(at=dm)
        await env.clock.advance(3 * RECHECK, step=300)
        assert len(env.posted(dm)) == 1
        tried = sends(env)
        await env.clock.advance(RECHECK, step=300)
        assert sends(env) == tried, "what cannot go is not sent"
        env.discord.changes.override(env.channel, everyone)
        posts = await env.posts(2)
    assert "我在那里缺少权限" in told["content"]
    assert [len(post["attachments"]) for post in posts] == [1, 1]


async def test_a_refusal_that_nobody_could_foresee_is_rechecked_hourly(env: Env) -> None:
    env.gateway.add(DONE)
    env.discord.faults.fail(POSTS, 403, 50013, times=1)
    async with env.bot():
        await env.watch(DONE.id)
        await env.discord.hub.until(lambda: any(each.status == 403 for each in env.discord.requests))
        await env.clock.advance(RECHECK - 120, step=120)
        assert env.posted() == []
        await env.clock.advance(240, step=60)
        assert len((await env.posts())[0]["attachments"]) == 2


async def test_a_permission_that_comes_back_while_a_refusal_is_on_its_way(env: Env, guild: dict[str, Any]) -> None:
    env.gateway.add(DONE)
    env.discord.faults.order(DiscordFault(POSTS, 403, method="POST", delay=1, body=REFUSED, times=1))
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot():
        await env.watch(DONE.id)
        await env.discord.hub.until(lambda: sends(env))
        env.discord.changes.override(env.channel, guild["roles"][0], allow=Permission.SEND_MESSAGES)
        (post,) = await env.posts()
    assert len(post["attachments"]) == 2
    assert env.posted(dm) == []


async def test_a_refusal_that_is_not_discords_own_passes(env: Env) -> None:
    """Of what stands in front of Discord: none of Discord's codes is in it."""
    env.gateway.add(DONE)
    env.discord.faults.fail(POSTS, 403, 0, times=1)
    async with env.bot():
        await env.watch(DONE.id)
        await env.discord.hub.until(lambda: sends(env))
        await env.clock.advance(30, step=5)
        (post,) = await env.posts()
    assert len(post["attachments"]) == 2


async def test_an_odd_answer_of_discord_while_a_person_is_told_ends_nothing(
    env: Env, guild: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    env.gateway.add(DONE)
    env.discord.faults.order(DiscordFault(r"users/@me/channels", 200, times=1, body={"what": "no channel"}))
    async with env.bot():
        env.discord.changes.override(env.channel, guild["roles"][0], deny=Permission.SEND_MESSAGES)
        await env.watch(DONE.id)
        await env.discord.hub.until(lambda: "unexpected error" in caplog.text)
        env.discord.changes.override(env.channel, guild["roles"][0])
        await env.clock.advance(30, step=5)
        await env.posts()


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
async def test_what_a_server_held_goes_to_its_person_when_the_bot_has_to_leave(
    env: Env, guild: dict[str, Any], *, while_it_runs: bool
) -> None:
    """Nobody could resume it there."""
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
async def test_what_waits_for_a_permission_goes_to_its_person_when_the_place_is_deleted(
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


async def test_what_waits_for_a_permission_goes_to_its_person_when_the_bot_has_to_leave(
    env: Env, guild: dict[str, Any]
) -> None:
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


async def test_what_went_to_a_dm_is_held_by_no_server_and_holds_up_nothing(env: Env, guild: dict[str, Any]) -> None:
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
        _, first, open_gateway = await env.posts(3, at=dm)
    assert [len(post["attachments"]) for post in (first, open_gateway)] == [2, 2]


async def test_what_can_be_brought_nowhere_is_kept_for_the_list(env: Env, guild: dict[str, Any]) -> None:
    env.gateway.add(SOON)
    doomed = env.discord.changes.add_channel(guild, "doomed")
    env.discord.world.closed_dms.add(env.ada.id)
    async with env.bot(**FAST):
        await env.watch(SOON.id, channel=doomed)
        env.discord.changes.delete_channel(doomed)
        await env.finish()
        told = "One result couldn't be delivered."
        shown = await env.says(env.watches, told)
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


async def test_an_archived_thread(env: Env) -> None:
    env.gateway.add(SOON)
    thread = env.discord.changes.add_thread(env.channel, "takes")
    async with env.bot(**FAST):
        await env.watch(SOON.id, channel=thread)
        env.discord.changes.archive(thread, locked=True)
        await env.finish()
        await env.settle_down()
        assert env.posted(thread) == []
        env.discord.changes.unlock(thread)
        assert len((await env.posts(at=thread))[0]["attachments"]) == 2


async def test_what_discord_finds_too_large_comes_as_a_link_and_its_sibling_as_a_file(env: Env) -> None:
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


async def test_where_discord_takes_no_file_at_all_words_and_links_come(env: Env) -> None:
    env.gateway.add(DONE)
    env.discord.world.upload_limit = 100  # bytes: not even covers
    async with env.bot():
        await env.watch(DONE.id)
        (post,) = await env.posts()
    assert sends(env) == 4, "smaller and smaller, then none"
    assert post["attachments"] == []
    assert {"Download 1", "Download 2"} <= links(post).keys()


async def test_what_discord_took_no_more_for_a_moment_it_takes_again_a_day_later(env: Env) -> None:
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


async def test_what_discord_refuses_in_every_form_is_told_in_the_list(env: Env) -> None:
    env.gateway.add(DONE)
    env.discord.faults.fail(rf"^/channels/{env.channel['id']}/messages$", 400, 50035, times=100)
    async with env.bot():
        await env.watch(DONE.id)
        await env.posts(at=env.discord.world.dm_with(env.ada.user))
        await env.says(env.watches, "One result couldn't be posted.")


async def test_one_that_cannot_go_holds_up_no_other(env: Env, caplog: pytest.LogCaptureFixture) -> None:
    """Even a fault in the bot itself, for one song."""
    evil = Song("dddddddd-1111-4222-8333-444444444444", "Broken", duration=3.0)
    env.gateway.add(FakeTask("task_broken", songs=(evil,)), DONE)
    env.discord.faults.fail(POSTS, 400, 12345, times=100, when=lambda asked: "Broken" in str(asked.body))
    caplog.set_level(logging.ERROR)
    async with env.bot():
        await env.watch("task_broken")
        await env.discord.hub.until(lambda: sends(env) == 1)
        await env.watch(DONE.id)
        await env.clock.advance(30, step=5)
        (post,) = await env.posts()
    assert len(post["attachments"]) == 2
    assert "is refused by Discord" in caplog.text


@pytest.mark.parametrize("count", [85, 130])
async def test_more_who_want_to_hear_of_it_than_discord_takes(env: Env, tmp_path: Path, count: int) -> None:
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


async def test_audio_that_comes_late_is_waited_for(env: Env) -> None:
    env.gateway.add(DONE)
    env.gateway.media_faults.append(Fault(403, path="audio.*aaaaaaaa", times=3))
    async with env.bot():
        await env.watch(DONE.id)
        first, *_ = await env.posts()
        await env.clock.advance(AUDIO_NOTICE, step=5)
        _, open_gateway = await env.posts(2)
    assert [each["filename"] for each in first["attachments"]] == ["Harbour-Lights-bbbbbbbb-2.mp3"]
    assert [each["filename"] for each in open_gateway["attachments"]] == ["Harbour-Lights-aaaaaaaa-1.mp3"]
    assert len(env.posted()) == 2


async def test_patience_for_audio_begins_when_it_is_looked_for(env: Env) -> None:
    """Not with what held the song up before."""
    env.gateway.add(DONE)
    env.gateway.media_faults.append(Fault(403, path="audio", times=2))
    async with env.bot():
        await env.finished(await env.ada.slash(env.channel, "suno-admin pause"))
        await env.watch(DONE.id)
        await env.clock.advance(AUDIO_WAIT + 60, step=60)
        await env.finished(await env.ada.slash(env.channel, "suno-admin resume"))
        await env.discord.hub.until(lambda: len(env.gateway.media_requests) >= 2)
        await env.clock.advance(30, step=5)
        (post,) = await env.posts()
    assert len(post["attachments"]) == 2


async def test_patience_for_audio_goes_on_after_a_restart(env: Env, tmp_path: Path) -> None:
    env.gateway.add(DONE)
    env.gateway.media_faults.append(Fault(403, path="audio"))
    async with env.bot():
        await env.watch(DONE.id)
        await env.discord.hub.until(lambda: rows(tmp_path, "deliveries WHERE parked"))
    env.clock.jump(AUDIO_WAIT - 60)
    async with env.bot():
        await env.clock.advance(120, step=20)
        _, end = await env.posts(2)
    assert "got no usable audio" in end["content"]


async def test_that_audio_is_late_is_said_once_however_many_songs_it_is(env: Env) -> None:
    env.gateway.add(DONE)
    env.gateway.media_faults.append(Fault(403, path="audio.*bbbbbbbb"))
    env.gateway.media_faults.append(Fault(403, path="audio.*aaaaaaaa", times=8))
    async with env.bot():
        await env.watch(DONE.id)
        await env.clock.advance(600, step=5)
        await env.posts(2)
        await env.settle_down()
    assert sum("no usable audio yet" in post["content"] for post in env.posted()) == 1


async def test_lyrics_that_a_finished_task_names_only_later(env: Env) -> None:
    """Before, nobody could tell that it makes no song."""
    env.gateway.add(replace(WORDS, text=None))
    async with env.bot():
        await env.watch(WORDS.id)
        await env.settle_down()
        env.gateway.add(WORDS)
        await env.clock.advance(30, step=5)
        (post,) = await env.posts()
    assert "The words that were asked for" in words(post)


async def test_a_media_host_that_hangs_holds_up_no_other_message(
    env: Env, guild: dict[str, Any], tmp_path: Path
) -> None:
    """Songs that were tried before leave room."""
    fakes = [FakeTask(f"task_{each}", songs=(replace(ONE, clip_id=f"clip-{each}"),)) for each in range(6)]
    env.gateway.add(*fakes, WORDS)
    env.gateway.media_faults.append(Fault(403, path="audio", times=6))
    env.gateway.media_faults.append(Fault(200, b"ID3", delay=3_600, path="audio"))
    async with env.bot():
        for fake in fakes:
            await env.watch(fake.id, channel=env.discord.changes.add_channel(guild, fake.id))
        await env.discord.hub.until(lambda: rows(tmp_path, "deliveries WHERE parked") == 6)
        env.clock.jump(10)
        await env.settle_down()
        await env.watch(WORDS.id)
        await env.posts()


async def test_audio_that_never_comes_is_said_honestly(env: Env) -> None:
    forbidden = Song("c1", "Mute", audio_url="https://studio-api.prod.suno.com/api/forbidden")
    env.gateway.add(FakeTask("task_mute", songs=(forbidden,)))
    async with env.bot():
        await env.watch("task_mute")
        await env.clock.advance(AUDIO_NOTICE + 60, step=5)
        (notice,) = await env.posts()
        await env.clock.advance(AUDIO_WAIT, step=20)
        _, end = await env.posts(2)
        await env.clock.advance(AUDIO_WAIT, step=60)
        assert len(env.posted()) == 2
    assert "The task is finished, but the gateway gave no usable audio yet. I'll keep trying until" in notice["content"]
    assert "✅ **Mute** is finished" in end["content"]
    assert "got no usable audio for song 1" in end["content"]


def _owe_songs(file: Path, keys: list[str]) -> None:
    with closing(sqlite3.connect(file, isolation_level="IMMEDIATE")) as database, database:
        database.execute("UPDATE deliveries SET topic = 'songs', clips = ?", (json.dumps(keys),))


async def test_a_failed_task_that_finished_no_song_is_a_failure_at_once(env: Env, tmp_path: Path) -> None:
    """Also where its unfinished songs are owed, as they once were."""
    env.gateway.add(FakeTask("task_half", songs=(HALF,), states=((0, "failed"),), reason=TIMED_OUT))
    async with env.bot():
        await env.finished(await env.ada.slash(env.channel, "suno-admin pause"))
        await env.watch("task_half")
        await env.discord.hub.until(lambda: rows(tmp_path, "deliveries"))
        await asyncio.to_thread(_owe_songs, tmp_path / "bot.db", [HALF.clip_id])  # the bot may be in mid-transaction
        await env.finished(await env.ada.slash(env.channel, "suno-admin resume"))
        (post,) = await env.posts()
        await env.clock.advance(AUDIO_WAIT + 60, step=60)
        await env.settle_down()
    assert env.posted() == [post]
    assert "❌ **Half** failed" in post["content"]
    assert TIMED_OUT in words(post)


async def test_a_failed_task_whose_only_song_cannot_be_fetched_is_a_failure(env: Env) -> None:
    made = Song(ONE.clip_id, "Half", audio_url="https://cdn1.suno.ai/gone.mp3", state="done")
    env.gateway.add(FakeTask("task_half", songs=(made, TWO), states=((0, "failed"),), reason=TIMED_OUT))
    async with env.bot():
        await env.watch("task_half")
        await env.clock.advance(AUDIO_NOTICE + 60, step=5)
        await env.settle_down()
        assert env.posted() == [], "nobody is told that it is finished"
        await env.clock.advance(AUDIO_WAIT, step=20)
        (post,) = await env.posts()
    assert "❌ **Half** failed" in post["content"]
    assert "got no usable audio for song 1" in post["content"]
    assert TIMED_OUT in words(post)
    assert "arrived" not in words(post)
    assert "Download 1" in links(post)


async def test_a_failed_task_brings_the_song_that_it_finished_and_waits_for_no_other(env: Env) -> None:
    made = Song(TWO.clip_id, "Half", duration=3.0, state="done")
    env.gateway.add(FakeTask("task_half", songs=(made, HALF), states=((0, "failed"),), reason=TIMED_OUT))
    async with env.bot():
        await env.watch("task_half")
        (post,) = await env.posts()
        await env.clock.advance(AUDIO_WAIT + 60, step=60)
        await env.settle_down()
    assert env.posted() == [post]
    assert len(post["attachments"]) == 1
    assert TIMED_OUT in words(post)


async def test_audio_under_a_new_address_is_found(env: Env) -> None:
    """A gateway that first hands out an address that does not work, and then one that does."""
    env.gateway.add(
        FakeTask("task_moved", songs=(Song(ONE.clip_id, "Moved", audio_url="https://cdn1.suno.ai/gone.mp3"),))
    )
    async with env.bot():
        await env.watch("task_moved")
        await env.settle_down(1)
        env.gateway.add(FakeTask("task_moved", songs=(Song(ONE.clip_id, "Moved", duration=3.0),)))
        await env.clock.advance(AUDIO_NOTICE, step=5)
        (post,) = await env.posts()
    assert len(post["attachments"]) == 1


async def test_a_channel_keeps_the_order_in_which_songs_were_finished(env: Env) -> None:
    fakes = [
        FakeTask(
            f"task_{number:04}",
            songs=(Song(f"{number:08}-1111-4222-8333-444444444444", f"Song {number}", duration=2.0),),
            states=((0, "running"), (20 + number, "done")),
        )
        for number in range(6)
    ]
    env.gateway.add(*fakes)
    env.gateway.media_faults.append(Fault(500, path="00000001", times=1))
    async with env.bot(**FAST):
        await env.watch(*(fake.id for fake in reversed(fakes)))
        await env.finish()
        posts = await env.posts(6)
    assert [post["embeds"][0]["title"] for post in posts] == [f"Song {number}" for number in range(6)]


async def test_two_songs_too_large_for_one_message_come_in_two(env: Env) -> None:
    large = tuple(Song(f"{letter * 8}-1111-4222-8333-444444444444", "Long", duration=1_600.0) for letter in "ab")
    env.gateway.add(FakeTask("task_large", songs=large))
    async with env.bot():
        await env.watch("task_large")
        first, open_gateway = await env.posts(2)
        await env.settle_down()
    assert [len(post["attachments"]) for post in (first, open_gateway)] == [1, 1]
    assert len(env.posted()) == 2
    assert links(open_gateway).keys() == {"Download 2", "Suno page 2"}


async def test_what_must_wait_for_room_asks_the_database_nothing_meanwhile(
    env: Env, guild: dict[str, Any], statements: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bot.services.delivery.notifier.MOST", 4)  # messages on their way
    env.gateway.add(DONE)
    places = [env.discord.changes.add_channel(guild, f"songs-{number}") for number in range(5)]
    answered = asyncio.Event()
    env.discord.faults.order(DiscordFault(POSTS, 200, method="POST", times=4, held=answered, after=True))
    async with env.bot():
        for place in places:
            await env.watch(DONE.id, channel=place)
        await env.discord.hub.until(lambda: sends(env) == 4 and rows(tmp_path, "deliveries") == 5)
        await env.settle_down()
        statements.clear()
        await env.settle_down()
        assert len(statements) < 20
        answered.set()
        for place in places:
            await env.posts(at=place)


_MONTH = 31 * 86_400.0  # seconds


@pytest.mark.parametrize("told_in", ["a DM", "a staff channel"])
async def test_a_notice_that_cannot_be_brought_keeps_nothing_for_ever(
    env: Env, guild: dict[str, Any], tmp_path: Path, told_in: str
) -> None:
    """The song came, and a month later there is no word left of it."""
    env.gateway.add(SOON)
    everyone = guild["roles"][0]
    async with env.bot(**FAST):
        if told_in == "a DM":
            env.discord.world.closed_dms.add(env.ada.id)
        else:
            staff = env.discord.changes.add_channel(guild, "staff")
            await _errors_to(env, staff)
            env.discord.changes.override(staff, everyone, deny=Permission.SEND_MESSAGES)
        await env.watch(SOON.id)
        env.discord.changes.override(env.channel, everyone, deny=Permission.SEND_MESSAGES)
        await env.finish()
        await env.discord.hub.until(lambda: any(each.status == 403 for each in env.discord.requests))
        env.discord.changes.override(env.channel, everyone)
        await env.posts()
        await env.settle_down()
        env.clock.jump(_MONTH)
        await env.discord.hub.until(lambda: not rows(tmp_path, "watches"))
    assert (rows(tmp_path, "deliveries"), rows(tmp_path, "answers")) == (0, 0)


async def _errors_to(env: Env, channel: dict[str, Any]) -> None:
    panel = await env.finished(await env.ada.slash(env.channel, "suno-admin setup"))
    await env.changed(await env.ada.select(panel, "p1:errors", [channel["id"]]))


async def test_nobody_is_told_that_something_waits_once_it_has_come(
    env: Env, guild: dict[str, Any], tmp_path: Path
) -> None:
    env.gateway.add(SOON)
    everyone, dm = guild["roles"][0], env.discord.world.dm_with(env.ben.user)
    in_dm = rf"^/channels/{dm['id']}/messages$"
    env.discord.faults.fail(in_dm, 503, times=1_000)
    async with env.bot(**FAST):
        await env.watch(SOON.id, person=env.ben)
        env.discord.changes.override(env.channel, everyone, deny=Permission.SEND_MESSAGES)
        await env.finish()
        await env.discord.hub.until(lambda: any(each.status == 503 for each in env.discord.requests))
        env.discord.changes.override(env.channel, everyone)
        await env.posts()
        await env.discord.hub.until(lambda: rows(tmp_path, "deliveries WHERE topic = 'songs' AND state = 'sent'"))
        env.discord.faults.clear()
        await env.clock.advance(RECHECK, step=60)
        await env.settle_down()
    assert env.posted(dm) == []


async def test_managers_are_still_told_of_a_song_that_failed_when_its_sibling_has_come(
    env: Env, guild: dict[str, Any]
) -> None:
    first = Song(ONE.clip_id, "First", duration=3.0, state="done")
    env.gateway.add(FakeTask("task_apart", songs=(first, TWO), states=((0, "running"), (60, "done"))))
    staff = env.discord.changes.add_channel(guild, "staff")
    in_staff = rf"^/channels/{staff['id']}/messages$"
    in_channel = rf"^/channels/{env.channel['id']}/messages$"
    async with env.bot(**FAST):
        await _errors_to(env, staff)
        env.discord.faults.fail(in_staff, 503, times=1_000)
        env.discord.faults.fail(in_channel, 400, 50035, times=5)  # each form of the first song
        await env.watch("task_apart")
        await env.discord.hub.until(lambda: any(each.status == 503 for each in env.discord.requests))
        await env.clock.advance(61, step=1)
        await env.posts()
        env.discord.faults.clear()
        await env.clock.advance(120, step=5)
        (told,) = await env.posts(at=staff)
    assert "Something couldn't be posted" in told["content"]


async def test_one_persons_many_messages_in_a_channel_hold_up_nobody_elses(env: Env) -> None:
    """Discord takes five in five seconds there."""
    env.discord.rest.limits.enforced = True
    many = [FakeTask(f"task{number:08}", songs=(ONE,)) for number in range(25)]
    env.gateway.add(DONE, *many)
    async with env.bot():
        await env.watch(*(fake.id for fake in many), person=env.ben)
        await env.posts(1)
        await env.watch(DONE.id)
        await env.discord.hub.until(lambda: any(len(post["attachments"]) == 2 for post in env.posted()))
        assert len(env.posted()) < 15
