"""Unsent messages for a server's managers: list, retry, drop."""

from collections.abc import Callable

from bot.domain.delivery import State
from bot.domain.outbox import DeliverySummary
from bot.storage.delivery_overview import DeliveryOverview


class Deliveries:
    """`changed` is called when a message may be sent. All methods raise StorageError."""

    def __init__(self, store: DeliveryOverview, changed: Callable[[], None]) -> None:
        self._store = store
        self._changed = changed

    async def of_guild(
        self, guild_id: int, state: State | None, *, limit: int, offset: int
    ) -> tuple[int, list[DeliverySummary]]:
        """The number of deliveries, and one page of them, newest first; without a state, all unsent ones."""
        return await self._store.of_guild(guild_id, state, limit=limit, offset=offset)

    async def retry(self, delivery_id: str, guild_id: int) -> None:
        """Tries again at once, as if it had never failed. Ignores deliveries of other servers."""
        await self._store.retry(delivery_id, guild_id)
        self._changed()

    async def drop(self, delivery_id: str, guild_id: int) -> None:
        """Drops a delivery, so that those behind it may be sent. Ignores deliveries of other servers."""
        await self._store.drop(delivery_id, guild_id)
        self._changed()

    async def mark_seen(self, watch_id: int, user_id: int) -> None:
        """The person has seen what could not be posted."""
        await self._store.mark_seen(watch_id, user_id)
