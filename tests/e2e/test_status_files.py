"""The files of /suno status: audio, covers, their names, sizes and hosts."""

from dataclasses import replace
from typing import Any

import pytest

from bot.gateways.file_type import MP3, PNG, frames, picture_kind
from bot.gateways.id3 import length
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault
from sandbox.local_gateway.songs import audio, without_tag
from tests.conftest import Env
from tests.faults.scenario import FakeResolver
from tests.messages import buttons, links
from tests.sample_tasks import DONE, ONE, RUNNING, TWO


async def test_the_bytes_are_those_of_the_gateway_and_the_covers_are_uploaded(env: Env) -> None:
    env.gateway.add(DONE)
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


@pytest.mark.parametrize("watched", [True, False])
async def test_a_song_that_a_store_keeps_in_the_frames_of_its_upload_is_posted_without_them(
    env: Env, *, watched: bool
) -> None:
    song = audio(ONE.sound, ONE.duration)[0]
    frames = [
        b"%x\r\n%s\r\n" % (len(song[at : at + 9_000]), song[at : at + 9_000]) for at in range(0, len(song), 9_000)
    ]
    stored = b"".join([*frames, b"0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"])
    env.gateway.media_faults.append(Fault(200, stored, path="/audio/"))
    env.gateway.add(FakeTask("task_stored", songs=(ONE,)))
    async with env.bot():
        if watched:
            await env.watch("task_stored")
            (shown,) = await env.posts()
        else:
            shown = await env.status("task_stored")
        (file,) = (each for each in shown["attachments"] if each["filename"].endswith(".mp3"))
    assert without_tag(env.discord.world.files[file["id"]].content) == song


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
        second = (await env.discord.hub.until(lambda: asked.follow_ups))[0]
    assert [each["title"] for each in (*first["embeds"], *second["embeds"])] == ["Part 1 · 1/2", "Part 2 · 2/2"]
    assert len(first["attachments"]) == len(second["attachments"]) == 1


async def test_when_discord_takes_less_than_it_said_the_smaller_song_still_arrives(env: Env) -> None:
    env.gateway.add(FakeTask("task_pair", songs=(ONE, Song("c2", "Longer", duration=400.0))))
    env.discord.faults.fail("@original", 413, 40005, times=1)
    async with env.bot():
        answer = await env.status("task_pair")
    assert [each["filename"] for each in answer["attachments"]] == ["Harbour-Lights-aaaaaaaa-1.mp3"]
    assert "Song 2 is 3.1 MB" in answer["content"]


@pytest.mark.parametrize("fault", [Fault(403), Fault(200, b"forbidden"), Fault(200), Fault(0)])
async def test_a_song_that_cannot_be_fetched_is_named_and_its_sibling_arrives(env: Env, fault: Fault) -> None:
    env.gateway.add(DONE)
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
    env.gateway.add(replace(DONE, songs=(replace(ONE, title="夏日海风"), replace(TWO, title="Café"))))
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
    names, port = FakeResolver(), env.gateway.media_host.rpartition(":")[2]
    names.lead("minio", "127.0.0.1")
    monkeypatch.setattr("socket.getaddrinfo", names)
    inside = f"http://minio:{port}"
    song = replace(ONE, audio_url=f"{inside}/audio/{ONE.clip_id}", image_url=f"{inside}/cover/{ONE.clip_id}.png")
    env.gateway.add(replace(DONE, songs=(song,)))
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
    env.gateway.add(replace(DONE, songs=(replace(ONE, audio_url=path),)))
    async with env.bot(media_allow_hosts=f"{media},{env.gateway.url.removeprefix('http://')}"):
        answer = await env.status(DONE.id)
    asked = env.gateway.requests[-1].path if address.startswith("/audio") else env.gateway.media_requests[0].path
    assert asked == f"/audio/{ONE.clip_id}"
    assert len(answer["attachments"]) == (0 if address.startswith("/audio") else 1)


async def test_a_song_that_takes_long_is_shown_before_its_file_is_here(env: Env) -> None:
    env.gateway.add(DONE)
    env.gateway.media_faults.append(Fault(200, b"ID3" + bytes(1000), delay=2.5))
    async with env.bot():
        asked = await env.ada.slash(env.channel, "suno status", id=DONE.id)
        answer = await env.discord.hub.until(lambda: not asked.thinking and asked.message)
        assert answer["content"] == "⏳ Fetching the audio…"
        assert len(answer["embeds"]) == 2
        assert len((await env.finished(asked))["attachments"]) == 2


async def test_a_song_does_not_wait_for_its_cover(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.services.clip_files._COVER_TIMEOUT", 0.1)
    env.gateway.add(DONE)
    env.gateway.media_faults.append(Fault(200, b"", path="/cover/", delay=30))
    async with env.bot():
        answer = await env.status(DONE.id)
    assert len(answer["attachments"]) == 2
    assert "thumbnail" not in answer["embeds"][0]


async def test_a_media_host_of_the_operators_own_network_is_not_asked(env: Env) -> None:
    env.gateway.add(DONE)
    async with env.bot(media_allow_hosts=""):
        answer = await env.status(DONE.id)
    assert env.gateway.media_requests == []
    assert "so here is the link" in answer["content"]


def _attachments(body: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body.get("attachments", []) if isinstance(body, dict) else []
    return found
