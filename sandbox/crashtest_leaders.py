"""Kills and freezes the leader of two bots on one PostgreSQL server, again and again, while it posts songs; counts what
is lost, doubled or out of order, and what a process sent after another one had taken over:
`python -m sandbox.crashtest_leaders`.

`--by server` stops the database server hard, `--by hole` turns the leader's line to it into a black hole; what else can
be done is said at `Blow`: `--by both two cuts read-only crowd clock`. `--clocks-apart 3600` sets the clocks of the two
processes an hour apart.
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import get_args

from sandbox.crashtest import Moment
from sandbox.crashtest_bots import PROJECT, Blow, Bot, BotsReport, TwoBots, TwoBotsCrashTest
from sandbox.database_trouble import cut_at_random, no_connection_left, read_only, set_clock_back
from sandbox.postgresql import PostgresServer, running_server

_NAP = (2.0, 9.0)  # seconds: fewer and more than a lease lasts
_WAKING = 1.5  # seconds that a woken process is watched for
_HOLE = 60.0  # seconds
_CONNECTED = 60.0  # seconds at most
_BOTS = 2
_CUTTING = 10.0  # seconds
_MAY_STAY = ("nap", "cuts")  # after these the leader may be the same
_KILLS = ("kill", "stop", "clock", "both", "two")


@dataclass
class Report(BotsReport):
    """`taken`, `connected`: seconds until another process had the lease, and until it was connected to Discord."""

    taken: dict[Blow, list[float]] = field(default_factory=dict)
    connected: dict[Blow, list[float]] = field(default_factory=dict)
    programs: Counter[Path] = field(default_factory=Counter)  # of the leaders that something was done to

    def add(self, blow: Blow, taken: float, connected: float) -> None:
        self.taken.setdefault(blow, []).append(taken)
        self.connected.setdefault(blow, []).append(connected)

    @property
    def longest(self) -> float:
        return max((seconds for each in self.connected.values() for seconds in each), default=0.0)

    def __str__(self) -> str:
        lines = [
            f"  {blow}, {len(seconds)} times: the lease taken after {_span(seconds)}, connected after "
            f"{_span(self.connected[blow])}"
            for blow, seconds in sorted(self.taken.items())
        ]
        return "\n".join([*lines, *self.faults()])


def _span(seconds: list[float]) -> str:
    return f"{median(seconds):.1f} s (at most {max(seconds):.1f} s)"


class LeadersCrashTest(TwoBotsCrashTest):
    """`by`: what happens, at random. `outage`: seconds without the database server; `other`: the folder of another
    version of the project, which the second process runs.
    """

    report: Report

    def __init__(
        self,
        server: PostgresServer,
        logs: Path,
        *,
        tasks: int,
        rounds: int,
        seed: int,
        by: tuple[Blow, ...] = ("kill", "freeze", "nap"),
        outage: float = 10.0,
        clocks_apart: float = 0.0,
        other: Path = PROJECT,
    ) -> None:
        bots = TwoBots(server, logs, (0.0, clocks_apart), (PROJECT, other))
        super().__init__(bots, tasks=tasks, kills=rounds, seed=seed, seconds_per_kill=7.0)
        self._by = by
        self._outage = outage
        self._server = server
        self._fallen = 0  # the epoch of the last leader that was killed while it began
        self.report = Report()

    async def _kill(self) -> None:
        await self._wait_for_moment(moment := self._dice.choice(get_args(Moment)))
        before, sessions = await self._bots.leader(), len(self._discord.starts.accepted)
        bot, blow = self._bots.bot(before), self._dice.choice(self._by)
        self.report.programs[bot.program] += 1
        began = time.monotonic()
        since = await self._deal(blow, bot)
        if blow not in _MAY_STAY:
            leader = await self._bots.leader(max(before.epoch, self._fallen))
            await self._hub.until(lambda: len(self._discord.starts.accepted) > sessions, _CONNECTED)
            self.report.add(blow, leader.at - since, time.monotonic() - since)
            self._doubt_answers(began)
        await self._end(blow, bot, since)
        if blow in _MAY_STAY:
            self._doubt_answers(began)
        self._outcome.kills[f"{moment} by {blow}"] += 1

    async def _deal(self, blow: Blow, bot: Bot) -> float:
        """Returns when the others could begin to take over."""
        match blow:
            case "kill" | "stop":
                bot.process.send_signal(signal.SIGKILL if blow == "kill" else signal.SIGTERM)
            case "freeze" | "nap":
                bot.process.send_signal(signal.SIGSTOP)
            case "hole":
                bot.line.flowing.clear()
            case "server":
                await asyncio.to_thread(self._server.stop, signal.SIGQUIT)
                await asyncio.sleep(self._outage)
                await asyncio.to_thread(self._server.start)
            case "read-only" | "crowd":
                async with (read_only if blow == "read-only" else no_connection_left)(self._server.url):
                    await asyncio.sleep(self._outage)
            case "cuts":
                await cut_at_random(self._server.url, _CUTTING, self._dice)
            case "clock":
                bot.process.send_signal(signal.SIGKILL)
                await set_clock_back(self._server.url)
            case "both" | "two":
                await self._kill_both(bot, at_once=blow == "both")
        return time.monotonic()

    async def _kill_both(self, bot: Bot, *, at_once: bool) -> None:
        """And starts them; or the second one when it begins to lead."""
        leader = self._bots.leaders[-1]
        bot.process.send_signal(signal.SIGKILL)
        if not at_once:
            leader = await self._bots.leader(leader.epoch)
            await asyncio.sleep(self._dice.choice((0.0, 0.05, 0.3, 1.0)))
        self._fallen = leader.epoch
        await self._bots.kill()
        await self._start_bots()

    async def _end(self, blow: Blow, bot: Bot, since: float) -> None:
        match blow:
            case "freeze" | "nap":
                await asyncio.sleep(self._dice.uniform(*_NAP) if blow == "nap" else self._dice.choice((0.0, 0.5, 3.0)))
                bot.process.send_signal(signal.SIGCONT)
                await asyncio.sleep(_WAKING)
            case "hole":
                await asyncio.sleep(since + _HOLE - time.monotonic())
                bot.line.flowing.set()
        if blow in _KILLS:
            await bot.process.wait()
        elif self._bots.running < _BOTS:
            self.report.ended += 1
        await self._start()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--by", nargs="+", choices=get_args(Blow), default=["kill", "freeze", "nap"])
    parser.add_argument("--outage", type=float, default=10.0, help="seconds for which the database server is stopped")
    parser.add_argument("--clocks-apart", type=float, default=0.0, help="seconds")
    parser.add_argument("--logs", type=Path, help="a folder for what the bots say")
    chosen = parser.parse_args()
    options = {name: value for name, value in vars(chosen).items() if name != "logs"}
    with running_server() as server, tempfile.TemporaryDirectory() as folder:
        test = LeadersCrashTest(server, chosen.logs or Path(folder), **options)
        outcome = asyncio.run(test.run())
    sys.stdout.write(f"seed {chosen.seed}: {outcome}\n{test.report}\n")
    return 0 if outcome.good and test.report.good else 1


if __name__ == "__main__":
    sys.exit(main())
