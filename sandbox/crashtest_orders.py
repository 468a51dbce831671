"""Kills the bot repeatedly while it orders songs, and counts faults: `python -m sandbox.crashtest_orders`.

The real program runs in its own process, against a local Discord and a local gateway that keep running and misbehave.
Orders are written to its database while it is stopped. It is killed at random moments; `sandbox.crashtest_steps` kills
it between every two steps of an order.
"""

import argparse
import asyncio
import random
import signal
import sys
from asyncio.subprocess import Process
from contextlib import suppress
from typing import get_args

from sandbox.crash_orders import OrdersOutcome, Site, opened_site
from sandbox.local_gateway.orders import Behaviour

_A_ROUND = 4  # orders that are placed before each start


class OrdersCrashTest:
    def __init__(self, *, rounds: int, seed: int) -> None:
        self._dice = random.Random(seed)
        self._rounds = rounds
        self._bot: Process | None = None

    async def run(self) -> OrdersOutcome:
        async with opened_site(Site) as self._site:
            for _ in range(self._rounds):
                await self._round()
            await self._last_round()
            return await self._site.count()

    async def _round(self) -> None:
        """Some orders, a randomly misbehaving gateway, and a kill at a random moment."""
        self._site.gateway.orders.plan = self._dice.choices([*get_args(Behaviour)], k=_A_ROUND)
        unreachable = self._dice.random() < 0.1
        await self._site.place_orders(_A_ROUND)
        await self._start()
        if unreachable:
            await self._site.line.close()
        await self._moment()
        await self._end()
        if unreachable:
            await self._site.line.open()
        self._site.outcome.kills += 1

    async def _last_round(self) -> None:
        """With a gateway that works: accepted orders are posted, the others are sent or wait."""
        self._site.gateway.orders.plan, self._site.gateway.orders.behaviour = [], "good"
        last = await self._site.place_orders(_A_ROUND)
        await self._start()
        await self._site.until_posted(last)
        await self._end(gently=True)

    async def _moment(self) -> None:
        """A random one: at the start, or when an order arrives or is charged, and a little later."""
        taken = self._site.gateway.orders
        counts = {"post": lambda: len(taken.posts), "charge": lambda: len(taken.charges)}
        wait_for = self._dice.choice(["start", "post", "post", "charge", "charge"])
        if wait_for in counts:
            times = self._dice.randint(1, _A_ROUND)
            for _ in range(times):
                before = counts[wait_for]()
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.8):
                        while counts[wait_for]() == before:
                            await asyncio.sleep(0.001)
        await asyncio.sleep(self._dice.choice((0.0, 0.001, 0.004, 0.015, 0.05, 0.4)))

    async def _start(self) -> None:
        self._bot = await self._site.start()
        await self._site.discord.hub.until(lambda: self._site.discord.hub.online, 30)

    async def _end(self, *, gently: bool = False) -> None:
        if self._bot:
            self._bot.send_signal(signal.SIGTERM if gently else signal.SIGKILL)
            await self._bot.wait()
            await self._site.discord.hub.until(lambda: not self._site.discord.hub.online)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    chosen = parser.parse_args()
    outcome = asyncio.run(OrdersCrashTest(**vars(chosen)).run())
    sys.stdout.write(f"seed {chosen.seed}: {outcome}\n")
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main())
