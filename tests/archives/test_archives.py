"""Songs as ZIP files: what is in them, how large they are, and what packing costs, whatever the number of songs."""

import asyncio
import io
import threading
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple
from unittest.mock import patch

import aiohttp
import pytest
from msgspec import structs

from bot.errors import ArchiveBusy, GatewayBusy, MediaNoRoom, MediaTooBig, MediaUnavailable
from bot.gateways.disk_budget import DiskBudget
from bot.gateways.gateway import Gateway
from bot.gateways.media import Media
from bot.services.archives.service import ArchivePart, Archives
from bot.services.archives.songs import ArchiveSong, PostedFiles
from bot.services.clip_files import ClipFiles
from bot.services.clock import Clock
from bot.services.lookup import Lookup
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault, LocalGateway
from sandbox.local_gateway.songs import audio, without_tag

MIB = 1024 * 1024
LYRICS = "[主歌]\n海风吹过来"
PERSON = 7


class Shop(NamedTuple):
    archives: Archives
    gateway: LocalGateway
    media: Media


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with (
        LocalGateway() as local,
        aiohttp.ClientSession() as session,
        Media(allow_hosts=[local.media_host]) as media,
    ):
        lookup = Lookup([Gateway("default", local.url, "", session, requests_per_second=1_000)], clock=Clock().now)
        yield Shop(Archives(media, ClipFiles(media), lookup, Clock()), local, media)
        await lookup.close()


def songs_in(shop: Shop, count: int, duration: float = 4.0, **about: Any) -> list[ArchiveSong]:
    """Tasks of one song each, which the gateway has."""
    for number in range(count):
        song = Song(f"c{number}", f"Song {number}", lyrics=LYRICS, duration=duration, **about)
        shop.gateway.add(FakeTask(f"task_{number}", songs=(song,)))
    return [ArchiveSong(task_id=f"task_{number}", number=1, title=f"Song {number}") for number in range(count)]


class Made(NamedTuple):
    part: ArchivePart
    content: bytes

    @property
    def files(self) -> dict[str, bytes]:
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist()}


async def made(shop: Shop, songs: Sequence[ArchiveSong], limit: int = 20 * MIB, **options: Any) -> list[Made]:
    async with aclosing(shop.archives.parts(songs, limit=limit, person=PERSON, **options)) as parts:
        return [Made(part, part.file.read() if part.file else b"") async for part in parts]


async def test_a_song_comes_with_its_title_cover_lyrics_and_tag(shop: Shop) -> None:
    shop.gateway.add(
        FakeTask("t", songs=(Song("c1", "夏日海风", "city pop", LYRICS, 4.0), Song("c2", "夏日海风", duration=4.0)))
    )
    songs = [ArchiveSong(task_id="t", number=number, title="夏日海风") for number in (1, 2)]
    (only,) = await made(shop, songs)
    files = only.files
    assert list(files) == [
        "01 夏日海风.mp3",
        "01 夏日海风.txt",
        "01 夏日海风.png",
        "02 夏日海风.mp3",
        "02 夏日海风.png",
    ]
    assert files["01 夏日海风.txt"].decode("utf-8-sig") == f"夏日海风\n\n{LYRICS}\n"
    assert files["01 夏日海风.png"][:4] == b"\x89PNG"
    assert "夏日海风".encode() in files["01 夏日海风.mp3"][:200]
    assert without_tag(files["01 夏日海风.mp3"]) == audio("dawn", 4.0)[0]
    assert (only.part.songs, only.part.taken, only.part.left_out, only.part.size) == (2, 2, (), len(only.content))
    infos = zipfile.ZipFile(io.BytesIO(only.content)).infolist()
    assert all(info.flag_bits & 0x800 for info in infos), "names are marked as UTF-8"


async def test_parts_keep_to_the_limit_and_to_the_order(shop: Shop) -> None:
    songs = songs_in(shop, 9, duration=60.0)
    limit = int(1.5 * MIB)
    parts = await made(shop, songs, limit)
    assert all(len(each.content) == each.part.size <= limit for each in parts)
    assert len(parts) > 1
    names = [name for each in parts for name in each.files if name.endswith(".mp3")]
    assert names == [f"{number:02} Song {number - 1}.mp3" for number in range(1, 10)]
    assert sum(each.part.taken for each in parts) == 9
    assert min(len(each.content) for each in parts[:-1]) > limit // 2, "they are filled"
    assert sum("/audio/" in each.path for each in shop.gateway.media_requests) == 9, "each song is fetched once"


async def test_the_limit_may_be_met_to_the_byte(shop: Shop) -> None:
    songs = [structs.replace(song, title="海风") for song in songs_in(shop, 2)]
    (both,) = await made(shop, songs)
    assert len(await made(shop, songs, len(both.content))) == 1
    assert len(await made(shop, songs, len(both.content) - 1)) == 2


async def test_packing_goes_on_where_it_stopped(shop: Shop) -> None:
    songs = songs_in(shop, 4)
    (rest,) = await made(shop, songs, before=2)
    assert [name for name in rest.files if name.endswith(".mp3")] == ["03 Song 2.mp3", "04 Song 3.mp3"]


async def test_what_cannot_be_had_is_named_and_its_neighbours_are_packed(shop: Shop) -> None:
    songs = songs_in(shop, 4)
    shop.gateway.forget("task_1")
    shop.gateway.media_faults.append(Fault(404, path="/audio/c2"))
    (part,) = await made(shop, [*songs, ArchiveSong(task_id="task_0", number=2, title="A second song")])
    assert [name for name in part.files if name.endswith(".mp3")] == ["01 Song 0.mp3", "04 Song 3.mp3"]
    assert part.part.taken == 5
    left_out = [(each.song.title, type(each.error)) for each in part.part.left_out]
    assert left_out == [("Song 1", MediaUnavailable), ("Song 2", MediaUnavailable), ("A second song", MediaUnavailable)]


