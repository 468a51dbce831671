"""Whose songs are claimed: a fair part for each host and person, and the claim in the database that keeps to it."""

from collections.abc import Sequence

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.outbox import ClaimedDelivery
from bot.domain.polling import PollResult
from bot.domain.snapshot import PollSchedule
from bot.domain.task import Clip, Status, Task, TaskKind
from bot.domain.watch import Watch
from bot.gateways.hosts import HostRating, Hosts
from bot.services.delivery.slots import MAX_SENDING, DeliverySlots
from bot.services.polling.record_poll import record_poll
from bot.storage.outbox import Outbox
from bot.storage.polls import PollStore
from bot.storage.watches import WatchStore

NOW = 1_000_000.0


class Scene:
    """Finished songs to be delivered, each to its own channel, in the order in which they are added."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.hosts = Hosts()
        self.outbox = Outbox(engine)
        self._watches, self._looks = WatchStore(engine), PollStore(engine)
        self._count = 0

    async def add(self, count: int, host: str, user_id: int | None = None) -> None:
        """`user_id` None: of as many people."""
        tasks, new_watches = {}, []
        for _ in range(count):
            self._count += 1
            name, person = f"t{self._count}", self._count + 1_000 if user_id is None else user_id
            clip = Clip(id="a", status=Status.DONE, audio_url=f"https://{host}/a.mp3" if host else "")
            tasks[name] = PollResult("default", Task(id=name, kind=TaskKind.MUSIC, status=Status.DONE, clips=(clip,)))
            new_watches.append(
                Watch(task_id=name, user_id=person, channel_id=self._count, guild_id=5, created_at=NOW + self._count)
            )
        await self._watches.add(new_watches, most=500, gateways={})
        await record_poll(self._looks, tasks, NOW + self._count, PollSchedule(5.0))

    async def claim(self, going: Sequence[ClaimedDelivery] = (), limit: int = MAX_SENDING) -> list[ClaimedDelivery]:
        return await self.outbox.claim(NOW + 9_999, lease=60, limit=limit, slots=self.slots(going))

    def slots(self, going: Sequence[ClaimedDelivery]) -> DeliverySlots:
        return DeliverySlots(self.hosts, ((each.delivery.host, each.watch.user_id) for each in going))


@pytest.fixture
def scene(engine: AsyncEngine) -> Scene:
    return Scene(engine)


def hosts_of(claimed: Sequence[ClaimedDelivery]) -> set[str]:
    return {each.delivery.host for each in claimed}


async def test_each_host_has_a_share_and_the_next_in_the_queue_proceed(scene: Scene) -> None:
    await scene.add(500, "hangs.example")
    await scene.add(1, "other.example:8443")
    first = await scene.claim()
    assert hosts_of(first) == {"hangs.example"}, "they are first in line, and more than are looked at"
    second = await scene.claim(first)
    assert hosts_of(second) == {"other.example:8443"}
    assert await scene.claim([*first, *second]) == []


async def test_a_slow_host_has_less_and_one_that_behaves_more(scene: Scene) -> None:
    await scene.add(99, "a.example")
    counts = []
    for rating in (HostRating.SLOW, HostRating.UNKNOWN, HostRating.GOOD):
        scene.hosts.record_rating("a.example", rating)
        counts.append(len(await scene.claim()))
        await scene.outbox.resume(NOW + 9_999)
    assert 0 < counts[0] < counts[1] < counts[2] < MAX_SENDING


async def test_each_person_has_a_share_and_a_larger_one_at_fast_hosts(scene: Scene) -> None:
    for number in range(30):
        await scene.add(1, f"host-{number}.example", user_id=7)
    await scene.add(30, "good.example", user_id=7)
    await scene.add(1, "new.example")
    scene.hosts.record_rating("good.example", HostRating.GOOD)
    going = await scene.claim()
    going += await scene.claim(going)
    of_person = [each for each in going if each.watch.user_id == 7]
    doubtful = [each for each in of_person if each.delivery.host != "good.example"]
    assert 0 < len(doubtful) < len(of_person) < MAX_SENDING / 2
    assert "new.example" in hosts_of(going)


async def test_a_share_is_kept_for_hosts_that_behave(scene: Scene) -> None:
    for number in range(MAX_SENDING):
        await scene.add(1, f"host-{number}.example")
    await scene.add(1, "good.example")
    scene.hosts.record_rating("good.example", HostRating.GOOD)
    going = await scene.claim()
    assert 0 < len(going) < MAX_SENDING
    assert hosts_of(await scene.claim(going)) == {"good.example"} - hosts_of(going)
    assert "good.example" in hosts_of(going) | hosts_of(await scene.claim(going))


async def test_deliveries_without_songs_need_no_slot(scene: Scene) -> None:
    await scene.add(40, "a.example", user_id=7)
    await scene.add(1, "", user_id=7)
    going = await scene.claim()
    assert "" in hosts_of([*going, *await scene.claim(going)])


async def test_a_worker_sleeps_while_nothing_is_due(scene: Scene) -> None:
    await scene.add(20, "a.example")
    going = await scene.claim()
    left = await scene.outbox.next_due(slots=scene.slots(going))
    assert left is None, "it would look again and again"
    assert await scene.outbox.next_due() is not None
