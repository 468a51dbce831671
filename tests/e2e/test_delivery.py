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
from sandbox.local_gateway.life import Life, Song
from sandbox.local_gateway.server import Fault
from sandbox.local_gateway.songs import audio
from tests.conftest import Town
from tests.e2e.test_watch import DONE, FAST, LATER, ONE, SOON, TWO, WORDS, files
from tests.messages import buttons, links, words

POSTS = r"^/channels/\d+/messages$"
HALF = Song(ONE.clip_id, "Half", duration=3.0, state="streaming")
TIMED_OUT = "task timeout 600s"
REFUSED = {"message": "Missing Permissions", "code": 50013}


def sends(town: Town) -> int:
    return sum(each.method == "POST" and "nonce" in (each.body or {}) for each in town.discord.requests)


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path / "bot.db")) as database:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@pytest.fixture
def guild(town: Town) -> dict[str, Any]:
    found = town.discord.world.guild_of(town.channel)
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


async def test_a_restart_in_mid_watch(town: Town) -> None:
    town.gateway.add(SOON)
    async with town.bot(**FAST):
        await town.watch(SOON.id)
    town.clock.jump(30)
    async with town.bot(**FAST):
        (post,) = await town.posts()
        await town.settle_down()
        assert len(town.posted()) == 1
    assert len(post["attachments"]) == 2


async def test_a_restart_while_a_song_is_fetched(town: Town) -> None:
    town.gateway.add(DONE)
    town.gateway.media_faults.append(Fault(200, b"ID3" + b"x" * 5_000, stall_after=2_000, times=2, path="audio"))
    async with town.bot():
        await town.watch(DONE.id)
        await town.discord.hub.until(lambda: town.gateway.media_requests)
    assert town.posted() == []
    async with town.bot():
        (post,) = await town.posts()
    assert len(post["attachments"]) == 2


async def test_a_song_that_is_cut_off_on_its_way_comes_whole_a_little_later(town: Town, tmp_path: Path) -> None:
    """Also of a host that behaved until then, so that its songs are sent on while they arrive."""
    known = replace(DONE, id="11111111-2222-4333-8444-000000000000")
    town.gateway.add(DONE, known)
    cut = Fault(200, audio("dawn", 60.0)[0], stall_after=300_000, cut=True, pause=0.3, times=3, path="audio")
    async with town.bot():
        await town.watch(known.id)
        await town.posts()
        town.gateway.media_faults.append(cut)
        await town.watch(DONE.id)
        await town.discord.hub.until(lambda: cut.times <= 1)
        await town.clock.pass_(10, step=1)
        _, post = await town.posts(2)
        await town.settle_down()
    assert town.posted()[1:] == [post]
    assert files(town, post) == [audio(song.sound, song.duration)[0] for song in DONE.songs]
    with closing(sqlite3.connect(tmp_path / "bot.db")) as database:
        assert database.execute("SELECT attempts FROM deliveries").fetchall() == [(0,), (1,)], "not cut off once more"


@pytest.mark.parametrize("nonce_alive", [True, False])
async def test_a_restart_while_discord_answers(town: Town, *, nonce_alive: bool) -> None:
    """The message arrived, and nobody heard: by its nonce, or by its button in the history, it is found again."""
    town.gateway.add(DONE)
    town.discord.faults.order(DiscordFault(POSTS, 200, method="POST", delay=30, after=True))
    async with town.bot():
        await town.watch(DONE.id)
        await town.posts()
    if not nonce_alive:
        town.clock.jump(town.discord.messages.nonce_life * 2)
    async with town.bot():
        await town.settle_down()
        assert len(town.posted()) == 1
        shown = await town.watches()
    assert "You aren't watching any tasks" in words(shown)


async def test_a_restart_while_discord_answers_in_a_busy_channel(town: Town) -> None:
    town.gateway.add(DONE)
    for _ in range(1_200):
        town.ada.say(town.channel, "and another thing")
        town.clock.jump(1)
    town.discord.faults.order(DiscordFault(POSTS, 200, method="POST", delay=30, after=True))
    async with town.bot():
        await town.watch(DONE.id)
        await town.posts()
    town.clock.jump(town.discord.messages.nonce_life * 2)
    async with town.bot():
        await town.says(town.watches, "You aren't watching any tasks")
        assert len(town.posted()) == 1


