"""Deliveries on a real file: claims, their order, and what is kept of them."""

from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.delivery import RECHECK, Delivery, State, Topic
from bot.domain.task import Clip, Status
from bot.domain.watch import MAX_UNCHANGED, WatchOutcome, delivery_for
from bot.domain.watch_results import WatchQuery
from bot.services.polling.record_poll import record_poll
from bot.storage.delivery_overview import DeliveryOverview
from bot.storage.outbox import Outbox
from bot.storage.polls import PollStore
from bot.storage.watches import WatchStore
from tests.storage.samples import (
    ADA,
    LOUNGE,
    NOW,
    SCHEDULE,
    SONGS,
    add,
    answers,
    claim,
    claim_deliveries,
    make_watch,
    task,
)


async def test_deliveries_are_stored_with_the_answer(watches: WatchStore, polls: PollStore, outbox: Outbox) -> None:
    await add(watches, make_watch("t1"))
    await claim(polls)
    plan = await record_poll(polls, answers(task("t1", Status.DONE, "a", "b")), NOW, SCHEDULE)
    assert len(plan.deliveries) == 1
    (claimed,) = await outbox.claim(NOW, lease=60, limit=9)
    assert (claimed.delivery.topic, claimed.delivery.clips, claimed.delivery.channel_id) == (
        Topic.SONGS,
        ("a", "b"),
        SONGS,
    )
    assert claimed.watch.outcome is WatchOutcome.DELIVERED
    assert claimed.snapshot.task == task("t1", Status.DONE, "a", "b")
    assert await claim(polls, NOW + 9_999) == set(), "a settled task is not asked for"


async def test_a_task_is_delivered_to_every_watch(watches: WatchStore, polls: PollStore, outbox: Outbox) -> None:
    await add(watches, make_watch("t1"))
    await add(watches, make_watch("t1", channel_id=LOUNGE))
    await record_poll(polls, answers(task("t1", Status.DONE, "a")), NOW, SCHEDULE)
    assert {each.channel_id for each in await claim_deliveries(outbox, NOW)} == {SONGS, LOUNGE}


