"""Watching tasks for people."""

from collections.abc import Callable, Collection, Sequence

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.watch import Watch
from bot.domain.watch_results import AddedWatches, LeftWatches, ListedWatch, OfferedTask, WatchQuery, WatchResult
from bot.services.clock import Clock
from bot.services.task_ids import TaskIds
from bot.storage.stores import Stores


class Wish(Struct, frozen=True, kw_only=True):
    """What a person wants to be watched, and where to; as Watch has it."""

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
    """`watches_per_user`: how many a person may have; `changed` is called when there is a new task to ask for, or a
    message that may go out.
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

    async def add(self, wish: Wish, most_here: int | None = None) -> AddedWatches:
        """A task that is watched there already is told, not doubled, in whatever form its id is given. `most_here`: how
        many a person may have in that server. Raises StorageError.
        """
        meant = await self._task_ids.meant_by([*wish.task_ids, *filter(None, [wish.lyrics_id])])
        task_ids = list(dict.fromkeys(meant[each] for each in wish.task_ids))
        wish = replace(wish, lyrics_id=meant.get(wish.lyrics_id, ""))
        homes = await self._homes([*task_ids, wish.lyrics_id])
        wishes = _watches(wish, task_ids, self._clock.now())
        added = await self._stores.watches.add(wishes, most=self._watches_per_user, most_here=most_here, gateways=homes)
        self._changed()
        return added

    async def open_watch(self, query: WatchQuery) -> Watch | None:
        return await self._stores.watches.open_watch(query)

    async def is_concerned(self, watch_id: int, user_id: int) -> bool:
        """Whether the person began the watch, or joined it."""
        return await self._stores.watches.is_concerned(watch_id, user_id)

    async def leave(self, user_id: int, query: WatchQuery | None = None) -> LeftWatches:
        """One's own open watches, and those that one joined: those that are meant, or all. They go on for others."""
        return await self._stores.watches.leave(user_id, query)

    async def stop(self, query: WatchQuery) -> None:
        """For everybody. Messages that are on their way are still sent."""
        await self._stores.watches.stop(query)

    async def listed(self, query: WatchQuery, *, limit: int, offset: int = 0) -> tuple[int, list[ListedWatch]]:
        """How many are open or could not be posted, and some of them, newest first."""
        return await self._stores.watches.listed(query, limit=limit, offset=offset)

    async def offered(self, user_id: int, typed: str, *, limit: int) -> tuple[int, list[OfferedTask]]:
        """How many tasks the person watches, and the newest of those whose id or title contains what is typed."""
        return await self._stores.watches.offered(user_id, typed, limit=limit)

    async def results(self, watch_ids: Collection[int]) -> list[WatchResult]:
        return await self._stores.results.of(watch_ids)

    async def unblock(self, guild_id: int) -> None:
        """Something about permissions has changed in a server."""
        if await self._stores.outbox.unblock(guild_id, self._clock.now()):
            self._changed()

    def now(self) -> float:
        """Unix seconds, by the clock of what is watched."""
        return self._clock.now()

    async def _homes(self, task_ids: Sequence[str]) -> dict[str, str]:
        """Where tasks are, as far as that is known: with one gateway there is no question."""
        if len(self._gateways) == 1:
            return dict.fromkeys(task_ids, self._gateways[0])
        known = await self._stores.recents.known_gateways(task_ids)
        return {task_id: gateway for task_id, gateway in known.items() if gateway in self._gateways}


def _watches(wish: Wish, task_ids: Sequence[str], now: float) -> list[Watch]:
    return [
        Watch(
            task_id=task_id,
            user_id=wish.user_id,
            channel_id=wish.channel_id,
            guild_id=wish.guild_id,
            mentions=wish.mentions,
            lyrics_id=wish.lyrics_id if wish.lyrics_id != task_id else "",
            live=wish.live,
            locale=wish.locale,
            user_locale=wish.user_locale,
            created_at=now,
        )
        for task_id in task_ids
    ]