async def test_a_lost_answer_after_a_channel_was_busy_and_blocked(town: Town, guild: dict[str, Any]) -> None:
    """What was said there before the message went is no place to look for it."""
    town.gateway.add(DONE)
    town.discord.faults.fail(POSTS, 403, 50013, times=1)
    async with town.bot():
        await town.watch(DONE.id)
        await town.posts(at=town.discord.world.dm_with(town.ada.user))
        for _ in range(1_200):
            town.ada.say(town.channel, "and another thing")
            town.clock.jump(1)
        town.discord.faults.order(DiscordFault(POSTS, 200, method="POST", delay=30, after=True))
        town.discord.changes.override(town.channel, guild["roles"][0])
        await town.posts()
    town.clock.jump(town.discord.messages.nonce_life * 2)
    async with town.bot():
        await town.says(town.watches, "You aren't watching any tasks")
        assert len(town.posted()) == 1


async def test_a_message_that_arrived_and_was_deleted_does_not_come_again(town: Town) -> None:
    town.gateway.add(DONE)
    town.discord.faults.order(DiscordFault(POSTS, 0, method="POST", after=True))
    async with town.bot():
        await town.watch(DONE.id)
        (post,) = await town.posts()
        town.discord.interactions.delete(post)
        await town.clock.pass_(30, step=5)
        await town.settle_down()
        shown = await town.watches()
    assert town.posted() == []
    assert "You aren't watching any tasks" in words(shown)


async def test_a_lost_permission_is_waited_for_and_told_once(town: Town, guild: dict[str, Any]) -> None:
    other = Life("task_other", songs=(TWO,), states=LATER.states)
    town.gateway.add(LATER, other)
    dm = town.discord.world.dm_with(town.ben.user)
    everyone = guild["roles"][0]
    async with town.bot():
        await town.watch(LATER.id, other.id, person=town.ben)
        town.discord.changes.override(town.channel, everyone, deny=Permission.SEND_MESSAGES)
        await town.clock.pass_(660, step=20)
        (told,) = await town.posts(at=dm)
        await town.clock.pass_(3 * RECHECK, step=300)
        assert len(town.posted(dm)) == 1
        tried = sends(town)
        await town.clock.pass_(RECHECK, step=300)
        assert sends(town) == tried, "what cannot go is not sent"
        town.discord.changes.override(town.channel, everyone)
        posts = await town.posts(2)
    assert "我在那里缺少权限" in told["content"]
    assert [len(post["attachments"]) for post in posts] == [1, 1]


async def test_a_refusal_that_nobody_could_foresee_is_rechecked_hourly(town: Town) -> None:
    town.gateway.add(DONE)
    town.discord.faults.fail(POSTS, 403, 50013, times=1)
    async with town.bot():
        await town.watch(DONE.id)
        await town.discord.hub.until(lambda: any(each.status == 403 for each in town.discord.requests))
        await town.clock.pass_(RECHECK - 120, step=120)
        assert town.posted() == []
        await town.clock.pass_(240, step=60)
        assert len((await town.posts())[0]["attachments"]) == 2


async def test_a_permission_that_comes_back_while_a_refusal_is_on_its_way(town: Town, guild: dict[str, Any]) -> None:
    town.gateway.add(DONE)
    town.discord.faults.order(DiscordFault(POSTS, 403, method="POST", delay=1, body=REFUSED, times=1))
    dm = town.discord.world.dm_with(town.ada.user)
    async with town.bot():
        await town.watch(DONE.id)
        await town.discord.hub.until(lambda: sends(town))
        town.discord.changes.override(town.channel, guild["roles"][0], allow=Permission.SEND_MESSAGES)
        (post,) = await town.posts()
    assert len(post["attachments"]) == 2
    assert town.posted(dm) == []


async def test_a_refusal_that_is_not_discords_own_passes(town: Town) -> None:
    """Of what stands in front of Discord: none of Discord's codes is in it."""
    town.gateway.add(DONE)
    town.discord.faults.fail(POSTS, 403, 0, times=1)
    async with town.bot():
        await town.watch(DONE.id)
        await town.discord.hub.until(lambda: sends(town))
        await town.clock.pass_(30, step=5)
        (post,) = await town.posts()
    assert len(post["attachments"]) == 2


