"""The fault matrix: for every known fault, the texts that people read, and that nothing is lost or duplicated.

The rows stand in tests/faults, and docs/faults.md is made of them.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from yarl import URL

from sandbox.local_discord.world import FORUM
from sandbox.local_gateway.server import LocalGateway
from sandbox.local_gateway.tcp_proxy import TcpProxy
from tests.bot_process import Start, ended
from tests.clock import WrongClock
from tests.conftest import Env
from tests.faults import discord, forum, gateway, library, machine, media, people
from tests.faults.rows import Fate, Row, says
from tests.faults.scenario import OTHER, TASK, FakeResolver, Scenario, asyncio_on
from tests.faults.table import PAGE, page
from tests.messages import words

pytestmark = pytest.mark.faults

A_WHILE = 150.0  # seconds that a fault lasts; meanwhile the task is finished
STEP = 100.0  # seconds; small beside the lease of a message that is on its way


def rows(**groups: Sequence[Row]) -> list[ParameterSet]:
    return [pytest.param(row, id=f"{group}: {row.name}") for group, members in groups.items() for row in members]


@pytest.fixture
async def scenario(env: Env, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scenario]:
    names, world = FakeResolver(), env.discord.world
    (guild,) = world.guilds.values()
    carl, channel = world.add_user("Carl"), world.add_channel(guild, "takes")
    world.add_member(guild, carl)
    monkeypatch.setattr("socket.getaddrinfo", names)
    for module in ("client", "http"):
        monkeypatch.setattr(f"discord.{module}.asyncio", asyncio_on(env.clock))
    async with TcpProxy(URL(env.gateway.url).port or 0) as proxy, LocalGateway(clock=env.clock.now) as stranger:
        with ExitStack() as later:
            yield Scenario(env, env.discord.person(carl), channel, proxy, stranger, names, monkeypatch, later)
        assert [*stranger.requests, *stranger.media_requests] == [], "nobody else is asked, and gets the key"


def shows(messages: list[dict[str, Any]], *keys: str) -> bool:
    """Whether each of the messages says what it should, in this order, and there is no other."""
    expected = [key for key in keys if key]
    return len(messages) == len(expected) and all(map(says, expected, map(words, messages)))


async def ask(scenario: Scenario, row: Row) -> None:
    """As people do while there is the fault."""
    env = scenario.env
    if not row.no_response:
        await env.discord.hub.until(lambda: env.discord.hub.online)
    asked = await env.ada.slash(env.channel, "suno status", id=TASK.id)
    if row.no_response:
        assert asked.failed or asked.thinking
        return
    answer = await env.finished(asked)
    await env.discord.hub.until(lambda: not says("card.fetching", words(answer)))
    assert not row.answer or says(row.answer, words(answer))
    assert row.answer or len(answer["attachments"]) == len(TASK.songs)
    if row.watch:
        assert says(row.watch, words(await env.watch(OTHER.id)))


def posted(scenario: Scenario, row: Row) -> list[dict[str, Any]]:
    """Where the songs should be posted: in a forum, each song has its own post."""
    env = scenario.env
    if row.fate is Fate.MOVED:
        return env.posted(scenario.dm_with(scenario.watcher))
    threads = [each for each in env.discord.world.channels.values() if each.get("parent_id") == scenario.channel["id"]]
    return [message for channel in (scenario.channel, *threads) for message in env.posted(channel)]


def expected(row: Row, *, songs: bool = True) -> list[str]:
    """The keys of what is posted there."""
    many = len(TASK.songs) if row.forum and row.fate is not Fate.MOVED else 1
    return [key for key in (row.channel, *[row.post if songs else ""] * many) if key]


async def meanwhile(scenario: Scenario, row: Row) -> None:
    """The texts in the watch's channel during the fault."""
    env, early = scenario.env, row.fate is not Fate.WAITS
    keys = expected(row, songs=early)
    await env.discord.hub.until(lambda: len(posted(scenario, row)) >= len(keys), 30)
    assert shows(posted(scenario, row), *keys)
    if row.person and not early:
        await env.posts(at=scenario.dm_with(scenario.watcher))


