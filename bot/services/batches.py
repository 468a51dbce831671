"""Looks up many tasks at once, in few requests."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Sequence

from bot.domain.batch import UNANSWERED, UNKNOWN, Batch, BatchEntry, entry_of
from bot.domain.task import Answer
from bot.errors import GatewayError, TooManyLists
from bot.gateways.gateway import Gateway
from bot.services.task_ids import TaskIds, in_either_form
from bot.storage.batches import BatchStore

MAX_IDS = 500  # ids in a list
MAX_AT_ONCE = 3  # lists being fetched for one person
_SIZE = 100  # ids in a request, so that people see progress

log = logging.getLogger(__name__)


class Batches:
    def __init__(self, gateways: Sequence[Gateway], task_ids: TaskIds, store: BatchStore) -> None:
        self._store = store
        self._gateways = tuple(gateways)
        self._task_ids = task_ids
        self._fetching: Counter[int] = Counter()  # lists being fetched, by person

    async def save(self, batch: Batch) -> None:
        """So that its pages and buttons go on working; replaces one of the same id. Raises StorageError."""
        await self._store.save(batch)

    async def get(self, batch_id: str) -> Batch | None:
        """Raises StorageError."""
        return await self._store.get(batch_id)

    async def fetch(self, task_ids: Sequence[str], user_id: int) -> AsyncGenerator[list[BatchEntry], None]:
        """In the order of the ids, a hundred at a time; tasks of a gateway that cannot be asked stay unanswered.

        Raises TooManyLists if the person already waits for several.
        """
        if self._fetching[user_id] >= MAX_AT_ONCE:
            raise TooManyLists(MAX_AT_ONCE)
        self._fetching[user_id] += 1
        try:
            for start in range(0, len(task_ids), _SIZE):
                yield await self._fetch_some(task_ids[start : start + _SIZE])
        finally:
            self._fetching[user_id] -= 1
            self._fetching += Counter()  # removes zero counts

    async def _fetch_some(self, task_ids: Sequence[str]) -> list[BatchEntry]:
        answers = await asyncio.gather(*(self._ask(gateway, task_ids) for gateway in self._gateways))
        by_gateway = zip(self._gateways, answers, strict=True)
        answered = [(gateway, answer) for gateway, answer in by_gateway if isinstance(answer, Answer)]
        await self._task_ids.remember_songs(task for _, answer in answered for task in answer.tasks.values())
        entries = {
            task_id: entry_of(task, gateway.name)
            for gateway, answer in reversed(answered)
            for task_id, task in answer.tasks.items()
        }
        failure = next((answer for answer in answers if isinstance(answer, GatewayError)), None)
        # Unknown: every gateway answered that it does not know the task.
        missing = (frozenset(answer.missing if isinstance(answer, Answer) else ()) for answer in answers)
        unknown = frozenset.intersection(*missing)
        return [
            entries.get(task_id)
            or (BatchEntry(id=task_id, state=UNKNOWN) if task_id in unknown else _unanswered(task_id, failure))
            for task_id in task_ids
        ]

    async def _ask(self, gateway: Gateway, task_ids: Sequence[str]) -> Answer | GatewayError:
        try:
            return await in_either_form(gateway.fetch_many, task_ids)
        except GatewayError as error:
            log.warning("gateway %s could not be asked: %s: %s", gateway.name, type(error).__name__, error)
            return error


def _unanswered(task_id: str, failure: GatewayError | None) -> BatchEntry:
    if failure is None:  # it was left out because it cannot be sent to a gateway
        return BatchEntry(id=task_id, state=UNANSWERED)
    return BatchEntry(id=task_id, state=UNANSWERED, failure=failure.outcome, reason=failure.words)
