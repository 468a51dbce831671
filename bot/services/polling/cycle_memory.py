"""Saves what is known of a gateway's update cycle, over restarts."""

import logging

import msgspec

from bot.domain.cycle_estimator import UpdateCycleEstimator
from bot.errors import StorageError
from bot.storage.key_values import KeyValueStore

_KEPT_EVERY = 60.0  # seconds, while it becomes more exact

log = logging.getLogger(__name__)


class CycleMemory:
    """For one gateway, by its name."""

    def __init__(self, store: KeyValueStore, name: str) -> None:
        self._store = store
        self._name = name
        self._kept = UpdateCycleEstimator()
        self._kept_at = 0.0

    @property
    def _key(self) -> str:
        return f"beat {self._name}"

    async def recall(self, now: float) -> UpdateCycleEstimator:
        """What the last run learned; empty if that cannot be read."""
        try:
            if text := await self._store.get_value(self._key):
                self._kept = msgspec.json.decode(text, type=UpdateCycleEstimator)
        except (StorageError, msgspec.DecodeError) as error:
            log.warning("the update cycle of gateway %s is learned anew: %s", self._name, error)
        return self._kept.resumed(now)

    async def keep(self, estimator: UpdateCycleEstimator, now: float) -> None:
        """Saves when the cycle is found or lost, and now and then when it is known better. Raises StorageError."""
        lasting = estimator.lasting
        found_or_lost = (lasting.cycle is None) != (self._kept.cycle is None)
        if lasting != self._kept and (found_or_lost or now - self._kept_at >= _KEPT_EVERY):
            self._kept, self._kept_at = lasting, now
            await self._store.set_value(self._key, msgspec.json.encode(lasting).decode())
