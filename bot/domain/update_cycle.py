"""Update cycles: when a gateway updates its answers, derived from windows of change, and when to poll."""

import math
from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from bot.domain.windows import Window

# seconds; what gateways are known to do, or are likely to do
NOMINAL_PERIODS = (30.0, 20.0, 15.0, 10.0, 5.0)
USUAL_PERIOD = 15.0  # seconds; new-api's
SHORT = 0.5  # of a period: longer windows say little about it
ALTERNATING = 12  # updates: with fewer, what looks like a long period may be a shorter one with skipped updates
ANY_PERIOD = Window(0.0, 1e9)
CHECK_EVERY = 64  # periods between two probes just before an update, where no change should be new
ACCEPTED_DOUBT = 0.5  # seconds of doubt that need no further narrowing
# Of a nominal period: the exact one may be this much shorter (by the gateway's clock) or longer (its work takes time).
_SHORTER, _LONGER = 0.005, 0.025
_FINEST_STEP = 0.0005  # seconds between two candidates for the exact period
_TOLERANCE = 0.25  # seconds by which an update may come early or late
MAX_SPREAD = 3.0  # seconds from the first channel of an update to the last
_MOVED_A_LITTLE = 1.0  # seconds: if the newest updates alone have a spread that is this much smaller,
_NEWEST = 4  # and there are so many of them, only they count: the cycle has moved
_EXACT = 0.001  # of a nominal period: gateways with several channels differ no more from it, as far as one can tell
_VAGUE = 0.4  # of a period: nearly half of all changes would fall into such a window by chance
_MARGIN = 0.3  # seconds after an update until its answers are available
_SAME_UPDATE = 0.4  # seconds: a poll so shortly before the answers of an update is for that update
_ROUNDING = 1e-9  # of a period: a poll exactly at an update counts as after it
_JUST_BEFORE = 1.0  # seconds before an update; the answer needs time to arrive


