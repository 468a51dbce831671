"""Sends placed orders to one gateway: as many together as may run there, each at most once.

The order is stored as *sending* before the first byte is sent. If the program ends after that, the next start marks it
as unsure. An order is only sent again if it provably never reached the gateway.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any, Protocol

from bot.domain.allowance import Work
from bot.domain.order import Accepted, Order, OrderState, SubmitResult, Unsure, after_submission, unsure
from bot.domain.song_request import RequestKind, SongOption
from bot.domain.watch import Watch
from bot.errors import StorageError
from bot.gateways.submission import Dialect, Submission, submission_of
from bot.services.clock import Clock, Wakeup
from bot.services.storage_retry import wait_for_storage
from bot.storage.orders import OrderStore

_TIME_LIMITS = {RequestKind.LYRICS: 180.0}  # seconds; a gateway may hold the connection until the lyrics are written
_SONG_TIME_LIMIT = 90.0  # seconds
_LAST_WAIT = 6.0  # seconds that a shutdown waits for the answer to a sent order
_INTERVAL = 15.0  # seconds until the next check for room, because tasks at the gateway may have ended

log = logging.getLogger(__name__)


class Submits(Protocol):
    """A gateway that accepts orders."""

    @property
    def name(self) -> str: ...

    async def submit(self, submission: Submission, *, time_limit: float) -> SubmitResult:
        """Exactly one POST; raises nothing but a cancellation."""
        ...


class Terms(Protocol):
    """A gateway's terms for orders; they change while the program runs."""

    def is_open_beside(self, sending: Iterable[Work]) -> bool:
        """Whether one more order is sent there now. `sending`: what is on its way, and will cost something, too."""
        ...

    @property
    def can(self) -> frozenset[SongOption]:
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
        """One POST; its result is stored however long the database takes, for it is known nowhere else."""
        submission = submission_of(order.request, self._terms.can, self._dialect)
        time_limit = _TIME_LIMITS.get(order.request.kind, _SONG_TIME_LIMIT)
        posting = asyncio.create_task(self._gateway.submit(submission, time_limit=time_limit), name="order")
        try:
            await asyncio.wait({posting})
            while (error := await self._save(order, _result_of(posting))) is not None:
                await wait_for_storage(self._clock, log, error)
        except asyncio.CancelledError:
            await _to_the_end(self._end(order, posting))
            raise

    async def _end(self, order: Order, posting: asyncio.Task[SubmitResult]) -> None:
        """The program is being stopped: there is a moment left for the answer, and one attempt to store it."""
        await asyncio.wait({posting}, timeout=_LAST_WAIT)
        result = _result_of(posting) if posting.done() else Unsure("the bot was stopped meanwhile")
        posting.cancel()
        if order.id in self._being_sent:
            await self._save(order, result)

    async def _save(self, order: Order, result: SubmitResult) -> StorageError | None:
        """The error that prevented it. What is not stored until the next start is unsure then."""
        try:
            await self._record(order, result)
        except StorageError as error:
            answer = f"taken as {result.task_id}" if isinstance(result, Accepted) else type(result).__name__.lower()
            log.error("order %s: the gateway's answer is not stored yet: %s", order.id, answer)
            return error
        return None

    async def _record(self, order: Order, result: SubmitResult) -> None:
        now = self._clock.now()
        after = after_submission(order, result, now)
        if not isinstance(result, Accepted):
            await self._store.move(after, OrderState.SENDING, now)
        elif not await self._store.accept(after, watch_on(after, now), OrderState.SENDING, now):
            # It was stored by an attempt that was said to fail, or the gateway answered with what it made before.
            doubted = unsure(order, f"the gateway answered with the task of another order: {result.task_id}", now)
            await self._store.move(doubted, OrderState.SENDING, now)
            after = await self._store.order(order.id) or doubted
        log.info("order %s: %s", order.id, after.state)
        if after.state is not OrderState.PLACED:
            self._is_in_doubt = after.state is OrderState.UNSURE
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


def _result_of(posting: asyncio.Task[SubmitResult]) -> SubmitResult:
    """Nobody knows whether an order was taken that ended in an unexpected error; others are not to suffer from it."""
    if (error := posting.exception()) is None:
        return posting.result()
    log.error("an order ended in an unexpected error", exc_info=error)
    return Unsure(f"an unexpected error: {type(error).__name__}")


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Whatever is cancelled meanwhile: what goes on after a cancellation is cancelled again, every second."""
    task = asyncio.create_task(work, name="order")
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    task.result()
