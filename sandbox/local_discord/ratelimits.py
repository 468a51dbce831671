"""Discord's rate limits: a number of requests per time for each bucket, reported in headers; 429 above it."""

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_CHANNEL, _WEBHOOK = r"/channels/(\d+)", r"/webhooks/\d+/([^/]+)"
_PER_SECOND = 50  # requests, except answers to interactions
_EXEMPT = re.compile(r"/(interactions|webhooks)/")


@dataclass(frozen=True)
class Rule:
    """`path`: a regular expression; each value of its group has its own bucket."""

    method: str
    path: str
    limit: int
    seconds: float


RULES = (
    Rule("POST", rf"{_CHANNEL}/messages", 5, 5.0),
    Rule("POST", rf"{_CHANNEL}/threads", 5, 5.0),
    Rule("PATCH", rf"{_CHANNEL}/messages/\d+", 5, 5.0),
    Rule("DELETE", rf"{_CHANNEL}/messages/\d+", 5, 1.0),
    Rule("GET", rf"{_CHANNEL}/messages", 50, 1.0),
    Rule("POST", r"/users/@me/channels()", 10, 10.0),
    Rule("POST", _WEBHOOK, 5, 2.0),
    Rule("PATCH", rf"{_WEBHOOK}/messages/[^/]+", 5, 2.0),
)


@dataclass
class _Bucket:
    began_at: float
    taken: int = 0


@dataclass(frozen=True)
class Verdict:
    """`retry_after`: seconds; None: the request is allowed."""

    headers: Mapping[str, str]
    retry_after: float | None = None
    everywhere: bool = False

    @property
    def body(self) -> dict[str, Any]:
        message = "You are being rate limited."
        return {"message": message, "retry_after": self.retry_after, "global": self.everywhere, "code": 0}


class RateLimits:
    """`clock` returns Unix seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._buckets: dict[tuple[Rule, str], _Bucket] = {}
        self._second = _Bucket(clock())
        self.enforced = True
        self.refused = 0

    def take(self, method: str, path: str) -> Verdict:
        if not self.enforced:
            return Verdict({})
        if not _EXEMPT.match(path) and (wait := self._take(self._second, _PER_SECOND, 1.0)) is not None:
            return self._refuse(wait, {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}, everywhere=True)
        for rule in RULES:
            if rule.method == method and (match := re.fullmatch(rule.path, path)):
                bucket = self._buckets.setdefault((rule, match[1]), _Bucket(self._clock()))
                wait = self._take(bucket, rule.limit, rule.seconds)
                headers = self._headers(rule, bucket)
                return Verdict(headers) if wait is None else self._refuse(wait, headers | {"X-RateLimit-Scope": "user"})
        return Verdict({})

    def _take(self, bucket: _Bucket, limit: int, seconds: float) -> float | None:
        now = self._clock()
        if now >= bucket.began_at + seconds:
            bucket.began_at, bucket.taken = now, 0
        if bucket.taken >= limit:
            return bucket.began_at + seconds - now
        bucket.taken += 1
        return None

    def _headers(self, rule: Rule, bucket: _Bucket) -> dict[str, str]:
        left = max(0.0, bucket.began_at + rule.seconds - self._clock())
        name = hashlib.sha256(f"{rule.method} {rule.path}".encode()).hexdigest()[:32]
        return {
            "X-RateLimit-Limit": str(rule.limit), "X-RateLimit-Remaining": str(rule.limit - bucket.taken),
            "X-RateLimit-Reset": f"{self._clock() + left:.3f}", "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": name,
        }  # fmt: skip

    def _refuse(self, wait: float, headers: Mapping[str, str], *, everywhere: bool = False) -> Verdict:
        """With a `Via` header: without it discord.py assumes that Cloudflare sent the 429."""
        self.refused += 1
        return Verdict({**headers, "Via": "1.1 google", "Retry-After": f"{wait:.3f}"}, wait, everywhere)
