"""Audio that comes late, in part or not at all."""

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.delivery import AUDIO_NOTICE, AUDIO_WAIT
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault
from sandbox.local_gateway.songs import audio
from tests.conftest import Env
from tests.e2e.deliveries import rows
from tests.messages import links, words
from tests.sample_tasks import DONE, ONE, TWO, WORDS

pytestmark = pytest.mark.faults

HALF = Song(ONE.clip_id, "Half", duration=3.0, state="streaming")


TIMED_OUT = "task timeout 600s"


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
    assert env.files(post) == [audio(song.sound, song.duration)[0] for song in DONE.songs]
    with closing(sqlite3.connect(tmp_path / "bot.db")) as database:
        assert database.execute("SELECT attempts FROM deliveries").fetchall() == [(0,), (1,)], "not cut off once more"


async def test_late_audio_is_waited_for(env: Env) -> None:
    env.gateway.add(DONE)
    env.gateway.media_faults.append(Fault(403, path="audio.*aaaaaaaa", times=3))
    async with env.bot():
        await env.watch(DONE.id)
        first, *_ = await env.posts()
        await env.clock.advance(AUDIO_NOTICE, step=5)
        _, second = await env.posts(2)
    assert [each["filename"] for each in first["attachments"]] == ["Harbour-Lights-bbbbbbbb-2.mp3"]
    assert [each["filename"] for each in second["attachments"]] == ["Harbour-Lights-aaaaaaaa-1.mp3"]
    assert len(env.posted()) == 2


async def test_the_wait_for_audio_starts_with_the_first_attempt(env: Env) -> None:
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


async def test_the_wait_for_audio_continues_after_a_restart(env: Env, tmp_path: Path) -> None:
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


async def test_late_audio_of_several_songs_is_announced_once(env: Env) -> None:
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
    """Until then it cannot be known that it makes no song."""
    env.gateway.add(replace(WORDS, text=None))
    async with env.bot():
        await env.watch(WORDS.id)
        await env.settle_down()
        env.gateway.add(WORDS)
        await env.clock.advance(30, step=5)
        (post,) = await env.posts()
    assert "The words that were asked for" in words(post)


async def test_a_hanging_media_host_delays_no_other_message(env: Env, guild: dict[str, Any], tmp_path: Path) -> None:
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


async def test_missing_audio_is_announced_and_finally_reported(env: Env) -> None:
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


def _queue_songs(file: Path, keys: list[str]) -> None:
    with closing(sqlite3.connect(file, isolation_level="IMMEDIATE")) as database, database:
        database.execute("UPDATE deliveries SET topic = 'songs', clips = ?", (json.dumps(keys),))


async def test_a_failed_task_that_finished_no_song_is_a_failure_at_once(env: Env, tmp_path: Path) -> None:
    """Also with a delivery of unfinished songs, as older versions stored it."""
    env.gateway.add(FakeTask("task_half", songs=(HALF,), states=((0, "failed"),), reason=TIMED_OUT))
    async with env.bot():
        await env.finished(await env.ada.slash(env.channel, "suno-admin pause"))
        await env.watch("task_half")
        await env.discord.hub.until(lambda: rows(tmp_path, "deliveries"))
        await asyncio.to_thread(_queue_songs, tmp_path / "bot.db", [HALF.clip_id])  # the bot may be in mid-transaction
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
        assert env.posted() == [], "no notice says that it is finished"
        await env.clock.advance(AUDIO_WAIT, step=20)
        (post,) = await env.posts()
    assert "❌ **Half** failed" in post["content"]
    assert "got no usable audio for song 1" in post["content"]
    assert TIMED_OUT in words(post)
    assert "arrived" not in words(post)
    assert "Download 1" in links(post)


async def test_a_failed_task_posts_its_finished_song_and_does_not_wait_for_others(env: Env) -> None:
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
