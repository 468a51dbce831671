"""Beats: where the ticks of a gateway are, as the windows of changes tell it, and when to look because of that."""

import math
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.windows import Window

BEATS = (30.0, 20.0, 15.0, 10.0, 5.0)  # seconds; what gateways are known to do, and what they are likely to
USUAL_BEAT = 15.0  # seconds; new-api's
SHORT = 0.5  # of a beat: longer windows say little about it
ALTERNATING = 12  # beats: after fewer than that a long beat may be a shorter one that left some out
ANY_PERIOD = Window(0.0, 1e9)
CHECK_EVERY = 64  # beats: looks just before one, where nothing should have changed since the last
SURE = 0.5  # seconds of doubt that need not be made less
_SHORTER, _LONGER = 0.005, 0.025  # of a beat, by which its clock may make it shorter, or its work longer
_FINENESS = 0.0005  # seconds
_TOLERANCE = 0.25  # seconds by which a tick may come early or late
_LONGEST_SPREAD = 3.0  # seconds from the first channel of a beat to the last
_MOVED_A_LITTLE = 1.0  # seconds by which the newest beats alone must be closer together to be believed alone,
_NEWEST = 4  # and how many they must be
_VAGUE = 0.4  # of a beat, in which nearly half of all changes would be by chance
_MARGIN = 0.3  # seconds after a tick until its answers are there
_ROUNDING = 1e-9  # of a beat: the moment of a look itself is not after it
_JUST_BEFORE = 1.0  # seconds before it: an answer takes its time to come


