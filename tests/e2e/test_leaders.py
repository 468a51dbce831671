"""Two bots on one PostgreSQL database: one leads, the other waits."""

import asyncio
import os
import re
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.app import serve
from bot.commands.doctor.server import check_server
from bot.config import load_settings
from tests.bot_process import ended
from tests.conftest import Env
from tests.postgresql import new_database
from tests.sample_tasks import DONE

pytestmark = pytest.mark.postgres

TAKE_OVER = 15.0  # seconds
START = 60.0  # seconds of a busy machine until a new process serves


@pytest.fixture
def database_url() -> Iterator[str]:
    with new_database() as url:
        yield url


class Bots:
    """Each has a port for its health."""

    def __init__(self, env: Env, database_url: str) -> None:
        self._settings = env.settings | {"database_url": database_url.replace("+psycopg", "")}
        self._serving: dict[int, asyncio.Task[None]] = {}

    def start(self, port: int) -> None:
        settings = load_settings(**(self._settings | {"http_port": port}))
        self._serving[port] = asyncio.create_task(serve(settings))

    async def stop(self, port: int) -> None:
        serving = self._serving.pop(port)
        serving.cancel()
        await asyncio.wait({serving})
        assert serving.cancelled()

    async def stop_all(self) -> None:
        for port in list(self._serving):
            await self.stop(port)

    def alive(self) -> int:
        return sum(not each.done() for each in self._serving.values())


@pytest.fixture
async def bots(env: Env, database_url: str) -> AsyncIterator[Bots]:
    bots = Bots(env, database_url)
    yield bots
    await bots.stop_all()


@asynccontextmanager
async def asked(port: int, path: str) -> AsyncIterator[aiohttp.ClientResponse]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
        yield answer


async def until_ready(
    port: int, process: Process | None = None, *, ready: bool = True, says: str = "ready"
) -> dict[str, Any]:
    """What /readyz says then. `process`: which serves it; `says`: something that it must speak of."""
    if process:
        await until_it_serves(port, process)
    async with asyncio.timeout(TAKE_OVER):
        while True:
            try:
                async with asked(port, "/readyz") as answer:
                    said: dict[str, Any] = await answer.json()
                    assert said["ready"] is (answer.status == 200)
                    if said["ready"] is ready and says in said:
                        return said
            except aiohttp.ClientConnectionError:
                pass
            assert process is None or process.returncode is None, await ended(process)
            await asyncio.sleep(0.05)


async def until_it_serves(port: int, process: Process) -> None:
    """A process that is still being started takes nothing over."""
    async with asyncio.timeout(START):
        while process.returncode is None:
            try:
                async with asked(port, "/healthz"):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)


async def test_a_standby_waits_warm_says_so_and_takes_over(env: Env, bots: Bots, two_ports: tuple[int, int]) -> None:
    first, second = two_ports
    bots.start(first)
    assert (await until_ready(first))["leads"] is True
    env.gateway.add(DONE)
    await env.watch(DONE.id)
    await env.posts()

    bots.start(second)
    said = await until_ready(second, ready=False)
    while not said["leader"]:
        said = await until_ready(second, ready=False)
    assert said["leads"] is False
    assert said["database_reachable"] is True
    async with asked(second, "/healthz") as alive, asked(second, "/metrics") as metrics:
        assert alive.status == 200
        assert "suno_watch_leads 0.0" in await metrics.text()

    await bots.stop(first)
    assert (await until_ready(second))["leads"] is True
    env.gateway.add(later := replace(DONE, id="task_later"))
    await env.watch(later.id)
    assert len(await env.posts(2)) == 2


async def test_a_leader_whose_place_was_taken_leaves_discord_and_comes_back_when_it_may(
    env: Env, bots: Bots, port: int, database_url: str
) -> None:
    bots.start(port)
    await until_ready(port)
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        taken = "UPDATE suno_watch_leader SET epoch = epoch + 1, holder = 'x', name = 'another', until = now() + '4 s'"
        await connection.execute(text(taken))
    await engine.dispose()
    async with asyncio.timeout(1):
        while (await until_ready(port, ready=False))["leads"]:
            pass
    await env.discord.hub.until(lambda: not env.discord.hub.online)
    assert (await until_ready(port))["leads"] is True
    assert bots.alive() == 1


async def test_the_doctor_names_the_leader(env: Env, bots: Bots, port: int, database_url: str) -> None:
    settings = load_settings(**(env.settings | {"database_url": database_url.replace("+psycopg", "")}))

    async def leader() -> str:
        (found,) = [each.text for each in await check_server(settings) if each.subject == "leader"]
        return found

    assert await leader() == "no bot has run on the database yet"
    bots.start(port)
    await until_ready(port)
    name = f"{socket.gethostname()}, process {os.getpid()}"
    assert re.fullmatch(rf"{re.escape(name)} leads, for 0:00:\d\d now", await leader())
    await bots.stop(port)
    assert re.fullmatch(rf"nobody leads; {re.escape(name)} did until 0:00:\d\d ago", await leader())
