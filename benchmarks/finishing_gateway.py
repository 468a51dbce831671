"""The steady gateway, with tasks that finish one after the other: `python -m benchmarks.finishing_gateway`.

Like other changes, finished tasks are shown with the next update. The songs are served on the same port.
"""

import argparse
import asyncio
import time

from aiohttp import web

from benchmarks.server_process import serve
from benchmarks.steady_gateway import CLIPS, SteadyGateway, body
from sandbox.local_gateway import songs

SOUND, SECONDS = "dawn", 60.0  # of every song


class FinishingGateway(SteadyGateway):
    """`rate`: tasks that finish each second after the first batch request, up to `most`."""

    def __init__(self, cycle: float, changing: float, rate: float, most: int) -> None:
        super().__init__(cycle, changing)
        self._beat = cycle
        self._rate, self._most = rate, most
        self._since: float | None = None
        self._finished = b"", b""

    def app(self) -> web.Application:
        app = super().app()
        app.router.add_get("/audio/{clip}", self._audio)
        app.router.add_get("/cover/{clip}", self._cover)
        return app

    async def _many(self, request: web.Request) -> web.Response:
        if self._since is None:
            self._since = time.monotonic()
            self._finished = body("done", f"http://{request.host}")
        return await super()._many(request)

    def task(self, identity: str) -> bytes:
        if int(identity[-9:]) >= self._shown():
            return super().task(identity)
        before, behind = self._finished
        return before + identity.encode() + behind

    def _shown(self) -> int:
        """The number of finished tasks at the last update."""
        if self._since is None:
            return 0
        cycle = time.monotonic() // self._beat * self._beat
        return min(self._most, int((cycle - self._since) * self._rate))

    async def _audio(self, _request: web.Request) -> web.Response:
        content, content_type = songs.audio(SOUND, SECONDS)
        return web.Response(body=content, content_type=content_type)

    async def _cover(self, _request: web.Request) -> web.Response:
        return web.Response(body=songs.cover(CLIPS[0], "Harbour Lights"), content_type="image/png")


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycle", type=float, default=15.0)
    parser.add_argument("--changing", type=float, default=0.0)
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--most", type=int, default=0)
    chosen = parser.parse_args()
    await serve(FinishingGateway(chosen.cycle, chosen.changing, chosen.rate, chosen.most).app())


if __name__ == "__main__":
    asyncio.run(main())
