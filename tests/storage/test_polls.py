"""Claims of tasks that are due, and what is recorded of their answers, on a real file."""

from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.delivery import Topic
from bot.domain.polling import Claim, PollResult
from bot.domain.task import Status
from bot.domain.watch import GRACE, MAX_UNCHANGED, QUIET_AFTER
from bot.domain.watch_results import WatchQuery
from bot.services.polling.record_poll import record_poll
from bot.storage.live_cards import LiveCardStore
from bot.storage.outbox import Outbox
from bot.storage.polls import PollStore
from bot.storage.watches import WatchStore
from tests.storage.samples import (
    ADA,
    BEN,
    LOUNGE,
    NOW,
    SCHEDULE,
    add,
    answers,
    claim,
    claim_deliveries,
    make_watch,
    task,
)


async def test_a_watched_task_is_due_at_once_and_once_however_many_watch_it(
    watches: WatchStore, polls: PollStore
) -> None:
    await add(watches, make_watch("t1"), make_watch("t2"))
    await add(watches, make_watch("t1", user_id=BEN, channel_id=LOUNGE))
    assert await claim(polls) == {"t1", "t2"}
    assert await claim(polls) == set(), "a lease holds"
    assert await claim(polls, NOW + 61) == {"t1", "t2"}, "until it ends"


async def test_a_running_task_is_due_again_after_the_interval(watches: WatchStore, polls: PollStore) -> None:
    await add(watches, make_watch("t1"))
    await claim(polls)
    await record_poll(polls, answers(task("t1")), NOW, SCHEDULE)
    assert await polls.next_due("default") == NOW + 5
    assert await claim(polls, NOW + 4.9) == set()
    assert await claim(polls, NOW + 5) == {"t1"}


async def known(polls: PollStore, task_id: str = "t1") -> Claim:
    """Asked for again, after an answer whose bytes are known."""
    await claim(polls)
    await record_poll(polls, {task_id: PollResult("default", task(task_id), b"bytes")}, NOW, SCHEDULE)
    (again,) = await polls.claim("default", NOW + 5, lease=60, limit=9)
    return again


async def test_an_identical_answer_changes_only_the_next_poll(watches: WatchStore, polls: PollStore) -> None:
    await add(watches, make_watch("t1"))
    again = await known(polls)
    assert again.digest == b"bytes"
    plan = await record_poll(polls, {}, NOW + 5, SCHEDULE, [again])
    assert (plan.deliveries, plan.changed) == ([], {})
    assert await polls.next_due("default") == NOW + 10


@pytest.mark.parametrize(
    ("now", "what_is_due"), [(NOW + QUIET_AFTER, "the notice that it is quiet"), (NOW + 10_000, "its age")]
)
async def test_an_identical_answer_is_decoded_when_time_makes_an_action_due(
    watches: WatchStore, polls: PollStore, now: float, what_is_due: str
) -> None:
    await add(watches, make_watch("t1"))
    await known(polls)
    (later,) = await polls.claim("default", now, lease=60, limit=9)
    assert later.digest == b"", what_is_due


async def test_a_repeated_answer_renews_the_lease(watches: WatchStore, polls: PollStore) -> None:
    await add(watches, make_watch("t1"))
    first = await known(polls)
    (renewed,) = await polls.renew([first], NOW + 40, lease=60)
    assert (renewed.asked_at, renewed.lease_until, renewed.digest) == (NOW + 40, NOW + 100, b"bytes")
    assert await claim(polls, NOW + 99) == set()
    assert await claim(polls, NOW + 100) == {"t1"}
    assert await polls.renew([first, renewed], NOW + 101, lease=60) == [], "they are not ours any more"


async def test_a_lease_is_not_renewed_for_what_is_claimed_anew_or_not_watched_any_more(
    watches: WatchStore, polls: PollStore
) -> None:
    await add(watches, make_watch("t1"), make_watch("t2", user_id=BEN))
    old = await polls.claim("default", NOW, lease=60, limit=9)
    await add(watches, make_watch("t1", channel_id=LOUNGE, created_at=NOW + 6))
    await watches.leave(BEN)
    assert await claim(polls, NOW + 6) == {"t1"}
    assert await polls.renew(old, NOW + 7, lease=600) == []
    assert await claim(polls, NOW + 70) == {"t1"}, "when the newer lease ends"


