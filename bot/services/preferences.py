"""The settings of people and servers, and the data kept about a person."""

from collections.abc import Callable, Collection
from typing import Any

from bot.domain.preferences import Erased, PersonSettings, ServerSettings
from bot.services.clock import Clock
from bot.storage.preferences import PreferenceStore


class Preferences:
    """`changed` is called when paused messages may be sent again. All but `person` raise StorageError."""

    def __init__(self, store: PreferenceStore, clock: Clock, changed: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._changed = changed

    def person(self, user_id: int) -> PersonSettings:
        return self._store.person(user_id)

    async def save_person(self, person: PersonSettings) -> None:
        await self._store.save_person(person)

    async def server(self, guild_id: int) -> ServerSettings:
        return await self._store.server(guild_id)

    async def save_server(self, server: ServerSettings) -> None:
        await self._store.save_server(server)
        if not server.paused:
            self._changed()

    async def resume_posts_of_absent(self, present: Collection[int]) -> None:
        """Resumes posts of servers that the bot has left: nobody there could do it."""
        await self._store.unpause_absent(present)
        self._changed()

    async def export(self, user_id: int) -> dict[str, Any]:
        """Everything that is kept about a person, by table."""
        return await self._store.export(user_id)

    async def forget(self, user_id: int) -> Erased:
        """Deletes all of it; messages that waited behind theirs may be sent."""
        erased = await self._store.forget(user_id, self._clock.now())
        self._changed()
        return erased
