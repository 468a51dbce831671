"""Shares of downloads per person and host, and the disk space for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from bot.errors import MediaNoRoom, MediaSlow
from bot.gateways import hosts as module
from bot.gateways.disk_budget import DiskBudget
from bot.gateways.hosts import MAX_FILES, RESERVED, HostRating, Hosts, Slots


class Time:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@asynccontextmanager
async def taken(slots: Slots, *places: tuple[str, int]) -> AsyncIterator[int]:
    """How many of these got a slot at once; all leave in the end."""
    async with AsyncExitStack() as stack:
        waiting = [asyncio.create_task(stack.enter_async_context(slots.take(*place))) for place in places]
        for _ in range(3):
            await asyncio.sleep(0)
        yield sum(each.done() for each in waiting)
        for each in waiting:
            each.cancel()
        await asyncio.wait(waiting)


def each_its_own(count: int) -> list[tuple[str, int]]:
    return [(f"host-{number}", number) for number in range(count)]


async def test_one_host_has_a_part_and_a_slow_one_a_small_one() -> None:
    hosts = Hosts()
    slots = Slots(hosts)
    many = [("a", person) for person in range(MAX_FILES)]
    async with taken(slots, *many) as at_first:
        pass
    hosts.record_rating("a", HostRating.SLOW)
    async with taken(slots, *many) as slow:
        pass
    hosts.record_rating("a", HostRating.GOOD)
    async with taken(slots, *many) as good:
        pass
    assert 0 < slow < at_first < good < MAX_FILES


async def test_one_person_has_a_part_and_more_of_hosts_that_behave() -> None:
    hosts = Hosts()
    slots = Slots(hosts)
    hosts.record_rating("good", HostRating.GOOD)
    bad = [(host, 1) for host, _ in each_its_own(MAX_FILES)]
    async with taken(slots, *bad) as doubtful, taken(slots, *[("good", 1)] * MAX_FILES) as good:
        assert 0 < doubtful < MAX_FILES / 4
        assert doubtful < good < MAX_FILES / 2
        async with taken(slots, ("new", 2)) as others:
            assert others == 1


async def test_a_share_is_kept_for_hosts_that_behave() -> None:
    hosts = Hosts()
    slots = Slots(hosts)
    hosts.record_rating("good", HostRating.GOOD)
    async with taken(slots, *each_its_own(2 * MAX_FILES)) as going, taken(slots, ("good", 7)) as good:
        assert (going, good) == (MAX_FILES - RESERVED, 1)


async def test_a_freed_slot_goes_to_the_first_eligible_waiter() -> None:
    slots = Slots(Hosts())
    async with AsyncExitStack() as stack:
        for _ in range(8):
            await stack.enter_async_context(slots.take("a", 1))
        next_one = asyncio.create_task(stack.enter_async_context(slots.take("a", 2)))
        await asyncio.sleep(0)
        assert not next_one.done()
        async with slots.take("b", 3):
            pass
        await asyncio.sleep(0)
        assert not next_one.done()
        await stack.aclose()
        await next_one


async def test_a_request_that_waits_too_long_is_refused_and_leaves_the_queue() -> None:
    slots = Slots(Hosts(), timeout=0.01)
    async with taken(slots, *[("a", person) for person in range(8)]):
        with pytest.raises(MediaSlow):
            async with slots.take("a", 9):
                pass
    async with taken(slots, *[("a", person) for person in range(8)]) as again:
        assert again == 8


async def test_a_cancelled_waiter_returns_its_slot() -> None:
    slots = Slots(Hosts())
    for _ in range(20):
        async with taken(slots, *[("a", person) for person in range(30)]) as going:
            assert going == 8


def test_a_rating_does_not_last_for_ever() -> None:
    clock = Time()
    hosts = Hosts(clock)
    hosts.record_rating("slow", HostRating.SLOW)
    hosts.record_rating("good", HostRating.GOOD)
    assert (hosts.rating("slow"), hosts.rating("good")) == (HostRating.SLOW, HostRating.GOOD)
    clock.seconds = 601
    assert (hosts.rating("slow"), hosts.good()) == (HostRating.UNKNOWN, ("good",))
    clock.seconds = 3_601
    assert (hosts.rating("good"), hosts.good()) == (HostRating.UNKNOWN, ())


def test_hosts_without_end_are_forgotten_the_oldest_first() -> None:
    hosts = Hosts()
    for number in range(module._MAX_HOSTS + 5):
        hosts.record_rating(f"host-{number}", HostRating.GOOD)
    assert len(hosts.good()) == module._MAX_HOSTS
    assert hosts.rating("host-0") is HostRating.UNKNOWN


def test_room_is_shared() -> None:
    disk = DiskBudget(max_bytes=100, part=25)
    ada, ben = disk.share(1, "a.example"), disk.share(2, "a.example")
    ada.take(25)
    for full in (ada, ben):
        with pytest.raises(MediaNoRoom):
            full.take(1)
    ada.give_back(25)
    ben.take(25)
    for number in range(3):
        disk.share(f"host-{number}").take(25)
    with pytest.raises(MediaNoRoom):
        disk.share("another").take(1)
