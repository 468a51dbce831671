"""An operator moves the bot to another database: `python -m bot move DATABASE_URL`, as a process of its own."""

import asyncio
import signal
import sqlite3
from asyncio.subprocess import Process
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from sandbox.local_gateway.fake_task import FakeTask
from tests.bot_process import Command, Start, ended
from tests.conftest import Env
from tests.postgresql import new_database
from tests.sample_tasks import ONE

MANY = 30_000  # rows: it is killed among them
WAITING = FakeTask("task_waiting", songs=(ONE,), states=((0, "running"), (20, "done")))


@pytest.fixture
def server_url() -> Iterator[str]:
    with new_database() as url:
        yield url.replace("+psycopg", "")


@pytest.fixture
async def used(env: Env) -> Env:
    """Ada watches a task; the bot was stopped."""
    env.gateway.add(WAITING)
    async with env.bot():
        await env.watch(WAITING.id)
    return env


def watched(url: str) -> list[str]:
    statement = "SELECT task_id FROM watches WHERE outcome = ''"
    if url.startswith("postgresql"):
        with psycopg.connect(url) as server:
            return [row[0] for row in server.execute(statement.encode())]
    with closing(sqlite3.connect(url.partition(":///")[2])) as file:
        return [row[0] for row in file.execute(statement)]


@pytest.mark.postgres
async def test_to_a_server_and_back_and_the_song_still_comes(
    used: Env, command: Command, server_url: str, tmp_path: Path
) -> None:
    code, output, errors = await command("move", server_url)
    assert code == 0, errors
    assert "rows were moved and compared" in output
    assert "Set DATABASE_URL to the new database" in output
    assert watched(server_url) == [WAITING.id]
    back = f"sqlite:///{tmp_path}/back.db"
    code, output, errors = await command("move", back, DATABASE_URL=server_url)
    assert code == 0, errors
    password = server_url.partition("postgres:")[2].partition("@")[0]
    assert password not in output + errors
    assert watched(back) == [WAITING.id]
    async with used.bot(database_url=back):
        await used.finish()
        assert len(await used.posts()) == 1


@pytest.mark.postgres
async def test_killed_in_the_middle_it_goes_on_and_nothing_is_missing(
    used: Env, command: Command, start: Start, server_url: str
) -> None:
    with closing(sqlite3.connect(used.database)) as file, file:
        rows = ((f"clip_{number}", f"task_{number % 999}", float(number)) for number in range(MANY))
        file.executemany("INSERT INTO songs VALUES (?, ?, ?)", rows)
    moving = await start("move", server_url)
    await until_some_songs(server_url, moving)
    moving.send_signal(signal.SIGKILL)
    await ended(moving)
    assert 0 < songs(server_url) < MANY

    code, _, errors = await command("migrate", DATABASE_URL=server_url)
    assert (code, "run `move` again, with the old DATABASE_URL" in errors) == (74, True)
    await asyncio.sleep(7)  # the killed one's place at the database
    code, _, errors = await command("move", server_url)
    assert code == 0, errors
    assert "going on after" in errors
    assert songs(server_url) == MANY


def songs(url: str) -> int:
    with psycopg.connect(url) as server:
        if not server.execute("SELECT to_regclass('songs')").fetchall()[0][0]:
            return 0
        return int(server.execute("SELECT count(*) FROM songs").fetchall()[0][0])


async def until_some_songs(url: str, moving: Process) -> None:
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(songs, url):
            assert moving.returncode is None
            await asyncio.sleep(0.01)


async def test_not_while_the_bot_runs_on_the_old_file(used: Env, command: Command) -> None:
    async with used.bot():
        code, output, errors = await command("move", "sqlite:///new.db")
    assert (code, output) == (1, "")
    assert "A bot is running on one of the two databases: stop it first" in errors


@pytest.mark.postgres
async def test_not_while_a_bot_runs_on_the_new_server(used: Env, command: Command, server_url: str) -> None:
    async with used.bot(database_url=server_url):
        code, output, errors = await command("move", server_url)
    assert (code, output) == (1, "")
    assert "stop all of them first" in errors


@pytest.mark.postgres
async def test_not_while_a_standby_waits_to_lead_on_the_old_server(
    start: Start, command: Command, server_url: str, port: int, tmp_path: Path
) -> None:
    """It would lead there when the command ends, beside the bot on the new database."""
    with psycopg.connect(server_url, autocommit=True) as server:
        assert (await command("migrate", DATABASE_URL=server_url))[0] == 0
        server.execute("UPDATE suno_watch_leader SET epoch = 9, holder = 'x', name = 'y', until = now() + '1 hour'")
        renewing = asyncio.create_task(renew(server_url))
        standby = await start("run", DATABASE_URL=server_url, HTTP_PORT=str(port))
        await until_connected(server_url)
        renewing.cancel()
        code, output, errors = await command("move", f"sqlite:///{tmp_path}/new.db", DATABASE_URL=server_url)
    assert (code, output) == (1, "")
    assert "also standbys on other machines" in errors
    assert not (tmp_path / "new.db").exists()
    standby.terminate()
    await ended(standby)


async def renew(url: str) -> None:
    """As another leader does."""
    while True:
        await asyncio.to_thread(_renew, url)
        await asyncio.sleep(0.5)


def _renew(url: str) -> None:
    with psycopg.connect(url) as server:
        server.execute("UPDATE suno_watch_leader SET renewals = renewals + 1")


async def until_connected(url: str) -> None:
    connected = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'suno-watch' AND datname = %s"
    async with asyncio.timeout(30):
        while True:
            with psycopg.connect(url) as server:
                if server.execute(connected, [url.rpartition("/")[2]]).fetchall()[0][0]:
                    return
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mysql://server/name", "it takes an SQLite file"),
        ("postgresql://server", "write it as postgresql://user:password@server:5432/database"),
        ("postgresql://user:p@ss/word@server/name", "with % codes"),
        ("postgresql://user:p@ss@server/name", "with % codes"),
        ("postgresql://server:port/name", "write it as"),
        ("sqlite:///", "it takes an SQLite file"),
        ("sqlite:///:memory:", "lost at every restart"),
        ("sqlite:///~/bot.db", "write the full path"),
        ("/srv/bot.db", "it takes an SQLite file"),
        ("", "it takes an SQLite file"),
    ],
)
async def test_what_is_no_address_is_said_in_words(command: Command, url: str, expected: str) -> None:
    code, output, errors = await command("move", url)
    assert (code, output) == (1, "")
    assert errors.startswith("This is no address of a database: ")
    assert expected in errors
    assert "p@ss" not in errors


async def test_there_must_be_something_to_move_and_somewhere_else_to_go(env: Env, command: Command) -> None:
    code, _, errors = await command("move", env.settings["database_url"])
    assert (code, "That is the database of DATABASE_URL already" in errors) == (1, True)
    env.database.unlink()
    code, _, errors = await command("move", "sqlite:///new.db")
    assert (code, "nothing to move" in errors) == (1, True)


async def test_a_server_that_is_not_there_is_said_without_its_password(command: Command) -> None:
    code, output, errors = await command("move", "postgresql://suno:secret-word@127.0.0.1:9/name")
    assert (code, output) == (74, "")
    assert "Connection refused" in errors
    assert "secret-word" not in errors
