"""Two bots on a PostgreSQL server whose leader is killed or frozen, and one that is replaced by its replica, in a few
rounds: `make leaders` does it at length.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.crashtest_bots import Blow
from sandbox.crashtest_failover import FailOverCrashTest, FailOverOrdersCrashTest
from sandbox.crashtest_leader_orders import LeaderOrdersCrashTest
from sandbox.crashtest_leaders import LeadersCrashTest
from sandbox.postgresql import NotInstalled, PostgresServer, running_server, tool
from sandbox.postgresql_replica import replicated_server

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("_two_at_a_time")]

BEHIND = 2.0  # seconds


@pytest.fixture(autouse=True)
def _installed() -> None:
    try:
        tool("pg_basebackup")
    except NotInstalled as error:
        pytest.skip(str(error))


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with running_server() as server:
        yield server


async def test_a_leader_that_is_killed_or_frozen_loses_and_doubles_nothing(
    server: PostgresServer, tmp_path: Path
) -> None:
    test = LeadersCrashTest(server, tmp_path, tasks=15, rounds=2, seed=17, by=("kill", "freeze"))
    outcome = await test.run()
    assert outcome.good, str(outcome)
    assert test.report.good, str(test.report)
    assert outcome.kills.total() == 2


async def test_a_leader_that_is_killed_or_frozen_pays_nothing_twice(server: PostgresServer, tmp_path: Path) -> None:
    outcome = await LeaderOrdersCrashTest(server, tmp_path, rounds=2, seed=17).run()
    assert outcome.good, str(outcome)
    assert outcome.kills == 2


async def test_a_replica_without_the_last_seconds_doubles_nothing(tmp_path: Path) -> None:
    async with replicated_server() as server:
        test = FailOverCrashTest(server, tmp_path, tasks=10, rounds=2, seed=1, behind=BEHIND)
        outcome = await test.run()
    assert outcome.good, str(outcome)
    assert test.report.good, str(test.report)
    assert test.report.added > 0
    assert test.report.gone == test.report.added


async def test_a_replica_without_the_last_seconds_pays_nothing_twice(tmp_path: Path) -> None:
    async with replicated_server() as server:
        outcome = await FailOverOrdersCrashTest(server, tmp_path, rounds=1, seed=3, behind=BEHIND).run()
    assert outcome.good, str(outcome)
    assert outcome.kills == 1
    assert outcome.settled > 0
    assert len(outcome.behaviours) > 0


@pytest.mark.parametrize("by", ["two", "cuts", "read-only", "crowd"])
async def test_what_else_happens_to_leaders_and_their_database_loses_and_doubles_nothing(
    server: PostgresServer, tmp_path: Path, by: Blow
) -> None:
    """The next leader dies, too; connections are cut, may only read, or belong to others."""
    test = LeadersCrashTest(server, tmp_path, tasks=12, rounds=1, seed=5, by=(by,), outage=7.0)
    outcome = await test.run()
    assert outcome.good, str(outcome)
    assert test.report.good, str(test.report)
