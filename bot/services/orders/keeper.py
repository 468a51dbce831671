"""Looks after orders that are not being sent: follows their tasks, ends what waits too long, settles the unsure."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from msgspec.structs import replace

from bot.domain.allowance import Work
from bot.domain.evidence import Evidence, Sent, evidence, since_quiet
from bot.domain.order import Order, OrderState, looked_for
from bot.errors import StorageError
from bot.services.clock import Bell, Clock
from bot.services.orders.service import NOT_CHARGED
from bot.services.orders.terms import GatewayTerms
from bot.services.storage_retry import wait_for_storage
from bot.storage.orders import OrderStore

_LOOK_AGAIN = 10.0  # seconds
_TELL_AGAIN = 60.0  # seconds
_LOG_WINDOW = 2 * 86_400.0  # seconds of orders that are counted against the usage log
_MODELS = {Work.SONG: "suno_music", Work.LYRICS: "suno_lyrics"}
_WAS_TAKEN = frozenset({OrderState.ACCEPTED, OrderState.FINISHED, OrderState.FAILED})

log = logging.getLogger(__name__)


class OrderKeeper:
    """`changed` is called when orders have changed; `tell` tells a person of an order's state, and whether it did."""

    def __init__(
        self,
        store: OrderStore,
        terms: Mapping[str, GatewayTerms],
        clock: Clock,
        *,
        changed: Callable[[], None],
        tell: Callable[[Order], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._terms = terms
        self._clock = clock
        self._bell = Bell(clock)
        self._changed = changed
        self._tell = tell
        self._later: dict[str, float] = {}  # orders whose people could not be told, and when to try again

    def wake(self) -> None:
        self._bell.ring()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._look()
            except StorageError as error:
                await wait_for_storage(self._clock, log, error)
            await self._bell.wait(self._clock.now() + _LOOK_AGAIN)

    async def _look(self) -> None:
        await self._follow()
        await self._end_overdue()
        for order in await self._store.unsure(self._clock.now()):
            await self._settle(order)
        await self._tell_people()

    async def _tell_people(self) -> None:
        """Of each state once; who could not be told is told later."""
        now = self._clock.now()
        self._later = {order_id: at for order_id, at in self._later.items() if at > now}
        for order in await self._store.unannounced():
            if order.id in self._later:
                continue
            if await self._tell(order):
                await self._store.announced(order.id, order.state)
            else:
                self._later[order.id] = now + _TELL_AGAIN

    async def _follow(self) -> None:
        ended = await self._store.follow_tasks(self._clock.now())
        for order, task in ended:
            log.info("order %s: %s", order.id, order.state)
            if task and order.state is OrderState.FINISHED and (terms := self._terms.get(order.gateway)):
                await terms.saw(order.request, task)
        if ended:
            self._changed()

    async def _end_overdue(self) -> None:
        now = self._clock.now()
        for order in await self._store.overdue(now):
            unapproved = order.state is OrderState.WAITING
            state, reason = (OrderState.DECLINED, "late") if unapproved else (OrderState.EXPIRED, "unreachable")
            await self._store.move(replace(order, state=state, reason=reason, due_at=None), order.state, now)

    async def _settle(self, order: Order) -> None:
        """By what the gateway's log proves; or later, and in the end it is lost."""
        now = self._clock.now()
        found = await self._evidence(order, now)
        log.info("order %s is unsure; the log of %s says: %s", order.id, order.gateway, found)
        if found is Evidence.FREE:
            after = replace(order, state=OrderState.REFUSED, reason=NOT_CHARGED, due_at=None)
        else:
            after = looked_for(order, now)
        await self._store.move(after, OrderState.UNSURE, now)

    async def _evidence(self, order: Order, now: float) -> Evidence:
        terms = self._terms.get(order.gateway)
        charges = await terms.charges() if terms else None
        if not charges:
            return Evidence.NONE
        work = Work.of(order.request.kind)
        sent = [
            Sent(each.sent_at or 0.0, each.state in _WAS_TAKEN or bool(each.task_id))
            for each in await self._store.sent(order.gateway, now - _LOG_WINDOW)
            if Work.of(each.request.kind) is work
        ]
        charged_at = [charge.at for charge in charges if charge.model == _MODELS[work]]
        return evidence(since_quiet(sent, order.sent_at or 0.0), charged_at, now)
