"""/suno status, from a person's typing to a playing song."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.gateways.id3 import length
from bot.gateways.sniff import MP3, PNG, frames, picture_kind
from bot.ui.locales import languages
from sandbox.local_discord.interactions import Interaction
from sandbox.local_discord.people import components
from sandbox.local_gateway.life import Dialect, Life, Song
from sandbox.local_gateway.server import Fault
from sandbox.local_gateway.songs import audio, without_tag
from tests.conftest import KEY, Town
from tests.faults.scene import Names
from tests.messages import brings_songs, buttons, links, words

ONE = Song("aaaaaaaa-1111-4222-8333-444444444444", "Harbour Lights", "slow *jazz*", "[Verse]\nSalt on the rail", 3.0)
TWO = Song(
    "bbbbbbbb-1111-4222-8333-444444444444", "Harbour Lights", "slow *jazz*", "[Verse]\nSalt on the rail", 4.0, "rain"
)
DONE = Life("11111111-2222-4333-8444-555555555555", songs=(ONE, TWO), states=((0, "queued"), (20, "done")))
LYRICS = Life("22222222-2222-4333-8444-555555555555", text="[Verse]\nTide goes out", title="Low Water")
RUNNING = Life("task_running", "rix", (ONE, TWO), states=((0, "running"),), progress=((0, 48),))


async def test_a_finished_task_comes_as_two_playable_songs(town: Town) -> None:
    town.gateway.add(DONE, age=100)
    async with town.bot():
        answer = await town.status(DONE.id)
    first, second, lyrics = answer["embeds"]
    assert (first["title"], second["title"]) == ("Harbour Lights · 1/2", "Harbour Lights · 2/2")
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


async def test_the_bytes_are_those_of_the_gateway_and_the_covers_are_uploaded(town: Town) -> None:
    town.gateway.add(DONE, age=100)
    async with town.bot():
        answer = await town.status(DONE.id)
    files = {each.id: each for each in town.discord.world.files.values()}
    for attachment, song in zip(answer["attachments"], (ONE, TWO), strict=True):
        content = files[attachment["id"]].content
        assert without_tag(content) == audio(song.sound, song.duration)[0]
        assert frames(content[length(content) :]) == (MP3, 0)
    covers = [files[embed["thumbnail"]["url"].split("/")[-2]] for embed in answer["embeds"][:2]]
    assert all(picture_kind(cover.content) is PNG for cover in covers)
    assert all("Authorization" not in request.headers for request in town.gateway.media_requests)


@pytest.mark.parametrize(
    "dialect", ["new-api", "rix", "suno-api", "goamz", "items", "nested", "bare", "code-1", "output", "response"]
)
async def test_a_song_arrives_in_every_dialect(town: Town, dialect: Dialect) -> None:
    town.gateway.add(Life("task_abcd", dialect, (ONE,), states=((0, "queued"), (20, "done"))), age=100)
    async with town.bot():
        answer = await town.status("task_abcd")
    assert answer["embeds"][0]["title"] == "Harbour Lights" or dialect == "code-1"
    assert answer["attachments"][0]["content_type"] == "audio/mpeg"


async def test_waiting(town: Town) -> None:
    town.gateway.add(Life("task_waiting", states=((0, "queued"),)))
    async with town.bot():
        answer = await town.status("task_waiting")
    assert answer["embeds"][0]["title"] == r"task\_waiting"
    assert answer["embeds"][0]["description"] == "⏳ **Queued**"
    assert "<t:" in answer["embeds"][0]["fields"][0]["value"]
    assert buttons(answer) == ["Refresh", "Notify me"]


async def test_running_with_a_progress(town: Town) -> None:
    town.gateway.add(RUNNING, age=5)
    async with town.bot():
        answer = await town.status(RUNNING.id)
    assert answer["embeds"][0]["description"] == "🎛️ **Generating** · Music · v4.5\n▰▰▰▰▰▱▱▱▱▱ 48%"


async def test_running_without_a_progress_invents_none(town: Town) -> None:
    town.gateway.add(Life("task_running", songs=(ONE,), states=((0, "running"),)))
    async with town.bot():
        answer = await town.status("task_running")
    assert answer["embeds"][0]["description"] == "🎛️ **Generating** · Music · v4.5"
    assert "%" not in words(answer)


async def test_streaming_can_be_listened_to(town: Town) -> None:
    town.gateway.add(Life("task_streaming", songs=(ONE, TWO), states=((0, "streaming"),)))
    async with town.bot():
        answer = await town.status("task_streaming")
    assert links(answer)["Listen to 1 while it renders"].startswith(f"{town.gateway.media_url}/stream/")
    assert answer["attachments"] == []


async def test_finished_without_usable_audio(town: Town) -> None:
    forbidden = Song("c1", "Mute", audio_url="https://studio-api.prod.suno.com/api/forbidden")
    town.gateway.add(Life("task_mute", songs=(forbidden,)))
    async with town.bot():
        answer = await town.status("task_mute")
    assert "gave no usable audio (yet)" in answer["content"]
    assert buttons(answer) == ["Refresh"]


async def test_partly_failed(town: Town) -> None:
    lost = Song("c2", "Harbour Lights", state="failed", reason="second take lost")
    town.gateway.add(Life("task_partly", songs=(ONE, lost)))
    async with town.bot():
        answer = await town.status("task_partly")
    assert "1 of 2 songs arrived. The rest failed: second take lost" in answer["content"]
    assert len(answer["attachments"]) == 1


async def test_failed_with_and_without_a_reason(town: Town) -> None:
    town.gateway.add(Life("task_why", reason="names an @everyone artist", states=((0, "failed"),)))
    town.gateway.add(Life("task_what", "goamz", states=((0, "failed"),)))
    async with town.bot():
        why, what = await town.status("task_why"), await town.status("task_what")
    assert "The gateway says: names an @\u200beveryone artist" in why["embeds"][0]["description"]
    assert "The gateway gave no reason." in what["embeds"][0]["description"]
    assert why["embeds"][0]["color"] == 0xE74C3C


async def test_an_unknown_word_is_shown_as_it_is(town: Town) -> None:
    town.gateway.add(Life("task_dream", word="DREA*MING", states=((0, "running"),)))
    async with town.bot():
        answer = await town.status("task_dream")
    assert r"Unknown state “DREA\*MING”" in answer["embeds"][0]["description"]


async def test_a_lyrics_task(town: Town) -> None:
    town.gateway.add(LYRICS)
    async with town.bot():
        answer = await town.status(LYRICS.id)
    assert answer["embeds"][0]["title"] == "Low Water"
    assert "Lyrics" in answer["embeds"][0]["description"]
    assert answer["embeds"][1]["description"] == "[Verse]\nTide goes out"


async def test_long_lyrics_come_in_pages_and_as_a_file(town: Town) -> None:
    text = "\n\n".join(f"[Verse {n}]\n" + "la la la la\n" * 20 for n in range(40))
    town.gateway.add(Life("task_long", text=text, title="Endless"))
    async with town.bot():
        answer = await town.status("task_long")
        assert "Press **Lyrics** to read the rest" in words(answer)
        first = await town.finished(await town.ada.press(answer, "Lyrics"))
        assert "Page 1 of 3" in words(first)
        assert components(first)[1]["content"].startswith("### Endless\n[Verse 0]")
        await town.ada.press(first, "▶️")
        await town.discord.hub.until(lambda: "Page 2 of 3" in words(first))
        with pytest.raises(LookupError, match="disabled"):
            await town.ada.press((await town.finished(await town.ada.press(answer, "Lyrics"))), "◀️")
        file = await town.finished(await town.ada.press(first, "As a file"))
    stored = town.discord.world.files[file["attachments"][0]["id"]]
    assert stored.content.decode("utf-8-sig").split() == f"Endless {text}".split()
    assert stored.content.startswith(b"\xef\xbb\xbf")


async def test_one_file_that_is_too_big_does_not_hold_up_its_sibling(town: Town) -> None:
    town.gateway.add(Life("task_big", songs=(ONE, Song("c2", "Uncut", duration=3_600.0))))
    async with town.bot():
        answer = await town.status("task_big")
    assert "Song 2 is 27 MB. This channel takes files up to 20 MB, so here is the link." in answer["content"]
    assert len(answer["attachments"]) == 1
    assert "Download 2" in links(answer)


async def test_two_files_that_are_too_big_together_come_in_two_messages(town: Town) -> None:
    pair = tuple(Song(f"c{n}", f"Part {n}", duration=1_700.0) for n in (1, 2))
    town.gateway.add(Life("task_pair", songs=pair))
    async with town.bot():
        asked = await town.ada.slash(town.channel, "suno status", id="task_pair")
        first = await town.finished(asked)
        second = (await town.discord.hub.until(lambda: asked.follow_ups))[0]
    assert [each["title"] for each in (*first["embeds"], *second["embeds"])] == ["Part 1 · 1/2", "Part 2 · 2/2"]
    assert len(first["attachments"]) == len(second["attachments"]) == 1


async def test_when_discord_takes_less_than_it_said_the_smaller_song_still_arrives(town: Town) -> None:
    town.gateway.add(Life("task_pair", songs=(ONE, Song("c2", "Longer", duration=400.0))))
    town.discord.faults.fail("@original", 413, 40005, times=1)
    async with town.bot():
        answer = await town.status("task_pair")
    assert [each["filename"] for each in answer["attachments"]] == ["Harbour-Lights-aaaaaaaa-1.mp3"]
    assert "Song 2 is 3.1 MB" in answer["content"]


@pytest.mark.parametrize("fault", [Fault(403), Fault(200, b"forbidden"), Fault(200), Fault(0)])
async def test_a_song_that_cannot_be_fetched_is_told_and_its_sibling_arrives(town: Town, fault: Fault) -> None:
    town.gateway.add(DONE, age=100)
    fault.path = f"/audio/{TWO.clip_id}"
    town.gateway.media_faults.append(fault)
    async with town.bot():
        answer = await town.status(DONE.id)
        await town.discord.hub.until(lambda: len(answer["attachments"]) == 1)
        assert "song 2" in answer["content"].lower()
        assert "Refresh" in buttons(answer)
        town.gateway.media_faults.clear()
        await town.ada.press(answer, "Refresh")
        await town.discord.hub.until(lambda: len(answer["attachments"]) == 2)
        assert answer["content"] == ""


async def test_a_file_keeps_the_language_of_its_song(town: Town) -> None:
    """In the title that Discord shows in place of a name that it has stripped of it."""
    town.gateway.add(replace(DONE, songs=(replace(ONE, title="夏日海风"), replace(TWO, title="Café"))), age=100)
    async with town.bot():
        answer = await town.status(DONE.id)
        asked = await town.ada.slash(town.channel, "suno lyrics", id=DONE.id, **{"as": "file"})
        lyrics = await town.finished(asked)
    assert [each.get("title") for each in answer["attachments"]] == ["夏日海风-aaaaaaaa-1", "Café-bbbbbbbb-2"]
    assert [each["filename"] for each in answer["attachments"]] == ["-aaaaaaaa-1.mp3", "Cafe-bbbbbbbb-2.mp3"]
    assert [each["title"] for each in lyrics["attachments"]] == ["夏日海风-lyrics"]
    given = [each for request in town.discord.requests for each in _attachments(request.body)]
    assert "夏日海风-aaaaaaaa-1" in [each.get("title") for each in given], "should Discord not make it of the name"


async def test_a_host_without_a_dot_has_no_button_and_no_picture(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord refuses those; the file stays."""
    names, port = Names(), town.gateway.media_host.rpartition(":")[2]
    names.lead("minio", "127.0.0.1")
    monkeypatch.setattr("socket.getaddrinfo", names)
    inside = f"http://minio:{port}"
    song = replace(ONE, audio_url=f"{inside}/audio/{ONE.clip_id}", image_url=f"{inside}/cover/{ONE.clip_id}.png")
    town.gateway.add(replace(DONE, songs=(song,)), age=100)
    town.gateway.add(replace(RUNNING, songs=(song,), states=((0, "streaming"),)))
    async with town.bot(media_allow_hosts="minio"):
        answer = await town.status(DONE.id)
        running = await town.status(RUNNING.id)
    assert [each["filename"] for each in answer["attachments"]] == ["Harbour-Lights-aaaaaaaa-1.mp3"]
    assert list(links(answer)) == ["Suno page"]
    assert "thumbnail" not in running["embeds"][0]


