"""The fetch API on one port and the media host on another, with a log of requests and injected faults."""

import asyncio
import json
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import repeat
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import web

from sandbox.local_gateway import dialects, extras, songs
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.orders import Orders

_BUFFERED = 256 * 1024  # bytes

_WEB_PAGE = "<!doctype html><title>Gateway</title><h1>Welcome</h1>"
_UNKNOWN = {"code": "task_not_exist", "message": "task_not_exist", "data": None}
_USAGE_PATH = "/api/usage/token/"
_SUBMIT_PATHS = ("/suno/submit/music", "/suno/submit/lyrics", "/suno/v1/music")
_BAD_KEY = {"error": {"message": "invalid token (request id: 20261121)", "type": "new_api_error"}}


@dataclass
class Request:
    """`path` is as it was sent, undecoded."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    at: float = 0.0  # time.monotonic()
    status: int = 0


@dataclass
class _Wanted:
    """The body of `POST /suno/fetch`; its `action` is ignored."""

    ids: list[str]


@dataclass
class Fault:
    """The next `times` requests whose path matches are answered with this. Status 0 cuts the connection."""

    status: int = 500
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = ""  # a regular expression
    times: int = 1_000_000
    delay: float = 0.0  # seconds before the answer
    stall_after: int | None = None  # bytes of the body after which nothing more is sent
    cut: bool = False  # closes the connection instead of stalling
    pause: float = 0.0  # seconds between two bytes of the body, or before it stalls
    endless: bool = False  # repeats the body until the client disconnects
    change: Callable[[bytes], bytes] | None = None  # answers normally, with the body changed by this
    raw: bytes = b""  # sends these bytes instead of a response; once, or repeatedly if `endless`


class LocalGateway:
    """`async with LocalGateway() as gateway`: gateway.url is the base URL, gateway.add(fake_task) adds a task.

    `clock` returns Unix seconds; `key` None: no key is needed. `batch` False: there is no `POST /suno/fetch`.
    `single`: the path for fetching one task; at relays of GoAmz it may be `/suno/v1/music/`. `unknown`: status and body
    for an unknown id. `usage`: what it reports about the key, right or wrong. `sells`: whether it reports prices.
    `extras`: what it has of songs beside their audio. `orders`: the submit API.

    `poison_ids`: for a batch that contains one of these ids, the answer's status and body.
    """

    def __init__(self, *, key: str | None = None, clock: Callable[[], float] = time.time, batch: bool = True) -> None:
        self.key = key
        self.clock = clock
        self.batch = batch
        self.single = "/suno/fetch/"
        self.unknown: tuple[int, Any] = (400, _UNKNOWN)
        self.usage: Mapping[str, Any] | None = None
        self.sells = False
        self.extras = extras.ALL
        self.poison_ids: Mapping[str, tuple[int, bytes]] = {}
        self.orders = Orders(self.clock, self.add)
        self.requests: list[Request] = []
        self.media_requests: list[Request] = []
        self.faults: list[Fault] = []
        self.media_faults: list[Fault] = []
        self._cycle = self._phase = 0.0
        self._fakes: dict[str, FakeTask] = {}
        self._born_at: dict[str, float] = {}

    def add(self, *fakes: FakeTask, age: float = 0.0) -> None:
        """`age`: seconds since their birth."""
        for fake in fakes:
            self._fakes[fake.id] = fake
            if not fake.born_when_asked:
                self._born_at[fake.id] = self.clock() - age

    def refresh_every(self, seconds: float, phase: float = 0.0) -> None:
        """From now on answers change in a cycle, as new-api's do: `phase` seconds after multiples of `seconds`."""
        self._cycle, self._phase = seconds, phase

    def forget(self, task_id: str) -> None:
        self._fakes.pop(task_id, None)
        self._born_at.pop(task_id, None)

    async def __aenter__(self) -> Self:
        self._runners: list[web.AppRunner] = []
        self.url = await self._serve(self._answer)
        self.media_url = await self._serve(self._answer_media)
        self.media_host = self.media_url.removeprefix("http://")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for runner in self._runners:
            await runner.cleanup()

    async def _serve(self, handler: Callable[[web.Request], Any]) -> str:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._runners.append(runner)
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def _answer(self, incoming: web.Request) -> web.StreamResponse:
        request = await _record(incoming, self.requests)
        response = await _faulty(incoming, request, self.faults, self._fetch) or await self._answer_truly(
            incoming, request
        )
        request.status = response.status
        return response

    async def _answer_truly(self, incoming: web.Request, request: Request) -> web.StreamResponse:
        if request.method != "POST" or request.path not in _SUBMIT_PATHS:
            return self._fetch(request)
        if not self._takes_key(request):
            return web.json_response(_BAD_KEY, status=401)
        return await self.orders.answer(incoming, request.body)

    def _takes_key(self, request: Request) -> bool:
        return self.key is None or request.headers.get("Authorization") == f"Bearer {self.key}"

    def _fetch(self, request: Request) -> web.Response:
        if re.fullmatch(r"/suno/fetch(/[^/]+)?/", request.path):
            status = 301 if request.method == "GET" else 307
            return web.Response(status=status, headers={"Location": request.path.rstrip("/")})
        if request.path == _USAGE_PATH and self.usage is not None:
            return web.json_response({"code": True, "data": self.usage, "message": "ok"})
        if self.sells and request.method == "GET" and (said := self._account(request)):
            return said
        if request.method == "GET" and (found := extras.PATH.fullmatch(request.path)) and found[1] in self.extras:
            return self._extra(request, found[1], found[2])
        one = request.method == "GET" and re.fullmatch(f"{self.single}([^/]+)", request.path)
        if not one and (request.method, request.path) != ("POST", "/suno/fetch"):
            return web.Response(text=_WEB_PAGE, content_type="text/html")
        if not self._takes_key(request):
            return web.json_response(_BAD_KEY, status=401)
        if one:
            return self._fetch_one(one[1])
        if not self.batch:
            return web.json_response({"error": {"message": "Invalid URL (POST /suno/fetch)"}}, status=404)
        return self._fetch_many(request.body)

    def _extra(self, request: Request, what: str, clip_id: str) -> web.Response:
        if not self._takes_key(request):
            return web.json_response(_BAD_KEY, status=401)
        song = self._songs().get(clip_id)
        if song is None:
            return web.json_response(_UNKNOWN, status=400)
        return web.json_response(extras.answer(what, song, self.media_url))

    def _songs(self) -> dict[str, Song]:
        return {song.clip_id: song for fake in self._fakes.values() for song in fake.songs}

    def _account(self, request: Request) -> web.Response | None:
        """Prices and usage; the key's usage only with the key."""
        if request.path in (_USAGE_PATH, "/api/log/token") and not self._takes_key(request):
            return web.json_response(_BAD_KEY, status=401)
        if request.path == _USAGE_PATH:
            return web.json_response({"code": True, "data": self.orders.usage(), "message": "ok"})
        return self.orders.account(request.path)

    def _fetch_one(self, task_id: str) -> web.Response:
        fake = self._fakes.get(task_id)
        if fake is None:
            status, said = self.unknown
            return web.json_response(said, status=status)
        return web.json_response(dialects.single(fake, self._born(fake), self._refreshed(), self.media_url))

    def _fetch_many(self, body: bytes) -> web.Response:
        try:
            task_ids = msgspec.json.decode(body, type=_Wanted).ids
        except msgspec.MsgspecError as error:
            # The open gateways label this JSON as plain text.
            return web.Response(text=json.dumps({"code": "invalid_request", "message": str(error)}), status=400)
        for status, said in (self.poison_ids[task_id] for task_id in task_ids if task_id in self.poison_ids):
            return web.Response(body=said, status=status, content_type="application/json")
        if not task_ids:
            return web.json_response({"code": "success", "message": "", "data": []})
        known = [self._fakes[task_id] for task_id in dict.fromkeys(task_ids) if task_id in self._fakes]
        fakes = [(fake, self._born(fake)) for fake in known]
        return web.json_response(dialects.batch(fakes, self._refreshed(), self.media_url))

    def _born(self, fake: FakeTask) -> float:
        return self._born_at.setdefault(fake.id, self.clock())

    def _refreshed(self) -> float:
        """When the gateway last updated its answers."""
        now = self.clock()
        return now - (now - self._phase) % self._cycle if self._cycle else now

    async def _answer_media(self, incoming: web.Request) -> web.StreamResponse:
        request = await _record(incoming, self.media_requests)
        response = await _faulty(incoming, request, self.media_faults) or await self._media(incoming)
        request.status = response.status
        return response

    async def _media(self, incoming: web.Request) -> web.StreamResponse:
        kind, _, name = incoming.match_info["path"].partition("/")
        clips = {song.clip_id: song for fake in self._fakes.values() for song in fake.songs}
        song = clips.get(name.partition(".")[0])
        if song is None:
            raise web.HTTPNotFound
        if kind == "cover":
            drawn = await asyncio.to_thread(songs.cover, song.clip_id, song.title)  # slow: must not block the others
            return web.Response(body=drawn, content_type="image/png")
        if kind == "mp4":
            return _ranged(incoming, await asyncio.to_thread(extras.video, song), "video/mp4")
        content, content_type = songs.audio("wav" if kind == "wav" else song.sound, song.duration)
        if kind == "stream":
            return await _grow(incoming, content, content_type, song.duration)
        return _ranged(incoming, content, content_type)


