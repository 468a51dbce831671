"""What gateways say of money, in the bodies that were seen at real ones, and in none."""

from typing import Any

import pytest

from bot.gateways.pricing import (
    QUOTA_PER_UNIT,
    Balance,
    Charge,
    Prices,
    balance_in,
    billing_in,
    charges_in,
    prices_in,
    quota_per_unit,
)

NOW = 1_790_000_000.0


def usage(**fields: Any) -> dict[str, Any]:
    data = {
        "expires_at": 0,
        "model_limits": {},
        "model_limits_enabled": False,
        "total_available": 20_000,
        "total_granted": 120_000,
        "total_used": 100_000,
        "unlimited_quota": False,
    }
    return {"code": True, "data": data | fields, "message": "ok"}


def test_prices_are_those_of_songs_and_lyrics() -> None:
    models = [{"model_name": "suno_music", "model_price": 0.1}, {"model_name": "suno_lyrics", "model_price": 0.01}]
    assert prices_in({"data": models, "group_ratio": {"default": 2, "vip": 1}}) == Prices(0.2, 0.02)
    assert prices_in({"data": models}) == Prices(0.1, 0.01)


def test_the_balance_is_given_in_units() -> None:
    assert balance_in(usage(), QUOTA_PER_UNIT) == Balance(0.04, 0.2)
    assert balance_in(usage(unlimited_quota=True, total_available=-5), QUOTA_PER_UNIT) == Balance(None, 0.2)
    assert balance_in(usage(total_available=-5_000), QUOTA_PER_UNIT) == Balance(-0.01, 0.2), "it has spent too much"
    assert balance_in(usage(unlimited_quota=None, total_available=-5), QUOTA_PER_UNIT) == Balance(None, 0.2)
    assert quota_per_unit({"data": {"quota_per_unit": 1_000}}) == 1_000


def test_older_gateways_count_usage_in_hundredths() -> None:
    assert billing_in({"hard_limit_usd": 12.5}, {"total_usage": 250}) == Balance(10.0, 2.5)
    assert billing_in({"hard_limit_usd": 100_000_000}, {"total_usage": 0}) == Balance(None, 0.0)


def test_charges_are_newest_first_and_without_refunds_and_other_models() -> None:
    rows = [
        {"created_at": 10, "model_name": "suno_music", "quota": 50_000},
        {"created_at": 30, "model_name": "suno_lyrics", "quota": 5_000},
        {"created_at": 20, "model_name": "suno_music", "quota": -50_000},
        {"created_at": 40, "model_name": "gpt-4", "quota": 9},
    ]
    assert charges_in({"data": rows}) == (Charge(30, "suno_lyrics", 5_000), Charge(10, "suno_music", 50_000))


@pytest.mark.parametrize("value", [None, [], {}, "", 0, {"data": None}, {"data": [None, 3]}, {"data": {"a": []}}])
def test_a_gateway_that_does_not_say_is_no_error(value: Any) -> None:
    assert quota_per_unit(value) == QUOTA_PER_UNIT
    assert prices_in(value) == Prices()
    assert balance_in(value, QUOTA_PER_UNIT) is None
    assert billing_in(value, value) is None
    assert charges_in(value) == ()
