"""When a gateway changes its answers: many do so in cycles, for all tasks at once, with no changes in between.

A change that one poll shows and the poll before did not has happened in the window between the two. If windows far
apart all fit one period, the gateway has an update cycle, and the next update is the time to poll. Updates may be
skipped, and the channels of a gateway may follow each other by some seconds. When a gateway restarts, its cycle goes on
from another moment.
"""

from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from bot.domain.update_cycle import (
    ACCEPTED_DOUBT,
    ALTERNATING,
    ANY_PERIOD,
    CHECK_EVERY,
    NOMINAL_PERIODS,
    SHORT,
    USUAL_PERIOD,
    UpdateCycle,
    confidence,
    consistent,
    fit,
    may_fit,
    weight,
)
from bot.domain.windows import Stamps, Window

_KEPT = 24  # windows
_KEPT_FOR = 400  # periods: a longer time would need a finer search for the exact period
_MIN_CONFIDENCE = 5.5  # confidence that there is a cycle, from which on only updates are polled; see `confidence`
_SETTLED = 600.0  # seconds after which a cycle that has a spread is one of several channels
_CERTAIN = 10.0  # confidence that hardly any gateway without a cycle reaches
_MAX_CONFIDENCE = 21.0  # the most confidence: a cycle that is over must be given up in the end
_CONFIDENCE_LEFT = 4.0  # the least confidence that must be left after an unexpected change
_UNEXPECTED_LOSS = 7.0  # confidence lost by a change that no cycle explains,
_VAGUE_LOSS = 2.0  # by one that channels may explain, though the windows are too long to tell,
_HINT_LOSS = 1.0  # and by one that may be explained
_KNOWN_KIND = 6.0  # confidence in advance at gateways that give the time of a change: all are of one kind,
_KIND_PERIODS = Window(14.98, 15.06)  # and keep the usual period exactly
_PERIOD_TOLERANCE = 0.01  # seconds by which a period may differ from day to day
_CLEAR = 3.0  # seconds: a longer window does not show where a cycle has moved
_UNCONFIRMED = 3  # periods between two probes until the difference between the gateway's clock and ours is measured
_SUSPICION = 6  # periods after an unexpected change in which each update is probed
_NEWS = 0.8  # of the doubt: a window that leaves more than this adds nothing
_SEARCH = 120.0  # seconds for which a lost cycle is searched for
_LOST = 0.2  # of a period: with more doubt, the cycle counts as lost;
_LOST_WITH_CHANNELS = 0.27  # one task alone is polled after the latest moment that is likely, anyway


class _Even(Struct, frozen=True):
    """The last change, and how many changes before it were an even number of periods apart."""

    at: float = 0.0
    count: int = 0


class UpdateCycleEstimator(Struct, frozen=True):
    """What is known of one gateway.

    `confidence`: that there is a cycle. `nominal`: its nominal period; known even while the cycle is lost and `cycle`
    is None. `periods`: limits of the exact period; they stay valid when the gateway restarts. `known_kind`: confidence
    from the kind of gateway alone. `channels`: its tasks were seen to change one channel after the other; known even
    while the cycle is lost, until the gateway restarts.
    """

    windows: tuple[Window, ...] = ()  # newest first
    cycle: UpdateCycle | None = None
    nominal: float | None = field(default=None, name="beat")  # its stored name
    periods: Window = ANY_PERIOD
    confidence: float = field(default=0.0, name="sure")  # its stored name
    known_kind: float = _KNOWN_KIND
    stamps: Stamps = Stamps()
    even: _Even = _Even()
    surprised_at: float | None = None  # time of the last change outside of all expected updates
    search_until: float = 0.0
    channels: bool = False
    spread_since: float | None = None  # time since when the known cycle has a spread

    def observe(self, window: Window) -> "UpdateCycleEstimator":
        """After a change was seen."""
        read, stamps = self.stamps.read(window)
        known = replace(self.at(window.until), stamps=stamps)
        if read is None:  # the cycle was measured by a clock that has changed since
            return known if stamps.odd else _lost(known, window.until, 0.0, ())
        if known.cycle is None and read.length > NOMINAL_PERIODS[0] * SHORT:
            return known
        after = _compared(known, known.cycle, read) if known.cycle else _learned(known, read)
        after = _with_channels(after, window.until)
        return _with_checks(_with_periods(after), stamped=read.stamp is not None)

    def at(self, now: float) -> "UpdateCycleEstimator":
        """As of a later moment: a cycle that was not confirmed for long counts as lost."""
        most = _LOST_WITH_CHANNELS if self.has_channels else _LOST
        lost = self.cycle is not None and self.cycle.doubt_at(now) > self.cycle.period * most
        return replace(self, cycle=None) if lost else self

    def interrupted(self, now: float) -> "UpdateCycleEstimator":
        """The gateway did not answer for a while: it may have restarted, so its cycle is searched for again."""
        return replace(_lost(self, now, 0.0, ()), channels=False, spread_since=None)

    @property
    def has_channels(self) -> bool:
        """Whether that is certain enough to stop looking for what contradicts it."""
        return self.channels and self.is_certain

    @property
    def is_certain(self) -> bool:
        """Whether the cycle, known or lost, can hardly be chance."""
        return self.confidence >= _CERTAIN

    @property
    def lasting(self) -> "UpdateCycleEstimator":
        """What is worth keeping over restarts of the bot."""
        return replace(self, windows=(), even=_Even())

    def resumed(self, now: float) -> "UpdateCycleEstimator":
        """After a restart of the bot: much may have changed since, including the clocks."""
        stamps = replace(self.stamps, seen=Stamps().seen)
        then = replace(self, windows=(), surprised_at=now, search_until=0.0, stamps=stamps)
        return _with_checks(then.at(now), stamped=False)


