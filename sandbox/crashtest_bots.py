"""Two processes of the real bot on one PostgreSQL server; which of them leads, and what is done to it."""

import asyncio
import re
import signal
import sys
import time
from abc import ABC, abstractmethod
from asyncio.subprocess import Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import psycopg

from bot.shutdown import cancel_and_wait
from sandbox.crashtest import CrashTest, Outcome
from sandbox.local_discord.rest import Request as ToDiscord
from sandbox.local_gateway.server import Request as ToGateway
from sandbox.local_gateway.tcp_proxy import TcpProxy
from sandbox.one_of_many import PROCESS
from sandbox.postgresql import PostgresServer

PROJECT = Path(__file__).parents[1]
_PATIENCE = 60.0  # seconds for a leader to be there
_INTERVAL = 0.02  # seconds between two looks at the lease
_WAITS_OR_LEADS = re.compile(rb"this process (leads|waits as a standby)")  # in its log
_LEASE = "SELECT epoch, name, holder FROM suno_watch_leader WHERE epoch > 0"
LONGEST_TAKE_OVER = 15.0  # seconds

Blow = Literal[
    "kill", "freeze", "nap", "hole", "server", "stop", "both", "two", "cuts", "read-only", "crowd", "clock"
]  # fmt: skip
"""What happens to a leader: SIGKILL; SIGSTOP until after another has taken over; for some seconds, perhaps too few for
that; its line to the database becomes a black hole; the database server is stopped hard; SIGTERM; both processes are
killed, and started at once; the next leader is killed while it begins; connections to the database are cut at random;
the server is read-only; others have all of its connections; it is killed, and the server's clock set back by an hour.
"""


@dataclass
class Bot:
    process: Process
    line: TcpProxy
    log: Path
    program: Path

    @property
    def pid(self) -> int:
        return self.process.pid


@dataclass(frozen=True)
class Leader:
    """As the lease names it. `at`: time.monotonic() when it was first seen."""

    epoch: int
    pid: int
    at: float
    holder: str


