"""The picture of a song's loudness in its post: where the song has one, and never at the song's expense."""

import pytest

from bot.gateways.file_type import PNG, picture_kind
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault
from sandbox.local_gateway.songs import audio
from tests.conftest import Env
from tests.messages import Message

SONG = FakeTask("task_low_water", songs=(Song("c1", "Low Water", duration=5.0), Song("c2", "Ebb", duration=4.0)))
TONE = FakeTask("task_tone", songs=(Song("c3", "Tone", duration=2.0, sound="wav"),))


async def pictures(env: Env, message: Message) -> list[bytes]:
    """Of its embeds, below their texts."""
    urls = [each["image"]["url"] for each in message["embeds"] if each.get("image")]
    contents = {name: file.content for name, file in env.discord.world.files.items()}
    return [next(content for name, content in contents.items() if f"/{name}/" in url) for url in urls]


async def test_each_song_of_a_post_has_one(env: Env) -> None:
    env.gateway.add(SONG)
    async with env.bot():
        await env.watch(SONG.id)
        (post,) = await env.posts()
        found = await pictures(env, post)
    assert [picture_kind(each[:16]) for each in found] == [PNG, PNG]
    assert found[0] != found[1]
    assert max(map(len, found)) < 2_000
    assert len(post["attachments"]) == 2  # they are seen in the embeds alone
    assert sum("/audio/" in request.path for request in env.gateway.media_requests) == 2


async def test_so_has_an_answer(env: Env) -> None:
    env.gateway.add(SONG)
    async with env.bot():
        assert len(await pictures(env, await env.status(SONG.id))) == 2


BROKEN = {
    "junk behind the frames": audio("rain", 3.0)[0][:20_000] + b"\xff" * 30_000,
    "a moment of sound": audio("rain", 3.0)[0][:500],
    "a tag longer than the file": b"ID3\x04\0\0\0\0\x7f\x7f" + audio("rain", 1.0)[0],
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_song_is_posted_all_the_same(env: Env, name: str) -> None:
    env.gateway.add(SONG)
    env.gateway.media_faults.append(Fault(200, BROKEN[name], path="/audio/c1"))
    async with env.bot():
        await env.watch(SONG.id)
        (post,) = await env.posts()
    assert len(post["attachments"]) == 2


async def test_what_is_no_mp3_has_none(env: Env) -> None:
    env.gateway.add(TONE)
    async with env.bot():
        await env.watch(TONE.id)
        (post,) = await env.posts()
        assert await pictures(env, post) == []
    assert [each["filename"][-4:] for each in post["attachments"]] == [".wav"]


@pytest.mark.parametrize(("count", "shown"), [(3, 3), (4, 0)])
async def test_no_message_has_more_files_than_discord_takes(env: Env, count: int, shown: int) -> None:
    songs = tuple(Song(f"c{number}", f"Song {number}", duration=3.0) for number in range(count))
    env.gateway.add(FakeTask("task_many", songs=songs))
    async with env.bot():
        await env.watch("task_many")
        (post,) = await env.posts()
        assert len(await pictures(env, post)) == shown
    assert len(post["attachments"]) == count
