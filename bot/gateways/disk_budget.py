"""Disk space for songs that are being sent: a total limit, and limits per person and host."""

from collections import Counter
from collections.abc import Hashable

from bot.errors import MediaNoRoom

# For all songs that are open at once, in bytes. compose.yaml's tmpfs has 32 MiB more, for other files. A song has
# usually 4 MiB, and 23 MiB at most (MAX_REQUEST in bot/ui/render/cards.py): there is room for 120, or for 20. A ZIP has
# 50 MiB at most, as has a song that goes into it (bot/ui/features/archives.py).
MAX_BYTES = 480 * 1024 * 1024
_PART = MAX_BYTES // 4  # of one person, and of one host that is not known as good


class DiskBudget:
    def __init__(self, max_bytes: int = MAX_BYTES, part: int = _PART) -> None:
        self._max_bytes = max_bytes
        self._part = part
        self._taken = 0
        self._by_owner: Counter[Hashable] = Counter()

    def share(self, *owners: Hashable) -> "Share":
        """A share that counts for each of the owners."""
        return Share(self, owners)

    def take(self, size: int, owners: tuple[Hashable, ...]) -> None:
        """Raises MediaNoRoom."""
        if self._taken + size > self._max_bytes:
            raise MediaNoRoom("the songs being sent take up all the disk space for songs")
        if any(self._by_owner[owner] + size > self._part for owner in owners):
            raise MediaNoRoom("other songs of the same person or host take up all the space that one may have")
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
        """In bytes. Raises MediaNoRoom."""
        self._disk.take(size, self._owners)

    def give_back(self, size: int) -> None:
        self._disk.give_back(size, self._owners)


UNLIMITED = DiskBudget(1 << 62, 1 << 62).share()
