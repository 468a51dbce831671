"""An order: a song that somebody pays for. Its states, and what follows from what a gateway answered. Pure.

draft -> placed -> sending -> accepted
           |          |-----> refused     (a definite no: the allowance is given back)
           |          |-----> placed      (provably not taken: later, a few times)
           |          '-----> unsure      (anything else, or a crash: never sent again by the program)
           |-> waiting -> placed or declined     (where a server's managers approve)
           '-> expired                           (not sent within half an hour)
unsure -> accepted, refused or lost
"""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.order_refusals import Refusal
from bot.domain.song_request import SongRequest
from bot.domain.task import Status, Task

MAX_SENDS = 3  # attempts for an order that was provably not taken
RETRY_AFTER = (30.0, 90.0, 180.0)  # seconds until the next attempt
PLACED_FOR = 1_800.0  # seconds until an order that could not be sent expires
WAITING_FOR = 172_800.0  # seconds until one that nobody approved is declined
DRAFT_FOR = 86_400.0  # seconds that a draft is kept
STALE_AFTER = 120.0  # seconds: an order placed earlier than this before a start may come from a restored backup
LOST_AFTER = 86_400.0  # seconds until an unsure order counts as lost
RECONCILE_AFTER = (15.0, 60.0, 180.0, 600.0, 1_800.0, 7_200.0)  # seconds after the missing answer
MAX_DRAFTS = 5
RESTORED = "restored"  # the reason of orders in a copy of the database that were not sent when it was made
NOT_CHARGED = "not_charged"  # the reason of an unsure order that was found not to be charged
COOLDOWN = 30.0  # seconds between two orders of one person


class OrderState(StrEnum):
    DRAFT = "draft"
    WAITING = "waiting"  # for a manager's approval
    PLACED = "placed"  # to be sent
    SENDING = "sending"  # committed before the first byte is sent
    ACCEPTED = "accepted"  # the gateway gave a task id: now it is a watched task
    REFUSED = "refused"
    UNSURE = "unsure"  # it may have been charged; a person or evidence decides
    DECLINED = "declined"  # by a manager, or nobody approved it
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    LOST = "lost"
    FINISHED = "finished"
    FAILED = "failed"  # without anything to play


# The allowance that these orders had used is given back.
GIVEN_BACK = frozenset(
    {
        OrderState.REFUSED,
        OrderState.DECLINED,
        OrderState.EXPIRED,
        OrderState.CANCELLED,
        OrderState.LOST,
        OrderState.FAILED,
    }
)
MAY_BE_CHARGED = frozenset(
    {OrderState.ACCEPTED, OrderState.UNSURE, OrderState.FINISHED, OrderState.FAILED, OrderState.LOST}
)
CANCELLABLE = frozenset({OrderState.DRAFT, OrderState.WAITING, OrderState.PLACED})
RUNNING = frozenset({OrderState.SENDING, OrderState.ACCEPTED})  # at the gateway, as far as is known


FOR_MANAGERS = (OrderState.WAITING, OrderState.UNSURE, OrderState.LOST)
"""States in which the people who manage the server may have to do something."""


class OrderQuery(Struct, frozen=True, kw_only=True):
    """Which orders are meant: those for which all that is given holds. Drafts are in no list."""

    user_id: int | None = None
    guild_id: int | None = None
    states: tuple[OrderState, ...] = ()


class Order(Struct, frozen=True, kw_only=True):
    """Times are Unix seconds. `price`: in the gateway's unit, None: unknown. `reason`: a key of texts.

    `guild_id` None: in a DM. `due_at`: when its next step is due. `detail`: the gateway's own words.
    """

    id: str
    user_id: int
    guild_id: int | None
    channel_id: int
    gateway: str
    request: SongRequest
    state: OrderState = OrderState.DRAFT
    price: float | None = None
    task_id: str = ""
    reason: str = ""
    detail: str = ""
    attempts: int = 0
    reconciled: int = 0  # checks of an unsure order so far
    at_once: int = 1  # how many orders of the person may run together, by the server's setting when it was placed
    created_at: float
    placed_at: float | None = None
    sent_at: float | None = None
    due_at: float | None = None
    locale: str = "en-US"  # of the channel's readers
    user_locale: str = "en-US"  # of the person


