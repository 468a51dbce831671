"""What becomes of an order: at most one POST unless it provably never left, and never a second one while unsure."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.order import (
    LOST_AFTER,
    MAX_SENDS,
    RECONCILE_AFTER,
    STALE_AFTER,
    Accepted,
    NotTaken,
    Order,
    OrderState,
    Refused,
    SubmitResult,
    Unsure,
    after_submission,
    expired_at_start,
    looked_for,
    sending,
    unsure,
)
from bot.domain.song_request import RequestKind, SongRequest

NOW = 1_000_000.0
REQUEST = SongRequest(kind=RequestKind.DESCRIBE, description="rain on tin roofs", model="chirp-hawk")


def placed(**fields: Any) -> Order:
    values: dict[str, Any] = {
        "id": "o1",
        "user_id": 1,
        "guild_id": 5,
        "channel_id": 10,
        "gateway": "default",
        "request": REQUEST,
        "state": OrderState.PLACED,
        "created_at": NOW - 60,
        "placed_at": NOW - 10,
    }
    return Order(**(values | fields))


def test_an_accepted_order_has_its_task() -> None:
    order = after_submission(sending(placed(), NOW), Accepted("task_1"), NOW + 1)
    assert (order.state, order.task_id, order.due_at) == (OrderState.ACCEPTED, "task_1", None)


def test_an_order_never_taken_is_retried_with_growing_delays_and_then_refused() -> None:
    order, backoffs = placed(), []
    for _ in range(MAX_SENDS - 1):
        order = after_submission(sending(order, NOW), NotTaken("refused port"), NOW)
        assert order.state is OrderState.PLACED
        backoffs.append((order.due_at or 0) - NOW)
    assert backoffs == sorted(backoffs)
    assert min(backoffs) > 0
    last = after_submission(sending(order, NOW), NotTaken("429", busy=True), NOW)
    assert (last.state, last.reason) == (OrderState.REFUSED, "busy")


def test_a_definite_no_keeps_its_reason() -> None:
    order = after_submission(sending(placed(), NOW), Refused("artist", "the gateway's words"), NOW)
    assert (order.state, order.reason, order.detail) == (OrderState.REFUSED, "artist", "the gateway's words")


def test_an_unsure_order_is_looked_for_ever_more_rarely_and_lost_after_a_day() -> None:
    order = after_submission(sending(placed(), NOW), Unsure("cut off"), NOW)
    moments = []
    while order.state is OrderState.UNSURE:
        assert order.due_at is not None
        moments.append(order.due_at - NOW)
        order = looked_for(order, order.due_at)
    assert moments == [*RECONCILE_AFTER, LOST_AFTER]
    assert order.state is OrderState.LOST


def test_an_order_that_was_being_sent_when_the_program_ended_is_unsure() -> None:
    assert unsure(sending(placed(), NOW), "the program ended", NOW + 5).state is OrderState.UNSURE


def test_an_order_of_a_restored_backup_is_not_sent() -> None:
    stale = expired_at_start(placed(placed_at=NOW - STALE_AFTER - 1), NOW, None)
    assert stale
    assert (stale.state, stale.reason) == (OrderState.EXPIRED, "restarted")
    assert expired_at_start(placed(), NOW, None) is None


RESULTS = st.one_of(
    st.builds(Accepted, st.text(min_size=1)),
    st.builds(NotTaken, st.text(), st.booleans()),
    st.builds(Refused, st.text(), st.text()),
    st.builds(Unsure, st.text()),
)


@pytest.mark.parametrize("hours", [0, 30])
@given(results=st.lists(RESULTS, max_size=8))
def test_nothing_is_sent_after_an_answer_that_may_have_cost(hours: int, results: list[SubmitResult]) -> None:
    order, harmless, sends = placed(), 0, 0
    for result in results:
        if order.state is not OrderState.PLACED:
            break
        order = after_submission(sending(order, NOW), result, NOW + hours * 3_600)
        sends += 1
        harmless += isinstance(result, NotTaken)
    assert sends - harmless <= 1
    assert sends <= MAX_SENDS
    assert order.state is not OrderState.SENDING
