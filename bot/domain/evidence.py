"""What a gateway's usage log proves of an order whose answer never came. Pure.

The log has no task ids: charges are counted against the orders that are known to have been taken. That proves something
only where the key is used by nobody else, and where the log has been seen to show such rows.
"""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

_APART = 60.0  # seconds by which the clocks of the bot and the gateway may differ, at most
_FREE_AFTER = 600.0  # seconds after which a charge that is not there is believed not to come


class Sent(Struct, frozen=True):
    """An order that left for the gateway. `taken`: it gave an id for it; otherwise that is unsure."""

    at: float
    taken: bool


class Evidence(StrEnum):
    NONE = "none"
    CHARGED = "charged"
    FREE = "free"  # it was not charged


def evidence(sent: Sequence[Sent], charged_at: Sequence[float], now: float) -> Evidence:
    """Of all that are unsure together. `sent`: a row of orders of one kind, before which none was sent for two minutes
    at least; those that were given up as lost count as unsure.
    """
    since = min((each.at for each in sent), default=now) - _APART
    taken = sum(each.taken for each in sent)
    charges = sum(at > since for at in charged_at)
    unsure = len(sent) - taken
    if not taken or charges < taken:
        return Evidence.NONE  # this log has not shown that it has such rows, or not yet
    if charges - taken >= unsure:
        return Evidence.CHARGED
    latest = max((each.at for each in sent if not each.taken), default=now)
    return Evidence.FREE if charges == taken and now - latest >= _FREE_AFTER else Evidence.NONE


def since_quiet(sent: Sequence[Sent], moment: float) -> list[Sent]:
    """The orders from the last pause before `moment` on that has an order taken behind it; all, if there is none.

    In a pause the two clocks cannot put a charge on the wrong side.
    """
    ordered = sorted(sent, key=lambda each: each.at)
    for start in range(len(ordered) - 1, 0, -1):
        apart = ordered[start].at - ordered[start - 1].at
        if ordered[start].at <= moment and apart > 2 * _APART and any(each.taken for each in ordered[start:]):
            return ordered[start:]
    return ordered
