"""A gateway's update cycle, estimated from windows in which simulated polls saw changes."""

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.domain.cycle_estimator import UpdateCycleEstimator
from bot.domain.update_cycle import ANY_PERIOD, UpdateCycle, fit, next_probe, next_update
from bot.domain.windows import Window

Shown = Callable[[float], float]


def cyclic(period: float, phase: float) -> Shown:
    return lambda moment: phase + math.ceil((moment - phase) / period) * period


def listen(
    estimator: UpdateCycleEstimator, shown: Shown, *, start: float, seconds: float, every: float, seed: int = 1
) -> UpdateCycleEstimator:
    """Polls a busy gateway about every `every` seconds."""
    dice = random.Random(seed)
    changes = sorted(shown(start + dice.uniform(0, seconds)) for _ in range(int(seconds)))
    before, now = start, start
    while now < start + seconds:
        now += every * dice.uniform(0.8, 1.2)
        if any(before < change <= now for change in changes):
            estimator = estimator.observe(Window(before, now))
        before = now
    return estimator


@pytest.mark.parametrize(("period", "every"), [(15.0, 1.0), (15.0, 4.0), (15.3, 4.0), (10.0, 2.0), (30.0, 5.0)])
def test_an_update_cycle_is_learned(period: float, every: float) -> None:
    cycle = listen(UpdateCycleEstimator(), cyclic(period, 3.3), start=0, seconds=600, every=every).cycle
    assert cycle is not None
    assert cycle.period == pytest.approx(period, rel=0.02)
    real = cyclic(period, 3.3)(600.0)
    coming = next_update(cycle, real - 1.0)
    assert real < coming < real + 4.0, "after it, and not long after"


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("every", [1.0, 4.0])
def test_no_cycle_is_found_where_there_is_none(seed: int, every: float) -> None:
    assert (
        listen(UpdateCycleEstimator(), lambda moment: moment, start=0, seconds=900, every=every, seed=seed).cycle
        is None
    )


def test_a_restart_of_the_gateway_is_noticed() -> None:
    before = listen(UpdateCycleEstimator(), cyclic(15.0, 3.0), start=0, seconds=600, every=4.0)
    after = listen(before, cyclic(15.0, 10.0), start=600, seconds=900, every=4.0)
    assert before.cycle is not None
    assert after.cycle is not None
    real = cyclic(15.0, 10.0)(1_500.0)
    assert real < next_update(after.cycle, real - 1.0) < real + 4.0


def test_windows_without_information_do_not_hide_a_cycle() -> None:
    """Some tasks are polled rarely, others often."""
    estimator = UpdateCycleEstimator()
    for number in range(5):
        moment = 15.0 * number
        estimator = estimator.observe(Window(moment - 1.1, moment + 1.2))
        for later in (2.0, 5.0, 9.0):
            estimator = estimator.observe(Window(moment + later - 13.4, moment + later))
    assert estimator.cycle is not None
    assert estimator.cycle.spread == 0


def test_after_an_outage_a_slightly_shifted_cycle_is_not_a_second_channel() -> None:
    before = listen(UpdateCycleEstimator(), cyclic(15.0, 3.0), start=0, seconds=600, every=4.0).interrupted(600)
    assert before.nominal == 15.0
    cycle = before.observe(Window(615.0 - 0.5, 615.0 + 1.5)).cycle
    assert cycle is not None
    assert cycle.period == pytest.approx(15.0, abs=0.1)
    assert cycle.spread == 0


@given(st.floats(0, 1e6), st.sampled_from([5.0, 15.0, 30.0]), st.floats(0, 3), st.floats(0, 0.1), st.floats(0, 1e5))
def test_the_next_update_is_in_the_future_and_its_probe_is_earlier(
    at: float, period: float, doubt: float, drift: float, later: float
) -> None:
    cycle, now = UpdateCycle(at, period, doubt, drift), at + later
    coming = next_update(cycle, now)
    assert now < coming + 1e-6
    assert coming <= now + period + drift + doubt + 1.0
    probe = next_probe(cycle, now)
    assert probe is None or now < probe < coming


def test_some_updates_of_one_channel_in_a_row_do_not_hide_the_others() -> None:
    """Where the cycle has moved, they do count alone."""
    behind = [0.0, 2.0, 1.0] * 4 + [2.0] * 4
    windows = [Window(at - 0.3, at) for at in (1_000.0 + 15 * number + each for number, each in enumerate(behind))]
    channels = fit(windows[::-1], 15.0, ANY_PERIOD)
    assert channels is not None
    assert channels.spread > 1.0
    moved = [replace(window, since=window.since - 2, until=window.until - 2) for window in windows[-4:]]
    stayed = [Window(at - 0.3, at) for at in (1_002.0 + 15 * number for number in range(12))]
    alone = fit([*moved[::-1], *stayed[::-1]], 15.0, ANY_PERIOD)
    assert alone is not None
    assert alone.spread == 0


