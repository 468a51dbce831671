"""Forgetting what is over: the bot runs for years on a small machine."""

import logging

from bot.errors import StorageError
from bot.services.clock import Clock
from bot.storage.outbox import Outbox

_MEMORY = 30 * 86_400.0  # seconds for which it is remembered what was brought
_REST = 86_400.0  # seconds between two times

log = logging.getLogger(__name__)


async def forget_what_is_old(outbox: Outbox, clock: Clock) -> None:
    """Until cancelled. What is still owed to somebody is kept, however old it is."""
    while True:
        try:
            await outbox.forget(clock.now() - _MEMORY)
        except StorageError as error:
            log.error("old watches could not be forgotten: %s", error)
        await clock.sleep(_REST)
