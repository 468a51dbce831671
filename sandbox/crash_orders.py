"""What both crash tests of orders share: a place to kill the bot in, orders to place, and the count at the end.

In the end no order may have been sent twice, every one that the gateway took an id for must be posted, what was charged
must never be called refused, none may be left in *sending*, and the ledger must add up.
"""

import asyncio
import os
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.allowance import Limits
from bot.domain.order import GIVEN_BACK, Order, OrderState
from bot.domain.song_request import RequestKind, SongRequest
from bot.storage.database import open_database, open_read_only
from bot.storage.orders import OrderStore
from bot.storage.schema import ledger, orders
from sandbox.local_discord.server import LocalDiscord
from sandbox.local_discord.world import Object, World
from sandbox.local_gateway.orders import Post
from sandbox.local_gateway.server import LocalGateway
from sandbox.local_gateway.tcp_proxy import TcpProxy

_ROOT = Path(__file__).parents[1]
_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.crash.test-that-opens-nothing-0123456789"
_PEOPLE = 60
_PLACES = 8  # Discord takes a message in a second for each
_LONGEST = 90.0  # seconds from the last start until all that was accepted must be posted
_SONGS = 2  # of an order
TAKEN = frozenset({OrderState.ACCEPTED, OrderState.FINISHED})
_MAY_BE_CHARGED = TAKEN | {OrderState.UNSURE}


