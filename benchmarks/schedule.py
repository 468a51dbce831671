"""How soon a finished song is seen, and at how many requests: the bot's own policy beside what others do.

`python -m benchmarks.schedule` plays real policies against model gateways, in simulated time, and prints a table.
"""

import heapq
import json
import math
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.domain.rhythm import Rhythm, Window
from bot.domain.sight import Pace, Sight, next_look, seen
from bot.domain.task import Clip, Kind, Status, Task
from bot.gateways.gateway import BATCH_SIZES

_INTERVAL = 5.0  # seconds, the bot's default
_BATCH = BATCH_SIZES[-1]
_AT_ONCE = 3  # batches on their way
_ROUND = 0.06  # seconds that a round of requests takes
_GATHERING = 0.25  # of the interval, as in the poller
_SPACING = 0.25  # seconds between two rounds, as in the poller
_MEDIAN, _SIGMA = 90.0, 0.6  # of the time until a song is finished, in seconds: p95 is 240 s
_ALIVE = (1, 100, 10_000)
_PAUSE = 15.0  # seconds at most until another task takes the place of a finished one
_WARM_UP = 1_500.0  # seconds in which a policy may learn

Show = Callable[[float], float]  # when a gateway shows what happened at a moment


def ticking(period: float = 15.0, phase: float = 4.2, drift: float = 0.0) -> Show:
    """All of its answers change at once; `drift`: seconds by which each beat is longer."""
    beat = period + drift
    return lambda moment: phase + math.ceil((moment - phase) / beat) * beat


def at_once(moment: float) -> float:
    return moment


@dataclass
class Life:
    """A task: when it runs, streams and is done, as the gateway shows it."""

    born: float
    shown: tuple[float, float, float]
    sight: Sight = field(default_factory=lambda: Sight(task_id="t"))

    @property
    def done(self) -> float:
        return self.shown[2]

    def state(self, now: float) -> int:
        return sum(moment <= now for moment in self.shown)


def make_life(dice: random.Random, now: float, show: Show) -> Life:
    length = dice.lognormvariate(math.log(_MEDIAN), _SIGMA)
    moments = (now + dice.uniform(1, 8), now + length * 0.3, now + length)
    first, second, third = map(show, moments)
    return Life(now, (first, second, third))


_STATES = [
    Task(id="t", kind=Kind.MUSIC, status=status, raw_status=word, clips=(Clip(id="c", status=status, raw_status=word),))
    for status, word in (
        (Status.WAITING, "queued"),
        (Status.RUNNING, "running"),
        (Status.RUNNING, "streaming"),
        (Status.DONE, "done"),
    )
]


@dataclass
class Result:
    requests: float  # a task
    mean: float
    p50: float  # seconds from the gateway's showing it to our seeing it
    p95: float


