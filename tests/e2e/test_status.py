"""/suno status, from a person's typing to a playing song."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.gateways.file_type import MP3, PNG, frames, picture_kind
from bot.gateways.id3 import length
from bot.ui.render.locales import languages
from sandbox.local_discord.interactions import Interaction
from sandbox.local_discord.people import components
from sandbox.local_gateway.fake_task import Dialect, FakeTask, Song
from sandbox.local_gateway.server import Fault
from sandbox.local_gateway.songs import audio, without_tag
from tests.conftest import KEY, Env
from tests.faults.scene import Names
from tests.messages import brings_songs, buttons, links, words

ONE = Song("aaaaaaaa-1111-4222-8333-444444444444", "Harbour Lights", "slow *jazz*", "[Verse]\nSalt on the rail", 3.0)
TWO = Song(
    "bbbbbbbb-1111-4222-8333-444444444444", "Harbour Lights", "slow *jazz*", "[Verse]\nSalt on the rail", 4.0, "rain"
)
DONE = FakeTask("11111111-2222-4333-8444-555555555555", songs=(ONE, TWO), states=((0, "queued"), (20, "done")))
LYRICS = FakeTask("22222222-2222-4333-8444-555555555555", text="[Verse]\nTide goes out", title="Low Water")
RUNNING = FakeTask("task_running", "rix", (ONE, TWO), states=((0, "running"),), progress=((0, 48),))


async def test_a_finished_task_comes_as_two_playable_songs(env: Env) -> None:
    env.gateway.add(DONE, age=100)
    async with env.bot():
        answer = await env.status(DONE.id)
    first, open_gateway, lyrics = answer["embeds"]
    assert (first["title"], open_gateway["title"]) == ("Harbour Lights · 1/2", "Harbour Lights · 2/2")
    assert first["url"] == f"https://suno.com/song/{ONE.clip_id}"
    assert first["description"] == r"slow \*jazz\*"
    assert [field["value"] for field in first["fields"][:2]] == ["0:03", "v4.5"]
    assert first["footer"]["text"] == f"{DONE.id} · default"
    assert lyrics["description"] == "[Verse]\nSalt on the rail"
    assert [file["filename"] for file in answer["attachments"]] == [
        "Harbour-Lights-aaaaaaaa-1.mp3",
        "Harbour-Lights-bbbbbbbb-2.mp3",
    ]
    assert [file["content_type"] for file in answer["attachments"]] == ["audio/mpeg"] * 2
    assert buttons(answer) == ["Lyrics"]
    assert list(links(answer)) == ["Download 1", "Download 2", "Suno page 1", "Suno page 2"]


async def test_the_bytes_are_those_of_the_gateway_and_the_covers_are_uploaded(env: Env) -> None:
    env.gateway.add(DONE, age=100)
    async with env.bot():
        answer = await env.status(DONE.id)
    files = {each.id: each for each in env.discord.world.files.values()}
    for attachment, song in zip(answer["attachments"], (ONE, TWO), strict=True):
        content = files[attachment["id"]].content
        assert without_tag(content) == audio(song.sound, song.duration)[0]
        assert frames(content[length(content) :]) == (MP3, 0)
    covers = [files[embed["thumbnail"]["url"].split("/")[-2]] for embed in answer["embeds"][:2]]
    assert all(picture_kind(cover.content) is PNG for cover in covers)
    assert all("Authorization" not in request.headers for request in env.gateway.media_requests)


@pytest.mark.parametrize(
    "dialect", ["new-api", "rix", "suno-api", "goamz", "items", "nested", "bare", "code-1", "output", "response"]
)
async def test_a_song_arrives_in_every_dialect(env: Env, dialect: Dialect) -> None:
    env.gateway.add(FakeTask("task_abcd", dialect, (ONE,), states=((0, "queued"), (20, "done"))), age=100)
    async with env.bot():
        answer = await env.status("task_abcd")
    assert answer["embeds"][0]["title"] == "Harbour Lights" or dialect == "code-1"
    assert answer["attachments"][0]["content_type"] == "audio/mpeg"


async def test_waiting(env: Env) -> None:
    env.gateway.add(FakeTask("task_waiting", states=((0, "queued"),)))
    async with env.bot():
        answer = await env.status("task_waiting")
    assert answer["embeds"][0]["title"] == r"task\_waiting"
    assert answer["embeds"][0]["description"] == "⏳ **Queued**"
    assert "<t:" in answer["embeds"][0]["fields"][0]["value"]
    assert buttons(answer) == ["Refresh", "Notify me"]


async def test_running_with_a_progress(env: Env) -> None:
    env.gateway.add(RUNNING, age=5)
    async with env.bot():
        answer = await env.status(RUNNING.id)
    assert answer["embeds"][0]["description"] == "🎛️ **Generating** · Music · v4.5\n▰▰▰▰▰▱▱▱▱▱ 48%"


async def test_running_without_a_progress_invents_none(env: Env) -> None:
    env.gateway.add(FakeTask("task_running", songs=(ONE,), states=((0, "running"),)))
    async with env.bot():
        answer = await env.status("task_running")
    assert answer["embeds"][0]["description"] == "🎛️ **Generating** · Music · v4.5"
    assert "%" not in words(answer)


async def test_streaming_can_be_listened_to(env: Env) -> None:
    env.gateway.add(FakeTask("task_streaming", songs=(ONE, TWO), states=((0, "streaming"),)))
    async with env.bot():
        answer = await env.status("task_streaming")
    assert links(answer)["Listen to 1 while it renders"].startswith(f"{env.gateway.media_url}/stream/")
    assert answer["attachments"] == []


async def test_finished_without_usable_audio(env: Env) -> None:
    forbidden = Song("c1", "Mute", audio_url="https://studio-api.prod.suno.com/api/forbidden")
    env.gateway.add(FakeTask("task_mute", songs=(forbidden,)))
    async with env.bot():
        answer = await env.status("task_mute")
    assert "gave no usable audio (yet)" in answer["content"]
    assert buttons(answer) == ["Refresh"]


async def test_partly_failed(env: Env) -> None:
    lost = Song("c2", "Harbour Lights", state="failed", reason="second take lost")
    env.gateway.add(FakeTask("task_partly", songs=(ONE, lost)))
    async with env.bot():
        answer = await env.status("task_partly")
    assert "1 of 2 songs arrived. The rest failed: second take lost" in answer["content"]
    assert len(answer["attachments"]) == 1


async def test_failed_with_and_without_a_reason(env: Env) -> None:
    env.gateway.add(FakeTask("task_why", reason="names an @everyone artist", states=((0, "failed"),)))
    env.gateway.add(FakeTask("task_what", "goamz", states=((0, "failed"),)))
    async with env.bot():
        why, what = await env.status("task_why"), await env.status("task_what")
    assert "The gateway says: names an @\u200beveryone artist" in why["embeds"][0]["description"]
    assert "The gateway gave no reason." in what["embeds"][0]["description"]
    assert why["embeds"][0]["color"] == 0xE74C3C


async def test_an_unknown_word_is_shown_as_it_is(env: Env) -> None:
    env.gateway.add(FakeTask("task_dream", word="DREA*MING", states=((0, "running"),)))
    async with env.bot():
        answer = await env.status("task_dream")
    assert r"Unknown state “DREA\*MING”" in answer["embeds"][0]["description"]


async def test_a_lyrics_task(env: Env) -> None:
    env.gateway.add(LYRICS)
    async with env.bot():
        answer = await env.status(LYRICS.id)
    assert answer["embeds"][0]["title"] == "Low Water"
    assert "Lyrics" in answer["embeds"][0]["description"]
    assert answer["embeds"][1]["description"] == "[Verse]\nTide goes out"


async def test_long_lyrics_come_in_pages_and_as_a_file(env: Env) -> None:
    text = "\n\n".join(f"[Verse {n}]\n" + "la la la la\n" * 20 for n in range(40))
    env.gateway.add(FakeTask("task_long", text=text, title="Endless"))
    async with env.bot():
        answer = await env.status("task_long")
        assert "Press **Lyrics** to read the rest" in words(answer)
        first = await env.finished(await env.ada.press(answer, "Lyrics"))
        assert "Page 1 of 3" in words(first)
        assert components(first)[1]["content"].startswith("### Endless\n[Verse 0]")
        await env.ada.press(first, "▶️")
        await env.discord.hub.until(lambda: "Page 2 of 3" in words(first))
        with pytest.raises(LookupError, match="disabled"):
            await env.ada.press((await env.finished(await env.ada.press(answer, "Lyrics"))), "◀️")
        file = await env.finished(await env.ada.press(first, "As a file"))
    stored = env.discord.world.files[file["attachments"][0]["id"]]
    assert stored.content.decode("utf-8-sig").split() == f"Endless {text}".split()
    assert stored.content.startswith(b"\xef\xbb\xbf")


async def test_one_file_that_is_too_big_does_not_hold_up_its_sibling(env: Env) -> None:
    env.gateway.add(FakeTask("task_big", songs=(ONE, Song("c2", "Uncut", duration=3_600.0))))
    async with env.bot():
        answer = await env.status("task_big")
    assert "Song 2 is 27 MB. This channel takes files up to 20 MB, so here is the link." in answer["content"]
    assert len(answer["attachments"]) == 1
    assert "Download 2" in links(answer)


async def test_two_files_that_are_too_big_together_come_in_two_messages(env: Env) -> None:
    pair = tuple(Song(f"c{n}", f"Part {n}", duration=1_700.0) for n in (1, 2))
    env.gateway.add(FakeTask("task_pair", songs=pair))
    async with env.bot():
        asked = await env.ada.slash(env.channel, "suno status", id="task_pair")
        first = await env.finished(asked)
        open_gateway = (await env.discord.hub.until(lambda: asked.follow_ups))[0]
    assert [each["title"] for each in (*first["embeds"], *open_gateway["embeds"])] == ["Part 1 · 1/2", "Part 2 · 2/2"]
    assert len(first["attachments"]) == len(open_gateway["attachments"]) == 1


async def test_when_discord_takes_less_than_it_said_the_smaller_song_still_arrives(env: Env) -> None:
    env.gateway.add(FakeTask("task_pair", songs=(ONE, Song("c2", "Longer", duration=400.0))))
    env.discord.faults.fail("@original", 413, 40005, times=1)
    async with env.bot():
        answer = await env.status("task_pair")
    assert [each["filename"] for each in answer["attachments"]] == ["Harbour-Lights-aaaaaaaa-1.mp3"]
    assert "Song 2 is 3.1 MB" in answer["content"]


@pytest.mark.parametrize("fault", [Fault(403), Fault(200, b"forbidden"), Fault(200), Fault(0)])
async def test_a_song_that_cannot_be_fetched_is_told_and_its_sibling_arrives(env: Env, fault: Fault) -> None:
    env.gateway.add(DONE, age=100)
    fault.path = f"/audio/{TWO.clip_id}"
    env.gateway.media_faults.append(fault)
    async with env.bot():
        answer = await env.status(DONE.id)
        await env.discord.hub.until(lambda: len(answer["attachments"]) == 1)
        assert "song 2" in answer["content"].lower()
        assert "Refresh" in buttons(answer)
        env.gateway.media_faults.clear()
        await env.ada.press(answer, "Refresh")
        await env.discord.hub.until(lambda: len(answer["attachments"]) == 2)
        assert answer["content"] == ""


async def test_a_file_keeps_the_language_of_its_song(env: Env) -> None:
    """In the title that Discord shows in place of a name that it has stripped of it."""
    env.gateway.add(replace(DONE, songs=(replace(ONE, title="夏日海风"), replace(TWO, title="Café"))), age=100)
    async with env.bot():
        answer = await env.status(DONE.id)
        asked = await env.ada.slash(env.channel, "suno lyrics", id=DONE.id, **{"as": "file"})
        lyrics = await env.finished(asked)
    assert [each.get("title") for each in answer["attachments"]] == ["夏日海风-aaaaaaaa-1", "Café-bbbbbbbb-2"]
    assert [each["filename"] for each in answer["attachments"]] == ["-aaaaaaaa-1.mp3", "Cafe-bbbbbbbb-2.mp3"]
    assert [each["title"] for each in lyrics["attachments"]] == ["夏日海风-lyrics"]
    given = [each for request in env.discord.requests for each in _attachments(request.body)]
    assert "夏日海风-aaaaaaaa-1" in [each.get("title") for each in given], "should Discord not make it of the name"


async def test_a_host_without_a_dot_has_no_button_and_no_picture(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord refuses those; the file stays."""
    names, port = Names(), env.gateway.media_host.rpartition(":")[2]
    names.lead("minio", "127.0.0.1")
    monkeypatch.setattr("socket.getaddrinfo", names)
    inside = f"http://minio:{port}"
    song = replace(ONE, audio_url=f"{inside}/audio/{ONE.clip_id}", image_url=f"{inside}/cover/{ONE.clip_id}.png")
    env.gateway.add(replace(DONE, songs=(song,)), age=100)
    env.gateway.add(replace(RUNNING, songs=(song,), states=((0, "streaming"),)))
    async with env.bot(media_allow_hosts="minio"):
        answer = await env.status(DONE.id)
        running = await env.status(RUNNING.id)
    assert [each["filename"] for each in answer["attachments"]] == ["Harbour-Lights-aaaaaaaa-1.mp3"]
    assert list(links(answer)) == ["Suno page"]
    assert "thumbnail" not in running["embeds"][0]


