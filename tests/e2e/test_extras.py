"""Timed lyrics, WAV and video: from the menu under a song's details, and by command."""

from typing import Any

import pytest

from sandbox.local_discord.people import components
from sandbox.local_gateway.extras import video
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault
from tests.conftest import KEY, Env
from tests.messages import links, words

SONG = FakeTask(
    "task_low_water",
    songs=(
        Song("c1", "Low Water", lyrics="[Verse]\nThe tide goes out\nthe tide comes in", duration=10.0),
        Song("c2", "夏日海风", lyrics="[主歌]\n海风吹过来", duration=8.0, sound="rain"),
    ),
)
MUTE = FakeTask("task_mute", songs=(Song("c3", "Mute", duration=2.0),))


async def ask(env: Env, command: str, **options: Any) -> dict[str, Any]:
    return await env.finished(await env.ada.slash(env.channel, command, **options))


def asked(env: Env, path: str) -> int:
    return sum(path in request.path for request in env.gateway.requests)


def files(env: Env, message: dict[str, Any]) -> dict[str, bytes]:
    """By the names that people see."""
    return {
        each.get("title") or each["filename"]: env.discord.world.files[each["id"]].content
        for each in message["attachments"]
    }


@pytest.fixture(autouse=True)
def tasks(env: Env) -> None:
    env.gateway.add(SONG, MUTE)


async def details(env: Env, task_id: str) -> dict[str, Any]:
    """Of a song that was posted, as who presses sees them."""
    await env.watch(task_id)
    post = next(each for each in await env.posts() if task_id in words(each))
    return await env.finished(await env.ben.press(post, "详情" if "详情" in words(post) else "Details"))


async def test_the_menu_under_the_details_offers_each_thing_of_each_song(env: Env) -> None:
    async with env.bot():
        card = await details(env, SONG.id)
        menu = next(each for each in components(card) if each.get("options"))
        assert [each["label"] for each in menu["options"]] == [
            "第 1 首：带时间的歌词（.lrc）", "第 1 首：WAV", "第 1 首：视频（MP4）",
            "第 2 首：带时间的歌词（.lrc）", "第 2 首：WAV", "第 2 首：视频（MP4）",
        ]  # fmt: skip
        answer = await env.finished(await env.ben.select(card, menu["custom_id"], ["timing-2"]))
    assert files(env, answer) == {
        "夏日海风-c2-2": "[ti:夏日海风]\n[length:00:08.00]\n[00:00.40]海风吹过来\n".encode("utf-8-sig")
    }
    assert answer not in env.ada.read(env.channel)


async def test_timed_lyrics_of_all_songs_are_one_answer_and_are_paid_for_once(env: Env) -> None:
    async with env.bot():
        first = await ask(env, "suno lyrics", id=SONG.id, **{"as": "lrc"})
        again = await ask(env, "suno lyrics", id=SONG.id, clip=1, **{"as": "lrc"})
    assert sorted(files(env, first)) == ["Low-Water-c1-1.lrc", "夏日海风-c2-2"]
    text = files(env, again)["Low-Water-c1-1.lrc"].decode("utf-8-sig")
    assert "]The tide goes out\n[" in text
    assert "Verse" not in text
    assert asked(env, "/suno/act/timing/") == 2


async def test_an_instrumental_has_no_timed_lyrics(env: Env) -> None:
    async with env.bot():
        answer = await ask(env, "suno lyrics", id=MUTE.id, **{"as": "lrc"})
    assert words(answer).strip().startswith("The gateway has no timed lyrics for this song.")


@pytest.mark.parametrize(
    ("form", "name", "head"), [("wav", "Low-Water-c1-1.wav", b"RIFF"), ("mp4", "Low-Water-c1-1.mp4", b"\0\0\0")]
)
async def test_a_wav_and_a_video_come_as_files(env: Env, form: str, name: str, head: bytes) -> None:
    async with env.bot():
        answer = await ask(env, "suno audio", id=SONG.id, clip=1, **{"as": form})
    (found,) = files(env, answer).items()
    assert found[0] == name
    assert found[1].startswith(head)
    assert asked(env, f"/suno/act/{form}/c1") == 1


async def test_a_file_that_is_too_large_comes_as_a_link(env: Env) -> None:
    async with env.bot(upload_limit_mib=0.05):
        env.discord.world.upload_limit = 50 * 1024
        answer = await ask(env, "suno audio", id=SONG.id, clip=1, **{"as": "wav"})
    assert "the file is 0.1 MB, and this channel takes files up to" in words(answer)
    assert not answer["attachments"]


async def test_a_file_that_is_still_being_made_is_asked_for_again(env: Env) -> None:
    env.gateway.faults.append(Fault(200, b'{"code":"success","data":{"state":"running"}}', path="/act/wav/", times=2))
    async with env.bot():
        pressed = await env.ada.slash(env.channel, "suno audio", id=SONG.id, clip=1, **{"as": "wav"})
        await env.discord.hub.until(lambda: asked(env, "/act/wav/") == 1)
        await env.clock.advance(30, step=5)
        assert files(env, await env.finished(pressed))
    assert asked(env, "/act/wav/") == 3


@pytest.mark.parametrize(("status", "calls"), [(200, 0), (403, 1)])
async def test_a_video_that_the_task_names_costs_nothing_unless_its_address_is_dead(
    env: Env, status: int, calls: int
) -> None:
    named = f"{env.gateway.media_url}/named/video.mp4"
    env.gateway.add(FakeTask("task_seen", songs=(Song("c9", "Seen", duration=3.0, video_url=named),)))
    body = video(Song("c9", duration=2.0)) if status == 200 else b""
    env.gateway.media_faults.append(Fault(status, body, path="/named/"))
    async with env.bot():
        answer = await ask(env, "suno audio", id="task_seen", **{"as": "mp4"})
    assert list(files(env, answer)) == ["Seen-c9-1.mp4"]
    assert asked(env, "/suno/act/mp4/") == calls


@pytest.mark.parametrize("form", ["wav", "mp4"])
async def test_a_gateway_that_has_none_is_said_to_have_none(env: Env, form: str) -> None:
    env.gateway.extras = frozenset()
    async with env.bot():
        answer = await ask(env, "suno audio", id=SONG.id, **{"as": form})
    assert words(answer).strip().count("The gateway has no") == 1


async def test_the_key_is_not_repeated(env: Env) -> None:
    body = f'{{"wav_file_url": "{env.gateway.media_url}/wav/c1?key={KEY}"}}'.encode()
    env.gateway.faults.append(Fault(200, body, path="/act/wav/"))
    async with env.bot():
        pressed = await env.ada.slash(env.channel, "suno audio", id=SONG.id, clip=1, **{"as": "wav"})
        await env.discord.hub.until(lambda: asked(env, "/act/wav/") == 1)
        await env.clock.advance(60, step=5)
        answer = await env.finished(pressed)
    assert "still making the WAV" in words(answer)
    assert not any(KEY in url for url in links(answer).values())


async def test_the_operator_may_turn_it_off(env: Env) -> None:
    async with env.bot(extras="off"):
        card = await details(env, SONG.id)
        assert not [each for each in components(card) if each.get("options")]
        answer = await ask(env, "suno audio", id=SONG.id, **{"as": "wav"})
        assert "The gateway has no WAV" in words(answer)
    assert asked(env, "/act/") == 0
