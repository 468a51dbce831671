"""What a gateway's usage log or balance proves about an order whose answer never came. Pure.

Neither has task ids, so the charges are compared with the number of accepted orders. That proves something only if
nobody else uses the key, and only if the charges of accepted orders are seen there.
"""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

CLOCK_DIFFERENCE = 60.0  # seconds: the largest expected difference between the bot's and the gateway's clock
_ROUNDING = 0.02  # of a price
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
    since = min((each.at for each in sent), default=now) - CLOCK_DIFFERENCE
    return unsettled(sent, sum(at > since for at in charged_at), now)


def unsettled(sent: Sequence[Sent], charges: int | None, now: float) -> Evidence:
    """For all unsure orders together. `charges`: the number since the first of the orders; None: it cannot be told."""
    taken = sum(each.taken for each in sent)
    unsure = len(sent) - taken
    if charges is None or not taken or charges < taken:
        return Evidence.NONE  # charges do not show there, or not yet
    if charges - taken >= unsure:
        return Evidence.CHARGED
    latest = max((each.at for each in sent if not each.taken), default=now)
    return Evidence.FREE if charges == taken and now - latest >= _FREE_AFTER else Evidence.NONE


def charges_by_balance(spent: float, price: float) -> int | None:
    """How many orders at that price were charged; None: the amount is no multiple of it, so something else was, too."""
    count = round(spent / price)
    return count if count >= 0 and abs(spent - count * price) <= _ROUNDING * price else None


def since_quiet(sent: Sequence[Sent], moment: float) -> list[Sent]:
    """The orders since the last pause before `moment` that an accepted order follows; all, if there is no pause.

    In a pause, the clock difference cannot put a charge on the wrong side.
    """
    ordered = sorted(sent, key=lambda each: each.at)
    for start in range(len(ordered) - 1, 0, -1):
        pause = ordered[start].at - ordered[start - 1].at
        if ordered[start].at <= moment and pause > 2 * CLOCK_DIFFERENCE and any(each.taken for each in ordered[start:]):
            return ordered[start:]
    return ordered
