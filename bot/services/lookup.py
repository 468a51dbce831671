"""Looks up one task: which gateway knows it, and what it says."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from msgspec import Struct

from bot.domain.task import Answer, Task
from bot.errors import GatewayError, UnknownTask
from bot.gateways.gateway import Gateway
from bot.gateways.submission import Dialect
from bot.services.task_ids import in_either_form
from bot.shutdown import cancel_and_wait

_MAX_AGE = 5.0  # seconds for which an answer is reused
_MAX_TASKS = 1_000  # tasks
_MAX_BYTES = 8 * 1024 * 1024  # bytes of answers, when serialised

log = logging.getLogger(__name__)


class Found(Struct, frozen=True):
    task: Task
    gateway: str


class _Question(Struct, frozen=True):
    asked_at: float
    answer: asyncio.Task[Found]


class Lookup:
    """Asks the gateways in their order.

    An answer is reused for five seconds, unless newer answers are too large to keep all, and people who ask for the
    same task at once share one request. Failures are not kept.
    """

    def __init__(self, gateways: Sequence[Gateway], *, clock: Callable[[], float]) -> None:
        self._gateways = tuple(gateways)
        self._clock = clock
        self._questions: dict[str, _Question] = {}
        self._sizes: dict[str, int] = {}  # bytes of the answers that are kept, oldest first
        self._size = 0  # of all of them

    async def find(self, task_id: str, *, known_at: str | None = None) -> Found:
        """The gateway named `known_at` is asked first.

        Raises UnknownTask if every gateway answered that it does not know the id, GatewayError if none knows it and at
        least one could not be asked.
        """
        question = self._questions.get(task_id)
        if question is None or self._clock() - question.asked_at >= _MAX_AGE:
            question = self._ask(task_id, known_at)
        # Shielded: a caller that is cancelled must not cancel it for the others.
        return await asyncio.shield(question.answer)

    def failing(self) -> list[tuple[Gateway, GatewayError]]:
        """Gateways whose last answer was not usable, and why."""
        return [(each, each.results.failure) for each in self._gateways if each.results.failure]

    async def dialect(self, gateway: str) -> Dialect:
        """Whose bodies a gateway takes for orders, by how it answers questions."""
        return await next(each for each in self._gateways if each.name == gateway).dialect()

    async def close(self) -> None:
        await cancel_and_wait([question.answer for question in self._questions.values()])

    def _ask(self, task_id: str, known_at: str | None) -> _Question:
        question = _Question(self._clock(), asyncio.create_task(self._ask_all(task_id, known_at)))
        self._drop(task_id)
        self._questions[task_id] = question
        if len(self._questions) > _MAX_TASKS:
            self._drop(next(iter(self._questions)))
        question.answer.add_done_callback(lambda answer: self._answered(task_id, answer))
        return question

    def _answered(self, task_id: str, answer: asyncio.Task[Found]) -> None:
        failed = answer.cancelled() or answer.exception() is not None
        current = self._questions.get(task_id)
        if not current or current.answer is not answer:
            return
        if failed:
            self._drop(task_id)
            return
        self._sizes[task_id] = size = len(msgspec.msgpack.encode(answer.result().task))
        self._size += size
        while self._size > _MAX_BYTES:
            self._drop(next(iter(self._sizes)))

    def _drop(self, task_id: str) -> None:
        self._questions.pop(task_id, None)
        self._size -= self._sizes.pop(task_id, 0)

    async def _ask_all(self, task_id: str, known_at: str | None) -> Found:
        failure: GatewayError | None = None
        # Sorting is stable: the others keep their order.
        for gateway in sorted(self._gateways, key=lambda gateway: gateway.name != known_at):
            try:
                answer = await in_either_form(partial(_fetch_one, gateway), [task_id])
            except GatewayError as error:
                log.warning("gateway %s could not be asked: %s: %s", gateway.name, type(error).__name__, error)
                failure = failure or error
            else:
                if task_id in answer.tasks:
                    return Found(answer.tasks[task_id], gateway.name)
        raise failure or UnknownTask(task_id)


async def _fetch_one(gateway: Gateway, task_ids: Sequence[str]) -> Answer:
    return await gateway.fetch(task_ids[0])
