"""Models of gateways and tasks for the simulations: when something happens, and when the gateway shows it."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MEDIAN, SIGMA = 90.0, 0.6  # log-normal distribution of the seconds until a song is finished: p95 is 240 s
_LYRICS = 2.0, 12.0  # seconds until lyrics are finished
_MIN_GAP = 15  # whole seconds that the newest new-api requires between two updates

Show = Callable[[float], float]  # moment of a change -> moment at which it is shown


@dataclass(frozen=True)
class Gateway:
    """`channels`: each task belongs to one. `stamped`: answers contain the time of the task's last change, in whole
    seconds, by a clock that is `fast` seconds ahead. `down`: the interval in which it does not answer.
    """

    channels: Sequence[Show]
    stamped: bool = False
    fast: float = 0.0
    down: tuple[float, float] = (math.inf, math.inf)

    def stamp(self, moment: float) -> float | None:
        return math.floor(moment + self.fast) if self.stamped else None

    def answers(self, moment: float) -> bool:
        return not self.down[0] <= moment < self.down[1]


def cyclic(period: float = 15.0, phase: float = 4.2, drift: float = 0.0) -> Show:
    """All answers change together, every `period` + `drift` seconds."""
    every = period + drift
    return lambda moment: phase + math.ceil((moment - phase) / every) * every


def alternating(seconds: float, seed: int = 1) -> Show:
    """Updates after 15, 30 or 45 s alternately, as at the newest new-api: every 15 s it checks whether 15 whole seconds
    have passed since the last update, and its loop takes slightly longer than 15 s.
    """
    dice = random.Random(seed)
    updates: list[float] = []
    now, last = 4.93, -60.0
    while now < seconds:
        if math.floor(now) - math.floor(last) >= _MIN_GAP:
            last = now + dice.uniform(0.0, 0.15)
            updates.append(last)
        now += 15.0 + dice.uniform(0.0, 0.006)
    return lambda moment: next((update for update in _from(updates, moment) if update >= moment), math.inf)


def _from(updates: Sequence[float], moment: float) -> Sequence[float]:
    """The first update at or after that moment, if there is one."""
    low, high = 0, len(updates)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if updates[middle] < moment else (low, middle)
    return updates[low : low + 1]


def restarted(before: Show, after: Show, down: tuple[float, float]) -> Show:
    """Changes that would have been shown while it was down, or later, are shown after the restart."""

    def show(moment: float) -> float:
        shown = before(moment)
        return shown if shown < down[0] else after(max(moment, down[1]))

    return show


def at_once(moment: float) -> float:
    return moment


@dataclass
class FakeTask:
    """When the gateway shows the task as running, streaming and done."""

    born: float
    shown: tuple[float, ...]
    lyrics: bool = False

    @property
    def done(self) -> float:
        return self.shown[-1]

    def state(self, now: float) -> int:
        """The number of states reached."""
        return sum(moment <= now for moment in self.shown)


def make_song(dice: random.Random, born: float, gateway: Gateway) -> FakeTask:
    show = dice.choice(gateway.channels)
    length = dice.lognormvariate(math.log(MEDIAN), SIGMA)
    begun, streamed, done = map(show, (born + dice.uniform(1, 8), born + length * 0.3, born + length))
    return FakeTask(born, (begun, streamed, done))


def make_lyrics(dice: random.Random, born: float, gateway: Gateway) -> FakeTask:
    show = dice.choice(gateway.channels)
    return FakeTask(born, (show(born + dice.uniform(*_LYRICS)),), lyrics=True)


@dataclass
class Result:
    """Requests a task, and seconds from when the gateway shows it until the client sees it."""

    requests: float
    mean: float
    p50: float
    p95: float


def summed_up(requests: float, delays: Sequence[float]) -> Result:
    ordered = sorted(delays)
    count = len(ordered)
    return Result(requests / count, sum(ordered) / count, ordered[count // 2], ordered[int(count * 0.95)])