class TwoBots:
    """`clocks`: by how many seconds that of each is wrong; `programs`: the folder of the project that each runs.

    `async with`: it is watched who leads, and in the end they are stopped.
    """

    def __init__(
        self,
        server: PostgresServer,
        logs: Path,
        clocks: tuple[float, float] = (0.0, 0.0),
        programs: tuple[Path, Path] = (PROJECT, PROJECT),
    ) -> None:
        self.server = server
        self.leaders: list[Leader] = []
        self._logs = logs
        self._clocks = clocks
        self._programs = programs
        self._bots: list[Bot | None] = [None, None]
        self._started = 0

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        await cancel_and_wait({self._watching})

    async def start(self, discord: str, interval: float, settings: Mapping[str, str]) -> None:
        """Those that do not run."""
        for number, bot in enumerate(self._bots):
            if bot and bot.process.returncode is not None:
                await bot.line.close()
            if bot is None or bot.process.returncode is not None:
                self._bots[number] = await self._start(number, [discord, str(interval)], settings)

    async def _start(self, number: int, address: list[str], settings: Mapping[str, str]) -> Bot:
        line = TcpProxy(self.server.port)
        await line.open()
        url = self.server.url.replace(f":{self.server.port}/", f":{line.port}/")
        command = [sys.executable, "-m", "sandbox.one_of_many", str(self._clocks[number]), *address, "run"]
        program = self._programs[number]
        self._started += 1
        log = self._logs / f"bot-{self._started}.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=program,
                env={**settings, "PYTHONPATH": str(program), "DATABASE_URL": url},
                stdout=output,
                stderr=output,
            )
        return Bot(process, line, log, program)

    async def move_to(self, server: PostgresServer) -> None:
        """From now on the address at which they know the database leads to that server."""
        self.server = server
        for bot in self._bots:
            if bot:
                await bot.line.close()
                bot.line.behind = server.port
                await bot.line.open()

    async def _watch(self) -> None:
        """Notes who leads, until cancelled."""
        while True:
            with suppress(psycopg.Error, OSError):
                async with await psycopg.AsyncConnection.connect(self.server.url, autocommit=True) as connection:
                    while True:
                        self._note(await (await connection.execute(_LEASE)).fetchone())
                        await asyncio.sleep(_INTERVAL)
            await asyncio.sleep(_INTERVAL)

    def _note(self, row: Any) -> None:
        if row and (not self.leaders or self.leaders[-1].epoch < row[0]):
            number = re.search(r"process (\d+)$", row[1])
            self.leaders.append(Leader(row[0], int(number[1]) if number else 0, time.monotonic(), row[2]))

    async def leader(self, after: int = 0, *, patience: float = _PATIENCE) -> Leader:
        """The newest one, of an epoch after that. Raises TimeoutError."""
        async with asyncio.timeout(patience):
            while not self.leaders or self.leaders[-1].epoch <= after:
                await asyncio.sleep(_INTERVAL)
        return self.leaders[-1]

    async def all_at_work(self) -> None:
        """Until each leads or waits to: one that is still being started takes nothing over. Raises TimeoutError."""
        async with asyncio.timeout(_PATIENCE):
            for bot in self._bots:
                while bot and not _WAITS_OR_LEADS.search(await asyncio.to_thread(bot.log.read_bytes)):
                    await asyncio.sleep(10 * _INTERVAL)

    def bot(self, leader: Leader) -> Bot:
        return next(each for each in self._bots if each and each.pid == leader.pid)

    async def kill(self) -> None:
        """All that run."""
        for bot in self._bots:
            if bot and bot.process.returncode is None:
                bot.process.kill()
                await bot.process.wait()

    async def stop(self) -> None:
        for bot in self._bots:
            if bot and bot.process.returncode is None:
                bot.process.send_signal(signal.SIGCONT)
                bot.process.terminate()
        for bot in self._bots:
            if bot:
                await bot.process.wait()
                await bot.line.close()

    @property
    def running(self) -> int:
        """How many of them."""
        return sum(bot is not None and bot.process.returncode is None for bot in self._bots)

    def too_late(self, *requests: ToDiscord | ToGateway) -> list[str]:
        """Requests of a process that came after another one had begun to lead. An operator's command signs none."""
        late = []
        for request in (each for each in requests if PROCESS in each.headers):
            pid, seen = int(request.headers[PROCESS]), request.at - 2 * _INTERVAL
            leader = next((each for each in reversed(self.leaders) if each.at < seen), None)
            if leader and pid not in (leader.pid, self._next_after(leader).pid):
                late.append(f"{request.method} {request.path} {request.at - leader.at:.2f} s late")
        return late

    def _next_after(self, leader: Leader) -> Leader:
        """It may send before it is seen to lead."""
        return next((each for each in self.leaders if each.epoch == leader.epoch + 1), leader)


@dataclass
class BotsReport(ABC):
    """`too_late`: requests of a process that came after another one had begun to lead; `ended`: how many processes
    ended by themselves.
    """

    too_late: list[str] = field(default_factory=list)
    ended: int = 0

    @property
    @abstractmethod
    def longest(self) -> float:
        """Seconds without a bot that is connected to Discord, at most."""

    @property
    def good(self) -> bool:
        return not self.too_late and not self.ended and self.longest <= LONGEST_TAKE_OVER

    def faults(self) -> list[str]:
        """Lines of text."""
        count = f"  {len(self.too_late)} requests too late, {self.ended} processes ended by themselves"
        return [count, *(f"    {each}" for each in self.too_late)]


class TwoBotsCrashTest(CrashTest):
    """What happens to them is for subclasses to say."""

    report: BotsReport

    def __init__(self, bots: TwoBots, *, tasks: int, kills: int, seed: int, seconds_per_kill: float) -> None:
        super().__init__(tasks=tasks, kills=kills, seed=seed, seconds_per_kill=seconds_per_kill)
        self._bots = bots

    async def run(self) -> Outcome:
        async with self._bots:
            outcome = await super().run()
            self.report.too_late = self._bots.too_late(*self._discord.requests, *self._gateway.requests)
        return outcome

    async def _start_bots(self) -> None:
        await self._bots.start(self._discord.url, self._identify_interval, self._environment)

    async def _start(self) -> None:
        await self._start_bots()
        await self._bots.leader()
        await self._bots.all_at_work()
        await self._hub.until(lambda: self._hub.online, 30)

    async def _stop(self) -> None:
        await self._bots.stop()
