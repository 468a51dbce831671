"""Answers that change only at the gateway's updates, and a stream that grows."""

import asyncio

import aiohttp
import pytest

from sandbox.local_gateway import songs
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import LocalGateway
from tests.sandbox_gateway.conftest import Clock

SONG = Song("c1000000-0000-4000-8000-000000000001", "Low Tide", duration=3.0)
STORY = FakeTask("t-1", songs=(SONG,), states=((0.0, "queued"), (5.0, "done")))


async def word(customer: aiohttp.ClientSession, gateway: LocalGateway) -> str:
    async with customer.get(f"{gateway.url}/suno/fetch/t-1") as response:
        return str((await response.json())["data"]["status"])


@pytest.mark.parametrize(("phase", "ticked_at"), [(0.0, 15.0), (4.0, 19.0), (8.0, 8.0)])
async def test_a_change_is_visible_at_the_next_update(
    gateway: LocalGateway, customer: aiohttp.ClientSession, clock: Clock, phase: float, ticked_at: float
) -> None:
    assert clock.now % 15 == 0
    gateway.refresh_every(15.0, phase)
    gateway.add(STORY)
    born = clock.now
    clock.now = born + ticked_at - 0.1
    assert await word(customer, gateway) == "SUBMITTED"
    clock.now = born + ticked_at
    assert await word(customer, gateway) == "SUCCESS"


async def test_without_an_update_cycle_a_change_is_visible_at_once(
    gateway: LocalGateway, customer: aiohttp.ClientSession, clock: Clock
) -> None:
    gateway.add(STORY)
    clock.now += 5
    assert await word(customer, gateway) == "SUCCESS"


async def test_a_stream_says_no_length_and_grows(gateway: LocalGateway, stranger: aiohttp.ClientSession) -> None:
    gateway.add(STORY)
    whole, _ = songs.audio(SONG.sound, SONG.duration)
    async with stranger.get(f"{gateway.media_url}/stream/{SONG.clip_id}?audiopipe.suno.ai") as response:
        assert (response.content_type, response.content_length) == ("audio/mpeg", None)
        begun = await response.content.readany()
        assert len(begun) < len(whole)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.content.readany(), 0.05)
        assert begun + await response.content.read() == whole
