"""/suno lyrics and /suno audio."""

from typing import Any

import pytest

from sandbox.local_gateway.fake_task import FakeTask, Song
from tests.conftest import Env
from tests.messages import words

TWO_TEXTS = FakeTask(
    "task_two_texts",
    songs=(
        Song("c1", "First", lyrics="[Verse]\nThe first one", duration=2.0),
        Song("c2", "Second", lyrics="[Verse]\nThe second one", duration=3.0, sound="rain"),
    ),
)
LYRICS = FakeTask("task_lyrics", text="[Verse]\nTide goes out", title="Low Water")


async def ask(env: Env, command: str, **options: Any) -> dict[str, Any]:
    return await env.finished(await env.ada.slash(env.channel, command, **options))


@pytest.fixture(autouse=True)
def tasks(env: Env) -> None:
    env.gateway.add(TWO_TEXTS, LYRICS, FakeTask("task_mute", songs=(Song("c3", "Mute", duration=2.0),)))


async def test_lyrics_are_read_in_private_from_the_first_song_on(env: Env) -> None:
    async with env.bot():
        answer = await ask(env, "suno lyrics", id=TWO_TEXTS.id)
        assert words(answer).startswith("\n\n### First\n[Verse]\nThe first one")
        assert "Page 1 of 2" in words(answer)
    assert answer not in env.ben.read(env.channel)


async def test_the_lyrics_of_one_song_are_opened(env: Env) -> None:
    async with env.bot():
        answer = await ask(env, "suno lyrics", id=TWO_TEXTS.id, clip=2)
    assert "### Second\n[Verse]\nThe second one" in words(answer)
    assert "Page 2 of 2" in words(answer)


async def test_lyrics_as_a_file(env: Env) -> None:
    async with env.bot():
        both = await ask(env, "suno lyrics", id=TWO_TEXTS.id, **{"as": "file"})
        one = await ask(env, "suno lyrics", id=TWO_TEXTS.id, clip=2, **{"as": "file"})
    contents = [
        env.discord.world.files[each["attachments"][0]["id"]].content.decode("utf-8-sig") for each in (both, one)
    ]
    assert contents == [
        "First\n\n[Verse]\nThe first one\n\n\nSecond\n\n[Verse]\nThe second one\n",
        "Second\n\n[Verse]\nThe second one\n",
    ]


async def test_lyrics_of_a_lyrics_task(env: Env) -> None:
    async with env.bot():
        answer = await ask(env, "suno lyrics", id=LYRICS.id)
    assert "### Low Water\n[Verse]\nTide goes out" in words(answer)


async def test_an_instrumental_has_no_lyrics(env: Env) -> None:
    async with env.bot():
        for options in ({}, {"as": "file"}, {"clip": 1}):
            assert "has no lyrics" in words(await ask(env, "suno lyrics", id="task_mute", **options))


async def test_audio_is_attached_for_everyone(env: Env) -> None:
    async with env.bot():
        answer = await ask(env, "suno audio", id=TWO_TEXTS.id)
    assert [file["filename"] for file in answer["attachments"]] == ["First-c1-1.mp3", "Second-c2-2.mp3"]
    assert answer in env.ben.read(env.channel)


async def test_the_audio_of_one_song(env: Env) -> None:
    async with env.bot():
        answer = await ask(env, "suno audio", id=TWO_TEXTS.id, clip=2)
    assert answer["embeds"][0]["title"] == "Second"
    assert len(answer["attachments"]) == 1


@pytest.mark.parametrize("command", ["suno lyrics", "suno audio"])
async def test_a_song_that_the_task_does_not_have(env: Env, command: str) -> None:
    async with env.bot():
        assert words(await ask(env, command, id=TWO_TEXTS.id, clip=3)).strip() == (
            "This task has 2 songs, so there is no song 3."
        )
        refused = await env.finished(await env.ben.slash(env.channel, command, id="task_mute", clip=2))
    assert words(refused).strip() == "这个任务有 1 首歌，没有第 2 首。"


@pytest.mark.parametrize("command", ["suno lyrics", "suno audio"])
async def test_an_unknown_id(env: Env, command: str) -> None:
    async with env.bot():
        assert "I found no task `task_nowhere`" in words(await ask(env, command, id="task_nowhere"))


async def test_ids_are_offered_here_too(env: Env) -> None:
    async with env.bot():
        await env.status(LYRICS.id)
        for command in ("suno lyrics", "suno audio"):
            offered = await env.ada.autocomplete(env.channel, command, id="low")
            assert [each["value"] for each in offered] == [LYRICS.id]
