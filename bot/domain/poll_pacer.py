"""How often a gateway is polled: with its update cycle, or without one often enough to find it."""

import math
from collections.abc import Sequence

from msgspec.structs import replace

from bot.domain.cycle_estimator import UpdateCycleEstimator
from bot.domain.snapshot import EARLY, PollSchedule
from bot.domain.update_cycle import CHECK_EVERY, MAX_SPREAD, UpdateCycle
from bot.domain.windows import Window

MIN_ROUND_GAP = 0.05  # of the interval: tasks that become due within it are polled together
_COALESCE_WINDOW = 0.25  # of the interval: tasks that are due this soon are polled now, together with the rest
_JITTER_STEP = 0.618  # of a turn: successive values never coincide
_JITTER = 0.2  # of the interval, more or less
_SEARCH_INTERVAL = 1.5  # seconds between two polls of some tasks while the cycle is lost
_LISTEN_INTERVAL = 2.5  # seconds between two polls of some tasks in the first minutes after the first change,
_LISTEN_FOR = 120.0
_MANY = 10  # tasks: with so many, another request costs nothing
_FEW = 3  # tasks that are polled once an update if channels follow each other, after the last that is likely
_SEVERAL = 2  # tasks that are polled together: another request per update is acceptable
# number of tasks, seconds of doubt above which another request is worth it
_ACCEPTED_DOUBTS = ((100, 0.35), (_SEVERAL, 0.5))
_ACCEPTED_ALONE = 1.0  # seconds
# of a period: the longer a queued task waits for its update, the more requests are left for probes
_EARLY_ALONE, _EARLY_WITH_CHANNELS = 0.4, 0.2
_STEP = 1.0  # seconds between two polls of many tasks, from the first channel of an update to the last
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
            return self._at_updates(cycle, together, open_tasks, probe=probe)
        # Never the same interval twice: one that divides the period would never find the cycle.
        self._turn = (self._turn + _JITTER_STEP) % 1.0
        jitter = 1 - _JITTER + 2 * _JITTER * self._turn
        return PollSchedule(self._between(now, together, open_tasks, probe=probe) * jitter)

    def _at_updates(self, cycle: UpdateCycle, together: int, open_tasks: int, *, probe: bool) -> PollSchedule:
        """A few tasks say little about channels that follow each other, unless the answers say when they changed."""
        if self.estimator.has_channels and together <= _FEW:
            known = cycle.spread and self.estimator.stamps.confirmed
            every, spread = (0, cycle.spread) if known else (CHECK_EVERY, max(cycle.spread, MAX_SPREAD))
            last = replace(cycle.checked(every, math.inf), spread=spread)
            return PollSchedule(self._interval, last, probe, _EARLY_WITH_CHANNELS)
        each = together >= _MANY and open_tasks * self._seconds_a_task <= _POLL_SHARE * _STEP
        paced = replace(_checked(cycle, together), step=_STEP if each else 0.0)
        alone = together < _SEVERAL and paced.check_every
        return PollSchedule(self._interval, paced, probe, _EARLY_ALONE if alone else EARLY)

    def _between(self, now: float, together: int, open_tasks: int, *, probe: bool) -> float:
        if probe and now < self.estimator.search_until and (together >= _SEVERAL or self.estimator.is_certain):
            return min(self._interval, _SEARCH_INTERVAL)
        if probe and together >= _MANY and now < (self._listen_until or 0.0):
            return min(self._interval, _LISTEN_INTERVAL)
        return self._interval if probe else max(self._interval, open_tasks * self._seconds_a_task / _POLL_SHARE)


def _checked(cycle: UpdateCycle, together: int) -> UpdateCycle:
    """The cycle with the probes that are worth their requests.

    With several tasks a probe per update adds few requests; with one task it doubles them, and where the answers say
    when it changed, it adds nothing. If there are none any more, that shows when the cycle has become too uncertain,
    and is looked for again.
    """
    if together < _SEVERAL:
        told = cycle.spread or not cycle.check_every
        return cycle.checked(cycle.check_every, math.inf if told else _ACCEPTED_ALONE)
    return cycle.checked(min(cycle.check_every, 1), next(doubt for many, doubt in _ACCEPTED_DOUBTS if together >= many))


def _stamp(window: Window) -> float:
    return window.stamp or 0.0
