"""Once a day: deletes old data, and ends watches that no gateway answers for. The bot runs for years."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from bot.domain.charts import POSTS_KEPT
from bot.domain.library import SONGS_OF_LEFT_SERVERS
from bot.errors import StorageError
from bot.gateways.gateway import Gateway
from bot.services.clock import Clock
from bot.storage.stores import Stores

_RETENTION = 30 * 86_400.0  # seconds for which sent deliveries are kept
_INTERVAL = 86_400.0  # seconds between two runs

log = logging.getLogger(__name__)


async def prune(stores: Stores, gateways: Sequence[Gateway], clock: Clock, on_new_delivery: Callable[[], None]) -> None:
    """Until cancelled. Unsent deliveries are kept, however old they are.

    Watches end only after at least a day of polling in this run: the bot may have been away for weeks. They do not end
    where only a setting must be corrected.
    """
    while True:
        await _try("forgotten", stores.outbox.forget(clock.now() - _RETENTION))
        await _try("forgotten", stores.songs.forget(clock.now()))
        await _try("forgotten", stores.order_upkeep.forget(clock.now()))
        await _try("forgotten", stores.charts.forget(clock.now() - POSTS_KEPT))
        await _try("forgotten", stores.library.forget_left(clock.now() - SONGS_OF_LEFT_SERVERS))
        await clock.sleep(_INTERVAL)
        refusing = [gateway.name for gateway in gateways if gateway.results.refuses]
        await _try("given up", stores.watches.end_unanswered(clock.now(), spare=refusing))
        on_new_delivery()


async def _try(what: str, doing: Awaitable[None]) -> None:
    try:
        await doing
    except StorageError as error:
        log.error("what is old could not be %s: %s", what, error)
