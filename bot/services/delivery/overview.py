"""Messages that are not sent yet, or could not be: to be seen, tried again and given up by people."""

from collections.abc import Callable

from bot.domain.delivery import State
from bot.domain.outbox import DeliverySummary
from bot.storage.outbox import Outbox


class Deliveries:
    """`changed` is called when a message may go out. All methods raise StorageError."""

    def __init__(self, outbox: Outbox, changed: Callable[[], None]) -> None:
        self._outbox = outbox
        self._changed = changed

    async def of_guild(
        self, guild_id: int, state: State | None, *, limit: int, offset: int
    ) -> tuple[int, list[DeliverySummary]]:
        """How many there are, and some of them, newest first; without a state those that are not sent."""
        return await self._outbox.shown_in(guild_id, state, limit=limit, offset=offset)

    async def retry(self, delivery_id: str, guild_id: int) -> None:
        """At once, as if it had never failed. One of another server is left alone."""
        await self._outbox.retry(delivery_id, guild_id)
        self._changed()

    async def drop(self, delivery_id: str, guild_id: int) -> None:
        """What waits behind it may go. One of another server is left alone."""
        await self._outbox.drop(delivery_id, guild_id)
        self._changed()

    async def mark_seen(self, watch_id: int, user_id: int) -> None:
        """The person has seen what could not be posted."""
        await self._outbox.shown(watch_id, user_id)
