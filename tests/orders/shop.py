"""What takes orders, as a whole: the service, its workers, a real database, and the local gateway on real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.allowance import Work
from bot.domain.creation import CreationRules, Maker, OperatorRules
from bot.domain.order import Order, OrderState
from bot.domain.song_request import RequestKind, SongRequest
from bot.gateways.billing import Billing
from bot.gateways.gateway import Gateway
from bot.gateways.submitter import Submitter
from bot.services.lookup import Lookup
from bot.services.orders.service import Orders
from bot.services.orders.terms import GatewayTerms, OperatorSettings
from bot.services.orders.workers import OrderWorkers
from bot.storage.creation import CreationStore
from bot.storage.order_upkeep import OrderUpkeep
from bot.storage.orders import OrderStore, Placed
from sandbox.local_gateway.server import LocalGateway
from tests.clock import JumpingClock

ADA, BEN = 1, 2
GUILD, CHANNEL = 5, 10
RAIN = SongRequest(kind=RequestKind.DESCRIBE, description="rain on the harbour")


def maker(user_id: int = ADA, **fields: Any) -> Maker:
    values: dict[str, Any] = {"user_id": user_id, "guild_id": GUILD, "channel_ids": (CHANNEL,), "manages": True}
    return Maker(**(values | fields))


@dataclass
class Shop:
    orders: Orders
    workers: OrderWorkers
    gateway: LocalGateway
    clock: JumpingClock
    told: list[tuple[str, OrderState]] = field(default_factory=list)
    count: int = 0

    async def allow(self, **fields: Any) -> None:
        values: dict[str, Any] = {"guild_id": GUILD, "enabled": True}
        await self.orders.creation.save_rules(CreationRules(**(values | fields)))

    async def draft(self, user_id: int = ADA, request: SongRequest = RAIN, order_id: str = "") -> Order:
        self.count += 1
        return await self.orders.draft(
            order_id or f"o{self.count}",
            maker(user_id),
            request,
            channel_id=CHANNEL,
            locale="en-US",
            user_locale="en-US",
        )

    async def place(self, user_id: int = ADA, request: SongRequest = RAIN) -> Order:
        order = await self.draft(user_id, request)
        placed = await self.orders.place(order.id, maker(user_id))
        assert isinstance(placed, Placed), placed
        return placed.order

    async def state(self, order: Order) -> OrderState:
        found = await self.orders.store.order(order.id)
        assert found
        return found.state

    async def used(self, user_id: int = ADA) -> int:
        usage, _ = await self.orders.usage(maker(user_id), Work.SONG)
        return usage.person

    async def until(self, order: Order, *states: OrderState) -> Order:
        """By real time: what goes over the wire takes some."""
        async with asyncio.timeout(20):
            while True:
                found = await self.orders.store.order(order.id)
                assert found
                if found.state in states:
                    return found
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """The workers at work; stopped at the end as the program is."""

        async def tell(order: Order) -> bool:
            self.told.append((order.id, order.state))
            return True

        running = asyncio.create_task(self.workers.run(tell))
        try:
            yield
        finally:
            running.cancel()
            await asyncio.wait({running})
        assert running.cancelled(), "a stop is no error"


@asynccontextmanager
async def opened(
    engine: AsyncEngine,
    gateway: LocalGateway,
    clock: JumpingClock,
    operator: OperatorRules | None = None,
    word: OperatorSettings | None = None,
    *,
    url: str = "",
    accepted: Callable[[], None] = lambda: None,
) -> AsyncIterator[Shop]:
    """`url`: of the gateway, if it is reached in another way."""
    gateway.sells = True
    operator = operator or OperatorRules(enabled=True, at_once=10)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        submitter = await stack.enter_async_context(Submitter("default", url or gateway.url, ""))
        store, creation = OrderStore(engine), CreationStore(engine)
        asked = Gateway("default", gateway.url, "", session)
        lookup = Lookup([asked], clock=clock.now)
        stack.push_async_callback(lookup.close)
        billing = Billing("default", url or gateway.url, "", session)
        terms = GatewayTerms(billing, word or OperatorSettings(), operator, creation, clock, asked.dialect)
        orders = Orders(store, creation, lookup, {"default": terms}, operator, clock)
        workers = OrderWorkers(orders, OrderUpkeep(engine), [submitter], {"default": terms}, clock, accepted=accepted)
        shop = Shop(orders, workers, gateway, clock)
        await shop.allow()
        yield shop
