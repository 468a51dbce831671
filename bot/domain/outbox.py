"""What the outbox hands out: messages to send, cards to keep up to date, and what became of a message."""

from msgspec import Struct

from bot.domain.delivery import Delivery, State
from bot.domain.snapshot import TaskSnapshot
from bot.domain.watch import Watch


class ClaimedDelivery(Struct, frozen=True, kw_only=True):
    """A delivery with all that its message is made of."""

    delivery: Delivery
    claimed_at: float = 0.0
    attempts: int
    parked: bool = False  # those behind it need not wait for it
    tried_at: float | None  # when it was last given to Discord, whatever came of it; the times before came to nothing
    watch: Watch
    snapshot: TaskSnapshot
    lyrics: TaskSnapshot | None
    card_id: int | None  # the message that it replies to
    audio: bool = True  # whether the server wants files, or links alone
    error_channel_id: int | None = None  # where the server wants to hear of what cannot be posted


class DeliverySummary(Struct, frozen=True, kw_only=True):
    """A delivery as those who manage a server see it."""

    delivery: Delivery
    state: State
    reason: str
    task_id: str
    title: str


class LiveCard(Struct, frozen=True, kw_only=True):
    """A card that follows a progress. `shows`: what it was last made of; `result_id`: the message with the songs."""

    watch: Watch
    snapshot: TaskSnapshot
    message_id: int
    shows: str
    result_id: int | None
    pending: bool  # something is still to be brought