@dataclass
class OrdersOutcome:
    orders: int = 0
    kills: int = 0
    settled: int = 0  # by hand
    states: Counter[str] = field(default_factory=Counter)
    behaviours: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.faults

    def __str__(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        met = ", ".join(f"{count} {each}" for each, count in sorted(self.behaviours.items()))
        by_hand = f", {self.settled} settled by hand" if self.settled else ""
        head = (
            f"{self.orders} orders, {self.kills} kills{by_hand}; met: {met}; ended: {states}; {len(self.faults)} faults"
        )
        return "\n".join([head, *(f"  {fault}" for fault in self.faults)])


class Site:
    """A local Discord, a local gateway and the line to it, which live on; and a bot between them, which does not."""

    def __init__(
        self, discord: LocalDiscord, gateway: LocalGateway, line: TcpProxy, folder: str, places: list[Object]
    ) -> None:
        self.discord = discord
        self.gateway = gateway
        self.line = line
        self.names: list[str] = []
        self.outcome = OrdersOutcome()
        self._places = places
        self.settings = _settings(f"http://127.0.0.1:{line.port}", gateway.media_host, folder)

    @property
    def url(self) -> str:
        return self.settings["DATABASE_URL"].replace("sqlite:", "sqlite+aiosqlite:")

    async def place_orders(self, count: int) -> list[str]:
        """Their ids, which are also what they say."""
        placed = []
        async with self.writing() as engine:
            store = OrderStore(engine)
            for _ in range(count):
                order = self._order(f"order{len(self.names):05}")
                await store.draft(order)
                await store.place(order, Limits(), time.time())
                self.names.append(order.id)
                placed.append(order.id)
        return placed

    def writing(self) -> AbstractAsyncContextManager[AsyncEngine]:
        """The database, while the bot is dead."""
        return open_database(self.url)

    def _order(self, name: str) -> Order:
        people, place = list(self.discord.world.people()), self._places[len(self.names) % len(self._places)]
        return Order(
            id=name,
            user_id=int(people[len(self.names) % len(people)]["id"]),
            guild_id=int(place["guild_id"]),
            channel_id=int(place["id"]),
            gateway="default",
            request=SongRequest(kind=RequestKind.DESCRIBE, description=name, model="chirp-hawk"),
            created_at=time.time(),
        )

    async def start(self, program: str = "redirected_bot", *arguments: str) -> Process:
        command = [sys.executable, "-m", f"sandbox.{program}", *arguments, self.discord.url, "0", "run"]
        return await asyncio.create_subprocess_exec(*command, env=self.settings, stdout=DEVNULL, stderr=DEVNULL)

    def posted(self) -> Counter[str]:
        """How many songs were posted, by task."""
        posted: Counter[str] = Counter()
        for message in (each for messages in self.discord.world.messages.values() for each in messages.values()):
            buttons = [each for row in message["components"] for each in row.get("components", ())]
            names = [str(each.get("custom_id", "")) for each in buttons]
            for task_id in {name.split(":", 3)[3] for name in names if name.startswith("s1:dt:")}:
                posted[task_id] += len(message["attachments"])
        return +posted

    async def until_posted(self, last: list[str]) -> None:
        """Until those are, and all that was taken before; or for a long time. While the bot runs."""
        until = time.monotonic() + _LONGEST
        while time.monotonic() < until:
            async with open_read_only(self.url) as engine, engine.connect() as connection:
                taken = select(orders.c.id, orders.c.task_id).where(orders.c.state.in_(TAKEN))
                rows = (await connection.execute(taken)).all()
            posted = self.posted()
            if {row.id for row in rows} >= set(last) and all(row.task_id in posted for row in rows):
                return
            await asyncio.sleep(0.5)

    async def kept(self) -> Sequence[Row[Any, Any, Any]]:
        """Id, state and task of every order, as the database has it."""
        async with open_database(self.url) as engine, engine.connect() as connection:
            kept = select(orders.c.id, orders.c.state, orders.c.task_id).where(orders.c.id.in_(self.names))
            return (await connection.execute(kept)).all()

    async def count(self) -> OrdersOutcome:
        posts, charges = self.gateway.orders.posts, self.gateway.orders.charges
        self.outcome.orders = len(self.names)
        self.outcome.behaviours.update(each.behaviour for each in posts)
        sent = Counter(name_of(each) for each in posts if each.behaviour != "busy")
        self.outcome.faults += [f"{name} was sent {count} times" for name, count in sent.items() if count > 1]
        charged_tasks = {charge.task_id for charge in charges}
        charged = {name_of(each) for each in posts if each.task_id in charged_tasks}
        posted, held = self.posted(), await self._held()
        more = [(task_id, count) for task_id, count in posted.items() if count > _SONGS]
        self.outcome.faults += [f"{count} songs of {task_id} were posted" for task_id, count in more]
        for row in await self.kept():
            state = OrderState(row.state)
            self.outcome.states[state] += 1
            self.outcome.faults += _faults(row, charged=row.id in charged, posted=row.task_id in posted, held=held)
        return self.outcome

    async def _held(self) -> Counter[str]:
        """How much of the allowance each order holds."""
        held: Counter[str] = Counter()
        async with open_database(self.url) as engine, engine.connect() as connection:
            amounts = select(ledger.c.order_id, ledger.c.amount).where(ledger.c.order_id.in_(self.names))
            for order_id, amount in await connection.execute(amounts):
                held[order_id] += amount
        return held


def _faults(row: Row[Any, Any, Any], *, charged: bool, posted: bool, held: Counter[str]) -> list[str]:
    state = OrderState(row.state)
    faults = []
    if state is OrderState.SENDING:
        faults.append(f"{row.id} was left in sending")
    if charged and state not in _MAY_BE_CHARGED:
        faults.append(f"{row.id} was charged and is {state}")
    if state in TAKEN and not posted:
        faults.append(f"{row.id} is {state} and was not posted")
    if held[row.id] != (0 if state in GIVEN_BACK else 1):
        faults.append(f"{row.id} is {state} and holds {held[row.id]} of the allowance")
    return faults


S = TypeVar("S", bound=Site)


@asynccontextmanager
async def opened_site(kind: Callable[..., S]) -> AsyncIterator[S]:
    """`kind`: makes the site."""
    world = World()
    ada = world.add_user("Ada")
    guild = world.add_guild("Studio", owner=ada)
    for number in range(_PEOPLE):
        world.add_member(guild, world.add_user(f"Singer {number}"))
    places = [world.add_channel(guild, f"songs-{number}") for number in range(_PLACES)]
    with tempfile.TemporaryDirectory(prefix="suno-watch-orders-") as folder:
        async with LocalDiscord(token=_TOKEN, world=world) as discord, LocalGateway() as gateway:
            gateway.orders.takes = 1.0
            discord.starts.interval = 0.0  # it is killed between the steps of orders, not of connections
            async with TcpProxy(int(gateway.url.rpartition(":")[2])) as line:
                yield kind(discord, gateway, line, folder, places)


def name_of(post: Post) -> str:
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
