"""How often a bot may IDENTIFY: one shard of a bucket per 5 s, and so many a day. Breaches are counted."""

import math
import time
from collections.abc import Callable
from typing import Literal

from sandbox.local_discord.world import Object

_DAY = 86_400.0  # seconds
_GUILDS_ADVISED = 1_000  # per shard

Verdict = Literal["accepted", "too early", "used up"]


class SessionStarts:
    """`clock` returns Unix seconds. `advised`: the number of shards; None: by the number of servers."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.interval = 5.0  # seconds
        self.max_concurrency = 1  # buckets
        self.total = self.remaining = 1_000
        self.reset_at = clock() + _DAY
        self.advised: int | None = None
        self.violations = 0
        self.accepted: list[tuple[float, int]] = []  # times and shards
        self._last: dict[int, float] = {}  # by bucket

    def take(self, shard_id: int) -> Verdict:
        """A refused IDENTIFY counts as well, as the real ones do."""
        now, bucket = self._clock(), shard_id % self.max_concurrency
        self._reset(now)
        if self.remaining <= 0:
            self.violations += 1
            return "used up"
        self.remaining -= 1
        if now < self._last.get(bucket, -math.inf) + self.interval:
            self.violations += 1
            return "too early"
        self._last[bucket] = now
        self.accepted.append((now, shard_id))
        return "accepted"

    def _reset(self, now: float) -> None:
        if now >= self.reset_at:
            self.remaining, self.reset_at = self.total, now + _DAY

    def as_answered(self, guilds: int) -> Object:
        """The fields of GET /gateway/bot."""
        now = self._clock()
        self._reset(now)
        limit = {
            "total": self.total, "remaining": self.remaining, "reset_after": int((self.reset_at - now) * 1000),
            "max_concurrency": self.max_concurrency,
        }  # fmt: skip
        return {"shards": self.advised or 1 + guilds // _GUILDS_ADVISED, "session_start_limit": limit}
