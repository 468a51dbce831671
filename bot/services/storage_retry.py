"""What every worker does if the database fails: it logs the error and waits before the next try."""

import logging

from bot.errors import StorageError
from bot.services.clock import Clock

_RETRY_AFTER = 10.0  # seconds


async def wait_for_storage(clock: Clock, log: logging.Logger, error: StorageError) -> None:
    log.error("the database failed, the next try is in %.0f s: %s", _RETRY_AFTER, error)
    await clock.sleep(_RETRY_AFTER)
