"""The local gateway over real HTTP: keys, unknown tasks, scripted faults, recorded requests."""

import asyncio
from typing import Any

import aiohttp
import pytest
from yarl import URL

from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault, LocalGateway
from tests.sandbox_gateway.conftest import KEY

SONG = Song("c1000000-0000-4000-8000-000000000001", "Low Tide", duration=3.0)
SONG_TASK = FakeTask("t-1", songs=(SONG,))


@pytest.mark.parametrize("authorization", [None, "", "Bearer sk-wrong", KEY])
async def test_a_request_without_a_key_gets_the_error_envelope(
    gateway: LocalGateway, stranger: aiohttp.ClientSession, authorization: str | None
) -> None:
    gateway.add(SONG_TASK)
    headers = {} if authorization is None else {"Authorization": authorization}
    async with stranger.get(f"{gateway.url}/suno/fetch/t-1", headers=headers) as response:
        body = await response.json()
    assert response.status == 401
    assert body["error"]["type"] == "new_api_error"
    assert "(request id: " in body["error"]["message"]


async def test_an_unknown_task_is_a_400(gateway: LocalGateway, customer: aiohttp.ClientSession) -> None:
    async with customer.get(f"{gateway.url}/suno/fetch/t-0") as response:
        assert response.status == 400
        assert await response.json() == {"code": "task_not_exist", "message": "task_not_exist", "data": None}


async def many(customer: aiohttp.ClientSession, gateway: LocalGateway, *ids: str) -> Any:
    async with customer.post(f"{gateway.url}/suno/fetch", json={"ids": ids, "action": "MUSIC"}) as response:
        assert response.status == 200
        return (await response.json())["data"]


async def test_a_batch_leaves_unknown_ids_out_and_says_each_task_once(
    gateway: LocalGateway, customer: aiohttp.ClientSession
) -> None:
    gateway.add(SONG_TASK, FakeTask("t-2", "rix", text="A lamp"))
    tasks = await many(customer, gateway, "t-1", "t-0", "t-2", "t-1")
    assert [task["task_id"] for task in tasks] == ["t-2", "t-1"]
    assert await many(customer, gateway, "t-0") is None


@pytest.mark.parametrize("path", ["/", "/suno", "//suno/fetch/t-1", "/v1/suno/fetch/t-1", "/suno/fetch/t-1/more"])
async def test_a_wrong_path_is_a_web_page(gateway: LocalGateway, customer: aiohttp.ClientSession, path: str) -> None:
    async with customer.get(gateway.url + path) as response:
        assert (response.status, response.content_type) == (200, "text/html")


async def test_a_gateway_can_be_without_the_batch_call(customer: aiohttp.ClientSession) -> None:
    async with LocalGateway(key=KEY, batch=False) as gateway:
        gateway.add(SONG_TASK)
        async with customer.post(f"{gateway.url}/suno/fetch", json={"ids": ["t-1"]}) as response:
            assert response.status == 404
        async with customer.get(f"{gateway.url}/suno/fetch/t-1") as response:
            assert response.status == 200


async def test_a_request_is_written_down_as_it_was_sent(gateway: LocalGateway, stranger: aiohttp.ClientSession) -> None:
    url = URL(f"{gateway.url}/somewhere/a%2Fb%20c?x=1", encoded=True)
    async with stranger.post(url, data=b"anything", headers={"X-Of-Ours": "yes"}):
        pass
    request = gateway.requests[-1]
    assert (request.method, request.path, request.body) == ("POST", "/somewhere/a%2Fb%20c?x=1", b"anything")
    assert (request.headers["X-Of-Ours"], request.status) == ("yes", 200)
    assert request.at > 0