def _with_periods(estimator: UpdateCycleEstimator) -> UpdateCycleEstimator:
    """The limits of the exact period only narrow down: the period is a property of the gateway."""
    cycle = estimator.cycle
    if cycle is None:
        return estimator
    measured = Window(cycle.period - cycle.drift, cycle.period + cycle.drift).wider(_PERIOD_TOLERANCE)
    if cycle.spread:  # what was measured before took several channels for one, whose period they seemed to change
        return replace(estimator, periods=measured)
    near = measured.cut(estimator.periods)
    if near.length <= 0:
        return replace(estimator, periods=measured)
    return replace(estimator, periods=near) if near.length >= _PERIOD_TOLERANCE else estimator


def _with_channels(estimator: UpdateCycleEstimator, now: float) -> UpdateCycleEstimator:
    """A cycle that has moved seems to have channels for some minutes, too, until its old windows are given up."""
    cycle = estimator.cycle
    if cycle is None or not cycle.spread:
        return replace(estimator, spread_since=None) if cycle else estimator
    since = now if estimator.spread_since is None else estimator.spread_since
    return replace(estimator, spread_since=since, channels=estimator.channels or now - since >= _SETTLED)


def _with_checks(estimator: UpdateCycleEstimator, *, stamped: bool) -> UpdateCycleEstimator:
    """Changes with a stamp show a shift of the cycle without probes, once the clock difference is measured."""
    if estimator.cycle is None:
        return estimator
    every = 1 if estimator.surprised_at is not None else CHECK_EVERY
    if stamped:
        every = 0 if estimator.stamps.confirmed else _UNCONFIRMED
    return replace(estimator, cycle=estimator.cycle.checked(every, ACCEPTED_DOUBT))


def _learned(estimator: UpdateCycleEstimator, window: Window) -> UpdateCycleEstimator:
    """Searches for a cycle: none is known, or it was lost."""
    if estimator.nominal is not None:
        return _found_again(estimator, estimator.nominal, window)
    windows = consistent(_informative(_windows_with(estimator, window)))
    stamped = window.stamp is not None
    likely = (USUAL_PERIOD,) if stamped and estimator.known_kind == _KNOWN_KIND else NOMINAL_PERIODS
    for nominal in likely:
        total = confidence(windows, nominal) + (estimator.known_kind if stamped else 0.0)
        periods = _KIND_PERIODS if stamped and nominal == USUAL_PERIOD else ANY_PERIOD
        cycle = fit(windows, nominal, periods) or fit(windows, nominal, ANY_PERIOD)
        if cycle and total >= _MIN_CONFIDENCE:
            found = replace(estimator, windows=windows, cycle=cycle, nominal=nominal, periods=periods, confidence=total)
            return replace(found, surprised_at=window.until, search_until=0.0)
    return replace(estimator, windows=windows)


