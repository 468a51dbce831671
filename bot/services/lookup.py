"""Looks up one task: which gateway knows it, and what it says."""

import logging
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from msgspec import Struct

from bot.domain.task import Answer, Task
from bot.errors import GatewayError, UnknownTask
from bot.gateways.gateway import Gateway
from bot.gateways.submission import Dialect
from bot.services.shared_answers import SharedAnswers
from bot.services.task_ids import in_either_form

_MAX_AGE = 5.0  # seconds for which an answer is reused
_MAX_TASKS = 1_000  # tasks
_MAX_BYTES = 8 * 1024 * 1024  # bytes of answers, when serialised

log = logging.getLogger(__name__)


class Found(Struct, frozen=True):
    task: Task
    gateway: str


class Lookup:
    """Asks the gateways in their order.

    An answer is reused for five seconds, unless newer answers are too large to keep all, and people who ask for the
    same task at once share one request. Failures are not kept.
    """

    def __init__(self, gateways: Sequence[Gateway], *, clock: Callable[[], float]) -> None:
        self._gateways = tuple(gateways)
        self._answers = SharedAnswers[str, Found](
            clock, max_age=_MAX_AGE, max_items=_MAX_TASKS, size=_size, max_bytes=_MAX_BYTES
        )

    async def find(self, task_id: str, *, known_at: str | None = None) -> Found:
        """The gateway named `known_at` is asked first.

        Raises UnknownTask if every gateway answered that it does not know the id, GatewayError if none knows it and at
        least one could not be asked.
        """
        return await self._answers.get(task_id, partial(self._ask_all, task_id, known_at))

    def failing(self) -> list[tuple[Gateway, GatewayError]]:
        """Gateways whose last answer was not usable, and why."""
        return [(each, each.results.failure) for each in self._gateways if each.results.failure]

    async def dialect(self, gateway: str) -> Dialect:
        """Whose bodies a gateway takes for orders, by how it answers questions."""
        return await next(each for each in self._gateways if each.name == gateway).dialect()

    async def close(self) -> None:
        await self._answers.close()

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


def _size(found: Found) -> int:
    return len(msgspec.msgpack.encode(found.task))


async def _fetch_one(gateway: Gateway, task_ids: Sequence[str]) -> Answer:
    return await gateway.fetch(task_ids[0])