def test_many_tasks_are_polled_from_the_first_channel_of_an_update_to_the_last() -> None:
    cycle = UpdateCycle(at=100.0, period=15.0, doubt=0.2, spread=2.5, step=1.0)
    moments, now = [], 90.0
    while now < 130.0:
        now = next_update(cycle, now)
        moments.append(now)
    updates = [moments[start : start + 4] for start in range(0, len(moments), 4)]
    for number, update in enumerate(updates[:2]):
        first = 100.5 + 15.0 * number
        assert update == pytest.approx([first, first + 2.5 / 3, first + 5 / 3, first + 2.5])


def test_a_poll_just_before_the_answers_of_an_update_is_not_followed_by_another_at_once() -> None:
    """The estimate moved by a fraction of a second since that poll was planned."""
    planned = UpdateCycle(at=100.0, period=15.0, doubt=0.5)
    moved = UpdateCycle(at=100.2, period=15.0, doubt=0.6)
    assert next_update(moved, next_update(planned, 95.0)) == pytest.approx(100.2 + 0.6 + 0.3 + 15.0)


def follow(estimator: UpdateCycleEstimator, shown: Shown, *, cycles: int) -> list[UpdateCycleEstimator]:
    """The estimate after each cycle, with polls only at updates and at the probes before them."""
    believed, before, now, dice = [estimator], 600.0, 600.0, random.Random(1)
    while len(believed) <= cycles and estimator.cycle:
        now = next_probe(estimator.cycle, before) or next_update(estimator.cycle, before)
        if any(before < shown(dice.uniform(before, now)) <= now for _ in range(9)):
            estimator = estimator.observe(Window(before, now))
        believed.append(estimator)
        before = now
    return believed


def test_a_wrong_cycle_is_soon_dropped() -> None:
    """With polls only at the expected updates, every change would seem to happen at one."""
    wrong = listen(UpdateCycleEstimator(), cyclic(15.0, 3.0), start=0, seconds=600, every=2.0)
    assert follow(wrong, lambda moment: moment, cycles=60)[-1].cycle is None


def test_a_right_cycle_is_kept_and_rarely_checked() -> None:
    right = listen(UpdateCycleEstimator(), cyclic(15.0, 3.0), start=0, seconds=600, every=2.0)
    believed = follow(right, cyclic(15.0, 3.0), cycles=200)
    assert all(each.cycle and each.surprised_at is None for each in believed)


def test_a_change_between_two_distant_polls_does_not_change_the_cycle() -> None:
    right = listen(UpdateCycleEstimator(), cyclic(15.0, 3.0), start=0, seconds=600, every=2.0)
    assert right.cycle
    update = right.cycle.at + right.cycle.period
    assert right.observe(Window(update - 20, update + 0.1)) == right


def test_one_surprise_is_forgiven() -> None:
    right = listen(UpdateCycleEstimator(), cyclic(15.0, 3.0), start=0, seconds=600, every=2.0)
    assert right.cycle
    surprised = right.observe(Window(right.cycle.at + 2, right.cycle.at + 6))
    assert surprised.cycle is None, "until the next change it is not believed"
    update = right.cycle.at + right.cycle.period
    again = surprised.observe(Window(update - 1, update + 1))
    assert again.cycle
    assert again.cycle.check_every == 1
    assert follow(again, cyclic(15.0, 3.0), cycles=60)[-1].surprised_at is None


def test_probes_reduce_the_uncertainty() -> None:
    estimator = listen(UpdateCycleEstimator(), cyclic(15.0, 3.3), start=0, seconds=600, every=4.0)
    assert estimator.cycle is not None
    before, now = estimator.cycle.doubt, 600.0
    for _ in range(20):
        assert estimator.cycle is not None
        probe, sweep, real = (
            next_probe(estimator.cycle, now),
            next_update(estimator.cycle, now),
            cyclic(15.0, 3.3)(now),
        )
        if probe is not None:
            seen = Window(now, probe) if real <= probe else Window(probe, sweep)
            estimator = estimator.observe(seen)
        now = sweep
    assert estimator.cycle is not None
    assert estimator.cycle.doubt < max(0.6, before * 0.7)


def test_an_early_change_that_channels_may_explain_leaves_what_is_known() -> None:
    """The windows are too long to tell the channels yet: they are searched for, and nothing is forgotten."""
    seen = [
        (319.7, 4.8), (323.6, 5.6), (325.0, 5.3), (336.4, 4.5), (338.4, 4.4), (351.5, 4.2), (368.0, 4.0), (383.0, 4.5),
        (396.8, 5.3), (410.9, 2.3), (412.5, 1.6),
    ]  # fmt: skip
    estimator = UpdateCycleEstimator()
    for until, length in seen:
        estimator = estimator.observe(Window(until - length, until))
    assert estimator.cycle is not None
    after = estimator.observe(Window(425.1 - 1.6, 425.1))
    assert (after.cycle, after.nominal) == (None, 15.0)
    assert after.search_until > 425.1
    assert len(after.windows) > 5
