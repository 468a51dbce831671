"""The fault matrix: every fault that is known, what people are told of it, and that nothing is lost or doubled.

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
from tests.clock import WrongClock
from tests.conftest import Env
from tests.faults import discord, forum, gateway, machine, media, people
from tests.faults.rows import Fate, Row, says
from tests.faults.scene import OTHER, TASK, Names, Scenario, in_time_of
from tests.faults.table import PAGE, page
from tests.messages import words
from tests.program import Start, ended

A_WHILE = 150.0  # seconds that a fault lasts; meanwhile the task is finished
STEP = 100.0  # seconds; small beside the lease of a message that is on its way


def rows(**groups: Sequence[Row]) -> list[ParameterSet]:
    return [pytest.param(row, id=f"{group}: {row.name}") for group, members in groups.items() for row in members]


@pytest.fixture
async def scenario(env: Env, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scenario]:
    names, world = Names(), env.discord.world
    (guild,) = world.guilds.values()
    carl, place = world.add_user("Carl"), world.add_channel(guild, "takes")
    world.add_member(guild, carl)
    monkeypatch.setattr("socket.getaddrinfo", names)
    for module in ("client", "http"):
        monkeypatch.setattr(f"discord.{module}.asyncio", in_time_of(env.clock))
    async with TcpProxy(URL(env.gateway.url).port or 0) as line, LocalGateway(clock=env.clock.now) as stranger:
        with ExitStack() as later:
            yield Scenario(env, env.discord.person(carl), place, line, stranger, names, monkeypatch, later)
        assert [*stranger.requests, *stranger.media_requests] == [], "nobody else is asked, and gets the key"


def told(messages: list[dict[str, Any]], *keys: str) -> bool:
    """Whether each of the messages says what it should, in this order, and there is no other."""
    expected = [key for key in keys if key]
    return len(messages) == len(expected) and all(map(says, expected, map(words, messages)))


async def ask(scenario: Scenario, row: Row) -> None:
    """As people do while there is the fault."""
    env = scenario.env
    if not row.silent:
        await env.discord.hub.until(lambda: env.discord.hub.online)
    asked = await env.ada.slash(env.channel, "suno status", id=TASK.id)
    if row.silent:
        assert asked.failed or asked.thinking
        return
    answer = await env.finished(asked)
    await env.discord.hub.until(lambda: not says("card.fetching", words(answer)))
    assert not row.answer or says(row.answer, words(answer))
    assert row.answer or len(answer["attachments"]) == len(TASK.songs)
    if row.watch:
        assert says(row.watch, words(await env.watch(OTHER.id)))


def posted(scenario: Scenario, row: Row) -> list[dict[str, Any]]:
    """Where the songs are to come: in a forum all posts there, each song in one of its own."""
    env = scenario.env
    if row.fate is Fate.MOVED:
        return env.posted(scenario.dm_with(scenario.watcher))
    threads = [each for each in env.discord.world.channels.values() if each.get("parent_id") == scenario.place["id"]]
    return [message for place in (scenario.place, *threads) for message in env.posted(place)]


def expected(row: Row, *, songs: bool = True) -> list[str]:
    """The keys of what is posted there."""
    many = len(TASK.songs) if row.forum and row.fate is not Fate.MOVED else 1
    return [key for key in (row.channel, *[row.post if songs else ""] * many) if key]


async def meanwhile(scenario: Scenario, row: Row) -> None:
    """What is told where the task is watched, while there is the fault."""
    env, early = scenario.env, row.fate is not Fate.WAITS
    keys = expected(row, songs=early)
    await env.discord.hub.until(lambda: len(posted(scenario, row)) >= len(keys), 30)
    assert told(posted(scenario, row), *keys)
    if row.person and not early:
        await env.posts(at=scenario.dm_with(scenario.watcher))


async def heal(scenario: Scenario, row: Row) -> None:
    """The fault is over: the songs come, and whoever asks for others is answered."""
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


def check_all_that_was_told(scenario: Scenario, row: Row) -> None:
    env, moved = scenario.env, row.fate is Fate.MOVED
    assert told(posted(scenario, row), *expected(row))
    if moved:
        assert env.posted(scenario.place) == []
    else:
        assert told(env.posted(scenario.dm_with(scenario.watcher)), row.person)
    assert told(env.posted(scenario.dm_with(env.ada)), row.owner)


@pytest.mark.parametrize(
    "row",
    rows(
        gateway=gateway.ROWS, media=media.ROWS, discord=discord.ROWS, forum=forum.ROWS, people=people.ROWS,
        machine=machine.ROWS,
    ),
)  # fmt: skip
@pytest.mark.usefixtures("impatient")
async def test_fault(scenario: Scenario, row: Row) -> None:
    env = scenario.env
    env.gateway.add(TASK)
    if row.forum:
        scenario.place = env.discord.world.add_channel(scenario.guild, "song-box", FORUM)
    async with env.bot(suno_base_url=row.address.format(port=scenario.line.port)):
        await env.watch(TASK.id, person=scenario.watcher, channel=scenario.place)
        await env.clock.advance(10, step=10)
        async with row.fault(scenario):
            await env.clock.advance(A_WHILE, step=10)
            await ask(scenario, row)
            await meanwhile(scenario, row)
        await heal(scenario, row)
    check_all_that_was_told(scenario, row)


@pytest.mark.parametrize("row", rows(machine=machine.AT_A_RESTART))
async def test_fault_at_a_restart(scenario: Scenario, row: Row) -> None:
    env = scenario.env
    env.gateway.add(TASK)
    before, after = (replace(env, clock=WrongClock(env.clock, seconds)) for seconds in row.clocks)
    async with before.bot():
        await env.watch(TASK.id, person=scenario.watcher, channel=scenario.place)
        await env.clock.advance(10, step=10)
        async with row.fault(scenario):
            await env.clock.advance(A_WHILE, step=10)
            await ask(scenario, row)
            await meanwhile(scenario, row)
    await env.clock.advance(A_WHILE * 4, step=A_WHILE)  # until Discord has forgotten the nonce
    async with after.bot():
        await heal(scenario, row)
    check_all_that_was_told(scenario, row)


@pytest.mark.parametrize("row", rows(machine=machine.AT_THE_START))
async def test_fault_at_the_start(scenario: Scenario, row: Row, start: Start) -> None:
    env = scenario.env
    env.gateway.add(TASK)
    async with env.bot():
        await env.watch(TASK.id, person=scenario.watcher, channel=scenario.place)
    async with row.fault(scenario):
        code, errors = await ended(await start())
        assert (code, "Traceback" in errors) == (row.exits, False)
        assert row.log in errors
    async with env.bot():
        await heal(scenario, row)
    check_all_that_was_told(scenario, row)


def test_the_page_is_made_of_the_rows() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.faults.table makes it anew"
