"""What a gateway has of a song beside its audio, asked for one song at a time, because a person wants it.

Gateways charge for these calls as for models of their own (`suno_act_wav`), so none is made unasked, and none is
repeated here. Some answer only when the file is made: they have a line of their own, and hold up no other requests.
"""

import asyncio
import logging
from functools import partial
from urllib.parse import quote

import aiohttp

from bot.domain.timed_lyrics import SongTiming, TimedText
from bot.errors import ExtraNotReady
from bot.gateways.addresses import absolute
from bot.gateways.extras_reading import Extra, read_address, read_timing
from bot.gateways.fair_queue import FairQueue
from bot.gateways.http_client import HttpClient, Response

_TIMEOUT = aiohttp.ClientTimeout(total=90, sock_connect=5)
_MAX_BODY = 4 * 1024 * 1024  # bytes; the timing of a long song has 200 KB
_BIG = 100_000  # bytes that take longer to read than the event loop should wait
_AT_ONCE, _PER_SECOND = 3, 2.0  # of which two are for people, who alone ask here

log = logging.getLogger(__name__)


class ExtrasGateway:
    """One gateway, as far as extras go."""

    def __init__(self, name: str, base_url: str, key: str, session: aiohttp.ClientSession) -> None:
        self.name = name
        self._base = base_url
        self._http = HttpClient(base_url, key, session)
        self._queue = FairQueue(_AT_ONCE, _PER_SECOND)

    async def timing(self, clip_id: str) -> SongTiming:
        """Raises GatewayError, or ExtraNotOffered."""
        response = await self._ask(Extra.TIMING, clip_id)
        read = partial(self._read_timing, response)
        return await asyncio.to_thread(read) if len(response.body) > _BIG else read()

    async def address(self, extra: Extra, clip_id: str) -> str:
        """Where the file is. Raises GatewayError, ExtraNotOffered or ExtraNotReady."""
        response = await self._ask(extra, clip_id)
        with self._http.reading(response):
            url = absolute(read_address(extra, response.status, response.content_type, response.body), self._base)
        if self._http.secret.redact(url) != url:
            log.warning("gateway %s: the address of a %s holds its key, and is left out", self.name, extra)
            raise ExtraNotReady(extra)
        return url

    async def _ask(self, extra: Extra, clip_id: str) -> Response:
        if clip_id in ("", ".", ".."):
            raise ValueError("an id that would change the path")
        async with self._queue.turn():
            path = f"/suno/act/{extra}/{quote(clip_id, safe='')}"
            response = await self._http.request("GET", path, None, time_limits=_TIMEOUT, max_size=_MAX_BODY)
        log.info("GET %s/suno/act/%s: %d, %d bytes", self.name, extra, response.status, len(response.body))
        return response

    def _read_timing(self, response: Response) -> SongTiming:
        with self._http.reading(response):
            timing = read_timing(response.status, response.content_type, response.body)
        lines = tuple(TimedText(self._http.secret.redact(line.text), line.start) for line in timing.lines)
        return SongTiming(lines, timing.waveform)
