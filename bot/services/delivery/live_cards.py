"""Keeps the cards that follow a task's progress up to date."""

import logging
from typing import Protocol

from bot.domain.delivery import CARD_INTERVAL, RECHECK
from bot.domain.discord_errors import Meaning, meaning
from bot.domain.outbox import LiveCard
from bot.errors import PostError, StorageError
from bot.services.clock import Clock
from bot.services.storage_retry import wait_for_storage
from bot.storage.live_cards import LiveCardStore

_INTERVAL = 1.0  # seconds between two queries for due cards
_BATCH = 100  # cards per query

log = logging.getLogger(__name__)


class CardPoster(Protocol):
    """The port through which cards are edited."""

    def digest_of(self, card: LiveCard) -> str:
        """A digest of what the card should show."""
        ...

    async def edit(self, card: LiveCard) -> None:
        """Shows the current content. Raises PostError."""
        ...


class LiveCards:
    def __init__(self, store: LiveCardStore, poster: CardPoster, clock: Clock) -> None:
        self._store = store
        self._poster = poster
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            now = self._clock.now()
            try:
                for card in await self._store.due(now, limit=_BATCH):
                    await self._try_update(card, now)
            except StorageError as error:
                await wait_for_storage(self._clock, log, error)
            await self._clock.sleep(_INTERVAL)

    async def _try_update(self, card: LiveCard, now: float) -> None:
        """Updates one card; a failure does not stop the others."""
        try:
            await self._update(card, now)
        except StorageError:
            raise
        except Exception:
            log.exception("the card of watch %d could not be updated because of an unexpected error", card.watch.id)
            await self._store.shown(card.watch.id, card.shows, now + RECHECK)

    async def _update(self, card: LiveCard, now: float) -> None:
        """Edits the card only if it changed; for the last time when everything is posted."""
        shows = self._poster.digest_of(card)
        is_last = bool(card.watch.outcome) and not card.pending
        try:
            if shows != card.shows:
                await self._poster.edit(card)
        except PostError as failure:
            await self._refused(card, shows, failure, now, is_last=is_last)
        else:
            await self._store.shown(card.watch.id, shows, None if is_last else now + CARD_INTERVAL)

    async def _refused(self, card: LiveCard, shows: str, failure: PostError, now: float, *, is_last: bool) -> None:
        """Content that Discord refused is not shown again; the next change may pass."""
        log.info("the card of watch %d could not be edited: %s: %s", card.watch.id, meaning(failure), failure)
        match meaning(failure):
            case Meaning.LATER:
                due_at = now + max(CARD_INTERVAL, failure.retry_after)
                await self._store.shown(card.watch.id, card.shows, due_at)
            case Meaning.BLOCKED:
                await self._store.shown(card.watch.id, card.shows, now + RECHECK)
            case Meaning.CLOSED | Meaning.RECIPIENT_CLOSED:
                await self._store.shown(card.watch.id, shows, None)
            case _:
                await self._store.shown(card.watch.id, shows, None if is_last else now + CARD_INTERVAL)
