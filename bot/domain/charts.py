"""Weekly charts: when they are due, and what a chart is made of. Pure."""

import hashlib
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from bot.domain.library import FoundSong

WEEK = 7 * 86_400.0  # seconds
DEFAULT_WEEKDAY, DEFAULT_HOUR = 4, 18  # Friday evening in Europe, the night to Saturday in China; in UTC
MAX_SONGS = 10  # in a chart
POSTS_KEPT = 60 * 86_400.0  # seconds for which it is known what was posted


class Chart(Struct, frozen=True, kw_only=True):
    """The chart of a server. `weekday`: 0 is Monday, and `hour`: in UTC; `user_id`: the manager who turned it on.

    `counted_until`: stars before it were in an earlier chart; `due_at` None: it is off.
    """

    guild_id: int
    channel_id: int
    weekday: int
    hour: int
    user_id: int
    counted_until: float
    due_at: float | None


class ChartState(StrEnum):
    WAITING = "waiting"
    BLOCKED = "blocked"  # a permission is missing; tried again when one changes, and hourly
    SENT = "sent"
    EMPTY = "empty"  # nobody starred a song that its readers may view
    SKIPPED = "skipped"  # a week was over before it could be posted, or the chart was turned off
    FAILED = "failed"  # the channel is gone, or Discord refuses it in every form


class ChartPost(Struct, frozen=True, kw_only=True):
    """The chart of one week. `id` is its nonce and part of its button; `since` and `until`: stars of that time count.

    `tried_at`: when it was last given to Discord; `reported`: its manager was told that it cannot be posted.
    """

    guild_id: int
    week: str
    id: str
    channel_id: int
    since: float
    until: float
    state: ChartState = ChartState.WAITING
    reason: str = ""
    attempts: int = 0
    tried_at: float | None = None
    reported: bool = False
    message_id: int | None = None
    user_id: int = 0  # the manager
    error_channel_id: int | None = None  # the server's channel for messages about failed posts
    locale: str = ""  # of the server; empty: as Discord says


class ChartEntry(Struct, frozen=True):
    """A song of a chart. `stars`: those of its time."""

    found: FoundSong
    stars: int


def next_slot(now: float, weekday: int, hour: int) -> float:
    """The first such moment after `now`."""
    today = datetime.fromtimestamp(now, UTC).replace(hour=hour, minute=0, second=0, microsecond=0)
    slot = today + timedelta(days=(weekday - today.weekday()) % 7)
    return slot.timestamp() if slot.timestamp() > now else slot.timestamp() + WEEK


def latest_slot(due_at: float, now: float) -> float:
    """The newest of the weekly moments from `due_at` to `now`."""
    return due_at + max(0.0, now - due_at) // WEEK * WEEK


def week_of(at: float) -> str:
    """As ISO 8601 writes it: 2026-W48."""
    year, week, _ = datetime.fromtimestamp(at, UTC).isocalendar()
    return f"{year}-W{week:02}"


def chart_id(guild_id: int, until: float) -> str:
    """12 characters, as that of a delivery."""
    digest = hashlib.sha256(f"chart\0{guild_id}\0{until:.0f}".encode()).digest()
    return urlsafe_b64encode(digest[:9]).decode()
