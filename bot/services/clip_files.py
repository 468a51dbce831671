"""A task's files: the audio and the cover of each finished clip, fetched together, each failing alone."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from io import BytesIO

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.task import Clip, Task
from bot.errors import MediaError, MediaUnavailable
from bot.gateways.file_type import MP3, PNG
from bot.gateways.id3 import Tag, tagged
from bot.gateways.media import Media, MediaFile
from bot.gateways.relay import Relay
from bot.services.waveform import draw

_COVER_LIMIT = 1024 * 1024  # bytes
_MIN_LEVELS = 24  # half a second of sound: less shows nothing
_WAVEFORM_TIMEOUT = 0.5  # seconds that a song's upload waits for its picture, while the song still arrives
_COVER_TIMEOUT = 5.0  # seconds: a song does not wait long for its cover

log = logging.getLogger(__name__)


class ClipFile(Struct, frozen=True):
    """What could be fetched of a clip. `number` is its position in the task, from 1.

    `audio` is an open file, or the error; None if only a link is wanted.
    """

    key: str  # as in Task.keyed()
    number: int
    clip: Clip
    audio: MediaFile | MediaError | None
    cover: MediaFile | None
    waveform: MediaFile | None = None  # a picture of its loudness


class _Fetch(Struct, frozen=True):
    """How to fetch the songs of a task; see `ClipFiles.of`."""

    limit: int | None
    person: int
    whole: bool
    patient: bool


class ClipFiles:
    """`hosts`: how the hosts of songs perform."""

    def __init__(self, media: Media) -> None:
        self._media = media
        self.hosts = media.hosts

    @asynccontextmanager
    async def of(
        self,
        task: Task,
        *,
        limit: int | None,
        wanted: Collection[str] | None = None,
        lyrics: str = "",
        whole: bool = True,
        person: int = 0,
        patient: bool = False,
    ) -> AsyncIterator[tuple[ClipFile, ...]]:
        """The files of the playable clips, or of the wanted keys; `lyrics` replaces the clips' own.

        The files are open inside of the block; unless `whole`, they may still be arriving. `limit`: bytes of an audio
        file; None: only links are wanted. `person`: the Discord id of whom they are for. `patient`: the hosts may be
        slow.
        """
        fetch = _Fetch(limit, person, whole, patient)
        async with AsyncExitStack() as files:
            async with asyncio.TaskGroup() as all_at_once:
                clip_file = [
                    all_at_once.create_task(self._clip_file(key, number, clip, files, fetch))
                    for number, (key, clip) in enumerate(task.keyed(), 1)
                    if (clip.playable if wanted is None else key in wanted)
                ]
            yield tuple(_tagged(each.result(), task.id, lyrics, limit) for each in clip_file)

    async def _clip_file(self, key: str, number: int, clip: Clip, files: AsyncExitStack, fetch: _Fetch) -> ClipFile:
        async with asyncio.TaskGroup() as both:
            audio = both.create_task(_opened(self._audio(clip, fetch), files))
            cover = both.create_task(_opened(self._cover(clip, fetch.person), files))
        song, picture = audio.result(), cover.result()
        waveform = await _waveform(song) if isinstance(song, MediaFile) else None
        return ClipFile(key, number, clip, song, picture if isinstance(picture, MediaFile) else None, waveform)

    async def _audio(self, clip: Clip, fetch: _Fetch) -> MediaFile | None:
        if not clip.playable:
            raise MediaUnavailable("the gateway names no audio")
        if fetch.limit is None:
            return None
        failures: list[MediaError] = []
        for url in (clip.audio_url, *clip.other_urls):
            try:
                return await self._media.audio(
                    url, limit=fetch.limit, person=fetch.person, whole=fetch.whole, patient=fetch.patient
                )
            except MediaError as failure:
                failures.append(failure)
        raise failures[0]

    async def _cover(self, clip: Clip, person: int) -> MediaFile:
        if not clip.image_url:
            raise MediaUnavailable("the gateway names no cover")
        try:
            async with asyncio.timeout(_COVER_TIMEOUT):
                return await self._media.picture(clip.image_url, limit=_COVER_LIMIT, person=person)
        except TimeoutError:
            raise MediaUnavailable("the cover took too long") from None


async def _opened(fetched: Awaitable[MediaFile | None], files: AsyncExitStack) -> MediaFile | MediaError | None:
    try:
        file = await fetched
        return await files.enter_async_context(file) if file else None
    except MediaError as error:
        log.info("no file: %s: %s", type(error).__name__, error)
        return error


async def _waveform(song: MediaFile) -> MediaFile | None:
    """None of what is no MP3, or has not arrived soon: the song does not wait for its picture."""
    if song.kind is not MP3 or song.loudness is None or not isinstance(song.file, Relay):
        return None
    if not await song.file.spool.arrives_within(_WAVEFORM_TIMEOUT):
        return None
    levels = song.loudness.levels
    if len(levels) < _MIN_LEVELS:
        return None
    content = await asyncio.to_thread(draw, levels)
    return MediaFile(PNG, BytesIO(content), len(content))


def _tagged(clip_file: ClipFile, task_id: str, lyrics: str, limit: int | None) -> ClipFile:
    """With a tag in an MP3, so that the file itself says what it is."""
    song, cover, clip = clip_file.audio, clip_file.cover, clip_file.clip
    if limit is None or not isinstance(song, MediaFile) or song.kind is not MP3 or not isinstance(song.file, Relay):
        return clip_file
    tag = Tag(
        title=clip.title,
        style=clip.style,
        lyrics=lyrics or clip.lyrics,
        task_id=task_id,
        cover=_content(cover) if cover else b"",
        cover_type=cover.kind.mime if cover else "",
    )
    file = tagged(song.file, tag, limit, song.start)
    return replace(clip_file, audio=MediaFile(song.kind, file, file.size))


def _content(file: MediaFile) -> bytes:
    file.file.seek(0)
    return file.file.read()
