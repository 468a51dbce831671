"""The fault matrix: every fault that is known, what people are told of it, and that nothing is lost or doubled.

The rows stand in tests/faults, and docs/faults.md is made of them.
"""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from yarl import URL

from sandbox.local_gateway.line import Line
from sandbox.local_gateway.server import LocalGateway
from tests.conftest import Town
from tests.e2e.test_status import words
from tests.faults import gateway, media
from tests.faults.rows import Fate, Row, says
from tests.faults.scene import OTHER, TASK, Names, Scene

A_WHILE = 150.0  # seconds that a fault lasts; meanwhile the task is finished


@pytest.fixture
async def scene(town: Town, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    names, world = Names(), town.discord.world
    monkeypatch.setattr("socket.getaddrinfo", names)
    monkeypatch.setattr("bot.gateways.media._TIMEOUT", aiohttp.ClientTimeout(sock_connect=0.5))
    (guild,) = world.guilds.values()
    carl, place = world.add_user("Carl"), world.add_channel(guild, "takes")
    world.add_member(guild, carl)
    port = URL(town.gateway.url).port or 0
    async with Line(port) as line, LocalGateway(clock=town.clock.now) as stranger:
        yield Scene(town, town.discord.person(carl), place, line, stranger, names, monkeypatch)
        assert [*stranger.requests, *stranger.media_requests] == [], "nobody else is asked, and gets the key"


def told(messages: list[dict[str, Any]], *keys: str) -> bool:
    """Whether each of the messages says what it should, in this order, and there is no other."""
    expected = [key for key in keys if key]
    return len(messages) == len(expected) and all(map(says, expected, map(words, messages)))


async def ask(scene: Scene, row: Row) -> None:
    """As people do while there is the fault."""
    answer = await scene.town.status(TASK.id)
    if row.answer:
        assert says(row.answer, words(answer))
    else:
        assert len(answer["attachments"]) == len(TASK.songs)


@pytest.mark.parametrize("row", [*gateway.ROWS, *media.ROWS], ids=str)
@pytest.mark.usefixtures("impatient")
async def test_fault(scene: Scene, row: Row) -> None:
    town, place = scene.town, scene.place
    town.gateway.add(TASK)
    async with town.bot(suno_base_url=row.address.format(port=scene.line.port)):
        await town.watch(TASK.id, person=scene.watcher, channel=place)
        await town.clock.pass_(10, step=10)
        async with row.fault(scene):
            await town.clock.pass_(A_WHILE, step=10)
            await ask(scene, row)
            early = [row.channel, row.post if row.fate is not Fate.WAITS else ""]
            assert told(await town.posts(len(list(filter(None, early))), at=place), *early)
        await town.clock.pass_(row.within, step=row.within / 5)
        *_, post = await town.posts(2 if row.channel else 1, at=place)
        assert len(post["attachments"]) == row.files
        town.gateway.add(OTHER)
        assert len((await town.status(OTHER.id))["attachments"]) == len(OTHER.songs)
        await town.clock.pass_(A_WHILE, step=50)
    assert told(town.posted(place), row.channel, row.post)
    assert told(town.posted(town.discord.world.dm_with(town.ada.user)), row.owner)
