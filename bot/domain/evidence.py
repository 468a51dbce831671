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


class SentOrder(Struct, frozen=True):
    """An order that was sent to the gateway. `accepted`: the gateway has returned a task id, else it is unsure."""

    at: float
    accepted: bool


class Evidence(StrEnum):
    NONE = "none"
    CHARGED = "charged"
    FREE = "free"  # it was not charged


def evidence_by_log(sent: Sequence[SentOrder], charged_at: Sequence[float], now: float) -> Evidence:
    """For all unsure orders together, by the times of the charges in the log.

    `sent`: a sequence of orders of one kind, with a pause of at least two minutes before it; orders that count as lost
    are unsure here.
    """
    since = min((each.at for each in sent), default=now) - CLOCK_DIFFERENCE
    return evidence_by_count(sent, sum(at > since for at in charged_at), now)


def evidence_by_count(sent: Sequence[SentOrder], charges: int | None, now: float) -> Evidence:
    """For all unsure orders together. `charges`: the number since the first of the orders; None: it cannot be told."""
    accepted = sum(each.accepted for each in sent)
    unsure = len(sent) - accepted
    if charges is None or not accepted or charges < accepted:
        return Evidence.NONE  # charges do not show there, or not yet
    if charges - accepted >= unsure:
        return Evidence.CHARGED
    latest = max((each.at for each in sent if not each.accepted), default=now)
    return Evidence.FREE if charges == accepted and now - latest >= _FREE_AFTER else Evidence.NONE


def charges_by_balance(spent: float, price: float) -> int | None:
    """How many orders at that price were charged; None: the amount is no multiple of it, so something else was, too."""
    count = round(spent / price)
    return count if count >= 0 and abs(spent - count * price) <= _ROUNDING * price else None


def since_quiet(sent: Sequence[SentOrder], moment: float) -> list[SentOrder]:
    """The orders since the last pause before `moment` that an accepted order follows; all, if there is no pause.

    In a pause, the clock difference cannot put a charge on the wrong side.
    """
    ordered = sorted(sent, key=lambda each: each.at)
    for start in range(len(ordered) - 1, 0, -1):
        pause = ordered[start].at - ordered[start - 1].at
        if (
            ordered[start].at <= moment
            and pause > 2 * CLOCK_DIFFERENCE
            and any(each.accepted for each in ordered[start:])
        ):
            return ordered[start:]
    return ordered