async def check_recovery(scenario: Scenario, row: Row) -> None:
    """After the fault: the songs are posted, and lookups of other tasks are answered."""
    env = scenario.env
    await env.clock.advance(row.within, step=STEP)
    if row.post:
        await env.discord.hub.until(lambda: len(posted(scenario, row)) >= len(expected(row)), 30)
        songs = posted(scenario, row)[bool(row.channel) :]
        assert sum(len(post["attachments"]) for post in songs) == row.files
    await env.discord.hub.until(lambda: env.discord.hub.online)
    env.gateway.add(OTHER)
    assert len((await env.status(OTHER.id))["attachments"]) == len(OTHER.songs)
    await env.clock.advance(A_WHILE, step=50)


def check_texts(scenario: Scenario, row: Row) -> None:
    env, moved = scenario.env, row.fate is Fate.MOVED
    assert shows(posted(scenario, row), *expected(row))
    if moved:
        assert env.posted(scenario.channel) == []
    else:
        assert shows(env.posted(scenario.dm_with(scenario.watcher)), row.person)
    assert shows(env.posted(scenario.dm_with(env.ada)), row.owner)


@pytest.mark.parametrize(
    "row",
    rows(
        gateway=gateway.ROWS, media=media.ROWS, discord=discord.ROWS, forum=forum.ROWS, library=library.ROWS,
        people=people.ROWS, machine=machine.ROWS,
    ),
)  # fmt: skip
@pytest.mark.usefixtures("impatient")
async def test_fault(scenario: Scenario, row: Row) -> None:
    env = scenario.env
    env.gateway.add(TASK)
    if row.forum:
        scenario.channel = env.discord.world.add_channel(scenario.guild, "song-box", FORUM)
    async with env.bot(suno_base_url=row.address.format(port=scenario.proxy.port)):
        await env.watch(TASK.id, person=scenario.watcher, channel=scenario.channel)
        await env.clock.advance(10, step=10)
        async with row.fault(scenario):
            await env.clock.advance(A_WHILE, step=10)
            await ask(scenario, row)
            await meanwhile(scenario, row)
        await check_recovery(scenario, row)
    check_texts(scenario, row)


@pytest.mark.parametrize("row", rows(machine=machine.AT_A_RESTART))
async def test_fault_at_a_restart(scenario: Scenario, row: Row) -> None:
    env = scenario.env
    env.gateway.add(TASK)
    before, after = (replace(env, clock=WrongClock(env.clock, seconds)) for seconds in row.clocks)
    async with before.bot():
        await env.watch(TASK.id, person=scenario.watcher, channel=scenario.channel)
        await env.clock.advance(10, step=10)
        async with row.fault(scenario):
            await env.clock.advance(A_WHILE, step=10)
            await ask(scenario, row)
            await meanwhile(scenario, row)
    await env.clock.advance(A_WHILE * 4, step=A_WHILE)  # until Discord has forgotten the nonce
    async with after.bot():
        await check_recovery(scenario, row)
    check_texts(scenario, row)


@pytest.mark.parametrize("row", rows(machine=machine.AT_THE_START))
async def test_fault_at_the_start(scenario: Scenario, row: Row, start: Start) -> None:
    env = scenario.env
    env.gateway.add(TASK)
    async with env.bot():
        await env.watch(TASK.id, person=scenario.watcher, channel=scenario.channel)
    async with row.fault(scenario):
        code, errors = await ended(await start())
        assert (code, "Traceback" in errors) == (row.exits, False)
        assert row.log in errors
    async with env.bot():
        await check_recovery(scenario, row)
    check_texts(scenario, row)


def test_the_page_is_made_of_the_rows() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.faults.table makes it anew"
