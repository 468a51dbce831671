"""The bot is killed while it works, and nothing is lost or duplicated; `make crashtest` does it at length."""

import pytest

from sandbox.crashtest import CrashTest


@pytest.mark.parametrize("forgetful", [False, True])
async def test_a_killed_bot_loses_nothing_and_doubles_nothing(*, forgetful: bool) -> None:
    outcome = await CrashTest(tasks=30, kills=4, seed=20261121, forgetful=forgetful).run()
    assert outcome.good, str(outcome)
    assert outcome.kills.total() == 4
