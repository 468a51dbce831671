"""A song is sent on while it still arrives."""

import asyncio
import gc
import os
import resource
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from msgspec.structs import replace

from bot.errors import MediaNoRoom, MediaUnavailable
from bot.gateways import media as media_client
from bot.gateways.disk_budget import DiskBudget
from bot.gateways.media import Media
from bot.gateways.relay import Relay, Spool
from bot.gateways.transfer_rate import BRISK
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault, LocalGateway
from sandbox.local_gateway.songs import audio
from tests.idle import wait_until_idle
from tests.relays import arriving, content

SONG = audio("dawn", 30.0)[0]
HALF = len(SONG) // 2


@asynccontextmanager
async def halfway(*, fails: bool = False) -> AsyncIterator[tuple[Relay, Callable[[], None]]]:
    """Half of a song, and what lets the other half come, or fail to."""
    more = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        yield SONG[:HALF]
        await more.wait()
        if fails:
            raise ConnectionResetError("cut off")
        yield SONG[HALF:]

    spool = Spool(chunks(), AsyncExitStack())
    try:
        yield Relay(spool, len(SONG)), more.set
    finally:
        await spool.close()


@asynccontextmanager
async def listener() -> AsyncIterator[tuple[str, list[bytes], asyncio.Event]]:
    """Somebody who takes forms: an address, the files that came whole, and what says that some of one is there."""
    files: list[bytes] = []
    some = asyncio.Event()

    async def take(request: web.Request) -> web.Response:
        part = await (await request.multipart()).next()
        assert isinstance(part, aiohttp.BodyPartReader)
        file = bytearray()
        while chunk := await part.read_chunk():
            file += chunk
            if len(file) > HALF // 2:  # what looks for an end of the part holds something back
                some.set()
        files.append(bytes(file))
        return web.Response(headers={"Length": request.headers["Content-Length"]})

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/", files, some
    await runner.cleanup()


def form(song: Relay) -> aiohttp.FormData:
    """As discord.py makes it."""
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("files[0]", song, filename="song.mp3", content_type="application/octet-stream")
    return form


async def test_the_first_half_is_sent_before_the_second_is_here(session: aiohttp.ClientSession) -> None:
    async with listener() as (url, files, some), halfway() as (song, go_on):
        sending = asyncio.create_task(session.post(url, data=form(song)))
        await asyncio.wait_for(some.wait(), 5)
        assert not sending.done()
        go_on()
        answer = await sending
        assert files == [SONG]
        assert int(answer.headers["Length"]) > len(SONG), "Discord is told the length beforehand"


async def test_it_can_be_sent_again(session: aiohttp.ClientSession) -> None:
    async with listener() as (url, files, _), arriving(SONG) as song:
        for _ in range(2):
            await session.post(url, data=form(song))
        assert files == [SONG, SONG]


async def test_a_truncated_file_is_not_a_song(session: aiohttp.ClientSession) -> None:
    async with listener() as (url, files, some), halfway(fails=True) as (song, fail):
        sending = asyncio.create_task(session.post(url, data=form(song)))
        await asyncio.wait_for(some.wait(), 5)
        fail()
        with pytest.raises(aiohttp.ClientError):
            await sending
        assert files == []


async def test_something_else_may_stand_before_it() -> None:
    async with arriving(SONG) as song:
        changed = song.behind(b"new tag", 3).behind(b"newer tag", 3)
        assert await content(changed) == b"newer tag" + SONG[3:]
        assert changed.size == len(SONG) + 6


async def test_a_host_that_does_not_say_how_long_is_waited_for(gateway: LocalGateway) -> None:
    gateway.add(FakeTask("task-1", songs=(Song("clip1", "Rain", duration=1.0),)))
    url = f"{gateway.media_url}/stream/clip1"
    async with (
        Media(allow_hosts=[gateway.media_host]) as media,
        await media.audio(url, limit=10**6, whole=False) as song,
    ):
        assert len(await content(song)) == song.size


async def test_a_song_that_is_not_waited_for_may_fail_later(
    gateway: LocalGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_client, "BRISK", replace(BRISK, window=0.3))
    gateway.media_faults += [Fault(200, SONG, times=1), Fault(200, SONG, stall_after=HALF)]
    async with Media(allow_hosts=[gateway.media_host]) as media:
        async with await media.audio(f"{gateway.media_url}/audio/clip1", limit=10**6, whole=False):
            pass  # its host is known to behave
        async with await media.audio(f"{gateway.media_url}/audio/clip1", limit=10**6, whole=False) as song:
            assert song.size == len(SONG)
            with pytest.raises(aiohttp.ClientError):
                await content(song)
        with pytest.raises(MediaUnavailable):
            await media.audio(f"{gateway.media_url}/audio/clip1", limit=10**6)


