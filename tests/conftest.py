"""The test environment: a local Discord, a local gateway, and the real bot between them."""

import asyncio
import os
import shutil
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import stamina
from sqlalchemy import create_engine

from bot.app import serve
from bot.config import load_settings
from bot.storage.migrations import upgrade
from sandbox.free_port import free_port
from sandbox.local_discord.interactions import Interaction
from sandbox.local_discord.people import Person
from sandbox.local_discord.redirect import redirected
from sandbox.local_discord.server import LocalDiscord
from sandbox.local_discord.world import World
from sandbox.local_gateway.server import LocalGateway
from sandbox.local_gateway.songs import without_tag
from tests import postgresql
from tests.bot_process import Command, Start, run_command
from tests.clock import JumpingClock
from tests.idle import IdleLoop, wait_until_idle
from tests.messages import Message, words
from tests.openapi import description
from tests.query_plans import scans, statements

# A slow machine is no failure; `make fuzz` looks longer.
hypothesis.settings.register_profile("default", deadline=None)
hypothesis.settings.register_profile("fuzz", deadline=None, max_examples=20_000)
hypothesis.settings.load_profile("default")

ROOT = Path(__file__).parents[1]
KEY = "sk-the-gateways-key-0123456789"
TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.the-bots-own-token-0123456789abcdef"


@pytest.fixture(autouse=True)
def _no_settings_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A developer's own .env does not affect tests."""
    monkeypatch.setitem(load_settings.__globals__["Settings"].model_config, "env_file", str(tmp_path / ".env"))


@pytest.fixture(autouse=True)
def _no_whole_tables() -> Iterator[None]:
    """No statement run by any test scans a growing table."""
    with statements() as seen:
        yield
    assert scans(seen) == []


