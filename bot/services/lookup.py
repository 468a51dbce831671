"""Looking one task up: which gateway knows it, and what it says."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct

from bot.domain.task import Answer, Task
from bot.ending import end
from bot.errors import GatewayError, UnknownTask
from bot.gateways.gateway import Gateway
from bot.services.task_ids import in_either_form

_REMEMBERED = 1_000  # tasks

log = logging.getLogger(__name__)


class Found(Struct, frozen=True):
    task: Task
    gateway: str


class _Question(Struct, frozen=True):
    asked_at: float
    answer: asyncio.Task[Found]


class Lookup:
    """Asks the gateways in their order.

    What was asked less than `max_age` seconds ago is not asked again, and people who ask for the same task at once
    share one request. A failure is not remembered.
    """

    def __init__(self, gateways: Sequence[Gateway], *, max_age: float, clock: Callable[[], float]) -> None:
        self._gateways = tuple(gateways)
        self._max_age = max_age
        self._clock = clock
        self._questions: dict[str, _Question] = {}

    async def find(self, task_id: str, *, known_at: str | None = None) -> Found:
        """The gateway named `known_at` is asked first.

        Raises UnknownTask when every gateway said that it does not know the id, GatewayError when nobody knows it but
        somebody could not be asked.
        """
        question = self._questions.get(task_id)
        if question is None or self._clock() - question.asked_at >= self._max_age:
            question = self._ask(task_id, known_at)
        # Shielded: one who goes away must not take the answer from the others.
        return await asyncio.shield(question.answer)

    async def close(self) -> None:
        await end([question.answer for question in self._questions.values()])

    def _ask(self, task_id: str, known_at: str | None) -> _Question:
        question = _Question(self._clock(), asyncio.create_task(self._ask_all(task_id, known_at)))
        self._questions.pop(task_id, None)
        self._questions[task_id] = question
        if len(self._questions) > _REMEMBERED:
            del self._questions[next(iter(self._questions))]
        question.answer.add_done_callback(lambda answer: self._forget_failure(task_id, answer))
        return question

    def _forget_failure(self, task_id: str, answer: asyncio.Task[Found]) -> None:
        failed = answer.cancelled() or answer.exception() is not None
        current = self._questions.get(task_id)
        if failed and current and current.answer is answer:
            del self._questions[task_id]

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
