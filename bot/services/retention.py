"""Once a day: what is over is forgotten, and what nobody answers for is given up. The bot runs for years."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from bot.errors import StorageError
from bot.gateways.gateway import Gateway
from bot.services.clock import Clock
from bot.storage.stores import Stores

_MEMORY = 30 * 86_400.0  # seconds for which it is remembered what was brought
_REST = 86_400.0  # seconds between two times

log = logging.getLogger(__name__)


async def prune(stores: Stores, gateways: Sequence[Gateway], clock: Clock, on_new_delivery: Callable[[], None]) -> None:
    """Until cancelled. What is still owed to somebody is kept, however old it is.

    Given up is only what was asked for at least a day: the bot may have been away for weeks. Nothing is where only a
    setting has to be put right.
    """
    while True:
        await _try("forgotten", stores.outbox.forget(clock.now() - _MEMORY))
        await _try("forgotten", stores.songs.forget(clock.now()))
        await _try("forgotten", stores.order_upkeep.forget(clock.now()))
        await clock.sleep(_REST)
        refusing = [gateway.name for gateway in gateways if gateway.record.refuses]
        await _try("given up", stores.watches.end_unanswered(clock.now(), spare=refusing))
        on_new_delivery()


async def _try(what: str, doing: Awaitable[None]) -> None:
    try:
        await doing
    except StorageError as error:
        log.error("what is old could not be %s: %s", what, error)
