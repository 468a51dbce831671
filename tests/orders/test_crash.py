"""The bot is killed while it orders songs; `make crashtest` does it at length."""

from sandbox.crashtest_orders import OrdersCrashTest


async def test_a_killed_bot_orders_nothing_twice_and_loses_nothing_that_was_taken() -> None:
    outcome = await OrdersCrashTest(rounds=3, seed=20261127).run()
    assert outcome.good, str(outcome)
    assert outcome.kills == 3
