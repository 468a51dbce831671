"""A gateway's answers about money: prices, the key's balance, and charges.

Every call is a free GET, and each may be missing at a gateway: then the answer is "unknown", never an error.
"""

from typing import Any

from msgspec import Struct

from bot.gateways.account import is_unlimited
from bot.gateways.fields import Object, as_number, as_object, as_text

QUOTA_PER_UNIT = 500_000.0  # new-api's default for one unit of money; `/api/status` may give another
_SONGS, _LYRICS = "suno_music", "suno_lyrics"  # in gateways' lists of prices and models
_UNLIMITED = 100_000_000.0  # how older gateways express it


class Prices(Struct, frozen=True):
    """Per order, in the gateway's unit of money; None: unknown. The key's own discount is not included."""

    song: float | None = None
    lyrics: float | None = None


class Balance(Struct, frozen=True):
    """The key's balance, in the gateway's unit. `left` None: unlimited."""

    left: float | None
    used: float = 0.0


class Charge(Struct, frozen=True):
    """One row of the usage log. `at`: Unix seconds."""

    at: float
    model: str
    quota: float


def quota_per_unit(status: Any) -> float:
    """From `GET /api/status`."""
    found = as_number(as_object(as_object(status).get("data")).get("quota_per_unit"))
    return found if found and found > 0 else QUOTA_PER_UNIT


def prices_in(pricing: Any) -> Prices:
    """From `GET /api/pricing`: the prices of `suno_music` and `suno_lyrics`, at the default group's ratio if there is
    one.
    """
    envelope = as_object(pricing)
    models = {as_text(row.get("model_name")): row for row in _rows(envelope)}
    ratios = as_object(envelope.get("group_ratio"))
    return Prices(_price(models.get(_SONGS), ratios), _price(models.get(_LYRICS), ratios))


def _price(model: Object | None, ratios: Object) -> float | None:
    price = as_number(model.get("model_price")) if model else None
    if price is None or price < 0:
        return None
    ratio = as_number(ratios.get("default"))
    return price * (ratio if ratio is not None and ratio > 0 else 1.0)


def balance_in(usage: Any, per_unit: float) -> Balance | None:
    """From `GET /api/usage/token/`; None: unknown."""
    data = as_object(as_object(usage).get("data"))
    available, used = as_number(data.get("total_available")), as_number(data.get("total_used")) or 0.0
    if is_unlimited(data):
        return Balance(None, used / per_unit)
    return None if available is None else Balance(available / per_unit, used / per_unit)


def sells_songs(models: Any) -> bool | None:
    """From `GET /v1/models`, what the key may use: whether songs are among it. None: it lists nothing."""
    names = {as_text(row.get("id")) for row in _rows(as_object(models))}
    return _SONGS in names if names else None


def billing_in(subscription: Any, usage: Any) -> Balance | None:
    """From `/v1/dashboard/billing/subscription` and `/usage` of older gateways; usage is in hundredths."""
    limit = as_number(as_object(subscription).get("hard_limit_usd"))
    used = as_number(as_object(usage).get("total_usage"))
    if limit is None or used is None:
        return None
    return Balance(None if limit >= _UNLIMITED else limit - used / 100, used / 100)


def charges_in(log: Any) -> tuple[Charge, ...]:
    """From `GET /api/log/token`: charges for songs and lyrics, newest first, without refunds."""
    read = map(_charge, _rows(as_object(log)))
    return tuple(sorted((charge for charge in read if charge), key=lambda charge: -charge.at))


def _charge(row: Object) -> Charge | None:
    at, quota, model = as_number(row.get("created_at")), as_number(row.get("quota")), as_text(row.get("model_name"))
    if at is None or quota is None or quota <= 0 or not model.startswith("suno"):
        return None
    return Charge(at, model, quota)


def _rows(envelope: Object) -> list[Object]:
    rows = envelope.get("data")
    return [as_object(row) for row in rows] if isinstance(rows, list) else []
