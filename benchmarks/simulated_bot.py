"""The bot in simulated time: its own pacing and its own next look, in the poller's rounds."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.models import Gateway, Life, Result, make_song, summed_up
from bot.domain.pacing import SPACING, Pacing
from bot.domain.sight import Sight, next_look, seen
from bot.domain.task import Clip, Kind, Status, Task
from bot.domain.windows import Window
from bot.gateways.gateway import BATCH_SIZES

INTERVAL = 5.0  # seconds, the bot's default
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

_LYRICS = [Task(id="t", kind=Kind.LYRICS, status=status, raw_status=word) for status, word in (_WORDS[0], _WORDS[-1])]

Make = Callable[[random.Random, float, Gateway], Life]


@dataclass
class _Watched:
    life: Life
    sight: Sight


class SimulatedBot:
    """`alive`: how many tasks at any time; `warm_up`: seconds that are not counted. `pacing`: what an earlier bot has
    learned.
    """

    def __init__(
        self,
        alive: int,
        gateway: Gateway,
        *,
        warm_up: float = 0.0,
        seed: int = 1,
        make: Make = make_song,
        begins: float = 0.0,
        pacing: Pacing | None = None,
    ) -> None:
        self._dice = random.Random(seed)
        self._gateway = gateway
        self._make = make
        self._warm_up = warm_up
        self._now = begins
        self.pacing = pacing or Pacing(INTERVAL)
        self._numbers = itertools.count()
        self._queue: list[tuple[float, int, _Watched]] = []
        self.requests = 0
        self._failed = False
        self._alive = alive
        self.seen: list[tuple[float, float]] = []  # when a task was shown finished, and how much later it was seen
        for _ in range(alive):
            self._add(begins - self._dice.uniform(0, 120), begins + self._dice.uniform(0, INTERVAL))

    def _add(self, born: float, due_at: float) -> Life:
        life = self._make(self._dice, born, self._gateway)
        kind = Kind.LYRICS if life.lyrics else Kind.MUSIC
        self._queue_up(_Watched(life, Sight(task_id="t", kind=kind)), due_at)
        return life

    def _queue_up(self, task: _Watched, due_at: float) -> None:
        heapq.heappush(self._queue, (due_at, next(self._numbers), task))

    def run(self, seconds: float) -> Result:
        self.play(seconds)
        return summed_up(self.requests, [delay for _, delay in self.seen])

    def watch_one(self) -> Life:
        """A task that was just begun, until it is seen finished."""
        life = self._add(self._now, self._now)
        while not self.seen:
            self.play(self._now + SPACING)
        return life

    def play(self, until: float) -> None:
        while self._now < until:
            self._now = max(self._now + INTERVAL * SPACING, self._queue[0][0])
            self._round()

    def _round(self) -> None:
        soon = self.pacing.soon(self._now)
        windows: list[Window] = []
        probe = True
        while due := self._due(soon):
            if not self._gateway.answers(self._now):
                self._put_off(due)
                break
            if self._failed:
                self._failed = False
                self.pacing.interrupted(self._now)
            self._now += _ROUND
            self.requests += -(-len(due) // _BATCH) if self._now > self._warm_up else 0
            for start in range(0, len(due), _BATCH):
                windows += self._look(due[start : start + _BATCH], probe=probe and start == 0)
            probe = False
        self.pacing.heard(windows)

    def _put_off(self, due: list[_Watched]) -> None:
        self._failed = True
        for task in due:
            self._queue_up(task, self._now + INTERVAL * 0.8)

    def _due(self, soon: float) -> list[_Watched]:
        due: list[_Watched] = []
        while self._queue and self._queue[0][0] <= soon and len(due) < _BATCH * _AT_ONCE:
            due.append(heapq.heappop(self._queue)[2])
        return due

    def _look(self, batch: list[_Watched], *, probe: bool) -> list[Window]:
        alive = len(batch) + len(self._queue)
        pace = self.pacing.pace(self._now, together=len(batch), alive=alive, probe=probe)
        windows = []
        for task in batch:
            before, state, now = task.sight, task.life.state(self._now), self._now
            answer = (_LYRICS if task.life.lyrics else _STATES)[state]
            task.sight = seen(before, answer, "g", now)
            if before.task and before.asked_at and task.sight.changed_at == now:
                stamp = self._gateway.stamp(task.life.shown[state - 1])
                windows.append(Window(before.asked_at, now, stamp))
            if answer.settled:
                self._finish(task.life)
            else:
                self._queue_up(task, next_look(task.sight, now, pace))
        return windows

    def _finish(self, life: Life) -> None:
        if self._now > self._warm_up:
            self.seen.append((life.done, self._now - life.done))
        if self._alive:
            born = self._now + self._dice.uniform(0, _PAUSE)
            self._add(born, born)
