"""Promotes a replica that lacks the last seconds, again and again, while two bots work on the database; counts
what is doubled, what is paid twice and what is lost: `python -m sandbox.crashtest_failover`.

Before each promotion nothing reaches the replica any more for `--behind` seconds, in which people go on: they watch
tasks, songs come and are posted, orders are sent. Then the primary is killed and the replica promoted, at once or after
some seconds. Whatever was watched before must be posted once. What was watched in the lost seconds may be gone, which
is counted. Some leaders are frozen meanwhile, and go on when there is another one. Nothing may be posted twice, and no
order sent twice, also after an operator has settled what is unsure.
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

import psycopg

from bot.commands.orders import settle_order
from bot.config import given_settings
from bot.domain.order import OrderQuery, OrderState
from bot.errors import CommandFailed
from bot.storage.database import open_read_only
from bot.storage.orders import OrderStore
from sandbox.crash_orders import name_of
from sandbox.crashtest_bots import BotsReport, Leader, TwoBots, TwoBotsCrashTest
from sandbox.crashtest_leader_orders import A_ROUND, LeaderOrdersCrashTest
from sandbox.local_discord.people import Person
from sandbox.local_discord.world import Object
from sandbox.local_gateway.fake_task import FakeTask
from sandbox.local_gateway.orders import Behaviour
from sandbox.local_gateway.songs import audio
from sandbox.postgresql_replica import ReplicatedServer, replicated_server

_CONNECTED = 60.0  # seconds at most
_UNTIL_POSTED = 60.0  # likewise, after the last promotion
_OUTAGES = (0.0, 0.0, 1.0, 4.0, 9.0)  # seconds between the primary's death and the promotion: a lease lasts 6
_FROZEN = 0.3  # share of the promotions, before which the leader is frozen in the middle of an upload
_WAKING = 1.5  # seconds that it is watched for when it goes on
_LATE = 3  # tasks that are watched in the lost seconds, each time
_HALVES = 2  # tasks one of whose songs comes in the lost seconds and another afterwards, each time
_SENT_WITHIN = 2.5  # seconds in which a new leader has sent its first orders
_SONGS = 2  # of each of these tasks
_WATCHED = "SELECT task_id, channel_id FROM watches"
Place = tuple[str, str]  # the channel's id, and the task's


async def fail_over(server: ReplicatedServer, bots: TwoBots, dice: random.Random) -> float:
    """Returns when the bots can reach the new primary."""
    await server.kill()
    await asyncio.sleep(dice.choice(_OUTAGES))
    if dice.random() < 1 / 2:
        await bots.move_to(server.replica)  # they reach it while it takes no writes
        await asyncio.sleep(dice.choice((0.0, 0.5)))
        await server.promote()
    else:
        await server.promote()
        await bots.move_to(server.primary)
    return time.monotonic()


@dataclass
class Report(BotsReport):
    """`added`: watches of the lost seconds, `gone`: how many of them are; `posted`: of those, how many were posted in
    these seconds. `connected`: seconds from each promotion until a leader was connected to Discord.
    """

    added: int = 0
    gone: int = 0
    posted: int = 0
    connected: list[float] = field(default_factory=list)

    @property
    def longest(self) -> float:
        return max(self.connected, default=0.0)

    def __str__(self) -> str:
        added = (
            f"  {self.added} watches were added in the lost seconds: {self.gone} are gone, {self.posted} of them posted"
        )
        return "\n".join([added, f"  connected after at most {self.longest:.1f} s", *self.faults()])


class FailOverCrashTest(TwoBotsCrashTest):
    """`behind`: seconds that the replica lacks."""

    report: Report

    def __init__(
        self, server: ReplicatedServer, logs: Path, *, tasks: int, rounds: int, seed: int, behind: float
    ) -> None:
        bots = TwoBots(server.primary, logs)
        super().__init__(bots, tasks=tasks, kills=rounds, seed=seed, seconds_per_kill=8.0 + behind)
        self._behind = behind
        self._server = server
        self._added: dict[Place, FakeTask] = {}  # watched in the lost seconds
        self._kept: dict[Place, FakeTask] = {}  # and those still watched after them
        self.report = Report()

    async def _watch_all(self, person: Person, channels: list[Object], forum: Object) -> dict[str, list[FakeTask]]:
        self._person, self._channels, self._forum = person, channels, forum
        return await super()._watch_all(person, channels, forum)

    async def _kill(self) -> None:
        halves = [self._new_task() for _ in range(_HALVES)]
        for fake in halves:
            self._gateway.add(replace(fake, states=((0.0, "running"),)))
            await self._watch(fake, self._kept)
        await self._server.replicate()
        self._server.cut()
        before = await self._bots.leader()
        sessions = len(self._discord.starts.accepted)
        await self._go_on(halves)
        lost_since = time.monotonic() - self._behind
        frozen = self._bots.bot(before).process if self._dice.random() < _FROZEN else None
        if frozen:
            await self._wait_for_moment("upload")
            frozen.send_signal(signal.SIGSTOP)
        since = await fail_over(self._server, self._bots, self._dice)
        await self._bots.leader(before.epoch)
        await self._hub.until(lambda: len(self._discord.starts.accepted) > sessions, _CONNECTED)
        self._doubt_answers(lost_since)
        self.report.connected.append(time.monotonic() - since)
        if frozen:
            frozen.send_signal(signal.SIGCONT)
            await asyncio.sleep(_WAKING)
        self.report.ended += 2 - self._bots.running
        self._gateway.add(*(replace(fake, states=((0.0, "done"),)) for fake in halves))
        await self._look_what_is_gone()
        self._outcome.kills["promotion beside a frozen leader" if frozen else "promotion"] += 1

    async def _go_on(self, halves: list[FakeTask]) -> None:
        """In the seconds that will be lost."""
        until = time.monotonic() + self._behind
        for fake in halves:
            first, *others = fake.songs
            songs = (replace(first, state="done"), *(replace(song, state="running") for song in others))
            self._gateway.add(replace(fake, songs=songs, states=((0.0, "running"),)))
        watched: dict[Place, FakeTask] = {}
        with suppress(TimeoutError):
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + self._behind):
                for _ in range(_LATE):
                    fake = self._new_task()
                    end = self._dice.choice((0.0, 0.3, self._behind + 5.0))
                    self._gateway.add(replace(fake, states=((0.0, "queued"), (end, "done"))))
                    await self._watch(fake, watched)
        self._added |= watched
        await asyncio.sleep(max(0.0, until - time.monotonic()))

    def _new_task(self) -> FakeTask:
        number = len(self._fakes) + 1
        while len((fake := self._fake_task(number)).songs) < _SONGS:
            pass
        self._fakes.append(fake)
        self._by_bytes |= {audio(song.sound, song.duration)[0]: song.clip_id[:8] for song in fake.songs}
        return fake

    async def _watch(self, fake: FakeTask, watched: dict[Place, FakeTask]) -> None:
        """Somewhere. Notes it when the person is told that it is watched."""
        place = self._dice.choice((*self._channels, self._forum))
        options: Object = {"ids": fake.id} | ({"channel": place} if place is self._forum else {})
        asked = await self._person.slash(self._channels[0] if place is self._forum else place, "suno watch", **options)
        await self._answered(asked)
        if not asked.failed:
            watched[place["id"], fake.id] = fake

    async def _look_what_is_gone(self) -> None:
        async with await psycopg.AsyncConnection.connect(self._server.primary.url) as connection:
            rows = await (await connection.execute(_WATCHED)).fetchall()
        there = {(str(channel), task) for task, channel in rows}
        self._kept |= {place: fake for place, fake in self._added.items() if place in there}

    async def _wait_for_all(self, wishes: dict[str, list[FakeTask]]) -> None:
        wanted = {(channel, song.clip_id[:8]) for (channel, _), fake in self._kept.items() for song in fake.songs}
        with suppress(TimeoutError):
            await self._hub.until(lambda: wanted <= super(FailOverCrashTest, self)._arrived().keys(), _UNTIL_POSTED)
        await super()._wait_for_all(wishes)

    def _count(self, wishes: dict[str, list[FakeTask]]) -> None:
        super()._count(wishes)
        arrived = super()._arrived()
        for place, fake in (self._added | self._kept).items():
            counts = {song.clip_id[:8]: arrived[place[0], song.clip_id[:8]] for song in fake.songs}
            self._outcome.doubled += [f"{part}, watched late" for part, count in counts.items() if count > 1]
            if place in self._kept:
                self._outcome.lost += [f"{part}, watched late" for part, count in counts.items() if not count]
            else:
                self.report.gone += 1
                self.report.posted += all(counts.values())
        self.report.added = len(self._added)

    def _arrived(self) -> Counter[tuple[str, str]]:
        """Of what was watched at the start."""
        others = {(place[0], song.clip_id[:8]) for place, fake in self._more().items() for song in fake.songs}
        return Counter({each: count for each, count in super()._arrived().items() if each not in others})

    def _more(self) -> dict[Place, FakeTask]:
        return self._added | self._kept


class FailOverOrdersCrashTest(LeaderOrdersCrashTest):
    """`behind`: seconds that the replica lacks. In every other round, what is unsure then is settled by hand."""

    def __init__(self, server: ReplicatedServer, logs: Path, *, rounds: int, seed: int, behind: float) -> None:
        super().__init__(server.primary, logs, rounds=rounds, seed=seed)
        self._server = server
        self._behind = behind

    async def _round(self, leader: Leader) -> None:
        """Some orders for a new leader, which finds them when it begins, and a randomly misbehaving gateway. The
        replica misses how they were sent, or that they were placed.
        """
        self._site.gateway.orders.plan = self._dice.choices([*get_args(Behaviour)], k=A_ROUND)
        await self._server.replicate()
        stopped = self._bots.bot(leader).process
        stopped.terminate()
        leader = await self._bots.leader(leader.epoch)
        await self._place(leader)
        await asyncio.sleep(self._dice.uniform(0.0, _SENT_WITHIN))
        self._server.cut()
        until = time.monotonic() + self._behind
        await self._place(leader)
        await asyncio.sleep(max(0.0, until - time.monotonic()))
        await stopped.wait()
        await fail_over(self._server, self._bots, self._dice)
        self._site.outcome.kills += 1
        await self._start()
        await self._bots.leader(leader.epoch)
        if self._site.outcome.kills % 2:
            await asyncio.sleep(self._dice.uniform(0.0, _SENT_WITHIN))
            await self._settle()
            await self._start()

    async def _settle(self) -> None:
        """What an operator does who reads the gateway's usage log, with the bots stopped."""
        await self._bots.stop()
        site = self._site
        charged = {each.task_id for each in site.gateway.orders.charges}
        tasks = {name_of(each): each.task_id for each in site.gateway.orders.posts if each.task_id in charged}
        settings = given_settings(
            **{name.lower(): value for name, value in site.settings.items()} | {"database_url": site.url}
        )
        async with open_read_only(site.url) as engine:
            _, unsure = await OrderStore(engine).listed(OrderQuery(states=(OrderState.UNSURE,)), limit=len(site.names))
        for order in unsure:
            try:
                await settle_order(settings, order.id, task=tasks.get(order.id), charged=False)
            except CommandFailed as error:
                site.outcome.faults.append(f"{order.id} could not be settled: {error}")
        site.outcome.settled += len(unsure)


async def _promote_again_and_again(chosen: argparse.Namespace, logs: Path) -> bool:
    options = {"rounds": chosen.rounds, "seed": chosen.seed, "behind": chosen.behind}
    good = True
    if "songs" in chosen.of:
        async with replicated_server() as server:
            test = FailOverCrashTest(server, logs, tasks=chosen.tasks, **options)
            outcome = await test.run()
        sys.stdout.write(f"seed {chosen.seed}: {outcome}\n{test.report}\n")
        good = outcome.good and test.report.good
    if "orders" in chosen.of:
        async with replicated_server() as server:
            ordered = await FailOverOrdersCrashTest(server, logs, **options).run()
        sys.stdout.write(f"seed {chosen.seed}: {ordered}\n")
        good = good and ordered.good
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--of", nargs="+", choices=["songs", "orders"], default=["songs", "orders"])
    parser.add_argument("--tasks", type=int, default=80)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--behind", type=float, default=2.0, help="seconds that the promoted replica lacks")
    parser.add_argument("--logs", type=Path, help="a folder for what the bots say")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if asyncio.run(_promote_again_and_again(chosen, chosen.logs or Path(folder))) else 1


if __name__ == "__main__":
    sys.exit(main())
