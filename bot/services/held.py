"""Claims of which nothing new is said: asked for again without a word to the database, while their lease lasts."""

import heapq
import itertools
from collections.abc import Sequence

from bot.storage.looks import Claim


class Held:
    def __init__(self) -> None:
        self._queue: list[tuple[float, int, Sequence[Claim]]] = []
        self._numbers = itertools.count()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def hold(self, claims: Sequence[Claim], due_at: float) -> None:
        """Until they are to be asked for again."""
        heapq.heappush(self._queue, (due_at, next(self._numbers), claims))
        self._count += len(claims)

    def take(self, now: float, enough: int) -> list[Claim]:
        """Those that are due; all of them, or as many as are enough. Whose lease is over is due in the database."""
        due: list[Claim] = []
        while len(due) < enough and self._queue and self._queue[0][0] <= now:
            claims = heapq.heappop(self._queue)[2]
            self._count -= len(claims)
            due += [claim for claim in claims if claim.lease_until > now]
        return due

    def next_due(self) -> float | None:
        return self._queue[0][0] if self._queue else None
