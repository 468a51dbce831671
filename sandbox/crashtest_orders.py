"""Kills the bot repeatedly while it orders songs, and counts faults: `python -m sandbox.crashtest_orders`.

The real program runs in its own process, against a local Discord and a local gateway that keep running and misbehave.
Orders are written to its database while it is stopped. In the end no order may have been sent twice, every order that
got a task id must be posted, a charged order must not count as refused, and the ledger must add up.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from sqlalchemy import select

from bot.domain.allowance import Limits
from bot.domain.order import GIVEN_BACK, Order, OrderState
from bot.domain.song_request import RequestKind, SongRequest
from bot.storage.database import open_database
from bot.storage.orders import OrderStore
from bot.storage.schema import ledger, orders
from sandbox.local_discord.server import LocalDiscord
from sandbox.local_discord.world import Object, World
from sandbox.local_gateway.orders import Behaviour, Post
from sandbox.local_gateway.server import LocalGateway
from sandbox.local_gateway.tcp_proxy import TcpProxy

_ROOT = Path(__file__).parents[1]
_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.crash.test-that-opens-nothing-0123456789"
_A_ROUND = 4  # orders that are placed before each start
_LONGEST = 60.0  # seconds from the last kill until all accepted orders must be posted
_ACCEPTED = frozenset({OrderState.ACCEPTED, OrderState.FINISHED})
_MAY_BE_CHARGED = _ACCEPTED | {OrderState.UNSURE}


@dataclass
class OrdersOutcome:
    orders: int = 0
    kills: int = 0
    states: Counter[str] = field(default_factory=Counter)
    behaviours: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.faults

    def __str__(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        met = ", ".join(f"{count} {each}" for each, count in sorted(self.behaviours.items()))
        head = f"{self.orders} orders, {self.kills} kills; met: {met}; ended: {states}; {len(self.faults)} faults"
        return "\n".join([head, *(f"  {fault}" for fault in self.faults)])


class OrdersCrashTest:
    def __init__(self, *, rounds: int, seed: int) -> None:
        self._dice = random.Random(seed)
        self._sources = rounds
        self._outcome = OrdersOutcome()
        self._bot: Process | None = None

    async def run(self) -> OrdersOutcome:
        world = World()
        ada = world.add_user("Ada")
        guild = world.add_guild("Studio", owner=ada)
        self._people = [world.add_user(f"Singer {number}") for number in range(_A_ROUND * (self._sources + 1))]
        for each in self._people:
            world.add_member(guild, each)
        self._place = guild, world.add_channel(guild, "songs")
        with tempfile.TemporaryDirectory(prefix="suno-watch-orders-") as folder:
            async with LocalDiscord(token=_TOKEN, world=world) as discord, LocalGateway() as gateway:
                self._discord, self._gateway = discord, gateway
                discord.starts.interval = 0.0  # it is killed in the middle of orders, not while it connects
                gateway.orders.takes = 1.0
                port = int(gateway.url.rpartition(":")[2])
                async with TcpProxy(port) as self._line:
                    self._settings = _settings(f"http://127.0.0.1:{self._line.port}", gateway.media_host, folder)
                    for _ in range(self._sources):
                        await self._round()
                    await self._last_round()
                await self._count()
        return self._outcome

    async def _round(self) -> None:
        """Some orders, a randomly misbehaving gateway, and a kill at a random moment."""
        moods = [*get_args(Behaviour)]
        self._gateway.orders.plan = self._dice.choices(moods, k=_A_ROUND)
        unreachable = self._dice.random() < 0.1
        await self._place_orders()
        await self._start()
        if unreachable:
            await self._line.close()
        await self._moment()
        await self._end()
        if unreachable:
            await self._line.open()
        self._outcome.kills += 1

    async def _last_round(self) -> None:
        """With a gateway that works: accepted orders are posted, the others are sent or wait."""
        self._gateway.orders.plan, self._gateway.orders.behaviour = [], "good"
        await self._place_orders()
        await self._start()
        until = time.monotonic() + _LONGEST
        while time.monotonic() < until and not await self._is_all_posted():
            await asyncio.sleep(0.5)
        await self._end(gently=True)

    async def _moment(self) -> None:
        """A random one: at the start, or when an order arrives or is charged, and a little later."""
        taken = self._gateway.orders
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

    async def _place_orders(self) -> None:
        guild, channel = self._place
        async with open_database(self._url) as engine:
            store = OrderStore(engine)
            for _ in range(_A_ROUND):
                order = self._order(guild, channel)
                await store.draft(order)
                await store.place(order, Limits(), time.time())

    def _order(self, guild: Object, channel: Object) -> Order:
        number = self._outcome.orders
        self._outcome.orders += 1
        name = f"order{number:05}"
        return Order(
            id=name,
            user_id=int(self._people[number % len(self._people)]["id"]),
            guild_id=int(guild["id"]),
            channel_id=int(channel["id"]),
            gateway="default",
            request=SongRequest(kind=RequestKind.DESCRIBE, description=name, model="chirp-hawk"),
            created_at=time.time(),
        )

    @property
    def _url(self) -> str:
        return self._settings["DATABASE_URL"].replace("sqlite:", "sqlite+aiosqlite:")

    async def _start(self) -> None:
        command = [sys.executable, "-m", "sandbox.redirected_bot", self._discord.url, "0", "run"]
        self._bot = await asyncio.create_subprocess_exec(*command, env=self._settings, stdout=DEVNULL, stderr=DEVNULL)
        await self._discord.hub.until(lambda: self._discord.hub.online, 30)

    async def _end(self, *, gently: bool = False) -> None:
        if self._bot:
            self._bot.send_signal(signal.SIGTERM if gently else signal.SIGKILL)
            await self._bot.wait()
            await self._discord.hub.until(lambda: not self._discord.hub.online)

    async def _is_all_posted(self) -> bool:
        """True if all orders that got a task id are posted."""
        answered = [each for each in self._gateway.orders.posts if each.behaviour in ("good", "late")]
        posted = self._posted()
        last = f"order{self._outcome.orders - 1:05}"
        is_over = any(_name(each) == last for each in answered)
        alive = [each.task_id for each in answered[-_A_ROUND:]]
        return is_over and all(each in posted for each in alive)

    def _posted(self) -> set[str]:
        """The tasks whose songs were posted."""
        buttons = [
            str(each.get("custom_id", ""))
            for messages in self._discord.world.messages.values()
            for message in messages.values()
            if message["attachments"]
            for row in message["components"]
            for each in row.get("components", ())
        ]
        return {each.split(":", 3)[3] for each in buttons if each.startswith("s1:dt:")}

    async def _count(self) -> None:
        posts, charges = self._gateway.orders.posts, self._gateway.orders.charges
        self._outcome.behaviours.update(each.behaviour for each in posts)
        sent = Counter(_name(each) for each in posts if each.behaviour != "busy")
        charged = {_name(each) for each in posts if each.task_id in {charge.task_id for charge in charges}}
        faults = [f"{name} was sent {count} times" for name, count in sent.items() if count > 1]
        posted = self._posted()
        async with open_database(self._url) as engine, engine.connect() as connection:
            names = [f"order{number:05}" for number in range(self._outcome.orders)]
            amounts = select(ledger.c.order_id, ledger.c.amount).where(ledger.c.order_id.in_(names))
            held: Counter[str] = Counter()
            for order_id, amount in await connection.execute(amounts):
                held[order_id] += amount
            kept = select(orders.c.id, orders.c.state, orders.c.task_id).where(orders.c.id.in_(names))
            for row in (await connection.execute(kept)).all():
                state = OrderState(row.state)
                self._outcome.states[state] += 1
                if state is OrderState.SENDING:
                    faults.append(f"{row.id} was left in sending")
                if row.id in charged and state not in _MAY_BE_CHARGED:
                    faults.append(f"{row.id} was charged and is {state}")
                if state in _ACCEPTED and row.task_id not in posted:
                    faults.append(f"{row.id} is {state} and was not posted")
                if held[row.id] != (0 if state in GIVEN_BACK else 1):
                    faults.append(f"{row.id} is {state} and holds {held[row.id]} of the allowance")
        self._outcome.faults = faults


def _name(post: Post) -> str:
    return str(post.body.get("gpt_description_prompt", ""))


def _settings(url: str, media_host: str, folder: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(_ROOT),
        "DISCORD_TOKEN": _TOKEN,
        "SUNO_BASE_URL": url,
        "DATABASE_URL": f"sqlite:///{folder}/bot.db",
        "MEDIA_ALLOW_HOSTS": media_host,
        "POLL_INTERVAL_SECONDS": "0.4",
        "CREATE": "on",
        "CREATE_AT_ONCE": "100",
    }


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
