"""The protocol through which messages are posted, and what a message is made of."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from msgspec import Struct

from bot.domain.discord_errors import MessagePart
from bot.domain.library import PostedAt
from bot.domain.outbox import ClaimedDelivery
from bot.services.clip_files import ClipFile
from bot.services.lookup import Found


class Post(Struct, frozen=True):
    """A message to post. `clip_files`: the songs in it; `found`: None for a task that no gateway knows."""

    claimed: ClaimedDelivery
    found: Found | None
    clip_files: Sequence[ClipFile] = ()


class PostedSongs(Struct, frozen=True):
    """A message about a task. `mark`: the delivery's id; `numbers`: of the task's songs in it, counted from 1.

    `lyrics`: it has the lyrics, and no songs.
    """

    message_id: int
    mark: str
    numbers: frozenset[int]
    lyrics: bool = False


class Poster(Protocol):
    """Every method raises PostError and nothing else."""

    def knows_server(self, claimed: ClaimedDelivery) -> bool:
        """False if it is not known yet whether the bot is in the message's server."""
        ...

    def limit(self, claimed: ClaimedDelivery) -> int:
        """The largest file in bytes, at its destination."""
        ...

    def fits(self, claimed: ClaimedDelivery, clip_files: Sequence[ClipFile]) -> int:
        """How many of them, from the first, one message can hold at its destination."""
        ...

    async def post(self, post: Post, omitted: AbstractSet[MessagePart]) -> int:
        """The id of the message.

        Posting the same delivery again while its nonce is valid gives the same message. A forum post has no nonce: an
        unclear outcome is reported to the caller and never retried here.
        """
        ...

    async def find(self, claimed: ClaimedDelivery) -> int | None:
        """The message of a delivery that was tried before, if it did arrive."""
        ...

    async def posted_songs(self, claimed: ClaimedDelivery) -> Sequence[PostedSongs]:
        """The messages about its task where it is to be posted, by whatever delivery, since it may have been tried."""
        ...

    def place(self, claimed: ClaimedDelivery, message_id: int) -> PostedAt:
        """Where that message of it is, and who may view it. Never raises."""
        ...

    async def open_dm(self, user_id: int) -> int:
        """The id of the DM channel with a person."""
        ...
