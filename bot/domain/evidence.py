"""What a gateway's usage log proves about an order whose answer never came. Pure.

The log has no task ids, so the charges in it are compared with the number of accepted orders. That proves something
only if nobody else uses the key, and only if the log shows the charges of accepted orders.
"""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

_CLOCK_DIFFERENCE = 60.0  # seconds: the largest expected difference between the bot's and the gateway's clock
_FREE_AFTER = 600.0  # seconds after which no charge is expected any more


class Sent(Struct, frozen=True):
    """An order that was sent to the gateway. `taken`: the gateway has returned a task id; otherwise it is unsure."""

    at: float
    taken: bool


class Evidence(StrEnum):
    NONE = "none"
    CHARGED = "charged"
    FREE = "free"  # it was not charged


def evidence(sent: Sequence[Sent], charged_at: Sequence[float], now: float) -> Evidence:
    """For all unsure orders together.

    `sent`: a sequence of orders of one kind, with a pause of at least two minutes before it; orders that count as lost
    are unsure here.
    """
    since = min((each.at for each in sent), default=now) - _CLOCK_DIFFERENCE
    taken = sum(each.taken for each in sent)
    charges = sum(at > since for at in charged_at)
    unsure = len(sent) - taken
    if not taken or charges < taken:
        return Evidence.NONE  # this log does not show such rows, or not yet
    if charges - taken >= unsure:
        return Evidence.CHARGED
    latest = max((each.at for each in sent if not each.taken), default=now)
    return Evidence.FREE if charges == taken and now - latest >= _FREE_AFTER else Evidence.NONE


def since_quiet(sent: Sequence[Sent], moment: float) -> list[Sent]:
    """The orders since the last pause before `moment` that an accepted order follows; all, if there is no pause.

    In a pause, the clock difference cannot put a charge on the wrong side.
    """
    ordered = sorted(sent, key=lambda each: each.at)
    for start in range(len(ordered) - 1, 0, -1):
        pause = ordered[start].at - ordered[start - 1].at
        if (
            ordered[start].at <= moment
            and pause > 2 * _CLOCK_DIFFERENCE
            and any(each.taken for each in ordered[start:])
        ):
            return ordered[start:]
    return ordered