async def test_a_renewed_lease_does_not_hide_that_it_is_quiet(watches: WatchStore, polls: PollStore) -> None:
    await add(watches, make_watch("t1"))
    (late,) = await polls.renew([await known(polls)], NOW + QUIET_AFTER, lease=60)
    assert late.digest == b""


async def test_a_new_watch_is_evaluated_though_the_answer_is_unchanged(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    await add(watches, make_watch("t1"))
    superseded = await known(polls)
    await add(watches, make_watch("t1", channel_id=LOUNGE, live=True, created_at=NOW + 6))
    (anew,) = await polls.claim("default", NOW + 6, lease=60, limit=9)
    assert anew.digest == b""
    await record_poll(polls, {}, NOW + 6, SCHEDULE, [superseded])
    assert await claim(polls, NOW + 7) == set(), "what was superseded gives nothing back"
    await record_poll(polls, {"t1": PollResult("default", task("t1"), b"bytes")}, NOW + 7, SCHEDULE)
    assert [each.topic for each in await claim_deliveries(outbox, NOW + 7)] == [Topic.LIVE]


async def test_a_queued_task_with_a_live_card_is_polled_more_often(watches: WatchStore, polls: PollStore) -> None:
    await add(watches, make_watch("t1", live=True), make_watch("t2"))
    await add(watches, make_watch("t1", channel_id=LOUNGE))
    await claim(polls)
    await record_poll(polls, answers(task("t1", Status.WAITING), task("t2", Status.WAITING)), NOW, SCHEDULE)
    assert await claim(polls, NOW + 6) == {"t1"}


async def test_tasks_without_a_watch_are_not_polled(watches: WatchStore, polls: PollStore) -> None:
    await add(watches, make_watch("t1"))
    await watches.leave(ADA, WatchQuery(task_ids=["t1"]))
    await record_poll(polls, answers(task("t1")), NOW, SCHEDULE)
    assert await polls.next_due("default") is None


async def test_lyrics_are_asked_for_until_they_are_there(watches: WatchStore, polls: PollStore, outbox: Outbox) -> None:
    await add(watches, make_watch("t1", lyrics_id="words"))
    assert await claim(polls) == {"t1", "words"}
    await record_poll(polls, answers(task("t1"), task("words", Status.DONE)), NOW, SCHEDULE)
    assert await claim(polls, NOW + 99) == {"t1"}
    await record_poll(polls, answers(task("t1", Status.DONE, "a")), NOW + 99, SCHEDULE)
    (claimed,) = await outbox.claim(NOW + 99, lease=60, limit=9)
    assert claimed.lyrics
    assert claimed.lyrics.task == task("words", Status.DONE)


async def test_an_unknown_id_is_reported_after_its_grace_period(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    await add(watches, make_watch("t1"))
    for seconds in (0, GRACE / 2, GRACE):
        await record_poll(polls, {"t1": PollResult("default", None)}, NOW + seconds, SCHEDULE)
    assert [each.topic for each in await claim_deliveries(outbox, NOW + GRACE)] == [Topic.UNKNOWN]


async def test_a_task_that_is_found_gets_its_gateway(watches: WatchStore, polls: PollStore) -> None:
    await add(watches, make_watch("lost"))
    assert await claim(polls, gateway="") == {"lost"}
    await record_poll(polls, {"lost": PollResult("backup", task("lost"))}, NOW, SCHEDULE)
    assert await claim(polls, NOW + 5, gateway="backup") == {"lost"}


async def test_a_task_unknown_at_its_gateway_is_searched_at_all_gateways(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    await add(watches, make_watch("t1"))
    there = [(NOW, "default"), (NOW + 5, "default"), (NOW + GRACE, "default")]
    anywhere = [(NOW + GRACE + 5, ""), (NOW + GRACE + 10, ""), (NOW + GRACE + 15, "")]
    moved = []
    for now, gateway in there + anywhere:
        assert await claim_deliveries(outbox, now) == []
        assert await claim(polls, now, gateway) == {"t1"}
        moved.append((await record_poll(polls, {"t1": PollResult("", None)}, now, SCHEDULE)).moved)
    assert moved == [False, False, True, False, False, False]
    assert [each.topic for each in await claim_deliveries(outbox, NOW + GRACE + 15)] == [Topic.UNKNOWN]


async def test_a_gateway_that_was_taken_out_of_the_settings_leaves_its_tasks_to_the_others(
    watches: WatchStore, polls: PollStore
) -> None:
    await add(watches, make_watch("t1"))
    await polls.resume(["other", "third"], NOW)
    assert await claim(polls, gateway="") == {"t1"}


async def test_the_only_gateway_that_is_left_is_asked_for_all(watches: WatchStore, polls: PollStore) -> None:
    """Also for what ended long ago, and is watched again."""
    await watches.add([make_watch("t1"), make_watch("t2")], most=9, gateways={"t1": "backup"})
    await record_poll(polls, answers(task("t1", Status.DONE, "a")), NOW, SCHEDULE)
    await polls.resume(["default"], NOW)
    assert await claim(polls) == {"t2"}
    await add(watches, make_watch("t1", channel_id=LOUNGE))
    assert await claim(polls) == {"t1"}


async def test_future_times_of_a_fast_clock_are_reset_to_now(watches: WatchStore, polls: PollStore) -> None:
    day = NOW + 86_400
    await add(watches, make_watch("t1", created_at=day))
    await record_poll(polls, answers(task("t1")), day, SCHEDULE)
    await polls.resume(["default"], NOW)
    ((_, listed),) = [await watches.listed(WatchQuery(user_id=ADA), limit=1)]
    assert listed[0].snapshot.changed_at == listed[0].snapshot.asked_at == NOW


async def test_a_new_watch_restarts_the_time_until_expiry(
    watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    """A person who watches an expired task again does not get the same notice at once."""
    await add(watches, make_watch("t1"))
    now = NOW
    while now < NOW + MAX_UNCHANGED + 3_600:
        now += 250
        await record_poll(polls, answers(task("t1")), now, SCHEDULE)
    assert [each.topic for each in await claim_deliveries(outbox, now)] == [Topic.QUIET]
    later = now + 10 * MAX_UNCHANGED
    await add(watches, make_watch("t1", created_at=later, channel_id=LOUNGE))
    await record_poll(polls, answers(task("t1")), later, SCHEDULE)
    assert await polls.next_due("default") == later + 5
    assert LOUNGE not in {each.channel_id for each in await claim_deliveries(outbox, later)}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_the_claims_use_indexes(
    engine: AsyncEngine, watches: WatchStore, polls: PollStore, outbox: Outbox
) -> None:
    """SQLite's own plan for the very statements that the workers run all the time."""
    ran: list[tuple[str, Any]] = []
    await add(watches, make_watch("t1", lyrics_id="words"))
    event.listen(
        engine.sync_engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, values, *_rest: ran.append((statement, values)),
    )
    await claim(polls)
    await record_poll(polls, answers(task("t1", Status.DONE, "a"), task("words", Status.DONE)), NOW, SCHEDULE)
    await polls.next_due("default")
    await claim_deliveries(outbox, NOW)
    await outbox.next_due()
    await LiveCardStore(engine).due(NOW, 10)
    statements = [each for each in ran if each[0].startswith(("SELECT", "UPDATE"))]
    assert len(statements) > 8
    async with engine.connect() as connection:
        for statement, values in statements:
            one = values[0] if isinstance(values, list) else values
            plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", one)).all()
            scans = [row.detail for row in plan if row.detail.startswith("SCAN") and "INDEX" not in row.detail]
            assert scans == [], statement


async def test_a_task_without_a_recorded_poll_is_due_when_its_lease_ends(watches: WatchStore, polls: PollStore) -> None:
    await add(watches, make_watch("t1"))
    assert await claim(polls) == {"t1"}
    assert await polls.next_due("default") == NOW + 60
