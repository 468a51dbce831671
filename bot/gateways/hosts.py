"""Limits on downloads from media hosts: a fair part for each host and person, and a reserve for good hosts.

A host is named as in an address, with its port. All limits are numbers of concurrent files.
"""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import IntEnum

from msgspec import Struct

from bot.errors import MediaSlow

MAX_FILES = 96
RESERVED = 32  # of those, reserved for good hosts
_OF_HOST = (2, 8, 48)  # per host: slow, unknown, good
_OF_PERSON = 8  # per person, from hosts that are not (yet) good
_OF_PERSON_GOOD = 24  # per person, from good hosts
_QUEUE_TIMEOUT = 20.0  # seconds
_MAX_HOSTS = 2_000  # hosts
_SLOW_FOR = 600.0  # seconds after which a slow host counts as unknown
_GOOD_FOR = 3_600.0  # seconds after its last good download


class HostRating(IntEnum):
    """What to expect of a host."""

    SLOW = 0
    UNKNOWN = 1
    GOOD = 2


class Hosts:
    """Each host's rating after its last download."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seen: OrderedDict[str, tuple[HostRating, float]] = OrderedDict()

    def rating(self, host: str) -> HostRating:
        rating, at = self._seen.get(host, (HostRating.UNKNOWN, 0.0))
        lasts = _GOOD_FOR if rating is HostRating.GOOD else _SLOW_FOR
        return rating if self._now() - at < lasts else HostRating.UNKNOWN

    def good(self) -> tuple[str, ...]:
        return tuple(host for host in self._seen if self.rating(host) is HostRating.GOOD)

    def record_rating(self, host: str, rating: HostRating) -> None:
        self._seen[host] = rating, self._now()
        self._seen.move_to_end(host)
        if len(self._seen) > _MAX_HOSTS:
            self._seen.popitem(last=False)


class _Ticket(Struct, frozen=True, eq=False):
    host: str
    person: int
    admitted: asyncio.Future[bool]  # the result: whether it counts as one of a good host


class Slots:
    """`async with slots.take(host, person)`: waits for a slot. `person`: a Discord id."""

    def __init__(
        self, hosts: Hosts, *, max_files: int = MAX_FILES, reserved: int = RESERVED, timeout: float = _QUEUE_TIMEOUT
    ) -> None:
        self._hosts = hosts
        self._max_files = max_files
        self._reserved = reserved
        self._timeout = timeout
        self._queue: list[_Ticket] = []
        self._by_host: Counter[str] = Counter()
        self._by_person: Counter[tuple[int, bool]] = Counter()  # and whether the host is good

    @asynccontextmanager
    async def take(self, host: str, person: int) -> AsyncIterator[None]:
        """Raises MediaSlow if the wait is too long; a later attempt is more promising."""
        ticket = _Ticket(host, person, asyncio.get_running_loop().create_future())
        self._queue.append(ticket)
        self._admit()
        try:
            try:
                async with asyncio.timeout(self._timeout):
                    await ticket.admitted
            except TimeoutError:
                raise MediaSlow("too many files are being fetched already") from None
            yield
        finally:
            self._leave(ticket)

    def _leave(self, ticket: _Ticket) -> None:
        if ticket in self._queue:
            self._queue.remove(ticket)
        elif ticket.admitted.done() and not ticket.admitted.cancelled():
            self._count(ticket, -1, good=ticket.admitted.result())
        self._admit()

    def _admit(self) -> None:
        for ticket in list(self._queue):
            rating = self._hosts.rating(ticket.host)
            if ticket.admitted.cancelled() or not self._has_room(ticket, rating):
                continue
            self._queue.remove(ticket)
            self._count(ticket, 1, good=rating is HostRating.GOOD)
            ticket.admitted.set_result(rating is HostRating.GOOD)

    def _has_room(self, ticket: _Ticket, rating: HostRating) -> bool:
        good = rating is HostRating.GOOD
        not_good = sum(count for (_, is_good), count in self._by_person.items() if not is_good)
        return (
            self._by_person.total() < self._max_files
            and (good or not_good < self._max_files - self._reserved)
            and self._by_host[ticket.host] < _OF_HOST[rating]
            and self._by_person[ticket.person, good] < (_OF_PERSON_GOOD if good else _OF_PERSON)
        )

    def _count(self, ticket: _Ticket, change: int, *, good: bool) -> None:
        self._by_host[ticket.host] += change
        self._by_person[ticket.person, good] += change
        self._by_host = +self._by_host
        self._by_person = +self._by_person
