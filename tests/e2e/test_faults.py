"""The fault matrix: every fault that is known, what people are told of it, and that nothing is lost or doubled.

The rows stand in tests/faults, and docs/faults.md is made of them.
"""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from yarl import URL

from bot.services.clock import Clock
from sandbox.local_gateway.line import Line
from sandbox.local_gateway.server import LocalGateway
from tests.conftest import Town
from tests.e2e.test_status import words
from tests.faults import discord, gateway, media
from tests.faults.rows import Fate, Row, says
from tests.faults.scene import OTHER, TASK, Names, Scene

A_WHILE = 150.0  # seconds that a fault lasts; meanwhile the task is finished


@pytest.fixture
async def scene(town: Town, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    names, world = Names(), town.discord.world
    (guild,) = world.guilds.values()
    carl, place = world.add_user("Carl"), world.add_channel(guild, "takes")
    world.add_member(guild, carl)
    monkeypatch.setattr("socket.getaddrinfo", names)
    monkeypatch.setattr("bot.gateways.media._TIMEOUT", aiohttp.ClientTimeout(sock_connect=0.5))
    for module in ("client", "http"):
        monkeypatch.setattr(f"discord.{module}.asyncio", in_time_of(town.clock))
    async with Line(URL(town.gateway.url).port or 0) as line, LocalGateway(clock=town.clock.now) as stranger:
        yield Scene(town, town.discord.person(carl), place, line, stranger, names, monkeypatch)
        assert [*stranger.requests, *stranger.media_requests] == [], "nobody else is asked, and gets the key"


def in_time_of(clock: Clock) -> SimpleNamespace:
    """Asyncio, as a library sees it whose waits are to be virtual."""
    return SimpleNamespace(**vars(asyncio) | {"sleep": clock.sleep})


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
    assert not row.answer or says(row.answer, words(answer))
    assert row.answer or len(answer["attachments"]) == len(TASK.songs)


async def meanwhile(scene: Scene, row: Row) -> None:
    """What is told where the task is watched, while there is the fault."""
    town, early = scene.town, row.fate is not Fate.WAITS
    target = scene.dm_with(scene.watcher) if row.fate is Fate.MOVED else scene.place
    keys = [key for key in (row.channel, row.post if early else "") if key]
    assert told(await town.posts(len(keys), at=target), *keys)


async def heal(scene: Scene, row: Row) -> None:
    """The fault is over: the songs come, and whoever asks for others is answered."""
    town = scene.town
    target = scene.dm_with(scene.watcher) if row.fate is Fate.MOVED else scene.place
    await town.clock.pass_(row.within, step=row.within / 5)
    *_, post = await town.posts(2 if row.channel else 1, at=target)
    assert len(post["attachments"]) == row.files
    await town.discord.hub.until(lambda: town.discord.hub.online)
    town.gateway.add(OTHER)
    assert len((await town.status(OTHER.id))["attachments"]) == len(OTHER.songs)
    await town.clock.pass_(A_WHILE, step=50)


def check_all_that_was_told(scene: Scene, row: Row) -> None:
    town, moved = scene.town, row.fate is Fate.MOVED
    assert told(town.posted(scene.place), row.channel, "" if moved else row.post)
    assert told(town.posted(scene.dm_with(scene.watcher)), row.person, row.post if moved else "")
    assert told(town.posted(scene.dm_with(town.ada)), row.owner)


@pytest.mark.parametrize("row", [*gateway.ROWS, *media.ROWS, *discord.ROWS], ids=str)
@pytest.mark.usefixtures("impatient")
async def test_fault(scene: Scene, row: Row) -> None:
    town = scene.town
    town.gateway.add(TASK)
    async with town.bot(suno_base_url=row.address.format(port=scene.line.port)):
        await town.watch(TASK.id, person=scene.watcher, channel=scene.place)
        await town.clock.pass_(10, step=10)
        async with row.fault(scene):
            await town.clock.pass_(A_WHILE, step=10)
            await ask(scene, row)
            await meanwhile(scene, row)
        await heal(scene, row)
    check_all_that_was_told(scene, row)
