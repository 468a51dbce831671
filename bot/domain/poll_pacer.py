"""How often a gateway is polled: with its update cycle, or without one often enough to find it."""

import math
from collections.abc import Sequence

from msgspec.structs import replace

from bot.domain.cycle_estimator import UpdateCycleEstimator
from bot.domain.snapshot import PollSchedule
from bot.domain.update_cycle import LONGEST_SPREAD, UpdateCycle
from bot.domain.windows import Window

MIN_ROUND_GAP = 0.05  # of the interval: tasks that become due within it are polled together
_COALESCE_WINDOW = 0.25  # of the interval: tasks that are due this soon are polled now, together with the rest
_JITTER_STEP = 0.618  # of a turn: successive values never coincide
_JITTER = 0.2  # of the interval, more or less
_SEARCH_INTERVAL = 1.5  # seconds between two polls of some tasks while the cycle is lost
_LISTEN_INTERVAL = 2.5  # seconds between two polls of some tasks in the first minutes after the first change,
_LISTEN_FOR = 120.0
_MANY = 10  # tasks: with so many, another request costs nothing
_SEVERAL = 2  # tasks that are polled together: another request per update is acceptable
# number of tasks, seconds of doubt above which another request is worth it
_ACCEPTED_DOUBTS = ((100, 0.35), (_SEVERAL, 0.5), (1, 1.0))
_POLL_SHARE = 0.2  # of the time: the part that may be spent on polls without a cycle
_COST_WEIGHT = 0.1  # weight of the newest round in the average cost of a poll


class PollPacer:
    """The pace of one gateway. `interval`: seconds between two polls of a task while no cycle is known."""

    def __init__(self, interval: float) -> None:
        self.estimator = UpdateCycleEstimator()
        self._interval = interval
        self._turn = 0.0
        self._listen_until: float | None = None  # None: nothing has changed yet
        self._seconds_a_task = 0.0

    def claim_until(self, now: float) -> float:
        """Tasks due by then are polled together; with a cycle nothing is polled before its update."""
        return now + (0.0 if self.estimator.cycle else self._interval * _COALESCE_WINDOW)

    def observe(self, windows: Sequence[Window]) -> None:
        """Takes the changes that one round has found. All belong to one update.

        The shortest window is the most exact. Where the gateway gives the times, the first and the last one count.
        """
        stamped = [window for window in windows if window.stamp is not None]
        if stamped:
            chosen = {min(stamped, key=_stamp), max(stamped, key=_stamp)}
        else:
            chosen = {min(windows, key=lambda window: window.length)} if windows else set()
        for window in sorted(chosen, key=lambda each: (each.until, _stamp(each))):
            if self._listen_until is None:
                self._listen_until = window.until + _LISTEN_FOR
            self.estimator = self.estimator.observe(window)

    def interrupted(self, now: float) -> None:
        """The gateway answers again after an outage."""
        self.estimator = self.estimator.interrupted(now)

    def record_cost(self, seconds: float, tasks: int) -> None:
        """Takes the duration of a round, in seconds."""
        if tasks:
            self._seconds_a_task += (seconds / tasks - self._seconds_a_task) * _COST_WEIGHT

    def schedule(self, now: float, *, together: int, open_tasks: int, probe: bool) -> PollSchedule:
        """For tasks that were just polled. `together`: how many; `open_tasks`: of the gateway in all."""
        self.estimator = self.estimator.at(now)
        if cycle := self.estimator.cycle:
            return PollSchedule(self._interval, _checked(cycle, together, channels=self.estimator.has_channels), probe)
        # Never the same interval twice: one that divides the period would never find the cycle.
        self._turn = (self._turn + _JITTER_STEP) % 1.0
        jitter = 1 - _JITTER + 2 * _JITTER * self._turn
        return PollSchedule(self._between(now, together, open_tasks, probe=probe) * jitter)

    def _between(self, now: float, together: int, open_tasks: int, *, probe: bool) -> float:
        if probe and now < self.estimator.search_until:
            return min(self._interval, _SEARCH_INTERVAL)
        if probe and together >= _MANY and now < (self._listen_until or 0.0):
            return min(self._interval, _LISTEN_INTERVAL)
        return self._interval if probe else max(self._interval, open_tasks * self._seconds_a_task / _POLL_SHARE)


def _checked(cycle: UpdateCycle, together: int, *, channels: bool) -> UpdateCycle:
    """The cycle with the probes that are worth their requests.

    With several tasks a probe per update adds few requests; with one task it doubles them. A single task says little
    about `channels` that follow each other, so it is polled once an update, after the latest of them that is likely.
    If there are none any more, that shows when the cycle has become too uncertain, and is looked for again.
    """
    if channels and together < _SEVERAL:
        return replace(cycle.checked(0, math.inf), spread=max(cycle.spread, LONGEST_SPREAD))
    every = min(cycle.check_every, 1) if together >= _SEVERAL else cycle.check_every
    accepted = next(doubt for many, doubt in _ACCEPTED_DOUBTS if together >= many)
    return cycle.checked(every, math.inf if cycle.spread and together < _SEVERAL else accepted)


def _stamp(window: Window) -> float:
    return window.stamp or 0.0
