"""Watching tasks for people."""

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.watch import Watch
from bot.services.clock import Clock
from bot.services.task_ids import TaskIds
from bot.storage.stores import Stores
from bot.storage.watches import Added


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
    """`most`: how many a person may have; `changed` is called when there is something new to look at or to bring."""

    def __init__(
        self,
        stores: Stores,
        task_ids: TaskIds,
        clock: Clock,
        *,
        gateways: Sequence[str],
        most: int,
        changed: Callable[[], None],
    ) -> None:
        self._stores = stores
        self._task_ids = task_ids
        self._clock = clock
        self._gateways = gateways
        self._changed = changed
        self._most = most

    async def add(self, wish: Wish, most_here: int | None = None) -> Added:
        """A task that is watched there already is told, not doubled, in whatever form its id is given. `most_here`: how
        many a person may have in that server. Raises StorageError.
        """
        meant = await self._task_ids.meant_by([*wish.task_ids, *filter(None, [wish.lyrics_id])])
        task_ids = list(dict.fromkeys(meant[each] for each in wish.task_ids))
        wish = replace(wish, lyrics_id=meant.get(wish.lyrics_id, ""))
        homes = await self._homes([*task_ids, wish.lyrics_id])
        wishes = _watches(wish, task_ids, self._clock.now())
        added = await self._stores.watches.add(wishes, most=self._most, most_here=most_here, gateways=homes)
        self._changed()
        return added

    async def unblock(self, guild_id: int) -> None:
        """Something about permissions has changed in a server."""
        if await self._stores.outbox.unblock(guild_id, self._clock.now()):
            self._changed()

    def now(self) -> float:
        """Unix seconds, by the clock of what is watched."""
        return self._clock.now()

    def wake(self) -> None:
        """Something may go that did not."""
        self._changed()

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
