"""All workers for orders: a sender and the terms of each gateway, and the keeper."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.domain.order import Order, OrderState
from bot.services.clock import Clock
from bot.services.orders.keeper import OrderKeeper
from bot.services.orders.sender import OrderSender, Submits
from bot.services.orders.service import Orders
from bot.services.orders.terms import GatewayTerms
from bot.storage.order_upkeep import OrderUpkeep


class OrderWorkers:
    """`accepted` is called when there is a new task to poll."""

    def __init__(
        self,
        orders: Orders,
        upkeep: OrderUpkeep,
        submitters: Sequence[Submits],
        terms: Mapping[str, GatewayTerms],
        clock: Clock,
        *,
        accepted: Callable[[], None],
    ) -> None:
        self.orders = orders
        self._upkeep = upkeep
        self._submitters = submitters
        self._terms = terms
        self._clock = clock
        self._accepted = accepted

    async def run(self, notify: Callable[[Order], Awaitable[bool]]) -> None:
        """Until cancelled. `notify` notifies a person of an order's state, and returns success."""
        keeper = OrderKeeper(
            self.orders.store, self._upkeep, self._terms, self._clock, changed=self.orders.wake, notify=notify
        )

        def changed(order: Order) -> None:
            self._terms[order.gateway].answered(order)
            if order.state is OrderState.ACCEPTED:
                self._accepted()
            keeper.wake()

        async with asyncio.TaskGroup() as workers:
            senders = [
                OrderSender(each, self.orders.store, self._clock, terms=self._terms[each.name], changed=changed)
                for each in self._submitters
            ]
            self.orders.workers = [self._accepted, keeper.wake, *(sender.wake for sender in senders)]
            workers.create_task(keeper.run(), name="keeper")
            for sender in senders:
                workers.create_task(sender.run(), name="sender")
            for each in self._terms.values() if self.orders.operator.enabled else ():
                workers.create_task(each.run(), name="terms")
