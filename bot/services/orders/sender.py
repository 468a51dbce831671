"""Sends placed orders to one gateway: one at a time, each at most once.

The order is stored as *sending* before the first byte is sent. If the program ends after that, the next start marks it
as unsure. An order is only sent again if it provably never reached the gateway.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.domain.order import Accepted, Order, OrderState, SubmitResult, Unsure, after_submission
from bot.domain.song_request import RequestKind, Wish
from bot.domain.watch import Watch
from bot.errors import StorageError
from bot.gateways.submission import Submission, submission_of
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

    @property
    def is_open(self) -> bool:
        """Whether orders are sent there now."""
        ...

    @property
    def can(self) -> frozenset[Wish]:
        """The options that it passes on to Suno."""
        ...

    @property
    def at_once(self) -> int:
        """How many orders may run there."""
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

    def wake(self) -> None:
        """There is something to send, or room for it."""
        self._wakeup.send()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                while (order := await self._begin()) is not None:
                    self._changed(order)
                    await self._send(order)
                await self._wakeup.wait(self._clock.now() + _INTERVAL)
            except StorageError as error:
                await wait_for_storage(self._clock, log, error)

    async def _begin(self) -> Order | None:
        """The next order to send, if there is one and it can be paid for."""
        if not await self._store.has_due(self._gateway.name, self._clock.now()):
            return None
        await self._terms.check_if_old()
        if not self._terms.is_open:
            return None
        return await self._store.begin(self._gateway.name, self._clock.now(), at_once=self._terms.at_once)

    async def _send(self, order: Order) -> None:
        """One POST; its result is stored even while the program is being stopped."""
        submission = submission_of(order.request, self._terms.can)
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
        self._changed(after)


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
