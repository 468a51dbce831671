"""An older and a newer version of the bot side by side on one PostgreSQL database."""

from pathlib import Path

import psycopg
import pytest

from bot.storage.schema import REVISION
from sandbox.crashtest_bots import PROJECT
from sandbox.crashtest_leaders import LeadersCrashTest
from sandbox.next_version import make_next_version
from sandbox.postgresql import running_server
from tests.bot_process import Start
from tests.conftest import Env
from tests.e2e.test_leaders import Bots, bots, database_url, until_ready
from tests.sample_tasks import DONE

__all__ = ["bots", "database_url"]  # fixtures

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("_two_at_a_time")]


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    folder = tmp_path / "newer"
    folder.mkdir()
    return folder


async def test_both_lead_in_turn_when_the_newer_one_only_adds_to_the_database(newer: Path, tmp_path: Path) -> None:
    """Each is stopped or killed while it leads; the older one leads again after the migration."""
    revision = make_next_version(newer, additive=True)
    with running_server() as server:
        test = LeadersCrashTest(server, tmp_path, tasks=15, rounds=3, seed=5, by=("stop", "kill"), other=newer)
        outcome = await test.run()
        with psycopg.connect(server.url) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert outcome.good, str(outcome)
    assert test.report.good, str(test.report)
    assert found == [(revision,)]
    assert set(test.report.programs) == {PROJECT, newer}


async def test_an_older_one_waits_and_says_so_when_it_cannot_use_the_database(
    env: Env, bots: Bots, newer: Path, two_ports: tuple[int, int], database_url: str, start: Start
) -> None:
    make_next_version(newer, additive=False)
    older, newest = two_ports
    bots.start(older)
    await until_ready(older)
    address = database_url.replace("+psycopg", "")
    process = await start("run", PYTHONPATH=str(newer), DATABASE_URL=address, HTTP_PORT=str(newest))
    said = await until_ready(newest, process, ready=False)
    assert "cannot_take_over" not in said

    await bots.stop(older)
    await until_ready(newest, process)
    bots.start(older)
    said = await until_ready(older, ready=False, says="cannot_take_over")
    assert f"this program knows {REVISION}: install a newer bot" in said["cannot_take_over"]
    env.gateway.add(DONE)
    await env.watch(DONE.id)
    await env.posts()

    process.terminate()
    assert (await process.wait()) == 0
    said = await until_ready(older, ready=False)
    assert (bots.alive(), said["leads"], said["leader"] != "") == (1, False, True)
    process = await start("run", PYTHONPATH=str(newer), DATABASE_URL=address, HTTP_PORT=str(newest))
    assert (await until_ready(newest, process))["leads"] is True
