"""The port through which messages leave, and what a message is made of."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from msgspec import Struct

from bot.domain.outbox import ClaimedDelivery
from bot.domain.post_failures import Part
from bot.services.clip_files import ClipFile
from bot.services.lookup import Found


class Post(Struct, frozen=True):
    """A message to make. `clip_files`: the songs that go with it; `found`: None for a task that no gateway knows."""

    claimed: ClaimedDelivery
    found: Found | None
    clip_files: Sequence[ClipFile] = ()


class Poster(Protocol):
    """Every method raises PostError and nothing else."""

    def limit(self, claimed: ClaimedDelivery) -> int:
        """Bytes a file, where it goes."""
        ...

    def fits(self, claimed: ClaimedDelivery, clip_files: Sequence[ClipFile]) -> int:
        """How many of them, from the first, go into one message, where it goes."""
        ...

    async def post(self, post: Post, omitted: AbstractSet[Part]) -> int:
        """The id of the message. The same delivery again within the nonce's life gives the same message; a post in a
        forum has no nonce, and so an unclear outcome is told, and never tried again in here.
        """
        ...

    async def find(self, claimed: ClaimedDelivery) -> int | None:
        """The message of a delivery that was tried before, if it did arrive."""
        ...

    async def direct(self, user_id: int) -> int:
        """The id of the DM channel with a person."""
        ...
