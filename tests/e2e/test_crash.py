"""The bot is killed while it works, and nothing is lost or duplicated; `make crashtest` does it at length."""

import pytest

from sandbox.crashtest import CrashTest
from sandbox.crashtest_library import LibraryCrashTest
from sandbox.crashtest_takes import TakesCrashTest

pytestmark = pytest.mark.faults


@pytest.mark.parametrize(("forgetful", "shards"), [(False, 1), (True, 1), (False, 4)])
async def test_a_killed_bot_loses_nothing_and_doubles_nothing(*, forgetful: bool, shards: int) -> None:
    test = CrashTest(tasks=30, kills=4, seed=20261121, forgetful=forgetful, shards=shards, identify_interval=0.5)
    outcome = await test.run()
    assert outcome.good, str(outcome)
    assert outcome.kills.total() == 4


@pytest.mark.parametrize("forgetful", [False, True])
async def test_a_bot_that_is_killed_in_a_chart_or_in_earlier_posts_loses_and_doubles_nothing(
    *, forgetful: bool
) -> None:
    outcome = await LibraryCrashTest(servers=15, past_songs=75, kills=2, seed=16, forgetful=forgetful).run()
    assert outcome.good, str(outcome)
    assert outcome.kills.total() == 2


async def test_a_bot_that_is_killed_while_takes_are_chosen_leaves_nothing_half_way() -> None:
    outcome = await TakesCrashTest(tasks=5, kills=3, seed=7).run()
    assert outcome.good, str(outcome)
    assert outcome.kills.total() == 3
