"""Whose request to a gateway goes next: few at once and few a second, shared fairly by the bot and the people.

When both wait, the bot's own requests, which look at watched tasks, and people's go by turns; and so do people among
each other. Nobody's many requests hold up another one's few.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

_SAVED = 1.0  # seconds: what was not used in the last of them may go at once

asking_for: ContextVar[int | None] = ContextVar("asking_for", default=None)
"""The person for whom something is done; None: the bot by itself. Tasks that are begun meanwhile inherit it."""


class _Line:
    """Requests of one person, or of the bot: those for whose answer somebody waits, and the others."""

    def __init__(self, who: int | None) -> None:
        self.who = who
        self.urgent: deque[asyncio.Future[None]] = deque()
        self.others: deque[asyncio.Future[None]] = deque()

    def next(self) -> asyncio.Future[None]:
        return (self.urgent or self.others).popleft()


class FairQueue:
    """`at_once`: how many requests may be on their way; `per_second`: how many may leave.

    Where more than one may be on its way, one place is kept for people, one for the bot, and nobody has more than half.
    """

    def __init__(self, at_once: int, per_second: float) -> None:
        self._at_once = at_once
        self._rest = 1 / per_second
        self._next = 0.0  # when the next may go, on the event loop's clock
        self._lines: OrderedDict[int | None, _Line] = OrderedDict()  # in the order of their turns
        self._going: Counter[int | None] = Counter()
        self._bots_turn = True
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self, *, urgent: bool = False) -> AsyncIterator[None]:
        """`urgent`: before what the same person waits for beside it."""
        who = asking_for.get()
        await self._wait(who, urgent=urgent)
        try:
            yield
        finally:
            self._leave(who)

    async def _wait(self, who: int | None, *, urgent: bool) -> None:
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line = self._lines.setdefault(who, _Line(who))
        (line.urgent if urgent else line.others).append(mine)
        self._let_go()
        try:
            await mine
        except asyncio.CancelledError:
            if not mine.cancelled():  # it had its turn already
                self._leave(who)
            raise

    def _leave(self, who: int | None) -> None:
        self._going[who] -= 1
        if not self._going[who]:
            del self._going[who]
        self._let_go()

    def _let_go(self) -> None:
        """All whose turn it is."""
        loop = asyncio.get_running_loop()
        while line := self._next_line():
            now = loop.time()
            if self._next > now:
                self._timer = self._timer or loop.call_at(self._next, self._ring)
                return
            mine = line.next()
            self._lines.move_to_end(line.who)
            if not (line.urgent or line.others):
                del self._lines[line.who]
            if not mine.done():
                self._next = max(self._next, now - _SAVED) + self._rest
                self._bots_turn = line.who is not None
                self._going[line.who] += 1
                mine.set_result(None)

    def _ring(self) -> None:
        self._timer = None
        self._let_go()

    def _next_line(self) -> _Line | None:
        if self._going.total() >= self._at_once:
            return None
        most = max(1, self._at_once - 1)
        bot = self._lines.get(None) if self._going[None] < most else None
        person = self._persons_line() if self._going.total() - self._going[None] < most else None
        return bot if bot and (self._bots_turn or person is None) else person

    def _persons_line(self) -> _Line | None:
        each = (self._at_once + 1) // 2
        return next((line for who, line in self._lines.items() if who is not None and self._going[who] < each), None)
