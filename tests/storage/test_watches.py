"""What is watched and what is owed, on a real file."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.delivery import RECHECK, Delivery, State, Topic
from bot.domain.polling import Claim, PollResult
from bot.domain.snapshot import PollSchedule
from bot.domain.task import Clip, Status, Task, TaskKind
from bot.domain.watch import GRACE, MOST_MENTIONS, PATIENCE, QUIET_AFTER, Watch, WatchOutcome, delivery_for
from bot.domain.watch_results import AddedWatches, LeftWatches, WatchQuery
from bot.services.polling.record import record
from bot.storage.outbox import Outbox
from bot.storage.polls import PollStore
from bot.storage.preferences import PreferenceStore
from bot.storage.watches import WatchStore

PACE = PollSchedule(5.0)
NOW = 1_000_000.0
ADA, BEN, CARL = 1, 2, 3
SONGS, LOUNGE = 10, 11
HOME = {"t1": "default", "t2": "default", "words": "default"}


@pytest.fixture
async def watches(engine: AsyncEngine) -> WatchStore:
    return WatchStore(engine)


@pytest.fixture
async def polls(engine: AsyncEngine) -> PollStore:
    return PollStore(engine)


@pytest.fixture
async def outbox(engine: AsyncEngine) -> Outbox:
    return Outbox(engine)


def wish(task_id: str = "t1", **fields: Any) -> Watch:
    values: dict[str, Any] = {"user_id": ADA, "channel_id": SONGS, "guild_id": 5, "created_at": NOW}
    return Watch(task_id=task_id, **(values | fields))


async def add(watches: WatchStore, *wishes: Watch, most: int = 500) -> AddedWatches:
    return await watches.add(wishes, most=most, gateways=HOME)


def task(task_id: str, status: Status = Status.RUNNING, *clip_ids: str, **fields: Any) -> Task:
    done = status is Status.DONE
    clips = tuple(Clip(id=each, status=status, audio_url="https://a" if done else "") for each in clip_ids)
    return Task(**({"id": task_id, "kind": TaskKind.MUSIC, "status": status, "clips": clips} | fields))


def said(*tasks: Task) -> dict[str, PollResult]:
    return {each.id: PollResult("default", each) for each in tasks}


async def claim(polls: PollStore, now: float = NOW, gateway: str = "default", limit: int = 100) -> set[str]:
    return {each.task_id for each in await polls.claim(gateway, now, lease=60, limit=limit)}


async def bring(outbox: Outbox, now: float, limit: int = 100) -> list[Delivery]:
    return [claimed.delivery for claimed in await outbox.claim(now, lease=60, limit=limit)]


async def test_a_watched_task_is_due_at_once_and_once_however_many_watch_it(
    watches: WatchStore, polls: PollStore
) -> None:
    await add(watches, wish("t1"), wish("t2"))
    await add(watches, wish("t1", user_id=BEN, channel_id=LOUNGE))
    assert await claim(polls) == {"t1", "t2"}
    assert await claim(polls) == set(), "a lease holds"
    assert await claim(polls, NOW + 61) == {"t1", "t2"}, "until it ends"


async def test_the_same_task_in_the_same_place_is_told_and_not_doubled(watches: WatchStore) -> None:
    first = await add(watches, wish("t1"))
    again = await add(watches, wish("t1", user_id=BEN), wish("t2", user_id=BEN))
    assert [each.task_id for each in again.watched] == ["t2"]
    assert [each.id for each in again.known] == [first.watched[0].id]


async def test_no_more_than_the_limit(watches: WatchStore, polls: PollStore) -> None:
    await add(watches, wish("t1"), most=2)
    added = await add(watches, wish("t2"), wish("t3"), wish("t4"), most=2)
    assert ([each.task_id for each in added.watched], added.refused, added.watching) == (["t2"], 2, 2)
    assert await claim(polls) == {"t1", "t2"}


async def test_what_is_owed_is_stored_with_what_was_learned(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    await add(watches, wish("t1"))
    await claim(polls)
    plan = await record(polls, said(task("t1", Status.DONE, "a", "b")), NOW, PACE)
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


async def test_everybody_who_watches_gets_it(watches: WatchStore, polls: PollStore, outbox: Outbox) -> None:
    await add(watches, wish("t1"))
    await add(watches, wish("t1", channel_id=LOUNGE))
    await record(polls, said(task("t1", Status.DONE, "a")), NOW, PACE)
    assert {each.channel_id for each in await bring(outbox, NOW)} == {SONGS, LOUNGE}


async def test_a_running_task_is_looked_at_again(watches: WatchStore, polls: PollStore) -> None:
    await add(watches, wish("t1"))
    await claim(polls)
    await record(polls, said(task("t1")), NOW, PACE)
    assert await polls.next_due("default") == NOW + 5
    assert await claim(polls, NOW + 4.9) == set()
    assert await claim(polls, NOW + 5) == {"t1"}


async def known(polls: PollStore, task_id: str = "t1") -> Claim:
    """Asked for again, after an answer whose bytes are known."""
    await claim(polls)
    await record(polls, {task_id: PollResult("default", task(task_id), b"bytes")}, NOW, PACE)
    (again,) = await polls.claim("default", NOW + 5, lease=60, limit=9)
    return again


async def test_an_answer_that_came_again_changes_only_when_to_look(watches: WatchStore, polls: PollStore) -> None:
    await add(watches, wish("t1"))
    again = await known(polls)
    assert again.digest == b"bytes"
    plan = await record(polls, {}, NOW + 5, PACE, [again])
    assert (plan.deliveries, plan.changed) == ([], {})
    assert await polls.next_due("default") == NOW + 10


@pytest.mark.parametrize(
    ("now", "what_is_due"), [(NOW + QUIET_AFTER, "the notice that it is quiet"), (NOW + 10_000, "its age")]
)
async def test_an_answer_is_looked_at_in_full_when_something_follows_from_time(
    watches: WatchStore, polls: PollStore, now: float, what_is_due: str
) -> None:
    await add(watches, wish("t1"))
    await known(polls)
    (later,) = await polls.claim("default", now, lease=60, limit=9)
    assert later.digest == b"", what_is_due


async def test_a_new_watch_hears_of_what_has_not_changed(watches: WatchStore, polls: PollStore, outbox: Outbox) -> None:
    await add(watches, wish("t1"))
    superseded = await known(polls)
    await add(watches, wish("t1", channel_id=LOUNGE, live=True, created_at=NOW + 6))
    (anew,) = await polls.claim("default", NOW + 6, lease=60, limit=9)
    assert anew.digest == b""
    await record(polls, {}, NOW + 6, PACE, [superseded])
    assert await claim(polls, NOW + 7) == set(), "what was superseded gives nothing back"
    await record(polls, {"t1": PollResult("default", task("t1"), b"bytes")}, NOW + 7, PACE)
    assert [each.topic for each in await bring(outbox, NOW + 7)] == [Topic.LIVE]


async def test_a_queued_task_is_looked_at_more_often_while_somebody_looks_on(
    watches: WatchStore, polls: PollStore
) -> None:
    await add(watches, wish("t1", live=True), wish("t2"))
    await add(watches, wish("t1", channel_id=LOUNGE))
    await claim(polls)
    await record(polls, said(task("t1", Status.WAITING), task("t2", Status.WAITING)), NOW, PACE)
    assert await claim(polls, NOW + 6) == {"t1"}


async def test_what_nobody_watches_is_not_asked_for(watches: WatchStore, polls: PollStore) -> None:
    await add(watches, wish("t1"))
    await watches.leave(ADA, WatchQuery(task_ids=["t1"]))
    await record(polls, said(task("t1")), NOW, PACE)
    assert await polls.next_due("default") is None


async def test_lyrics_are_asked_for_until_they_are_there(watches: WatchStore, polls: PollStore, outbox: Outbox) -> None:
    await add(watches, wish("t1", lyrics_id="words"))
    assert await claim(polls) == {"t1", "words"}
    await record(polls, said(task("t1"), task("words", Status.DONE)), NOW, PACE)
    assert await claim(polls, NOW + 99) == {"t1"}
    await record(polls, said(task("t1", Status.DONE, "a")), NOW + 99, PACE)
    (claimed,) = await outbox.claim(NOW + 99, lease=60, limit=9)
    assert claimed.lyrics
    assert claimed.lyrics.task == task("words", Status.DONE)


async def test_an_unknown_id_is_told_after_its_grace(watches: WatchStore, polls: PollStore, outbox: Outbox) -> None:
    await add(watches, wish("t1"))
    for seconds in (0, GRACE / 2, GRACE):
        await record(polls, {"t1": PollResult("default", None)}, NOW + seconds, PACE)
    assert [each.topic for each in await bring(outbox, NOW + GRACE)] == [Topic.UNKNOWN]


async def test_a_task_that_is_found_gets_its_gateway(watches: WatchStore, polls: PollStore) -> None:
    await add(watches, wish("lost"))
    assert await claim(polls, gateway="") == {"lost"}
    await record(polls, {"lost": PollResult("backup", task("lost"))}, NOW, PACE)
    assert await claim(polls, NOW + 5, gateway="backup") == {"lost"}


async def test_what_its_gateway_does_not_know_any_more_is_looked_for_at_all(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    await add(watches, wish("t1"))
    there = [(NOW, "default"), (NOW + 5, "default"), (NOW + GRACE, "default")]
    anywhere = [(NOW + GRACE + 5, ""), (NOW + GRACE + 10, ""), (NOW + GRACE + 15, "")]
    moved = []
    for now, gateway in there + anywhere:
        assert await bring(outbox, now) == []
        assert await claim(polls, now, gateway) == {"t1"}
        moved.append((await record(polls, {"t1": PollResult("", None)}, now, PACE)).moved)
    assert moved == [False, False, True, False, False, False]
    assert [each.topic for each in await bring(outbox, NOW + GRACE + 15)] == [Topic.UNKNOWN]


async def test_a_gateway_that_was_taken_out_of_the_settings_leaves_its_tasks_to_the_others(
    watches: WatchStore, polls: PollStore
) -> None:
    await add(watches, wish("t1"))
    await polls.resume(["other", "third"], NOW)
    assert await claim(polls, gateway="") == {"t1"}


async def test_the_only_gateway_that_is_left_is_asked_for_all(watches: WatchStore, polls: PollStore) -> None:
    """Also for what ended long ago, and is watched again."""
    await watches.add([wish("t1"), wish("t2")], most=9, gateways={"t1": "backup"})
    await record(polls, said(task("t1", Status.DONE, "a")), NOW, PACE)
    await polls.resume(["default"], NOW)
    assert await claim(polls) == {"t2"}
    await add(watches, wish("t1", channel_id=LOUNGE))
    assert await claim(polls) == {"t1"}


async def test_times_of_a_clock_that_was_fast_are_none(watches: WatchStore, polls: PollStore) -> None:
    day = NOW + 86_400
    await add(watches, wish("t1", created_at=day))
    await record(polls, said(task("t1")), day, PACE)
    await polls.resume(["default"], NOW)
    ((_, listed),) = [await watches.listed(WatchQuery(user_id=ADA), limit=1)]
    assert listed[0].snapshot.changed_at == listed[0].snapshot.asked_at == NOW


async def test_who_goes_on_with_what_was_given_up_gets_no_song_twice(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    songs = Clip(id="a", status=Status.DONE, audio_url="https://a"), Clip(id="b", status=Status.RUNNING)
    stuck = replace(task("t1"), clips=songs)
    await add(watches, wish("t1"))
    now = NOW
    while now < NOW + PATIENCE + 3_600:
        await record(polls, said(stuck), now, PACE)
        for each in await bring(outbox, now):
            await outbox.sent(each, 77, now)
        now += 250
    await add(watches, wish("t1", created_at=now))
    await record(polls, said(task("t1", Status.DONE, "a", "b")), now, PACE)
    assert [each.clips for each in await bring(outbox, now)] == [("b",)]


async def test_who_stops_and_watches_again_gets_the_song_on_its_way_once(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    songs = Clip(id="a", status=Status.DONE, audio_url="https://a"), Clip(id="b", status=Status.RUNNING)
    await add(watches, wish("t1"))
    await record(polls, said(replace(task("t1"), clips=songs)), NOW, PACE)
    await watches.leave(ADA)
    await add(watches, wish("t1", created_at=NOW + 1))
    await record(polls, said(task("t1", Status.DONE, "a", "b")), NOW + 1, PACE)
    brought = []
    while claimed := await bring(outbox, NOW + 1):
        for each in claimed:
            brought.append(each.clips)
            await outbox.sent(each, 77, NOW + 1)
    assert brought == [("a",), ("b",)]


async def test_a_restart_frees_what_a_dead_process_held(watches: WatchStore, polls: PollStore, outbox: Outbox) -> None:
    await add(watches, wish("t1"), wish("t2"))
    await claim(polls)
    await record(polls, said(task("t2", Status.DONE, "a")), NOW, PACE)
    await bring(outbox, NOW)
    await polls.resume(["default"], NOW)
    await outbox.resume(NOW)
    assert await claim(polls) == {"t1"}
    assert len(await bring(outbox, NOW)) == 1


async def test_a_channel_keeps_its_order_and_another_need_not_wait(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    await add(watches, wish("t1"), wish("t2"))
    await add(watches, wish("t2", channel_id=LOUNGE))
    await record(polls, said(task("t1", Status.DONE, "a")), NOW, PACE)
    await record(polls, said(task("t2", Status.DONE, "b")), NOW + 1, PACE)
    first, elsewhere = await bring(outbox, NOW + 2)
    assert {(first.channel_id, first.clips), (elsewhere.channel_id, elsewhere.clips)} == {
        (SONGS, ("a",)),
        (LOUNGE, ("b",)),
    }
    assert await bring(outbox, NOW + 2) == [], "the second waits for the first"
    await outbox.sent(first, 77, NOW + 3)
    assert [each.clips for each in await bring(outbox, NOW + 3)] == [("b",)]


async def test_what_stepped_aside_holds_up_nobody(watches: WatchStore, polls: PollStore, outbox: Outbox) -> None:
    await add(watches, wish("t1"), wish("t2"))
    await record(polls, said(task("t1", Status.DONE, "a")), NOW, PACE)
    await record(polls, said(task("t2", Status.DONE, "b")), NOW + 1, PACE)
    (first,) = await bring(outbox, NOW + 2)
    await outbox.put_off(first.id, NOW + 60, parked=True)
    assert [each.clips for each in await bring(outbox, NOW + 2)] == [("b",)]
    assert await outbox.next_due() == NOW + 60
    assert [each.clips for each in await bring(outbox, NOW + 60)] == [("a",)]


async def test_what_is_blocked_is_due_when_a_permission_changes(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    await add(watches, wish("t1"))
    await record(polls, said(task("t1", Status.DONE, "a")), NOW, PACE)
    (first,) = await bring(outbox, NOW)
    await outbox.put_off(first.id, NOW + 3_600, state=State.BLOCKED, reason="may not speak")
    assert await outbox.unblock(99, NOW + 1) == 0
    assert await bring(outbox, NOW + 1) == []
    assert await outbox.unblock(5, NOW + 1) == 1
    assert [each.id for each in await bring(outbox, NOW + 1)] == [first.id]


async def test_a_permission_that_came_since_the_claim_is_not_waited_for(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    await add(watches, wish("t1"))
    await record(polls, said(task("t1", Status.DONE, "a")), NOW, PACE)
    await outbox.unblock(5, NOW - 1)
    (claimed,) = await outbox.claim(NOW, lease=60, limit=9)
    assert await outbox.block(claimed, NOW + 1, "may not speak")
    assert await outbox.next_due() == NOW + 1 + RECHECK
    await outbox.unblock(5, NOW + 2)
    (claimed,) = await outbox.claim(NOW + 2, lease=60, limit=9)
    await outbox.unblock(5, NOW + 3)
    assert not await outbox.block(claimed, NOW + 4, "may not speak")
    assert await outbox.next_due() == NOW + 4


async def test_what_stepped_aside_goes_last_and_not_all_at_once(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    for channel_id in range(20, 25):
        await add(watches, wish("t1", channel_id=channel_id))
    await record(polls, said(task("t1", Status.DONE, "a")), NOW, PACE)
    for delivery in (await bring(outbox, NOW))[:4]:
        await outbox.put_off(delivery.id, NOW, parked=True)
    await outbox.resume(NOW)
    claimed = await outbox.claim(NOW, lease=60, limit=9, parked=2)
    assert sorted(claimed.parked for claimed in claimed) == [False, True, True]
    assert await outbox.next_due() == NOW
    assert await outbox.next_due(parked=False) == NOW + 60


async def test_what_a_clock_that_was_fast_has_dated_is_of_now(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    day = 86_400.0
    await add(watches, wish("t1"), wish("t2"))
    await record(polls, said(task("t1", Status.DONE, "a")), NOW + day, PACE)
    (first,) = await bring(outbox, NOW + day)
    await outbox.trying(first, NOW + day)
    await outbox.wait_for_audio(first.id, NOW + day, "no audio yet", since=NOW + day, host="")
    await outbox.resume(NOW)
    await record(polls, said(task("t2", Status.DONE, "b")), NOW + 1, PACE)
    claimed = {each.delivery.id: each for each in await outbox.claim(NOW + 1, lease=60, limit=9)}[first.id]
    assert claimed.delivery.created_at == NOW
    assert (claimed.tried_at, claimed.delivery.audio_missing_since) == (NOW, NOW)


async def test_a_part_goes_and_the_rest_follows(watches: WatchStore, polls: PollStore, outbox: Outbox) -> None:
    await add(watches, wish("t1"))
    await record(polls, said(task("t1", Status.DONE, "a", "b")), NOW, PACE)
    (whole,) = await outbox.claim(NOW, lease=60, limit=9)
    part = Delivery(**{**_fields(whole.delivery), "clips": ("a",)})
    rest = Delivery(**{**_fields(whole.delivery), "clips": ("b",), "id": "the-rest"})
    await outbox.trying(part, NOW, rest)
    await outbox.trying(part, NOW, rest)
    await outbox.sent(part, 77, NOW)
    assert [(each.id, each.clips) for each in await bring(outbox, NOW)] == [("the-rest", ("b",))]


def _fields(delivery: Delivery) -> dict[str, Any]:
    return {name: getattr(delivery, name) for name in delivery.__struct_fields__}


async def test_the_list_shows_what_is_watched_and_what_could_not_be_brought(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    await add(watches, wish("t1"), wish("t2"))
    await add(watches, wish("t1", user_id=BEN, channel_id=LOUNGE))
    await record(polls, said(task("t1", Status.DONE, "a")), NOW, PACE)
    for each in await bring(outbox, NOW):
        if each.channel_id == SONGS:
            await outbox.give_up(each.id, State.KEPT, "takes no DM")
        else:
            await outbox.sent(each, 77, NOW)
    count, listed = await watches.listed(WatchQuery(user_id=ADA), limit=10)
    assert (count, [(each.watch.task_id, each.state) for each in listed]) == (2, [("t2", None), ("t1", State.KEPT)])
    assert (await watches.listed(WatchQuery(user_id=BEN), limit=10))[0] == 0
    assert (await watches.listed(WatchQuery(guild_id=5), limit=1, offset=1))[0] == 2
    await outbox.shown(listed[1].watch.id, BEN)
    assert (await watches.listed(WatchQuery(user_id=ADA), limit=10))[0] == 2, "only its own person has seen it"
    await outbox.shown(listed[1].watch.id, ADA)
    assert (await watches.listed(WatchQuery(user_id=ADA), limit=10))[0] == 1


async def test_a_task_can_be_watched_again_once_all_is_brought(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    await add(watches, wish("t1"))
    await record(polls, said(task("t1", Status.DONE, "a")), NOW, PACE)
    assert (await add(watches, wish("t1"))).known, "it is still on its way"
    for each in await bring(outbox, NOW):
        await outbox.sent(each, 77, NOW)
    assert (await add(watches, wish("t1"))).watched
    assert await claim(polls) == {"t1"}


async def test_patience_begins_anew_with_a_new_watch(watches: WatchStore, polls: PollStore, outbox: Outbox) -> None:
    """One who asks to go on with a task that was given up is not told at once that it is given up."""
    await add(watches, wish("t1"))
    now = NOW
    while now < NOW + PATIENCE + 3_600:
        now += 250
        await record(polls, said(task("t1")), now, PACE)
    assert [each.topic for each in await bring(outbox, now)] == [Topic.QUIET]
    later = now + 10 * PATIENCE
    await add(watches, wish("t1", created_at=later, channel_id=LOUNGE))
    await record(polls, said(task("t1")), later, PACE)
    assert await polls.next_due("default") == later + 5
    assert LOUNGE not in {each.channel_id for each in await bring(outbox, later)}


async def test_a_watch_goes_on_for_those_who_joined_it(watches: WatchStore) -> None:
    (watch,) = (await add(watches, wish("t1", mentions=("<@1>",)))).watched
    await add(watches, wish("t1", user_id=BEN, mentions=("<@2>",), user_locale="zh-CN", created_at=NOW + 1))
    await add(watches, wish("t1", user_id=CARL, created_at=NOW + 2))
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


async def test_what_others_joined_goes_on_when_a_person_is_forgotten(
    watches: WatchStore, polls: PollStore, outbox: Outbox, engine: AsyncEngine
) -> None:
    """Also when the song is already on its way."""
    await add(watches, wish("t1", mentions=("<@1>",)), wish("t2"))
    await add(watches, wish("t1", user_id=BEN), wish("t2", user_id=BEN))
    await record(polls, said(task("t1", Status.DONE, "a")), NOW, PACE)
    await PreferenceStore(engine).forget(ADA)
    await record(polls, said(task("t2", Status.DONE, "b")), NOW, PACE)
    claimed = await outbox.claim(NOW, lease=60, limit=9)
    assert [(each.watch.user_id, each.watch.mentions, each.delivery.clips) for each in claimed] == [(BEN, (), ("a",))]
    await outbox.sent(claimed[0].delivery, 77, NOW)
    assert [each.clips for each in await bring(outbox, NOW)] == [("b",)]


async def test_who_joined_leaves_it_to_who_began_it(watches: WatchStore) -> None:
    (watch,) = (await add(watches, wish("t1", mentions=("<@1>",)))).watched
    for _ in range(2):
        await add(watches, wish("t1", user_id=BEN, mentions=("<@2>",)))
    assert (await watches.leave(BEN)).going_on
    left = await watches.open_watch(WatchQuery(watch_id=watch.id))
    assert left
    assert (left.user_id, left.mentions) == (ADA, ("<@1>",))
    assert await watches.leave(BEN) == LeftWatches((), ())


async def test_who_joins_fills_in_what_nobody_had_chosen(watches: WatchStore, polls: PollStore) -> None:
    (watch,) = (await add(watches, wish("t1"))).watched
    await claim(polls)
    await record(polls, said(task("t1")), NOW, PACE)
    await add(watches, wish("t1", user_id=BEN, lyrics_id="words", live=True))
    assert await claim(polls) == {"t1", "words"}
    await add(watches, wish("t1", user_id=CARL, lyrics_id="others"))
    await add(watches, wish("t1", lyrics_id="own"))
    now = await watches.open_watch(WatchQuery(watch_id=watch.id))
    assert now
    assert (now.lyrics_id, now.live) == ("own", True), "who began it chooses"


async def test_no_more_are_mentioned_than_a_message_holds(watches: WatchStore) -> None:
    for number in range(1, MOST_MENTIONS + 9):
        added = await add(watches, wish("t1", user_id=number, mentions=(f"<@{number}>",)))
    assert len(added.known[0].mentions) == MOST_MENTIONS
    assert await watches.is_concerned(added.known[0].id, MOST_MENTIONS + 5)


async def test_what_is_stopped_while_its_card_waits_is_watched_anew(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    """A card or a notice on its way is no result."""
    await add(watches, wish("t1", live=True))
    await record(polls, said(task("t1")), NOW, PACE)
    assert [each.topic for each in await bring(outbox, NOW)] == [Topic.LIVE]
    assert (await watches.listed(WatchQuery(user_id=ADA), limit=9))[0] == 1
    await watches.leave(ADA)
    assert (await watches.listed(WatchQuery(user_id=ADA), limit=9))[0] == 0
    assert (await add(watches, wish("t1", created_at=NOW + 1))).watched
    assert await claim(polls, NOW + 1) == {"t1"}


async def test_a_servers_limit_counts_its_own_watches(watches: WatchStore) -> None:
    await add(watches, *(wish(f"t{number}", guild_id=None, channel_id=99) for number in range(5)))
    wishes = [wish("there-1"), wish("there-2")]
    added = await watches.add(wishes, most=500, most_here=1, gateways=HOME)
    assert (len(added.watched), added.refused, added.watching, added.most) == (1, 1, 1, 1)
    full = await watches.add([wish("there-3")], most=6, most_here=3, gateways=HOME)
    assert (full.refused, full.watching, full.most) == (1, 6, 6)


async def test_only_what_one_may_stop_is_stopped(watches: WatchStore) -> None:
    (watch,) = (await add(watches, wish("t1"))).watched
    await watches.leave(BEN, WatchQuery(watch_id=watch.id))
    await watches.stop(WatchQuery(guild_id=6, watch_id=watch.id))
    assert await watches.open_watch(WatchQuery(watch_id=watch.id))
    await watches.stop(WatchQuery(guild_id=5, watch_id=watch.id))
    assert await watches.open_watch(WatchQuery(watch_id=watch.id)) is None


async def test_what_ended_long_ago_is_forgotten_and_what_is_owed_is_not(
    watches: WatchStore, polls: PollStore, outbox: Outbox, tmp_path: Path
) -> None:
    await add(watches, wish("t1"), wish("t2"), wish("t3"))
    await record(polls, said(task("t1", Status.DONE, "a"), task("t2", Status.DONE, "b")), NOW, PACE)
    (first,) = await bring(outbox, NOW, limit=1)
    await outbox.sent(first, 77, NOW)
    await outbox.forget(NOW + 1)
    with sqlite3.connect(tmp_path / "data" / "bot.db") as database:
        kept = [row[0] for row in database.execute("SELECT task_id FROM tasks ORDER BY task_id")]
        left = database.execute("SELECT count(*) FROM deliveries").fetchone()[0]
    database.close()
    assert (kept, left) == (["t2", "t3"], 1)


@pytest.mark.parametrize("state", [State.WAITING, State.BLOCKED, State.KEPT, State.FAILED])
@pytest.mark.parametrize("topic", [Topic.BLOCKED, Topic.QUIET, Topic.NO_AUDIO, Topic.LIVE])
async def test_a_notice_alone_keeps_no_watch(
    watches: WatchStore, outbox: Outbox, tmp_path: Path, topic: Topic, state: State
) -> None:
    (watch,) = (await add(watches, wish("t1"))).watched
    notice = delivery_for(watch, topic, NOW)
    await outbox.add(notice)
    await outbox.put_off(notice.id, NOW + 60, state=state)
    await watches.stop(WatchQuery(user_id=ADA))
    await outbox.forget(NOW + 1)
    with closing(sqlite3.connect(tmp_path / "data" / "bot.db")) as database:
        assert database.execute("SELECT count(*) FROM watches").fetchone() == (0,)


async def test_what_was_dropped_meanwhile_does_not_come_back(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    """A manager drops a post just when it is on its way, and then Discord refuses it."""
    await add(watches, wish("t1"))
    await record(polls, said(task("t1", Status.DONE, "a")), NOW, PACE)
    (first,) = await bring(outbox, NOW)
    await outbox.drop(first.id, 5)
    await outbox.put_off(first.id, NOW + 60, reason="503")
    await outbox.give_up(first.id, State.FAILED, "400")
    await outbox.move(first, LOUNGE, NOW)
    assert await bring(outbox, NOW + 60) == []
    assert (await outbox.shown_in(5, None, limit=9, offset=0))[0] == 0


async def test_the_claims_use_indexes(
    engine: AsyncEngine, watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    """SQLite's own plan for the very statements that the workers run all the time."""
    ran: list[tuple[str, Any]] = []
    await add(watches, wish("t1", lyrics_id="words"))
    event.listen(
        engine.sync_engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, values, *_rest: ran.append((statement, values)),
    )
    await claim(polls)
    await record(polls, said(task("t1", Status.DONE, "a"), task("words", Status.DONE)), NOW, PACE)
    await polls.next_due("default")
    await bring(outbox, NOW)
    await outbox.next_due()
    await outbox.cards(NOW, 10)
    statements = [each for each in ran if each[0].startswith(("SELECT", "UPDATE"))]
    assert len(statements) > 8
    async with engine.connect() as connection:
        for statement, values in statements:
            one = values[0] if isinstance(values, list) else values
            plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", one)).all()
            scans = [row.detail for row in plan if row.detail.startswith("SCAN") and "INDEX" not in row.detail]
            assert scans == [], statement


async def test_the_next_message_is_due_when_it_may_go(watches: WatchStore, polls: PollStore, outbox: Outbox) -> None:
    """Else the notifier would look, and look again: for what is behind another in its line, or is being brought."""
    await add(watches, wish("t1"), wish("t2"))
    await record(polls, said(task("t1", Status.DONE, "a"), task("t2", Status.DONE, "b")), NOW, PACE)
    (first,) = await bring(outbox, NOW)
    assert await outbox.next_due() == NOW + 60, "its lease"
    await outbox.put_off(first.id, NOW + 3600, state=State.BLOCKED)
    assert await outbox.next_due() == NOW + 3600


async def test_a_task_that_nobody_could_settle_is_due_when_its_lease_ends(
    watches: WatchStore, polls: PollStore
) -> None:
    await add(watches, wish("t1"))
    assert await claim(polls) == {"t1"}
    assert await polls.next_due("default") == NOW + 60