def _informative(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    """Windows short enough to tell about the usual period, or all if there are none: long windows fit any period."""
    short = tuple(window for window in windows if window.length <= USUAL_PERIOD * SHORT)
    return short or windows


def _found_again(estimator: UpdateCycleEstimator, nominal: float, window: Window) -> UpdateCycleEstimator:
    searching = window.until < estimator.search_until
    if window.length > (_CLEAR if searching else nominal * SHORT):
        return estimator
    found = replace(estimator, surprised_at=window.until, search_until=0.0)
    windows = _windows_with(estimator, window)
    cycle = _fit(estimator, windows, nominal)
    return replace(found, windows=windows, cycle=cycle) if cycle else _restarted(found, nominal, window)


def _compared(estimator: UpdateCycleEstimator, cycle: UpdateCycle, window: Window) -> UpdateCycleEstimator:
    """Compares a change with the updates that the known cycle expects."""
    updates = cycle.updates_in(window)
    if not updates:
        return _unexpected(estimator, cycle, window)
    known = _without_suspicion(estimator, cycle, window.until)
    if len(updates) > 1 or window.length > cycle.period * SHORT:
        return known
    known = replace(
        known, confidence=min(_MAX_CONFIDENCE, known.confidence + weight(window, cycle.period, cycle.spread))
    )
    known = _with_longer(known, cycle, updates[0].middle, window)
    overlap = window.cut(updates[0])
    if known.cycle is not cycle or overlap.length > updates[0].length * _NEWS:
        return known
    windows = _windows_with(known, window if cycle.spread else overlap)
    closer = _fit(known, windows, known.nominal or cycle.period)
    return (
        replace(known, windows=windows, cycle=closer)
        if closer
        else _lost(known, window.until, _HINT_LOSS, known.windows)
    )


def _with_longer(
    estimator: UpdateCycleEstimator, cycle: UpdateCycle, moment: float, window: Window
) -> UpdateCycleEstimator:
    """Doubles the period if every other update of the known cycle is always skipped."""
    nominal = 2 * (estimator.nominal or cycle.period)
    if window.stamp is not None or nominal not in NOMINAL_PERIODS:
        return estimator
    number = round((moment - estimator.even.at) / cycle.period)
    even = _Even(moment, 1) if number % 2 else _Even(moment, estimator.even.count + (number > 0))
    if even.count < ALTERNATING:
        return replace(estimator, even=even)
    twice = replace(cycle, at=moment - cycle.spread / 2, period=2 * cycle.period, drift=2 * cycle.drift)
    return replace(estimator, nominal=nominal, cycle=twice, periods=ANY_PERIOD, even=_Even())


def _without_suspicion(estimator: UpdateCycleEstimator, cycle: UpdateCycle, now: float) -> UpdateCycleEstimator:
    """Ends the suspicion once there was no unexpected change for a while."""
    surprised_at = estimator.surprised_at
    is_quiet = surprised_at is not None and now - surprised_at >= _SUSPICION * cycle.period
    return replace(estimator, surprised_at=None) if is_quiet else estimator


def _unexpected(estimator: UpdateCycleEstimator, cycle: UpdateCycle, window: Window) -> UpdateCycleEstimator:
    """After a change outside of all expected updates: in a later channel, at an update that was always skipped so far,
    after a restart of the gateway, or because there is no cycle.
    """
    nominal, is_clear = estimator.nominal or cycle.period, window.length <= _CLEAR
    # A long window only shows that something is late: another channel, unless a change was unexpected before.
    windows = _windows_with(estimator, replace(window, until=min(window.until, window.since + _CLEAR)))
    halves = [each for each in NOMINAL_PERIODS if each == nominal / 2]
    for each in (*halves, nominal) if is_clear or estimator.surprised_at is None else ():
        if closer := _fit(estimator, windows, each):
            left, now = estimator.confidence - _HINT_LOSS, window.until
            return replace(estimator, windows=windows, cycle=closer, nominal=each, confidence=left, surprised_at=now)
    if is_clear and may_fit(windows, nominal):
        return _lost(estimator, window.until, _VAGUE_LOSS, windows)
    return (
        _restarted(estimator, nominal, window)
        if is_clear
        else _lost(estimator, window.until, _HINT_LOSS, estimator.windows)
    )


def _restarted(estimator: UpdateCycleEstimator, nominal: float, window: Window) -> UpdateCycleEstimator:
    """The cycle goes on from another moment, if there is one."""
    left = estimator.confidence - _UNEXPECTED_LOSS
    if left < _CONFIDENCE_LEFT:
        return UpdateCycleEstimator(windows=(window,), known_kind=estimator.known_kind / 2, stamps=estimator.stamps)
    cycle = _fit(estimator, (window,), nominal)
    return replace(
        estimator, windows=(window,), cycle=cycle, nominal=nominal, confidence=left, surprised_at=window.until
    )


def _lost(
    estimator: UpdateCycleEstimator, now: float, loss: float, windows: tuple[Window, ...]
) -> UpdateCycleEstimator:
    """The cycle may have moved. `windows`: those that still count as evidence of it."""
    left = estimator.confidence - loss
    if estimator.nominal is None or left < _CONFIDENCE_LEFT:
        return UpdateCycleEstimator(known_kind=estimator.known_kind, stamps=estimator.stamps)
    return replace(
        estimator, windows=windows, cycle=None, confidence=left, surprised_at=now, search_until=now + _SEARCH
    )


def _fit(estimator: UpdateCycleEstimator, windows: Sequence[Window], nominal: float) -> UpdateCycle | None:
    """With a period within the known limits, or else near its nominal one."""
    usual = fit(windows, nominal, estimator.periods) if nominal == estimator.nominal else None
    return usual or fit(windows, nominal, ANY_PERIOD)


def _windows_with(estimator: UpdateCycleEstimator, window: Window) -> tuple[Window, ...]:
    oldest = window.until - _KEPT_FOR * (estimator.nominal or NOMINAL_PERIODS[0])
    return (window, *(each for each in estimator.windows if each.until > oldest))[:_KEPT]
