"""Lookups of a task at several gateways, by many people at once."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.errors import GatewayRefused, UnknownTask
from bot.gateways.gateway import Gateway
from bot.services.lookup import Lookup
from sandbox.local_gateway.fake_task import FakeTask
from sandbox.local_gateway.server import Fault, LocalGateway

RUNNING = FakeTask("task-1", states=((0.0, "running"),))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Both:
    """Two gateways, and a lookup over them."""

    def __init__(self, first: LocalGateway, second: LocalGateway, lookup: Lookup, clock: Clock) -> None:
        self.first = first
        self.second = second
        self.lookup = lookup
        self.clock = clock


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.services.lookup._MAX_BYTES", 100_000)


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    clock = Clock()
    async with LocalGateway() as first, LocalGateway() as second, aiohttp.ClientSession() as session:
        gateways = [Gateway("first", first.url, "", session), Gateway("second", second.url, "", session)]
        lookup = Lookup(gateways, clock=clock)
        yield Both(first, second, lookup, clock)
        await lookup.close()


async def test_the_first_that_knows_it_is_named_and_the_rest_is_not_asked(both: Both) -> None:
    both.first.add(RUNNING)
    both.second.add(RUNNING)
    assert (await both.lookup.find("task-1")).gateway == "first"
    assert both.second.requests == []


async def test_the_one_that_knew_it_is_asked_first(both: Both) -> None:
    both.second.add(RUNNING)
    assert (await both.lookup.find("task-1", known_at="second")).gateway == "second"
    assert both.first.requests == []


async def test_a_name_from_earlier_settings_changes_nothing(both: Both) -> None:
    both.second.add(RUNNING)
    assert (await both.lookup.find("task-1", known_at="gone")).gateway == "second"


async def test_only_when_all_have_said_no_it_is_unknown(both: Both) -> None:
    with pytest.raises(UnknownTask):
        await both.lookup.find("task-2")
    both.second.faults.append(Fault(401))
    with pytest.raises(GatewayRefused):
        await both.lookup.find("task-3")
    both.second.faults.clear()
    both.first.faults.append(Fault(401))
    both.second.add(RUNNING)
    assert (await both.lookup.find("task-1")).gateway == "second"


async def test_people_who_ask_at_once_share_a_request(both: Both) -> None:
    both.first.add(RUNNING)
    answers = await asyncio.gather(*(both.lookup.find("task-1") for _ in range(20)))
    assert len(both.first.requests) == 1
    assert {answer.gateway for answer in answers} == {"first"}


async def test_one_who_goes_away_takes_the_answer_from_nobody(both: Both) -> None:
    both.first.add(RUNNING)
    impatient = asyncio.create_task(both.lookup.find("task-1"))
    patient = asyncio.create_task(both.lookup.find("task-1"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).task.id == "task-1"


async def test_an_answer_is_good_for_a_while_and_a_failure_is_not(both: Both) -> None:
    both.first.add(RUNNING)
    both.first.faults.append(Fault(401, times=1))
    both.second.faults.append(Fault(401, times=1))
    with pytest.raises(GatewayRefused):
        await both.lookup.find("task-1")
    await both.lookup.find("task-1")
    asked = len(both.first.requests)
    both.clock.now += 4.9
    await both.lookup.find("task-1")
    assert len(both.first.requests) == asked
    both.clock.now += 0.1
    await both.lookup.find("task-1")
    assert len(both.first.requests) == asked + 1


@pytest.mark.usefixtures("little_memory")
async def test_answers_are_kept_by_their_size(both: Both) -> None:
    """Not by their number: some may be as large as an answer gets."""
    fakes = [FakeTask(f"large-{number}", text="hum " * 10_000) for number in range(4)]
    both.first.add(*fakes, *(FakeTask(f"small-{number}", text="hum") for number in range(200)))
    for fake in fakes:
        await both.lookup.find(fake.id)
    asked = len(both.first.requests)
    for kept in ("large-2", "large-3"):
        await both.lookup.find(kept)
    assert len(both.first.requests) == asked
    await both.lookup.find("large-0")
    assert len(both.first.requests) == asked + 1
    for number in range(200):
        await both.lookup.find(f"small-{number}")
    await both.lookup.find("small-0")
    assert len(both.first.requests) == asked + 201