def play_ours(alive: int, show: Show, seconds: float, seed: int) -> Result:
    """The bot's own rhythm and its own next look, in the poller's rounds."""
    dice = random.Random(seed)
    now, rhythm, turn = 0.0, Rhythm(), 0.0
    queue: list[tuple[float, int, Life]] = []
    number = finished = requests = 0
    delays: list[float] = []
    for _ in range(alive):
        number += 1
        life = make_life(dice, -dice.uniform(0, 120), show)
        heapq.heappush(queue, (dice.uniform(0, _INTERVAL), number, life))
    while now < seconds:
        now = max(now + _SPACING, queue[0][0])
        soon = now + (0.0 if rhythm.tick else _INTERVAL * _GATHERING)
        windows: list[Window] = []
        first = True
        while queue[0][0] <= soon:
            due = [heapq.heappop(queue)[2] for _ in range(min(len(queue), _BATCH * _AT_ONCE)) if queue[0][0] <= soon]
            now += _ROUND
            turn = (turn + 0.618) % 1.0
            batches = -(-len(due) // _BATCH)
            requests += batches if now > _WARM_UP else 0
            for place, life in enumerate(due):
                before, state = life.sight, life.state(now)
                life.sight = seen(before, _STATES[state], "g", now)
                if before.task and life.sight.changed_at == now and before.asked_at is not None:
                    windows.append(Window(before.asked_at, now))
                number += 1
                if state == 3:
                    if now > _WARM_UP:
                        delays.append(now - life.done)
                        finished += 1
                    born = now + dice.uniform(0, _PAUSE)
                    heapq.heappush(queue, (born, number, make_life(dice, born, show)))
                    continue
                pace = Pace(_INTERVAL * (0.8 + 0.4 * turn), rhythm.tick, first and place < _BATCH)
                heapq.heappush(
                    queue, (next_look(_STATES[state].status, life.sight.unchanged_for(now), now, pace), number, life)
                )
            first = False
            soon = min(soon, now) if rhythm.tick else soon
        if windows:
            rhythm = rhythm.heard(min(windows, key=lambda window: window.until - window.since))
    return _result(requests, finished, delays)


def _result(requests: float, finished: int, delays: list[float]) -> Result:
    delays.sort()
    mean = sum(delays) / len(delays)
    return Result(requests / max(1, finished), mean, delays[len(delays) // 2], delays[int(len(delays) * 0.95)])


def play_fixed(interval: float, batch: int, alive: int, show: Show, seed: int) -> Result:
    """Every task each so many seconds; `batch` of them in a request."""
    dice = random.Random(seed)
    requests, delays = 0.0, []
    size = min(batch, alive)
    for _ in range(20_000):
        life = make_life(dice, dice.uniform(0, 3_600), show)
        first = life.born + dice.uniform(0, interval)
        looks = max(1, math.ceil((life.done - first) / interval) + 1)
        delays.append(first + (looks - 1) * interval - life.done)
        requests += looks / size
    return _result(requests, 20_000, delays)


def play_back_off(alive: int, show: Show, seed: int) -> Result:
    """One request a task, after 5 s, then half as long again each time, up to 30 s."""
    del alive
    dice = random.Random(seed)
    requests, delays = 0, []
    for _ in range(20_000):
        life = make_life(dice, dice.uniform(0, 3_600), show)
        now, rest = life.born, 5.0
        while now < life.done:
            now += rest
            rest = min(rest * 1.5, 30.0)
            requests += 1
        delays.append(now - life.done)
    return _result(requests, 20_000, delays)


def rows(alive: int, show: Show) -> dict[str, Result]:
    seconds = 2_100.0 if alive > 1_000 else 6_000.0 if alive > 1 else 40_000.0
    return {
        "GET per task every 5 s": play_fixed(5, 1, alive, show, 1),
        "GET per task every 15 s": play_fixed(15, 1, alive, show, 1),
        "GET per task, back-off to 30 s": play_back_off(alive, show, 1),
        "batches of 100 every 15 s": play_fixed(15, 100, alive, show, 1),
        "batches of 100 every 5 s": play_fixed(5, 100, alive, show, 1),
        "this bot": play_ours(alive, show, seconds, 1),
    }


def main() -> None:
    gateways = {
        "ticks every 15 s": ticking(),
        "ticks every 15 s, and is late by 0.2 s each time": ticking(drift=0.2),
        "ticks every 5 s": ticking(5.0, 1.1),
        "no tick": at_once,
    }
    found: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for name, show in gateways.items():
        for alive in _ALIVE:
            sys.stdout.write(
                f"\n{name}; {alive} tasks alive\n\n| policy | requests a task | p50 | p95 |\n|---|---|---|---|\n"
            )
            results = rows(alive, show)
            for policy, result in results.items():
                sys.stdout.write(f"| {policy} | {result.requests:.3f} | {result.p50:.1f} s | {result.p95:.1f} s |\n")
            found.setdefault(name, {})[str(alive)] = {policy: vars(result) for policy, result in results.items()}
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
