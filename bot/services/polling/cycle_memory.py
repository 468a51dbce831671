"""Saves what is known of a gateway's update cycle, so that it survives restarts."""

import logging

import msgspec

from bot.domain.cycle_estimator import UpdateCycleEstimator
from bot.errors import StorageError
from bot.storage.key_values import KeyValueStore

_SAVED_EVERY = 60.0  # seconds, while the cycle becomes more exact

log = logging.getLogger(__name__)


class CycleMemory:
    """For one gateway, by its name."""

    def __init__(self, store: KeyValueStore, name: str) -> None:
        self._store = store
        self._name = name
        self._saved = UpdateCycleEstimator()
        self._saved_at = 0.0

    @property
    def _key(self) -> str:
        return f"beat {self._name}"  # its stored name

    async def recall(self, now: float) -> UpdateCycleEstimator:
        """What the last run learned; empty if that cannot be read."""
        try:
            if text := await self._store.get_value(self._key):
                self._saved = msgspec.json.decode(text, type=UpdateCycleEstimator)
        except (StorageError, msgspec.DecodeError) as error:
            log.warning("the update cycle of gateway %s is learned anew: %s", self._name, error)
        return self._saved.resumed(now)

    async def save(self, estimator: UpdateCycleEstimator, now: float) -> None:
        """Saves when the cycle is found or lost, and once a minute while it becomes more exact. Raises StorageError."""
        lasting = estimator.lasting
        found_or_lost = (lasting.cycle is None) != (self._saved.cycle is None)
        if lasting != self._saved and (found_or_lost or now - self._saved_at >= _SAVED_EVERY):
            self._saved, self._saved_at = lasting, now
            await self._store.set_value(self._key, msgspec.json.encode(lasting).decode())
