"""The least that looking can cost: of all ways to place looks at one task, the cheapest for a given mean delay.

Found by going backwards through time: at each moment the best next look is that which makes the requests, and the delay
weighed against them, least. No client that has to ask can do better, unless its gateway tells when it changes.
"""

import math
from collections.abc import Callable
from itertools import pairwise

_STEP = 0.5  # seconds
_END = 1_200.0  # seconds, by which nearly every task is finished
_LONGEST = 60.0  # seconds between two looks

Finished = Callable[[float], float]  # the share of tasks that are finished so many seconds after their birth


def log_normal(median: float, sigma: float) -> Finished:
    return lambda age: 0.0 if age <= 0 else 0.5 * (1 + math.erf(math.log(age / median) / sigma / math.sqrt(2)))


def least_requests(finished: Finished, mean_delay: float) -> float:
    """A task, with looks placed so that the mean delay is that many seconds."""
    low, high = 0.01, 100.0
    for _ in range(20):
        price = math.sqrt(low * high)  # of a second, in requests
        requests, delay = _best(finished, price)
        low, high = (price, high) if delay > mean_delay else (low, price)
    return requests


def _best(finished: Finished, price: float) -> tuple[float, float]:
    """Requests and mean delay of the cheapest plan."""
    count = int(_END / _STEP)
    share = [finished(step * _STEP) for step in range(count + 1)]
    waited = [0.0]  # seconds that all have waited who finished before
    for before, after in pairwise(share):
        waited.append(waited[-1] + (before + after) / 2 * _STEP)
    cost, following = [0.0] * (count + 1), [count] * (count + 1)
    reach = int(_LONGEST / _STEP)
    for step in range(count - 1, -1, -1):
        later = range(step + 1, min(count, step + reach) + 1)
        following[step] = min(later, key=lambda to: price * _delay(share, waited, step, to) + cost[to])
        to = following[step]
        cost[step] = 1 - share[step] + price * _delay(share, waited, step, to) + cost[to]
    return _walk(share, waited, following)


def _delay(share: list[float], waited: list[float], step: int, to: int) -> float:
    """Seconds from their finishing to the look, of all who finish in between."""
    return waited[to] - waited[step] - share[step] * (to - step) * _STEP


def _walk(share: list[float], waited: list[float], following: list[int]) -> tuple[float, float]:
    requests = delay = 0.0
    step = 0
    while step < len(share) - 1:
        requests += 1 - share[step]
        delay += _delay(share, waited, step, following[step])
        step = following[step]
    return requests, delay
