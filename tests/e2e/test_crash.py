"""The bot is killed while it works, and nothing is lost or duplicated; `make crashtest` does it at length."""

import pytest

from sandbox.crashtest import CrashTest

pytestmark = pytest.mark.faults


@pytest.mark.parametrize(("forgetful", "shards"), [(False, 1), (True, 1), (False, 4)])
async def test_a_killed_bot_loses_nothing_and_doubles_nothing(*, forgetful: bool, shards: int) -> None:
    test = CrashTest(tasks=30, kills=4, seed=20261121, forgetful=forgetful, shards=shards, identify_interval=0.5)
    outcome = await test.run()
    assert outcome.good, str(outcome)
    assert outcome.kills.total() == 4
