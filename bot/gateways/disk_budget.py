"""Room on the disk for songs on their way: how much all of them have, and how much of it one person or host."""

from collections import Counter
from collections.abc import Hashable

from bot.errors import MediaNoRoom

# All songs that are open at once, in bytes. compose.yaml's tmpfs is this and 32 MiB more, for what else is written
# there. A song is 4 MiB as a rule, and 23 MiB at most (MAX_REQUEST in bot/ui/render/cards.py): there is room for 120,
# or for 20.
MOST = 480 * 1024 * 1024
_PART = MOST // 4  # of one person, and of one host that has not yet shown that it behaves


class DiskBudget:
    def __init__(self, most: int = MOST, part: int = _PART) -> None:
        self._most = most
        self._part = part
        self._taken = 0
        self._by_owner: Counter[Hashable] = Counter()

    def share(self, *owners: Hashable) -> "Share":
        """What is taken of it counts as each owner's."""
        return Share(self, owners)

    def take(self, size: int, owners: tuple[Hashable, ...]) -> None:
        """Raises MediaNoRoom."""
        if self._taken + size > self._most:
            raise MediaNoRoom("other songs on their way have all the room that there is for them")
        if any(self._by_owner[owner] + size > self._part for owner in owners):
            raise MediaNoRoom("other songs of the same person or host have all the room that one may have")
        self._taken += size
        self._by_owner.update(dict.fromkeys(owners, size))

    def give_back(self, size: int, owners: tuple[Hashable, ...]) -> None:
        self._taken -= size
        self._by_owner.subtract(dict.fromkeys(owners, size))
        for owner in owners:
            if not self._by_owner[owner]:
                del self._by_owner[owner]


class Share:
    def __init__(self, disk: DiskBudget, owners: tuple[Hashable, ...]) -> None:
        self._disk = disk
        self._owners = owners

    def take(self, size: int) -> None:
        """Bytes. Raises MediaNoRoom."""
        self._disk.take(size, self._owners)

    def give_back(self, size: int) -> None:
        self._disk.give_back(size, self._owners)


UNLIMITED = DiskBudget(1 << 62, 1 << 62).share()
