"""/suno lyrics and /suno audio."""

from typing import Any

import pytest

from sandbox.local_gateway.life import Life, Song
from tests.conftest import Town
from tests.messages import words

TWO_TEXTS = Life(
    "task_two_texts",
    songs=(
        Song("c1", "First", lyrics="[Verse]\nThe first one", duration=2.0),
        Song("c2", "Second", lyrics="[Verse]\nThe second one", duration=3.0, sound="rain"),
    ),
)
LYRICS = Life("task_lyrics", text="[Verse]\nTide goes out", title="Low Water")


async def ask(town: Town, command: str, **options: Any) -> dict[str, Any]:
    return await town.finished(await town.ada.slash(town.channel, command, **options))


@pytest.fixture(autouse=True)
def tasks(town: Town) -> None:
    town.gateway.add(TWO_TEXTS, LYRICS, Life("task_mute", songs=(Song("c3", "Mute", duration=2.0),)))


async def test_lyrics_are_read_in_private_from_the_first_song_on(town: Town) -> None:
    async with town.bot():
        answer = await ask(town, "suno lyrics", id=TWO_TEXTS.id)
        assert words(answer).startswith("\n\n### First\n[Verse]\nThe first one")
        assert "Page 1 of 2" in words(answer)
    assert answer not in town.ben.read(town.channel)


async def test_the_lyrics_of_one_song_are_opened(town: Town) -> None:
    async with town.bot():
        answer = await ask(town, "suno lyrics", id=TWO_TEXTS.id, clip=2)
    assert "### Second\n[Verse]\nThe second one" in words(answer)
    assert "Page 2 of 2" in words(answer)


async def test_lyrics_as_a_file(town: Town) -> None:
    async with town.bot():
        both = await ask(town, "suno lyrics", id=TWO_TEXTS.id, **{"as": "file"})
        one = await ask(town, "suno lyrics", id=TWO_TEXTS.id, clip=2, **{"as": "file"})
    contents = [
        town.discord.world.files[each["attachments"][0]["id"]].content.decode("utf-8-sig") for each in (both, one)
    ]
    assert contents == [
        "First\n\n[Verse]\nThe first one\n\n\nSecond\n\n[Verse]\nThe second one\n",
        "Second\n\n[Verse]\nThe second one\n",
    ]


async def test_lyrics_of_a_lyrics_task(town: Town) -> None:
    async with town.bot():
        answer = await ask(town, "suno lyrics", id=LYRICS.id)
    assert "### Low Water\n[Verse]\nTide goes out" in words(answer)


async def test_an_instrumental_has_no_lyrics(town: Town) -> None:
    async with town.bot():
        for options in ({}, {"as": "file"}, {"clip": 1}):
            assert "has no lyrics" in words(await ask(town, "suno lyrics", id="task_mute", **options))


async def test_audio_is_attached_for_everyone(town: Town) -> None:
    async with town.bot():
        answer = await ask(town, "suno audio", id=TWO_TEXTS.id)
    assert [file["filename"] for file in answer["attachments"]] == ["First-c1-1.mp3", "Second-c2-2.mp3"]
    assert answer in town.ben.read(town.channel)


async def test_the_audio_of_one_song(town: Town) -> None:
    async with town.bot():
        answer = await ask(town, "suno audio", id=TWO_TEXTS.id, clip=2)
    assert answer["embeds"][0]["title"] == "Second"
    assert len(answer["attachments"]) == 1


@pytest.mark.parametrize("command", ["suno lyrics", "suno audio"])
async def test_a_song_that_the_task_does_not_have(town: Town, command: str) -> None:
    async with town.bot():
        assert words(await ask(town, command, id=TWO_TEXTS.id, clip=3)).strip() == (
            "This task has 2 songs, so there is no song 3."
        )
        told = await town.finished(await town.ben.slash(town.channel, command, id="task_mute", clip=2))
    assert words(told).strip() == "这个任务有 1 首歌，没有第 2 首。"


@pytest.mark.parametrize("command", ["suno lyrics", "suno audio"])
async def test_an_unknown_id(town: Town, command: str) -> None:
    async with town.bot():
        assert "I found no task `task_nowhere`" in words(await ask(town, command, id="task_nowhere"))


async def test_ids_are_offered_here_too(town: Town) -> None:
    async with town.bot():
        await town.status(LYRICS.id)
        for command in ("suno lyrics", "suno audio"):
            offered = await town.ada.autocomplete(town.channel, command, id="low")
            assert [each["value"] for each in offered] == [LYRICS.id]