@pytest.fixture
def small_files() -> Iterator[int]:
    """No file may be larger than so many bytes: what is written takes a part, and then fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (HALF, hard))
    yield HALF
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@asynccontextmanager
async def spooled(size: int | None, disk: DiskBudget | None = None) -> AsyncIterator[Spool]:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(SONG), 60_000):
            asked_for.append(start)
            yield SONG[start : start + 60_000]

    asked_for: list[int] = []
    spool = Spool(chunks(), AsyncExitStack(), size=size, share=(disk or DiskBudget()).share(1))
    try:
        yield spool
        if size is not None:
            assert asked_for == [], "it was known before that there is no room"
    finally:
        await spool.close()


@pytest.mark.parametrize("size", [None, len(SONG)])
@pytest.mark.parametrize("reserved", [True, False], ids=["reserved", "only written"])
async def test_a_disk_without_room_is_an_error_and_no_song(
    small_files: int, size: int | None, reserved: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not reserved:
        monkeypatch.delattr(os, "posix_fallocate")
        size = None
    async with spooled(size) as spool:
        with pytest.raises(MediaNoRoom):
            await spool.whole()
        assert spool.arrived < small_files


@pytest.mark.parametrize("size", [None, len(SONG)])
async def test_more_than_its_part_of_the_room_no_song_gets(size: int | None) -> None:
    disk = DiskBudget(max_bytes=len(SONG), part=HALF)
    async with spooled(size, disk) as spool:
        with pytest.raises(MediaNoRoom):
            await spool.whole()
    disk.share(1).take(HALF)  # all of it was given back


async def test_without_room_for_a_file_the_connection_is_released(
    gateway: LocalGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    gateway.media_faults.append(Fault(200, SONG))
    async with Media(allow_hosts=[gateway.media_host]) as media:
        for _ in range(10):  # more than one person may have at once
            with pytest.raises(MediaNoRoom):
                await media.audio(f"{gateway.media_url}/audio/clip1", limit=10**6, person=1)


async def test_a_song_of_unknown_length_is_written_as_it_came_and_gives_its_room_back() -> None:
    disk = DiskBudget(max_bytes=3 * len(SONG) // 2 + 1024 * 1024)
    for _ in range(4):
        async with spooled(None, disk) as spool:
            await spool.whole()
            assert b"".join([chunk async for chunk in Relay(spool, len(SONG)).chunks()]) == SONG


async def test_a_read_that_ends_too_early_is_an_error() -> None:
    async with arriving(SONG) as song:
        await song.spool.whole()
        song.spool._file.truncate(HALF)
        with pytest.raises(OSError, match="shorter"):
            await content(song)


async def test_a_file_is_closed_though_who_closes_it_is_cancelled() -> None:
    """As at the end of the program; and not before its last bytes are written."""

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield SONG
            await asyncio.Event().wait()
        finally:
            await goes_on.wait()

    goes_on = asyncio.Event()
    spool = Spool(chunks(), AsyncExitStack())
    await spool.read(20)
    closing = asyncio.create_task(spool.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait({closing})
    assert not spool._file.closed
    goes_on.set()
    await wait_until_idle()
    assert spool._file.closed


async def test_a_file_is_not_closed_while_it_is_in_use(caplog: pytest.LogCaptureFixture) -> None:
    """As an upload that is cancelled, whose last bytes are still being read."""

    async def chunks() -> AsyncIterator[bytes]:
        yield SONG

    slow_disk = threading.Event()
    spool = Spool(chunks(), AsyncExitStack())
    await spool.whole()
    with ThreadPoolExecutor(1) as disk:
        asyncio.get_running_loop().set_default_executor(disk)
        disk.submit(slow_disk.wait)
        text_worker = asyncio.create_task(spool.read(0))
        await asyncio.sleep(0.01)
        text_worker.cancel()
        closing = asyncio.create_task(spool.close())
        await asyncio.sleep(0.01)
        too_early = spool._file.closed
        slow_disk.set()
        await asyncio.wait({text_worker, closing})
    assert (too_early, spool._file.closed, text_worker.cancelled()) == (False, True, True)
    gc.collect()
    assert "never retrieved" not in caplog.text
