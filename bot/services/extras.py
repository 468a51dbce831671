"""What can be had of a song beside its audio: the timing of its lyrics, a WAV, a video."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from msgspec import Struct

from bot.domain.task import Clip
from bot.domain.timed_lyrics import SongTiming
from bot.errors import ExtraNotOffered, ExtraNotReady, MediaError, MediaTooBig
from bot.gateways.extras import ExtrasGateway
from bot.gateways.extras_reading import Extra
from bot.gateways.file_type import MP4, MP4_VIDEO
from bot.gateways.media import Media, MediaFile
from bot.services.clock import Clock
from bot.services.shared_answers import SharedAnswers

_MAX_AGE = 300.0  # seconds for which an answer is given again: each costs money, but addresses expire
_REMEMBERED = 200  # answers of each kind
_PAUSES = (5.0, 15.0)  # seconds, before it is asked again for a file that was being made


class ExtraFile(Struct, frozen=True):
    """`url`: where it is; `media`: the open file, or why there is none."""

    url: str
    media: MediaFile | MediaError


class Extras:
    """What one person asked for, others who ask at once or soon after get as well: gateways charge for each call."""

    def __init__(self, gateways: Sequence[ExtrasGateway], media: Media, clock: Clock) -> None:
        self.offered = bool(gateways)
        self._gateways = {each.name: each for each in gateways}
        self._media = media
        self._clock = clock
        self._timings = SharedAnswers[tuple[str, str], SongTiming](clock.now, max_age=_MAX_AGE, max_items=_REMEMBERED)
        self._addresses = SharedAnswers[tuple[str, Extra, str], str](clock.now, max_age=_MAX_AGE, max_items=_REMEMBERED)

    async def timing(self, gateway: str, clip: Clip) -> SongTiming:
        """Raises GatewayError, or ExtraNotOffered."""
        asked = self._gateway(gateway, Extra.TIMING)
        return await self._timings.get((gateway, clip.id), partial(asked.timing, clip.id))

    @asynccontextmanager
    async def file(
        self, gateway: str, clip: Clip, extra: Extra, *, limit: int, person: int
    ) -> AsyncIterator[ExtraFile]:
        """Open inside of the block. `limit`: bytes; `person`: for whom, as a Discord id.

        Raises GatewayError, ExtraNotOffered or ExtraNotReady.
        """
        fetch = partial(self._fetch, limit=limit, person=person)
        known = clip.video_url if extra is Extra.VIDEO else ""  # it stands in the task already, and costs nothing
        file = await fetch(known) if known else None
        if file is None or (isinstance(file.media, MediaError) and not isinstance(file.media, MediaTooBig)):
            try:
                file = await fetch(await self._address(gateway, clip, extra))
            except (ExtraNotOffered, ExtraNotReady):
                if file is None:
                    raise
        if isinstance(file.media, MediaError):
            yield file
            return
        async with file.media as media:
            if extra is Extra.VIDEO and media.kind is MP4:
                media.kind = MP4_VIDEO
            yield file

    async def close(self) -> None:
        await self._timings.close()
        await self._addresses.close()

    async def _fetch(self, url: str, *, limit: int, person: int) -> ExtraFile:
        try:
            return ExtraFile(url, await self._media.audio(url, limit=limit, person=person))
        except MediaError as error:
            return ExtraFile(url, error)

    async def _address(self, gateway: str, clip: Clip, extra: Extra) -> str:
        asked = self._gateway(gateway, extra)

        async def until_ready() -> str:
            for pause in _PAUSES:
                try:
                    return await asked.address(extra, clip.id)
                except ExtraNotReady:
                    await self._clock.sleep(pause)
            return await asked.address(extra, clip.id)

        return await self._addresses.get((gateway, extra, clip.id), until_ready)

    def _gateway(self, name: str, extra: Extra) -> ExtrasGateway:
        if name not in self._gateways:  # it is not in the settings any more
            raise ExtraNotOffered(extra)
        return self._gateways[name]
