"""The bot in simulated time: its own rhythm and its own next look, in the poller's rounds."""

import heapq
import itertools
import random
from dataclasses import dataclass

from benchmarks.models import Gateway, Life, Result, make_life, summed_up
from bot.domain.rhythm import Rhythm, Window
from bot.domain.sight import Pace, Sight, next_look, seen
from bot.domain.task import Clip, Kind, Status, Task
from bot.gateways.gateway import BATCH_SIZES
from bot.services.poller import GATHERING, GOLDEN, JITTER, SPACING

_INTERVAL = 5.0  # seconds, the bot's default
_BATCH = BATCH_SIZES[-1]
_AT_ONCE = 3  # batches on their way
_ROUND = 0.06  # seconds that a round of requests takes
_PAUSE = 15.0  # seconds at most until another task takes the place of a finished one
_WORDS = (
    (Status.WAITING, "queued"), (Status.RUNNING, "running"), (Status.RUNNING, "streaming"), (Status.DONE, "done")
)  # fmt: skip
_STATES = [
    Task(id="t", kind=Kind.MUSIC, status=status, raw_status=word, clips=(Clip(id="c", status=status, raw_status=word),))
    for status, word in _WORDS
]


@dataclass
class _Watched:
    life: Life
    sight: Sight


class SimulatedBot:
    """`alive`: how many tasks at any time; `warm_up`: seconds that are not counted."""

    def __init__(self, alive: int, gateway: Gateway, *, warm_up: float, seed: int = 1) -> None:
        self._dice = random.Random(seed)
        self._gateway = gateway
        self._warm_up = warm_up
        self._now = 0.0
        self._turn = 0.0
        self._rhythm = Rhythm()
        self._numbers = itertools.count()
        self._queue: list[tuple[float, int, _Watched]] = []
        self._requests = 0
        self._delays: list[float] = []
        for _ in range(alive):
            self._add(-self._dice.uniform(0, 120), self._dice.uniform(0, _INTERVAL))

    def _add(self, born: float, due_at: float) -> None:
        self._queue_up(_Watched(make_life(self._dice, born, self._gateway), Sight(task_id="t")), due_at)

    def _queue_up(self, task: _Watched, due_at: float) -> None:
        heapq.heappush(self._queue, (due_at, next(self._numbers), task))

    def run(self, seconds: float) -> Result:
        while self._now < seconds:
            self._now = max(self._now + _INTERVAL * SPACING, self._queue[0][0])
            self._round()
        return summed_up(self._requests, self._delays)

    def _round(self) -> None:
        soon = self._now + (0.0 if self._rhythm.tick else _INTERVAL * GATHERING)
        windows, probe = [], True
        while due := self._due(soon):
            self._now += _ROUND
            self._requests += -(-len(due) // _BATCH) if self._now > self._warm_up else 0
            self._turn = (self._turn + GOLDEN) % 1.0
            for place, task in enumerate(due):
                if (since := self._look(task, probe=probe and place < _BATCH)) is not None:
                    windows.append(Window(since, self._now))
            probe = False
        if windows:
            self._rhythm = self._rhythm.heard(min(windows, key=lambda window: window.length))

    def _due(self, soon: float) -> list[_Watched]:
        due: list[_Watched] = []
        while self._queue and self._queue[0][0] <= soon and len(due) < _BATCH * _AT_ONCE:
            due.append(heapq.heappop(self._queue)[2])
        return due

    def _look(self, task: _Watched, *, probe: bool) -> float | None:
        """When it was as it was before, if it is not any more."""
        state, before, now = _STATES[task.life.state(self._now)], task.sight, self._now
        task.sight = seen(before, state, "g", now)
        if state.settled:
            self._finish(task.life)
        else:
            pace = Pace(_INTERVAL * (1 - JITTER + 2 * JITTER * self._turn), self._rhythm.tick, probe)
            self._queue_up(task, next_look(task.sight, now, pace))
        return before.asked_at if before.task and task.sight.changed_at == now else None

    def _finish(self, life: Life) -> None:
        if self._now > self._warm_up:
            self._delays.append(self._now - life.done)
        born = self._now + self._dice.uniform(0, _PAUSE)
        self._add(born, born)
