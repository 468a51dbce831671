"""What people and managers do with orders, against the local gateway."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.allowance import Limit, LimitReached, Work
from bot.domain.creation import NotPermitted, OperatorRules
from bot.domain.order import LOST_AFTER, PLACED_FOR, WAITING_FOR, OrderState
from bot.domain.song_request import RequestKind, SongOption, SongRequest, Source
from bot.services.orders.results import Obstacle, Settlement
from bot.services.orders.terms import OperatorSettings
from bot.storage.orders import Placed
from sandbox.local_gateway.fake_task import FakeTask
from sandbox.local_gateway.orders import Behaviour
from sandbox.local_gateway.server import LocalGateway
from tests.clock import JumpingClock
from tests.orders.shop import ADA, BEN, GUILD, RAIN, Shop, maker, opened

MEMBER: dict[str, Any] = {"manages": False, "roles": frozenset({77})}


@pytest.fixture
async def gateway(clock: JumpingClock) -> AsyncIterator[LocalGateway]:
    async with LocalGateway(clock=clock.now) as made:
        yield made


@pytest.fixture
async def shop(engine: AsyncEngine, gateway: LocalGateway, clock: JumpingClock) -> AsyncIterator[Shop]:
    async with opened(engine, gateway, clock) as made:
        yield made


async def test_a_placed_order_is_sent_once_and_becomes_a_watched_task(shop: Shop) -> None:
    order = await shop.place()
    async with shop.open():
        accepted = await shop.until(order, OrderState.ACCEPTED)
        assert accepted.task_id == shop.gateway.orders.posts[0].task_id
        assert shop.gateway.orders.posts[0].body["mv"], "an open gateway takes a retired model when it is told none"
    assert len(shop.gateway.orders.posts) == len(shop.gateway.orders.charges) == 1


async def test_the_card_tells_the_price_what_is_left_and_what_is_ignored(shop: Shop) -> None:
    request = replace(RAIN, kind=RequestKind.CUSTOM, lyrics="la", excluded_style="metal")
    await shop.orders.terms().check()
    order = await shop.draft(request=request)
    quote = await shop.orders.quote(order, maker())
    assert (quote.price, quote.exact, quote.left, quote.limit) == (0.1, False, 3, 3)
    assert quote.doubtful == {SongOption.EXCLUDE}
    assert not quote.ignored
    assert quote.ready


async def test_a_price_that_changed_is_shown_before_it_is_paid(shop: Shop) -> None:
    order = await shop.draft()
    await shop.orders.terms().check()
    assert await shop.orders.place(order.id, maker()) is Obstacle.CHANGED
    await shop.orders.quote_for_card(order, maker())
    assert isinstance(await shop.orders.place(order.id, maker()), Placed), "the card was looked at again"


async def test_a_form_that_discord_delivers_twice_is_one_draft(shop: Shop) -> None:
    first, second = await shop.draft(order_id="i1"), await shop.draft(order_id="i1")
    assert first == second
    assert isinstance(await shop.orders.place("i1", maker()), Placed)
    assert await shop.orders.place("i1", maker()) is Obstacle.GONE
    await shop.draft(order_id="i1")
    assert await shop.state(first) is OrderState.PLACED


@pytest.mark.parametrize(
    ("rules", "who", "not_permitted"),
    [
        ({"enabled": False}, {}, NotPermitted.OFF),
        ({}, MEMBER, NotPermitted.NOT_YOU),
        ({"roles": (77,)}, MEMBER, None),
        ({"blocked": (ADA,)}, {}, NotPermitted.BLOCKED),
        ({"channels": (11,)}, {}, NotPermitted.NOT_HERE),
        ({"channels": (11,)}, {"channel_ids": (12, 11)}, None),
        ({"models": ("chirp-goose",)}, {}, NotPermitted.MODEL),
        ({}, {"guild_id": None}, NotPermitted.DM),
    ],
)
async def test_roles_channels_and_blocks_decide_who_may_order(
    shop: Shop, rules: dict[str, Any], who: dict[str, Any], not_permitted: NotPermitted | None
) -> None:
    await shop.allow(**rules)
    assert await shop.orders.why_not_permitted(maker(**who), "chirp-hawk") == not_permitted


async def test_a_limit_names_itself_and_its_end(shop: Shop) -> None:
    await shop.allow(songs_per_person=1)
    await shop.place()
    await shop.clock.advance(31)
    reached = await shop.orders.place((await shop.draft()).id, maker())
    assert isinstance(reached, LimitReached)
    assert (reached.limit, reached.most) == (Limit.PERSON, 1)
    assert reached.until > shop.clock.now()


async def test_an_order_without_approval_is_never_sent_and_is_given_back(shop: Shop) -> None:
    await shop.allow(approval=True, roles=(77,))
    member = replace(maker(BEN), **MEMBER)
    order = await shop.draft(BEN)
    placed = await shop.orders.place(order.id, member)
    assert isinstance(placed, Placed)
    assert placed.order.state is OrderState.WAITING
    async with shop.open():
        await shop.clock.advance(WAITING_FOR + 60, step=WAITING_FOR / 2)
        assert (await shop.until(order, OrderState.DECLINED)).reason == "late"
    assert shop.gateway.orders.posts == []
    assert await shop.used(BEN) == 0


async def test_a_manager_approves_and_it_is_sent(shop: Shop) -> None:
    await shop.allow(approval=True, roles=(77,))
    order = await shop.draft(BEN)
    await shop.orders.place(order.id, replace(maker(BEN), **MEMBER))
    async with shop.open():
        await shop.clock.advance(PLACED_FOR * 2, step=PLACED_FOR)
        assert await shop.orders.decide(order.id, GUILD + 1, approve=True) is None, "of another server"
        assert await shop.orders.decide(order.id, GUILD, approve=True)
        await shop.until(order, OrderState.ACCEPTED)
        assert await shop.orders.decide(order.id, GUILD, approve=False) is None, "somebody was first"


async def test_a_refused_order_is_given_back_and_told(shop: Shop) -> None:
    shop.gateway.orders.behaviour = "refuses"
    order = await shop.place()
    async with shop.open():
        refused = await shop.until(order, OrderState.REFUSED)
        await shop.clock.advance(30, step=5)
    assert refused.reason == "artist"
    assert (order.id, OrderState.REFUSED) in shop.told
    assert await shop.used() == 0


async def test_a_refused_key_closes_the_gateway_until_a_check_succeeds(shop: Shop) -> None:
    shop.gateway.orders.credit = 10
    order = await shop.place()
    async with shop.open():
        await shop.clock.advance(1)
        assert (await shop.until(order, OrderState.REFUSED)).reason == "no_balance"
        await shop.clock.advance(31)
        assert shop.orders.terms().closed == "no_balance"
        waiting = await shop.draft(BEN)
        assert await shop.orders.place(waiting.id, maker(BEN)) is Obstacle.NOT_READY
        shop.gateway.orders.credit = 1_000_000
        await shop.clock.advance(700)
        assert shop.orders.terms().is_open
    assert len(shop.gateway.orders.posts) == 1


async def test_a_gateway_that_refused_an_order_before_its_prices_were_known_stays_closed(shop: Shop) -> None:
    shop.gateway.orders.credit = 10
    refused = replace(await shop.draft(), state=OrderState.REFUSED, reason="no_balance")
    shop.orders.terms().answered(refused)
    async with shop.open():
        await shop.clock.advance(1)
        assert shop.orders.terms().price(Work.SONG)
        assert shop.orders.terms().closed == "no_balance"


async def test_below_the_operators_floor_nothing_is_sent(
    engine: AsyncEngine, gateway: LocalGateway, clock: JumpingClock
) -> None:
    gateway.orders.credit = 500_000 * 2
    operator = OperatorRules(enabled=True, keep_balance=1.95)
    async with opened(engine, gateway, clock, operator) as shop:
        first, second = await shop.place(), await shop.place(BEN)
        async with shop.open():
            await shop.until(first, OrderState.ACCEPTED)
            await clock.advance(400, step=100)
            assert shop.orders.terms().closed == "low"
        assert await shop.state(second) is OrderState.PLACED
    assert len(gateway.orders.posts) == 1


UNSURE: list[Behaviour] = ["lost", "cut", "no id"]


@pytest.mark.parametrize("behaviour", UNSURE)
async def test_an_unsure_order_is_never_sent_again_and_lost_after_a_day(shop: Shop, behaviour: Behaviour) -> None:
    shop.gateway.orders.behaviour = behaviour
    order = await shop.place()
    async with shop.open():
        await shop.until(order, OrderState.UNSURE)
        assert await shop.used() == 1, "it may have been charged"
        await shop.clock.advance(LOST_AFTER + 60, step=3_600)
        await shop.until(order, OrderState.LOST)
        await shop.clock.advance(20, step=10)
    assert len(shop.gateway.orders.posts) == 1
    assert [state for _, state in shop.told][-2:] == [OrderState.UNSURE, OrderState.LOST]
    assert await shop.used() == 0


async def lose_one(shop: Shop) -> str:
    """An unsure order; the id of what the gateway made of it."""
    shop.gateway.orders.behaviour = "lost"
    order = await shop.place()
    async with shop.open():
        await shop.until(order, OrderState.UNSURE)
    return shop.gateway.orders.posts[-1].task_id


async def test_a_person_finds_the_lost_answer(shop: Shop) -> None:
    task_id = await lose_one(shop)
    assert await shop.orders.settle_with_task("o1", task_id) is Settlement.DONE
    order = await shop.orders.store.order("o1")
    assert order
    assert (order.state, order.task_id) == (OrderState.ACCEPTED, task_id)
    assert await shop.orders.settle_with_task("o1", task_id) is Settlement.GONE
    assert await shop.used() == 1


async def test_another_song_is_not_what_was_ordered(shop: Shop) -> None:
    await lose_one(shop)
    shop.gateway.add(FakeTask("task_of_yesterday", states=((0.0, "done"),)), age=86_400)
    assert await shop.orders.settle_with_task("o1", "task_of_yesterday") is Settlement.OTHER_SONG
    assert await shop.orders.settle("o1", charged=False) is Settlement.DONE
    assert await shop.used() == 0


async def test_one_task_is_one_orders(shop: Shop) -> None:
    task_id = await lose_one(shop)
    await shop.orders.settle_with_task("o1", task_id)
    await shop.clock.advance(31)
    shop.gateway.orders.behaviour = "no id"
    order = await shop.place(BEN)
    async with shop.open():
        await shop.until(order, OrderState.UNSURE)
    assert await shop.orders.settle_with_task(order.id, task_id) is Settlement.TAKEN


@pytest.mark.parametrize(("behaviour", "state"), [("lost", OrderState.UNSURE), ("broken off", OrderState.REFUSED)])
async def test_the_usage_log_tells_whether_it_was_charged(
    engine: AsyncEngine, gateway: LocalGateway, clock: JumpingClock, behaviour: str, state: OrderState
) -> None:
    async with opened(engine, gateway, clock, word=OperatorSettings(key_is_ours=True)) as shop:
        good = await shop.place(BEN)
        async with shop.open():
            await shop.until(good, OrderState.ACCEPTED)
            gateway.orders.behaviour = "lost"
            order = await shop.place()
            await shop.until(order, OrderState.UNSURE)
            if behaviour == "broken off":  # the answer was a lie of something in between
                gateway.orders.charges.pop()
            await clock.advance(700, step=20)
            assert await shop.state(order) is state


async def test_a_log_that_shows_nothing_proves_nothing(
    engine: AsyncEngine, gateway: LocalGateway, clock: JumpingClock
) -> None:
    gateway.orders.keeps_log = False
    async with opened(engine, gateway, clock, word=OperatorSettings(key_is_ours=True)) as shop:
        gateway.orders.plan = ["good", "lost"]
        first, second = await shop.place(), await shop.place(BEN)
        async with shop.open():
            await shop.until(first, OrderState.ACCEPTED)
            await shop.until(second, OrderState.UNSURE)
            await clock.advance(3_600, step=60)
            assert await shop.state(second) is OrderState.UNSURE


async def test_a_cover_is_not_sent_where_the_gateway_would_drop_its_song(shop: Shop) -> None:
    source = Source(task_id="t", clip_id="c", title="Rain")
    request = SongRequest(kind=RequestKind.COVER, source=source, style="jazz")
    order = await shop.draft(request=request)
    assert await shop.orders.place(order.id, maker()) is Obstacle.NOT_READY


async def test_nothing_is_sent_while_creation_is_off(
    engine: AsyncEngine, gateway: LocalGateway, clock: JumpingClock
) -> None:
    async with opened(engine, gateway, clock) as shop:
        order = await shop.place()
    async with opened(engine, gateway, clock, OperatorRules(enabled=False)) as shop, shop.open():
        await clock.advance(PLACED_FOR + 60, step=60)
        assert (await shop.until(order, OrderState.EXPIRED)).reason == "unreachable"
    assert gateway.orders.posts == []


async def test_a_relay_of_goamz_gets_goamz_bodies(shop: Shop) -> None:
    shop.gateway.single, shop.gateway.batch = "/suno/v1/music/", False
    shop.gateway.unknown = (200, {"code": 404, "message": "task_not_exist", "data": None})
    order = await shop.place()
    async with shop.open():
        await shop.until(order, OrderState.ACCEPTED)
    (post,) = shop.gateway.orders.posts
    assert post.path == "/suno/v1/music"
    assert post.body["custom_mode"] is False
    assert post.body["input"]["gpt_description_prompt"] == RAIN.description


@pytest.mark.parametrize(
    ("taken_back", "price", "state"),
    [(False, 0.1, OrderState.UNSURE), (True, 0.1, OrderState.REFUSED), (True, None, OrderState.UNSURE)],
    ids=["charged", "not charged", "not charged, and nobody knows the price exactly"],
)
async def test_without_a_log_the_balance_tells_whether_it_was_charged(
    engine: AsyncEngine,
    gateway: LocalGateway,
    clock: JumpingClock,
    *,
    taken_back: bool,
    price: float | None,
    state: OrderState,
) -> None:
    gateway.orders.keeps_log = False
    settings = OperatorSettings(key_is_ours=True, price=price)
    async with opened(engine, gateway, clock, word=settings) as shop, shop.open():
        await clock.advance(300)  # the balance is read
        good = await shop.place(BEN)
        await shop.until(good, OrderState.ACCEPTED)
        gateway.orders.behaviour = "lost"
        order = await shop.place()
        await shop.until(order, OrderState.UNSURE)
        if taken_back:
            gateway.orders.used -= gateway.orders.charges.pop().quota
        await clock.advance(700, step=20)
        assert await shop.state(order) is state
    assert len(gateway.orders.posts) == 2
