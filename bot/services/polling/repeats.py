"""Repeated answers: identical to the known ones, byte for byte, as nearly all answers are.

Their tasks are polled again without asking the database, until their leases end; these are renewed.
"""

import heapq
import itertools
from collections.abc import Mapping, Sequence

from msgspec import Struct

from bot.domain.polling import Claim, grouped
from bot.domain.snapshot import PollSchedule, next_poll_at, unchanged_for
from bot.domain.watch import QUIET_AFTER

LEASE = 120.0  # seconds for which a claimed task is leased
_ROUND = 30.0  # seconds; longer than a request takes, with its time in the queue


def digests(claims: Sequence[Claim]) -> Mapping[bytes, str]:
    """Task ids, by the digest of the answer that needs no action if it is repeated."""
    return {claim.digest: claim.task_id for claim in claims if claim.digest}


class NotHeld(Struct, frozen=True):
    """Claims that are not held. `to_renew`: their lease ends before the next poll, and a renewed one would not.
    `to_reschedule`: a renewed one would end before it, too, or they may need action within it.
    """

    to_renew: list[Claim]
    to_reschedule: list[Claim]


class RepeatedClaims:
    """Claims whose answers were repeated, until they are due again."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, int, Sequence[Claim]]] = []
        self._numbers = itertools.count()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def task_ids(self) -> list[str]:
        return [claim.task_id for _, _, claims in self._queue for claim in claims]

    def hold(self, claims: Sequence[Claim], now: float, schedule: PollSchedule) -> NotHeld:
        """Holds claims, and returns the others."""
        others = NotHeld([], [])
        for group in grouped(claims):
            due_at = next_poll_at(group[0], now, schedule)
            if due_at + _ROUND > now + LEASE or unchanged_for(group[0], now) + LEASE > QUIET_AFTER:
                others.to_reschedule.extend(group)
            elif due_at + _ROUND > group[0].lease_until:
                others.to_renew.extend(group)
            else:
                self._push(group, now, due_at)
        return others

    def _push(self, group: Sequence[Claim], now: float, due_at: float) -> None:
        for claim in group:
            claim.asked_at = now
        heapq.heappush(self._queue, (due_at, next(self._numbers), group))
        self._count += len(group)

    def take(self, now: float, enough: int) -> list[Claim]:
        """Claims that are due: `enough` of them, and the rest of their group.

        Drops claims whose lease has ended: the database gives them out again.
        """
        due: list[Claim] = []
        while len(due) < enough and self._queue and self._queue[0][0] <= now:
            claims = heapq.heappop(self._queue)[2]
            self._count -= len(claims)
            due += [claim for claim in claims if claim.lease_until > now]
        return due

    def next_due(self) -> float | None:
        return self._queue[0][0] if self._queue else None
