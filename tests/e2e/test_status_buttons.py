"""The buttons of a card: Refresh, Lyrics, and forged ones."""

import pytest

from sandbox.local_discord.interactions import Interaction
from sandbox.local_discord.people import components
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault
from tests.conftest import Env
from tests.messages import brings_songs, buttons, links, words
from tests.sample_tasks import DONE, ONE, RUNNING, TWO


async def test_long_lyrics_come_in_pages_and_as_a_file(env: Env) -> None:
    text = "\n\n".join(f"[Verse {n}]\n" + "la la la la\n" * 20 for n in range(40))
    env.gateway.add(FakeTask("task_long", text=text, title="Endless"))
    async with env.bot():
        answer = await env.status("task_long")
        assert "Press **Lyrics** to read the rest" in words(answer)
        first = await env.finished(await env.ada.press(answer, "Lyrics"))
        assert "Page 1 of 3" in words(first)
        assert components(first)[1]["content"].startswith("### Endless\n[Verse 0]")
        await env.ada.press(first, "➡️")
        await env.discord.hub.until(lambda: "Page 2 of 3" in words(first))
        with pytest.raises(LookupError, match="disabled"):
            await env.ada.press((await env.finished(await env.ada.press(answer, "Lyrics"))), "⬅️")
        file = await env.finished(await env.ada.press(first, "As a file"))
    stored = env.discord.world.files[file["attachments"][0]["id"]]
    assert stored.content.decode("utf-8-sig").split() == f"Endless {text}".split()
    assert stored.content.startswith(b"\xef\xbb\xbf")


async def test_refresh_turns_a_running_card_into_the_song(env: Env) -> None:
    env.gateway.add(FakeTask("task_born", songs=(ONE, TWO), states=((0, "streaming"),)))
    async with env.bot():
        answer = await env.status("task_born")
        assert "Generating" in words(answer)
        env.gateway.add(FakeTask("task_born", songs=(ONE, TWO)))
        env.clock.jump(6)  # an answer is given again for five seconds
        await env.ben.press(answer, "Refresh")
        await env.discord.hub.until(lambda: len(answer["attachments"]) == 2)
    assert buttons(answer) == ["Lyrics", "#1 · 0", "#2 · 0"]


LOST = Song("c2222222-1111-4222-8333-444444444444", "Harbour Lights", state="failed", reason="second take lost")


def _edits(env: Env, pressed: Interaction) -> list[str]:
    """What the card said, one after the other, after a press."""
    path = f"/{pressed.token}/messages/@original"
    return [each.body["content"] for each in env.discord.requests if each.path.endswith(path)]


@pytest.mark.parametrize("fault", [Fault(403, delay=2.0), Fault(403), Fault(0)])
async def test_a_refresh_without_new_files_keeps_the_old_ones(env: Env, fault: Fault) -> None:
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
    env.gateway.add(DONE)
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
        (error,) = await env.discord.hub.until(lambda: pressed.follow_ups)
    assert "I couldn't fetch the audio of song 1 just now." in answer["content"]
    assert "Refresh" in buttons(answer)
    assert "Download 1" in links(answer)
    assert "Something went wrong" in error["content"]


async def test_many_presses_ask_the_gateway_once(env: Env) -> None:
    env.gateway.add(RUNNING)
    async with env.bot(poll_interval_seconds=60):
        answer = await env.status(RUNNING.id)
        for _ in range(5):
            assert not (await env.ada.press(answer, "Refresh")).failed
    assert len(env.gateway.requests) == 1


async def test_buttons_work_after_a_restart(env: Env) -> None:
    env.gateway.add(DONE)
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
        error = (await env.discord.hub.until(lambda: pressed.follow_ups))[0]
    assert "refused the bot's key" in error["content"]
    assert words(answer) == before


@pytest.mark.parametrize(
    "custom_id", ["s1:zz:0:x", "s1:rf:0:../../etc", "s1:lp:999:11111111-2222-4333-8444-555555555555"]
)
async def test_a_forged_button_is_answered(env: Env, custom_id: str) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        answer = await env.status(DONE.id)
        components(answer)[1]["custom_id"] = custom_id
        pressed = await env.ada.press(answer, custom_id)
        assert not pressed.failed
