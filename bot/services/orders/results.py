"""What the service of orders answers: a draft's quote, why nothing was ordered, how an unsure order was settled."""

from enum import StrEnum

from msgspec import Struct

from bot.domain.allowance import LimitReached
from bot.domain.creation import NotPermitted
from bot.domain.order import Order
from bot.domain.song_request import Problem, SongOption, TooLong


class Quote(Struct, frozen=True, kw_only=True):
    """What the card shows before a payment. `left`: of today's allowance, None: unlimited.

    `exact`: the price is the operator's setting, not from a price list. `ignored`: options that the gateway was seen to
    ignore; `doubtful`: options of which that is not known.
    """

    order: Order
    price: float | None
    exact: bool
    ignored: frozenset[SongOption]
    doubtful: frozenset[SongOption]
    faults: tuple[TooLong, ...]
    problem: Problem | None
    left: int | None
    limit: int | None
    approval: bool
    closed: str  # why the gateway takes no orders now; empty: it does
    not_permitted: NotPermitted | None
    limit_reached: LimitReached | None

    @property
    def complete(self) -> bool:
        """Whether it could be placed, limits aside. A cover without its song would be paid for nothing."""
        uncovered = SongOption.COVER in self.ignored | self.doubtful
        return not (self.faults or self.problem or self.closed or self.not_permitted or uncovered)

    @property
    def ready(self) -> bool:
        """Whether Create would place the order now."""
        return self.complete and self.limit_reached is None

    @property
    def may_pass(self) -> bool:
        """Whether what is in the way may be gone later, without an edit."""
        return bool(self.closed or self.not_permitted or self.limit_reached)


class Offer(Struct, frozen=True, kw_only=True):
    """What may be made from a task, where it is shown. `ordered`: it was ordered through the bot."""

    creates: bool = False
    covers: bool = False
    ordered: bool = False


NO_OFFER = Offer()


class Obstacle(StrEnum):
    """Why Create ordered nothing, apart from what the quote says and the limits."""

    CHANGED = "changed"  # the price has changed
    EDITED = "edited"  # the draft has, on another device
    RESTORED = "restored"  # the database is a copy, and the draft may have been placed since
    GONE = "gone"  # there is no such draft: it was placed, cancelled or deleted
    NOT_READY = "not_ready"  # the card says why


class Settlement(StrEnum):
    DONE = "done"
    GONE = "gone"  # settled already, or there is no such order
    OTHER_SONG = "other_song"  # the task is not what was ordered
    TAKEN = "taken"  # the task belongs to another order
