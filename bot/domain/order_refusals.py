"""Why an order or a task failed, recognised in a gateway's or Suno's own words, so that people read our texts."""

import re
from enum import StrEnum

_MAX_LENGTH = 2_000  # characters of a stranger's text


class Refusal(StrEnum):
    """Each has a text for people under `order.<value>`."""

    ARTIST = "artist"
    MODERATION = "moderation"
    COPYRIGHT = "copyright"
    TOO_LONG = "too_long"
    NO_BALANCE = "no_balance"
    NO_ACCESS = "no_access"
    MODEL_GONE = "model_gone"
    BUSY = "busy"
    MAINTENANCE = "maintenance"
    PRICE_UNSET = "price_unset"
    WRONG_SONG = "wrong_song"
    MISPLACED = "misplaced"  # the address is wrong
    UNREACHABLE = "unreachable"
    OTHER = "other"  # in the gateway's own words


# In this order: "no available channel for model" is about load, "no access to model" is about the key.
_PHRASES = (
    (Refusal.ARTIST, r"artist name"),
    (Refusal.COPYRIGHT, r"copyright|existing work"),
    (Refusal.MODERATION, r"inappropriate|moderation|sensitive[_ ]word|敏感"),
    (Refusal.PRICE_UNSET, r"price not configured|价格未配置|未设置.{0,20}价格"),
    (Refusal.MAINTENANCE, r"maintenance|paused|维护"),
    (Refusal.BUSY, r"饱和|no available (worker|channel)|无可用渠道|too many requests|overload"),
    (Refusal.NO_BALANCE, r"quota|额度|余额|insufficient (balance|credit)"),
    (Refusal.MODEL_GONE, r"paid_upsell|model[_ ]not[_ ]found|no access to model|无权访问"),
    (Refusal.WRONG_SONG, r"task_not_exist|task (is )?not exist|song id does not exist"),
    (Refusal.TOO_LONG, r"too[_ ]long|exceeds? .{0,30}(length|limit)"),
)
_PATTERNS = tuple((refusal, re.compile(pattern, re.IGNORECASE)) for refusal, pattern in _PHRASES)
_ARTIST = re.compile(r"artist name[^\w]{0,5}([\w .&'-]{1,60})", re.IGNORECASE)


def refusal_in(words: str) -> Refusal | None:
    """None: no known reason."""
    text = words[:_MAX_LENGTH]
    return next((refusal for refusal, pattern in _PATTERNS if pattern.search(text)), None)


def artist_in(words: str) -> str:
    """The artist name that Suno refused, if its text contains one."""
    found = _ARTIST.search(words[:_MAX_LENGTH])
    return found[1].strip() if found else ""
