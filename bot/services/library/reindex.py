"""Folds the words of songs anew after an upgrade, in small steps while the bot works."""

import logging

from bot.errors import StorageError
from bot.services.clock import Clock
from bot.services.storage_retry import wait_for_storage
from bot.storage.lines import LineStore

_STEP = 25  # songs in one transaction
_PAUSE = 0.2  # seconds between two steps

log = logging.getLogger(__name__)


async def reindex(store: LineStore, clock: Clock) -> None:
    """Until all are folded; after a restart it continues where it stopped."""
    steps = 0
    while True:
        try:
            if not await store.renew(_STEP):
                break
        except StorageError as error:
            await wait_for_storage(clock, log, error)
            continue
        steps += 1
        await clock.sleep(_PAUSE)
    if steps:
        log.info("the words of the library's songs are folded anew")
