"""The files of one song for an archive: from the message that has them, or else from its gateway."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.task import Clip, Status, Task, TaskKind
from bot.errors import GatewayError, MediaError, MediaTooBig, MediaUnavailable, UnknownTask
from bot.gateways.file_names import numbered_name
from bot.gateways.media import MediaFile
from bot.gateways.relay import Relay
from bot.services.archives.zip_part import ZipEntry, fits
from bot.services.clip_files import ClipFile, ClipFiles
from bot.services.clock import Clock
from bot.services.lookup import Lookup

_HEADERS = 4_096  # bytes of a ZIP beside its only song


class ArchiveSong(Struct, frozen=True, kw_only=True):
    """A song to pack. `number`: its position in its task, from 1; `gateway`: which is asked for it first.

    `title` and `lyrics` are used where the gateway has none. `channel_id` and `message_id`: of the post that has its
    file; 0: none.
    """

    task_id: str
    number: int
    clip_id: str = ""
    gateway: str = ""
    title: str = ""
    lyrics: str = ""
    channel_id: int = 0
    message_id: int = 0


class PostedFiles(Struct, frozen=True):
    """Current addresses of a song's files in its post; empty if there are none any more."""

    audio_url: str = ""
    cover_url: str = ""


ReadPost = Callable[[ArchiveSong], Awaitable[PostedFiles]]
"""Raises NotInLibrary for a song that the person may not have any more."""


async def no_post(_song: ArchiveSong) -> PostedFiles:
    """For songs without posts."""
    return PostedFiles()


class SongFiles:
    """Opens one song after the other, each in a ZIP of `limit` bytes. `person`: for whom, as a Discord id."""

    def __init__(
        self, clip_files: ClipFiles, lookup: Lookup, clock: Clock, *, limit: int, person: int, read_post: ReadPost
    ) -> None:
        self._clip_files = clip_files
        self._lookup = lookup
        self._clock = clock
        self._limit = limit
        self._person = person
        self._read_post = read_post
        self._silent: dict[str, GatewayError] = {}  # gateways that did not answer: each is waited for once

    @asynccontextmanager
    async def open(self, song: ArchiveSong, name: str) -> AsyncIterator[tuple[ZipEntry, ...]]:
        """Its audio with a tag, cover and lyrics, under that name. Raises GatewayError, MediaError or NotInLibrary."""
        clip, made_at = await self._clip(song)
        task = Task(id=song.task_id, kind=TaskKind.MUSIC, status=Status.DONE, clips=(clip,))
        limit = max(0, self._limit - _HEADERS)
        async with self._clip_files.of(task, limit=limit, wanted=clip.id, person=self._person) as clip_files:
            entries = tuple(_entries(clip_files[0], name, made_at))
            while len(entries) > 1 and not fits(entries, self._limit):
                entries = entries[:-1]
            if not fits(entries, self._limit):
                raise MediaTooBig(self._limit, entries[0].size)
            yield entries

    async def _clip(self, song: ArchiveSong) -> tuple[Clip, float]:
        """As the gateway has it, with the file of its post first; and when it was made."""
        posted = await self._read_post(song)
        task = await self._task(song, needed=not posted.audio_url)
        clip = task.clips[song.number - 1] if task and 1 <= song.number <= len(task.clips) else None
        if clip is None and not posted.audio_url:
            raise MediaUnavailable("neither the gateway nor a message has it")
        clip = clip or Clip(id=song.clip_id or song.task_id, status=Status.DONE)
        if posted.audio_url:
            others = tuple(filter(None, (clip.audio_url, *clip.other_urls)))
            clip = replace(clip, status=Status.DONE, audio_url=posted.audio_url, other_urls=others)
        if posted.cover_url:
            clip = replace(clip, image_url=posted.cover_url)
        made_at = task.finished_at if task and task.finished_at else self._clock.now()
        return replace(clip, title=clip.title or song.title, lyrics=clip.lyrics or song.lyrics), made_at

    async def _task(self, song: ArchiveSong, *, needed: bool) -> Task | None:
        """None if the gateway does not have it any more, or cannot be asked for what is not `needed`."""
        try:
            if failure := self._silent.get(song.gateway):
                raise failure
            return (await self._lookup.find(song.task_id, known_at=song.gateway or None)).task
        except UnknownTask:
            return None
        except GatewayError as error:
            self._silent[song.gateway] = error
            if needed:
                raise
            return None


def _entries(clip_file: ClipFile, name: str, at: float) -> list[ZipEntry]:
    """What is least missed comes last. Raises MediaError."""
    song, cover, lyrics = clip_file.audio, clip_file.cover, clip_file.clip.lyrics.strip()
    if not isinstance(song, MediaFile) or not isinstance(song.file, Relay):
        raise song if isinstance(song, MediaError) else MediaUnavailable("there is no file")
    entries = [ZipEntry(f"{name}{song.kind.extension}", song.size, song.file.chunks(), at)]
    if lyrics:
        # With a byte order mark: without it Windows garbles Chinese.
        text = f"{clip_file.clip.title}\n\n{lyrics}\n".lstrip().encode("utf-8-sig", "ignore")
        entries.append(ZipEntry(f"{name}.txt", len(text), _once(text), at))
    if cover:
        cover.file.seek(0)
        entries.append(ZipEntry(f"{name}{cover.kind.extension}", cover.size, _once(cover.file.read()), at))
    return entries


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def name_of(song: ArchiveSong, number: int, count: int) -> str:
    """`number`: in the archive, of `count` songs: it keeps the order, and names apart."""
    return numbered_name(number, count, song.title)
