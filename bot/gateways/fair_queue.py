"""The order of requests to a gateway: limited at once and per second, shared fairly by the bot and the people.

When both wait, people's requests and the bot's own ones, which poll watched tasks, alternate; so do different people's.
Many requests of one person do not delay another's few.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

_SAVED = 1.0  # seconds: unused requests of this time may start at once

asking_for: ContextVar[int | None] = ContextVar("asking_for", default=None)
"""The person for whom something is done; None: the bot itself. Inherited by every asyncio.Task started meanwhile."""


class _Requests:
    """Requests of one person, or of the bot: urgent ones, for whose answers somebody waits, and the others."""

    def __init__(self, who: int | None) -> None:
        self.who = who
        self.urgent: deque[asyncio.Future[None]] = deque()
        self.others: deque[asyncio.Future[None]] = deque()

    def next(self) -> asyncio.Future[None]:
        return (self.urgent or self.others).popleft()


class FairQueue:
    """`at_once`: the number of concurrent requests; `per_second`: how many may start per second.

    With more than one at once, one is reserved for people, one for the bot, and nobody has more than half.
    """

    def __init__(self, at_once: int, per_second: float) -> None:
        self._at_once = at_once
        self._interval = 1 / per_second
        self._next = 0.0  # when the next may start, on the event loop's clock
        self._waiting: OrderedDict[int | None, _Requests] = OrderedDict()  # in the order of their turns
        self._running: Counter[int | None] = Counter()
        self._bots_turn = True
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self, *, urgent: bool = False) -> AsyncIterator[None]:
        """`urgent`: before other requests of the same person."""
        who = asking_for.get()
        await self._wait(who, urgent=urgent)
        try:
            yield
        finally:
            self._leave(who)

    async def _wait(self, who: int | None, *, urgent: bool) -> None:
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        requests = self._waiting.setdefault(who, _Requests(who))
        (requests.urgent if urgent else requests.others).append(mine)
        self._start()
        try:
            await mine
        except asyncio.CancelledError:
            if not mine.cancelled():  # it had started already
                self._leave(who)
            raise

    def _leave(self, who: int | None) -> None:
        self._running[who] -= 1
        if not self._running[who]:
            del self._running[who]
        self._start()

    def _start(self) -> None:
        """Starts all requests that may start now."""
        loop = asyncio.get_running_loop()
        while requests := self._next_requests():
            now = loop.time()
            if self._next > now:
                self._timer = self._timer or loop.call_at(self._next, self._on_timer)
                return
            mine = requests.next()
            self._waiting.move_to_end(requests.who)
            if not (requests.urgent or requests.others):
                del self._waiting[requests.who]
            if not mine.done():
                self._next = max(self._next, now - _SAVED) + self._interval
                self._bots_turn = requests.who is not None
                self._running[requests.who] += 1
                mine.set_result(None)

    def _on_timer(self) -> None:
        self._timer = None
        self._start()

    def _next_requests(self) -> _Requests | None:
        if self._running.total() >= self._at_once:
            return None
        most = max(1, self._at_once - 1)
        bot = self._waiting.get(None) if self._running[None] < most else None
        person = self._next_persons_requests() if self._running.total() - self._running[None] < most else None
        return bot if bot and (self._bots_turn or person is None) else person

    def _next_persons_requests(self) -> _Requests | None:
        each = (self._at_once + 1) // 2
        return next(
            (requests for who, requests in self._waiting.items() if who is not None and self._running[who] < each), None
        )