@pytest.mark.parametrize("address", ["/audio/{}", "//{}/audio/{}"])
async def test_a_relative_address_is_the_gateways_own(env: Env, address: str) -> None:
    media = env.gateway.media_host
    path = address.format(*[media] * (address.count("{}") - 1), ONE.clip_id)
    env.gateway.add(replace(DONE, songs=(replace(ONE, audio_url=path),)), age=100)
    async with env.bot(media_allow_hosts=f"{media},{env.gateway.url.removeprefix('http://')}"):
        answer = await env.status(DONE.id)
    asked = env.gateway.requests[-1].path if address.startswith("/audio") else env.gateway.media_requests[0].path
    assert asked == f"/audio/{ONE.clip_id}"
    assert len(answer["attachments"]) == (0 if address.startswith("/audio") else 1)


async def test_a_song_that_takes_long_is_shown_before_its_file_is_here(env: Env) -> None:
    env.gateway.add(DONE, age=100)
    env.gateway.media_faults.append(Fault(200, b"ID3" + bytes(1000), delay=2.5))
    async with env.bot():
        answer = await env.status(DONE.id)
        assert answer["content"] == "⏳ Fetching the audio…"
        assert len(answer["embeds"]) == 2
        await env.discord.hub.until(lambda: len(answer["attachments"]) == 2)


