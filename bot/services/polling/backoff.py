"""How long a gateway that fails is left alone."""

import logging
import math
from collections.abc import Callable

from bot.errors import GatewayBroken, GatewayBusy, GatewayError, GatewayUnreachable
from bot.services.clock import Clock

_LONGEST = 300.0  # seconds for which a gateway that does not answer is left alone
_LONGEST_BUSY = 10.0  # seconds for which one is left alone that is busy and does not say for how long
_LONGEST_ASKED_FOR = 900.0  # seconds for which it is left alone because it asked for that
_TRY_EVERY = 4.0  # seconds between two tries whether a gateway that did not answer is back
_EARLY = 0.1  # of a back-off, after which something new to ask for is reason enough to end it

log = logging.getLogger(__name__)


class Backoff:
    """Of a gateway: it is left alone ever longer while it fails, and never shorter than it asked for.

    `interval`: seconds of the first rest. `until`: when it is over; `early`: when it is for what is new; `try_at`: when
    one task may be asked for, to see whether it is back.
    """

    def __init__(self, gateway: str, clock: Clock, interval: float) -> None:
        self.until = self.early = 0.0
        self.try_at = math.inf
        self.when_back: Callable[[], None] = _nothing
        self._gateway = gateway
        self._clock = clock
        self._interval = interval
        self._failure: GatewayError | None = None  # the last, if it has not answered since
        self._failures = 0  # in a row
        self._seemed_back = False  # and failed again: what is asked for together may be what it fails at

    @property
    def over(self) -> bool:
        return self.until <= self._clock.now()

    @property
    def was_gone(self) -> bool:
        """It may have started anew; who is busy has not."""
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
        log.log(level, "gateway %s is left alone: %s: %s", self._gateway, type(failure).__name__, failure)
        longest = _LONGEST_BUSY if isinstance(failure, GatewayBusy) else _LONGEST
        now, backoff = self._clock.now(), min(self._interval * 2.0 ** min(self._failures, 10), longest)
        self._failure = failure
        self._failures += 1
        self.until, self.early = now + backoff, now + min(backoff, max(self._interval, backoff * _EARLY))
        self._try_later()
        if isinstance(failure, GatewayBusy) and failure.retry_after:
            self.early = now + min(failure.retry_after, _LONGEST_ASKED_FOR)
            self.until = max(self.until, self.early)

    def end_early(self) -> None:
        """There is something new to ask for."""
        if self.may_end:
            self.until = min(self.until, self._clock.now())

    def not_yet(self) -> None:
        """What was tried has failed as well."""
        self._try_later()

    def _try_later(self) -> None:
        """Who refuses a key, or speaks no Suno, is not asked often: such a gateway may take that for an attack."""
        asked_for_rest = isinstance(self._failure, GatewayBusy) and self._failure.retry_after
        may_pass = self._failure is not None and self._failure.transient and not asked_for_rest
        self.try_at = self._clock.now() + _TRY_EVERY if may_pass and not self._seemed_back else math.inf

    def seems_back(self) -> None:
        """Somebody had an answer: what waits need not wait any longer, unless the gateway asked for that."""
        asked_for_rest = isinstance(self._failure, GatewayBusy) and self._failure.retry_after
        if self._failure is None or asked_for_rest or self.over:
            return
        log.info("gateway %s seems to be back", self._gateway)
        self._seemed_back = True
        self.until, self.early, self.try_at = 0.0, 0.0, math.inf
        self.when_back()

    def answered(self) -> None:
        if self._failure:
            log.info("gateway %s answers again", self._gateway)
        self._failure, self._failures, self._seemed_back = None, 0, False
        self.until, self.early, self.try_at = 0.0, 0.0, math.inf


def _nothing() -> None:
    pass
