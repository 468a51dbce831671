"""Decides when the operator is notified of a failing gateway."""

from collections.abc import Callable

from msgspec import Struct

from bot.errors import GatewayError, GatewayMisplaced, GatewayRefused
from bot.services.clock import Clock

_HOUR = 3_600.0  # seconds until a temporary failure is reported, and until the next report


class _Outage(Struct):
    since: float
    failed_at: float  # the last failure


class Outages:
    """`notify` is called with a gateway's name and the failure: at once if the gateway cannot work as configured, else
    when it has failed for an hour.

    It is called again only if the gateway answered in between, and not within the hour.
    """

    def __init__(self, clock: Clock, notify: Callable[[str, GatewayError], None]) -> None:
        self._clock = clock
        self._notify = notify
        self._outages: dict[str, _Outage] = {}
        self._notified_at: dict[str, float] = {}  # gateway to time

    def record(self, gateway: str, failure: GatewayError | None) -> None:
        """The result of asking a gateway; None: it answered."""
        if failure is None:
            self._outages.pop(gateway, None)
            return
        now = self._clock.now()
        outage = self._outages.get(gateway)
        if outage is None or now - outage.failed_at > _HOUR:  # it was not asked since
            outage = self._outages[gateway] = _Outage(now, now)
        outage.failed_at = now
        notified_at = self._notified_at.get(gateway)
        if notified_at is not None and (notified_at >= outage.since or now - notified_at < _HOUR):
            return
        if isinstance(failure, GatewayRefused | GatewayMisplaced) or now - outage.since >= _HOUR:
            self._notified_at[gateway] = now
            self._notify(gateway, failure)
