"""A key's usage from new-api, at `GET /api/usage/token/`; also of a spent or expired key."""

from typing import Any

from msgspec import Struct

from bot.gateways.fields import Object, as_moment, as_number, as_object, as_text, parse_json

USAGE_PATH = "/api/usage/token/"
_MAX_MODELS = 20


class KeyUsage(Struct, frozen=True):
    """In the gateway's own units; `left` is None if the key has no limit. `expires_at`: Unix seconds.

    `models`: the only ones that the key may use; None: all.
    """

    used: float
    left: float | None
    expires_at: float | None
    models: tuple[str, ...] | None


def read_usage(status: int, content_type: str, body: bytes) -> KeyUsage | None:
    """None if it is no such answer: not every gateway has this call."""
    if status != 200:
        return None
    try:
        data = as_object(as_object(parse_json(body, content_type)).get("data"))
    except ValueError:
        return None
    used = as_number(data.get("total_used"))
    if used is None:
        return None
    left = None if is_unlimited(data) else as_number(data.get("total_available"))
    return KeyUsage(used=used, left=left, expires_at=as_moment(data.get("expires_at")), models=_models(data))


def is_unlimited(data: Object) -> bool:
    """Of a key. What is left is then negative, but it may also be of a key that has spent more than it had."""
    said, left = data.get("unlimited_quota"), as_number(data.get("total_available"))
    return said if isinstance(said, bool) else left is not None and left < 0


def _models(data: Object) -> tuple[str, ...] | None:
    if data.get("model_limits_enabled") is not True:
        return None
    limits: Any = data.get("model_limits")
    names = [name for name, allowed in limits.items() if allowed] if isinstance(limits, dict) else limits
    return tuple(as_text(name) for name in names[:_MAX_MODELS]) if isinstance(names, list) else ()
