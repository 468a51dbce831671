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
from sandbox.local_gateway.line import Line
from sandbox.local_gateway.server import LocalGateway
from tests.clock import WrongClock
from tests.conftest import Town
from tests.faults import discord, forum, gateway, machine, media, people
from tests.faults.rows import Fate, Row, says
from tests.faults.scene import OTHER, TASK, Names, Scene, in_time_of
from tests.faults.table import PAGE, page
from tests.messages import words
from tests.program import Start, ended

A_WHILE = 150.0  # seconds that a fault lasts; meanwhile the task is finished
STEP = 100.0  # seconds; small beside the lease of a message that is on its way


def rows(**groups: Sequence[Row]) -> list[ParameterSet]:
    return [pytest.param(row, id=f"{group}: {row.name}") for group, members in groups.items() for row in members]


@pytest.fixture
async def scene(town: Town, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    names, world = Names(), town.discord.world
    (guild,) = world.guilds.values()
    carl, place = world.add_user("Carl"), world.add_channel(guild, "takes")
    world.add_member(guild, carl)
    monkeypatch.setattr("socket.getaddrinfo", names)
    for module in ("client", "http"):
        monkeypatch.setattr(f"discord.{module}.asyncio", in_time_of(town.clock))
    async with Line(URL(town.gateway.url).port or 0) as line, LocalGateway(clock=town.clock.now) as stranger:
        with ExitStack() as later:
            yield Scene(town, town.discord.person(carl), place, line, stranger, names, monkeypatch, later)
        assert [*stranger.requests, *stranger.media_requests] == [], "nobody else is asked, and gets the key"


def told(messages: list[dict[str, Any]], *keys: str) -> bool:
    """Whether each of the messages says what it should, in this order, and there is no other."""
    expected = [key for key in keys if key]
    return len(messages) == len(expected) and all(map(says, expected, map(words, messages)))


async def ask(scene: Scene, row: Row) -> None:
    """As people do while there is the fault."""
    town = scene.town
    if not row.silent:
        await town.discord.hub.until(lambda: town.discord.hub.online)
    asked = await town.ada.slash(town.channel, "suno status", id=TASK.id)
    if row.silent:
        assert asked.failed or asked.thinking
        return
    answer = await town.finished(asked)
    await town.discord.hub.until(lambda: not says("card.fetching", words(answer)))
    assert not row.answer or says(row.answer, words(answer))
    assert row.answer or len(answer["attachments"]) == len(TASK.songs)
    if row.watch:
        assert says(row.watch, words(await town.watch(OTHER.id)))


def posted(scene: Scene, row: Row) -> list[dict[str, Any]]:
    """Where the songs are to come: in a forum all posts there, each song in one of its own."""
    town = scene.town
    if row.fate is Fate.MOVED:
        return town.posted(scene.dm_with(scene.watcher))
    threads = [each for each in town.discord.world.channels.values() if each.get("parent_id") == scene.place["id"]]
    return [message for place in (scene.place, *threads) for message in town.posted(place)]


def expected(row: Row, *, songs: bool = True) -> list[str]:
    """The keys of what is posted there."""
    many = len(TASK.songs) if row.forum and row.fate is not Fate.MOVED else 1
    return [key for key in (row.channel, *[row.post if songs else ""] * many) if key]


async def meanwhile(scene: Scene, row: Row) -> None:
    """What is told where the task is watched, while there is the fault."""
    town, early = scene.town, row.fate is not Fate.WAITS
    keys = expected(row, songs=early)
    await town.discord.hub.until(lambda: len(posted(scene, row)) >= len(keys), 30)
    assert told(posted(scene, row), *keys)
    if row.person and not early:
        await town.posts(at=scene.dm_with(scene.watcher))


async def heal(scene: Scene, row: Row) -> None:
    """The fault is over: the songs come, and whoever asks for others is answered."""
    town = scene.town
    await town.clock.pass_(row.within, step=STEP)
    if row.post:
        await town.discord.hub.until(lambda: len(posted(scene, row)) >= len(expected(row)), 30)
        songs = posted(scene, row)[bool(row.channel) :]
        assert sum(len(post["attachments"]) for post in songs) == row.files
    await town.discord.hub.until(lambda: town.discord.hub.online)
    town.gateway.add(OTHER)
    assert len((await town.status(OTHER.id))["attachments"]) == len(OTHER.songs)
    await town.clock.pass_(A_WHILE, step=50)


def check_all_that_was_told(scene: Scene, row: Row) -> None:
    town, moved = scene.town, row.fate is Fate.MOVED
    assert told(posted(scene, row), *expected(row))
    if moved:
        assert town.posted(scene.place) == []
    else:
        assert told(town.posted(scene.dm_with(scene.watcher)), row.person)
    assert told(town.posted(scene.dm_with(town.ada)), row.owner)


@pytest.mark.parametrize(
    "row",
    rows(
        gateway=gateway.ROWS, media=media.ROWS, discord=discord.ROWS, forum=forum.ROWS, people=people.ROWS,
        machine=machine.ROWS,
    ),
)  # fmt: skip
@pytest.mark.usefixtures("impatient")
async def test_fault(scene: Scene, row: Row) -> None:
    town = scene.town
    town.gateway.add(TASK)
    if row.forum:
        scene.place = town.discord.world.add_channel(scene.guild, "song-box", FORUM)
    async with town.bot(suno_base_url=row.address.format(port=scene.line.port)):
        await town.watch(TASK.id, person=scene.watcher, channel=scene.place)
        await town.clock.pass_(10, step=10)
        async with row.fault(scene):
            await town.clock.pass_(A_WHILE, step=10)
            await ask(scene, row)
            await meanwhile(scene, row)
        await heal(scene, row)
    check_all_that_was_told(scene, row)


@pytest.mark.parametrize("row", rows(machine=machine.AT_A_RESTART))
async def test_fault_at_a_restart(scene: Scene, row: Row) -> None:
    town = scene.town
    town.gateway.add(TASK)
    before, after = (replace(town, clock=WrongClock(town.clock, seconds)) for seconds in row.clocks)
    async with before.bot():
        await town.watch(TASK.id, person=scene.watcher, channel=scene.place)
        await town.clock.pass_(10, step=10)
        async with row.fault(scene):
            await town.clock.pass_(A_WHILE, step=10)
            await ask(scene, row)
            await meanwhile(scene, row)
    await town.clock.pass_(A_WHILE * 4, step=A_WHILE)  # until Discord has forgotten the nonce
    async with after.bot():
        await heal(scene, row)
    check_all_that_was_told(scene, row)


@pytest.mark.parametrize("row", rows(machine=machine.AT_THE_START))
async def test_fault_at_the_start(scene: Scene, row: Row, start: Start) -> None:
    town = scene.town
    town.gateway.add(TASK)
    async with town.bot():
        await town.watch(TASK.id, person=scene.watcher, channel=scene.place)
    async with row.fault(scene):
        code, errors = await ended(await start())
        assert (code, "Traceback" in errors) == (row.exits, False)
        assert row.log in errors
    async with town.bot():
        await heal(scene, row)
    check_all_that_was_told(scene, row)


def test_the_page_is_made_of_the_rows() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.faults.table makes it anew"
