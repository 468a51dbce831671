"""Orders on a real file: one press is one order, what is reserved is given back once, and nothing is sent twice."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.allowance import Limit, LimitReached, Limits, Usage, Work
from bot.domain.order import (
    GIVEN_BACK,
    MAX_DRAFTS,
    STALE_AFTER,
    Accepted,
    NotTaken,
    Order,
    OrderQuery,
    OrderState,
    Refused,
    Unsure,
    after_submission,
)
from bot.domain.polling import PollResult
from bot.domain.snapshot import PollSchedule
from bot.domain.song_request import RequestKind, SongRequest
from bot.domain.task import Clip, Status, Task, TaskKind
from bot.domain.watch import Watch, WatchOutcome
from bot.domain.watch_results import WatchQuery
from bot.services.polling.record_poll import record_poll
from bot.storage.order_upkeep import OrderUpkeep
from bot.storage.orders import Edited, OrderStore, Placed
from bot.storage.polls import PollStore
from bot.storage.schema import watches
from bot.storage.watches import WatchStore

NOW = 1_790_337_600.0  # noon
ADA, BEN = 1, 2
NO_LIMITS = Limits()


@pytest.fixture
async def store(engine: AsyncEngine) -> OrderStore:
    return OrderStore(engine)


@pytest.fixture
async def upkeep(engine: AsyncEngine) -> OrderUpkeep:
    return OrderUpkeep(engine)


def draft(order_id: str = "o1", user_id: int = ADA, **fields: Any) -> Order:
    values: dict[str, Any] = {
        "id": order_id,
        "user_id": user_id,
        "guild_id": 5,
        "channel_id": 10,
        "gateway": "default",
        "request": SongRequest(kind=RequestKind.DESCRIBE, description="rain", model="chirp-hawk"),
        "created_at": NOW,
    }
    return Order(**(values | fields))


def watch_of(order: Order) -> Watch:
    return Watch(
        task_id=order.task_id,
        user_id=order.user_id,
        channel_id=order.channel_id,
        guild_id=order.guild_id,
        created_at=NOW,
    )


async def place(store: OrderStore, order: Order, limits: Limits = NO_LIMITS, now: float = NOW) -> Order:
    await store.draft(order)
    placed = await store.place(order, limits, now)
    assert isinstance(placed, Placed)
    return placed.order


async def begin(store: OrderStore, now: float = NOW, at_once: int = 10) -> Order | None:
    return await store.begin("default", now, at_once=at_once)


async def accepted(store: OrderStore, order_id: str = "o1", task_id: str = "t1") -> Order:
    await place(store, draft(order_id))
    sent = await begin(store)
    assert sent
    order = after_submission(sent, Accepted(task_id), NOW)
    assert await store.accept(order, watch_of(order), OrderState.SENDING, NOW)
    return order


async def used(store: OrderStore, user_id: int = ADA, now: float = NOW) -> Usage:
    return await store.usage(user_id, 5, Work.SONG, now)


async def test_a_draft_is_kept_as_it_was_written(store: OrderStore) -> None:
    request = SongRequest(kind=RequestKind.CUSTOM, lyrics="[Verse]\n夏日", style="lo-fi", weirdness=0.5)
    await store.draft(draft(request=request))
    assert await store.order("o1") == draft(request=request)
    assert await store.order("o2") is None


async def test_a_person_has_so_many_drafts(store: OrderStore) -> None:
    for number in range(MAX_DRAFTS + 2):
        await store.draft(draft(f"o{number}", created_at=NOW + number))
    await store.draft(draft("bens", user_id=BEN))
    assert [await store.order(f"o{number}") is None for number in range(3)] == [True, True, False]


async def test_a_second_press_finds_the_order_placed(store: OrderStore) -> None:
    order = await place(store, draft())
    assert order.state is OrderState.PLACED
    assert await store.place(draft(), NO_LIMITS, NOW) is None
    assert (await used(store)).person == 1


async def test_a_placed_order_is_no_longer_edited(store: OrderStore) -> None:
    await store.draft(draft())
    assert await store.edit(draft(price=0.1))
    await store.place(draft(price=0.1), NO_LIMITS, NOW)
    assert not await store.edit(draft(price=9.0))
    found = await store.order("o1")
    assert found
    assert (found.state, found.price) == (OrderState.PLACED, 0.1)


async def test_what_was_edited_on_another_device_is_not_what_is_placed(store: OrderStore) -> None:
    """The card on the first device still shows the rain."""
    await store.draft(draft())
    snow = SongRequest(kind=RequestKind.DESCRIBE, description="snow", model="chirp-hawk")
    await store.edit(draft(request=snow))
    assert await store.place(draft(), NO_LIMITS, NOW) == Edited()
    assert (await used(store)).person == 0
    assert isinstance(await store.place(draft(request=snow), NO_LIMITS, NOW), Placed)


async def test_fifty_people_with_five_devices_each_and_ten_left(store: OrderStore) -> None:
    people = range(100, 150)
    for person in people:
        await store.draft(draft(f"o{person}", user_id=person))
    limits = Limits(server=10, person=3, cooldown=30)
    presses = [store.place(draft(f"o{person}", user_id=person), limits, NOW) for _ in range(5) for person in people]
    results = await asyncio.gather(*presses)
    placed = [result.order.user_id for result in results if isinstance(result, Placed)]
    assert len(placed) == len(set(placed)) == 10
    assert (await used(store)).server == 10
    denied = [result for result in results if isinstance(result, LimitReached)]
    assert {reached.limit for reached in denied} == {Limit.SERVER}, "who has ordered is told of no limit"
    assert len(denied) == 5 * (50 - 10)


async def test_limits_count_a_day_and_are_given_back_once(store: OrderStore) -> None:
    limits = Limits(person=1)
    order = await place(store, draft("o1"), limits)
    await store.draft(draft("o2"))
    assert isinstance(await store.place(draft("o2"), limits, NOW + 60), LimitReached)
    sent = await begin(store)
    assert sent
    refused = after_submission(sent, Refused("artist"), NOW)
    assert await store.move(refused, OrderState.SENDING, NOW)
    assert not await store.move(replace(refused, state=OrderState.LOST), OrderState.SENDING, NOW)
    assert (await used(store)).person == 0
    assert isinstance(await store.place(draft("o2"), limits, NOW + 60), Placed)
    assert (await used(store, now=NOW + 86_400)).person == 0, "tomorrow is another day"
    assert order.placed_at == NOW


@pytest.mark.parametrize("state", sorted(GIVEN_BACK))
async def test_whatever_ends_without_a_song_is_given_back(store: OrderStore, state: OrderState) -> None:
    order = await place(store, draft())
    assert await store.move(replace(order, state=state), OrderState.PLACED, NOW)
    assert (await used(store)).person == 0


async def test_an_unsure_order_keeps_its_place_in_the_allowance(store: OrderStore) -> None:
    await place(store, draft())
    sent = await begin(store)
    assert sent
    await store.move(after_submission(sent, Unsure("cut"), NOW), OrderState.SENDING, NOW)
    assert (await used(store)).person == 1


async def test_orders_are_sent_in_turn_as_many_as_run_at_once(store: OrderStore) -> None:
    for number, person in enumerate([ADA, ADA, BEN]):
        await place(store, draft(f"o{number}", user_id=person), now=NOW + number)
    first = await begin(store, NOW + 10, at_once=2)
    second = await begin(store, NOW + 10, at_once=2)
    assert first
    assert second
    assert (first.id, second.id) == ("o0", "o2"), "one person has one at once"
    assert await begin(store, NOW + 10, at_once=2) is None
    assert first.state is OrderState.SENDING
    assert await store.order("o0") == first, "that is stored before a byte leaves"


async def test_somebody_with_many_orders_does_not_hold_up_the_next_person(store: OrderStore) -> None:
    for number in range(150):
        await place(store, draft(f"o{number}", user_id=ADA), now=NOW + number)
    await place(store, draft("last", user_id=BEN), now=NOW + 200)
    begun = [await begin(store, NOW + 300) for _ in range(3)]
    assert [order.id if order else None for order in begun] == ["o0", "last", None]


async def test_one_order_is_begun_by_one(store: OrderStore) -> None:
    await place(store, draft())
    begun = await asyncio.gather(*(begin(store) for _ in range(8)))
    assert len([order for order in begun if order]) == 1


async def test_an_order_that_is_to_be_sent_later_waits(store: OrderStore) -> None:
    await place(store, draft())
    sent = await begin(store)
    assert sent
    again = after_submission(sent, NotTaken("429", busy=True), NOW)
    await store.move(again, OrderState.SENDING, NOW)
    assert await begin(store, NOW + 1) is None
    assert await begin(store, NOW + 31)


async def test_an_accepted_order_is_a_watched_task(store: OrderStore, engine: AsyncEngine) -> None:
    order = await accepted(store)
    found = await store.order("o1")
    assert found == order
    count, listed = await WatchStore(engine).listed(WatchQuery(user_id=ADA), limit=5)
    assert count == 1
    assert listed[0].watch.task_id == "t1"
    assert [claim.task_id for claim in await PollStore(engine).claim("default", NOW, lease=60, limit=5)] == ["t1"]
    assert not await store.accept(order, watch_of(order), OrderState.SENDING, NOW), "once"


async def test_at_a_start_what_was_being_sent_is_unsure_and_old_orders_are_not_sent(
    store: OrderStore, upkeep: OrderUpkeep
) -> None:
    await place(store, draft("o1"))
    await begin(store)
    await place(store, draft("o2", user_id=BEN), now=NOW - STALE_AFTER)
    await place(store, draft("o3", user_id=3), now=NOW)
    await upkeep.resume(NOW + 1)
    states = [order.state for each in ("o1", "o2", "o3") if (order := await store.order(each))]
    assert states == [OrderState.UNSURE, OrderState.EXPIRED, OrderState.PLACED]
    assert (await used(store, BEN)).person == 0
    assert [order.id for order in await upkeep.unsure(NOW + 60)] == ["o1"]


async def look(engine: AsyncEngine, status: Status, *, playable: bool) -> None:
    url = "https://a.example/1.mp3" if playable else ""
    clips = (Clip(id="c1", status=Status.DONE if playable else status, audio_url=url),)
    task = Task(id="t1", kind=TaskKind.MUSIC, status=status, clips=clips, reason="no")
    await record_poll(PollStore(engine), {"t1": PollResult("default", task)}, NOW, PollSchedule(5.0))


@pytest.mark.parametrize(
    ("status", "playable", "state", "counts"),
    [
        (Status.RUNNING, False, OrderState.ACCEPTED, 1),
        (Status.DONE, True, OrderState.FINISHED, 1),
        (Status.FAILED, False, OrderState.FAILED, 0),
        (Status.FAILED, True, OrderState.FINISHED, 1),
    ],
)
async def test_an_order_ends_as_its_task_does(
    store: OrderStore,
    upkeep: OrderUpkeep,
    engine: AsyncEngine,
    status: Status,
    *,
    playable: bool,
    state: OrderState,
    counts: int,
) -> None:
    await accepted(store)
    await look(engine, status, playable=playable)
    await upkeep.follow_tasks(NOW)
    order = await store.order("o1")
    assert order
    assert order.state is state
    assert (await used(store)).person == counts


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (WatchOutcome.EXPIRED, OrderState.LOST),
        (WatchOutcome.UNKNOWN, OrderState.LOST),
        (WatchOutcome.STOPPED, OrderState.FINISHED),
    ],
)
async def test_an_order_whose_task_nobody_looks_at_any_more_is_over(
    store: OrderStore, upkeep: OrderUpkeep, engine: AsyncEngine, outcome: WatchOutcome, state: OrderState
) -> None:
    await accepted(store)
    async with engine.begin() as connection:
        await connection.execute(watches.update().where(watches.c.task_id == "t1").values(outcome=outcome))
        await connection.execute(text("UPDATE tasks SET due_at = NULL WHERE task_id = 't1'"))
    ended = await upkeep.follow_tasks(NOW)
    assert [order.state for order, _ in ended] == [state]


async def test_only_its_person_cancels_it_and_only_before_it_is_sent(store: OrderStore) -> None:
    await place(store, draft())
    assert await store.cancel("o1", BEN, NOW) is None
    cancelled = await store.cancel("o1", ADA, NOW)
    assert cancelled
    assert cancelled.state is OrderState.CANCELLED
    assert (await used(store)).person == 0
    await place(store, draft("o2"))
    await begin(store)
    assert await store.cancel("o2", ADA, NOW) is None


async def test_what_is_found_after_it_counted_as_lost_counts_again(store: OrderStore) -> None:
    await place(store, draft())
    sent = await begin(store)
    assert sent
    unsure = after_submission(sent, Unsure("cut"), NOW)
    await store.move(unsure, OrderState.SENDING, NOW)
    lost = replace(unsure, state=OrderState.LOST)
    await store.move(lost, OrderState.UNSURE, NOW)
    assert (await used(store)).person == 0
    found = after_submission(lost, Accepted("t1"), NOW)
    assert await store.accept(found, watch_of(found), OrderState.LOST, NOW)
    assert (await used(store)).person == 1


async def test_a_task_is_one_orders(store: OrderStore) -> None:
    await accepted(store, "o1", "t1")
    await place(store, draft("o2", user_id=BEN))
    sent = await begin(store)
    assert sent
    order = after_submission(sent, Accepted("t1"), NOW)
    assert not await store.accept(order, watch_of(order), OrderState.SENDING, NOW)
    assert await store.order("o2") == sent


async def test_a_person_is_told_of_each_state_once(store: OrderStore, upkeep: OrderUpkeep) -> None:
    await place(store, draft())
    assert [order.id for order in await upkeep.unannounced()] == ["o1"]
    await upkeep.announced("o1", OrderState.PLACED)
    assert await upkeep.unannounced() == []


async def test_lists_leave_drafts_out(store: OrderStore) -> None:
    await store.draft(draft("draft"))
    await place(store, draft("o1"), now=NOW)
    await place(store, draft("o2", user_id=BEN, guild_id=6))
    assert [order.id for order in (await store.listed(OrderQuery(user_id=ADA), limit=5))[1]] == ["o1"]
    assert (await store.listed(OrderQuery(guild_id=5, states=(OrderState.PLACED,)), limit=5))[0] == 1


async def test_each_step_of_an_order_is_on_the_disk_before_what_follows_from_it(
    store: OrderStore, engine: AsyncEngine
) -> None:
    """Before the allowance is believed, before a byte leaves, and before the answer is forgotten."""
    durable: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement == "PRAGMA synchronous=FULL" or "synchronous_commit = on" in statement:
            durable.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    await store.draft(draft())
    assert durable == []
    placed = await store.place(draft(), NO_LIMITS, NOW)
    assert isinstance(placed, Placed)
    sent = await begin(store)
    assert sent
    order = after_submission(sent, Accepted("t1"), NOW)
    await store.accept(order, watch_of(order), OrderState.SENDING, NOW)
    await store.move(replace(order, state=OrderState.FAILED), OrderState.ACCEPTED, NOW)
    assert len(durable) == 4


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_an_order_is_on_the_disk_when_it_is_committed_and_other_things_soon_after(
    store: OrderStore, engine: AsyncEngine
) -> None:
    seen: list[int] = []

    async def level() -> int:
        async with engine.connect() as connection:
            return int((await connection.execute(text("PRAGMA synchronous"))).scalar_one())

    await place(store, draft())
    async with store._transaction(durable=True) as connection:
        seen.append(int((await connection.execute(text("PRAGMA synchronous"))).scalar_one()))
    seen.append(await level())
    assert seen == [2, 1]