class PersonsOrders(Struct, frozen=True):
    """What one person ordered that may have been charged. `price`: of all whose price was known; None: of none."""

    user_id: int
    songs: int
    lyrics: int
    price: float | None


class Accepted(Struct, frozen=True):
    task_id: str


class NotTaken(Struct, frozen=True):
    """It provably left no trace at the gateway: it may be sent again. `busy`: the gateway said so."""

    detail: str
    busy: bool = False


class Refused(Struct, frozen=True):
    """A definite no. `reason` is one of `bot.domain.order_refusals`; `detail` is the gateway's own text."""

    reason: str
    detail: str = ""


class Unsure(Struct, frozen=True):
    """It may have been taken and charged."""

    detail: str


SubmitResult = Accepted | NotTaken | Refused | Unsure


def sending(order: Order, now: float) -> Order:
    """Before the first byte is sent."""
    return replace(order, state=OrderState.SENDING, sent_at=now, attempts=order.attempts + 1, due_at=None)


def after_submission(order: Order, result: SubmitResult, now: float) -> Order:
    """The state after the gateway's answer to the submission."""
    match result:
        case Accepted(task_id):
            return replace(order, state=OrderState.ACCEPTED, task_id=task_id, due_at=None, reason="", detail="")
        case Refused(reason, detail):
            return replace(order, state=OrderState.REFUSED, reason=reason, detail=detail, due_at=None)
        case NotTaken(detail, busy) if order.attempts < MAX_SENDS:
            due_at = now + RETRY_AFTER[order.attempts - 1]
            return replace(
                order, state=OrderState.PLACED, reason="busy" if busy else "unreachable", detail=detail, due_at=due_at
            )
        case NotTaken(detail, busy):
            reason = "busy" if busy else "unreachable"
            return replace(order, state=OrderState.REFUSED, reason=reason, detail=detail, due_at=None)
        case Unsure(detail):
            return unsure(order, detail, now)


def unsure(order: Order, detail: str, now: float) -> Order:
    """Also used at a start for orders that were being sent when the program ended."""
    due_at = now + RECONCILE_AFTER[0]
    return replace(order, state=OrderState.UNSURE, detail=detail, due_at=due_at, reconciled=0)


def refused_as_busy(order: Order) -> bool:
    """Whether it waits because the gateway was busy."""
    return order.state is OrderState.PLACED and order.reason == Refusal.BUSY


def looked_for(order: Order, now: float) -> Order:
    """An unsure order about which nothing new was found: checked again later, and lost after a day."""
    since = order.sent_at if order.sent_at is not None else order.created_at
    if now - since >= LOST_AFTER:
        return replace(order, state=OrderState.LOST, due_at=None)
    done = order.reconciled + 1
    due_at = since + (RECONCILE_AFTER[done] if done < len(RECONCILE_AFTER) else LOST_AFTER)
    return replace(order, reconciled=done, due_at=max(due_at, now + 1.0))


def expired_at_start(order: Order, now: float, copied_at: float | None) -> Order | None:
    """An order that may have been sent since, by a program that wrote it down in another copy of the database.

    `copied_at`: when the database was copied, if it is a restored backup. Other copies do not tell: so nothing that was
    placed some time ago is sent, either.
    """
    placed_at = order.placed_at or order.created_at
    if order.state in (OrderState.PLACED, OrderState.WAITING) and copied_at is not None and placed_at <= copied_at:
        return replace(order, state=OrderState.EXPIRED, reason=RESTORED, due_at=None)
    if order.state is OrderState.PLACED and now - placed_at > STALE_AFTER:
        return replace(order, state=OrderState.EXPIRED, reason="restarted", due_at=None)
    return None


def after_task(order: Order, task: Task) -> Order:
    """The state of an accepted order after its task was polled."""
    if not task.is_final:
        return order
    failed = task.status is Status.FAILED and not task.playable and task.lyrics is None
    state = OrderState.FAILED if failed else OrderState.FINISHED
    return replace(order, state=state, detail=task.reason if failed else "", due_at=None)
