"""When a gateway changes its answers: many do so in ticks, all tasks at once, and rest in between.

A change that is seen at one look and was not there at the look before has happened in the window between the two. If
windows far apart all hold a moment of one beat, the gateway ticks, and the next beat is the time to look. Ticks may be
left out, and the channels of a gateway may follow each other by some seconds. When a gateway starts anew, its beat
goes on from another moment.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.update_cycle import (
    ALTERNATING,
    ANY_PERIOD,
    BEATS,
    CHECK_EVERY,
    SHORT,
    SURE,
    USUAL_BEAT,
    UpdateCycle,
    consistent,
    evidence,
    fit,
    weight,
)
from bot.domain.windows import Stamps, Window

_KEPT = 24  # windows
_KEPT_FOR = 400  # beats: a longer time would ask for a finer search for the period
_SURE_ENOUGH = 5.5  # how sure it must be that there is a beat, to look at beats alone; see `evidence`
_SUREST = 21.0  # so sure that more counts no more: a beat that is over must be given up in the end
_STILL_SURE = 4.0  # what must be left after a surprise
_SURPRISE = 7.0  # what is lost by one that no beat explains, and
_HINT = 1.0  # by one that may be explained
_KNOWN_KIND = 6.0  # how sure it is in advance, at gateways that say when a row changed: all of them are of one kind,
_KIND_PERIODS = Window(14.98, 15.06)  # and keep the usual beat exactly
_STEADY = 0.01  # seconds by which the length of a beat may be another one from day to day
_CLEAR = 3.0  # seconds: a longer window does not tell where a beat has gone
_UNCONFIRMED = 3  # beats between two checks, until it is known how far a gateway's clock is from ours
_SUSPICION = 6  # beats after a surprise, in which each is checked
_NEWS = 0.8  # of the doubt: a window that leaves more of it is none
_SEARCH = 120.0  # seconds for which a beat that was lost is searched for
_LOST = 0.2  # of a beat: with more doubt nobody knows where it is


class _Even(Struct, frozen=True):
    """The last change, and how many before it were an even number of beats apart."""

    at: float = 0.0
    count: int = 0


class UpdateCycleEstimator(Struct, frozen=True):
    """What is known of one gateway.

    `sure`: how sure it is that there is a beat. `beat`: how long it is, also while nobody knows where it is; there is
    no `cycle` then. `periods`: how long exactly; it goes on with that when the gateway has started anew.
    `known_kind`: how sure its kind alone makes it.
    """

    windows: tuple[Window, ...] = ()  # newest first
    cycle: UpdateCycle | None = None
    beat: float | None = None
    periods: Window = ANY_PERIOD
    sure: float = 0.0
    known_kind: float = _KNOWN_KIND
    stamps: Stamps = Stamps()
    even: _Even = _Even()
    surprised_at: float | None = None  # by a change where no beat was expected
    search_until: float = 0.0

    def heard(self, window: Window) -> "UpdateCycleEstimator":
        """A change was seen."""
        read, stamps = self.stamps.read(window)
        known = replace(self.at(window.until), stamps=stamps)
        if read is None:  # where beats were believed to be was told by a clock that is another one
            return known if stamps.odd else _lost(known, window.until, 0.0, ())
        if known.cycle is None and read.length > BEATS[0] * SHORT:
            return known
        after = _compared(known, known.cycle, read) if known.cycle else _learned(known, read)
        return _with_checks(_with_periods(after), stamped=read.stamp is not None)

    def at(self, now: float) -> "UpdateCycleEstimator":
        """What is known so much later: where a beat is that was not heard for long, nobody knows."""
        lost = self.cycle is not None and self.cycle.doubt_at(now) > self.cycle.period * _LOST
        return replace(self, cycle=None) if lost else self

    def interrupted(self, now: float) -> "UpdateCycleEstimator":
        """The gateway did not answer for a while: it may have started anew, and is listened to."""
        return _lost(self, now, 0.0, ())

    @property
    def lasting(self) -> "UpdateCycleEstimator":
        """What is worth being kept over a start of ours."""
        return replace(self, windows=(), even=_Even())

    def resumed(self, now: float) -> "UpdateCycleEstimator":
        """After a start: much may have happened since, also to the clocks."""
        stamps = replace(self.stamps, seen=Stamps().seen)
        then = replace(self, windows=(), surprised_at=now, search_until=0.0, stamps=stamps)
        return _with_checks(then.at(now), stamped=False)


def _with_periods(estimator: UpdateCycleEstimator) -> UpdateCycleEstimator:
    """What its length may be narrows down, and that is kept for good: it is how the gateway is made."""
    cycle = estimator.cycle
    if cycle is None or cycle.spread:
        return estimator
    told = Window(cycle.period - cycle.drift, cycle.period + cycle.drift).wider(_STEADY)
    near = told.cut(estimator.periods)
    if near.length <= 0:
        return replace(estimator, periods=told)
    return replace(estimator, periods=near) if near.length >= _STEADY else estimator


def _with_checks(estimator: UpdateCycleEstimator, *, stamped: bool) -> UpdateCycleEstimator:
    """Changes with a stamp tell by themselves that a beat is another one, once the clocks are known."""
    if estimator.cycle is None:
        return estimator
    every = 1 if estimator.surprised_at is not None else CHECK_EVERY
    if stamped:
        every = 0 if estimator.stamps.confirmed else _UNCONFIRMED
    return replace(estimator, cycle=estimator.cycle.checked(every, SURE))


def _learned(estimator: UpdateCycleEstimator, window: Window) -> UpdateCycleEstimator:
    """Without a beat, or without knowing where it is."""
    if estimator.beat is not None:
        return _found_again(estimator, estimator.beat, window)
    windows = consistent(_telling(_windows_with(estimator, window)))
    stamped = window.stamp is not None
    likely = (USUAL_BEAT,) if stamped and estimator.known_kind == _KNOWN_KIND else BEATS
    for beat in likely:
        sure = evidence(windows, beat) + (estimator.known_kind if stamped else 0.0)
        periods = _KIND_PERIODS if stamped and beat == USUAL_BEAT else ANY_PERIOD
        cycle = fit(windows, beat, periods) or fit(windows, beat, ANY_PERIOD)
        if cycle and sure >= _SURE_ENOUGH:
            found = replace(estimator, windows=windows, cycle=cycle, beat=beat, periods=periods, sure=sure)
            return replace(found, surprised_at=window.until, search_until=0.0)
    return replace(estimator, windows=windows)


def _telling(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    """Those that say something of the usual beat, as soon as there are such: long ones would agree with any."""
    short = tuple(window for window in windows if window.length <= USUAL_BEAT * SHORT)
    return short or windows


def _found_again(estimator: UpdateCycleEstimator, beat: float, window: Window) -> UpdateCycleEstimator:
    searching = window.until < estimator.search_until
    if window.length > (_CLEAR if searching else beat * SHORT):
        return estimator
    found = replace(estimator, surprised_at=window.until, search_until=0.0)
    windows = _windows_with(estimator, window)
    cycle = _fit(estimator, windows, beat)
    return replace(found, windows=windows, cycle=cycle) if cycle else _moved(found, beat, window)


def _compared(estimator: UpdateCycleEstimator, cycle: UpdateCycle, window: Window) -> UpdateCycleEstimator:
    """With where the beats are believed to be."""
    beats = cycle.beats_in(window)
    if not beats:
        return _surprised(estimator, cycle, window)
    known = _reassured(estimator, cycle, window.until)
    if len(beats) > 1 or window.length > cycle.period * SHORT:
        return known
    known = replace(known, sure=min(_SUREST, known.sure + weight(window, cycle.period, cycle.spread)))
    known = _with_longer(known, cycle, beats[0].middle, window)
    told = window.cut(beats[0])
    if known.cycle is not cycle or told.length > beats[0].length * _NEWS:
        return known
    windows = _windows_with(known, window if cycle.spread else told)
    closer = _fit(known, windows, known.beat or cycle.period)
    return replace(known, windows=windows, cycle=closer) if closer else _lost(known, window.until, _HINT, known.windows)


def _with_longer(
    estimator: UpdateCycleEstimator, cycle: UpdateCycle, moment: float, window: Window
) -> UpdateCycleEstimator:
    """A beat of twice the length, where of the believed one every other is always left out."""
    beat = 2 * (estimator.beat or cycle.period)
    if window.stamp is not None or beat not in BEATS:
        return estimator
    number = round((moment - estimator.even.at) / cycle.period)
    even = _Even(moment, 1) if number % 2 else _Even(moment, estimator.even.count + (number > 0))
    if even.count < ALTERNATING:
        return replace(estimator, even=even)
    twice = replace(cycle, at=moment - cycle.spread / 2, period=2 * cycle.period, drift=2 * cycle.drift)
    return replace(estimator, beat=beat, cycle=twice, periods=ANY_PERIOD, even=_Even())


def _reassured(estimator: UpdateCycleEstimator, cycle: UpdateCycle, now: float) -> UpdateCycleEstimator:
    """When nothing more has surprised for a while."""
    surprised_at = estimator.surprised_at
    is_calm = surprised_at is not None and now - surprised_at >= _SUSPICION * cycle.period
    return replace(estimator, surprised_at=None) if is_calm else estimator


def _surprised(estimator: UpdateCycleEstimator, cycle: UpdateCycle, window: Window) -> UpdateCycleEstimator:
    """By a change where no beat is: of a channel behind the others, of a beat that had been left out so far, or of a
    gateway that has started anew. Or there is no beat.
    """
    beat, is_clear = estimator.beat or cycle.period, window.length <= _CLEAR
    # One that is not clear tells only that something is late: of another channel, unless that was thought before.
    windows = _windows_with(estimator, replace(window, until=min(window.until, window.since + _CLEAR)))
    halves = [each for each in BEATS if each == beat / 2]
    for each in (*halves, beat) if is_clear or estimator.surprised_at is None else ():
        if closer := _fit(estimator, windows, each):
            sure, now = estimator.sure - _HINT, window.until
            return replace(estimator, windows=windows, cycle=closer, beat=each, sure=sure, surprised_at=now)
    return _moved(estimator, beat, window) if is_clear else _lost(estimator, window.until, _HINT, estimator.windows)


def _moved(estimator: UpdateCycleEstimator, beat: float, window: Window) -> UpdateCycleEstimator:
    """It goes on from another moment, if it is one."""
    sure = estimator.sure - _SURPRISE
    if sure < _STILL_SURE:
        return UpdateCycleEstimator(windows=(window,), known_kind=estimator.known_kind / 2, stamps=estimator.stamps)
    cycle = _fit(estimator, (window,), beat)
    return replace(estimator, windows=(window,), cycle=cycle, beat=beat, sure=sure, surprised_at=window.until)


def _lost(
    estimator: UpdateCycleEstimator, now: float, loss: float, windows: tuple[Window, ...]
) -> UpdateCycleEstimator:
    """It may not be where it was believed to be. `windows`: what is still believed to have been one of it."""
    sure = estimator.sure - loss
    if estimator.beat is None or sure < _STILL_SURE:
        return UpdateCycleEstimator(known_kind=estimator.known_kind, stamps=estimator.stamps)
    return replace(estimator, windows=windows, cycle=None, sure=sure, surprised_at=now, search_until=now + _SEARCH)


def _fit(estimator: UpdateCycleEstimator, windows: Sequence[Window], beat: float) -> UpdateCycle | None:
    """With a beat of the length that it had, or else of any that is near."""
    usual = fit(windows, beat, estimator.periods) if beat == estimator.beat else None
    return usual or fit(windows, beat, ANY_PERIOD)


def _windows_with(estimator: UpdateCycleEstimator, window: Window) -> tuple[Window, ...]:
    oldest = window.until - _KEPT_FOR * (estimator.beat or BEATS[0])
    return (window, *(each for each in estimator.windows if each.until > oldest))[:_KEPT]
