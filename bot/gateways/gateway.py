"""One gateway over HTTP: which requests to make, and what to do if it answers unexpectedly.

One file, because the fallbacks (single path, batch, other path) use each other and share what is known of the gateway.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
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
from bot.gateways.account import USAGE_PATH, KeyUsage, read_usage
from bot.gateways.addresses import completed
from bot.gateways.batch import decode_batch
from bot.gateways.decode import decode
from bot.gateways.fair_queue import FairQueue
from bot.gateways.http_client import HttpClient, Response
from bot.gateways.poison_ids import MAY_BE_OF_ONE, Ask, PoisonIds
from bot.gateways.request_results import RequestResults
from bot.gateways.submission import Dialect

_TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=5)
_MAX_BODY = 16 * 1024 * 1024  # bytes, decompressed: five times what 500 tasks take
_BIG = 100_000  # bytes; larger answers are parsed off the event loop
_SINGLE, _GOAMZ_SINGLE = "/suno/fetch/", "/suno/v1/music/"
BATCH_SIZES = (1, 10, 100, 500)  # padded with ids that it already has: gateways then see few sizes
_ROUNDS = 3  # single requests in a batch, per concurrent request: one that hangs delays the others by three time-outs
_ATTEMPTS = 3
_TRIES = 3  # single tasks, to see whether the gateway answers: one may be broken by itself
_RETRY_TIMEOUT = 20.0  # seconds, for all attempts together
_MAX_WAIT = 10.0  # seconds that a gateway may ask us to wait while a person waits for the answer
_NONEXISTENT = "00000000-0000-4000-8000-00000000a5ed"  # to see how the gateway answers for a task that does not exist
# Paths that people copy along with an address: calls for songs, for chats, and for the account.
_CALLS = re.compile(
    r"(/suno(/v\d+)?(/(fetch|music|submit)(/.*)?)?"
    r"|/v\d+(/(chat/completions|completions|responses|messages|models|embeddings|(images|audio)/.+))?"
    r"|/api/(usage/token|user/self|status|pricing))/*$",
    re.IGNORECASE,
)

log = logging.getLogger(__name__)


def normalise_base_url(text: str) -> str:
    """The part before `/suno/fetch`. Raises ValueError with a sentence for the operator."""
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("this is not an address; type something like https://gateway.example.com") from None
    if parts.scheme.lower() not in ("http", "https") or not host or re.search(r"[\s\\]", host):
        raise ValueError("type the whole address, as in https://gateway.example.com")
    if parts.username or parts.password:
        raise ValueError("a key does not belong in the address; there is a setting of its own for it")
    path = parts.path.rstrip("/")
    while (shorter := _CALLS.sub("", path).rstrip("/")) != path:
        path = shorter
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme.lower()}://{shown}{f':{port}' if port else ''}{path}"


_Reader = Callable[[int, str, bytes], Answer]  # takes an HTTP status, a content type and a body


class _Result(NamedTuple):
    answer: Answer
    status: int  # of HTTP


class Gateway:
    """Raises GatewayError and nothing else. `requests_at_once`: the number of concurrent requests.

    `requests_per_second`: how many may start per second.
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
        self.results = RequestResults()
        self._at_once = max(1, requests_at_once - 1)  # for the poller: one is reserved for people's requests
        self._queue = FairQueue(requests_at_once, requests_per_second)
        self._base = base_url
        self._http = HttpClient(base_url, key, session)
        self._single = _SINGLE
        self._poison_ids = PoisonIds()
        self._has_batch: bool | None = None  # whether it knows `POST /suno/fetch`; None: not known yet
        self._found = ""  # the id of the last task that it returned
        self._turn = 0

    @property
    def batch_size(self) -> int:
        """How many tasks the poller may ask for together; without batches, only as many as are answered soon."""
        return BATCH_SIZES[-1] if self._has_batch else _ROUNDS * self._at_once

    @property
    def batches_at_once(self) -> int:
        return self._at_once if self._has_batch else 1

    async def fetch(self, task_id: str) -> Answer:
        """GET /suno/fetch/{task_id}, or GoAmz's call instead. A person waits: temporary failures are retried a few
        times.
        """
        try:
            result = await self._fetch_one(task_id, _ATTEMPTS)
        except GatewayMisplaced:
            # Some gateways answer like this for an unknown task; then they still answer for others.
            if self._found in ("", task_id) or not await self._answers_for(self._found):
                raise
            return Answer({}, (task_id,))
        if self._has_batch is False or not _may_be_more(task_id, result):
            return result.answer
        return await self._fetch_more(task_id, result.answer)

    async def dialect(self) -> Dialect:
        """Whose bodies it takes for orders, by where it takes questions: asks for a made-up task unless it answered
        before.
        """
        if not self._found:
            with suppress(GatewayError):
                await self._fetch_one(_NONEXISTENT, 1)
        return Dialect.GOAMZ if self._single == _GOAMZ_SINGLE else Dialect.RIX

    async def usage(self) -> KeyUsage | None:
        """The usage of its key; None if the gateway does not tell."""
        try:
            async with self._queue.turn():
                response = await self._request("GET", USAGE_PATH, None)
        except GatewayError:
            return None
        usage = read_usage(response.status, response.content_type, response.body)
        return usage and replace(usage, models=usage.models and tuple(map(self._http.secret.redact, usage.models)))

    async def _fetch_one(self, task_id: str, attempts: int) -> _Result:
        if task_id in ("", ".", ".."):
            raise ValueError("an id that would change the path")
        try:
            return await self._fetch_at(self._single, task_id, attempts)
        except GatewayMisplaced as nothing_there:
            other = _GOAMZ_SINGLE if self._single == _SINGLE else _SINGLE
            try:
                result = await self._fetch_at(other, task_id, attempts)
            except GatewayMisplaced as other_failure:
                # A router answers the same at both paths: if one answer differs, that path is served.
                if nothing_there.may_be_task != other_failure.may_be_task:
                    return _Result(Answer({}, (task_id,)), HTTPStatus.NOT_FOUND)
                raise nothing_there from None
            self._single = other
            return result

    async def _fetch_at(self, path: str, task_id: str, attempts: int) -> _Result:
        return await self._ask("GET", f"{path}{quote(task_id, safe='')}", None, partial(decode, [task_id]), attempts)

    async def _fetch_more(self, task_id: str, single: Answer) -> Answer:
        """Suno-API's single answer may be null, or only clips: its batch call has the status."""
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
        """POST /suno/fetch: up to 500 in one request, without retries; one by one if the gateway does not know it.

        A task that the gateway cannot serialise, or for which alone it refuses, is left out of the answer, because it
        would fail the whole batch. A failure for one id alone is no proof that the address or the key is wrong.
        `known`: task ids by the digest of an answer that need only be reported as repeated.
        """
        try:
            return await self._fetch_all(task_ids, known)
        except (GatewayMisplaced, GatewayRefused) as failure:
            if not await self._answers_for_another(task_ids):
                raise
            self.results.clear_failure()
            log.info("gateway %s answers, but not for %d tasks: %s", self.name, len(task_ids), failure)
            return Answer({}, tuple(dict.fromkeys(task_ids)) if isinstance(failure, GatewayMisplaced) else ())

    async def _fetch_all(self, task_ids: Sequence[str], known: Mapping[bytes, str]) -> Answer:
        if self._has_batch is False:
            return await self._fetch_each(task_ids)
        together, poison_ids = self._poison_ids.split(task_ids)
        ask = partial(self._fetch_batch, known=known)
        answers = [self._fetch_together(together, ask)] if together else []
        answers += [self._poison_ids.ask_alone(task_id, ask) for task_id in poison_ids]
        return _merged(await asyncio.gather(*answers))

    async def _answers_for_another(self, task_ids: Sequence[str]) -> bool:
        """Tests with a task that it returned before; after a failure for a single id, else with an id that does not
        exist.
        """
        if self._found and self._found not in task_ids:
            return await self._answers_for(self._found)
        return len(set(task_ids)) == 1 and await self._answers_for(_NONEXISTENT)

    async def _answers_for(self, task_id: str) -> bool:
        try:
            await (self._fetch_batch([task_id], {}) if self._has_batch else self._poll_one(task_id))
        except GatewayError:
            return False
        return True

    async def _fetch_together(self, task_ids: Sequence[str], ask: Ask) -> Answer:
        try:
            return await ask(task_ids)
        except (GatewayMisplaced, GatewayBroken) as failure:
            if self._has_batch is None:
                return await self._do_without_batch(task_ids, failure)
            if isinstance(failure, GatewayBroken) and (answers := await self._poison_ids.find(task_ids, ask)):
                return _merged(answers)
            raise

    async def _fetch_batch(self, task_ids: Sequence[str], known: Mapping[bytes, str]) -> Answer:
        size = next(size for size in BATCH_SIZES if size >= len(task_ids))
        filled = [*task_ids, *[task_ids[0]] * (size - len(task_ids))]
        answer, status = await self._ask(
            "POST", "/suno/fetch", {"ids": filled}, partial(decode_batch, task_ids, known=known), 1
        )
        self._has_batch = self._has_batch or status < HTTPStatus.MULTIPLE_CHOICES or None
        return answer

    async def _do_without_batch(self, task_ids: Sequence[str], failure: GatewayError) -> Answer:
        """One by one, as long as the batch call has never worked."""
        single = await self._try_single(task_ids, failure)
        self._forget_batch(failure)
        left = [task_id for task_id in task_ids if task_id not in single.tasks and task_id not in single.missing]
        return _merged([single, await self._fetch_each(left, alive=True)])

    def _forget_batch(self, failure: GatewayError) -> None:
        if self._has_batch is None and isinstance(failure, GatewayMisplaced):  # other failures may be temporary
            log.info("gateway %s does not know POST /suno/fetch: tasks are fetched one by one", self.name)
            self._has_batch = False

    async def _try_single(self, task_ids: Sequence[str], failure: GatewayError) -> Answer:
        """One task that can be fetched, starting at another one each time. Raises GatewayMisplaced only if all do."""
        turn = self._turn % len(task_ids)
        for task_id in [*task_ids[turn:], *task_ids[:turn]][:_TRIES]:
            try:
                return (await self._fetch_one(task_id, 1)).answer
            except GatewayError as error:
                failure = error if isinstance(failure, GatewayMisplaced) else failure
        self._turn += _TRIES
        raise failure

    async def _poll_one(self, task_id: str) -> Answer:
        return (await self._fetch_one(task_id, 1)).answer

    async def _fetch_each(self, task_ids: Sequence[str], *, alive: bool = False) -> Answer:
        """All tasks that can be fetched. Raises an error if there are none, unless the gateway is known to be `alive`.

        If other tasks are answered, GatewayMisplaced means that the task does not exist.
        """
        results = await asyncio.gather(*map(self._poll_one, task_ids), return_exceptions=True)
        said = dict(zip(task_ids, results, strict=True))
        failures = [result for result in results if isinstance(result, BaseException)]
        unexpected = [failure for failure in failures if not isinstance(failure, GatewayError)]
        if unexpected or (failures and len(failures) == len(results) and not alive):
            raise min(unexpected or failures, key=_precedence)
        if failures:
            self.results.clear_failure()
        gone = tuple(task_id for task_id, result in said.items() if isinstance(result, GatewayMisplaced))
        return _merged([*(each for each in results if isinstance(each, Answer)), Answer({}, gone)])

    async def _ask(self, method: Literal["GET", "POST"], path: str, body: Any, read: _Reader, attempts: int) -> _Result:
        retries = stamina.retry_context(on=_should_retry, attempts=attempts, timeout=_RETRY_TIMEOUT, wait_initial=0.25)
        async for attempt in retries:
            with attempt, self.results.request():
                async with self._queue.turn(urgent=attempts > 1):
                    response = await self._request(method, path, body)
                answer = completed(await self._read(read, response), self._base)
                self._found = next(iter(answer.tasks), self._found)
                return _Result(answer, response.status)
        raise AssertionError("stamina returns an answer or raises")

    async def _request(self, method: str, path: str, body: Any) -> Response:
        response = await self._http.request(method, path, body, time_limits=_TIMEOUT, max_size=_MAX_BODY)
        log.debug("%s %s%s: %d, %d bytes", method, self.name, path, response.status, len(response.body))
        return response

    async def _read(self, read: _Reader, response: Response) -> Answer:
        """Off the event loop if it may take long."""
        reading = partial(self._read_now, read, response)
        return await asyncio.to_thread(reading) if len(response.body) > _BIG else reading()

    def _read_now(self, read: _Reader, response: Response) -> Answer:
        """Without the key, which a gateway may repeat in a text that people read, such as a reason."""
        with self._http.reading(response):
            return self._http.secret.clean(read(response.status, response.content_type, response.body))