async def test_an_odd_answer_of_discord_while_a_person_is_told_ends_nothing(
    town: Town, guild: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    town.gateway.add(DONE)
    town.discord.faults.order(DiscordFault(r"users/@me/channels", 200, times=1, body={"what": "no channel"}))
    async with town.bot():
        town.discord.changes.override(town.channel, guild["roles"][0], deny=Permission.SEND_MESSAGES)
        await town.watch(DONE.id)
        await town.discord.hub.until(lambda: "nobody foresaw" in caplog.text)
        town.discord.changes.override(town.channel, guild["roles"][0])
        await town.clock.pass_(30, step=5)
        await town.posts()


async def test_a_bot_that_is_removed_keeps_the_song_for_its_person(town: Town, guild: dict[str, Any]) -> None:
    town.gateway.add(SOON)
    town.discord.world.installed_by.add(town.ada.id)
    async with town.bot(**FAST):
        await town.watch(SOON.id)
        town.discord.changes.remove_bot(guild)
        await town.finish()
        (post,) = await town.posts(at=town.discord.world.dm_with(town.ada.user))
    assert len(post["attachments"]) == 2


@pytest.mark.parametrize("while_it_runs", [True, False])
async def test_what_a_server_held_goes_to_its_person_when_the_bot_has_to_leave(
    town: Town, guild: dict[str, Any], *, while_it_runs: bool
) -> None:
    """Nobody could resume it there."""
    town.gateway.add(DONE)
    town.discord.world.installed_by.add(town.ada.id)
    dm = town.discord.world.dm_with(town.ada.user)
    async with town.bot():
        await town.finished(await town.ada.slash(town.channel, "suno-admin pause"))
        await town.watch(DONE.id)
        if while_it_runs:
            town.discord.changes.remove_bot(guild)
            await town.posts(at=dm)
    if not while_it_runs:
        town.discord.changes.remove_bot(guild)
        async with town.bot():
            await town.posts(at=dm)
    (post,) = town.posted(dm)
    assert len(post["attachments"]) == 2


@pytest.mark.parametrize("thread", [True, False])
async def test_what_waits_for_a_permission_goes_to_its_person_when_the_place_is_deleted(
    town: Town, guild: dict[str, Any], *, thread: bool
) -> None:
    town.gateway.add(DONE)
    doomed = town.discord.changes.add_channel(guild, "doomed")
    place = town.discord.changes.add_thread(doomed, "takes") if thread else doomed
    dm = town.discord.world.dm_with(town.ada.user)
    async with town.bot():
        town.discord.changes.override(doomed, guild["roles"][0], deny=Permission.VIEW_CHANNEL)
        await town.watch(DONE.id, channel=place)
        await town.posts(at=dm)
        town.discord.changes.delete_channel(place)
        _, post = await town.posts(2, at=dm)
    assert len(post["attachments"]) == 2


async def test_what_waits_for_a_permission_goes_to_its_person_when_the_bot_has_to_leave(
    town: Town, guild: dict[str, Any]
) -> None:
    town.gateway.add(DONE)
    town.discord.world.installed_by.add(town.ada.id)
    dm = town.discord.world.dm_with(town.ada.user)
    async with town.bot():
        town.discord.changes.override(town.channel, guild["roles"][0], deny=Permission.SEND_MESSAGES)
        await town.watch(DONE.id)
        await town.posts(at=dm)
        town.discord.changes.remove_bot(guild)
        await town.clock.pass_(RECHECK + 60, step=60)
        _, post = await town.posts(2, at=dm)
    assert len(post["attachments"]) == 2


async def test_what_went_to_a_dm_is_held_by_no_server_and_holds_up_nothing(town: Town, guild: dict[str, Any]) -> None:
    town.gateway.add(SOON, DONE)
    doomed = town.discord.changes.add_channel(guild, "doomed")
    dm = town.discord.world.dm_with(town.ada.user)
    in_dm = rf"^/channels/{dm['id']}/messages$"
    async with town.bot(**FAST):
        await town.watch(SOON.id, channel=doomed)
        town.discord.faults.fail(in_dm, 503, times=1)
        town.discord.changes.delete_channel(doomed)
        town.clock.jump(30)
        await town.discord.hub.until(lambda: any(each.status == 503 for each in town.discord.requests))
        await town.finished(await town.ada.slash(town.channel, "suno-admin pause"))
        await town.watch(DONE.id, at=dm)
        await town.clock.pass_(60, step=5)
        _, first, second = await town.posts(3, at=dm)
    assert [len(post["attachments"]) for post in (first, second)] == [2, 2]


async def test_what_can_be_brought_nowhere_is_kept_for_the_list(town: Town, guild: dict[str, Any]) -> None:
    town.gateway.add(SOON)
    doomed = town.discord.changes.add_channel(guild, "doomed")
    town.discord.world.closed_dms.add(town.ada.id)
    async with town.bot(**FAST):
        await town.watch(SOON.id, channel=doomed)
        town.discord.changes.delete_channel(doomed)
        await town.finish()
        told = "One result couldn't be delivered."
        shown = await town.says(town.watches, told)
        song = await town.finished(await town.ada.press(shown, "Show"))
        await town.discord.hub.until(lambda: len(song["attachments"]) == 2)
        await town.settle_down()
        again = await town.watches()
    assert "You aren't watching any tasks" in words(again)


async def test_a_dm_that_is_closed_meanwhile_is_kept_too(town: Town) -> None:
    town.gateway.add(SOON)
    dm = town.discord.world.dm_with(town.ada.user)
    async with town.bot(**FAST):
        await town.watch(SOON.id, at=dm)
        town.discord.world.closed_dms.add(town.ada.id)
        await town.finish()
        shown = await town.says(lambda: town.watches(at=dm), "couldn't be delivered")
    assert buttons(shown) == ["Show"]


async def test_a_first_song_that_was_kept_is_shown_while_the_second_is_made(town: Town) -> None:
    first = Song(ONE.clip_id, "First", duration=3.0, state="done")
    town.gateway.add(Life("task_apart", songs=(first, TWO), states=((0, "running"), (9_000, "done"))))
    dm = town.discord.world.dm_with(town.ada.user)
    async with town.bot(**FAST):
        await town.watch("task_apart", at=dm)
        town.discord.world.closed_dms.add(town.ada.id)
        shown = await town.says(lambda: town.watches(at=dm), "couldn't be delivered")
        assert buttons(shown) == ["Show"]
        song = await town.finished(await town.ada.press(shown, "Show"))
        again = await town.says(lambda: town.watches(at=dm), lacks="couldn't be delivered")
    assert "First" in words(song)
    assert "Your watched tasks: 1" in words(again)
    assert buttons(again) == ["Stop"]


async def test_an_archived_thread(town: Town) -> None:
    town.gateway.add(SOON)
    thread = town.discord.changes.add_thread(town.channel, "takes")
    async with town.bot(**FAST):
        await town.watch(SOON.id, channel=thread)
        town.discord.changes.archive(thread, locked=True)
        await town.finish()
        await town.settle_down()
        assert town.posted(thread) == []
        town.discord.changes.unlock(thread)
        assert len((await town.posts(at=thread))[0]["attachments"]) == 2


async def test_what_discord_finds_too_large_comes_as_a_link_and_its_sibling_as_a_file(town: Town) -> None:
    town.gateway.add(DONE)
    town.discord.world.upload_limit = 30_000  # bytes; one of the two is larger
    async with town.bot():
        await town.watch(DONE.id)
        (post,) = await town.posts()
        await town.says(town.watches, "You aren't watching any tasks")
        await town.watch(DONE.id)
        await town.posts(2)
    assert [each["filename"] for each in post["attachments"]] == ["Harbour-Lights-aaaaaaaa-1.mp3"]
    assert "so here is the link" in post["content"]
    assert sum(each.status in (400, 413) for each in town.discord.requests) == 1, "it is learned"


async def test_where_discord_takes_no_file_at_all_words_and_links_come(town: Town) -> None:
    town.gateway.add(DONE)
    town.discord.world.upload_limit = 100  # bytes: not even covers
    async with town.bot():
        await town.watch(DONE.id)
        (post,) = await town.posts()
    assert sends(town) == 4, "smaller and smaller, then none"
    assert post["attachments"] == []
    assert {"Download 1", "Download 2"} <= links(post).keys()


async def test_what_discord_took_no_more_for_a_moment_it_takes_again_a_day_later(town: Town) -> None:
    town.gateway.add(DONE)
    town.discord.faults.order(DiscordFault(POSTS, 413, method="POST", times=1, body={"message": "", "code": 40005}))
    async with town.bot():
        await town.watch(DONE.id)
        (post,) = await town.posts()
        assert len([each for each in post["attachments"] if each["filename"].endswith(".mp3")]) < 2
        await town.says(town.watches, "You aren't watching any tasks")  # it is noted that the post is there
        town.clock.jump(86_400)
        await town.watch(DONE.id)
        _, post = await town.posts(2)
    assert len(post["attachments"]) == 2


async def test_a_dm_that_takes_less_says_nothing_of_the_server_that_a_song_was_meant_for(
    town: Town, guild: dict[str, Any]
) -> None:
    town.gateway.add(SOON)
    doomed = town.discord.changes.add_channel(guild, "doomed")
    dm = town.discord.world.dm_with(town.ada.user)
    in_dm = rf"^/channels/{dm['id']}/messages$"
    town.discord.faults.order(DiscordFault(in_dm, 413, method="POST", times=1, body={"message": "", "code": 40005}))
    async with town.bot(**FAST):
        await town.watch(SOON.id, channel=doomed)
        town.discord.changes.delete_channel(doomed)
        await town.finish()
        (moved,) = await town.posts(at=dm)
        await town.watch(SOON.id)
        (post,) = await town.posts()
    assert len(moved["attachments"]) < 2
    assert len(post["attachments"]) == 2


async def test_a_form_that_discord_refuses_is_made_simpler(town: Town) -> None:
    town.gateway.add(DONE)
    town.discord.faults.fail(POSTS, 400, 50035, times=1)
    async with town.bot():
        await town.watch(DONE.id)
        (post,) = await town.posts()
    assert (links(post), len(post["embeds"]), len(post["attachments"])) == ({}, 2, 2), "without lyrics and links"


async def test_what_discord_refuses_in_every_form_is_told_in_the_list(town: Town) -> None:
    town.gateway.add(DONE)
    town.discord.faults.fail(rf"^/channels/{town.channel['id']}/messages$", 400, 50035, times=100)
    async with town.bot():
        await town.watch(DONE.id)
        await town.posts(at=town.discord.world.dm_with(town.ada.user))
        await town.says(town.watches, "One result couldn't be posted.")


async def test_one_that_cannot_go_holds_up_no_other(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    """Even a fault in the bot itself, for one song."""
    evil = Song("dddddddd-1111-4222-8333-444444444444", "Broken", duration=3.0)
    town.gateway.add(Life("task_broken", songs=(evil,)), DONE)
    town.discord.faults.fail(POSTS, 400, 12345, times=100, when=lambda asked: "Broken" in str(asked.body))
    caplog.set_level(logging.ERROR)
    async with town.bot():
        await town.watch("task_broken")
        await town.discord.hub.until(lambda: sends(town) == 1)
        await town.watch(DONE.id)
        await town.clock.pass_(30, step=5)
        (post,) = await town.posts()
    assert len(post["attachments"]) == 2
    assert "is refused by Discord" in caplog.text


@pytest.mark.parametrize("count", [85, 130])
async def test_more_who_want_to_hear_of_it_than_discord_takes(town: Town, tmp_path: Path, count: int) -> None:
    """The message is whole, and as many are mentioned as fit beside it."""
    town.gateway.add(LATER)
    guild = town.discord.world.guild_of(town.channel)
    assert guild
    town.discord.changes.override(town.channel, guild["roles"][0], deny=Permission.ATTACH_FILES)
    listeners = [town.discord.world.add_user(f"Listener {number}") for number in range(count)]
    mentions = json.dumps([f"<@{each['id']}>" for each in listeners])
    async with town.bot():
        await town.watch(LATER.id)
    with closing(sqlite3.connect(tmp_path / "bot.db")) as database, database:
        database.execute("UPDATE watches SET mentions = ?", (mentions,))
    async with town.bot():
        await town.clock.pass_(660, step=20)
        (post,) = await town.posts()
    sent = next(each.body for each in town.discord.requests if "nonce" in (each.body or {}))
    assert "🎵 **Harbour Lights** is ready" in post["content"]
    assert post["content"].endswith("`/suno audio` gets you the files.")
    assert 70 < len(post["mentions"]) == len(sent["allowed_mentions"]["users"]) <= 100
    assert post["mentions"] == listeners[: len(post["mentions"])]


async def test_audio_that_comes_late_is_waited_for(town: Town) -> None:
    town.gateway.add(DONE)
    town.gateway.media_faults.append(Fault(403, path="audio.*aaaaaaaa", times=3))
    async with town.bot():
        await town.watch(DONE.id)
        first, *_ = await town.posts()
        await town.clock.pass_(AUDIO_NOTICE, step=5)
        _, second = await town.posts(2)
    assert [each["filename"] for each in first["attachments"]] == ["Harbour-Lights-bbbbbbbb-2.mp3"]
    assert [each["filename"] for each in second["attachments"]] == ["Harbour-Lights-aaaaaaaa-1.mp3"]
    assert len(town.posted()) == 2


async def test_patience_for_audio_begins_when_it_is_looked_for(town: Town) -> None:
    """Not with what held the song up before."""
    town.gateway.add(DONE)
    town.gateway.media_faults.append(Fault(403, path="audio", times=2))
    async with town.bot():
        await town.finished(await town.ada.slash(town.channel, "suno-admin pause"))
        await town.watch(DONE.id)
        await town.clock.pass_(AUDIO_WAIT + 60, step=60)
        await town.finished(await town.ada.slash(town.channel, "suno-admin resume"))
        await town.discord.hub.until(lambda: len(town.gateway.media_requests) >= 2)
        await town.clock.pass_(30, step=5)
        (post,) = await town.posts()
    assert len(post["attachments"]) == 2


async def test_patience_for_audio_goes_on_after_a_restart(town: Town, tmp_path: Path) -> None:
    town.gateway.add(DONE)
    town.gateway.media_faults.append(Fault(403, path="audio"))
    async with town.bot():
        await town.watch(DONE.id)
        await town.discord.hub.until(lambda: rows(tmp_path, "deliveries WHERE aside"))
    town.clock.jump(AUDIO_WAIT - 60)
    async with town.bot():
        await town.clock.pass_(120, step=20)
        _, end = await town.posts(2)
    assert "got no usable audio" in end["content"]


async def test_that_audio_is_late_is_said_once_however_many_songs_it_is(town: Town) -> None:
    town.gateway.add(DONE)
    town.gateway.media_faults.append(Fault(403, path="audio.*bbbbbbbb"))
    town.gateway.media_faults.append(Fault(403, path="audio.*aaaaaaaa", times=8))
    async with town.bot():
        await town.watch(DONE.id)
        await town.clock.pass_(600, step=5)
        await town.posts(2)
        await town.settle_down()
    assert sum("no usable audio yet" in post["content"] for post in town.posted()) == 1


async def test_lyrics_that_a_finished_task_names_only_later(town: Town) -> None:
    """Before, nobody could tell that it makes no song."""
    town.gateway.add(replace(WORDS, text=None))
    async with town.bot():
        await town.watch(WORDS.id)
        await town.settle_down()
        town.gateway.add(WORDS)
        await town.clock.pass_(30, step=5)
        (post,) = await town.posts()
    assert "The words that were asked for" in words(post)


async def test_a_media_host_that_hangs_holds_up_no_other_message(
    town: Town, guild: dict[str, Any], tmp_path: Path
) -> None:
    """Songs that were tried before leave room."""
    lives = [Life(f"task_{each}", songs=(replace(ONE, clip_id=f"clip-{each}"),)) for each in range(6)]
    town.gateway.add(*lives, WORDS)
    town.gateway.media_faults.append(Fault(403, path="audio", times=6))
    town.gateway.media_faults.append(Fault(200, b"ID3", delay=3_600, path="audio"))
    async with town.bot():
        for life in lives:
            await town.watch(life.id, channel=town.discord.changes.add_channel(guild, life.id))
        await town.discord.hub.until(lambda: rows(tmp_path, "deliveries WHERE aside") == 6)
        town.clock.jump(10)
        await town.settle_down()
        await town.watch(WORDS.id)
        await town.posts()


async def test_audio_that_never_comes_is_said_honestly(town: Town) -> None:
    forbidden = Song("c1", "Mute", audio_url="https://studio-api.prod.suno.com/api/forbidden")
    town.gateway.add(Life("task_mute", songs=(forbidden,)))
    async with town.bot():
        await town.watch("task_mute")
        await town.clock.pass_(AUDIO_NOTICE + 60, step=5)
        (notice,) = await town.posts()
        await town.clock.pass_(AUDIO_WAIT, step=20)
        _, end = await town.posts(2)
        await town.clock.pass_(AUDIO_WAIT, step=60)
        assert len(town.posted()) == 2
    assert "The task is finished, but the gateway gave no usable audio yet. I'll keep trying until" in notice["content"]
    assert "✅ **Mute** is finished" in end["content"]
    assert "got no usable audio for song 1" in end["content"]


def _owe_songs(file: Path, keys: list[str]) -> None:
    with closing(sqlite3.connect(file, isolation_level="IMMEDIATE")) as database, database:
        database.execute("UPDATE deliveries SET topic = 'songs', clips = ?", (json.dumps(keys),))


async def test_a_failed_task_that_finished_no_song_is_a_failure_at_once(town: Town, tmp_path: Path) -> None:
    """Also where its unfinished songs are owed, as they once were."""
    town.gateway.add(Life("task_half", songs=(HALF,), states=((0, "failed"),), reason=TIMED_OUT))
    async with town.bot():
        await town.finished(await town.ada.slash(town.channel, "suno-admin pause"))
        await town.watch("task_half")
        await town.discord.hub.until(lambda: rows(tmp_path, "deliveries"))
        await asyncio.to_thread(_owe_songs, tmp_path / "bot.db", [HALF.clip_id])  # the bot may be in mid-transaction
        await town.finished(await town.ada.slash(town.channel, "suno-admin resume"))
        (post,) = await town.posts()
        await town.clock.pass_(AUDIO_WAIT + 60, step=60)
        await town.settle_down()
    assert town.posted() == [post]
    assert "❌ **Half** failed" in post["content"]
    assert TIMED_OUT in words(post)


async def test_a_failed_task_whose_only_song_cannot_be_fetched_is_a_failure(town: Town) -> None:
    made = Song(ONE.clip_id, "Half", audio_url="https://cdn1.suno.ai/gone.mp3", state="done")
    town.gateway.add(Life("task_half", songs=(made, TWO), states=((0, "failed"),), reason=TIMED_OUT))
    async with town.bot():
        await town.watch("task_half")
        await town.clock.pass_(AUDIO_NOTICE + 60, step=5)
        await town.settle_down()
        assert town.posted() == [], "nobody is told that it is finished"
        await town.clock.pass_(AUDIO_WAIT, step=20)
        (post,) = await town.posts()
    assert "❌ **Half** failed" in post["content"]
    assert "got no usable audio for song 1" in post["content"]
    assert TIMED_OUT in words(post)
    assert "arrived" not in words(post)
    assert "Download 1" in links(post)


async def test_a_failed_task_brings_the_song_that_it_finished_and_waits_for_no_other(town: Town) -> None:
    made = Song(TWO.clip_id, "Half", duration=3.0, state="done")
    town.gateway.add(Life("task_half", songs=(made, HALF), states=((0, "failed"),), reason=TIMED_OUT))
    async with town.bot():
        await town.watch("task_half")
        (post,) = await town.posts()
        await town.clock.pass_(AUDIO_WAIT + 60, step=60)
        await town.settle_down()
    assert town.posted() == [post]
    assert len(post["attachments"]) == 1
    assert TIMED_OUT in words(post)


async def test_audio_under_a_new_address_is_found(town: Town) -> None:
    """A gateway that first hands out an address that does not work, and then one that does."""
    town.gateway.add(Life("task_moved", songs=(Song(ONE.clip_id, "Moved", audio_url="https://cdn1.suno.ai/gone.mp3"),)))
    async with town.bot():
        await town.watch("task_moved")
        await town.settle_down(1)
        town.gateway.add(Life("task_moved", songs=(Song(ONE.clip_id, "Moved", duration=3.0),)))
        await town.clock.pass_(AUDIO_NOTICE, step=5)
        (post,) = await town.posts()
    assert len(post["attachments"]) == 1


async def test_a_channel_keeps_the_order_in_which_songs_were_finished(town: Town) -> None:
    lives = [
        Life(
            f"task_{number:04}",
            songs=(Song(f"{number:08}-1111-4222-8333-444444444444", f"Song {number}", duration=2.0),),
            states=((0, "running"), (20 + number, "done")),
        )
        for number in range(6)
    ]
    town.gateway.add(*lives)
    town.gateway.media_faults.append(Fault(500, path="00000001", times=1))
    async with town.bot(**FAST):
        await town.watch(*(life.id for life in reversed(lives)))
        await town.finish()
        posts = await town.posts(6)
    assert [post["embeds"][0]["title"] for post in posts] == [f"Song {number}" for number in range(6)]


async def test_two_songs_too_large_for_one_message_come_in_two(town: Town) -> None:
    large = tuple(Song(f"{letter * 8}-1111-4222-8333-444444444444", "Long", duration=1_600.0) for letter in "ab")
    town.gateway.add(Life("task_large", songs=large))
    async with town.bot():
        await town.watch("task_large")
        first, second = await town.posts(2)
        await town.settle_down()
    assert [len(post["attachments"]) for post in (first, second)] == [1, 1]
    assert len(town.posted()) == 2
    assert links(second).keys() == {"Download 2", "Suno page 2"}


async def test_what_must_wait_for_room_asks_the_database_nothing_meanwhile(
    town: Town, guild: dict[str, Any], statements: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bot.services.notifier.MOST", 4)  # messages on their way
    town.gateway.add(DONE)
    places = [town.discord.changes.add_channel(guild, f"songs-{number}") for number in range(5)]
    answered = asyncio.Event()
    town.discord.faults.order(DiscordFault(POSTS, 200, method="POST", times=4, held=answered, after=True))
    async with town.bot():
        for place in places:
            await town.watch(DONE.id, channel=place)
        await town.discord.hub.until(lambda: sends(town) == 4 and rows(tmp_path, "deliveries") == 5)
        await town.settle_down()
        statements.clear()
        await town.settle_down()
        assert len(statements) < 20
        answered.set()
        for place in places:
            await town.posts(at=place)


_MONTH = 31 * 86_400.0  # seconds


@pytest.mark.parametrize("told_in", ["a DM", "a staff channel"])
async def test_a_notice_that_cannot_be_brought_keeps_nothing_for_ever(
    town: Town, guild: dict[str, Any], tmp_path: Path, told_in: str
) -> None:
    """The song came, and a month later there is no word left of it."""
    town.gateway.add(SOON)
    everyone = guild["roles"][0]
    async with town.bot(**FAST):
        if told_in == "a DM":
            town.discord.world.closed_dms.add(town.ada.id)
        else:
            staff = town.discord.changes.add_channel(guild, "staff")
            await _errors_to(town, staff)
            town.discord.changes.override(staff, everyone, deny=Permission.SEND_MESSAGES)
        await town.watch(SOON.id)
        town.discord.changes.override(town.channel, everyone, deny=Permission.SEND_MESSAGES)
        await town.finish()
        await town.discord.hub.until(lambda: any(each.status == 403 for each in town.discord.requests))
        town.discord.changes.override(town.channel, everyone)
        await town.posts()
        await town.settle_down()
        town.clock.jump(_MONTH)
        await town.discord.hub.until(lambda: not rows(tmp_path, "watches"))
    assert (rows(tmp_path, "deliveries"), rows(tmp_path, "answers")) == (0, 0)


async def _errors_to(town: Town, channel: dict[str, Any]) -> None:
    panel = await town.finished(await town.ada.slash(town.channel, "suno-admin setup"))
    await town.changed(await town.ada.select(panel, "p1:errors", [channel["id"]]))


async def test_nobody_is_told_that_something_waits_once_it_has_come(
    town: Town, guild: dict[str, Any], tmp_path: Path
) -> None:
    town.gateway.add(SOON)
    everyone, dm = guild["roles"][0], town.discord.world.dm_with(town.ben.user)
    in_dm = rf"^/channels/{dm['id']}/messages$"
    town.discord.faults.fail(in_dm, 503, times=1_000)
    async with town.bot(**FAST):
        await town.watch(SOON.id, person=town.ben)
        town.discord.changes.override(town.channel, everyone, deny=Permission.SEND_MESSAGES)
        await town.finish()
        await town.discord.hub.until(lambda: any(each.status == 503 for each in town.discord.requests))
        town.discord.changes.override(town.channel, everyone)
        await town.posts()
        await town.discord.hub.until(lambda: rows(tmp_path, "deliveries WHERE topic = 'songs' AND state = 'sent'"))
        town.discord.faults.clear()
        await town.clock.pass_(RECHECK, step=60)
        await town.settle_down()
    assert town.posted(dm) == []


async def test_managers_are_still_told_of_a_song_that_failed_when_its_sibling_has_come(
    town: Town, guild: dict[str, Any]
) -> None:
    first = Song(ONE.clip_id, "First", duration=3.0, state="done")
    town.gateway.add(Life("task_apart", songs=(first, TWO), states=((0, "running"), (60, "done"))))
    staff = town.discord.changes.add_channel(guild, "staff")
    in_staff = rf"^/channels/{staff['id']}/messages$"
    in_channel = rf"^/channels/{town.channel['id']}/messages$"
    async with town.bot(**FAST):
        await _errors_to(town, staff)
        town.discord.faults.fail(in_staff, 503, times=1_000)
        town.discord.faults.fail(in_channel, 400, 50035, times=5)  # each form of the first song
        await town.watch("task_apart")
        await town.discord.hub.until(lambda: any(each.status == 503 for each in town.discord.requests))
        await town.clock.pass_(61, step=1)
        await town.posts()
        town.discord.faults.clear()
        await town.clock.pass_(120, step=5)
        (told,) = await town.posts(at=staff)
    assert "Something couldn't be posted" in told["content"]


async def test_one_persons_many_messages_in_a_channel_hold_up_nobody_elses(town: Town) -> None:
    """Discord takes five in five seconds there."""
    town.discord.rest.limits.enforced = True
    many = [Life(f"task{number:08}", songs=(ONE,)) for number in range(25)]
    town.gateway.add(DONE, *many)
    async with town.bot():
        await town.watch(*(life.id for life in many), person=town.ben)
        await town.posts(1)
        await town.watch(DONE.id)
        await town.discord.hub.until(lambda: any(len(post["attachments"]) == 2 for post in town.posted()))
        assert len(town.posted()) < 15
