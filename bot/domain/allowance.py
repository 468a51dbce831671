"""How much may be ordered: by a person, in a server, and in all at the operator's cost. Pure.

Orders are counted, not money. A day is a UTC day. A reached limit is named, with the time when it ends.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from bot.domain.song_request import RequestKind


class Work(StrEnum):
    """Kinds of work that are counted separately: lyrics cost a tenth of a song."""

    SONG = "song"
    LYRICS = "lyrics"

    @classmethod
    def of(cls, kind: RequestKind) -> "Work":
        return cls.LYRICS if kind is RequestKind.LYRICS else cls.SONG


class Limits(Struct, frozen=True, kw_only=True):
    """Orders per day of one kind of work; None: unlimited. `cooldown`: seconds between two orders of one person."""

    operator: int | None = None
    server: int | None = None
    person: int | None = None
    cooldown: float = 0.0


class Usage(Struct, frozen=True, kw_only=True):
    """Today's orders of the same kind of work. `last_at`: the person's last order, on any day."""

    operator: int = 0
    server: int = 0
    person: int = 0
    last_at: float | None = None


class Limit(StrEnum):
    """Whose limit it is, and so who can change it."""

    PERSON = "person"
    SERVER = "server"
    OPERATOR = "operator"
    COOLDOWN = "cooldown"


class LimitReached(Struct, frozen=True):
    """`most`: the limit, in orders or, for a cooldown, in seconds; `until`: Unix seconds at which it ends."""

    limit: Limit
    most: int
    until: float


def limit_reached(usage: Usage, limits: Limits, now: float) -> LimitReached | None:
    """Why one more order is denied now; None: it is allowed."""
    rows = (
        (Limit.PERSON, usage.person, limits.person),
        (Limit.SERVER, usage.server, limits.server),
        (Limit.OPERATOR, usage.operator, limits.operator),
    )
    for limit, used, most in rows:
        if most is not None and used >= most:
            return LimitReached(limit, most, next_day(now))
    since = now - usage.last_at if usage.last_at is not None else limits.cooldown
    if since < limits.cooldown:
        return LimitReached(Limit.COOLDOWN, round(limits.cooldown), now + limits.cooldown - since)
    return None


def left(usage: Usage, limits: Limits) -> int | None:
    """How many more orders the person may place today; None: unlimited."""
    rows = ((usage.person, limits.person), (usage.server, limits.server), (usage.operator, limits.operator))
    return min((max(0, most - used) for used, most in rows if most is not None), default=None)


def day_of(moment: float) -> str:
    """Such as 2026-11-26."""
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


def next_day(moment: float) -> float:
    """The end of the day, in Unix seconds."""
    midnight = datetime.fromtimestamp(moment, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight + timedelta(days=1)).timestamp()
