"""A time in which the database cannot be used: what the log says of it, and how often it is tried again."""

import logging
from collections.abc import Callable
from datetime import timedelta

from bot.errors import StorageError

_REMIND = 600.0  # seconds until the log says the same again
_MAX_PAUSE = 10.0  # seconds between two tries: a server that refuses a password logs each

log = logging.getLogger(__name__)


class Outage:
    """`steady`: seconds, of any clock that is never set."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self.end()

    def end(self) -> None:
        self._since = self._said_at = 0.0
        self._said: set[str] = set()

    def note(self, error: StorageError) -> None:
        """Logs each reason once: after the server was started, it may be the password."""
        now = self._steady()
        self._since = self._since or now
        if now - self._said_at > _REMIND:
            self._said.clear()
        if str(error) not in self._said:
            waiting = timedelta(seconds=round(now - self._since))
            log.error("this process waits as a standby%s: %s", f", for {waiting} now" if waiting else "", error)
            self._said.add(str(error))
            self._said_at = now

    def pause(self, shortest: float) -> float:
        """Seconds until the next try: a tenth of what has passed."""
        return min(_MAX_PAUSE, max(shortest, (self._steady() - self._since) / 10))