def _may_be_more(task_id: str, result: _Result) -> bool:
    """Whether the answer has no status of the task, and the task is not finished."""
    task = result.answer.tasks.get(task_id)
    if task is None:
        return result.status < HTTPStatus.MULTIPLE_CHOICES
    return not task.raw_status and task.status is not Status.DONE


def _precedence(failure: BaseException) -> int:
    """Temporary failures first: for a single task, a gateway would not answer like that."""
    return MAY_BE_OF_ONE.index(type(failure)) if type(failure) in MAY_BE_OF_ONE else -1


def _merged(answers: Sequence[Answer]) -> Answer:
    tasks = {task_id: task for answer in answers for task_id, task in answer.tasks.items()}
    missing = tuple(task_id for answer in answers for task_id in answer.missing)
    same = frozenset(task_id for answer in answers for task_id in answer.same)
    digests = {task_id: digest for answer in answers for task_id, digest in answer.digests.items()}
    return Answer(tasks, missing, same, digests)


def _should_retry(error: Exception) -> bool | float:
    """Whether to retry, or when. Never after a 4xx: the same request gets the same answer."""
    if isinstance(error, GatewayBusy) and error.retry_after is not None:
        return max(error.retry_after, 0.1) if error.retry_after <= _MAX_WAIT else False
    return isinstance(error, GatewayError) and error.transient