@pytest.mark.parametrize("address", ["/audio/{}", "//{}/audio/{}"])
async def test_a_relative_address_is_the_gateways_own(town: Town, address: str) -> None:
    media = town.gateway.media_host
    path = address.format(*[media] * (address.count("{}") - 1), ONE.clip_id)
    town.gateway.add(replace(DONE, songs=(replace(ONE, audio_url=path),)), age=100)
    async with town.bot(media_allow_hosts=f"{media},{town.gateway.url.removeprefix('http://')}"):
        answer = await town.status(DONE.id)
    asked = town.gateway.requests[-1].path if address.startswith("/audio") else town.gateway.media_requests[0].path
    assert asked == f"/audio/{ONE.clip_id}"
    assert len(answer["attachments"]) == (0 if address.startswith("/audio") else 1)


async def test_a_song_that_takes_long_is_shown_before_its_file_is_here(town: Town) -> None:
    town.gateway.add(DONE, age=100)
    town.gateway.media_faults.append(Fault(200, b"ID3" + bytes(1000), delay=2.5))
    async with town.bot():
        answer = await town.status(DONE.id)
        assert answer["content"] == "⏳ Fetching the audio…"
        assert len(answer["embeds"]) == 2
        await town.discord.hub.until(lambda: len(answer["attachments"]) == 2)


