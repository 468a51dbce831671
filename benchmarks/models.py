"""Gateways and tasks as the simulations see them: when something happens, and when it is shown."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MEDIAN, SIGMA = 90.0, 0.6  # of the seconds until a song is finished, lognormal: p95 is 240 s
_LYRICS = 2.0, 12.0  # seconds until a text is finished
_REST = 15  # whole seconds since the last refresh that the newest new-api waits for

Show = Callable[[float], float]  # when what happened at a moment is shown


@dataclass(frozen=True)
class Gateway:
    """`channels`: each task has one. `stamped`: it writes down, to the second, when it changed a task, by a clock
    that is `fast` by so many seconds. `down`: from when to when it does not answer.
    """

    channels: Sequence[Show]
    stamped: bool = False
    fast: float = 0.0
    down: tuple[float, float] = (math.inf, math.inf)

    def stamp(self, moment: float) -> float | None:
        return math.floor(moment + self.fast) if self.stamped else None

    def answers(self, moment: float) -> bool:
        return not self.down[0] <= moment < self.down[1]


def ticking(period: float = 15.0, phase: float = 4.2, drift: float = 0.0) -> Show:
    """All of its answers change at once; `drift`: seconds by which each beat is longer."""
    beat = period + drift
    return lambda moment: phase + math.ceil((moment - phase) / beat) * beat


def by_turns(seconds: float, seed: int = 1) -> Show:
    """Answers change after 15, 30 or 45 s by turns, as those of the newest new-api do: every 15 s it looks whether 15
    whole seconds have passed since the last time, and its work takes a little longer each time.
    """
    dice = random.Random(seed)
    beats: list[float] = []
    now, last = 4.93, -60.0
    while now < seconds:
        if math.floor(now) - math.floor(last) >= _REST:
            last = now + dice.uniform(0.0, 0.15)
            beats.append(last)
        now += 15.0 + dice.uniform(0.0, 0.006)
    return lambda moment: next((beat for beat in _from(beats, moment) if beat >= moment), math.inf)


def _from(beats: Sequence[float], moment: float) -> Sequence[float]:
    """Some of them, from about that moment on."""
    low, high = 0, len(beats)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if beats[middle] < moment else (low, middle)
    return beats[low : low + 1]


def started_anew(before: Show, after: Show, down: tuple[float, float]) -> Show:
    """What would have been shown while it was down, or after, is shown by the new start."""

    def show(moment: float) -> float:
        shown = before(moment)
        return shown if shown < down[0] else after(max(moment, down[1]))

    return show


def at_once(moment: float) -> float:
    return moment


@dataclass
class FakeTask:
    """A task: when it runs, streams and is done, as the gateway shows it."""

    born: float
    shown: tuple[float, ...]
    lyrics: bool = False

    @property
    def done(self) -> float:
        return self.shown[-1]

    def state(self, now: float) -> int:
        """How many of these have come."""
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
    """Requests a task, and seconds from the gateway's showing it to the client's seeing it."""

    requests: float
    mean: float
    p50: float
    p95: float


def summed_up(requests: float, delays: Sequence[float]) -> Result:
    ordered = sorted(delays)
    count = len(ordered)
    return Result(requests / count, sum(ordered) / count, ordered[count // 2], ordered[int(count * 0.95)])