async def test_a_song_does_not_wait_for_its_cover(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.services.clip_files._COVER_PATIENCE", 0.1)
    env.gateway.add(DONE, age=100)
    env.gateway.media_faults.append(Fault(200, b"", path="/cover/", delay=30))
    async with env.bot():
        answer = await env.status(DONE.id)
    assert len(answer["attachments"]) == 2
    assert "thumbnail" not in answer["embeds"][0]


async def test_a_media_host_of_the_operators_own_network_is_not_asked(env: Env) -> None:
    env.gateway.add(DONE, age=100)
    async with env.bot(media_allow_hosts=""):
        answer = await env.status(DONE.id)
    assert env.gateway.media_requests == []
    assert "so here is the link" in answer["content"]


async def test_refresh_turns_a_running_card_into_the_song(env: Env) -> None:
    env.gateway.add(FakeTask("task_born", songs=(ONE, TWO), states=((0, "streaming"),)))
    async with env.bot():
        answer = await env.status("task_born")
        assert "Generating" in words(answer)
        env.gateway.add(FakeTask("task_born", songs=(ONE, TWO)))
        env.clock.jump(6)  # an answer is given again for five seconds
        await env.ben.press(answer, "Refresh")
        await env.discord.hub.until(lambda: len(answer["attachments"]) == 2)
    assert buttons(answer) == ["Lyrics"]


LOST = Song("c2222222-1111-4222-8333-444444444444", "Harbour Lights", state="failed", reason="second take lost")


def _edits(env: Env, pressed: Interaction) -> list[str]:
    """What the card said, one after the other, after a press."""
    path = f"/{pressed.token}/messages/@original"
    return [each.body["content"] for each in env.discord.requests if each.path.endswith(path)]


@pytest.mark.parametrize("fault", [Fault(403, delay=2.0), Fault(403), Fault(0)])
async def test_a_refresh_that_brings_nothing_takes_no_song_away(env: Env, fault: Fault) -> None:
    env.gateway.add(FakeTask("task_partly", songs=(ONE, LOST)))
    async with env.bot():
        answer = await env.status("task_partly")
        before = answer["content"], answer["embeds"], answer["attachments"]
        fault.path = "/audio/|/cover/"
        env.gateway.media_faults.append(fault)
        pressed = await env.ada.press(answer, "Refresh")
        await env.changed(pressed)
    assert before[0].startswith("⚠️ 1 of 2 songs arrived.")
    assert (answer["content"], answer["embeds"], answer["attachments"]) == before
    assert _edits(env, pressed) == [before[0]]
    assert "Refresh" in buttons(answer)


async def test_a_refresh_adds_what_was_missing_to_what_is_there(env: Env) -> None:
    env.gateway.add(DONE, age=100)
    env.gateway.media_faults.append(Fault(403, path=f"/audio/{TWO.clip_id}"))
    async with env.bot():
        answer = await env.status(DONE.id)
        (there,) = answer["attachments"]
        env.gateway.media_faults[:] = [Fault(403, path=f"/audio/{ONE.clip_id}")]
        await env.changed(await env.ada.press(answer, "Refresh"))
    assert answer["attachments"][0] == there
    assert answer["attachments"][1]["filename"] == "Harbour-Lights-bbbbbbbb-2.mp3"
    assert answer["content"] == ""


async def test_a_song_stays_when_its_gateway_no_longer_names_it(env: Env) -> None:
    env.gateway.add(FakeTask("task_partly", songs=(ONE, LOST)))
    async with env.bot():
        answer = await env.status("task_partly")
        there = answer["attachments"]
        env.gateway.add(FakeTask("task_partly", reason="worker lost", states=((0, "failed"),)))
        env.clock.jump(6)  # an answer is given again for five seconds
        await env.changed(await env.ada.press(answer, "Refresh"))
    assert answer["attachments"] == there
    assert answer["content"] == "❌ **Failed**\nThe gateway says: worker lost"
    assert answer["embeds"][0]["title"] == "Harbour Lights · 1/2"


async def test_a_card_does_not_promise_what_discord_refused(env: Env) -> None:
    env.gateway.add(FakeTask("task_born", songs=(ONE, TWO), states=((0, "running"),)))
    async with env.bot():
        answer = await env.status("task_born")
        env.gateway.add(FakeTask("task_born", songs=(ONE, TWO)))
        env.gateway.media_faults.append(Fault(200, b"ID3" + bytes(1000), delay=2.5))
        env.clock.jump(6)  # an answer is given again for five seconds
        pressed = await env.ada.press(answer, "Refresh")
        await env.discord.hub.until(lambda: "Fetching" in answer["content"])
        env.discord.faults.fail("@original", 400, 50035, times=100, when=brings_songs)
        (told,) = await env.discord.hub.until(lambda: pressed.follow_ups)
    assert "I couldn't fetch the audio of song 1 just now." in answer["content"]
    assert "Refresh" in buttons(answer)
    assert "Download 1" in links(answer)
    assert "Something went wrong" in told["content"]


async def test_many_presses_ask_the_gateway_once(env: Env) -> None:
    env.gateway.add(RUNNING)
    async with env.bot(poll_interval_seconds=60):
        answer = await env.status(RUNNING.id)
        for _ in range(5):
            assert not (await env.ada.press(answer, "Refresh")).failed
    assert len(env.gateway.requests) == 1


async def test_buttons_work_after_a_restart(env: Env) -> None:
    env.gateway.add(DONE, age=100)
    async with env.bot():
        answer = await env.status(DONE.id)
    async with env.bot():
        lyrics = await env.finished(await env.ben.press(answer, "📝"))
        components(answer)[1]["custom_id"] = older = f"s1:au:0:{DONE.id}"  # cards had it beside their files, once
        audio_here = await env.finished(await env.ben.press(answer, older))
    assert "Salt on the rail" in words(lyrics)
    assert len(audio_here["attachments"]) == 2
    for private in (lyrics, audio_here):
        assert private in env.ben.read(env.channel)
        assert private not in env.ada.read(env.channel)


async def test_a_button_that_fails_answers_and_leaves_the_card_as_it_is(env: Env) -> None:
    env.gateway.add(RUNNING)
    async with env.bot():
        answer = await env.status(RUNNING.id)
        before = words(answer)
        env.clock.jump(6)  # an answer is given again for five seconds
        env.gateway.faults.append(Fault(401))
        pressed = await env.ada.press(answer, "Refresh")
        told = (await env.discord.hub.until(lambda: pressed.follow_ups))[0]
    assert "refused the bot's key" in told["content"]
    assert words(answer) == before


@pytest.mark.parametrize(
    "custom_id", ["s1:zz:0:x", "s1:rf:0:../../etc", "s1:lp:999:11111111-2222-4333-8444-555555555555"]
)
async def test_a_forged_button_is_answered(env: Env, custom_id: str) -> None:
    env.gateway.add(DONE, age=100)
    async with env.bot():
        answer = await env.status(DONE.id)
        components(answer)[1]["custom_id"] = custom_id
        pressed = await env.ada.press(answer, custom_id)
        assert not pressed.failed


async def test_only_me(env: Env) -> None:
    env.gateway.add(DONE, age=100)
    async with env.bot():
        answer = await env.status(DONE.id, show="me")
    assert answer in env.ada.read(env.channel)
    assert answer not in env.ben.read(env.channel)
    assert len(answer["attachments"]) == 2


async def test_a_chinese_reader_reads_chinese(env: Env) -> None:
    env.gateway.add(RUNNING)
    async with env.bot():
        answer = await env.status(RUNNING.id, person=env.ben)
    assert "🎛️ **生成中** · 音乐" in words(answer)
    assert buttons(answer) == ["刷新", "完成提醒", "歌词"]


def _drop_recents(file: Path) -> None:
    with sqlite3.connect(file) as database:
        database.execute("DROP TABLE recents")
    database.close()


async def test_a_failing_database_does_not_keep_the_answer_from_anybody(env: Env, tmp_path: Path) -> None:
    env.gateway.add(DONE, age=100)
    async with env.bot():
        await asyncio.to_thread(_drop_recents, tmp_path / "bot.db")
        assert len((await env.status(DONE.id))["attachments"]) == 2


async def test_in_a_dm_and_in_a_private_channel(env: Env) -> None:
    env.gateway.add(DONE, age=100)
    world = env.discord.world
    world.installed_by.add(env.ada.id)
    async with env.bot():
        for channel in (world.dm_with(env.ada.user), world.add_private_channel(env.ada.user, env.ben.user)):
            answer = await env.finished(await env.ada.slash(channel, "suno status", id=DONE.id))
            assert len(answer["attachments"]) == 2


async def test_who_installed_it_takes_it_to_servers_where_it_is_not(env: Env) -> None:
    env.gateway.add(DONE, age=100)
    world = env.discord.world
    elsewhere = world.add_guild("Elsewhere", owner=env.ada.user)
    elsewhere["members"] = [each for each in elsewhere["members"] if not each["user"]["bot"]]
    channel = world.add_channel(elsewhere, "general")
    async with env.bot():
        with pytest.raises(LookupError):
            await env.ada.slash(channel, "suno status", id=DONE.id)
        world.installed_by.add(env.ada.id)
        answer = await env.finished(await env.ada.slash(channel, "suno status", id=DONE.id))
    assert len(answer["attachments"]) == 2


HOSTILE = "@everyone <@1> [x](https://evil.example) ||`**\n# big\u202e\u200b\0 🎭"


@pytest.mark.parametrize("text", [HOSTILE, HOSTILE * 60, "长" * 100_000, "\\" * 9_000, "🎭" * 5_000, "\u202e" * 9_000])
async def test_strangers_text_can_do_nothing(env: Env, text: str) -> None:
    song = Song("c1", text, text, text, 3.0)
    env.gateway.add(
        FakeTask("task_hostile", songs=(song,)), FakeTask("task_failed", reason=text, states=((0, "failed"),))
    )
    env.gateway.add(FakeTask("task_word", word=text, title=text, text=text, states=((0, "running"),)))
    async with env.bot():
        done, failed = await env.status("task_hostile"), await env.status("task_failed")
        odd = await env.status("task_word")
        pages = [await env.finished(await env.ada.press(done, "Lyrics"))] if "Lyrics" in buttons(done) else []
    for message in (done, failed, odd, *pages):
        shown = words(message)
        assert "](https://evil" not in shown
        assert "@everyone" not in shown
        assert not {"\u202e", "\0"} & set(shown)
        assert (message["mention_everyone"], message["mentions"], message["mention_roles"]) == (False, [], [])
    assert len(done["attachments"]) == 1


BAD_INPUT: list[tuple[str, str, str]] = [
    ("00000000-0000-4000-8000-000000000000", "a song's (clip) id isn't its task's id", "歌曲（clip）ID 不是任务 ID"),
    ("", "Enter the task id", "请输入"),
    ("  ", "Enter the task id", "请输入"),
    ("x" * 2_000, "too long for a task id (2000 characters)", "2000 个字符"),
    ("../../etc/passwd", "can't be a task id", "不是任务 ID"),
    ("歌曲", "can't be a task id", "不是任务 ID"),
    ("a/b", "can't be a task id", "不是任务 ID"),
    ("task_one1 task_two2", "There are 2 task ids", "2 个任务 ID"),
]


@pytest.mark.parametrize(("typed", "english", "chinese"), BAD_INPUT)
async def test_bad_input_gets_a_clear_sentence(env: Env, typed: str, english: str, chinese: str) -> None:
    async with env.bot():
        assert english in (await env.status(typed))["content"]
        assert chinese in (await env.status(typed, person=env.ben))["content"]


BAD_GATEWAYS: list[tuple[Fault, str, str]] = [
    (Fault(401, b'{"error":{"message":"bad %s"}}' % KEY.encode()), "refused the bot's key", "拒绝了机器人的密钥"),
    (Fault(0), "isn't answering right now", "暂时没有响应"),
    (Fault(200, b"<!doctype html><title>x</title>"), "no Suno gateway at the address", "不是 Suno 网关"),
    (Fault(200), "had an error", "网关出错"),
    (Fault(500, b'{"code":"get_task_failed"}'), "had an error", "网关出错"),
    (Fault(429, headers={"Retry-After": "600"}), "can be asked again <t:", ":R> 可以再次查询"),
    (Fault(503), "is busy right now", "网关正忙"),
]


@pytest.mark.parametrize(("fault", "english", "chinese"), BAD_GATEWAYS)
@pytest.mark.usefixtures("impatient")
async def test_a_bad_gateway_gets_a_clear_sentence(
    env: Env, fault: Fault, english: str, chinese: str, caplog: pytest.LogCaptureFixture
) -> None:
    env.gateway.faults.append(fault)
    async with env.bot():
        told = [await env.status("task_abcd"), await env.status("task_abcd", person=env.ben)]
    assert english in told[0]["content"]
    assert chinese in told[1]["content"]
    assert "your task is not affected" in told[0]["content"] or "owner has to" in told[0]["content"]
    assert KEY not in f"{told}{caplog.text}"


async def test_the_second_gateway_is_asked_and_named(env: Env, open_gateway: Callable[[], Any]) -> None:
    other = await open_gateway()
    other.add(DONE, age=100)
    async with env.bot(suno_gateways={"backup": {"base_url": other.url, "api_key": "sk-other"}}):
        answer = await env.status(DONE.id)
        assert answer["embeds"][0]["footer"]["text"] == f"{DONE.id} · backup"
        env.gateway.faults.append(Fault(401))
        assert (await env.status("task_nowhere"))["content"].startswith("The gateway refused the bot's key")
    assert {request.headers["Authorization"] for request in env.gateway.requests} == {f"Bearer {KEY}"}
    assert {request.headers["Authorization"] for request in other.requests} == {"Bearer sk-other"}


async def test_ids_are_offered_while_they_are_typed(env: Env) -> None:
    env.gateway.add(DONE, LYRICS, age=100)
    async with env.bot():
        await env.status(DONE.id)
        await env.status(LYRICS.id, show="me")
        mine = await env.ada.autocomplete(env.channel, "suno status", id="")
        bens = await env.ben.autocomplete(env.channel, "suno status", id="")
        found = await env.ada.autocomplete(env.channel, "suno status", id="LOW w")
    assert [each["value"] for each in mine] == [LYRICS.id, DONE.id]
    assert [each["name"] for each in bens] == [f"Harbour Lights · {DONE.id}"]
    assert [each["value"] for each in found] == [LYRICS.id]


async def test_commands_are_given_to_discord_once(env: Env) -> None:
    for _ in range(2):
        async with env.bot():
            pass
    puts = [request for request in env.discord.requests if request.method == "PUT"]
    assert len(puts) == 1
    command = env.discord.world.commands[0]
    assert command["description_localizations"]["zh-CN"].startswith("Suno 任务")
    assert command["options"][0]["description_localizations"]["zh-TW"].startswith("查看一個")
    known = {locale.value for locale in discord.Locale}
    ours = known & {locale for language in languages().values() for locale in language.locales}
    assert set(command["options"][0]["description_localizations"]) == ours
    assert (command["integration_types"], command["contexts"]) == ([0, 1], [0, 1, 2])


async def test_commands_that_discord_lost_are_given_again(env: Env) -> None:
    async with env.bot():
        pass
    env.discord.world.commands.clear()
    async with env.bot():
        pass
    assert "suno" in [command["name"] for command in env.discord.world.commands]


async def test_the_answer_is_acknowledged_before_the_gateway_has_said_anything(env: Env) -> None:
    env.gateway.add(RUNNING)
    env.gateway.faults.append(Fault(200, b"", delay=1.0, times=1))
    async with env.bot():
        asked = await env.ada.slash(env.channel, "suno status", id=RUNNING.id)
        assert asked.thinking
        assert "Generating" in words(await env.finished(asked))


async def test_an_answer_that_discord_refuses_does_not_stop_the_bot(env: Env) -> None:
    env.gateway.add(RUNNING)
    env.discord.faults.fail("@original", 404, 10008, times=2)
    async with env.bot():
        assert (await env.ada.slash(env.channel, "suno status", id=RUNNING.id)).thinking
        await env.discord.hub.until(lambda: sum(each.status == 404 for each in env.discord.requests) == 2)
        assert "Generating" in words(await env.status(RUNNING.id))


def _attachments(body: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body.get("attachments", []) if isinstance(body, dict) else []
    return found
