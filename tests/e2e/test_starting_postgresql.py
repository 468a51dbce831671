"""A bot whose PostgreSQL database cannot be used when it starts: it waits, says why, and leads once that is mended."""

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from sandbox.local_gateway.tcp_proxy import TcpProxy
from sandbox.postgresql import ADDRESS
from tests.conftest import Env
from tests.e2e.test_leaders import Bots, until_ready
from tests.postgresql import new_database

pytestmark = pytest.mark.postgres

PASSWORD = "the-right-word"  # opens nothing


@dataclass
class Site:
    """A database of the bot's own user. `url`: for the bot; `admin_url`: for who administers the server."""

    url: str
    admin_url: str
    role: str

    @property
    def database(self) -> str:
        return self.url.rpartition("/")[2]

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(statement.format(database=self.database, role=self.role).encode())


@pytest.fixture
def role() -> Iterator[str]:
    if ADDRESS not in os.environ:
        pytest.skip(f"{ADDRESS} is not set")
    name = f"owner_{token_hex(6)}"
    with psycopg.connect(os.environ[ADDRESS], autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'".encode())
        yield name
        connection.execute(f"DROP ROLE {name}".encode())


@pytest.fixture
def site(role: str) -> Iterator[Site]:
    with new_database(f"OWNER {role}") as url:
        admin_url = url.replace("+psycopg", "")
        yield Site(re.sub("//.*@", f"//{role}:{PASSWORD}@", admin_url), admin_url, role)


@asynccontextmanager
async def started(env: Env, url: str, port: int) -> AsyncIterator[Bots]:
    """A bot, which waits at that database."""
    bots = Bots(env, url)
    bots.start(port)
    try:
        yield bots
        assert (await until_ready(port))["leads"] is True
        assert bots.alive() == 1
    finally:
        await bots.stop_all()


async def told(port: int, says: str = "database_error") -> str:
    """Why the bot waits."""
    said = await until_ready(port, ready=False, says=says)
    assert said["leads"] is False
    return str(said[says])


@pytest.mark.parametrize(
    ("spoil", "correct", "says"),
    [
        (
            "ALTER ROLE {role} PASSWORD 'another'",
            f"ALTER ROLE {{role}} PASSWORD '{PASSWORD}'",
            r"password authentication failed .*\. Set the right user and password in DATABASE_URL",
        ),
        (
            "ALTER ROLE {role} NOLOGIN",
            "ALTER ROLE {role} LOGIN",
            r"not permitted to log in\. Set the right user in DATABASE_URL",
        ),
        (
            "ALTER ROLE {role} CONNECTION LIMIT 0",
            "ALTER ROLE {role} CONNECTION LIMIT -1",
            r"too many connections for role .*\. End other programs' connections, or allow more",
        ),
        (
            "ALTER ROLE {role} SET default_transaction_read_only = on",
            "ALTER ROLE {role} RESET default_transaction_read_only",
            r"in a read-only transaction\. Its server was made read-only, perhaps because its disk is full",
        ),
        (
            "ALTER DATABASE {database} OWNER TO postgres; REVOKE CREATE ON SCHEMA public FROM PUBLIC",
            "GRANT CREATE ON SCHEMA public TO {role}",
            r"permission denied for schema public\. As its owner: GRANT CREATE ON SCHEMA public TO the bot's user$",
        ),
    ],
)
async def test_what_an_administrator_corrects(
    env: Env, site: Site, port: int, spoil: str, correct: str, says: str
) -> None:
    site.execute(spoil)
    async with started(env, site.url, port):
        assert re.search(says, await told(port))
        site.execute(correct)


async def test_a_database_that_is_made_later(env: Env, site: Site, port: int) -> None:
    name = f"{site.database}_later"
    async with started(env, f"{site.url}_later", port):
        assert re.search(rf'"{name}" does not exist\. Make it with createdb, or correct its name', await told(port))
        site.execute("CREATE DATABASE {database}_later OWNER {role}")
    site.execute("DROP DATABASE {database}_later WITH (FORCE)")


async def test_a_server_that_is_started_later_and_then_refuses_the_password(
    env: Env, site: Site, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    """As with docker compose, which starts both at once. Each reason is told once, however often it is tried."""
    site.execute("ALTER ROLE {role} PASSWORD 'another'")
    line = TcpProxy(make_url(site.url).port or 0)
    await line.open()
    await line.close()
    async with started(env, _through(line, site.url), port):
        assert "Connection refused" in await told(port)
        await asyncio.sleep(2.5)
        await line.open()
        async with asyncio.timeout(10):
            while "password authentication failed" not in await told(port):
                pass
        site.execute(f"ALTER ROLE {{role}} PASSWORD '{PASSWORD}'")
    await line.close()
    waits = [text for text in caplog.messages if text.startswith("this process waits as a standby")]
    assert len(waits) == 2


async def test_a_name_that_is_known_later(env: Env, site: Site, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    known: list[str] = []
    ask = socket.getaddrinfo

    def answer(name: Any, *values: Any, **options: Any) -> Any:
        if name == "database.test":
            if not known:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            name = known[0]
        return ask(name, *values, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    async with started(env, site.url.replace("@127.0.0.1", "@database.test"), port):
        assert "failed to resolve host 'database.test'" in await told(port)
        known.append("127.0.0.1")


async def test_a_server_that_is_silent_for_a_while(env: Env, site: Site, port: int) -> None:
    async with TcpProxy(make_url(site.url).port or 0) as line:
        line.flowing.clear()
        async with started(env, _through(line, site.url), port):
            assert "timeout expired. Start the server, or correct its address" in await told(port)
            line.flowing.set()


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
async def test_a_database_without_chinese_is_not_begun(env: Env, role: str, port: int, encoding: str) -> None:
    with new_database(f"OWNER {role} ENCODING {encoding} LOCALE 'C' TEMPLATE template0") as url:
        bots = Bots(env, url)
        bots.start(port)
        said = await told(port, "cannot_take_over")
        assert f"its encoding is {encoding}, not UTF8. Make one with: createdb --encoding=UTF8" in said
        await bots.stop_all()
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert tables == (1,), "that of the lease alone"


def _through(line: TcpProxy, url: str) -> str:
    return make_url(url).set(port=line.port).render_as_string(hide_password=False)
