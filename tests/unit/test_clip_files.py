"""The picture of a song's loudness never holds up its song."""

from bot.domain.task import Clip, Status, Task, TaskKind
from bot.gateways.media import Media, MediaFile
from bot.services.clip_files import ClipFiles
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault, LocalGateway
from sandbox.local_gateway.songs import audio

SONG = audio("dawn", 20.0)[0]


def task(gateway: LocalGateway, clip_id: str) -> Task:
    clip = Clip(id=clip_id, status=Status.DONE, audio_url=f"{gateway.media_url}/audio/{clip_id}")
    return Task(id=f"task_{clip_id}", kind=TaskKind.MUSIC, status=Status.DONE, clips=(clip,))


async def test_a_song_that_is_still_arriving_goes_without_its_picture() -> None:
    async with LocalGateway() as gateway, Media(allow_hosts=[gateway.media_host]) as media:
        gateway.add(FakeTask("t", songs=(Song("quick", duration=20.0), Song("slow", duration=20.0))))
        gateway.media_faults.append(Fault(200, SONG, path="/audio/slow", stall_after=len(SONG) // 2))
        clip_files = ClipFiles(media)
        async with clip_files.of(task(gateway, "quick"), limit=10**7, whole=False) as (first,):
            assert first.waveform is not None
        async with clip_files.of(task(gateway, "slow"), limit=10**7, whole=False) as (second,):
            assert isinstance(second.audio, MediaFile), "its host is known to be good, so it is sent while it arrives"
            assert second.waveform is None
