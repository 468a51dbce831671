"""Who may fetch from a media host now: a fair part for each host and person, and a share for hosts that behave.

A host is named as in an address, with its port. All figures are in files at once.
"""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import IntEnum

from msgspec import Struct

from bot.errors import MediaSlow

MOST = 96
KEPT = 32  # of those, only for hosts that behave
_OF_HOST = (2, 8, 48)  # of a host that is slow, is not known, or behaves
_OF_PERSON = 8  # from hosts that do not (yet) behave
_OF_PERSON_GOOD = 24  # from those that do
_PATIENCE = 20.0  # seconds in line
_REMEMBERED = 2_000  # hosts
_FORGIVEN_AFTER = 600.0  # seconds after which a slow host is as good as an unknown one
_TRUSTED_FOR = 3_600.0  # seconds since it last behaved


class Standing(IntEnum):
    """What can be expected of a host."""

    SLOW = 0
    UNKNOWN = 1
    GOOD = 2


class Hosts:
    """What each host was like when it was last asked for a file."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seen: OrderedDict[str, tuple[Standing, float]] = OrderedDict()

    def standing(self, host: str) -> Standing:
        standing, at = self._seen.get(host, (Standing.UNKNOWN, 0.0))
        lasts = _TRUSTED_FOR if standing is Standing.GOOD else _FORGIVEN_AFTER
        return standing if self._now() - at < lasts else Standing.UNKNOWN

    def good(self) -> tuple[str, ...]:
        return tuple(host for host in self._seen if self.standing(host) is Standing.GOOD)

    def note(self, host: str, standing: Standing) -> None:
        self._seen[host] = standing, self._now()
        self._seen.move_to_end(host)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)


class _Ticket(Struct, frozen=True, eq=False):
    host: str
    person: int
    admitted: asyncio.Future[bool]  # whether it counts as one of a host that behaves


class Slots:
    """`async with slots.take(host, person)`: in line until it is this one's turn. `person`: a Discord id."""

    def __init__(self, hosts: Hosts, *, most: int = MOST, kept: int = KEPT, patience: float = _PATIENCE) -> None:
        self._hosts = hosts
        self._most = most
        self._kept = kept
        self._patience = patience
        self._line: list[_Ticket] = []
        self._by_host: Counter[str] = Counter()
        self._by_person: Counter[tuple[int, bool]] = Counter()  # and whether the host behaves

    @asynccontextmanager
    async def take(self, host: str, person: int) -> AsyncIterator[None]:
        """Raises MediaSlow when it takes too long: so many others are at it that it had better be asked later."""
        ticket = _Ticket(host, person, asyncio.get_running_loop().create_future())
        self._line.append(ticket)
        self._admit()
        try:
            try:
                async with asyncio.timeout(self._patience):
                    await ticket.admitted
            except TimeoutError:
                raise MediaSlow("too many of its files are on their way already") from None
            yield
        finally:
            self._leave(ticket)

    def _leave(self, ticket: _Ticket) -> None:
        if ticket in self._line:
            self._line.remove(ticket)
        elif ticket.admitted.done() and not ticket.admitted.cancelled():
            self._count(ticket, -1, good=ticket.admitted.result())
        self._admit()

    def _admit(self) -> None:
        for ticket in list(self._line):
            standing = self._hosts.standing(ticket.host)
            if ticket.admitted.cancelled() or not self._has_room(ticket, standing):
                continue
            self._line.remove(ticket)
            self._count(ticket, 1, good=standing is Standing.GOOD)
            ticket.admitted.set_result(standing is Standing.GOOD)

    def _has_room(self, ticket: _Ticket, standing: Standing) -> bool:
        good = standing is Standing.GOOD
        doubtful = sum(count for (_, behaves), count in self._by_person.items() if not behaves)
        return (
            self._by_person.total() < self._most
            and (good or doubtful < self._most - self._kept)
            and self._by_host[ticket.host] < _OF_HOST[standing]
            and self._by_person[ticket.person, good] < (_OF_PERSON_GOOD if good else _OF_PERSON)
        )

    def _count(self, ticket: _Ticket, change: int, *, good: bool) -> None:
        self._by_host[ticket.host] += change
        self._by_person[ticket.person, good] += change
        self._by_host = +self._by_host
        self._by_person = +self._by_person
