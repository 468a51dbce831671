"""Watching tasks for people."""

from collections.abc import Callable, Collection, Sequence

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.watch import Watch
from bot.domain.watch_results import AddedWatches, LeftWatches, ListedWatch, OfferedTask, WatchQuery, WatchResult
from bot.services.clock import Clock
from bot.services.task_ids import TaskIds
from bot.storage.stores import Stores


class WatchRequest(Struct, frozen=True, kw_only=True):
    """The tasks that a person wants to watch, and the options of these watches, as in Watch."""

    task_ids: Sequence[str]
    user_id: int
    channel_id: int
    guild_id: int | None = None
    mentions: tuple[str, ...] = ()
    lyrics_id: str = ""
    live: bool = False
    locale: str = "en-US"
    user_locale: str = "en-US"


class Watches:
    """`watches_per_user`: the limit per person; `changed` is called when there is a new task to poll, or a message that
    may be sent.
    """

    def __init__(
        self,
        stores: Stores,
        task_ids: TaskIds,
        clock: Clock,
        *,
        gateways: Sequence[str],
        watches_per_user: int,
        changed: Callable[[], None],
    ) -> None:
        self._stores = stores
        self._task_ids = task_ids
        self._clock = clock
        self._gateways = gateways
        self._changed = changed
        self._watches_per_user = watches_per_user

    async def add(self, request: WatchRequest, most_here: int | None = None) -> AddedWatches:
        """Tasks that are already watched in the channel are reported, not added again, whatever form of the id is
        given.

        `most_here`: the limit per person in that server. Raises StorageError.
        """
        resolved = await self._task_ids.resolve([*request.task_ids, *filter(None, [request.lyrics_id])])
        task_ids = list(dict.fromkeys(resolved[each] for each in request.task_ids))
        request = replace(request, lyrics_id=resolved.get(request.lyrics_id, ""))
        gateways = await self._known_gateways([*task_ids, request.lyrics_id])
        watches = _watches(request, task_ids, self._clock.now())
        added = await self._stores.watches.add(
            watches, most=self._watches_per_user, most_here=most_here, gateways=gateways
        )
        self._changed()
        return added

    async def open_watch(self, query: WatchQuery) -> Watch | None:
        return await self._stores.watches.open_watch(query)

    async def is_concerned(self, watch_id: int, user_id: int) -> bool:
        """Whether the person started the watch or joined it."""
        return await self._stores.watches.is_concerned(watch_id, user_id)

    async def leave(self, user_id: int, query: WatchQuery | None = None) -> LeftWatches:
        """Leaves the person's own and joined open watches: the matching ones, or all. They go on for others."""
        return await self._stores.watches.leave(user_id, query)

    async def stop(self, query: WatchQuery) -> None:
        """For everybody. Messages that are already due are still sent."""
        await self._stores.watches.stop(query)

    async def listed(self, query: WatchQuery, *, limit: int, offset: int = 0) -> tuple[int, list[ListedWatch]]:
        """The number of watches that are open or could not be posted, and one page of them, newest first."""
        return await self._stores.watches.listed(query, limit=limit, offset=offset)

    async def offered(self, user_id: int, typed: str, *, limit: int) -> tuple[int, list[OfferedTask]]:
        """The number of tasks that the person watches, and the newest whose id or title contains the typed text."""
        return await self._stores.watches.offered(user_id, typed, limit=limit)

    async def results(self, watch_ids: Collection[int]) -> list[WatchResult]:
        return await self._stores.results.of(watch_ids)

    async def unblock(self, guild_id: int) -> None:
        """Permissions in a server have changed."""
        if await self._stores.outbox.unblock(guild_id, self._clock.now()):
            self._changed()

    def now(self) -> float:
        """Unix seconds, by the watches' clock."""
        return self._clock.now()

    async def _known_gateways(self, task_ids: Sequence[str]) -> dict[str, str]:
        """The gateways of tasks, where they are known; with one gateway they always are."""
        if len(self._gateways) == 1:
            return dict.fromkeys(task_ids, self._gateways[0])
        known = await self._stores.recents.known_gateways(task_ids)
        return {task_id: gateway for task_id, gateway in known.items() if gateway in self._gateways}


def _watches(request: WatchRequest, task_ids: Sequence[str], now: float) -> list[Watch]:
    return [
        Watch(
            task_id=task_id,
            user_id=request.user_id,
            channel_id=request.channel_id,
            guild_id=request.guild_id,
            mentions=request.mentions,
            lyrics_id=request.lyrics_id if request.lyrics_id != task_id else "",
            live=request.live,
            locale=request.locale,
            user_locale=request.user_locale,
            created_at=now,
        )
        for task_id in task_ids
    ]
