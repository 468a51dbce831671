"""Sends placed orders to one gateway: as many together as may run there, each at most once.

The order is stored as *sending* before the first byte is sent. If the program ends after that, the next start marks it
as unsure. An order is only sent again if it provably never reached the gateway.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from bot.domain.allowance import Work
from bot.domain.order import Accepted, Order, OrderState, Refused, SubmitResult, Unsure, after_submission
from bot.domain.song_request import RequestKind, Wish
from bot.domain.watch import Watch
from bot.errors import StorageError
from bot.gateways.submission import Dialect, Submission, submission_of
from bot.services.clock import Clock, Wakeup
from bot.services.storage_retry import wait_for_storage
from bot.storage.orders import OrderStore

_PATIENCE = {RequestKind.LYRICS: 180.0}  # seconds; a gateway may hold the connection until the lyrics are written
_PATIENCE_FOR_SONGS = 90.0
_LAST_WAIT = 6.0  # seconds that a shutdown waits for the answer to a sent order
_INTERVAL = 15.0  # seconds until the next check for room, because tasks at the gateway may have ended

log = logging.getLogger(__name__)


class Submits(Protocol):
    """A gateway that accepts orders."""

    @property
    def name(self) -> str: ...

    async def submit(self, submission: Submission, *, patience: float) -> SubmitResult:
        """Exactly one POST; raises nothing but a cancellation."""
        ...


class Terms(Protocol):
    """A gateway's terms for orders; they change while the program runs."""

    def is_open_beside(self, sending: Iterable[Work]) -> bool:
        """Whether one more order is sent there now. `sending`: what is on its way, and will cost something, too."""
        ...

    @property
    def can(self) -> frozenset[Wish]:
        """The options that it passes on to Suno."""
        ...

    @property
    def at_once(self) -> int:
        """How many orders may run there."""
        ...

    async def dialect(self) -> Dialect:
        """Whose bodies it takes."""
        ...

    async def check_if_old(self) -> None:
        """Before a payment: checks whether the balance is sufficient."""
        ...


class OrderSender:
    """`changed` is called with each order whose state changed."""

    def __init__(
        self, gateway: Submits, store: OrderStore, clock: Clock, *, terms: Terms, changed: Callable[[Order], None]
    ) -> None:
        self._gateway = gateway
        self._store = store
        self._clock = clock
        self._wakeup = Wakeup(clock)
        self._terms = terms
        self._changed = changed
        self._dialect = Dialect.RIX
        self._being_sent: dict[str, Work] = {}  # by the order's id
        self._begun_in_vain = False  # the database failed: something may be called sending that never was
        # The last answer left an order unsure: until one is clear, they are sent one at a time.
        self._is_in_doubt = False

    def wake(self) -> None:
        """There is something to send, or room for it."""
        self._wakeup.send()

    async def run(self) -> None:
        """Until cancelled; what was sent is then still waited for, for a moment."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    await self._send_due(tasks)
                    await self._wakeup.wait(self._clock.now() + _INTERVAL)
                except StorageError as error:
                    self._begun_in_vain = True
                    await wait_for_storage(self._clock, log, error)

    async def _send_due(self, tasks: asyncio.TaskGroup) -> None:
        """Each by itself: one that gets no answer does not hold up the others for which there is room."""
        if self._begun_in_vain:
            await self._store.doubt(self._gateway.name, list(self._being_sent), self._clock.now())
            self._begun_in_vain = False
        while (order := await self._begin()) is not None:
            self._being_sent[order.id] = Work.of(order.request.kind)
            self._changed(order)
            tasks.create_task(self._send(order), name="order")

    async def _begin(self) -> Order | None:
        """The next order to send, if there is one, and room and money for it."""
        if self._is_in_doubt and self._being_sent:
            return None
        if not await self._store.has_due(self._gateway.name, self._clock.now()):
            return None
        await self._terms.check_if_old()
        if not self._terms.is_open_beside(self._being_sent.values()):
            return None
        self._dialect = await self._terms.dialect()
        return await self._store.begin(self._gateway.name, self._clock.now(), at_once=self._terms.at_once)

    async def _send(self, order: Order) -> None:
        """One POST; its result is stored even while the program is being stopped."""
        submission = submission_of(order.request, self._terms.can, self._dialect)
        patience = _PATIENCE.get(order.request.kind, _PATIENCE_FOR_SONGS)
        posting = asyncio.create_task(self._gateway.submit(submission, patience=patience), name="order")
        try:
            await asyncio.wait({posting})
        except asyncio.CancelledError:
            await asyncio.wait({posting}, timeout=_LAST_WAIT)
            result = posting.result() if posting.done() else Unsure("the bot was stopped meanwhile")
            posting.cancel()
            await self._store_once(order, result)
            raise
        await self._store_result(order, posting.result())

    async def _store_result(self, order: Order, result: SubmitResult) -> None:
        """However long the database takes: the answer is known nowhere else."""
        while True:
            try:
                await _uncancelled(self._record(order, result))
            except StorageError as error:
                log.error("order %s: its answer cannot be stored yet", order.id)
                await wait_for_storage(self._clock, log, error)
            else:
                return

    async def _store_once(self, order: Order, result: SubmitResult) -> None:
        try:
            await _uncancelled(self._record(order, result))
        except StorageError as error:
            log.error(
                "order %s: its answer could not be stored, so it is unsure at the next start: %s", order.id, error
            )

    async def _record(self, order: Order, result: SubmitResult) -> None:
        now = self._clock.now()
        after = after_submission(order, result, now)
        log.info("order %s: %s", order.id, after.state)
        if isinstance(result, Accepted):
            await self._store.accept(after, watch_on(after, now), OrderState.SENDING, now)
        else:
            await self._store.move(after, OrderState.SENDING, now)
        if isinstance(result, Unsure | Accepted | Refused):
            self._is_in_doubt = isinstance(result, Unsure)
        self._changed(after)
        del self._being_sent[order.id]
        self._wakeup.send()


def watch_on(order: Order, now: float) -> Watch:
    """The watch for an accepted order: it mentions the person who ordered the song."""
    return Watch(
        task_id=order.task_id,
        user_id=order.user_id,
        channel_id=order.channel_id,
        guild_id=order.guild_id,
        mentions=(f"<@{order.user_id}>",),
        live=True,
        locale=order.locale,
        user_locale=order.user_locale,
        created_at=now,
    )


async def _uncancelled(saving: Awaitable[None]) -> None:
    """Completes even if the caller is cancelled."""
    task = asyncio.ensure_future(saving)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
