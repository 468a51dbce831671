"""Watches on a real file: adding, joining, leaving, limits and the list."""

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.delivery import State, Topic
from bot.domain.task import Status
from bot.domain.watch import MAX_MENTIONS
from bot.domain.watch_results import LeftWatches, WatchQuery
from bot.services.polling.record_poll import record_poll
from bot.storage.delivery_overview import DeliveryOverview
from bot.storage.outbox import Outbox
from bot.storage.polls import PollStore
from bot.storage.preferences import PreferenceStore
from bot.storage.watches import WatchStore
from tests.storage.samples import (
    ADA,
    BEN,
    CARL,
    GATEWAYS,
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


async def test_the_same_task_in_the_same_channel_is_reported_and_not_added_twice(watches: WatchStore) -> None:
    first = await add(watches, make_watch("t1"))
    again = await add(watches, make_watch("t1", user_id=BEN), make_watch("t2", user_id=BEN))
    assert [each.task_id for each in again.watched] == ["t2"]
    assert [each.id for each in again.known] == [first.watched[0].id]


async def test_no_more_than_the_limit(watches: WatchStore, polls: PollStore) -> None:
    await add(watches, make_watch("t1"), most=2)
    added = await add(watches, make_watch("t2"), make_watch("t3"), make_watch("t4"), most=2)
    assert ([each.task_id for each in added.watched], added.refused, added.watching) == (["t2"], 2, 2)
    assert await claim(polls) == {"t1", "t2"}


async def test_the_list_shows_open_watches_and_undelivered_results(
    watches: WatchStore, polls: PollStore, outbox: Outbox, overview: DeliveryOverview
) -> None:
    await add(watches, make_watch("t1"), make_watch("t2"))
    await add(watches, make_watch("t1", user_id=BEN, channel_id=LOUNGE))
    await record_poll(polls, answers(task("t1", Status.DONE, "a")), NOW, SCHEDULE)
    for each in await claim_deliveries(outbox, NOW):
        if each.channel_id == SONGS:
            await outbox.give_up(each.id, State.KEPT, "takes no DM")
        else:
            await outbox.sent(each, 77, NOW)
    count, listed = await watches.listed(WatchQuery(user_id=ADA), limit=10)
    assert (count, [(each.watch.task_id, each.state) for each in listed]) == (2, [("t2", None), ("t1", State.KEPT)])
    assert (await watches.listed(WatchQuery(user_id=BEN), limit=10))[0] == 0
    assert (await watches.listed(WatchQuery(guild_id=5), limit=1, offset=1))[0] == 2
    await overview.mark_seen(listed[1].watch.id, BEN)
    assert (await watches.listed(WatchQuery(user_id=ADA), limit=10))[0] == 2, "only its own person has seen it"
    await overview.mark_seen(listed[1].watch.id, ADA)
    assert (await watches.listed(WatchQuery(user_id=ADA), limit=10))[0] == 1


async def test_a_task_can_be_watched_again_once_all_songs_are_sent(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    await add(watches, make_watch("t1"))
    await record_poll(polls, answers(task("t1", Status.DONE, "a")), NOW, SCHEDULE)
    assert (await add(watches, make_watch("t1"))).known, "it is still on its way"
    for each in await claim_deliveries(outbox, NOW):
        await outbox.sent(each, 77, NOW)
    assert (await add(watches, make_watch("t1"))).watched
    assert await claim(polls) == {"t1"}


async def test_a_watch_continues_for_people_who_joined_it(watches: WatchStore) -> None:
    (watch,) = (await add(watches, make_watch("t1", mentions=("<@1>",)))).watched
    await add(watches, make_watch("t1", user_id=BEN, mentions=("<@2>",), user_locale="zh-CN", created_at=NOW + 1))
    await add(watches, make_watch("t1", user_id=CARL, created_at=NOW + 2))
    left = await watches.leave(ADA)
    assert (left.stopped, [each.id for each in left.going_on]) == ((), [watch.id])
    bens = await watches.open_watch(WatchQuery(watch_id=watch.id))
    assert bens
    assert (bens.user_id, bens.user_locale, bens.mentions) == (BEN, "zh-CN", ("<@2>",))
    assert not await watches.is_concerned(watch.id, ADA)
    assert (await watches.listed(WatchQuery(user_id=CARL), limit=9))[0] == 1, "joined without being mentioned"
    assert (await watches.leave(BEN)).going_on
    assert [each.id for each in (await watches.leave(CARL)).stopped] == [watch.id]
    assert await watches.open_watch(WatchQuery(watch_id=watch.id)) is None


async def test_a_joined_watch_continues_when_its_first_person_is_deleted(
    watches: WatchStore, polls: PollStore, outbox: Outbox, engine: AsyncEngine
) -> None:
    """Also when the song is already on its way."""
    await add(watches, make_watch("t1", mentions=("<@1>",)), make_watch("t2"))
    await add(watches, make_watch("t1", user_id=BEN), make_watch("t2", user_id=BEN))
    await record_poll(polls, answers(task("t1", Status.DONE, "a")), NOW, SCHEDULE)
    await PreferenceStore(engine).forget(ADA, NOW)
    await record_poll(polls, answers(task("t2", Status.DONE, "b")), NOW, SCHEDULE)
    claimed = await outbox.claim(NOW, lease=60, limit=9)
    assert [(each.watch.user_id, each.watch.mentions, each.delivery.clips) for each in claimed] == [(BEN, (), ("a",))]
    await outbox.sent(claimed[0].delivery, 77, NOW)
    assert [each.clips for each in await claim_deliveries(outbox, NOW)] == [("b",)]


async def test_leaving_a_joined_watch_keeps_it_for_the_first_person(watches: WatchStore) -> None:
    (watch,) = (await add(watches, make_watch("t1", mentions=("<@1>",)))).watched
    for _ in range(2):
        await add(watches, make_watch("t1", user_id=BEN, mentions=("<@2>",)))
    assert (await watches.leave(BEN)).going_on
    left = await watches.open_watch(WatchQuery(watch_id=watch.id))
    assert left
    assert (left.user_id, left.mentions) == (ADA, ("<@1>",))
    assert await watches.leave(BEN) == LeftWatches((), ())


async def test_joining_fills_in_options_that_were_not_chosen(watches: WatchStore, polls: PollStore) -> None:
    (watch,) = (await add(watches, make_watch("t1"))).watched
    await claim(polls)
    await record_poll(polls, answers(task("t1")), NOW, SCHEDULE)
    await add(watches, make_watch("t1", user_id=BEN, lyrics_id="words", live=True))
    assert await claim(polls) == {"t1", "words"}
    await add(watches, make_watch("t1", user_id=CARL, lyrics_id="others"))
    await add(watches, make_watch("t1", lyrics_id="own"))
    now = await watches.open_watch(WatchQuery(watch_id=watch.id))
    assert now
    assert (now.lyrics_id, now.live) == ("own", True), "who began it chooses"


async def test_no_more_are_mentioned_than_a_message_holds(watches: WatchStore) -> None:
    for number in range(1, MAX_MENTIONS + 9):
        added = await add(watches, make_watch("t1", user_id=number, mentions=(f"<@{number}>",)))
    assert len(added.known[0].mentions) == MAX_MENTIONS
    assert await watches.is_concerned(added.known[0].id, MAX_MENTIONS + 5)


async def test_a_watch_stopped_while_its_card_waits_can_be_added_again(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    """A card or a notice on its way is no result."""
    await add(watches, make_watch("t1", live=True))
    await record_poll(polls, answers(task("t1")), NOW, SCHEDULE)
    assert [each.topic for each in await claim_deliveries(outbox, NOW)] == [Topic.LIVE]
    assert (await watches.listed(WatchQuery(user_id=ADA), limit=9))[0] == 1
    await watches.leave(ADA)
    assert (await watches.listed(WatchQuery(user_id=ADA), limit=9))[0] == 0
    assert (await add(watches, make_watch("t1", created_at=NOW + 1))).watched
    assert await claim(polls, NOW + 1) == {"t1"}


async def test_a_servers_limit_counts_its_own_watches(watches: WatchStore) -> None:
    await add(watches, *(make_watch(f"t{number}", guild_id=None, channel_id=99) for number in range(5)))
    new_watches = [make_watch("there-1"), make_watch("there-2")]
    added = await watches.add(new_watches, most=500, most_here=1, gateways=GATEWAYS)
    assert (len(added.watched), added.refused, added.watching, added.most) == (1, 1, 1, 1)
    full = await watches.add([make_watch("there-3")], most=6, most_here=3, gateways=GATEWAYS)
    assert (full.refused, full.watching, full.most) == (1, 6, 6)


async def test_a_watch_is_stopped_only_within_its_query(watches: WatchStore) -> None:
    (watch,) = (await add(watches, make_watch("t1"))).watched
    await watches.leave(BEN, WatchQuery(watch_id=watch.id))
    await watches.stop(WatchQuery(guild_id=6, watch_id=watch.id))
    assert await watches.open_watch(WatchQuery(watch_id=watch.id))
    await watches.stop(WatchQuery(guild_id=5, watch_id=watch.id))
    assert await watches.open_watch(WatchQuery(watch_id=watch.id)) is None
