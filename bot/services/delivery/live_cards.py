"""Keeps the cards that follow a task's progress."""

import logging
from typing import Protocol

from bot.domain.delivery import RECHECK
from bot.domain.outbox import LiveCard
from bot.domain.post_failures import Meaning, meaning
from bot.errors import PostError, StorageError
from bot.services.clock import Clock
from bot.services.storage_retry import wait_for_storage
from bot.storage.outbox import CARD_REST, Outbox

_LOOK = 1.0  # seconds between two looks for cards that are due
_AT_ONCE = 100  # cards in a look

log = logging.getLogger(__name__)


class CardPoster(Protocol):
    """The port through which cards are edited."""

    def card(self, card: LiveCard) -> str:
        """What it is to show, as a digest."""
        ...

    async def show(self, card: LiveCard) -> None:
        """Raises PostError."""
        ...


class LiveCards:
    def __init__(self, outbox: Outbox, poster: CardPoster, clock: Clock) -> None:
        self._outbox = outbox
        self._poster = poster
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            now = self._clock.now()
            try:
                for card in await self._outbox.cards(now, limit=_AT_ONCE):
                    await self._keep(card, now)
            except StorageError as error:
                await wait_for_storage(self._clock, log, error)
            await self._clock.sleep(_LOOK)

    async def _keep(self, card: LiveCard, now: float) -> None:
        """One card, whatever becomes of it: it holds up no other."""
        try:
            await self._update(card, now)
        except StorageError:
            raise
        except Exception:
            log.exception("the card of watch %d could not be shown, and nobody foresaw how", card.watch.id)
            await self._outbox.card_shows(card.watch.id, card.shows, now + RECHECK)

    async def _update(self, card: LiveCard, now: float) -> None:
        """Edited on change alone; for the last time when all is brought."""
        shows = self._poster.card(card)
        over = bool(card.watch.outcome) and not card.pending
        try:
            if shows != card.shows:
                await self._poster.show(card)
        except PostError as failure:
            await self._refused(card, shows, failure, now, over=over)
        else:
            await self._outbox.card_shows(card.watch.id, shows, None if over else now + CARD_REST)

    async def _refused(self, card: LiveCard, shows: str, failure: PostError, now: float, *, over: bool) -> None:
        """What is refused for its content is not shown again; its next change may pass."""
        log.info("the card of watch %d could not be edited: %s: %s", card.watch.id, meaning(failure), failure)
        match meaning(failure):
            case Meaning.LATER:
                due_at = now + max(CARD_REST, failure.retry_after)
                await self._outbox.card_shows(card.watch.id, card.shows, due_at)
            case Meaning.BLOCKED:
                await self._outbox.card_shows(card.watch.id, card.shows, now + RECHECK)
            case Meaning.CLOSED | Meaning.RECIPIENT_CLOSED:
                await self._outbox.card_shows(card.watch.id, shows, None)
            case _:
                await self._outbox.card_shows(card.watch.id, shows, None if over else now + CARD_REST)