async def test_continuing_an_expired_watch_delivers_no_song_twice(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    songs = Clip(id="a", status=Status.DONE, audio_url="https://a"), Clip(id="b", status=Status.RUNNING)
    stuck = replace(task("t1"), clips=songs)
    await add(watches, make_watch("t1"))
    now = NOW
    while now < NOW + MAX_UNCHANGED + 3_600:
        await record_poll(polls, answers(stuck), now, SCHEDULE)
        for each in await claim_deliveries(outbox, now):
            await outbox.sent(each, 77, now)
        now += 250
    await add(watches, make_watch("t1", created_at=now))
    await record_poll(polls, answers(task("t1", Status.DONE, "a", "b")), now, SCHEDULE)
    assert [each.clips for each in await claim_deliveries(outbox, now)] == [("b",)]


async def test_stopping_and_watching_again_delivers_a_song_on_its_way_once(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    songs = Clip(id="a", status=Status.DONE, audio_url="https://a"), Clip(id="b", status=Status.RUNNING)
    await add(watches, make_watch("t1"))
    await record_poll(polls, answers(replace(task("t1"), clips=songs)), NOW, SCHEDULE)
    await watches.leave(ADA)
    await add(watches, make_watch("t1", created_at=NOW + 1))
    await record_poll(polls, answers(task("t1", Status.DONE, "a", "b")), NOW + 1, SCHEDULE)
    delivered = []
    while claimed := await claim_deliveries(outbox, NOW + 1):
        for each in claimed:
            delivered.append(each.clips)
            await outbox.sent(each, 77, NOW + 1)
    assert delivered == [("a",), ("b",)]


async def test_a_restart_releases_the_leases_of_a_dead_process(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    await add(watches, make_watch("t1"), make_watch("t2"))
    await claim(polls)
    await record_poll(polls, answers(task("t2", Status.DONE, "a")), NOW, SCHEDULE)
    await claim_deliveries(outbox, NOW)
    await polls.resume(["default"], NOW)
    await outbox.resume(NOW)
    assert await claim(polls) == {"t1"}
    assert len(await claim_deliveries(outbox, NOW)) == 1


async def test_claims_that_were_lost_when_the_database_failed_are_given_out_again(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    await add(watches, make_watch("t1"), make_watch("t2"), make_watch("t3"))
    await claim(polls)
    await record_poll(polls, answers(task("t2", Status.DONE, "a")), NOW, SCHEDULE)
    (delivery,) = await claim_deliveries(outbox, NOW)
    await polls.end_leases("default", NOW, lease=60, held=["t3"])
    await outbox.end_leases(NOW, held=[delivery.id])
    assert await claim(polls) == {"t1"}
    assert await claim_deliveries(outbox, NOW) == []
    await outbox.end_leases(NOW, held=[])
    assert await claim_deliveries(outbox, NOW) == [delivery]


async def test_a_channel_keeps_its_order_and_another_need_not_wait(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    await add(watches, make_watch("t1"), make_watch("t2"))
    await add(watches, make_watch("t2", channel_id=LOUNGE))
    await record_poll(polls, answers(task("t1", Status.DONE, "a")), NOW, SCHEDULE)
    await record_poll(polls, answers(task("t2", Status.DONE, "b")), NOW + 1, SCHEDULE)
    first, elsewhere = await claim_deliveries(outbox, NOW + 2)
    assert {(first.channel_id, first.clips), (elsewhere.channel_id, elsewhere.clips)} == {
        (SONGS, ("a",)),
        (LOUNGE, ("b",)),
    }
    assert await claim_deliveries(outbox, NOW + 2) == [], "the second waits for the first"
    await outbox.sent(first, 77, NOW + 3)
    assert [each.clips for each in await claim_deliveries(outbox, NOW + 3)] == [("b",)]


async def test_a_parked_delivery_delays_no_other(watches: WatchStore, polls: PollStore, outbox: Outbox) -> None:
    await add(watches, make_watch("t1"), make_watch("t2"))
    await record_poll(polls, answers(task("t1", Status.DONE, "a")), NOW, SCHEDULE)
    await record_poll(polls, answers(task("t2", Status.DONE, "b")), NOW + 1, SCHEDULE)
    (first,) = await claim_deliveries(outbox, NOW + 2)
    await outbox.put_off(first.id, NOW + 60, parked=True)
    assert [each.clips for each in await claim_deliveries(outbox, NOW + 2)] == [("b",)]
    assert await outbox.next_due() == NOW + 60
    assert [each.clips for each in await claim_deliveries(outbox, NOW + 60)] == [("a",)]


async def test_blocked_deliveries_are_due_when_a_permission_changes(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    await add(watches, make_watch("t1"))
    await record_poll(polls, answers(task("t1", Status.DONE, "a")), NOW, SCHEDULE)
    (first,) = await claim_deliveries(outbox, NOW)
    await outbox.put_off(first.id, NOW + 3_600, state=State.BLOCKED, reason="may not speak")
    assert await outbox.unblock(99, NOW + 1) == 0
    assert await claim_deliveries(outbox, NOW + 1) == []
    assert await outbox.unblock(5, NOW + 1) == 1
    assert [each.id for each in await claim_deliveries(outbox, NOW + 1)] == [first.id]


async def test_a_permission_that_came_since_the_claim_is_not_waited_for(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    await add(watches, make_watch("t1"))
    await record_poll(polls, answers(task("t1", Status.DONE, "a")), NOW, SCHEDULE)
    await outbox.unblock(5, NOW - 1)
    (claimed,) = await outbox.claim(NOW, lease=60, limit=9)
    assert await outbox.block(claimed, NOW + 1, "may not speak")
    assert await outbox.next_due() == NOW + 1 + RECHECK
    await outbox.unblock(5, NOW + 2)
    (claimed,) = await outbox.claim(NOW + 2, lease=60, limit=9)
    await outbox.unblock(5, NOW + 3)
    assert not await outbox.block(claimed, NOW + 4, "may not speak")
    assert await outbox.next_due() == NOW + 4


async def test_parked_deliveries_are_claimed_last_and_in_limited_number(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    for channel_id in range(20, 25):
        await add(watches, make_watch("t1", channel_id=channel_id))
    await record_poll(polls, answers(task("t1", Status.DONE, "a")), NOW, SCHEDULE)
    for delivery in (await claim_deliveries(outbox, NOW))[:4]:
        await outbox.put_off(delivery.id, NOW, parked=True)
    await outbox.resume(NOW)
    claimed = await outbox.claim(NOW, lease=60, limit=9, parked=2)
    assert sorted(claimed.parked for claimed in claimed) == [False, True, True]
    assert await outbox.next_due() == NOW
    assert await outbox.next_due(parked=False) == NOW + 60


async def test_future_dates_of_deliveries_are_reset_to_now(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    day = 86_400.0
    await add(watches, make_watch("t1"), make_watch("t2"))
    await record_poll(polls, answers(task("t1", Status.DONE, "a")), NOW + day, SCHEDULE)
    (first,) = await claim_deliveries(outbox, NOW + day)
    await outbox.trying(first, NOW + day)
    await outbox.wait_for_audio(first.id, NOW + day, "no audio yet", since=NOW + day, host="")
    await outbox.resume(NOW)
    await record_poll(polls, answers(task("t2", Status.DONE, "b")), NOW + 1, SCHEDULE)
    claimed = {each.delivery.id: each for each in await outbox.claim(NOW + 1, lease=60, limit=9)}[first.id]
    assert claimed.delivery.created_at == NOW
    assert (claimed.tried_at, claimed.delivery.audio_missing_since) == (NOW, NOW)


async def test_a_part_goes_and_the_rest_follows(watches: WatchStore, polls: PollStore, outbox: Outbox) -> None:
    await add(watches, make_watch("t1"))
    await record_poll(polls, answers(task("t1", Status.DONE, "a", "b")), NOW, SCHEDULE)
    (whole,) = await outbox.claim(NOW, lease=60, limit=9)
    part = Delivery(**{**_fields(whole.delivery), "clips": ("a",)})
    rest = Delivery(**{**_fields(whole.delivery), "clips": ("b",), "id": "the-rest"})
    await outbox.trying(part, NOW, rest)
    await outbox.trying(part, NOW, rest)
    await outbox.sent(part, 77, NOW)
    assert [(each.id, each.clips) for each in await claim_deliveries(outbox, NOW)] == [("the-rest", ("b",))]


def _fields(delivery: Delivery) -> dict[str, Any]:
    return {name: getattr(delivery, name) for name in delivery.__struct_fields__}


async def test_ended_watches_are_deleted_and_undelivered_ones_kept(
    watches: WatchStore, polls: PollStore, outbox: Outbox, engine: AsyncEngine
) -> None:
    await add(watches, make_watch("t1"), make_watch("t2"), make_watch("t3"))
    await record_poll(polls, answers(task("t1", Status.DONE, "a"), task("t2", Status.DONE, "b")), NOW, SCHEDULE)
    (first,) = await claim_deliveries(outbox, NOW, limit=1)
    await outbox.sent(first, 77, NOW)
    await outbox.forget(NOW + 1)
    async with engine.connect() as connection:
        kept = list((await connection.exec_driver_sql("SELECT task_id FROM tasks ORDER BY task_id")).scalars())
        left = (await connection.exec_driver_sql("SELECT count(*) FROM deliveries")).scalar()
    assert (kept, left) == (["t2", "t3"], 1)


@pytest.mark.parametrize("state", [State.WAITING, State.BLOCKED, State.KEPT, State.FAILED])
@pytest.mark.parametrize("topic", [Topic.BLOCKED, Topic.QUIET, Topic.NO_AUDIO, Topic.LIVE])
async def test_a_notice_alone_keeps_no_watch(
    watches: WatchStore, outbox: Outbox, engine: AsyncEngine, topic: Topic, state: State
) -> None:
    (watch,) = (await add(watches, make_watch("t1"))).watched
    notice = delivery_for(watch, topic, NOW)
    await outbox.add(notice)
    await outbox.put_off(notice.id, NOW + 60, state=state)
    await watches.stop(WatchQuery(user_id=ADA))
    await outbox.forget(NOW + 1)
    async with engine.connect() as connection:
        assert (await connection.exec_driver_sql("SELECT count(*) FROM watches")).scalar() == 0


async def test_a_delivery_dropped_while_being_sent_stays_dropped(
    watches: WatchStore, polls: PollStore, outbox: Outbox, overview: DeliveryOverview
) -> None:
    """A manager drops a post just when it is on its way, and then Discord refuses it."""
    await add(watches, make_watch("t1"))
    await record_poll(polls, answers(task("t1", Status.DONE, "a")), NOW, SCHEDULE)
    (first,) = await claim_deliveries(outbox, NOW)
    await overview.drop(first.id, 5)
    await outbox.put_off(first.id, NOW + 60, reason="503")
    await outbox.give_up(first.id, State.FAILED, "400")
    await outbox.move(first, LOUNGE, NOW)
    assert await claim_deliveries(outbox, NOW + 60) == []
    assert (await overview.of_guild(5, None, limit=9, offset=0))[0] == 0


async def test_the_next_due_time_ignores_deliveries_that_cannot_be_claimed(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    """Otherwise the notifier would poll in vain for deliveries that are queued behind others or leased."""
    await add(watches, make_watch("t1"), make_watch("t2"))
    await record_poll(polls, answers(task("t1", Status.DONE, "a"), task("t2", Status.DONE, "b")), NOW, SCHEDULE)
    (first,) = await claim_deliveries(outbox, NOW)
    assert await outbox.next_due() == NOW + 60, "its lease"
    await outbox.put_off(first.id, NOW + 3600, state=State.BLOCKED)
    assert await outbox.next_due() == NOW + 3600
