"""/suno status: what it shows of a task in each state, where, and to whom."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sandbox.local_gateway.fake_task import Dialect, FakeTask, Song
from sandbox.local_gateway.server import Fault
from tests.conftest import KEY, Env
from tests.messages import buttons, links, words
from tests.sample_tasks import DONE, ONE, RUNNING, TWO

LYRICS = FakeTask("22222222-2222-4333-8444-555555555555", text="[Verse]\nTide goes out", title="Low Water")


async def test_a_finished_task_is_shown_with_two_playable_songs(env: Env) -> None:
    env.gateway.add(replace(DONE, songs=(replace(ONE, style="slow *jazz*"), TWO)))
    async with env.bot():
        answer = await env.status(DONE.id)
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
    assert buttons(answer) == ["Lyrics", "#1 · 0", "#2 · 0"]
    assert list(links(answer)) == ["Download 1", "Download 2", "Suno page 1", "Suno page 2"]


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


async def test_a_song_that_is_ready_while_the_other_is_being_made(env: Env) -> None:
    """The answer says so, until all are ready."""
    ready, queued = Song("c1", "Harbour", state="done"), Song("c2", "Harbour", state="queued")
    env.gateway.add(FakeTask("task_half", songs=(ready, queued), states=((0, "running"),)))
    async with env.bot():
        answer = await env.status("task_half")
        assert answer["content"] == "🎛️ **Generating** · 1 of 2 songs ready"
        assert len(answer["attachments"]) == 1
        env.gateway.add(FakeTask("task_half", songs=(ready, Song("c2", "Harbour"))))
        env.clock.jump(6)  # an answer is given again for five seconds
        await env.ada.press(answer, "Refresh")
        await env.discord.hub.until(lambda: len(answer["attachments"]) == 2)
    assert answer["content"] == ""


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


async def test_only_me(env: Env) -> None:
    env.gateway.add(DONE)
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


async def test_in_a_dm_and_in_a_private_channel(env: Env) -> None:
    env.gateway.add(DONE)
    world = env.discord.world
    world.installed_by.add(env.ada.id)
    async with env.bot():
        for channel in (world.dm_with(env.ada.user), world.add_private_channel(env.ada.user, env.ben.user)):
            answer = await env.finished(await env.ada.slash(channel, "suno status", id=DONE.id))
            assert len(answer["attachments"]) == 2


async def test_a_user_install_works_in_servers_without_the_bot(env: Env) -> None:
    env.gateway.add(DONE)
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


async def test_the_second_gateway_is_asked_and_named(env: Env, open_gateway: Callable[[], Any]) -> None:
    other = await open_gateway()
    other.add(DONE)
    async with env.bot(suno_gateways={"backup": {"base_url": other.url, "api_key": "sk-other"}}):
        answer = await env.status(DONE.id)
        assert answer["embeds"][0]["footer"]["text"] == f"{DONE.id} · backup"
        env.gateway.faults.append(Fault(401))
        assert (await env.status("task_nowhere"))["content"].startswith("The gateway refused the bot's key")
    assert {request.headers["Authorization"] for request in env.gateway.requests} == {f"Bearer {KEY}"}
    assert {request.headers["Authorization"] for request in other.requests} == {"Bearer sk-other"}


async def test_ids_are_offered_while_they_are_typed(env: Env) -> None:
    env.gateway.add(DONE, LYRICS)
    async with env.bot():
        await env.status(DONE.id)
        await env.status(LYRICS.id, show="me")
        mine = await env.ada.autocomplete(env.channel, "suno status", id="")
        bens = await env.ben.autocomplete(env.channel, "suno status", id="")
        found = await env.ada.autocomplete(env.channel, "suno status", id="LOW w")
    assert [each["value"] for each in mine] == [LYRICS.id, DONE.id]
    assert [each["name"] for each in bens] == [f"Harbour Lights · {DONE.id}"]
    assert [each["value"] for each in found] == [LYRICS.id]
