"""Packs songs into ZIP files: one song at a time, so that memory and disk do not grow with their number."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from io import BufferedRandom

from msgspec import Struct

from bot.errors import ArchiveBusy, GatewayError, MediaError, MediaNoRoom, NotInLibrary, TellableError
from bot.gateways.media import Media
from bot.services.archives.songs import ArchiveSong, ReadPost, SongFiles, name_of, no_post
from bot.services.archives.zip_part import ZipPart
from bot.services.clip_files import ClipFiles
from bot.services.clock import Clock
from bot.services.lookup import Lookup

MAX_SONGS = 60  # songs in one archive
_AT_ONCE = 3  # archives, each of which has a part on the disk


class LeftOut(Struct, frozen=True):
    song: ArchiveSong
    error: TellableError


class ArchivePart(Struct, frozen=True):
    """A ZIP, open until the next one is asked for. `taken`: songs since the part before, also those left out."""

    file: BufferedRandom | None  # None: all songs since the part before were left out
    size: int  # bytes
    songs: int
    taken: int
    left_out: tuple[LeftOut, ...]


class Archives:
    def __init__(self, media: Media, clip_files: ClipFiles, lookup: Lookup, clock: Clock) -> None:
        self._media = media
        self._clip_files = clip_files
        self._lookup = lookup
        self._clock = clock
        self._people: set[int] = set()  # for whom one is being made

    @asynccontextmanager
    async def turn(self, person: int) -> AsyncGenerator[None, None]:
        """For one archive. Raises ArchiveBusy."""
        if person in self._people or len(self._people) >= _AT_ONCE:
            raise ArchiveBusy
        self._people.add(person)
        try:
            yield
        finally:
            self._people.discard(person)

    async def parts(
        self, songs: Sequence[ArchiveSong], *, limit: int, person: int, read_post: ReadPost = no_post, before: int = 0
    ) -> AsyncGenerator[ArchivePart, None]:
        """In their order, each of `limit` bytes at most; to be closed. `before`: how many of the songs are not to be
        packed again. `person`: for whom, as a Discord id. Raises MediaNoRoom if there is no space on the disk.
        """
        files = SongFiles(self._clip_files, self._lookup, self._clock, limit=limit, person=person, read_post=read_post)
        open_part: ZipPart | None = None
        taken, left_out = 0, list[LeftOut]()
        try:
            for number, song in enumerate(songs[before:], before + 1):
                try:
                    async with files.open(song, name_of(song, number, len(songs))) as entries:
                        if open_part and not open_part.fits(entries):
                            yield await _finished(open_part, taken, left_out)
                            await open_part.close()
                            open_part, taken, left_out = None, 0, []
                        open_part = open_part or ZipPart(limit, self._media.disk_share(person))
                        await open_part.add(entries)
                except MediaNoRoom:
                    raise
                except (GatewayError, MediaError, NotInLibrary) as error:
                    left_out.append(LeftOut(song, error))
                taken += 1
            if open_part or left_out:
                yield await _finished(open_part, taken, left_out)
        finally:
            if open_part:
                await open_part.close()


async def _finished(part: ZipPart | None, taken: int, left_out: Sequence[LeftOut]) -> ArchivePart:
    file = await part.finish() if part else None
    return ArchivePart(file, part.size if part else 0, part.songs if part else 0, taken, tuple(left_out))
