"""Handles orders that are not being sent: follows their tasks, ends overdue ones, settles unsure ones."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from msgspec.structs import replace

from bot.domain.evidence import Evidence
from bot.domain.order import NOT_CHARGED, Order, OrderState, looked_for
from bot.errors import StorageError
from bot.services.clock import Clock, Wakeup
from bot.services.orders.evidence import EvidenceFinder
from bot.services.orders.terms import GatewayTerms
from bot.services.storage_retry import wait_for_storage
from bot.storage.order_upkeep import OrderUpkeep
from bot.storage.orders import OrderStore

_INTERVAL = 10.0  # seconds
_NOTIFY_RETRY = 60.0  # seconds

log = logging.getLogger(__name__)


class OrderKeeper:
    """`changed` is called when orders have changed; `notify` notifies a person of an order's state, and returns
    success.
    """

    def __init__(
        self,
        store: OrderStore,
        upkeep: OrderUpkeep,
        terms: Mapping[str, GatewayTerms],
        clock: Clock,
        *,
        changed: Callable[[], None],
        notify: Callable[[Order], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._upkeep = upkeep
        self._evidence = EvidenceFinder(upkeep, terms)
        self._terms = terms
        self._clock = clock
        self._wakeup = Wakeup(clock)
        self._changed = changed
        self._notify = notify
        self._retry_at: dict[str, float] = {}  # orders whose people could not be notified yet

    def wake(self) -> None:
        self._wakeup.send()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._round()
            except StorageError as error:
                await wait_for_storage(self._clock, log, error)
            await self._wakeup.wait(self._clock.now() + _INTERVAL)

    async def _round(self) -> None:
        await self._follow()
        await self._end_overdue()
        for order in await self._upkeep.unsure(self._clock.now()):
            await self._settle(order)
        await self._notify_people()

    async def _notify_people(self) -> None:
        """Once for each state; failures are retried later."""
        now = self._clock.now()
        self._retry_at = {order_id: at for order_id, at in self._retry_at.items() if at > now}
        for order in await self._upkeep.unannounced():
            if order.id in self._retry_at:
                continue
            if await self._notify(order):
                await self._upkeep.announced(order.id, order.state)
            else:
                self._retry_at[order.id] = now + _NOTIFY_RETRY

    async def _follow(self) -> None:
        ended = await self._upkeep.follow_tasks(self._clock.now())
        for order, task in ended:
            log.info("order %s: %s", order.id, order.state)
            if task and order.state is OrderState.FINISHED and (terms := self._terms.get(order.gateway)):
                await terms.abilities.record_finished(order.request, task)
        if ended:
            self._changed()

    async def _end_overdue(self) -> None:
        now = self._clock.now()
        for order in await self._upkeep.overdue(now):
            unapproved = order.state is OrderState.WAITING
            state, reason = (OrderState.DECLINED, "late") if unapproved else (OrderState.EXPIRED, "unreachable")
            await self._store.move(replace(order, state=state, reason=reason, due_at=None), order.state, now)

    async def _settle(self, order: Order) -> None:
        """Settles it by what the gateway's log or balance proves, or checks again later; lost in the end."""
        now = self._clock.now()
        found = await self._evidence.of(order, now)
        log.info("order %s is unsure; the account at %s says: %s", order.id, order.gateway, found)
        if found is Evidence.FREE:
            after = replace(order, state=OrderState.REFUSED, reason=NOT_CHARGED, due_at=None)
        else:
            after = looked_for(order, now)
        await self._store.move(after, OrderState.UNSURE, now)
