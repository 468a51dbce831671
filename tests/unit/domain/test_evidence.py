"""What the log and the balance prove about orders that were never answered: rather nothing than something wrong."""

import pytest

from bot.domain.evidence import Evidence, SentOrder, charges_by_balance, evidence_by_count, evidence_by_log

NOW = 10_000.0
TAKEN, UNSURE = SentOrder(NOW - 900, accepted=True), SentOrder(NOW - 800, accepted=False)


@pytest.mark.parametrize(
    ("spent", "count"),
    [(0.0, 0), (0.3, 1), (0.6, 2), (0.6 + 1e-9, 2), (0.9 - 1e-9, 3), (0.45, None), (0.32, None), (-0.3, None)],
)
def test_what_was_spent_is_a_number_of_orders_or_something_else_was_bought(spent: float, count: int | None) -> None:
    assert charges_by_balance(spent, 0.3) == count


@pytest.mark.parametrize(
    ("sent", "charges", "found"),
    [
        ([TAKEN, UNSURE], 2, Evidence.CHARGED),
        ([TAKEN, UNSURE], 1, Evidence.FREE),
        ([TAKEN, UNSURE], 0, Evidence.NONE),
        ([TAKEN, UNSURE], None, Evidence.NONE),
        ([UNSURE], 0, Evidence.NONE),
        ([TAKEN, UNSURE, UNSURE], 2, Evidence.NONE),
        ([TAKEN, SentOrder(NOW - 60, accepted=False)], 1, Evidence.NONE),
    ],
    ids=["both", "one", "not shown yet", "no number", "never seen to show any", "one of two", "too early"],
)
def test_charges_are_counted_against_orders_that_were_taken(
    sent: list[SentOrder], charges: int | None, found: Evidence
) -> None:
    assert evidence_by_count(sent, charges, NOW) is found


def test_charges_of_before_do_not_count() -> None:
    assert evidence_by_log([TAKEN, UNSURE], [TAKEN.at - 3_600, TAKEN.at + 1], NOW) is Evidence.FREE