async def test_a_song_does_not_wait_for_its_cover(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.services.recordings._COVER_PATIENCE", 0.1)
    town.gateway.add(DONE, age=100)
    town.gateway.media_faults.append(Fault(200, b"", path="/cover/", delay=30))
    async with town.bot():
        answer = await town.status(DONE.id)
    assert len(answer["attachments"]) == 2
    assert "thumbnail" not in answer["embeds"][0]


async def test_a_media_host_of_the_operators_own_network_is_not_asked(town: Town) -> None:
    town.gateway.add(DONE, age=100)
    async with town.bot(media_allow_hosts=""):
        answer = await town.status(DONE.id)
    assert town.gateway.media_requests == []
    assert "so here is the link" in answer["content"]


async def test_refresh_turns_a_running_card_into_the_song(town: Town) -> None:
    town.gateway.add(Life("task_born", songs=(ONE, TWO), states=((0, "streaming"),)))
    async with town.bot(poll_interval_seconds=0.001):
        answer = await town.status("task_born")
        assert "Generating" in words(answer)
        town.gateway.add(Life("task_born", songs=(ONE, TWO)))
        await town.ben.press(answer, "Refresh")
        await town.discord.hub.until(lambda: len(answer["attachments"]) == 2)
    assert buttons(answer) == ["Lyrics"]


LOST = Song("c2222222-1111-4222-8333-444444444444", "Harbour Lights", state="failed", reason="second take lost")


def _edits(town: Town, pressed: Interaction) -> list[str]:
    """What the card said, one after the other, after a press."""
    path = f"/{pressed.token}/messages/@original"
    return [each.body["content"] for each in town.discord.requests if each.path.endswith(path)]


@pytest.mark.parametrize("fault", [Fault(403, delay=2.0), Fault(403), Fault(0)])
async def test_a_refresh_that_brings_nothing_takes_no_song_away(town: Town, fault: Fault) -> None:
    town.gateway.add(Life("task_partly", songs=(ONE, LOST)))
    async with town.bot():
        answer = await town.status("task_partly")
        before = answer["content"], answer["embeds"], answer["attachments"]
        fault.path = "/audio/|/cover/"
        town.gateway.media_faults.append(fault)
        pressed = await town.ada.press(answer, "Refresh")
        await town.changed(pressed)
    assert before[0].startswith("⚠️ 1 of 2 songs arrived.")
    assert (answer["content"], answer["embeds"], answer["attachments"]) == before
    assert _edits(town, pressed) == [before[0]]
    assert "Refresh" in buttons(answer)


async def test_a_refresh_adds_what_was_missing_to_what_is_there(town: Town) -> None:
    town.gateway.add(DONE, age=100)
    town.gateway.media_faults.append(Fault(403, path=f"/audio/{TWO.clip_id}"))
    async with town.bot():
        answer = await town.status(DONE.id)
        (there,) = answer["attachments"]
        town.gateway.media_faults[:] = [Fault(403, path=f"/audio/{ONE.clip_id}")]
        await town.changed(await town.ada.press(answer, "Refresh"))
    assert answer["attachments"][0] == there
    assert answer["attachments"][1]["filename"] == "Harbour-Lights-bbbbbbbb-2.mp3"
    assert answer["content"] == ""


async def test_a_song_stays_when_its_gateway_no_longer_names_it(town: Town) -> None:
    town.gateway.add(Life("task_partly", songs=(ONE, LOST)))
    async with town.bot(poll_interval_seconds=0.001):
        answer = await town.status("task_partly")
        there = answer["attachments"]
        town.gateway.add(Life("task_partly", reason="worker lost", states=((0, "failed"),)))
        await town.changed(await town.ada.press(answer, "Refresh"))
    assert answer["attachments"] == there
    assert answer["content"] == "❌ **Failed**\nThe gateway says: worker lost"
    assert answer["embeds"][0]["title"] == "Harbour Lights · 1/2"


async def test_a_card_does_not_promise_what_discord_refused(town: Town) -> None:
    town.gateway.add(Life("task_born", songs=(ONE, TWO), states=((0, "running"),)))
    async with town.bot(poll_interval_seconds=0.001):
        answer = await town.status("task_born")
        town.gateway.add(Life("task_born", songs=(ONE, TWO)))
        town.gateway.media_faults.append(Fault(200, b"ID3" + bytes(1000), delay=2.5))
        pressed = await town.ada.press(answer, "Refresh")
        await town.discord.hub.until(lambda: "Fetching" in answer["content"])
        town.discord.faults.fail("@original", 400, 50035, times=100, when=brings_songs)
        (told,) = await town.discord.hub.until(lambda: pressed.follow_ups)
    assert "I couldn't fetch the audio of song 1 just now." in answer["content"]
    assert "Refresh" in buttons(answer)
    assert "Download 1" in links(answer)
    assert "Something went wrong" in told["content"]


async def test_many_presses_ask_the_gateway_once(town: Town) -> None:
    town.gateway.add(RUNNING)
    async with town.bot(poll_interval_seconds=60):
        answer = await town.status(RUNNING.id)
        for _ in range(5):
            assert not (await town.ada.press(answer, "Refresh")).failed
    assert len(town.gateway.requests) == 1


async def test_buttons_work_after_a_restart(town: Town) -> None:
    town.gateway.add(DONE, age=100)
    async with town.bot():
        answer = await town.status(DONE.id)
    async with town.bot():
        lyrics = await town.finished(await town.ben.press(answer, "📝"))
        components(answer)[1]["custom_id"] = older = f"s1:au:0:{DONE.id}"  # cards had it beside their files, once
        audio_here = await town.finished(await town.ben.press(answer, older))
    assert "Salt on the rail" in words(lyrics)
    assert len(audio_here["attachments"]) == 2
    for private in (lyrics, audio_here):
        assert private in town.ben.read(town.channel)
        assert private not in town.ada.read(town.channel)


async def test_a_button_that_fails_answers_and_leaves_the_card_as_it_is(town: Town) -> None:
    town.gateway.add(RUNNING)
    async with town.bot(poll_interval_seconds=0.001):
        answer = await town.status(RUNNING.id)
        before = words(answer)
        town.gateway.faults.append(Fault(401))
        pressed = await town.ada.press(answer, "Refresh")
        told = (await town.discord.hub.until(lambda: pressed.follow_ups))[0]
    assert "refused the bot's key" in told["content"]
    assert words(answer) == before


@pytest.mark.parametrize(
    "custom_id", ["s1:zz:0:x", "s1:rf:0:../../etc", "s1:lp:999:11111111-2222-4333-8444-555555555555"]
)
async def test_a_forged_button_is_answered(town: Town, custom_id: str) -> None:
    town.gateway.add(DONE, age=100)
    async with town.bot():
        answer = await town.status(DONE.id)
        components(answer)[1]["custom_id"] = custom_id
        pressed = await town.ada.press(answer, custom_id)
        assert not pressed.failed


async def test_only_me(town: Town) -> None:
    town.gateway.add(DONE, age=100)
    async with town.bot():
        answer = await town.status(DONE.id, show="me")
    assert answer in town.ada.read(town.channel)
    assert answer not in town.ben.read(town.channel)
    assert len(answer["attachments"]) == 2


async def test_a_chinese_reader_reads_chinese(town: Town) -> None:
    town.gateway.add(RUNNING)
    async with town.bot():
        answer = await town.status(RUNNING.id, person=town.ben)
    assert "🎛️ **生成中** · 音乐" in words(answer)
    assert buttons(answer) == ["刷新", "完成提醒", "歌词"]


def _drop_recents(file: Path) -> None:
    with sqlite3.connect(file) as database:
        database.execute("DROP TABLE recents")
    database.close()


async def test_a_failing_database_does_not_keep_the_answer_from_anybody(town: Town, tmp_path: Path) -> None:
    town.gateway.add(DONE, age=100)
    async with town.bot():
        await asyncio.to_thread(_drop_recents, tmp_path / "bot.db")
        assert len((await town.status(DONE.id))["attachments"]) == 2


async def test_in_a_dm_and_in_a_private_channel(town: Town) -> None:
    town.gateway.add(DONE, age=100)
    world = town.discord.world
    world.installed_by.add(town.ada.id)
    async with town.bot():
        for channel in (world.dm_with(town.ada.user), world.add_private_channel(town.ada.user, town.ben.user)):
            answer = await town.finished(await town.ada.slash(channel, "suno status", id=DONE.id))
            assert len(answer["attachments"]) == 2


async def test_who_installed_it_takes_it_to_servers_where_it_is_not(town: Town) -> None:
    town.gateway.add(DONE, age=100)
    world = town.discord.world
    elsewhere = world.add_guild("Elsewhere", owner=town.ada.user)
    elsewhere["members"] = [each for each in elsewhere["members"] if not each["user"]["bot"]]
    channel = world.add_channel(elsewhere, "general")
    async with town.bot():
        with pytest.raises(LookupError):
            await town.ada.slash(channel, "suno status", id=DONE.id)
        world.installed_by.add(town.ada.id)
        answer = await town.finished(await town.ada.slash(channel, "suno status", id=DONE.id))
    assert len(answer["attachments"]) == 2


HOSTILE = "@everyone <@1> [x](https://evil.example) ||`**\n# big\u202e\u200b\0 🎭"


@pytest.mark.parametrize("text", [HOSTILE, HOSTILE * 60, "长" * 100_000, "\\" * 9_000, "🎭" * 5_000, "\u202e" * 9_000])
async def test_strangers_text_can_do_nothing(town: Town, text: str) -> None:
    song = Song("c1", text, text, text, 3.0)
    town.gateway.add(Life("task_hostile", songs=(song,)), Life("task_failed", reason=text, states=((0, "failed"),)))
    town.gateway.add(Life("task_word", word=text, title=text, text=text, states=((0, "running"),)))
    async with town.bot():
        done, failed = await town.status("task_hostile"), await town.status("task_failed")
        odd = await town.status("task_word")
        pages = [await town.finished(await town.ada.press(done, "Lyrics"))] if "Lyrics" in buttons(done) else []
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
async def test_bad_input_gets_a_clear_sentence(town: Town, typed: str, english: str, chinese: str) -> None:
    async with town.bot():
        assert english in (await town.status(typed))["content"]
        assert chinese in (await town.status(typed, person=town.ben))["content"]


BAD_GATEWAYS: list[tuple[Fault, str, str]] = [
    (Fault(401, b'{"error":{"message":"bad %s"}}' % KEY.encode()), "refused the bot's key", "拒绝了机器人的密钥"),
    (Fault(0), "isn't answering right now", "暂时没有响应"),
    (Fault(200, b"<!doctype html><title>x</title>"), "no Suno gateway at the address", "不是 Suno 网关"),
    (Fault(200), "had an error", "网关出错"),
    (Fault(500, b'{"code":"get_task_failed"}'), "had an error", "网关出错"),
    (Fault(429, headers={"Retry-After": "600"}), "asks to wait until <t:", "要求等到 <t:"),
    (Fault(503), "is busy right now", "网关正忙"),
]


@pytest.mark.parametrize(("fault", "english", "chinese"), BAD_GATEWAYS)
@pytest.mark.usefixtures("impatient")
async def test_a_bad_gateway_gets_a_clear_sentence(
    town: Town, fault: Fault, english: str, chinese: str, caplog: pytest.LogCaptureFixture
) -> None:
    town.gateway.faults.append(fault)
    async with town.bot():
        told = [await town.status("task_abcd"), await town.status("task_abcd", person=town.ben)]
    assert english in told[0]["content"]
    assert chinese in told[1]["content"]
    assert "your task is not affected" in told[0]["content"] or "owner has to" in told[0]["content"]
    assert KEY not in f"{told}{caplog.text}"


async def test_the_second_gateway_is_asked_and_named(town: Town, second: Callable[[], Any]) -> None:
    other = await second()
    other.add(DONE, age=100)
    async with town.bot(suno_gateways={"backup": {"base_url": other.url, "api_key": "sk-other"}}):
        answer = await town.status(DONE.id)
        assert answer["embeds"][0]["footer"]["text"] == f"{DONE.id} · backup"
        town.gateway.faults.append(Fault(401))
        assert (await town.status("task_nowhere"))["content"].startswith("The gateway refused the bot's key")
    assert {request.headers["Authorization"] for request in town.gateway.requests} == {f"Bearer {KEY}"}
    assert {request.headers["Authorization"] for request in other.requests} == {"Bearer sk-other"}


async def test_ids_are_offered_while_they_are_typed(town: Town) -> None:
    town.gateway.add(DONE, LYRICS, age=100)
    async with town.bot():
        await town.status(DONE.id)
        await town.status(LYRICS.id, show="me")
        mine = await town.ada.autocomplete(town.channel, "suno status", id="")
        bens = await town.ben.autocomplete(town.channel, "suno status", id="")
        found = await town.ada.autocomplete(town.channel, "suno status", id="LOW w")
    assert [each["value"] for each in mine] == [LYRICS.id, DONE.id]
    assert [each["name"] for each in bens] == [f"Harbour Lights · {DONE.id}"]
    assert [each["value"] for each in found] == [LYRICS.id]


async def test_commands_are_given_to_discord_once(town: Town) -> None:
    for _ in range(2):
        async with town.bot():
            pass
    puts = [request for request in town.discord.requests if request.method == "PUT"]
    assert len(puts) == 1
    command = town.discord.world.commands[0]
    assert command["description_localizations"]["zh-CN"].startswith("Suno 任务")
    assert command["options"][0]["description_localizations"]["zh-TW"].startswith("查看一個")
    known = {locale.value for locale in discord.Locale}
    ours = known & {locale for language in languages().values() for locale in language.locales}
    assert set(command["options"][0]["description_localizations"]) == ours
    assert (command["integration_types"], command["contexts"]) == ([0, 1], [0, 1, 2])


async def test_commands_that_discord_lost_are_given_again(town: Town) -> None:
    async with town.bot():
        pass
    town.discord.world.commands.clear()
    async with town.bot():
        pass
    assert "suno" in [command["name"] for command in town.discord.world.commands]


async def test_the_answer_is_acknowledged_before_the_gateway_has_said_anything(town: Town) -> None:
    town.gateway.add(RUNNING)
    town.gateway.faults.append(Fault(200, b"", delay=1.0, times=1))
    async with town.bot():
        asked = await town.ada.slash(town.channel, "suno status", id=RUNNING.id)
        assert asked.thinking
        assert "Generating" in words(await town.finished(asked))


async def test_an_answer_that_discord_refuses_does_not_stop_the_bot(town: Town) -> None:
    town.gateway.add(RUNNING)
    town.discord.faults.fail("@original", 404, 10008, times=2)
    async with town.bot():
        assert (await town.ada.slash(town.channel, "suno status", id=RUNNING.id)).thinking
        await town.discord.hub.until(lambda: sum(each.status == 404 for each in town.discord.requests) == 2)
        assert "Generating" in words(await town.status(RUNNING.id))


def _attachments(body: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body.get("attachments", []) if isinstance(body, dict) else []
    return found
