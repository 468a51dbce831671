"""The bot is killed while it orders songs; `make crashtest` does it at length, and with every kind of answer."""

import pytest

from sandbox.crashtest_orders import OrdersCrashTest
from sandbox.crashtest_steps import StepsCrashTest, rounds

pytestmark = pytest.mark.faults


async def test_a_killed_bot_orders_nothing_twice_and_loses_nothing_that_was_taken() -> None:
    outcome = await OrdersCrashTest(rounds=3, seed=20261127).run()
    assert outcome.good, str(outcome)
    assert outcome.kills == 3


async def test_after_a_death_between_any_two_steps_an_order_is_unsure_or_done_and_never_sent_again() -> None:
    steps = [each for each in rounds() if each[1] == "good"]
    outcome = await StepsCrashTest(steps).run()
    assert outcome.good, str(outcome)
    assert outcome.kills == len(steps) == 8
