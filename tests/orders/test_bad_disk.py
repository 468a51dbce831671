"""Orders while the database takes nothing, at each step of an order: nothing is paid for twice, and nothing is lost."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.order import OrderState
from bot.errors import StorageError
from bot.storage.orders import Placed
from sandbox.local_gateway.orders import Post
from sandbox.local_gateway.server import LocalGateway
from tests.clock import JumpingClock
from tests.orders.shop import BEN, Shop, maker, opened


@pytest.fixture
async def shop(engine: AsyncEngine, clock: JumpingClock) -> AsyncIterator[Shop]:
    async with LocalGateway(clock=clock.now) as gateway, opened(engine, gateway, clock) as made:
        yield made


class Disk:
    """`is_bad`: whether the database can only be read."""

    is_bad = False


@contextmanager
def bad_disk() -> Iterator[Disk]:
    disk = Disk()

    def set_up(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA query_only = {int(disk.is_bad)}")

    event.listen(Engine, "begin", set_up)
    try:
        yield disk
    finally:
        event.remove(Engine, "begin", set_up)


async def test_a_press_that_cannot_be_stored_orders_nothing_and_can_be_repeated(shop: Shop) -> None:
    order = await shop.draft()
    with bad_disk() as disk:
        disk.is_bad = True
        with pytest.raises(StorageError):
            await shop.orders.place(order.id, maker())
        disk.is_bad = False
        assert await shop.used() == 0
        async with shop.open():
            await shop.clock.advance(60, step=15)
            assert shop.gateway.orders.posts == []
            await shop.orders.quote_for_card(order, maker())  # its price is known by now
            assert isinstance(await shop.orders.place(order.id, maker()), Placed)
            await shop.until(order, OrderState.ACCEPTED)
    assert len(shop.gateway.orders.posts) == 1


async def test_what_cannot_be_called_sending_is_not_sent(shop: Shop) -> None:
    order = await shop.place()
    with bad_disk() as disk:
        disk.is_bad = True
        async with shop.open():
            await shop.clock.advance(120, step=5)
            assert shop.gateway.orders.posts == []
            disk.is_bad = False
            await shop.clock.advance(30, step=5)
            await shop.until(order, OrderState.ACCEPTED)
    assert len(shop.gateway.orders.posts) == 1


@pytest.mark.parametrize("moment", ["arrived", "charged"])
async def test_an_answer_waits_until_it_can_be_stored(shop: Shop, moment: str) -> None:
    order = await shop.place()
    with bad_disk() as disk:

        def break_it(step: str, _post: Post) -> None:
            disk.is_bad = step == moment or disk.is_bad

        shop.gateway.orders.on_step = break_it
        async with shop.open():
            await shop.until(order, OrderState.SENDING)
            await shop.clock.advance(120, step=5)
            assert await shop.state(order) is OrderState.SENDING
            disk.is_bad, shop.gateway.orders.on_step = False, lambda _step, _post: None
            await shop.clock.advance(30, step=5)
            accepted = await shop.until(order, OrderState.ACCEPTED)
            other = await shop.place(BEN)
            await shop.until(other, OrderState.ACCEPTED)
    assert accepted.task_id == shop.gateway.orders.posts[0].task_id
    assert len(shop.gateway.orders.posts) == 2
    assert await shop.used() == 1


async def test_a_refusal_is_given_back_as_soon_as_it_can_be_stored(shop: Shop) -> None:
    shop.gateway.orders.behaviour = "refuses"
    order = await shop.place()
    with bad_disk() as disk:

        def break_it(_step: str, _post: Post) -> None:
            disk.is_bad = True

        shop.gateway.orders.on_step = break_it
        async with shop.open():
            await shop.until(order, OrderState.SENDING)
            await shop.clock.advance(60, step=5)
            disk.is_bad = False
            await shop.clock.advance(30, step=5)
            await shop.until(order, OrderState.REFUSED)
    assert len(shop.gateway.orders.posts) == 1
    assert await shop.used() == 0


async def test_a_stop_before_an_answer_can_be_stored_is_a_clean_one(shop: Shop) -> None:
    order = await shop.place()
    with bad_disk() as disk:

        def break_it(_step: str, _post: Post) -> None:
            disk.is_bad = True

        shop.gateway.orders.on_step = break_it
        async with shop.open():
            await shop.until(order, OrderState.SENDING)
            await shop.clock.advance(30, step=5)
            disk.is_bad = False  # there is one more attempt, at the end
        assert await shop.state(order) is OrderState.ACCEPTED
