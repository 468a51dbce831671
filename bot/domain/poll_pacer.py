"""How fast a gateway is asked: with its beat, or without one often enough to hear it."""

import math
from collections.abc import Sequence

from bot.domain.cycle_estimator import UpdateCycleEstimator
from bot.domain.snapshot import PollSchedule
from bot.domain.update_cycle import UpdateCycle
from bot.domain.windows import Window

MIN_ROUND_GAP = 0.05  # of the interval: what comes to be due in between is asked for together
_COALESCE_WINDOW = 0.25  # of the interval: what is due that soon is asked for now, together with the rest
_JITTER_STEP = 0.618  # of a round: no two of many such turns fall on each other
_JITTER = 0.2  # of the interval, more or less
_SEARCHING = 1.5  # seconds between two looks at some, while nobody knows where the beat is
_LISTENING = 2.5  # seconds between two looks at some, in the first minutes in which something changes,
_LISTENS_FOR = 120.0
_MANY = 10  # tasks: of so many, a request more is nothing
_SEVERAL = 2  # tasks, which are asked for together: a request more in each beat can be had
_SURE = ((100, 0.35), (_SEVERAL, 0.5), (1, 1.0))  # from so many tasks on, seconds of doubt that are worth a request
_AT_WORK = 0.2  # of the time: so much of it may be spent on looks for which there is no beat
_LEARNS = 0.1  # of what a look has cost, that is kept in mind of one round


class PollPacer:
    """Of one gateway, and of nobody else. `interval`: seconds between two looks at a task where nothing is known."""

    def __init__(self, interval: float) -> None:
        self.estimator = UpdateCycleEstimator()
        self._interval = interval
        self._turn = 0.0
        self._listens_until: float | None = None  # None: nothing has changed yet
        self._seconds_a_task = 0.0

    def claim_until(self, now: float) -> float:
        """What is due by then is asked for together; with a tick nothing is asked for before it."""
        return now + (0.0 if self.estimator.cycle else self._interval * _COALESCE_WINDOW)

    def observe(self, windows: Sequence[Window]) -> None:
        """The changes that one round has found: one beat, whoever saw it first. The shortest window knows best, or
        the first and the last channel where the gateway says when it was.
        """
        stamped = [window for window in windows if window.stamp is not None]
        if stamped:
            told = {min(stamped, key=_stamp), max(stamped, key=_stamp)}
        else:
            told = {min(windows, key=lambda window: window.length)} if windows else set()
        for window in sorted(told, key=lambda each: (each.until, _stamp(each))):
            if self._listens_until is None:
                self._listens_until = window.until + _LISTENS_FOR
            self.estimator = self.estimator.heard(window)

    def interrupted(self, now: float) -> None:
        """It did not answer for a while, and does again."""
        self.estimator = self.estimator.interrupted(now)

    def record_cost(self, seconds: float, tasks: int) -> None:
        """What a round has cost."""
        if tasks:
            self._seconds_a_task += (seconds / tasks - self._seconds_a_task) * _LEARNS

    def schedule(self, now: float, *, together: int, alive: int, probe: bool) -> PollSchedule:
        """For tasks that were just asked for. `together`: how many; `alive`: how many there are in all."""
        self.estimator = self.estimator.at(now)
        if cycle := self.estimator.cycle:
            return PollSchedule(self._interval, _checked(cycle, together), probe)
        # Never twice the same interval: one that divides a beat would never find it.
        self._turn = (self._turn + _JITTER_STEP) % 1.0
        jitter = 1 - _JITTER + 2 * _JITTER * self._turn
        return PollSchedule(self._between(now, together, alive, probe=probe) * jitter)

    def _between(self, now: float, together: int, alive: int, *, probe: bool) -> float:
        if probe and now < self.estimator.search_until:
            return min(self._interval, _SEARCHING)
        if probe and together >= _MANY and now < (self._listens_until or 0.0):
            return min(self._interval, _LISTENING)
        return self._interval if probe else max(self._interval, alive * self._seconds_a_task / _AT_WORK)


def _checked(cycle: UpdateCycle, together: int) -> UpdateCycle:
    """For several tasks a request more in each beat is little; for one it is a second one. Of channels that follow
    each other that one would tell little.
    """
    every = min(cycle.check_every, 1) if together >= _SEVERAL else cycle.check_every
    sure = next(sure for many, sure in _SURE if together >= many)
    return cycle.checked(every, math.inf if cycle.spread and together < _SEVERAL else sure)


def _stamp(window: Window) -> float:
    return window.stamp or 0.0
