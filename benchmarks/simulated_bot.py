"""The bot's own polling policy in simulated time, in the poller's rounds."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from benchmarks.models import FakeTask, Gateway, Result, make_song, summed_up
from bot.domain.poll_pacer import MIN_ROUND_GAP, PollPacer
from bot.domain.polling import PollResult, observe
from bot.domain.polling import plan as plan_poll
from bot.domain.snapshot import TaskSnapshot
from bot.domain.task import Clip, Status, Task, TaskKind
from bot.domain.watch import Watch
from bot.domain.windows import Window
from bot.gateways.gateway import BATCH_SIZES

INTERVAL = 5.0  # seconds, the bot's default
_BATCH = BATCH_SIZES[-1]
_AT_ONCE = 3  # parallel batches
_ROUND = 0.06  # seconds for a round of requests
_PAUSE = 15.0  # seconds at most until a new task replaces a finished one
_WORDS = (
    (Status.WAITING, "queued"), (Status.RUNNING, "running"), (Status.RUNNING, "streaming"), (Status.DONE, "done")
)  # fmt: skip
_STATES = [
    Task(
        id="t",
        kind=TaskKind.MUSIC,
        status=status,
        raw_status=word,
        clips=(Clip(id="c", status=status, raw_status=word),),
    )
    for status, word in _WORDS
]

_LYRICS = [
    Task(id="t", kind=TaskKind.LYRICS, status=status, raw_status=word) for status, word in (_WORDS[0], _WORDS[-1])
]

Make = Callable[[random.Random, float, Gateway], FakeTask]


@dataclass
class _Watched:
    fake: FakeTask
    snapshot: TaskSnapshot
    watch: Watch


class SimulatedBot:
    """`alive`: number of tasks at any time; `warm_up`: seconds that are not counted; `pacing`: of an earlier run."""

    def __init__(
        self,
        alive: int,
        gateway: Gateway,
        *,
        warm_up: float = 0.0,
        seed: int = 1,
        make: Make = make_song,
        begins: float = 0.0,
        pacing: PollPacer | None = None,
    ) -> None:
        self._dice = random.Random(seed)
        self._gateway = gateway
        self._make = make
        self._warm_up = warm_up
        self._now = begins
        self.pacing = pacing or PollPacer(INTERVAL)
        self._numbers, self._ids = itertools.count(), itertools.count()
        self._queue: list[tuple[float, int, _Watched]] = []
        self.requests = 0
        self._failed = False
        self._alive = alive
        self.seen: list[tuple[float, float]] = []  # when a finished task was shown, and the delay until it was seen
        for _ in range(alive):
            self._add(begins - self._dice.uniform(0, 120), begins + self._dice.uniform(0, INTERVAL))

    def _add(self, born: float, due_at: float) -> FakeTask:
        fake = self._make(self._dice, born, self._gateway)
        kind = TaskKind.LYRICS if fake.lyrics else TaskKind.MUSIC
        task_id = f"t{next(self._ids)}"
        watch = Watch(task_id=task_id, user_id=1, channel_id=1, created_at=born)
        self._queue_up(_Watched(fake, TaskSnapshot(task_id=task_id, kind=kind), watch), due_at)
        return fake

    def _queue_up(self, task: _Watched, due_at: float) -> None:
        heapq.heappush(self._queue, (due_at, next(self._numbers), task))

    def run(self, seconds: float) -> Result:
        self.play(seconds)
        return summed_up(self.requests, [delay for _, delay in self.seen])

    def watch_one(self) -> FakeTask:
        """Runs with a new task until it is seen finished."""
        fake = self._add(self._now, self._now)
        while not self.seen:
            self.play(self._now + MIN_ROUND_GAP)
        return fake

    def play(self, until: float) -> None:
        while self._now < until:
            self._now = max(self._now + INTERVAL * MIN_ROUND_GAP, self._queue[0][0])
            self._round()

    def _round(self) -> None:
        soon = self.pacing.claim_until(self._now)
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
                windows += self._poll(due[start : start + _BATCH], probe=probe and start == 0)
            probe = False
        self.pacing.observe(windows)

    def _put_off(self, due: list[_Watched]) -> None:
        self._failed = True
        for task in due:
            self._queue_up(task, self._now + INTERVAL * 0.8)

    def _due(self, soon: float) -> list[_Watched]:
        due: list[_Watched] = []
        while self._queue and self._queue[0][0] <= soon and len(due) < _BATCH * _AT_ONCE:
            due.append(heapq.heappop(self._queue)[2])
        return due

    def _poll(self, batch: list[_Watched], *, probe: bool) -> list[Window]:
        alive = len(batch) + len(self._queue)
        schedule = self.pacing.schedule(self._now, together=len(batch), open_tasks=alive, probe=probe)
        by_id = {task.snapshot.task_id: task for task in batch}
        before = {task_id: task.snapshot for task_id, task in by_id.items()}
        results = {task_id: PollResult("g", self._answer(task.fake)) for task_id, task in by_id.items()}
        after = observe(before, results, self._now)
        plan = plan_poll(before, after, [task.watch for task in batch], {}, self._now, schedule)
        for task_id, task in by_id.items():
            task.snapshot = after[task_id]
            if (due_at := plan.due_at[task_id]) is None:
                self._finish(task.fake)
            else:
                self._queue_up(task, due_at)
        return [
            Window(asked_at, self._now, stamp)
            for task_id, stamp in plan.changed.items()
            if (asked_at := before[task_id].asked_at)
        ]

    def _answer(self, fake: FakeTask) -> Task:
        state = fake.state(self._now)
        answer = (_LYRICS if fake.lyrics else _STATES)[state]
        return replace(answer, updated_at=self._gateway.stamp(fake.shown[state - 1]) if state else None)

    def _finish(self, fake: FakeTask) -> None:
        if self._now > self._warm_up:
            self.seen.append((fake.done, self._now - fake.done))
        if self._alive:
            born = self._now + self._dice.uniform(0, _PAUSE)
            self._add(born, born)
