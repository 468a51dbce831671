"""Gateways and tasks as the simulations see them: when something happens, and when it is shown."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MEDIAN, SIGMA = 90.0, 0.6  # of the seconds until a song is finished, lognormal: p95 is 240 s

Show = Callable[[float], float]  # when what happened at a moment is shown
Gateway = Sequence[Show]  # its channels, of which each task has one


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

    @property
    def done(self) -> float:
        return self.shown[2]

    def state(self, now: float) -> int:
        """How many of these have come."""
        return sum(moment <= now for moment in self.shown)


def make_life(dice: random.Random, born: float, gateway: Gateway) -> Life:
    show = dice.choice(gateway)
    length = dice.lognormvariate(math.log(MEDIAN), SIGMA)
    begun, streamed, done = map(show, (born + dice.uniform(1, 8), born + length * 0.3, born + length))
    return Life(born, (begun, streamed, done))


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