async def test_a_song_beyond_the_limit_is_left_out_and_a_cover_goes_first(shop: Shop) -> None:
    songs = songs_in(shop, 2, duration=30.0)
    shop.gateway.add(FakeTask("task_1", songs=(Song("c1", "Song 1", lyrics=LYRICS, duration=60.0),)))
    shop.gateway.media_faults.append(Fault(200, b"\x89PNG\r\n\x1a\n" + bytes(10_000), path="/cover/"))
    one = len(audio("dawn", 30.0)[0])
    (part,) = await made(shop, songs, one + 4_200)
    assert list(part.files) == ["01 Song 0.mp3", "01 Song 0.txt"]
    assert [type(each.error) for each in part.part.left_out] == [MediaTooBig]


async def test_none_at_all_is_a_part_without_a_file(shop: Shop) -> None:
    (part,) = await made(shop, [ArchiveSong(task_id="task_gone", number=1)])
    assert (part.part.file, part.part.taken, len(part.part.left_out)) == (None, 1, 1)
    assert await made(shop, []) == []


async def test_the_file_of_a_post_is_enough_where_the_gateway_has_forgotten_the_song(shop: Shop) -> None:
    shop.gateway.add(FakeTask("elsewhere", songs=(Song("posted", duration=3.0),)))
    song = ArchiveSong(task_id="task_old", number=1, title="Old Song", lyrics=LYRICS, channel_id=1, message_id=2)

    async def read_post(asked: ArchiveSong) -> PostedFiles:
        media = shop.gateway.media_url
        return PostedFiles(f"{media}/audio/posted", f"{media}/cover/posted") if asked is song else PostedFiles()

    (part,) = await made(shop, [song], read_post=read_post)
    assert list(part.files) == ["01 Old Song.mp3", "01 Old Song.txt", "01 Old Song.png"]


async def test_a_gateway_that_fails_is_waited_for_once(shop: Shop, impatient: None) -> None:
    del impatient
    songs = songs_in(shop, 5)
    shop.gateway.faults.append(Fault(503))
    (part,) = await made(shop, songs)
    assert [type(each.error) for each in part.part.left_out] == [GatewayBusy] * 5
    assert len(shop.gateway.requests) <= 3


async def test_there_is_one_archive_for_a_person_and_a_few_for_all(shop: Shop) -> None:
    async with shop.archives.turn(1):
        with pytest.raises(ArchiveBusy):
            async with shop.archives.turn(1):
                pass
        async with shop.archives.turn(2), shop.archives.turn(3):
            with pytest.raises(ArchiveBusy):
                async with shop.archives.turn(4):
                    pass
        async with shop.archives.turn(4):
            pass


async def test_the_disk_has_a_limit_and_gets_all_back(shop: Shop) -> None:
    songs = songs_in(shop, 2)
    disk = DiskBudget(8 * MIB, 8 * MIB)
    with patch.object(shop.media, "_disk", disk):
        with pytest.raises(MediaNoRoom):
            await made(shop, songs, 9 * MIB)
        await made(shop, songs, 2 * MIB)
        async with aclosing(shop.archives.parts(songs, limit=MIB // 16, person=PERSON)) as parts:
            await anext(parts)  # and then nobody wants the rest
    assert (disk._taken, dict(disk._by_owner)) == (0, {})


async def test_cancelled_in_the_middle_of_a_song_it_leaves_nothing_behind(shop: Shop) -> None:
    songs = songs_in(shop, 3, duration=60.0)
    disk = DiskBudget()
    with patch.object(shop.media, "_disk", disk):
        for pause in (0.01, 0.05, 0.1, 0.15):
            packing = asyncio.create_task(made(shop, songs))
            await asyncio.sleep(pause)
            packing.cancel()
            await asyncio.wait({packing})
    assert (disk._taken, dict(disk._by_owner)) == (0, {})


async def test_cancelled_while_a_file_is_begun_it_leaves_nothing_behind(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, cancelled, begin = threading.Event(), threading.Event(), zipfile.ZipFile.open

    def slow(archive: zipfile.ZipFile, *about: Any) -> Any:
        begun.set()
        cancelled.wait(20)
        return begin(archive, *about)

    songs = songs_in(shop, 1)
    disk = DiskBudget()
    with patch.object(shop.media, "_disk", disk):
        packing = asyncio.create_task(made(shop, songs))
        with monkeypatch.context() as patched:
            patched.setattr(zipfile.ZipFile, "open", slow)
            await asyncio.to_thread(begun.wait, 20)
            packing.cancel()
            await asyncio.sleep(0)
            cancelled.set()
            await asyncio.wait({packing})
    assert packing.cancelled()
    assert (disk._taken, dict(disk._by_owner)) == (0, {})


async def test_thirty_songs_take_no_more_memory_than_five(shop: Shop) -> None:
    songs = songs_in(shop, 30, duration=40.0, image_url="")

    async def peak(count: int) -> int:
        tracemalloc.start()
        try:
            async with aclosing(shop.archives.parts(songs[:count], limit=2 * MIB, person=PERSON)) as parts:
                async for part in parts:
                    assert part.songs
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    await peak(2)  # what is imported and cached at first is no part of it
    few, many = await peak(5), await peak(30)
    assert many < 1.5 * few + MIB
    assert many < 30 * len(audio("dawn", 40.0)[0]) / 4
