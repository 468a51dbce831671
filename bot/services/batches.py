"""Many tasks looked up at once, in few requests."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Sequence

from bot.domain.batch import UNANSWERED, UNKNOWN, Entry, entry_of
from bot.domain.task import Answer
from bot.errors import GatewayError, TooManyLists
from bot.gateways.gateway import Gateway
from bot.services.task_ids import TaskIds, in_either_form

MOST = 500  # ids in a list
MOST_AT_ONCE = 3  # lists that are fetched for one person
_SIZE = 100  # in a request: so that people see how far it is

log = logging.getLogger(__name__)


class Batches:
    def __init__(self, gateways: Sequence[Gateway], task_ids: TaskIds) -> None:
        self._gateways = tuple(gateways)
        self._task_ids = task_ids
        self._fetching: Counter[int] = Counter()  # lists, by whom they are for

    async def fetch(self, task_ids: Sequence[str], user_id: int) -> AsyncGenerator[list[Entry], None]:
        """In the order of the ids, a hundred at a time; a gateway that cannot be asked leaves its tasks unanswered.

        Raises TooManyLists for who waits for some already.
        """
        if self._fetching[user_id] >= MOST_AT_ONCE:
            raise TooManyLists(MOST_AT_ONCE)
        self._fetching[user_id] += 1
        try:
            for start in range(0, len(task_ids), _SIZE):
                yield await self._fetch_some(task_ids[start : start + _SIZE])
        finally:
            self._fetching[user_id] -= 1
            self._fetching += Counter()  # without those who wait for none

    async def _fetch_some(self, task_ids: Sequence[str]) -> list[Entry]:
        answers = await asyncio.gather(*(self._ask(gateway, task_ids) for gateway in self._gateways))
        await self._task_ids.saw(task for answer in answers if answer for task in answer.tasks.values())
        entries = {
            task_id: entry_of(task, gateway.name)
            for gateway, answer in reversed(list(zip(self._gateways, answers, strict=True)))
            for task_id, task in (answer.tasks.items() if answer else ())
        }
        # Unknown is what every gateway said that it does not know.
        unknown = frozenset.intersection(*(frozenset(answer.missing if answer else ()) for answer in answers))
        return [
            entries.get(task_id) or Entry(id=task_id, state=UNKNOWN if task_id in unknown else UNANSWERED)
            for task_id in task_ids
        ]

    async def _ask(self, gateway: Gateway, task_ids: Sequence[str]) -> Answer | None:
        try:
            return await in_either_form(gateway.fetch_many, task_ids)
        except GatewayError as error:
            log.warning("gateway %s could not be asked: %s: %s", gateway.name, type(error).__name__, error)
            return None
