"""What a gateway does at the edges of its calls, and what a browser needs of its media."""

import aiohttp
import pytest

from sandbox.local_gateway import songs
from sandbox.local_gateway.dialects import single
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import LocalGateway
from tests.sandbox_gateway.conftest import Clock

SONG = Song("c1000000-0000-4000-8000-000000000001", "Low Tide", duration=3.0)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/suno/fetch/t-1/", 301), ("POST", "/suno/fetch/", 307)]
)
async def test_a_trailing_slash_redirects(
    gateway: LocalGateway, customer: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    async with customer.request(method, gateway.url + path, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (status, path.rstrip("/"))


async def test_no_ids_are_no_tasks(gateway: LocalGateway, customer: aiohttp.ClientSession) -> None:
    async with customer.post(f"{gateway.url}/suno/fetch", json={"ids": []}) as response:
        assert (await response.json())["data"] == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"ids": "t-1"}', b'{"ids": [1]}', b"\xff"])
async def test_a_bad_body_is_answered_with_json_that_is_called_plain_text(
    gateway: LocalGateway, customer: aiohttp.ClientSession, body: bytes
) -> None:
    async with customer.post(f"{gateway.url}/suno/fetch", data=body) as response:
        assert (response.status, response.content_type) == (400, "text/plain")
        assert (await response.json(content_type=None))["code"] == "invalid_request"


async def test_another_method_is_another_path(gateway: LocalGateway, customer: aiohttp.ClientSession) -> None:
    gateway.add(FakeTask("t-1", songs=(SONG,)))
    async with customer.delete(f"{gateway.url}/suno/fetch/t-1") as response:
        assert (response.status, response.content_type) == (200, "text/html")


async def test_a_forgotten_task_is_born_again(
    gateway: LocalGateway, customer: aiohttp.ClientSession, clock: Clock
) -> None:
    fake = FakeTask("t-1", songs=(SONG,), born_when_asked=True)
    for _ in range(2):
        gateway.add(fake)
        async with customer.get(f"{gateway.url}/suno/fetch/t-1") as response:
            assert (await response.json())["data"]["submit_time"] == int(clock.now)
        gateway.forget("t-1")
        clock.now += 100


def test_code_1_can_speak_of_a_task_without_songs() -> None:
    task = single(FakeTask("t-1", "code-1", states=((0, "queued"),)), 0.0, 1.0, "")["data"]
    assert task == {"taskId": "t-1", "status": "submitted", "title": "", "audioUrl": ""}


@pytest.mark.parametrize(
    ("asked", "part"), [("bytes=2-5", (2, 6)), ("bytes=-4", (-4, None)), ("bytes=100-", (100, None))]
)
async def test_a_part_of_a_song(
    gateway: LocalGateway, stranger: aiohttp.ClientSession, asked: str, part: tuple[int, int | None]
) -> None:
    gateway.add(FakeTask("t-1", songs=(SONG,)))
    whole, _ = songs.audio(SONG.sound, SONG.duration)
    url = f"{gateway.media_url}/audio/{SONG.clip_id}"
    async with stranger.get(url, headers={"Range": asked}) as response:
        assert response.status == 206
        assert response.headers["Content-Range"].endswith(f"/{len(whole)}")
        assert await response.read() == whole[slice(*part)]
    async with stranger.get(url) as response:
        assert (response.status, response.headers["Accept-Ranges"]) == (200, "bytes")


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=5-2", "words=1-2"])
async def test_a_part_that_is_not_there(gateway: LocalGateway, stranger: aiohttp.ClientSession, asked: str) -> None:
    gateway.add(FakeTask("t-1", songs=(SONG,)))
    url = f"{gateway.media_url}/audio/{SONG.clip_id}"
    async with stranger.get(url, headers={"Range": asked}) as response:
        assert response.status == 416
