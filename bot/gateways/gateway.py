"""One gateway over HTTP: one door for all requests, through which its key goes to the gateway and nowhere else."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from functools import partial
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec
import stamina
from msgspec import Struct
from yarl import URL

from bot.domain.task import Answer
from bot.errors import GatewayBroken, GatewayBusy, GatewayError, GatewayMisplaced, GatewayUnreachable
from bot.gateways.addresses import completed
from bot.gateways.batch import decode_batch
from bot.gateways.decode import decode
from bot.gateways.lane import Lane
from bot.gateways.record import Record
from bot.gateways.spoilers import Spoilers

_TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=5)
_MAX_BODY = 32 * 1024 * 1024  # bytes, decompressed
_MAX_REDIRECTS = 3
_REDIRECTS = {301, 302, 303, 307, 308}
_SINGLE, _GOAMZ_SINGLE = "/suno/fetch/", "/suno/v1/music/"
BATCH_SIZES = (1, 10, 100, 500)  # a batch is filled up with ids that it holds already: few sizes are kind to a gateway
_ROWS = 3  # of single requests, each as wide as the lane: what hangs holds up what is finished for three time-outs
_ATTEMPTS = 3
_TRIED = 3  # single tasks, to see whether anything is there: one may be broken by itself
_PATIENCE = 20.0  # seconds, for all attempts together
_LONGEST_WAIT = 10.0  # seconds that a gateway may ask us to wait with somebody waiting for the answer
_LONGEST_REST = 86_400.0  # seconds that a gateway is believed to need
_SHORTEST_KEY = 8  # characters; a shorter one may stand anywhere by chance
_CALLS = re.compile(r"(/suno(/v\d+)?(/(fetch|music|submit)(/.*)?)?|/v\d+)/*$", re.IGNORECASE)

log = logging.getLogger(__name__)


def normalise_base_url(text: str) -> str:
    """What stands before `/suno/fetch`. Raises ValueError with a sentence for the operator."""
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("this is no address; type something like https://gateway.example.com") from None
    if parts.scheme.lower() not in ("http", "https") or not host or re.search(r"[\s\\]", host):
        raise ValueError("type the whole address, as in https://gateway.example.com")
    if parts.username or parts.password:
        raise ValueError("a key does not belong into the address; there is a setting of its own for it")
    path = parts.path.rstrip("/")
    while (shorter := _CALLS.sub("", path).rstrip("/")) != path:
        path = shorter
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme.lower()}://{shown}{f':{port}' if port else ''}{path}"


_Reader = Callable[[int, str, bytes], Answer]  # of an HTTP status, a content type and a body
_Ask = Callable[[Sequence[str]], Awaitable[Answer]]


class _Reply(Struct, frozen=True):
    status: int
    content_type: str
    body: bytes
    retry_after: float | None


class Gateway:
    """Raises GatewayError and nothing else. `at_once`: how many requests may be on their way.

    `per_second`: how many of the poller's may leave.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        key: str,
        session: aiohttp.ClientSession,
        *,
        at_once: int = 4,
        per_second: float = 20.0,
    ) -> None:
        self.name = name
        self.record = Record()
        self._at_once = max(1, at_once - 1)  # for the poller: one is left for people who wait
        self._slots = asyncio.Semaphore(at_once)
        self._lane = Lane(self._at_once, per_second)
        self._base = base_url
        self._key = key.encode() if len(key) >= _SHORTEST_KEY else b""
        self._headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        self._session = session
        self._single = _SINGLE
        self._spoilers = Spoilers()
        self._batch: bool | None = None  # whether it knows `POST /suno/fetch`; None: not seen yet

    @property
    def batch_size(self) -> int:
        """How many tasks the poller may ask for together: one by one only so many that it soon hears of them."""
        return BATCH_SIZES[-1] if self._batch else _ROWS * self._at_once

    @property
    def batches_at_once(self) -> int:
        return self._at_once if self._batch else 1

    async def fetch(self, task_id: str) -> Answer:
        """GET /suno/fetch/{task_id}, or what relays of GoAmz have in its place. Somebody waits: what may pass is
        tried again, a bounded number of times.
        """
        return await self._fetch_one(task_id, _ATTEMPTS)

    async def _fetch_one(self, task_id: str, attempts: int) -> Answer:
        if task_id in ("", ".", ".."):
            raise ValueError("an id that would change the path")
        try:
            return await self._fetch_at(self._single, task_id, attempts)
        except GatewayMisplaced as nothing_there:
            other = _GOAMZ_SINGLE if self._single == _SINGLE else _SINGLE
            with contextlib.suppress(GatewayMisplaced):
                answer = await self._fetch_at(other, task_id, attempts)
                self._single = other
                return answer
            raise nothing_there from None

    async def _fetch_at(self, path: str, task_id: str, attempts: int) -> Answer:
        return await self._ask("GET", f"{path}{quote(task_id, safe='')}", None, partial(decode, [task_id]), attempts)

    async def fetch_many(self, task_ids: Sequence[str], known: Mapping[bytes, str] = MappingProxyType({})) -> Answer:
        """POST /suno/fetch: up to 500 in one request, not tried again; one by one where that is not known.

        A task that the gateway cannot write out is left out of the answer: it would spoil it for all.
        `known`: ids of tasks by the digest of an answer of which nothing need be told but that it came again.
        """
        if self._batch is False:
            return await self._fetch_each(task_ids)
        together, spoilers = self._spoilers.apart(task_ids)
        ask = partial(self._fetch_batch, known=known)
        answers = [self._fetch_together(together, ask)] if together else []
        answers += [self._spoilers.ask_alone(task_id, ask) for task_id in spoilers]
        return _together(await asyncio.gather(*answers))

    async def _fetch_together(self, task_ids: Sequence[str], ask: _Ask) -> Answer:
        try:
            return await ask(task_ids)
        except (GatewayMisplaced, GatewayBroken) as failure:
            if self._batch is None:
                return await self._do_without_batch(task_ids, failure)
            if isinstance(failure, GatewayBroken) and (answers := await self._spoilers.find(task_ids, ask)):
                return _together(answers)
            raise

    async def _fetch_batch(self, task_ids: Sequence[str], known: Mapping[bytes, str]) -> Answer:
        size = next(size for size in BATCH_SIZES if size >= len(task_ids))
        filled = [*task_ids, *[task_ids[0]] * (size - len(task_ids))]
        async with self._lane.turn():
            read = partial(decode_batch, task_ids, known=known)
            answer = await self._ask("POST", "/suno/fetch", {"ids": filled}, read, 1)
        self._batch = True
        return answer

    async def _do_without_batch(self, task_ids: Sequence[str], failure: GatewayError) -> Answer:
        """One by one, as long as the batch call has never worked."""
        single = await self._try_single(task_ids, failure)
        if isinstance(failure, GatewayMisplaced):  # the other may be a passing fault
            log.info("gateway %s does not know POST /suno/fetch: each task is asked for by itself", self.name)
            self._batch = False
        left = [task_id for task_id in task_ids if task_id not in single.tasks and task_id not in single.missing]
        with contextlib.suppress(GatewayError):  # what could be had is had
            return _together([single, await self._fetch_each(left)])
        return single

    async def _try_single(self, task_ids: Sequence[str], failure: GatewayError) -> Answer:
        """One that can be had. That nothing is there is raised only if none is there either."""
        for task_id in task_ids[:_TRIED]:
            try:
                return await self._fetch_one(task_id, 1)
            except GatewayError as error:
                failure = error if isinstance(failure, GatewayMisplaced) else failure
                if not isinstance(error, GatewayBroken):
                    break
        raise failure

    async def _poll_one(self, task_id: str) -> Answer:
        async with self._lane.turn():
            return await self._fetch_one(task_id, 1)

    async def _fetch_each(self, task_ids: Sequence[str]) -> Answer:
        """All that could be had; raises the first error if that is nothing."""
        answers = await asyncio.gather(*map(self._poll_one, task_ids), return_exceptions=True)
        failures = [answer for answer in answers if isinstance(answer, BaseException)]
        if failures and (len(failures) == len(answers) or not all(isinstance(each, GatewayError) for each in failures)):
            raise failures[0]
        return _together([answer for answer in answers if isinstance(answer, Answer)])

    async def _ask(self, method: Literal["GET", "POST"], path: str, body: Any, read: _Reader, attempts: int) -> Answer:
        retries = stamina.retry_context(on=_may_pass, attempts=attempts, timeout=_PATIENCE, wait_initial=0.25)
        async for attempt in retries:
            with attempt, self.record.request():
                reply = await self._request(method, URL(f"{self._base}{path}", encoded=True), body)
                try:
                    return completed(read(reply.status, reply.content_type, reply.body), self._base)
                except GatewayBusy as busy:
                    busy.retry_after = reply.retry_after
                    raise
        raise AssertionError("stamina ends in an answer or an error")

    async def _request(self, method: str, url: URL, body: Any) -> _Reply:
        try:
            async with self._slots, asyncio.timeout(_TIMEOUT.total):
                for _ in range(_MAX_REDIRECTS + 1):
                    reply, location = await self._request_once(method, url, body)
                    if location is None:
                        return reply
                    url = _same_origin(url, location)
        except TimeoutError as error:
            raise GatewayUnreachable("no answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise GatewayUnreachable(type(error).__name__) from error
        except ValueError as error:  # a header or an address that cannot be read
            raise GatewayBroken(type(error).__name__) from error
        raise GatewayMisplaced("it redirects in a circle")

    async def _request_once(self, method: str, url: URL, body: Any) -> tuple[_Reply, str | None]:
        data = None if body is None else msgspec.json.encode(body)
        headers = self._headers | ({"Content-Type": "application/json"} if data else {})
        async with self._session.request(
            method, url, data=data, headers=headers, allow_redirects=False, timeout=_TIMEOUT
        ) as response:
            location = response.headers.get("Location") if response.status in _REDIRECTS else None
            reply = _Reply(
                response.status,
                response.headers.get("Content-Type", ""),
                b"" if location else self._without_key(await _read(response)),
                _retry_after(response.headers.get("Retry-After")),
            )
        log.debug("%s %s%s: %d, %d bytes", method, self.name, url.raw_path, reply.status, len(reply.body))
        return reply, location

    def _without_key(self, body: bytes) -> bytes:
        """A gateway may repeat it, as in a reason that people are told."""
        return body.replace(self._key, b"[key]") if self._key else body


def _together(answers: Sequence[Answer]) -> Answer:
    tasks = {task_id: task for answer in answers for task_id, task in answer.tasks.items()}
    missing = tuple(task_id for answer in answers for task_id in answer.missing)
    same = frozenset(task_id for answer in answers for task_id in answer.same)
    digests = {task_id: digest for answer in answers for task_id, digest in answer.digests.items()}
    return Answer(tasks, missing, same, digests)


def _may_pass(error: Exception) -> bool | float:
    """Whether to try again, or when. A 4xx never: the same question has the same answer."""
    if isinstance(error, GatewayBusy) and error.retry_after is not None:
        return max(error.retry_after, 0.1) if error.retry_after <= _LONGEST_WAIT else False
    return isinstance(error, GatewayError) and error.transient


def _same_origin(url: URL, location: str) -> URL:
    """Where a redirect leads, if the key may go there."""
    target = url.join(URL(location, encoded=True))
    if target.origin() != url.origin():
        raise GatewayMisplaced("it redirects to another host")
    return target


def _retry_after(header: str | None) -> float | None:
    """Seconds, from seconds or an HTTP date."""
    if not header:
        return None
    try:
        if header.strip().isdigit():
            return min(float(header), _LONGEST_REST)
        moment = parsedate_to_datetime(header)
        return min(max(0.0, (moment - moment.now(moment.tzinfo)).total_seconds()), _LONGEST_REST)
    except (ValueError, TypeError, OverflowError):
        return None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > _MAX_BODY:
            raise GatewayBroken(f"an answer of more than {_MAX_BODY} bytes")
    return b"".join(chunks)
