"""Media hosts that are slow, hang or never end: other people's songs do not wait for theirs."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from bot.gateways.hosts import MAX_FILES
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault, LocalGateway
from sandbox.local_gateway.songs import audio
from tests.conftest import Env

pytestmark = pytest.mark.faults

SOUND, _ = audio("dawn", 20.0)
GOOD = FakeTask("good-task-1", songs=(Song("good0001", "Harbour Lights", duration=3.0),))
BAD = {
    "drips": Fault(200, SOUND, pause=0.05),
    "hangs after its first bytes": Fault(200, SOUND, stall_after=9_000),
    "does not answer": Fault(200, SOUND, delay=3_600),
    "has no end": Fault(200, SOUND[:2_000], endless=True, pause=0.5),
    "sends crumbs": Fault(
        raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 9_000, endless=True
    ),
    "hints without end": Fault(raw=b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2_000, endless=True),
}


@pytest.fixture
async def hosts() -> AsyncIterator[list[LocalGateway]]:
    """As many as a wildcard in a DNS zone makes."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(LocalGateway()) for _ in range(12)]


def bad_tasks(hosts: list[LocalGateway], count: int) -> list[FakeTask]:
    """Of two songs each, by turns at one of the hosts."""
    tasks = []
    for number in range(count):
        url = f"{hosts[number % len(hosts)].media_url}/audio/{number}"
        songs = tuple(Song(f"bad{number:04}{letter}", "Slow", audio_url=f"{url}{letter}") for letter in "ab")
        tasks.append(FakeTask(f"bad-task-{number}", songs=songs))
    return tasks


async def watch_all(env: Env, tasks: list[FakeTask]) -> None:
    """Each in its own channel: within a channel, a person's messages keep their order anyway."""
    (guild,) = env.discord.world.guilds.values()
    for number, task in enumerate(tasks):
        place = env.discord.world.add_channel(guild, f"takes-{number}")
        await env.watch(task.id, person=env.ben, at=place)


@pytest.mark.parametrize("fault", BAD.values(), ids=BAD)
async def test_a_song_of_a_healthy_host_is_posted_at_once(env: Env, hosts: list[LocalGateway], fault: Fault) -> None:
    tasks = bad_tasks(hosts, 24)
    env.gateway.add(GOOD, *tasks)
    for host in hosts:
        host.media_faults.append(fault)
    allowed = ",".join(each.media_host for each in (env.gateway, *hosts))
    async with env.bot(media_allow_hosts=allowed):
        await watch_all(env, tasks)
        await env.discord.hub.until(lambda: any(host.media_requests for host in hosts))
        await env.watch(GOOD.id)
        (post,) = await env.posts(patience=20)
        assert len(post["attachments"]) == 1
        assert len((await env.status(GOOD.id))["attachments"]) == 1, "and so are answers"


async def test_a_song_is_posted_at_once_into_a_channel_where_others_wait_for_slow_hosts(
    env: Env, hosts: list[LocalGateway]
) -> None:
    """One after the other, each for as long as it may take: a channel full of them would be held up for minutes."""
    tasks = bad_tasks(hosts, 24)
    env.gateway.add(GOOD, *tasks)
    for host in hosts:
        host.media_faults.append(Fault(200, SOUND, delay=3_600))
    allowed = ",".join(each.media_host for each in (env.gateway, *hosts))
    async with env.bot(media_allow_hosts=allowed):
        await env.watch(*(task.id for task in tasks), person=env.ben)
        await env.discord.hub.until(lambda: any(host.media_requests for host in hosts))
        await env.watch(GOOD.id)
        (post,) = await env.posts(patience=5)
        assert len(post["attachments"]) == 1


async def test_one_person_has_a_part_of_what_is_fetched(env: Env, hosts: list[LocalGateway]) -> None:
    """By watching and by asking, however many hosts there are."""
    tasks = bad_tasks(hosts, 24)
    env.gateway.add(*tasks)
    for host in hosts:
        host.media_faults.append(Fault(200, SOUND, delay=3_600))
    async with env.bot(media_allow_hosts=",".join(host.media_host for host in hosts), requests_per_minute=99):
        await watch_all(env, tasks[:12])
        for task in tasks[12:]:
            await env.ben.slash(env.channel, "suno audio", id=task.id)
        await env.settle_down(1.0)
        going = sum(len(host.media_requests) for host in hosts)
        assert 0 < going <= MAX_FILES // 6
