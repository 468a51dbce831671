"""What an operator is told about a PostgreSQL server: by `doctor` when something is wrong, by `backup` what to type."""

import asyncio
import os
import re
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from bot.storage.database import open_database
from bot.storage.schema import REVISION
from sandbox.postgresql import NotInstalled, tool
from sandbox.postgresql_replica import ReplicatedServer, replicated_server
from tests.bot_process import Command
from tests.postgresql import new_database

pytestmark = pytest.mark.postgres

Doctor = Callable[[str], Awaitable[str]]


@pytest.fixture
def doctor(command: Command) -> Doctor:
    """What it says of a database, and of the one who leads."""

    async def examine(url: str) -> str:
        _, output, errors = await command("doctor", "--offline", DATABASE_URL=url)
        assert errors == ""
        assert not re.search(r"Traceback|wrong-word|[0-9a-f]{32}", output), "no password is shown"
        return "\n".join(line for line in output.splitlines() if re.match(r"\w+ +(database|leader)", line))

    return examine


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A bot has run on it."""
    with new_database() as url:
        async with open_database(url):
            pass
        yield url.replace("+psycopg", "")


@pytest.fixture
async def replicated() -> AsyncIterator[ReplicatedServer]:
    try:
        async with replicated_server() as server:
            await server.replicate()
            yield server
    except NotInstalled as error:
        pytest.skip(str(error))


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("postgresql://ada:wrong-word@127.0.0.1:9/songs", "songs at 127.0.0.1:9: "),
        ("postgresql://ada:wrong-word@[::1]:9/songs", "songs at [::1]:9: "),
        ("postgresql://ada:wrong-word@[::1]:9,127.0.0.1:9/songs", "songs at [::1]:9, 127.0.0.1:9: "),
    ],
)
async def test_a_server_that_is_down(doctor: Doctor, url: str, where: str) -> None:
    said = await doctor(url)
    assert said.startswith(f"problem  database: {where}")
    assert "Connection refused" in said
    assert said.endswith("Start the server, or correct its address in DATABASE_URL.")


async def test_a_wrong_password(doctor: Doctor, url: str) -> None:
    said = await doctor(re.sub(":[0-9a-f]{32}@", ":wrong-word@", url))
    assert "password authentication failed" in said
    assert said.endswith("Set the right user and password in DATABASE_URL.")


async def test_a_database_that_is_not_there(doctor: Doctor, url: str) -> None:
    said = await doctor(f"{url.rpartition('/')[0]}/nothing")
    assert 'database "nothing" does not exist' in said
    assert said.endswith("Make it with createdb, or correct its name in DATABASE_URL.")


async def test_tables_of_another_user(doctor: Doctor, url: str) -> None:
    execute(url, "DROP ROLE IF EXISTS guest", "CREATE ROLE guest LOGIN PASSWORD 'wrong-word'")
    said = await doctor(re.sub("postgres:[0-9a-f]{32}@", "guest:wrong-word@", url))
    assert said.endswith("Run the bot as the database's user to whom the tables belong.")


async def test_a_replica_alone_and_beside_its_primary(doctor: Doctor, replicated: ReplicatedServer) -> None:
    primary, replica = replicated.primary, replicated.replica
    said = await doctor(replica.url)
    assert "hot standby" in said
    assert said.endswith("It is a replica: name the primary in DATABASE_URL, alone or beside it.")
    said = await doctor(replica.url.replace(f":{replica.port}/", f":{replica.port},127.0.0.1:{primary.port}/"))
    assert "problem" not in said
    assert f"postgres at 127.0.0.1:{replica.port}, 127.0.0.1:{primary.port} is empty" in said


async def test_a_database_that_is_older_or_newer(doctor: Doctor, url: str) -> None:
    execute(url, "UPDATE alembic_version SET version_num = '0009'")
    assert "warning  database: it has revision 0009" in await doctor(url)
    execute(url, "UPDATE alembic_version SET version_num = '9999'")
    assert f"revision 9999, this program knows {REVISION}: install a newer bot." in await doctor(url)
    execute(url, f"INSERT INTO notes VALUES ('usable_from', '{REVISION}')")
    said = await doctor(url)
    assert "warning  database: it has revision 9999, of a newer bot; this program can still lead on it" in said
    assert "leader: " in said


async def test_a_move_that_was_interrupted(doctor: Doctor, url: str) -> None:
    execute(url, "INSERT INTO notes VALUES ('moving', '{}')")
    said = await doctor(url)
    assert said.endswith("not all was moved into this database: run `move` again, with the old DATABASE_URL.")
    assert "problem  database: " in said


@pytest.fixture
def _tools_at_hand(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("PATH", f"{Path(tool('psql')).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PGPASSWORD", url.partition("postgres:")[2].partition("@")[0])


@pytest.mark.usefixtures("_tools_at_hand")
@pytest.mark.parametrize("servers", ["{server}", "127.0.0.1:9,{server}", "?host=127.0.0.1:9&host={server}"])
async def test_a_backup_is_made_and_restored_by_what_is_printed(
    command: Command, url: str, tmp_path: Path, servers: str
) -> None:
    execute(url, "INSERT INTO notes VALUES ('k', 'before')")
    server = url.rpartition("@")[2].partition("/")[0]
    first, _, query = servers.format(server=server).partition("?")
    address = f"{url.replace(server, first)}?{query}".rstrip("?")
    code, _, errors = await command("backup", DATABASE_URL=address)
    assert code == 1
    assert "is backed up by pg_dump, also while the bot runs" in errors
    lines = [line.strip() for line in errors.splitlines() if line.startswith("  ")]
    await shell(lines[:2], tmp_path)
    execute(url, "UPDATE notes SET value = 'after' WHERE key = 'k'")
    await shell([f"now={next(numbers(tmp_path))}", *lines[2:]], tmp_path)
    with psycopg.connect(url) as connection:
        found: dict[str, str] = dict(
            connection.execute("SELECT key, value FROM notes WHERE key IN ('k', 'copied')").fetchall()
        )
    assert found == {"k": "before", "copied": next(numbers(tmp_path))}


def numbers(folder: Path) -> Iterator[str]:
    """In the names of backups."""
    return (match[1] for file in folder.iterdir() if (match := re.fullmatch(r"suno-watch-(\d+)\.dump", file.name)))


async def shell(lines: list[str], folder: Path) -> None:
    script = await asyncio.create_subprocess_exec("/bin/sh", "-ec", "\n".join(lines), cwd=folder, stderr=PIPE)
    _, errors = await script.communicate()
    assert script.returncode == 0, errors.decode()
