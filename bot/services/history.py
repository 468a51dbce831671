"""What people looked up, so that it can be offered to them again."""

import logging
from collections.abc import Sequence

from bot.domain.recent import Recent
from bot.errors import StorageError
from bot.storage.recents import RecentStore

log = logging.getLogger(__name__)


class History:
    """A database that fails keeps no answer from anybody: it is logged, and nothing is known."""

    def __init__(self, store: RecentStore) -> None:
        self._store = store

    async def keep(self, recent: Recent) -> None:
        try:
            await self._store.keep_recent(recent)
        except StorageError as error:
            log.error("a look-up could not be remembered: %s", error)

    async def gateway_of(self, task_id: str) -> str | None:
        """The gateway that knew the task last."""
        try:
            return (await self._store.known_gateways([task_id])).get(task_id)
        except StorageError as error:
            log.error("it cannot be told which gateway knew the task: %s", error)
            return None

    async def suggestions(self, user_id: int, channel_id: int, typed: str) -> Sequence[Recent]:
        """Tasks whose id or title contains what is typed. Raises StorageError."""
        return await self._store.recent(user_id, channel_id, typed)
