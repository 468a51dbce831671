"""Edits the numbers on star buttons, and which take is chosen: several presses in one edit, and every few seconds at
most per message.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from typing import Protocol

from bot.domain.discord_errors import Meaning, meaning
from bot.domain.library import CountedMessage, TakeStars
from bot.errors import PostError, StorageError
from bot.services.clock import Clock, Wakeup
from bot.services.storage_retry import wait_for_storage
from bot.storage.stars import StarStore

EDIT_INTERVAL = 5.0  # seconds between two edits of a message
_AT_ONCE = 50  # messages that are read from the database together
_RETRY_AFTER = 60.0  # seconds

log = logging.getLogger(__name__)


Counts = Callable[[Collection[str]], Awaitable[Mapping[tuple[str, int], TakeStars]]]
"""What is to be shown of all songs of tasks, each by its task and its number in it."""


class StarPoster(Protocol):
    """The port through which messages are edited."""

    async def show_stars(self, message: CountedMessage, counts: Counts) -> None:
        """Raises PostError."""
        ...


class StarCounts:
    def __init__(self, store: StarStore, poster: StarPoster, clock: Clock, wakeup: Wakeup) -> None:
        self._store = store
        self._poster = poster
        self._clock = clock
        self._wakeup = wakeup
        self._edited: dict[int, float] = {}  # when, by message; those of the last interval

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                waiting = await self._edit_due()
                next_due = await self._store.next_due()
            except StorageError as error:
                await wait_for_storage(self._clock, log, error)
                continue
            if next_due is not None and next_due <= self._clock.now():
                next_due = min(waiting, default=self._clock.now())
            await self._wakeup.wait(next_due)

    async def _edit_due(self) -> list[float]:
        """When those messages may be edited that are due, but were edited just now."""
        now = self._clock.now()
        self._edited = {each: at for each, at in self._edited.items() if at > now - EDIT_INTERVAL}
        waiting = []
        for message in await self._store.due(now, _AT_ONCE):
            edited = self._edited.get(message.message_id)
            if edited is None:
                await self._edit(message)
                self._edited[message.message_id] = now
            else:
                waiting.append(edited + EDIT_INTERVAL)
        return waiting

    async def _edit(self, message: CountedMessage) -> None:
        """Edits one message; whatever happens to it, the others continue."""
        again_at = None
        try:
            await self._poster.show_stars(message, partial(self._store.counts, message.channel_id))
        except StorageError:
            raise
        except PostError as failure:
            log.info("the stars of message %d could not be shown: %s", message.message_id, failure)
            if meaning(failure) is Meaning.LATER:
                again_at = self._clock.now() + max(_RETRY_AFTER, failure.retry_after)
        except Exception:
            log.exception(
                "the stars of message %d could not be shown because of an unexpected error", message.message_id
            )
        await self._store.counted(message, again_at)
