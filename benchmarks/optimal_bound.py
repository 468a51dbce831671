"""The lower bound for polling: of all ways to poll one task, the one with the fewest requests for a given mean delay.

Found backwards through time: at each moment the best next poll minimises the requests plus the weighted delay. No
polling client can do better, unless its gateway tells when it changes.
"""

import math
from collections.abc import Callable
from itertools import pairwise

_STEP = 0.5  # seconds
_END = 1_200.0  # seconds after which nearly every task is finished
_LONGEST = 60.0  # seconds between two polls

Finished = Callable[[float], float]  # seconds after birth -> share of tasks that are finished


def log_normal(median: float, sigma: float) -> Finished:
    return lambda age: 0.0 if age <= 0 else 0.5 * (1 + math.erf(math.log(age / median) / sigma / math.sqrt(2)))


def least_requests(finished: Finished, mean_delay: float) -> float:
    """Requests a task, with polls placed so that the mean delay is `mean_delay` seconds."""
    low, high = 0.01, 100.0
    for _ in range(20):
        price = math.sqrt(low * high)  # requests that a second of delay is worth
        requests, delay = _best(finished, price)
        low, high = (price, high) if delay > mean_delay else (low, price)
    return requests


def _best(finished: Finished, price: float) -> tuple[float, float]:
    """Requests and mean delay of the cheapest plan."""
    count = int(_END / _STEP)
    share = [finished(step * _STEP) for step in range(count + 1)]
    waited = [0.0]  # total delay of all tasks that finished before
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
    """Total seconds from finish to poll, of the tasks that finish between two polls."""
    return waited[to] - waited[step] - share[step] * (to - step) * _STEP


def _walk(share: list[float], waited: list[float], following: list[int]) -> tuple[float, float]:
    requests = delay = 0.0
    step = 0
    while step < len(share) - 1:
        requests += 1 - share[step]
        delay += _delay(share, waited, step, following[step])
        step = following[step]
    return requests, delay
