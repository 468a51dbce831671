"""Resolves ids to tasks: people also know a song's id, and gateways write a UUID with or without hyphens."""

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
_MAX_SONGS = 10_000  # songs that need not be saved again on the same day

log = logging.getLogger(__name__)


class TaskIds:
    """Never raises: without the database, people still get what they ask for."""

    def __init__(self, store: SongStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()  # today
        self._day = 0.0

    async def resolve(self, ids: Collection[str]) -> dict[str, str]:
        """The task id for each id; an id that is not known to mean another task means itself."""
        try:
            known = await self._store.tasks_of(ids) if ids else {}
        except StorageError as error:
            log.error("ids of songs cannot be resolved: %s", error)
            known = {}
        return {each: known.get(each, each) for each in ids}

    async def offered(self, user_id: int, channel_id: int, typed: str) -> Sequence[OfferedSongs]:
        """Tasks with songs that a person may go on from: their own, and what was shown to all in the channel."""
        try:
            return await self._store.offered(user_id, channel_id, typed)
        except StorageError as error:
            log.error("no songs can be offered: %s", error)
            return ()

    async def remember_songs(self, tasks: Iterable[Task]) -> None:
        """Saves the songs of tasks that somebody was shown."""
        if (day := self._clock.now() // _DAY) != self._day:
            self._day = day
            self._seen.clear()
        new = [(clip.id, task.id) for task in tasks for clip in task.clips if (clip.id, task.id) not in self._seen]
        if not new:
            return
        try:
            await self._store.save(dict(new), self._clock.now())
        except StorageError as error:
            log.error("songs could not be saved: %s", error)
            return
        self._seen.update(dict.fromkeys(new))
        while len(self._seen) > _MAX_SONGS:
            self._seen.popitem(last=False)


Fetch = Callable[[Sequence[str]], Awaitable[Answer]]


async def in_either_form(fetch: Fetch, task_ids: Sequence[str]) -> Answer:
    """A gateway's answer for the ids, or for their other forms where it does not know them. Raises GatewayError.

    Tasks are keyed by the requested ids, and keep the gateway's own.
    """
    answer = await fetch(task_ids)
    asked_as = {other: task_id for task_id in answer.missing if (other := other_form(task_id))}
    if not asked_as:
        return answer
    try:
        more = await fetch(list(asked_as))
    except GatewayBroken:  # it accepts no ids of that form
        return answer
    except GatewayError:  # unknown only if both forms are
        if not (answer.tasks or answer.same):
            raise
        left = tuple(each for each in answer.missing if each not in asked_as.values())
        return replace(answer, missing=left)
    found = {asked_as[other]: task for other, task in more.tasks.items()}
    missing = tuple(each for each in answer.missing if each not in found)
    return replace(answer, tasks=answer.tasks | found, missing=missing)