async def _grow(incoming: web.Request, content: bytes, content_type: str, duration: float) -> web.StreamResponse:
    """A song that is still being rendered: without a length, at twice the playing speed."""
    response = web.StreamResponse(headers={"Content-Type": content_type})
    await response.prepare(incoming)
    second = math.ceil(len(content) / duration)
    for start in range(0, len(content), second):
        await response.write(content[start : start + second])
        await asyncio.sleep(0.5)
    return response


def _ranged(incoming: web.Request, content: bytes, content_type: str) -> web.Response:
    """Supports ranges, which browsers need for seeking."""
    headers = {"Accept-Ranges": "bytes"}
    try:
        start, end, _ = incoming.http_range.indices(len(content))
    except ValueError:
        start = end = 0
    if "Range" not in incoming.headers:
        return web.Response(body=content, content_type=content_type, headers=headers)
    if start >= end:
        return web.Response(status=416, headers=headers | {"Content-Range": f"bytes */{len(content)}"})
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
    return web.Response(status=206, body=content[start:end], content_type=content_type, headers=headers)


async def _record(incoming: web.Request, log: list[Request]) -> Request:
    request = Request(
        incoming.method, incoming.raw_path, incoming.headers.copy(), await incoming.read(), time.monotonic()
    )
    log.append(request)
    return request


