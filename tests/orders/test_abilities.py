"""What a gateway is found to pass on, by the songs that come of orders, with the local gateway."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.order import Order
from bot.domain.song_request import RequestKind, SongOption, SongRequest
from bot.domain.task import Clip, Echo, Status, Task, TaskKind
from sandbox.local_gateway.server import LocalGateway
from tests.clock import JumpingClock
from tests.orders.shop import Shop, maker, opened

WISHED = SongRequest(kind=RequestKind.CUSTOM, model="chirp-crow", lyrics="la", excluded_style="metal")


@pytest.fixture
async def shop(engine: AsyncEngine, clock: JumpingClock) -> AsyncIterator[Shop]:
    async with LocalGateway(clock=clock.now) as gateway, opened(engine, gateway, clock) as made:
        yield made


def came(echo: Echo) -> Task:
    clip = Clip(id="c", status=Status.DONE, audio_url="https://cdn.example/a.mp3", echo=echo)
    return Task(id="t", kind=TaskKind.MUSIC, status=Status.DONE, clips=(clip,))


async def quoted(shop: Shop) -> tuple[frozenset[SongOption], frozenset[SongOption]]:
    order: Order = await shop.draft(request=WISHED)
    quote = await shop.orders.quote(order, maker())
    return quote.ignored, quote.doubtful


async def test_an_option_that_is_missing_twice_is_said_to_be_ignored_until_it_is_found(shop: Shop) -> None:
    terms, option = shop.orders.terms(), frozenset({SongOption.EXCLUDE})
    await terms.abilities.record_finished(WISHED, came(Echo()))
    assert await quoted(shop) == (frozenset(), option)
    await terms.abilities.record_finished(WISHED, came(Echo()))
    assert await quoted(shop) == (option, frozenset())
    await terms.abilities.record_finished(WISHED, came(Echo(excluded=True)))
    assert await quoted(shop) == (frozenset(), frozenset())
    assert [model.name for model in terms.abilities.models] == ["chirp-crow"]
