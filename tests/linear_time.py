"""Whether something takes time in proportion to the length of what it is given: CPU times, compared within one run."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

TIMES = 8  # as long
_WIDE = 4  # times that it may take more than it should: a machine has other things to do, too
_LEAST = 0.001  # seconds, below which nothing is compared: a clock's moments are no measure
_TRIES = 5


def grows_linearly(work: Callable[[T], object], short: T, long: T) -> bool:
    """`long` is TIMES as long as `short`. What comes between only makes a run slower, so the fastest of some count."""
    least = max(_LEAST, min(_cpu_time(work, short) for _ in range(3)))
    return any(_cpu_time(work, long) < _WIDE * TIMES * least for _ in range(_TRIES))


def _cpu_time(work: Callable[[T], object], given: T) -> float:
    since = time.thread_time()
    work(given)
    return time.thread_time() - since
