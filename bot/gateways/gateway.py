"""One gateway over HTTP: what to ask it, in which requests, and what to make of it if it answers otherwise."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Literal, NamedTuple
from urllib.parse import quote, urlsplit

import aiohttp
import stamina
from msgspec.structs import replace

from bot.domain.task import Answer, Status
from bot.errors import GatewayBroken, GatewayBusy, GatewayError, GatewayMisplaced, GatewayRefused
from bot.gateways.account import PATH as USAGE_PATH
from bot.gateways.account import KeyUsage, read_usage
from bot.gateways.addresses import completed
from bot.gateways.batch import decode_batch
from bot.gateways.decode import decode
from bot.gateways.exchange import Exchange, Reply
from bot.gateways.fair_queue import FairQueue
from bot.gateways.poison_ids import PoisonIds
from bot.gateways.record import Record
from bot.gateways.secret import Secret

_TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=5)
_MAX_BODY = 16 * 1024 * 1024  # bytes, decompressed: five times what 500 tasks take
_BIG = 100_000  # bytes of an answer that takes longer to read than the event loop should wait
_SINGLE, _GOAMZ_SINGLE = "/suno/fetch/", "/suno/v1/music/"
BATCH_SIZES = (1, 10, 100, 500)  # a batch is filled up with ids that it holds already: few sizes are kind to a gateway
_ROWS = 3  # times the requests that go at once: what hangs holds up what is finished for three time-outs
_ATTEMPTS = 3
_TRIED = 3  # single tasks, to see whether anything is there: one may be broken by itself
_PATIENCE = 20.0  # seconds, for all attempts together
_LONGEST_WAIT = 10.0  # seconds that a gateway may ask us to wait with somebody waiting for the answer
_MADE_UP = "00000000-0000-4000-8000-00000000a5ed"  # to hear what is said of a task that there is not
_MAY_BE_OF_ONE = (GatewayBroken, GatewayRefused, GatewayMisplaced)  # what may be wrong with one task alone
# What is copied with an address: calls for songs, for chats, and for the account.
_CALLS = re.compile(
    r"(/suno(/v\d+)?(/(fetch|music|submit)(/.*)?)?"
    r"|/v\d+(/(chat/completions|completions|responses|messages|models|embeddings|(images|audio)/.+))?"
    r"|/api/(usage/token|user/self|status|pricing))/*$",
    re.IGNORECASE,
)

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


class _Heard(NamedTuple):
    answer: Answer
    status: int  # of HTTP


class Gateway:
    """Raises GatewayError and nothing else. `requests_at_once`: how many may be on their way.

    `requests_per_second`: how many may leave.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        key: str,
        session: aiohttp.ClientSession,
        *,
        requests_at_once: int = 4,
        requests_per_second: float = 20.0,
    ) -> None:
        self.name = name
        self.record = Record()
        self._at_once = max(1, requests_at_once - 1)  # for the poller: one is left for people who wait
        self._queue = FairQueue(requests_at_once, requests_per_second)
        self._base = base_url
        self._exchange = Exchange(base_url, key, session)
        self._secret = Secret(key)
        self._single = _SINGLE
        self._poison_ids = PoisonIds()
        self._batch: bool | None = None  # whether it knows `POST /suno/fetch`; None: not seen yet
        self._found = ""  # the id of the task that it told of last
        self._turn = 0

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
        try:
            heard = await self._fetch_one(task_id, _ATTEMPTS)
        except GatewayMisplaced:
            # In this way, too, some say that there is no such task; then they speak of others.
            if self._found in ("", task_id) or not await self._answers_for(self._found):
                raise
            return Answer({}, (task_id,))
        if self._batch is False or not _may_be_more(task_id, heard):
            return heard.answer
        return await self._fetch_more(task_id, heard.answer)

    async def usage(self) -> KeyUsage | None:
        """What the gateway tells of its key; None if it tells nothing."""
        try:
            async with self._queue.turn():
                reply = await self._request("GET", USAGE_PATH, None)
        except GatewayError:
            return None
        usage = read_usage(reply.status, reply.content_type, reply.body)
        return usage and replace(usage, models=usage.models and tuple(map(self._secret.strike, usage.models)))

    async def _fetch_one(self, task_id: str, attempts: int) -> _Heard:
        if task_id in ("", ".", ".."):
            raise ValueError("an id that would change the path")
        try:
            return await self._fetch_at(self._single, task_id, attempts)
        except GatewayMisplaced as nothing_there:
            other = _GOAMZ_SINGLE if self._single == _SINGLE else _SINGLE
            try:
                heard = await self._fetch_at(other, task_id, attempts)
            except GatewayMisplaced as elsewhere:
                # A router says the same of both: where one is spoken of in other words, there is somebody who looked.
                if nothing_there.may_be_task != elsewhere.may_be_task:
                    return _Heard(Answer({}, (task_id,)), HTTPStatus.NOT_FOUND)
                raise nothing_there from None
            self._single = other
            return heard

    async def _fetch_at(self, path: str, task_id: str, attempts: int) -> _Heard:
        return await self._ask("GET", f"{path}{quote(task_id, safe='')}", None, partial(decode, [task_id]), attempts)

    async def _fetch_more(self, task_id: str, single: Answer) -> Answer:
        """Suno-API's single answer may be null, or clips alone: its batch call has the status."""
        try:
            answer = await self._fetch_batch([task_id], {})
        except GatewayMisplaced as failure:
            self._forget_batch(failure)
            return single
        except GatewayBroken:
            return single
        except GatewayError:
            if single.missing:
                raise
            return single
        return answer if answer.tasks else single

    async def fetch_many(self, task_ids: Sequence[str], known: Mapping[bytes, str] = MappingProxyType({})) -> Answer:
        """POST /suno/fetch: up to 500 in one request, not tried again; one by one where that is not known.

        A task that the gateway cannot write out, or for which alone it refuses, is left out of the answer: it would
        spoil it for all. That the gateway is none, or refuses the key, takes more than what it says of one id.
        `known`: ids of tasks by the digest of an answer of which nothing need be told but that it came again.
        """
        try:
            return await self._fetch_all(task_ids, known)
        except (GatewayMisplaced, GatewayRefused) as failure:
            if not await self._answers_for_another(task_ids):
                raise
            self.record.excuse()
            log.info("gateway %s answers, but not for %d tasks: %s", self.name, len(task_ids), failure)
            return Answer({}, tuple(dict.fromkeys(task_ids)) if isinstance(failure, GatewayMisplaced) else ())

    async def _fetch_all(self, task_ids: Sequence[str], known: Mapping[bytes, str]) -> Answer:
        if self._batch is False:
            return await self._fetch_each(task_ids)
        together, poison_ids = self._poison_ids.apart(task_ids)
        ask = partial(self._fetch_batch, known=known)
        answers = [self._fetch_together(together, ask)] if together else []
        answers += [self._poison_ids.ask_alone(task_id, ask) for task_id in poison_ids]
        return _together(await asyncio.gather(*answers))

    async def _answers_for_another(self, task_ids: Sequence[str]) -> bool:
        """For a task that it told of before; against its word on one id also for one that there is not."""
        if self._found and self._found not in task_ids:
            return await self._answers_for(self._found)
        return len(set(task_ids)) == 1 and await self._answers_for(_MADE_UP)

    async def _answers_for(self, task_id: str) -> bool:
        try:
            await (self._fetch_batch([task_id], {}) if self._batch else self._poll_one(task_id))
        except GatewayError:
            return False
        return True

    async def _fetch_together(self, task_ids: Sequence[str], ask: _Ask) -> Answer:
        try:
            return await ask(task_ids)
        except (GatewayMisplaced, GatewayBroken) as failure:
            if self._batch is None:
                return await self._do_without_batch(task_ids, failure)
            if isinstance(failure, GatewayBroken) and (answers := await self._poison_ids.find(task_ids, ask)):
                return _together(answers)
            raise

    async def _fetch_batch(self, task_ids: Sequence[str], known: Mapping[bytes, str]) -> Answer:
        size = next(size for size in BATCH_SIZES if size >= len(task_ids))
        filled = [*task_ids, *[task_ids[0]] * (size - len(task_ids))]
        answer, status = await self._ask(
            "POST", "/suno/fetch", {"ids": filled}, partial(decode_batch, task_ids, known=known), 1
        )
        self._batch = self._batch or status < HTTPStatus.MULTIPLE_CHOICES or None
        return answer

    async def _do_without_batch(self, task_ids: Sequence[str], failure: GatewayError) -> Answer:
        """One by one, as long as the batch call has never worked."""
        single = await self._try_single(task_ids, failure)
        self._forget_batch(failure)
        left = [task_id for task_id in task_ids if task_id not in single.tasks and task_id not in single.missing]
        return _together([single, await self._fetch_each(left, alive=True)])

    def _forget_batch(self, failure: GatewayError) -> None:
        if self._batch is None and isinstance(failure, GatewayMisplaced):  # the other may be a passing fault
            log.info("gateway %s does not know POST /suno/fetch: each task is asked for by itself", self.name)
            self._batch = False

    async def _try_single(self, task_ids: Sequence[str], failure: GatewayError) -> Answer:
        """One that can be had, others each time. That nothing is there is raised only if none is there either."""
        turn = self._turn % len(task_ids)
        for task_id in [*task_ids[turn:], *task_ids[:turn]][:_TRIED]:
            try:
                return (await self._fetch_one(task_id, 1)).answer
            except GatewayError as error:
                failure = error if isinstance(failure, GatewayMisplaced) else failure
        self._turn += _TRIED
        raise failure

    async def _poll_one(self, task_id: str) -> Answer:
        return (await self._fetch_one(task_id, 1)).answer

    async def _fetch_each(self, task_ids: Sequence[str], *, alive: bool = False) -> Answer:
        """All that could be had. Raises an error if that is nothing, and nobody knows that the gateway is `alive`.

        Where others are answered, what is said to be nothing is a task that there is not.
        """
        results = await asyncio.gather(*map(self._poll_one, task_ids), return_exceptions=True)
        said = dict(zip(task_ids, results, strict=True))
        failures = [result for result in results if isinstance(result, BaseException)]
        unforeseen = [failure for failure in failures if not isinstance(failure, GatewayError)]
        if unforeseen or (failures and len(failures) == len(results) and not alive):
            raise min(unforeseen or failures, key=_gravity)
        if failures:
            self.record.excuse()
        gone = tuple(task_id for task_id, result in said.items() if isinstance(result, GatewayMisplaced))
        return _together([*(each for each in results if isinstance(each, Answer)), Answer({}, gone)])

    async def _ask(self, method: Literal["GET", "POST"], path: str, body: Any, read: _Reader, attempts: int) -> _Heard:
        retries = stamina.retry_context(on=_may_pass, attempts=attempts, timeout=_PATIENCE, wait_initial=0.25)
        async for attempt in retries:
            with attempt, self.record.request():
                async with self._queue.turn(urgent=attempts > 1):
                    reply = await self._request(method, path, body)
                answer = completed(await self._read(read, reply), self._base)
                self._found = next(iter(answer.tasks), self._found)
                return _Heard(answer, reply.status)
        raise AssertionError("stamina ends in an answer or an error")

    async def _request(self, method: str, path: str, body: Any) -> Reply:
        reply = await self._exchange.request(method, path, body, patience=_TIMEOUT, most=_MAX_BODY)
        log.debug("%s %s%s: %d, %d bytes", method, self.name, path, reply.status, len(reply.body))
        return reply

    async def _read(self, read: _Reader, reply: Reply) -> Answer:
        """Off the event loop where it may take long."""
        reading = partial(self._read_now, read, reply)
        return await asyncio.to_thread(reading) if len(reply.body) > _BIG else reading()

    def _read_now(self, read: _Reader, reply: Reply) -> Answer:
        """Without the key, which a gateway may repeat, as in a reason that people are told."""
        try:
            return self._secret.clean(read(reply.status, reply.content_type, reply.body))
        except GatewayError as error:
            error.args = (self._secret.strike(str(error)),)
            error.said = self._secret.strike(error.said)
            if isinstance(error, GatewayBusy):
                error.ask_to_wait(reply.retry_after)
            raise


def _may_be_more(task_id: str, heard: _Heard) -> bool:
    """Whether it was answered without a word on the task's state, and the task is not finished."""
    task = heard.answer.tasks.get(task_id)
    if task is None:
        return heard.status < HTTPStatus.MULTIPLE_CHOICES
    return not task.raw_status and task.status is not Status.DONE


def _gravity(failure: BaseException) -> int:
    """What may pass is believed first: of one task alone it would not be said that the gateway is none."""
    return _MAY_BE_OF_ONE.index(type(failure)) if type(failure) in _MAY_BE_OF_ONE else -1


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
