"""Kills and freezes the leader of two bots while it orders songs, and counts faults:
`python -m sandbox.crashtest_leader_orders`.

Orders are written to the database for each new leader, which finds them when it begins. No order may be sent twice, by
whichever process, and none may be sent by one that another has taken over from.
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from pathlib import Path
from typing import Any, get_args

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.engines.postgresql import opened
from bot.storage.leadership import Term, steady
from bot.storage.lease import Taken
from sandbox.crash_orders import OrdersOutcome, Site, opened_site
from sandbox.crashtest_bots import Leader, TwoBots
from sandbox.local_gateway.orders import Behaviour
from sandbox.postgresql import PostgresServer, running_server

A_ROUND = 4  # orders for each leader
_MINUTE = 60.0  # seconds, more than it takes to start, or to write some orders


class SharedSite(Site):
    """Beside bots that run: orders are written in the name of their leader."""

    leader: Leader

    def __init__(self, bots: TwoBots, *values: Any) -> None:
        super().__init__(*values)
        self._bots = bots

    @property
    def url(self) -> str:
        return self._bots.server.sqlalchemy_url

    def writing(self) -> AbstractAsyncContextManager[AsyncEngine]:
        taken = Taken(epoch=self.leader.epoch, holder=self.leader.holder, timeline="", now=time.time())
        return opened(make_url(self.url), Term(taken, steady(), _MINUTE))


class LeaderOrdersCrashTest:
    def __init__(self, server: PostgresServer, logs: Path, *, rounds: int, seed: int) -> None:
        self._dice = random.Random(seed)
        self._rounds = rounds
        self._bots = TwoBots(server, logs)

    async def run(self) -> OrdersOutcome:
        async with self._bots, opened_site(partial(SharedSite, self._bots)) as site:
            self._site = site
            await self._start()
            await site.discord.hub.until(lambda: site.discord.hub.online, _MINUTE)  # then there are tables, too
            for _ in range(self._rounds):
                await self._round(await self._bots.leader())
            await self._last_round()
            await self._bots.stop()
            outcome = await site.count()
            outcome.faults += self._bots.too_late(*site.discord.requests, *site.gateway.requests)
            return outcome

    async def _start(self) -> None:
        await self._bots.start(self._site.discord.url, 0.0, self._site.settings)
        await self._bots.all_at_work()

    async def _place(self, leader: Leader) -> list[str]:
        self._site.leader = leader
        return await self._site.place_orders(A_ROUND)

    async def _round(self, leader: Leader) -> None:
        """Some orders for the leader, a randomly misbehaving gateway, and an end of the leader at a random moment."""
        self._site.gateway.orders.plan = self._dice.choices([*get_args(Behaviour)], k=A_ROUND)
        await self._place(leader)
        await self._moment()
        process, freezes = self._bots.bot(leader).process, self._dice.random() < 0.5
        process.send_signal(signal.SIGSTOP if freezes else signal.SIGKILL)
        self._site.outcome.kills += 1
        await self._bots.leader(leader.epoch)
        if freezes:
            await asyncio.sleep(self._dice.choice((0.0, 0.5)))
            process.send_signal(signal.SIGCONT)
        else:
            await process.wait()
        await self._start()

    async def _moment(self) -> None:
        """When one of the orders arrives or is charged, and a little later; or after some seconds."""
        taken = self._site.gateway.orders
        counted = self._dice.choice((taken.posts, taken.charges))
        until = len(counted) + self._dice.randint(1, A_ROUND)
        with suppress(TimeoutError):
            async with asyncio.timeout(4.0):
                while len(counted) < until:
                    await asyncio.sleep(0.001)
        await asyncio.sleep(self._dice.choice((0.0, 0.001, 0.004, 0.015, 0.05, 0.4)))

    async def _last_round(self) -> None:
        self._site.gateway.orders.plan, self._site.gateway.orders.behaviour = [], "good"
        await asyncio.sleep(1.0)
        await self._site.until_posted(await self._place(await self._bots.leader()))
        await asyncio.sleep(2.0)  # for what must not happen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--logs", type=Path, help="a folder for what the bots say")
    chosen = parser.parse_args()
    with running_server() as server, tempfile.TemporaryDirectory() as folder:
        test = LeaderOrdersCrashTest(server, chosen.logs or Path(folder), rounds=chosen.rounds, seed=chosen.seed)
        outcome = asyncio.run(test.run())
    sys.stdout.write(f"seed {chosen.seed}: {outcome}\n")
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main())
