"""Which task an id means: people also know a song's id, and gateways write a UUID with dashes or without."""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

from msgspec.structs import replace

from bot.domain.id_forms import other_form
from bot.domain.task import Answer, Task
from bot.errors import GatewayBroken, GatewayError, StorageError
from bot.services.clock import Clock
from bot.storage.songs import OfferedSongs, SongStore

_DAY = 86_400.0  # seconds
_REMEMBERED = 10_000  # songs that need not be stored again on the same day

log = logging.getLogger(__name__)


class TaskIds:
    """Never raises: that nothing is known must not keep people from what they ask for."""

    def __init__(self, store: SongStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()  # today
        self._day = 0.0

    async def meant_by(self, ids: Collection[str]) -> dict[str, str]:
        """Each id, or that of the task which it means. What is not known to mean another one means itself."""
        try:
            known = await self._store.tasks_of(ids) if ids else {}
        except StorageError as error:
            log.error("it cannot be told which tasks are meant: %s", error)
            known = {}
        return {each: known.get(each, each) for each in ids}

    async def offered(self, user_id: int, channel_id: int, typed: str) -> Sequence[OfferedSongs]:
        """Tasks with songs that a person may go on from: their own, and what was shown to all in the channel."""
        try:
            return await self._store.offered(user_id, channel_id, typed)
        except StorageError as error:
            log.error("no songs can be offered: %s", error)
            return ()

    async def saw(self, tasks: Iterable[Task]) -> None:
        """Songs of tasks that somebody was shown."""
        if (day := self._clock.now() // _DAY) != self._day:
            self._day = day
            self._seen.clear()
        new = [(clip.id, task.id) for task in tasks for clip in task.clips if (clip.id, task.id) not in self._seen]
        if not new:
            return
        try:
            await self._store.keep(dict(new), self._clock.now())
        except StorageError as error:
            log.error("songs could not be remembered: %s", error)
            return
        self._seen.update(dict.fromkeys(new))
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)


Fetch = Callable[[Sequence[str]], Awaitable[Answer]]


async def in_either_form(fetch: Fetch, task_ids: Sequence[str]) -> Answer:
    """What a gateway says of the ids, or of their other forms where it does not know them. Raises GatewayError.

    Tasks stand under the ids that were asked for, and have the gateway's own.
    """
    answer = await fetch(task_ids)
    asked_as = {other: task_id for task_id in answer.missing if (other := other_form(task_id))}
    if not asked_as:
        return answer
    try:
        more = await fetch(list(asked_as))
    except GatewayBroken:  # it takes no ids of that form
        return answer
    except GatewayError:  # unknown is only what was said of both
        if not (answer.tasks or answer.same):
            raise
        left = tuple(each for each in answer.missing if each not in asked_as.values())
        return replace(answer, missing=left)
    found = {asked_as[other]: task for other, task in more.tasks.items()}
    missing = tuple(each for each in answer.missing if each not in found)
    return replace(answer, tasks=answer.tasks | found, missing=missing)