@pytest.fixture
def impatient() -> Iterator[None]:
    """Retries without waiting."""
    stamina.set_testing(True, attempts=3, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture
async def open_gateway() -> AsyncIterator[Callable[..., Awaitable[LocalGateway]]]:
    """Opens one more gateway, with its own key."""
    async with AsyncExitStack() as stack:

        async def open_one(clock: Callable[[], float] = time.time) -> LocalGateway:
            return await stack.enter_async_context(LocalGateway(key="sk-other", clock=clock))

        yield open_one


@dataclass
class Env:
    """A server with a channel and two people, Ada its owner and Ben a Chinese reader, and the bot running in it."""

    discord: LocalDiscord
    gateway: LocalGateway
    channel: dict[str, Any]
    ada: Person
    ben: Person
    settings: dict[str, Any]
    clock: JumpingClock

    @asynccontextmanager
    async def bot(self, **settings: Any) -> AsyncIterator[None]:
        """The bot, from its connection to its clean end."""
        async with self._served(settings, self.clock):
            yield

    @asynccontextmanager
    async def bot_with_its_own_clock(self) -> AsyncIterator[None]:
        """As in operation: nobody can set it forward."""
        async with self._served({}, None):
            yield

    @asynccontextmanager
    async def _served(self, settings: Mapping[str, Any], clock: JumpingClock | None) -> AsyncIterator[None]:
        serving = asyncio.create_task(serve(load_settings(**{**self.settings, **settings}), clock))
        try:
            await self.discord.hub.until(lambda: self.discord.hub.online or serving.done())
            if serving.done():
                serving.result()
            yield
        finally:
            serving.cancel()
            await asyncio.wait({serving})
        if not serving.cancelled():
            serving.result()

    async def finished(self, interaction: Interaction) -> dict[str, Any]:
        """The answer, once the bot has replaced "thinking" and what it shows while it fetches something."""
        assert not interaction.failed, interaction.failed

        def newest() -> dict[str, Any] | None:
            return interaction.message or next(iter(interaction.follow_ups[-1:]), None)

        def is_final() -> bool:
            found = newest()
            return not interaction.thinking and found is not None and "⏳" not in (found["content"] or "")

        await self.discord.hub.until(is_final)
        answer = newest()
        assert answer
        return answer

    async def watch(self, *task_ids: str, person: Person | None = None, **options: Any) -> dict[str, Any]:
        """What /suno watch answers."""
        place = options.pop("at", self.channel)
        asked = await (person or self.ada).slash(place, "suno watch", ids=" ".join(task_ids), **options)
        return await self.finished(asked)

    def posted(self, at: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """The bot's messages there that are not answers to interactions."""
        messages = self.discord.world.messages[(at or self.channel)["id"]].values()
        return [each for each in messages if each["author"]["bot"] and "interaction_metadata" not in each]

    async def posts(
        self, count: int = 1, at: dict[str, Any] | None = None, patience: float = 30
    ) -> list[dict[str, Any]]:
        """The same, as soon as there are `count`."""
        await self.discord.hub.until(lambda: len(self.posted(at)) >= count, patience)
        return self.posted(at)

    async def watches(
        self, person: Person | None = None, at: dict[str, Any] | None = None, **options: Any
    ) -> dict[str, Any]:
        """What /suno watches answers."""
        return await self.finished(await (person or self.ada).slash(at or self.channel, "suno watches", **options))

    async def changed(self, interaction: Interaction) -> None:
        """Waits until the bot has updated the message after a press or a choice."""
        assert not interaction.failed, interaction.failed
        path = f"/{interaction.token}/messages/@original"
        await self.discord.hub.until(
            lambda: any(each.path.endswith(path) and each.status for each in self.discord.requests)
        )

    def environment(self, changes: Mapping[str, str | None]) -> dict[str, str]:
        """The environment of a process that runs the bot. None leaves a setting out."""
        given: dict[str, str | None] = {name.upper(): value for name, value in self.settings.items()}
        given.update(changes)
        return {"PATH": os.environ["PATH"]} | {name: value for name, value in given.items() if value is not None}

    @property
    def database(self) -> Path:
        return Path(self.settings["database_url"].partition(":///")[2])

    async def says(
        self, ask: Callable[[], Awaitable[Message]], *texts: str, lacks: str = "\0", patience: float = 30
    ) -> Message:
        """Asks again until the answer has all the texts and not the one that it `lacks`."""
        until, pause = time.monotonic() + patience, 0.1
        while True:
            said = words(answer := await ask())
            if all(text in said for text in texts) and lacks not in said:
                return answer
            assert time.monotonic() < until, said
            await asyncio.sleep(pause)
            pause *= 2  # the bot limits commands per person

    async def newest_post(self, at: dict[str, Any], count: int = 1) -> dict[str, Any]:
        """The bot's newest message there, once there are `count`."""
        return (await self.posts(count, at=at))[-1]

    def files(self, message: Message) -> list[bytes]:
        """What is attached, without the tags that the bot puts before songs."""
        return [without_tag(self.discord.world.files[each["id"]].content) for each in message["attachments"]]

    @property
    def owner_dm(self) -> dict[str, Any]:
        """Where the bot's owner gets notices."""
        return self.discord.world.dm_with(self.ada.user)

    async def finish(self) -> None:
        """Half a minute passes, so that running tasks finish."""
        await self.clock.advance(30, step=1)

    async def settle_down(self, seconds: float = 0.5) -> None:
        """Waits a while for what must not happen, then until the loop is idle."""
        await asyncio.sleep(seconds)
        await wait_until_idle()

    async def status(self, task_id: str, *, person: Person | None = None, **options: Any) -> dict[str, Any]:
        """What /suno status answers in the channel."""
        asked = await (person or self.ada).slash(self.channel, "suno status", id=task_id, **options)
        return await self.finished(asked)


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database file. Running all migrations takes longer than most tests."""
    file = tmp_path_factory.mktemp("database") / "bot.db"
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        upgrade(connection)
    engine.dispose()
    file.chmod(0o600)
    return file


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A database of the PostgreSQL server for all tests of this process, each of which empties it."""
    with postgresql.new_database() as url:
        yield url


@pytest.fixture
async def env(tmp_path: Path, new_database: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Env]:
    shutil.copy(new_database, tmp_path)
    clock = JumpingClock()
    world = World(clock.now)
    async with LocalDiscord(token=TOKEN, world=world) as discord, LocalGateway(key=KEY, clock=clock.now) as gateway:
        # Not 3 s: a busy machine may be late, and how soon the bot answers is measured in benchmarks.
        discord.interactions.patience = 10.0
        discord.rest.limits.enforced = False  # most tests would wait for them; they have tests of their own
        monkeypatch.setattr("bot.session_starts.INTERVAL", 0.0)  # likewise
        discord.starts.interval = 0.0
        ada, ben = world.add_user("Ada"), world.add_user("Ben", locale="zh-CN")
        guild = world.add_guild("Studio", owner=ada)
        world.add_member(guild, ben)
        channel = world.add_channel(guild, "songs")
        settings = {
            "discord_token": TOKEN,
            "suno_base_url": gateway.url,
            "suno_api_key": KEY,
            "database_url": f"sqlite:///{tmp_path}/bot.db",
            "media_allow_hosts": f"{gateway.media_host},{discord.url.removeprefix('http://')}",
        }
        with redirected(discord.url):
            yield Env(discord, gateway, channel, discord.person(ada), discord.person(ben), settings, clock)
        deviations = [each for request in discord.requests for each in description().deviations(request)]
        assert not deviations, "\n".join(deviations)


@pytest.fixture
async def start(env: Env, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts the program, with settings in addition to those of `env`."""
    started: list[Process] = []

    async def start(*arguments: str, **settings: str | None) -> Process:
        environment = {"PYTHONPATH": str(ROOT)} | env.environment(settings)
        command = [sys.executable, "-m", "sandbox.redirected_bot", env.discord.url, "0", *(arguments or ["run"])]
        process = await asyncio.create_subprocess_exec(
            *command, cwd=tmp_path, env=environment, stdout=PIPE, stderr=PIPE
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.fixture
def command(env: Env, tmp_path: Path) -> Command:
    """Runs a short command, with settings in addition to those of `env`."""

    async def command(*arguments: str, **settings: str | None) -> tuple[int | None, str, str]:
        return await run_command(*arguments, folder=tmp_path, environment=env.environment(settings))

    return command


@pytest.fixture
def _before_the_first_start(env: Env) -> None:
    """Deletes the database."""
    env.database.unlink()


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"idle": IdleLoop}


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def two_ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Logs of odd texts can hold what cannot be sent from one of pytest's processes to the other."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report
