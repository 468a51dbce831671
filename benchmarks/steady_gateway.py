"""A gateway that is fast enough not to affect the measurements: `python -m benchmarks.steady_gateway`.

All tasks are being rendered and have two songs. Each update changes the progress of a share of the tasks.
"""

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import msgspec
from aiohttp import web

from benchmarks.server_process import serve, server_process
from sandbox.local_gateway import dialects
from sandbox.local_gateway.fake_task import FakeTask, Song, State

CLIPS = ("1aaaaaaa-1111-4222-8333-444444444444", "2aaaaaaa-1111-4222-8333-444444444444")

_ID, _PROGRESS = "task_" + "0" * 32, 29
_WORDS = "[Verse]\nRain on the window, a lamp in the hall\nnobody answers, and nobody calls\n\n" * 8


class _Batch(msgspec.Struct):
    ids: list[str]


def task_id(number: int) -> str:
    return f"task_{number:032}"


class SteadyGateway:
    """`changing`: share of tasks that each update, every `cycle` seconds, changes; without a cycle, share of the
    requested tasks that each request changes.
    """

    def __init__(self, cycle: float, changing: float) -> None:
        self._cycle = cycle
        self._asked: Counter[str] = Counter()  # how often, by task
        self._every = round(1 / changing) if changing else 0
        self._before, rest = body("streaming", "https://media.example.com")
        self._between, _, self._behind = rest.partition(b"%d%%" % _PROGRESS)
        self._read = msgspec.json.Decoder(_Batch)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=1 << 24)
        app.router.add_post("/suno/fetch", self._many)
        app.router.add_get("/suno/fetch/{id}", self._one)
        return app

    async def _many(self, request: web.Request) -> web.Response:
        ids = self.known(self._read.decode(await request.read()).ids)
        tasks = b",".join(map(self.task, ids))
        return json_response(b'{"code":"success","message":"","data":[' + tasks + b"]}")

    def known(self, ids: list[str]) -> list[str]:
        return list(dict.fromkeys(ids))

    async def _one(self, request: web.Request) -> web.Response:
        return json_response(b'{"code":"success","message":"","data":' + self.task(request.match_info["id"]) + b"}")

    def task(self, identity: str) -> bytes:
        self._asked[identity] += 1
        cycles = int(time.monotonic() / self._cycle) if self._cycle else self._asked[identity]
        # Each task has its own update among those between two of its changes.
        changes = (cycles + int(identity[-9:])) // self._every if self._every else 0
        return self._before + identity.encode() + self._between + b"%d%%" % (1 + changes % 90) + self._behind


def body(state: State, media: str) -> tuple[bytes, bytes]:
    """The body of a task with songs at `media`: the bytes before its id, and after it."""
    songs = tuple(Song(clip_id, "Harbour Lights", "slow jazz", _WORDS) for clip_id in CLIPS)
    fake = FakeTask(_ID, songs=songs, states=((0, state),), progress=((0, _PROGRESS),), dialect="rix")
    answer = msgspec.json.encode(dialects.batch([(fake, 0.0)], 0.0, media))
    before, _, behind = answer.partition(b"[")[2].rpartition(b"]")[0].partition(_ID.encode())
    return before, behind


def json_response(body: bytes, *, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")


def steady_gateway(*options: str) -> AbstractAsyncContextManager[str]:
    """Runs it, and gives its address."""
    return server_process("benchmarks.steady_gateway", *options)


async def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycle", type=float, default=0.0)
    parser.add_argument("--changing", type=float, default=0.0)
    chosen = parser.parse_args(arguments)
    await serve(SteadyGateway(chosen.cycle, chosen.changing).app())


if __name__ == "__main__":
    asyncio.run(main())