class UpdateCycle(Struct, frozen=True):
    """`at`: the latest moment of one beat that is known, give or take `doubt` seconds; `drift` more for each since.

    `spread`: seconds from the first channel to the last. `check_every`: beats; 0: none, its changes tell by
    themselves. Who looks at beats alone sees every change at one, also where there is no beat.
    """

    at: float
    period: float
    doubt: float
    drift: float = 0.0
    spread: float = 0.0
    check_every: int = CHECK_EVERY
    sure: float = SURE

    def beat(self, number: int) -> Window:
        """When the beat of that number since `at` is, from the first channel to the last."""
        moment, doubt = self.at + number * self.period, self.doubt + abs(number) * self.drift
        return Window(moment - doubt, moment + doubt + self.spread)

    def number(self, moment: float) -> int:
        """Of the beat before it."""
        return max(0, int((moment - self.at) // self.period))

    def beats_in(self, window: Window) -> list[Window]:
        """Those that may have been then, some of a second early or late."""
        numbers = range(self.number(window.since) - 1, self.number(window.until) + 2)
        beats = [self.beat(number).wider(_TOLERANCE) for number in numbers]
        return [beat for beat in beats if beat.cut(window).length > 0]

    @property
    def vague(self) -> bool:
        """Seen from so far that it may as well have no channels, and be none."""
        return self.spread > 0 and self.spread + 2 * self.doubt > self.period * _VAGUE

    def checked(self, every: int, sure: float) -> "UpdateCycle":
        """`every`: beats; `sure`: seconds of doubt that need not be made less."""
        return replace(self, check_every=every, sure=sure)

    def doubt_at(self, moment: float) -> float:
        return self.doubt + self.number(moment) * self.drift


def next_update(cycle: UpdateCycle, after: float) -> float:
    """The first moment after `after` at which the answers of a tick are there."""
    first, step = cycle.at + cycle.doubt + cycle.spread + _MARGIN, cycle.period + cycle.drift
    number = max(0, math.floor((after - first) / step + _ROUNDING) + 1)
    return first + number * step


def next_probe(cycle: UpdateCycle, after: float) -> float | None:
    """A moment before the next tick's answers at which to look for what it is like; None: that is not needed.

    In the midst of the doubt about it, which is halved by what is seen then; or just before it.
    """
    number = cycle.number(after) + 1
    beat = cycle.beat(number)
    if beat.length - cycle.spread > 2 * cycle.sure:
        half = beat.middle + (cycle.spread / 2 if number % 2 else -cycle.spread / 2)
        before = beat.since - 2 * _TOLERANCE
        moment = before if after < before else half
    elif cycle.check_every and beat.until % (cycle.check_every * cycle.period) < cycle.period:
        moment = beat.since - _JUST_BEFORE
    else:
        return None
    return moment if after < moment < next_update(cycle, after) else None


def consistent(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    """The newest of them that are of one beat, whichever."""
    while len(windows) > 1 and not any(_all_told(windows, beat) and fit(windows, beat, ANY_PERIOD) for beat in BEATS):
        windows = windows[:-1]
    return windows


def _all_told(windows: Sequence[Window], beat: float) -> bool:
    return all(window.length <= beat * SHORT for window in windows)


def evidence(windows: Sequence[Window], beat: float) -> float:
    """How sure windows that fit make it that this is the beat: the negative logarithm of how likely it is by chance.

    One window says nothing, and several at one beat say as much as one. It is asked again with every change, for years.
    """
    told = [window for window in windows if window.length <= beat * SHORT]
    if not told or not _all_told(windows, beat):
        return 0.0
    spread = _spread(told, beat)
    weights: dict[int, float] = {}
    for window in told[1:]:
        number = round((told[0].middle - window.middle) / beat)
        if number:
            weights[number] = max(weights.get(number, 0.0), weight(window, beat, spread))
    if beat > USUAL_BEAT and len(weights) < ALTERNATING:
        return 0.0
    return sum(weights.values())


def weight(window: Window, beat: float, spread: float) -> float:
    return math.log(max(1.0, beat / (window.length + 2 * _TOLERANCE + spread)))


def _spread(windows: Sequence[Window], beat: float) -> float:
    cycle = fit(windows, beat, ANY_PERIOD)
    return cycle.spread if cycle else math.inf


def _periods(beat: float, within: Window, beats: float) -> list[float]:
    """Those that it may have, as fine as so many beats can tell them apart."""
    shortest, longest = max(beat * (1 - _SHORTER), within.since), min(beat * (1 + _LONGER), within.until)
    step = max(_FINENESS, _TOLERANCE / 2 / max(1.0, beats))
    count = max(1, math.ceil((longest - shortest) / step))
    return [shortest + number * (longest - shortest) / count for number in range(count + 1)]


class _Folded(Struct, frozen=True):
    """Windows of a beat laid upon each other: in `first` is the first channel's tick, in `last` the last one's."""

    period: float
    first: Window
    last: Window

    @property
    def spread(self) -> float:
        """Of its ticks at least; negative: all may be at one moment."""
        return self.last.since - self.first.until


def fit(windows: Sequence[Window], beat: float, periods: Window) -> UpdateCycle | None:
    """Where its ticks are, if the windows hold ticks of such a beat; `periods`: how long it may be exactly."""
    told = [window for window in windows if window.length <= beat * SHORT]
    if not told:
        return None
    fits = _folds(told, beat, periods)
    newest = [window for window in told if window.until > told[0].until - (_NEWEST - 0.5) * beat]
    if len(newest) >= _NEWEST and fits[0].spread > _MOVED_A_LITTLE:
        alone = _folds(newest, beat, periods)
        if alone[0].spread < fits[0].spread - _MOVED_A_LITTLE:
            fits = alone
    cycle = _all_of(fits)
    return None if cycle.spread > min(_LONGEST_SPREAD, beat / 4) or cycle.vague else cycle


def _folds(windows: Sequence[Window], beat: float, within: Window) -> list[_Folded]:
    """With each period that may be the truth: any that needs no spread, or else those that need the least."""
    beats = (windows[0].until - min(window.until for window in windows)) / beat
    folded = [_fold(windows, period) for period in _periods(beat, within, beats)]
    least = max(0.0, min(each.spread for each in folded))
    return [each for each in folded if each.spread <= least + (_TOLERANCE if least else 0.0)]


def _fold(windows: Sequence[Window], period: float) -> _Folded:
    newest = windows[0]
    middle = newest.middle
    first_since, first_until = last_since, last_until = newest.since, newest.until
    for window in windows[1:]:
        shift = round((middle - window.middle) / period) * period
        since, until = window.since + shift - _TOLERANCE, window.until + shift + _TOLERANCE
        if until < first_until:
            first_since, first_until = since, until
        if since > last_since:
            last_since, last_until = since, until
    return _Folded(period, Window(first_since, first_until), Window(last_since, last_until))


def _all_of(folded: Sequence[_Folded]) -> UpdateCycle:
    """The doubt is about all of them."""
    shortest, longest = folded[0].period, folded[-1].period
    period, drift = (shortest + longest) / 2, (longest - shortest) / 2
    if min(each.spread for each in folded) <= 0:
        low, high = min(each.last.since for each in folded), max(each.first.until for each in folded)
        return UpdateCycle((low + high) / 2, period, (high - low) / 2, drift)
    closest = min(folded, key=lambda each: each.spread)
    doubt = max(closest.first.length, closest.last.length) / 2
    return UpdateCycle(closest.first.middle, period, doubt, drift, closest.last.middle - closest.first.middle)
