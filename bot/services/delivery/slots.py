"""Limits on messages that are sent at the same time: a fair part for each person and each host of songs."""

from collections import Counter
from collections.abc import Collection, Iterable

from bot.gateways.hosts import HostRating, Hosts

MAX_SENDING = 48  # messages being sent; most of the time they wait for the hosts of their songs
_RESERVED = 16  # of those, reserved for good hosts
_OF_HOST = (2, 8, 32)  # per host: slow, unknown, good
_OF_PERSON = 6  # per person, from hosts that are not (yet) good
_OF_PERSON_GOOD = 16  # per person, from all hosts


class DeliverySlots:
    """`going`: the host and the person of each message that is being sent."""

    def __init__(self, hosts: Hosts, going: Iterable[tuple[str, int]] = ()) -> None:
        self._hosts = hosts
        self._going = Counter(going)

    @property
    def good_hosts(self) -> Collection[str]:
        return self._hosts.good()

    @property
    def full_hosts(self) -> Collection[str]:
        return [host for host, count in self._by_host().items() if count >= _OF_HOST[self._hosts.rating(host)]]

    @property
    def full_people(self) -> Collection[int]:
        return [person for person, count in self._by_person().items() if count >= _OF_PERSON_GOOD]

    @property
    def strained_people(self) -> Collection[int]:
        return [person for person, count in self._by_person(doubtful=True).items() if count >= _OF_PERSON]

    @property
    def only_good(self) -> bool:
        return self._by_person(doubtful=True).total() >= MAX_SENDING - _RESERVED

    def take(self, host: str, user_id: int) -> bool:
        """Takes a slot, if one is free."""
        good = self._hosts.rating(host) is HostRating.GOOD
        full = (
            host in self.full_hosts
            or user_id in self.full_people
            or (not good and (self.only_good or user_id in self.strained_people))
        )
        if host and full:
            return False
        self._going[host, user_id] += 1
        return True

    def _by_host(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for (host, _), count in self._going.items():
            if host:
                found[host] += count
        return found

    def _by_person(self, *, doubtful: bool = False) -> Counter[int]:
        found: Counter[int] = Counter()
        for (host, person), count in self._going.items():
            if host and not (doubtful and self._hosts.rating(host) is HostRating.GOOD):
                found[person] += count
        return found