async def test_a_fault_lasts_for_the_given_number_of_requests(
    gateway: LocalGateway, customer: aiohttp.ClientSession
) -> None:
    gateway.add(SONG_TASK)
    gateway.faults.append(Fault(429, b"busy", {"Retry-After": "7"}, path="/suno/fetch/", times=2))
    seen = []
    for _ in range(3):
        async with customer.get(f"{gateway.url}/suno/fetch/t-1") as response:
            seen.append((response.status, response.headers.get("Retry-After")))
    assert seen == [(429, "7"), (429, "7"), (200, None)]
    assert [request.status for request in gateway.requests] == [429, 429, 200]


async def test_a_fault_affects_only_its_path_and_ends_when_cleared(
    gateway: LocalGateway, customer: aiohttp.ClientSession
) -> None:
    gateway.add(SONG_TASK)
    gateway.faults.append(Fault(500, path="fetch/t-9"))
    assert await many(customer, gateway, "t-1")
    gateway.faults[0].path = ""
    async with customer.get(f"{gateway.url}/suno/fetch/t-1") as response:
        assert response.status == 500
    gateway.faults.clear()
    assert await many(customer, gateway, "t-1")


async def test_a_connection_can_be_cut_before_the_answer(
    gateway: LocalGateway, customer: aiohttp.ClientSession
) -> None:
    gateway.faults.append(Fault(0))
    with pytest.raises(aiohttp.ClientConnectionError):
        await customer.post(f"{gateway.url}/suno/fetch", json={"ids": ["t-1"]})


async def test_a_connection_can_be_cut_in_the_middle_of_a_body(
    gateway: LocalGateway, customer: aiohttp.ClientSession
) -> None:
    gateway.faults.append(Fault(200, b"0123456789", stall_after=4, cut=True))
    async with customer.get(f"{gateway.url}/suno/fetch/t-1") as response:
        assert await response.content.readexactly(4) == b"0123"
        with pytest.raises(aiohttp.ClientError):
            await response.content.read()


async def test_a_body_can_stall_and_the_gateway_still_closes(
    gateway: LocalGateway, customer: aiohttp.ClientSession
) -> None:
    gateway.faults.append(Fault(200, b"0123456789", stall_after=4))
    async with customer.get(f"{gateway.url}/suno/fetch/t-1") as response:
        assert await response.content.readexactly(4) == b"0123"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.content.readany(), 0.05)


async def test_a_song_and_its_cover_need_no_key(gateway: LocalGateway, stranger: aiohttp.ClientSession) -> None:
    gateway.add(SONG_TASK)
    for path, kind in ((f"/audio/{SONG.clip_id}", "audio/mpeg"), (f"/cover/{SONG.clip_id}.png", "image/png")):
        async with stranger.get(gateway.media_url + path) as response:
            assert (response.status, response.content_type) == (200, kind)
            assert len(await response.read()) == response.content_length
    assert [request.path for request in gateway.media_requests] == [
        f"/audio/{SONG.clip_id}",
        f"/cover/{SONG.clip_id}.png",
    ]
    assert gateway.requests == []


async def test_the_media_host_is_another_one_which_knows_no_tasks(
    gateway: LocalGateway, stranger: aiohttp.ClientSession
) -> None:
    gateway.add(SONG_TASK)
    assert gateway.media_host not in gateway.url
    for path in ("/suno/fetch/t-1", "/audio/nobody"):
        async with stranger.get(gateway.media_url + path) as response:
            assert response.status == 404


async def test_media_have_faults_of_their_own(gateway: LocalGateway, stranger: aiohttp.ClientSession) -> None:
    gateway.add(SONG_TASK)
    gateway.media_faults.append(Fault(403, b'{"detail":"forbidden"}', path="/audio/"))
    async with stranger.get(f"{gateway.media_url}/audio/{SONG.clip_id}") as response:
        assert response.status == 403
    async with stranger.get(f"{gateway.media_url}/cover/{SONG.clip_id}.png") as response:
        assert response.status == 200


async def test_two_gateways_live_side_by_side(gateway: LocalGateway) -> None:
    async with LocalGateway() as other:
        assert len({gateway.url, gateway.media_url, other.url, other.media_url}) == 4
