"""People's lookups, kept so that they can be offered again."""

import logging
from collections.abc import Sequence

from bot.domain.recent import Recent
from bot.errors import StorageError
from bot.storage.recents import RecentStore

log = logging.getLogger(__name__)


class History:
    """A failing database is logged and treated as empty: nobody misses an answer because of it."""

    def __init__(self, store: RecentStore) -> None:
        self._store = store

    async def save(self, recent: Recent) -> None:
        try:
            await self._store.save_recent(recent)
        except StorageError as error:
            log.error("a lookup could not be saved: %s", error)

    async def gateway_of(self, task_id: str) -> str | None:
        """The gateway that knew the task last."""
        try:
            return (await self._store.known_gateways([task_id])).get(task_id)
        except StorageError as error:
            log.error("the gateway that knew the task cannot be read: %s", error)
            return None

    async def suggestions(self, user_id: int, channel_id: int, typed: str) -> Sequence[Recent]:
        """Tasks whose id or title contains the typed text. Raises StorageError."""
        return await self._store.recent(user_id, channel_id, typed)