class UpdateCycle(Struct, frozen=True):
    """When a gateway updates its answers.

    `at`: the latest known update, give or take `doubt` seconds, plus `drift` seconds for every update since. `spread`:
    seconds from the first channel to the last. `check_every`: periods between two probes; 0: no probes, because the
    changes themselves show a shift. Without probes, a poller that only asks at updates would see every change at an
    update, even if there is no cycle. `accepted_doubt`: seconds of doubt that need no further narrowing. `step`: at
    most so many seconds between two polls of one update, from its first channel to its last; 0: one poll, after it.
    """

    at: float
    period: float
    doubt: float
    drift: float = 0.0
    spread: float = 0.0
    check_every: int = CHECK_EVERY
    accepted_doubt: float = field(default=ACCEPTED_DOUBT, name="sure")  # its stored name
    step: float = 0.0

    def update(self, number: int) -> Window:
        """The time of the update with that number, counted from `at`; from the first channel to the last."""
        moment, doubt = self.at + number * self.period, self.doubt + abs(number) * self.drift
        return Window(moment - doubt, moment + doubt + self.spread)

    def number(self, moment: float) -> int:
        """The number of the last update before that moment."""
        return max(0, int((moment - self.at) // self.period))

    def updates_in(self, window: Window) -> list[Window]:
        """The updates that may have happened in this window, a fraction of a second early or late."""
        numbers = range(self.number(window.since) - 1, self.number(window.until) + 2)
        updates = [self.update(number).wider(_TOLERANCE) for number in numbers]
        return [update for update in updates if update.cut(window).length > 0]

    @property
    def vague(self) -> bool:
        """Too uncertain to use: many changes would fit it by chance."""
        return self.spread > 0 and self.spread + 2 * self.doubt > self.period * _VAGUE

    def checked(self, every: int, accepted_doubt: float) -> "UpdateCycle":
        """With other probes: see `check_every` and `accepted_doubt`."""
        return replace(self, check_every=every, accepted_doubt=accepted_doubt)

    def doubt_at(self, moment: float) -> float:
        return self.doubt + self.number(moment) * self.drift


def next_update(cycle: UpdateCycle, after: float) -> float:
    """The first moment after `after` at which answers of an update are available: of all its channels, or if the cycle
    has a `step`, of the next one.
    """
    after += _SAME_UPDATE
    last, period = cycle.at + cycle.doubt + cycle.spread + _MARGIN, cycle.period + cycle.drift
    number = max(0, math.floor((after - last) / period + _ROUNDING) + 1)
    coming = last + number * period
    if not cycle.step or cycle.spread < cycle.step:
        return coming
    step = cycle.spread / math.ceil(cycle.spread / cycle.step)
    left = (coming - max(after, coming - cycle.spread - step)) / step  # steps until the last channel
    return coming - (math.ceil(left - _ROUNDING) - 1) * step


def next_probe(cycle: UpdateCycle, after: float) -> float | None:
    """A moment before the next update at which a poll measures it; None: no measurement is needed.

    In the middle of the uncertain time, which the result halves; or just before it.
    """
    number = cycle.number(after) + 1
    update = cycle.update(number)
    if update.length - cycle.spread > 2 * cycle.accepted_doubt:
        half = update.middle + (cycle.spread / 2 if number % 2 else -cycle.spread / 2)
        before = update.since - 2 * _TOLERANCE
        moment = before if after < before else half
    elif cycle.check_every and update.until % (cycle.check_every * cycle.period) < cycle.period:
        moment = update.since - _JUST_BEFORE
    else:
        return None
    return moment if after < moment < next_update(cycle, after) else None


def consistent(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    """The longest run of newest windows that fit one cycle, whichever."""
    while len(windows) > 1 and not any(
        _all_informative(windows, nominal) and fit(windows, nominal, ANY_PERIOD) for nominal in NOMINAL_PERIODS
    ):
        windows = windows[:-1]
    return windows


def _all_informative(windows: Sequence[Window], nominal: float) -> bool:
    return all(window.length <= nominal * SHORT for window in windows)


def confidence(windows: Sequence[Window], nominal: float) -> float:
    """The confidence that this is the period: the negative logarithm of the probability that they fit it by chance.

    The windows must fit the cycle. One window says nothing, and several at one update say as much as one. The limits
    are high, because this is tested again after every change, for years.
    """
    if not windows or not _all_informative(windows, nominal):
        return 0.0
    spread = _spread(windows, nominal)
    weights: dict[int, float] = {}
    for window in windows[1:]:
        number = round((windows[0].middle - window.middle) / nominal)
        if number:
            weights[number] = max(weights.get(number, 0.0), weight(window, nominal, spread))
    if nominal > USUAL_PERIOD and len(weights) < ALTERNATING:
        return 0.0
    return sum(weights.values())


def weight(window: Window, nominal: float, spread: float) -> float:
    """The part of one window in the confidence."""
    return math.log(max(1.0, nominal / (window.length + 2 * _TOLERANCE + spread)))


def _spread(windows: Sequence[Window], nominal: float) -> float:
    cycle = fit(windows, nominal, ANY_PERIOD)
    return cycle.spread if cycle else math.inf


def _periods(nominal: float, within: Window, updates: float) -> list[float]:
    """Candidate periods, as finely spaced as so many updates can tell apart."""
    shortest, longest = max(nominal * (1 - _SHORTER), within.since), min(nominal * (1 + _LONGER), within.until)
    step = max(_FINEST_STEP, _TOLERANCE / 2 / max(1.0, updates))
    count = max(1, math.ceil((longest - shortest) / step))
    return [shortest + number * (longest - shortest) / count for number in range(count + 1)]


class _Folded(Struct, frozen=True):
    """Windows shifted onto one update: `first` holds the first channel's update, `last` the last channel's."""

    period: float
    first: Window
    last: Window

    @property
    def spread(self) -> float:
        """The least spread of its updates; negative: all may happen at one moment."""
        return self.last.since - self.first.until


def fit(windows: Sequence[Window], nominal: float, periods: Window) -> UpdateCycle | None:
    """The cycle that fits the windows, if there is one; `periods`: limits for its exact period."""
    informative = [window for window in windows if window.length <= nominal * SHORT]
    if not informative:
        return None
    fits, longest = _folds(informative, nominal, periods), min(MAX_SPREAD, nominal / 4)
    newest = [window for window in informative if window.until > informative[0].until - (_NEWEST - 0.5) * nominal]
    if len(newest) >= _NEWEST and fits[0].spread > _MOVED_A_LITTLE:
        # Where channels take turns, the windows before these have as much of a spread as all of them.
        before = informative[len(newest) :][: 2 * _NEWEST]
        alone = _folds(newest, nominal, periods)
        less = fits[0].spread - _MOVED_A_LITTLE
        if alone[0].spread < less and (not before or _folds(before, nominal, periods)[0].spread < less):
            fits, informative = alone, newest
    if fits[0].spread > 0:
        # The least spread would come from a wrong period: a few windows of each channel say little about it.
        exact = _folds(informative, nominal, Window(nominal, nominal).wider(nominal * _EXACT))
        fits = exact if exact[0].spread <= longest else fits
    cycle = _combined(fits)
    return None if cycle.spread > longest or cycle.vague else cycle


def may_fit(windows: Sequence[Window], nominal: float) -> bool:
    """Whether channels that follow each other would explain the windows, even if these are too long to tell them."""
    exact = _folds(windows, nominal, Window(nominal, nominal).wider(nominal * _EXACT))
    return exact[0].spread <= min(MAX_SPREAD, nominal / 4)


def _folds(windows: Sequence[Window], nominal: float, within: Window) -> list[_Folded]:
    """The windows folded with each candidate period. Kept are those without a spread, else those with the least."""
    updates = (windows[0].until - min(window.until for window in windows)) / nominal
    folded = [_fold(windows, period) for period in _periods(nominal, within, updates)]
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


def _combined(folded: Sequence[_Folded]) -> UpdateCycle:
    """One cycle for all candidate periods: its doubt and drift cover all of them."""
    shortest, longest = folded[0].period, folded[-1].period
    period, drift = (shortest + longest) / 2, (longest - shortest) / 2
    if min(each.spread for each in folded) <= 0:
        low, high = min(each.last.since for each in folded), max(each.first.until for each in folded)
        return UpdateCycle((low + high) / 2, period, (high - low) / 2, drift)
    closest = min(folded, key=lambda each: each.spread)
    doubt = max(closest.first.length, closest.last.length) / 2
    return UpdateCycle(closest.first.middle, period, doubt, drift, closest.last.middle - closest.first.middle)
