"""Gateways that fail: when the operator hears of it."""

from collections.abc import Callable

from msgspec import Struct

from bot.errors import GatewayError, GatewayMisplaced, GatewayRefused
from bot.services.clock import Clock

_HOUR = 3_600.0  # seconds after which what may pass has not passed, and may be told again


class _Outage(Struct):
    since: float
    failed_at: float  # last


class Outages:
    """`tell` is called with a gateway's name and what is wrong: at once if it cannot be used as it is set up, else
    when it has failed for an hour. Again only after it answered since, and not within the hour.
    """

    def __init__(self, clock: Clock, tell: Callable[[str, GatewayError], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._outages: dict[str, _Outage] = {}
        self._told: dict[str, float] = {}  # when

    def heard(self, gateway: str, failure: GatewayError | None) -> None:
        """How a gateway fared that was asked; None: it answered."""
        if failure is None:
            self._outages.pop(gateway, None)
            return
        now = self._clock.now()
        outage = self._outages.get(gateway)
        if outage is None or now - outage.failed_at > _HOUR:  # it was not asked since
            outage = self._outages[gateway] = _Outage(now, now)
        outage.failed_at = now
        told = self._told.get(gateway)
        if told is not None and (told >= outage.since or now - told < _HOUR):
            return
        if isinstance(failure, GatewayRefused | GatewayMisplaced) or now - outage.since >= _HOUR:
            self._told[gateway] = now
            self._tell(gateway, failure)
