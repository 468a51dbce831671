"""How long the poller waits before it asks a failing gateway again."""

import logging
import math
from collections.abc import Callable

from bot.errors import GatewayBroken, GatewayBusy, GatewayError, GatewayUnreachable
from bot.services.clock import Clock

_MAX_BACKOFF = 300.0  # seconds: the longest back-off of a gateway that does not answer
_MAX_BACKOFF_BUSY = 10.0  # seconds: the longest of a busy gateway that asks for no time
_MAX_REQUESTED_WAIT = 900.0  # seconds: the longest wait that a gateway may ask for
_TRY_EVERY = 4.0  # seconds between two attempts to see whether a gateway answers again
_EARLY = 0.1  # of a back-off, after which a new task to poll may end it

log = logging.getLogger(__name__)


class Backoff:
    """The back-off of one gateway: longer with each failure, and never shorter than the gateway asked for.

    `interval`: seconds of the first back-off. `until`: its end; `early`: from when on a new task may end it; `try_at`:
    when one task may be polled to see whether the gateway answers again. `on_back` is called when it may be back.
    """

    def __init__(self, gateway: str, clock: Clock, interval: float) -> None:
        self.until = self.early = 0.0
        self.try_at = math.inf
        self.on_back: Callable[[], None] = _nothing
        self._gateway = gateway
        self._clock = clock
        self._interval = interval
        self._failure: GatewayError | None = None  # the last one, if it has not answered since
        self._failures = 0  # in a row
        self._seemed_back = False  # it has answered somebody since; if it fails again, perhaps only batches fail

    @property
    def is_over(self) -> bool:
        return self.until <= self._clock.now()

    @property
    def was_gone(self) -> bool:
        """Whether it may have restarted; a busy gateway has not."""
        return isinstance(self._failure, GatewayUnreachable | GatewayBroken)

    @property
    def may_end(self) -> bool:
        return self.early <= self._clock.now()

    @property
    def may_try(self) -> bool:
        return self.try_at <= self._clock.now()

    def failed(self, failure: GatewayError) -> None:
        if failure is self._failure:
            return
        level = logging.DEBUG if self._failure else logging.WARNING
        log.log(level, "gateway %s fails, polls wait: %s: %s", self._gateway, type(failure).__name__, failure)
        longest = _MAX_BACKOFF_BUSY if isinstance(failure, GatewayBusy) else _MAX_BACKOFF
        now, backoff = self._clock.now(), min(self._interval * 2.0 ** min(self._failures, 10), longest)
        self._failure = failure
        self._failures += 1
        self.until, self.early = now + backoff, now + min(backoff, max(self._interval, backoff * _EARLY))
        self._try_later()
        if isinstance(failure, GatewayBusy) and failure.retry_after:
            self.early = now + min(failure.retry_after, _MAX_REQUESTED_WAIT)
            self.until = max(self.until, self.early)

    def end_early(self) -> None:
        """For a new task to poll."""
        if self.may_end:
            self.until = min(self.until, self._clock.now())

    def trial_failed(self) -> None:
        """The attempt at `try_at` has failed as well."""
        self._try_later()

    def _try_later(self) -> None:
        """Only after a temporary failure: a gateway that refuses the key may take many attempts for an attack."""
        may_pass = self._failure is not None and self._failure.transient and not self._asked_to_wait
        self.try_at = self._clock.now() + _TRY_EVERY if may_pass and not self._seemed_back else math.inf

    def seems_back(self) -> None:
        """Somebody got an answer: ends the back-off, unless the gateway asked for it."""
        if self._failure is None or self._asked_to_wait or self.is_over:
            return
        log.info("gateway %s seems to be back", self._gateway)
        self._seemed_back = True
        self._end()
        self.on_back()

    def answered(self) -> None:
        if self._failure:
            log.info("gateway %s answers again", self._gateway)
        self._failure, self._failures, self._seemed_back = None, 0, False
        self._end()

    def _end(self) -> None:
        self.until, self.early, self.try_at = 0.0, 0.0, math.inf

    @property
    def _asked_to_wait(self) -> bool:
        return isinstance(self._failure, GatewayBusy) and bool(self._failure.retry_after)


def _nothing() -> None:
    pass
