"""A healthy gateway, whose task ids contain the time of the finish: `python -m benchmarks.timed_gateway`."""

import asyncio
import re
import time

import msgspec
from aiohttp import web

from benchmarks.finishing_gateway import FinishingGateway
from benchmarks.server_process import serve
from benchmarks.steady_gateway import body, json_response

_CYCLE = 15.0  # seconds
_KNOWN = re.compile(r"task_(\d{13})\d{19}")
_UNKNOWN = msgspec.json.encode({"code": "task_not_exist", "message": "task_not_exist", "data": None})


def timed_task(finished_at: float, number: int) -> str:
    """The id of a task that finishes at that Unix time."""
    return f"task_{int(finished_at * 1000):013}{number:019}"


class TimedGateway(FinishingGateway):
    """Finished tasks are shown at once; other ids are unknown."""

    def __init__(self) -> None:
        super().__init__(_CYCLE, 0.0, 0.0, 0)
        self._done = b"", b""

    async def _many(self, request: web.Request) -> web.Response:
        self._done = self._done if any(self._done) else body("done", f"http://{request.host}")
        return await super()._many(request)

    async def _one(self, request: web.Request) -> web.Response:
        if not _KNOWN.fullmatch(request.match_info["id"]):
            return json_response(_UNKNOWN, status=400)
        return await super()._one(request)

    def known(self, ids: list[str]) -> list[str]:
        return [identity for identity in super().known(ids) if _KNOWN.fullmatch(identity)]

    def task(self, identity: str) -> bytes:
        found = _KNOWN.fullmatch(identity)
        if not found or int(found[1]) > time.time() * 1000:
            return super().task(identity)
        before, behind = self._done
        return before + identity.encode() + behind


if __name__ == "__main__":
    asyncio.run(serve(TimedGateway().app()))
