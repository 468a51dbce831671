"""/suno library: songs are found again by their words, opened with fresh audio, starred and removed."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from sandbox.local_discord.faults import Fault as DiscordFault
from sandbox.local_discord.people import Person
from sandbox.local_discord.permissions import Permission
from sandbox.local_discord.world import FORUM
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.songs import audio, without_tag
from tests import forged
from tests.conftest import Env
from tests.idle import wait_until_idle
from tests.messages import Message, buttons, links, words

HARBOUR = FakeTask(
    "11111111-2222-4333-8444-000000000001",
    songs=(Song("aaaaaaaa-1111-4222-8333-000000000001", "Harbour Lights", "slow jazz", "Salt on the rail", 2.0),),
)
PIER = FakeTask(
    "11111111-2222-4333-8444-000000000002",
    songs=(Song("aaaaaaaa-1111-4222-8333-000000000002", "旧码头", "民谣", "晚风吹过旧码头", 3.0, "rain"),),
)
TWO_TAKES = FakeTask(
    "11111111-2222-4333-8444-000000000003",
    songs=(
        Song("aaaaaaaa-1111-4222-8333-000000000003", "Twice", "pop", duration=2.0),
        Song("aaaaaaaa-1111-4222-8333-000000000004", "Twice", "pop", duration=3.0, sound="rain"),
    ),
)


@pytest.fixture(autouse=True)
def tasks(env: Env) -> None:
    env.gateway.add(HARBOUR, PIER, TWO_TAKES)


async def library(env: Env, person: Person | None = None, at: Any = None, **options: Any) -> Message:
    return await env.finished(await (person or env.ada).slash(at or env.channel, "suno library", **options))


async def opened(env: Env, listed: Message, person: Person | None = None) -> Message:
    """The first song of a list."""
    return await env.finished(await (person or env.ada).press(listed, "▶️"))


async def posts(env: Env, count: int = 1, at: Any = None) -> list[Message]:
    """Once the bot has noted them."""
    found = await env.posts(count, at=at)
    await wait_until_idle()
    return found


def sounds(env: Env, message: Message) -> list[bytes]:
    return [without_tag(env.discord.world.files[each["id"]].content) for each in message["attachments"]]


def sound_of(song: Song) -> bytes:
    return audio(song.sound, song.duration)[0]


def everyone(env: Env) -> dict[str, Any]:
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    role: dict[str, Any] = guild["roles"][0]
    return role


async def test_a_posted_song_is_found_by_its_words_and_played_again(env: Env) -> None:
    async with env.bot():
        await env.watch(HARBOUR.id, PIER.id)
        found = await posts(env, 2)
        for typed, title in (("rail HARBOUR", "Harbour Lights"), ("码头", "旧码头"), ("晚风", "旧码头")):
            listed = await library(env, env.ben, find=typed)
            assert title in words(listed)
            assert len([each for each in found if each["id"] in words(listed)]) == 1, "and it leads to its post"
        answer = await opened(env, await library(env, find="jazz"))
    assert sounds(env, answer) == [sound_of(HARBOUR.songs[0])]
    assert answer["flags"] & 64
    assert "Harbour Lights" in words(answer)
    assert "Salt on the rail" in words(answer)
    assert HARBOUR.id in words(answer)
    assert f"Requested by <@{env.ada.id}>" in words(answer)
    post = next(each for each in found if "Harbour Lights" in words(each))
    assert links(answer)["Go to post"].endswith(f"/{env.channel['id']}/{post['id']}")


async def test_the_audio_comes_from_the_post_when_the_gateway_has_forgotten_it(env: Env) -> None:
    async with env.bot():
        await env.watch(TWO_TAKES.id)
        await posts(env)
        env.gateway.forget(TWO_TAKES.id)
        listed = await library(env)
        answers = [await env.finished(await env.ada.press(listed, f"s1:io:0:{number}")) for number in (1, 2)]
    assert [sounds(env, each) for each in answers] == [[sound_of(song)] for song in TWO_TAKES.songs]
    assert "Twice · 2/2" in words(answers[1])
    assert all("thumbnail" in each["embeds"][0] for each in answers)


@pytest.mark.parametrize("typed", ["%", "_", "*", '"', "🎵", "!?…", "\\"])
async def test_signs_alone_find_nothing_and_that_is_said(env: Env, typed: str) -> None:
    async with env.bot():
        await env.watch(HARBOUR.id)
        await posts(env)
        assert "no word in" in words(await library(env, find=typed))
        assert await env.ben.autocomplete(env.channel, "suno status", id=typed) == []
        assert "Harbour Lights" in words(await library(env, find=f"harbour {typed} rail"))


async def test_of_somebody_without_songs_it_is_said_that_there_are_none(env: Env) -> None:
    async with env.bot():
        await env.watch(HARBOUR.id)
        await posts(env)
        assert f"No songs by <@{env.ben.id}> found" in words(await library(env, by=env.ben.user))


async def test_when_the_post_is_gone_the_gateway_has_it_and_then_nobody(env: Env) -> None:
    async with env.bot():
        await env.watch(HARBOUR.id)
        (post,) = await posts(env)
        env.discord.messages.delete(post)
        listed = await library(env)
        answer = await opened(env, listed)
        assert sounds(env, answer) == [sound_of(HARBOUR.songs[0])]
        assert "The post is gone" in answer["content"]
        env.gateway.forget(HARBOUR.id)
        await env.clock.advance(10)
        without = await opened(env, listed)
    assert without["attachments"] == []
    assert "The audio is gone" in without["content"]
    assert "Salt on the rail" in words(without)
    assert "Go to post" not in links(without), "it is known by now that there is none"


async def test_a_channel_that_somebody_may_not_view_is_not_searched_for_them(env: Env) -> None:
    """Also in a list that they have had since before."""
    async with env.bot():
        staff = env.discord.changes.add_channel(env.discord.world.guilds[env.channel["guild_id"]], "staff")
        await env.watch(HARBOUR.id, at=staff)
        await posts(env, at=staff)
        before = await library(env, env.ben, find="harbour")
        assert "Harbour Lights" in words(before)
        env.discord.changes.override(staff, everyone(env), deny=Permission.VIEW_CHANNEL)
        env.discord.changes.override(staff, env.discord.world.bot, allow=Permission.VIEW_CHANNEL)
        refused = await opened(env, before, env.ben)
        assert "你不再能查看" in words(refused)
        assert refused["attachments"] == []
        for scope in ("mine", "here", "server", "starred"):
            assert "Harbour" not in words(await library(env, env.ben, find="harbour", scope=scope))
        assert await env.ben.autocomplete(env.channel, "suno status", id="harbour") == []
        assert "Harbour Lights" in words(await library(env, find="harbour")), "who may, still finds it"


async def test_pages_ask_anew_who_may_view_what(env: Env) -> None:
    fakes = [
        FakeTask(f"task_{number:04}", songs=(Song(f"clip-{number:04}", f"Song {number}", duration=2.0),))
        for number in range(12)
    ]
    env.gateway.add(*fakes)
    async with env.bot():
        await env.watch(*(fake.id for fake in fakes))
        await posts(env, 12)
        listed = await library(env, env.ben, find="song")
        assert "12 首" in words(listed)
        await env.ben.press(listed, "s1:ib:1:server.0.song")
        await env.discord.hub.until(lambda: "第 2/2 页" in words(listed))
        env.discord.changes.override(env.channel, env.ben.user, deny=Permission.READ_MESSAGE_HISTORY)
        await env.ben.press(listed, "s1:ib:0:server.0.song")
        await env.discord.hub.until(lambda: "没有找到" in words(listed))


async def test_what_was_shown_to_one_person_is_found_by_them_alone(env: Env) -> None:
    async with env.bot():
        await env.status(HARBOUR.id, show="me")
        dm = env.discord.world.dm_with(env.ben.user)
        await env.watch(PIER.id, person=env.ben, at=dm)
        await posts(env, 2, at=dm)
        found = await library(env, find="harbour", scope="mine")
        assert "shown to you only" in words(found)
        assert sounds(env, await opened(env, found)) == [sound_of(HARBOUR.songs[0])]
        assert "Nothing found" in words(await library(env, find="码头"))
        assert "没有找到" in words(await library(env, env.ben, find="harbour"))
        in_dm = await library(env, env.ben, at=dm)
        assert "旧码头" in words(in_dm)
        assert sounds(env, await opened(env, in_dm, env.ben)) == [sound_of(PIER.songs[0])]
        stranger = await env.finished(await forged.press(env.ada, found, "s1:io:0:2"))
    assert "isn't in the library" in words(stranger)
    assert stranger["attachments"] == []


async def test_what_an_answer_showed_to_all_is_found_by_all(env: Env) -> None:
    async with env.bot():
        await env.status(HARBOUR.id)
        await wait_until_idle()
        listed = await library(env, env.ben, find="harbour")
        env.gateway.forget(HARBOUR.id)
        assert sounds(env, await opened(env, listed, env.ben)) == [sound_of(HARBOUR.songs[0])]


async def test_songs_in_forums_and_private_threads(env: Env) -> None:
    guild = env.discord.world.guilds[env.channel["guild_id"]]
    async with env.bot():
        forum = env.discord.changes.add_channel(guild, "song-box", FORUM)
        thread = env.discord.changes.add_thread(env.channel, "drafts", env.ada.user)
        env.discord.changes.join_thread(thread, env.discord.world.bot)
        await env.watch(HARBOUR.id, channel=forum)
        await env.watch(PIER.id, at=thread)
        await posts(env, at=thread)
        await env.says(lambda: library(env, env.ben, find="harbour"), "Harbour Lights")
        env.gateway.forget(HARBOUR.id)
        env.gateway.forget(PIER.id)
        answer = await opened(env, await library(env, env.ben, find="harbour"), env.ben)
        assert sounds(env, answer) == [sound_of(HARBOUR.songs[0])]
        assert "没有找到" in words(await library(env, env.ben, find="码头"))
        assert sounds(env, await opened(env, await library(env, find="码头"))) == [sound_of(PIER.songs[0])]
        assert "旧码头" in words(await library(env, at=thread, scope="here"))
        env.discord.changes.join_thread(thread, env.ben.user)
        assert "旧码头" in words(await library(env, env.ben, at=thread, scope="here"))
        env.discord.changes.override(env.channel, env.ben.user, deny=Permission.READ_MESSAGE_HISTORY)
        assert "没有歌曲" in words(await library(env, env.ben, at=thread, scope="here")), "of before they came"
        env.discord.changes.override(forum, env.ben.user, deny=Permission.VIEW_CHANNEL)
        assert "没有找到" in words(await library(env, env.ben, find="harbour"))


async def test_stars_are_counted_together_and_taken_back(env: Env) -> None:
    async with env.bot():
        await env.watch(TWO_TAKES.id)
        (post,) = await posts(env)
        assert buttons(post)[-2:] == ["#1 · 0", "#2 · 0"]
        told = await env.finished(await env.ben.press(post, "#2 · 0"))
        assert "Twice" in words(told)
        await env.discord.hub.until(lambda: "#2 · 1" in buttons(post))
        edits = [each for each in env.discord.requests if each.method == "PATCH" and each.path.endswith(post["id"])]
        for person, label in ((env.ada, "#1 · 0"), (env.ben, "#1 · 0"), (env.ada, "#2 · 1"), (env.ben, "#2 · 1")):
            await env.finished(await person.press(post, label))
        await env.settle_down(0.3)
        assert buttons(post)[-2:] == ["#1 · 0", "#2 · 1"], "not before some seconds are over"
        await env.clock.advance(6)
        await env.discord.hub.until(lambda: buttons(post)[-2:] == ["#1 · 2", "#2 · 1"])
        after = [each for each in env.discord.requests if each.method == "PATCH" and each.path.endswith(post["id"])]
        assert len(after) == len(edits) + 1
        listed = await library(env, env.ben, scope="starred")
        assert "1 首" in words(listed)
        assert "⭐ 2" in words(listed)
        assert len(post["attachments"]) == 2
        assert len(links(post)) == 4, "the rest of the post stays as it was"


async def test_a_press_is_counted_also_when_the_bot_stops_right_after_it(env: Env) -> None:
    async with env.bot():
        await env.watch(HARBOUR.id)
        (post,) = await posts(env)
        await env.finished(await env.ada.press(post, "0"))
        await env.discord.hub.until(lambda: "1" in buttons(post))
        await env.finished(await env.ben.press(post, "1"))
    assert "1" in buttons(post)
    async with env.bot():
        await env.discord.hub.until(lambda: "2" in buttons(post))
        answer = await opened(env, await library(env, scope="starred"))
        await env.changed(await env.ada.press(answer, "2"))
        await env.discord.hub.until(lambda: "1" in buttons(answer))
        await env.clock.advance(6)
        await env.discord.hub.until(lambda: "1" in buttons(post))
        assert "No starred songs" in words(await library(env, scope="starred"))


async def test_a_song_is_removed_by_who_made_it_or_manages_the_server(env: Env) -> None:
    async with env.bot():
        await env.watch(HARBOUR.id, person=env.ben)
        await env.watch(PIER.id, person=env.ben)
        found = await posts(env, 2)
        shown = await opened(env, await library(env, env.ben, find="码头"), env.ben)
        asked = await env.finished(await env.ben.press(shown, "从曲库移除"))
        await env.ben.press(asked, "取消")
        await env.discord.hub.until(lambda: "没有移除" in asked["content"])
        asked = await env.finished(await env.ben.press(shown, "从曲库移除"))
        await env.ben.press(asked, "是的，移除")
        await env.discord.hub.until(lambda: "不" in asked["content"] or "已从曲库中移除" in asked["content"])
        assert "Nothing found" in words(await library(env, find="码头"))
        managed = await opened(env, await library(env, find="harbour"))
        asked = await env.finished(await env.ada.press(managed, "Remove from library"))
        await env.ada.press(asked, "Yes, remove it")
        await env.discord.hub.until(lambda: "no longer in the library" in asked["content"])
        for person in (env.ada, env.ben):
            assert "Harbour" not in words(await library(env, person, scope="server"))
            assert "Harbour" not in words(await library(env, person, scope="mine"))
        await env.status(HARBOUR.id)
        assert "Nothing found" in words(await library(env, find="harbour")), "also when it is shown again"
        star = next(each for each in found if "Harbour" in words(each))
        assert "isn't in the library" in words(await env.finished(await env.ada.press(star, "0")))


async def test_others_cannot_remove_a_song(env: Env) -> None:
    async with env.bot():
        await env.watch(HARBOUR.id)
        await posts(env)
        shown = await opened(env, await library(env, env.ben), env.ben)
        assert "从曲库移除" not in buttons(shown)
        asked = await env.finished(await forged.press(env.ben, shown, "s1:ir:0:1"))
        pressed = await forged.press(env.ben, shown, "s1:ir:sure:1")
        await env.discord.hub.until(lambda: bool(pressed.follow_ups))
        assert words(asked) == words(pressed.follow_ups[0]) != ""
        assert "Harbour Lights" in words(await library(env))


async def test_who_does_not_want_to_be_named_is_not(env: Env) -> None:
    async with env.bot():
        panel = await env.finished(await env.ada.slash(env.channel, "suno settings"))
        await env.changed(await env.ada.press(panel, "Without my name"))
        await env.watch(HARBOUR.id)
        (post,) = await posts(env)
        assert env.ada.id not in words(post)
        listed = await library(env, env.ben)
        assert "Harbour Lights" in words(listed)
        assert env.ada.id not in words(listed)
        assert env.ada.id not in words(await opened(env, listed, env.ben))
        assert "没有找到" in words(await library(env, env.ben, find="harbour", by=env.ada.user))
        await env.changed(await env.ada.press(panel, "With my name"))
        named = await library(env, env.ben, find="harbour", by=env.ada.user)
    assert "Harbour Lights" in words(named)
    assert f"<@{env.ada.id}>" in words(named)


async def test_every_id_is_offered_by_the_words_of_its_song(env: Env) -> None:
    async with env.bot():
        await env.watch(HARBOUR.id)
        await posts(env)
        for command, option in (
            ("suno status", "id"),
            ("suno lyrics", "id"),
            ("suno audio", "id"),
            ("suno watch", "ids"),
        ):
            (offered,) = await env.ben.autocomplete(env.channel, command, **{option: "rail"})
            assert offered == {"name": f"Harbour Lights · {HARBOUR.id}", "value": HARBOUR.id}
        for command in ("suno extend", "suno cover", "suno playlist add"):
            named = {"name": "x"} if "add" in command else {}
            (offered,) = await env.ben.autocomplete(env.channel, command, **named, song="rail")
            assert offered == {"name": "Harbour Lights · slow jazz", "value": f"{HARBOUR.id}#1"}
        (own,) = await env.ada.autocomplete(env.channel, "suno extend", song="harbour")
        assert own == {"name": "Harbour Lights · 1/1", "value": f"{HARBOUR.id}#1"}, "it is offered once"


async def test_in_a_dm_ones_own_songs_of_servers_are_offered_too(env: Env) -> None:
    """Their channels are looked at with each letter, and Discord is not asked with each who somebody is."""
    dm = env.discord.world.dm_with(env.ben.user)
    async with env.bot():
        await env.watch(HARBOUR.id, person=env.ben)
        await posts(env)
        for letters in ("h", "ha", "har", "harb"):
            (offered,) = await env.ben.autocomplete(dm, "suno status", id=letters)
            assert offered["value"] == HARBOUR.id
        asked = [each for each in env.discord.requests if each.method == "GET" and "/members/" in each.path]
        assert len(asked) == 1
        assert await env.ada.autocomplete(env.discord.world.dm_with(env.ada.user), "suno status", id="harb") == []
        env.discord.changes.override(env.channel, env.ben.user, deny=Permission.VIEW_CHANNEL)
        await wait_until_idle()
        assert await env.ben.autocomplete(dm, "suno status", id="harbo") == []


async def test_suggestions_do_not_wait_for_discord(env: Env) -> None:
    dm = env.discord.world.dm_with(env.ben.user)
    async with env.bot():
        await env.watch(PIER.id, person=env.ben)
        await posts(env)
        await env.status(HARBOUR.id, person=env.ben, show="me")
        held = asyncio.Event()
        env.discord.faults.order(DiscordFault(r"/members/\d+$", 200, method="GET", after=True, held=held))
        (offered,) = await env.ben.autocomplete(dm, "suno status", id="harb")
        assert offered["value"] == HARBOUR.id, "they looked it up before"
        held.set()
        (offered,) = await env.ben.autocomplete(dm, "suno status", id="码头")
        assert offered["value"] == PIER.id


async def test_lyrics_are_there_when_the_gateway_has_forgotten_them(env: Env) -> None:
    async with env.bot():
        await env.watch(HARBOUR.id)
        await posts(env)
        env.gateway.forget(HARBOUR.id)
        answer = await opened(env, await library(env))
        lyrics = await env.finished(await env.ada.press(answer, "Lyrics"))
    assert "Salt on the rail" in words(lyrics)


async def test_who_deletes_their_data_is_out_of_the_library(env: Env) -> None:
    async with env.bot():
        await env.watch(HARBOUR.id)
        await env.watch(PIER.id, person=env.ben)
        found = await posts(env, 2)
        pier = next(each for each in found if "码头" in words(each))
        await env.finished(await env.ada.press(pier, "0"))
        await env.discord.hub.until(lambda: "1" in buttons(pier))
        panel = await env.finished(await env.ada.slash(env.channel, "suno settings"))
        asked = await env.finished(await env.ada.press(panel, "Delete my data"))
        await env.ada.press(asked, "Yes, delete everything")
        await env.discord.hub.until(lambda: "one song in the library" in asked["content"])
        await env.clock.advance(6)
        await env.discord.hub.until(lambda: "0" in buttons(pier))
        listed = await library(env, env.ben)
    assert "Harbour" not in words(listed)
    assert "旧码头" in words(listed)


@pytest.mark.usefixtures("_posted_by_an_older_version")
async def test_what_was_posted_before_there_was_a_library_is_found(env: Env) -> None:
    async with env.bot():
        await env.says(lambda: library(env, env.ben, find="harbour"), "Harbour Lights")
        env.gateway.forget(HARBOUR.id)
        answer = await opened(env, await library(env, find="harbour"))
    assert sounds(env, answer) == [sound_of(HARBOUR.songs[0])]


async def test_a_server_that_the_bot_has_left_is_not_searched(env: Env) -> None:
    guild = env.discord.world.add_guild("Elsewhere", owner=env.ada.user)
    far = env.discord.world.add_channel(guild, "far")
    async with env.bot():
        await env.watch(HARBOUR.id, at=far)
        await posts(env, at=far)
        assert "Harbour Lights" in words(await library(env, scope="mine")), "also from another server"
        env.discord.changes.remove_bot(guild)
        await env.says(lambda: library(env, scope="mine"), lacks="Harbour")


@pytest.fixture
async def _posted_by_an_older_version(env: Env) -> None:
    async with env.bot():
        await env.watch(HARBOUR.id)
        await posts(env)
    with closing(sqlite3.connect(env.database)) as database, database:
        database.execute("DELETE FROM library_texts")
        database.execute("DELETE FROM library")
        database.execute("INSERT INTO notes SELECT 'library_before', max(seq) + 1 FROM deliveries")


@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_stars_are_shown_later_when_discord_fails(env: Env, method: str) -> None:
    async with env.bot():
        await env.watch(HARBOUR.id)
        (post,) = await posts(env)
        env.discord.faults.fail(r"^/channels/\d+/messages/\d+$", 503, method=method)
        await env.finished(await env.ada.press(post, "0"))
        await env.settle_down(0.1)
        assert "0" in buttons(post)
        await env.clock.advance(61)
        await env.discord.hub.until(lambda: "1" in buttons(post))


async def test_a_post_that_is_gone_is_asked_for_once(env: Env) -> None:
    async with env.bot():
        await env.watch(HARBOUR.id)
        (post,) = await posts(env)
        answer = await opened(env, await library(env))
        env.discord.messages.delete(post)
        await env.changed(await env.ada.press(answer, "0"))
        await env.discord.hub.until(lambda: "1" in buttons(answer))
        await env.clock.advance(600)
        asked = [each for each in env.discord.requests if each.method == "GET" and each.path.endswith(post["id"])]
        assert len(asked) == 2, "to play the song, and to count its star"
        assert "Harbour Lights" in words(await library(env, scope="starred"))


async def test_its_maker_chooses_a_take_and_takes_the_choice_back(env: Env) -> None:
    async with env.bot():
        await env.watch(TWO_TAKES.id, person=env.ben)
        (post,) = await posts(env)
        refused = await env.finished(await env.ada.press(post, "Choose a take"))
        assert "Only the person who made this song" in words(refused)
        pictures = [sum(name in embed for embed in post["embeds"]) for name in ("thumbnail", "image")]
        assert pictures == [2, 2]
        asked = await env.finished(await env.ben.press(post, "Choose a take"))
        await env.changed(await env.ben.press(asked, "版本 2"))
        await env.discord.hub.until(lambda: "Take 2 was chosen" in post["content"])
        assert players(env, post) == [(TWO_TAKES.songs[0], "covered"), (TWO_TAKES.songs[1], "open")]
        assert [sum(name in embed for embed in post["embeds"]) for name in ("thumbnail", "image")] == pictures
        assert [each for each in buttons(post) if each in ("0", "#1 · 0", "#2 · 0")] == ["0"]
        listed = await library(env, find="twice")
        assert "One song" in words(listed)
        assert "Twice (2)" in words(listed)
        card = await opened(env, listed)
        other = await env.finished(await env.ada.press(card, "Take 1"))
        assert sounds(env, other) == [sound_of(TWO_TAKES.songs[0])]
        assert "chosen another take" in words(other)
        assert "Choose this take" not in buttons(other)
        forbidden = await forged.press(env.ada, card, "s1:it:0:1")
        await env.discord.hub.until(lambda: bool(forbidden.follow_ups))
        assert "Only the person who made this song" in words(forbidden.follow_ups[0])
        more = env.discord.changes.add_channel(guild_of(env), "more")
        await env.watch(TWO_TAKES.id, at=more, person=env.ben)
        (later,) = await posts(env, at=more)
        await env.discord.hub.until(lambda: "Take 2 was chosen" in later["content"])
        assert [how for _, how in players(env, later)] == ["covered", "open"], "also where it is posted later"
        assert "One song" in words(await library(env, find="twice"))
        await env.clock.advance(6)
        await env.changed(await env.ben.press(asked, "版本 2"))
        await env.discord.hub.until(lambda: "chosen" not in post["content"])
        assert [each for each in buttons(post) if each in ("#1 · 0", "#2 · 0")] == ["#1 · 0", "#2 · 0"]
        assert [how for _, how in players(env, post)] == ["open", "open"]
        assert "2 songs" in words(await library(env, find="twice"))


@pytest.mark.parametrize("private", [False, True], ids=["in a server", "in a dm"])
async def test_the_choice_is_said_in_the_language_of_the_post(env: Env, private: bool) -> None:
    guild_of(env)["preferred_locale"] = "zh-CN"
    at = env.discord.world.dm_with(env.ben.user) if private else env.channel
    async with env.bot():
        await env.watch(TWO_TAKES.id, at=at, person=env.ben)
        await env.discord.hub.until(lambda: any("选择版本" in buttons(each) for each in sent(env, at)))
        await wait_until_idle()
        post = next(each for each in sent(env, at) if "选择版本" in buttons(each))
        asked = await env.finished(await env.ben.press(post, "选择版本"))
        await env.changed(await env.ben.press(asked, "版本 2"))
        await env.discord.hub.until(lambda: "已选择版本 2" in post["content"])


def sent(env: Env, at: Any) -> list[Message]:
    return list(env.discord.world.messages[at["id"]].values())


def players(env: Env, message: Message) -> list[tuple[Song, str]]:
    """Which songs a message plays, and whether their players are covered as spoilers."""
    songs = {sound_of(song): song for song in TWO_TAKES.songs}
    how = ["covered" if each.get("flags", 0) & 8 else "open" for each in message["attachments"]]
    return list(zip([songs[sound] for sound in sounds(env, message)], how, strict=True))


async def test_an_older_post_in_the_same_channel_shows_the_choice_too(env: Env) -> None:
    async with env.bot():
        for number in (1, 2):
            await env.watch(TWO_TAKES.id, person=env.ben)
            posted = await posts(env, number)
        older, _ = posted
        asked = await env.finished(await env.ben.press(older, "Choose a take"))
        await env.changed(await env.ben.press(asked, "版本 2"))
        await env.discord.hub.until(lambda: all("Take 2 was chosen" in post["content"] for post in posted))
        for post in posted:
            assert [how for _, how in players(env, post)] == ["covered", "open"]
        await env.clock.advance(6)
        await env.changed(await env.ben.press(asked, "版本 2"))
        await env.discord.hub.until(lambda: not any("chosen" in post["content"] for post in posted))
        for post in posted:
            assert [how for _, how in players(env, post)] == ["open", "open"]
        assert [each for each in buttons(older) if "·" in each] == ["#1 · 0", "#2 · 0"]


async def test_a_take_that_arrives_after_the_choice_is_folded_away(env: Env) -> None:
    first, second = TWO_TAKES.songs
    env.gateway.add(replace(TWO_TAKES, songs=(first, replace(second, state="streaming"))))
    async with env.bot():
        await env.watch(TWO_TAKES.id)
        (post,) = await posts(env)
        assert [song for song, _ in players(env, post)] == [first]
        asked = await env.finished(await env.ada.press(post, "Choose a take"))
        await env.changed(await env.ada.press(asked, "Take 1"))
        await env.discord.hub.until(lambda: "Take 1 was chosen" in post["content"])
        env.gateway.add(TWO_TAKES)
        await env.clock.advance(90)
        _, late = await posts(env, 2)
        await env.discord.hub.until(lambda: "Take 1 was chosen" in late["content"])
        assert players(env, late) == [(second, "covered")]
        assert "One song" in words(await library(env, find="twice"))


async def test_a_choice_is_shown_also_when_the_bot_stops_right_after_it(env: Env) -> None:
    async with env.bot():
        await env.watch(TWO_TAKES.id)
        (post,) = await posts(env)
        env.discord.faults.fail(r"^/channels/\d+/messages/\d+$", 503, method="PATCH", times=99)
        asked = await env.finished(await env.ada.press(post, "Choose a take"))
        await env.changed(await env.ada.press(asked, "Take 1"))
        assert "chosen" not in post["content"]
    env.discord.faults.clear()
    async with env.bot():
        await env.clock.advance(61)
        await env.discord.hub.until(lambda: "Take 1 was chosen" in post["content"])
    assert [how for _, how in players(env, post)] == ["open", "covered"]


async def test_where_discord_refuses_to_cover_a_player_the_choice_is_shown_without_it(env: Env) -> None:
    async with env.bot():
        await env.watch(TWO_TAKES.id)
        (post,) = await posts(env)
        env.discord.faults.fail(r"^/channels/\d+/messages/\d+$", 400, method="PATCH", code=50035)
        asked = await env.finished(await env.ada.press(post, "Choose a take"))
        await env.changed(await env.ada.press(asked, "Take 1"))
        await env.discord.hub.until(lambda: "Take 1 was chosen" in post["content"])
    assert [how for _, how in players(env, post)] == ["open", "open"]


async def test_when_the_chosen_take_is_removed_the_other_is_found_again(env: Env) -> None:
    async with env.bot():
        await env.watch(TWO_TAKES.id)
        (post,) = await posts(env)
        card = await opened(env, await library(env, find="twice"))
        await env.changed(await env.ada.press(card, "Choose this take"))
        await env.discord.hub.until(lambda: "was chosen" in post["content"])
        asked = await env.finished(await env.ada.press(card, "Remove from library"))
        await env.ada.press(asked, "Yes, remove it")
        await env.discord.hub.until(lambda: "no longer in the library" in asked["content"])
        assert "One song" in words(await library(env, find="twice"))
        await env.clock.advance(6)
        await env.discord.hub.until(lambda: "was chosen" not in post["content"])
    assert [how for _, how in players(env, post)] == ["open", "open"]


def guild_of(env: Env) -> dict[str, Any]:
    guild: dict[str, Any] = env.discord.world.guilds[env.channel["guild_id"]]
    return guild


async def test_a_take_is_chosen_on_its_card(env: Env) -> None:
    async with env.bot():
        await env.watch(TWO_TAKES.id)
        await posts(env)
        card = await opened(env, await library(env, find="twice"))
        await env.changed(await env.ada.press(card, "Choose this take"))
        await env.discord.hub.until(lambda: "Undo this choice" in buttons(card))
        assert "One song" in words(await library(env, find="twice"))
        await env.changed(await env.ada.press(card, "Undo this choice"))
        await env.discord.hub.until(lambda: "Choose this take" in buttons(card))
        assert "2 songs" in words(await library(env, find="twice"))


async def test_starred_songs_are_listed_by_when_they_were_starred(env: Env) -> None:
    async with env.bot():
        await env.watch(HARBOUR.id)
        (first,) = await posts(env)
        await env.watch(PIER.id)
        _, second = await posts(env, 2)
        for post in (second, first):
            await env.finished(await env.ada.press(post, "0"))
            await env.clock.advance(2)
        said = words(await library(env, scope="starred"))
    assert said.index("Harbour Lights") < said.index("旧码头")


async def test_songs_of_an_answer_are_starred_too(env: Env) -> None:
    async with env.bot():
        shown = await env.status(TWO_TAKES.id)
        await wait_until_idle()
        assert buttons(shown)[-2:] == ["#1 · 0", "#2 · 0"]
        await env.finished(await env.ben.press(shown, "#2 · 0"))
        await env.discord.hub.until(lambda: buttons(shown)[-2:] == ["#1 · 0", "#2 · 1"])
        private = await env.status(HARBOUR.id, show="me")
        await wait_until_idle()
        pressed = await env.ada.press(private, "0")
        await env.discord.hub.until(lambda: "1" in buttons(private) and bool(pressed.follow_ups))
        assert "You starred" in words(pressed.follow_ups[0])
        starred = words(await library(env, scope="starred"))
    assert "Harbour Lights" in starred