async def _faulty(
    incoming: web.Request, request: Request, faults: list[Fault], truth: Callable[[Request], web.Response] | None = None
) -> web.StreamResponse | None:
    fault = next((each for each in faults if each.times and re.search(each.path, request.path)), None)
    if fault is None:
        return None
    fault.times -= 1
    await asyncio.sleep(fault.delay)
    if not fault.status and incoming.transport:
        incoming.transport.abort()
    if fault.raw:
        await _send_raw(incoming, fault)
    if fault.change and truth:
        return web.Response(body=fault.change(_body(truth(request))), headers=fault.headers)
    if fault.stall_after is None and not fault.pause and not fault.endless:
        return web.Response(status=fault.status or 500, body=fault.body, headers=fault.headers)
    return await _send_badly(incoming, fault)


async def _send_raw(incoming: web.Request, fault: Fault) -> None:
    """Then closes the connection."""
    transport = incoming.transport
    for piece in repeat(fault.raw) if fault.endless else [fault.raw]:
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() < _BUFFERED:
            transport.write(piece)
        await asyncio.sleep(max(fault.pause, 0.001))
    if transport:
        transport.close()


def _body(response: web.Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b""


async def _send_badly(incoming: web.Request, fault: Fault) -> web.StreamResponse:
    """Incomplete, slow, or endless."""
    response = web.StreamResponse(status=fault.status, headers=fault.headers)
    if not fault.endless:
        response.content_length = len(fault.body)
    with suppress(ConnectionError):  # the client has disconnected
        await response.prepare(incoming)
        for piece in _pieces(fault):
            await response.write(piece)
            await asyncio.sleep(fault.pause)
        if fault.cut and incoming.transport:
            incoming.transport.abort()
        else:
            await asyncio.sleep(3600)
    return response


def _pieces(fault: Fault) -> Iterable[bytes]:
    if fault.endless:
        return repeat(fault.body)
    if fault.stall_after is None:
        return (bytes([byte]) for byte in fault.body)
    return [fault.body[: fault.stall_after]]
