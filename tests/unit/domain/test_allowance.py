"""Who may order how much, and when they may again."""

import pytest

from bot.domain.allowance import Limit, LimitReached, Limits, Usage, Work, day_of, left, limit_reached, next_day
from bot.domain.song_request import RequestKind

NOON = 1_790_337_600.0  # 2026-09-25 12:00 UTC
MIDNIGHT = NOON + 12 * 3_600
LIMITS = Limits(operator=50, server=20, person=3, cooldown=30.0)


def test_a_day_is_one_of_utc() -> None:
    assert day_of(NOON) == day_of(MIDNIGHT - 1) == "2026-09-25"
    assert day_of(MIDNIGHT) == "2026-09-26"
    assert next_day(NOON) == MIDNIGHT


@pytest.mark.parametrize(
    ("usage", "reached"),
    [
        (Usage(person=2, server=19, operator=49), None),
        (Usage(person=3), LimitReached(Limit.PERSON, 3, MIDNIGHT)),
        (Usage(server=20), LimitReached(Limit.SERVER, 20, MIDNIGHT)),
        (Usage(operator=50), LimitReached(Limit.OPERATOR, 50, MIDNIGHT)),
        (Usage(last_at=NOON - 10), LimitReached(Limit.COOLDOWN, 30, NOON + 20)),
        (Usage(last_at=NOON - 30), None),
        (Usage(last_at=NOON + 5), LimitReached(Limit.COOLDOWN, 30, NOON + 35)),
    ],
)
def test_the_nearest_limit_says_when_it_is_over(usage: Usage, reached: LimitReached | None) -> None:
    assert limit_reached(usage, LIMITS, NOON) == reached


def test_without_limits_nothing_is_refused() -> None:
    assert limit_reached(Usage(person=10_000), Limits(), NOON) is None
    assert left(Usage(person=10_000), Limits()) is None


def test_the_remaining_allowance_is_the_least_of_all_levels() -> None:
    assert left(Usage(person=1, server=19), LIMITS) == 1
    assert left(Usage(person=9), LIMITS) == 0


def test_lyrics_are_counted_apart() -> None:
    assert {kind: Work.of(kind) for kind in RequestKind if Work.of(kind) is Work.LYRICS} == {
        RequestKind.LYRICS: Work.LYRICS
    }
