"""What the outbox returns: messages to send, and cards to keep up to date."""

from msgspec import Struct

from bot.domain.delivery import Delivery, State
from bot.domain.snapshot import TaskSnapshot
from bot.domain.watch import Watch


class ClaimedDelivery(Struct, frozen=True, kw_only=True):
    """A delivery with everything that its message needs."""

    delivery: Delivery
    claimed_at: float = 0.0
    attempts: int
    parked: bool = False  # deliveries behind it need not wait for it
    tried_at: float | None  # when it was last given to Discord, with whatever result; earlier attempts failed
    copied: bool = False  # it is from a copy of the database, which does not know what was tried since then
    watch: Watch
    snapshot: TaskSnapshot
    lyrics: TaskSnapshot | None
    card_id: int | None  # the message that this one replies to
    audio: bool = True  # whether the server wants files, or only links
    person_named: bool = True  # the post may say who requested the song
    maker_id: int = 0  # who ordered it, if the post may say so
    error_channel_id: int | None = None  # the server's channel for messages about failed posts


class DeliverySummary(Struct, frozen=True, kw_only=True):
    """A delivery as a server's managers see it."""

    delivery: Delivery
    state: State
    reason: str
    task_id: str
    title: str


class LiveCard(Struct, frozen=True, kw_only=True):
    """A card that follows progress. `shows`: what it was last rendered from; `result_id`: the songs' message."""

    watch: Watch
    snapshot: TaskSnapshot
    message_id: int
    shows: str
    result_id: int | None
    pending: bool  # something is still to be posted
