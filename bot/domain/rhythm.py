"""When a gateway changes its answers: many do so in ticks, all tasks at once, and rest in between.

A change that is seen at one look and was not there at the look before has happened in the window between the two. If
windows far apart all hold a moment of one beat, the gateway ticks, and the next beat is the time to look. Ticks may be
left out, and the channels of a gateway may follow each other by some seconds. When a gateway starts anew, its beat
goes on from another moment.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.beats import (
    ALTERNATING,
    ANY_PERIOD,
    BEATS,
    CHECK_EVERY,
    SHORT,
    SURE,
    USUAL_BEAT,
    Tick,
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


class Rhythm(Struct, frozen=True):
    """What is known of one gateway.

    `sure`: how sure it is that there is a beat. `beat`: how long it is, also while nobody knows where it is; there is
    no `tick` then. `periods`: how long exactly; it goes on with that when the gateway has started anew.
    `known_kind`: how sure its kind alone makes it.
    """

    windows: tuple[Window, ...] = ()  # newest first
    tick: Tick | None = None
    beat: float | None = None
    periods: Window = ANY_PERIOD
    sure: float = 0.0
    known_kind: float = _KNOWN_KIND
    stamps: Stamps = Stamps()
    even: _Even = _Even()
    surprised_at: float | None = None  # by a change where no beat was expected
    search_until: float = 0.0

    def heard(self, window: Window) -> "Rhythm":
        """A change was seen."""
        read, stamps = self.stamps.read(window)
        known = replace(self.at(window.until), stamps=stamps)
        if read is None:  # where beats were believed to be was told by a clock that is another one
            return known if stamps.odd else _lost(known, window.until, 0.0, ())
        if known.tick is None and read.length > BEATS[0] * SHORT:
            return known
        after = _compared(known, known.tick, read) if known.tick else _learned(known, read)
        return _with_checks(_with_periods(after), stamped=read.stamp is not None)

    def at(self, now: float) -> "Rhythm":
        """What is known so much later: where a beat is that was not heard for long, nobody knows."""
        lost = self.tick is not None and self.tick.doubt_at(now) > self.tick.period * _LOST
        return replace(self, tick=None) if lost else self

    def interrupted(self, now: float) -> "Rhythm":
        """The gateway did not answer for a while: it may have started anew, and is listened to."""
        return _lost(self, now, 0.0, ())

    @property
    def lasting(self) -> "Rhythm":
        """What is worth being kept over a start of ours."""
        return replace(self, windows=(), even=_Even())

    def resumed(self, now: float) -> "Rhythm":
        """After a start: much may have happened since, also to the clocks."""
        stamps = replace(self.stamps, seen=Stamps().seen)
        then = replace(self, windows=(), surprised_at=now, search_until=0.0, stamps=stamps)
        return _with_checks(then.at(now), stamped=False)


def _with_periods(rhythm: Rhythm) -> Rhythm:
    """What its length may be narrows down, and that is kept for good: it is how the gateway is made."""
    tick = rhythm.tick
    if tick is None or tick.spread:
        return rhythm
    told = Window(tick.period - tick.drift, tick.period + tick.drift).wider(_STEADY)
    near = told.cut(rhythm.periods)
    if near.length <= 0:
        return replace(rhythm, periods=told)
    return replace(rhythm, periods=near) if near.length >= _STEADY else rhythm


def _with_checks(rhythm: Rhythm, *, stamped: bool) -> Rhythm:
    """Changes with a stamp tell by themselves that a beat is another one, once the clocks are known."""
    if rhythm.tick is None:
        return rhythm
    every = 1 if rhythm.surprised_at is not None else CHECK_EVERY
    if stamped:
        every = 0 if rhythm.stamps.confirmed else _UNCONFIRMED
    return replace(rhythm, tick=rhythm.tick.checked(every, SURE))


def _learned(rhythm: Rhythm, window: Window) -> Rhythm:
    """Without a beat, or without knowing where it is."""
    if rhythm.beat is not None:
        return _found_again(rhythm, rhythm.beat, window)
    windows = consistent(_telling(_windows_with(rhythm, window)))
    stamped = window.stamp is not None
    likely = (USUAL_BEAT,) if stamped and rhythm.known_kind == _KNOWN_KIND else BEATS
    for beat in likely:
        sure = evidence(windows, beat) + (rhythm.known_kind if stamped else 0.0)
        periods = _KIND_PERIODS if stamped and beat == USUAL_BEAT else ANY_PERIOD
        tick = fit(windows, beat, periods) or fit(windows, beat, ANY_PERIOD)
        if tick and sure >= _SURE_ENOUGH:
            found = replace(rhythm, windows=windows, tick=tick, beat=beat, periods=periods, sure=sure)
            return replace(found, surprised_at=window.until, search_until=0.0)
    return replace(rhythm, windows=windows)


def _telling(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    """Those that say something of the usual beat, as soon as there are such: long ones would agree with any."""
    short = tuple(window for window in windows if window.length <= USUAL_BEAT * SHORT)
    return short or windows


def _found_again(rhythm: Rhythm, beat: float, window: Window) -> Rhythm:
    searching = window.until < rhythm.search_until
    if window.length > (_CLEAR if searching else beat * SHORT):
        return rhythm
    found = replace(rhythm, surprised_at=window.until, search_until=0.0)
    windows = _windows_with(rhythm, window)
    tick = _fit(rhythm, windows, beat)
    return replace(found, windows=windows, tick=tick) if tick else _moved(found, beat, window)


def _compared(rhythm: Rhythm, tick: Tick, window: Window) -> Rhythm:
    """With where the beats are believed to be."""
    beats = tick.beats_in(window)
    if not beats:
        return _surprised(rhythm, tick, window)
    known = _reassured(rhythm, tick, window.until)
    if len(beats) > 1 or window.length > tick.period * SHORT:
        return known
    known = replace(known, sure=min(_SUREST, known.sure + weight(window, tick.period, tick.spread)))
    known = _with_longer(known, tick, beats[0].middle, window)
    told = window.cut(beats[0])
    if known.tick is not tick or told.length > beats[0].length * _NEWS:
        return known
    windows = _windows_with(known, window if tick.spread else told)
    closer = _fit(known, windows, known.beat or tick.period)
    return replace(known, windows=windows, tick=closer) if closer else _lost(known, window.until, _HINT, known.windows)


def _with_longer(rhythm: Rhythm, tick: Tick, moment: float, window: Window) -> Rhythm:
    """A beat of twice the length, where of the believed one every other is always left out."""
    beat = 2 * (rhythm.beat or tick.period)
    if window.stamp is not None or beat not in BEATS:
        return rhythm
    number = round((moment - rhythm.even.at) / tick.period)
    even = _Even(moment, 1) if number % 2 else _Even(moment, rhythm.even.count + (number > 0))
    if even.count < ALTERNATING:
        return replace(rhythm, even=even)
    twice = replace(tick, at=moment - tick.spread / 2, period=2 * tick.period, drift=2 * tick.drift)
    return replace(rhythm, beat=beat, tick=twice, periods=ANY_PERIOD, even=_Even())


def _reassured(rhythm: Rhythm, tick: Tick, now: float) -> Rhythm:
    """When nothing more has surprised for a while."""
    surprised_at = rhythm.surprised_at
    is_calm = surprised_at is not None and now - surprised_at >= _SUSPICION * tick.period
    return replace(rhythm, surprised_at=None) if is_calm else rhythm


def _surprised(rhythm: Rhythm, tick: Tick, window: Window) -> Rhythm:
    """By a change where no beat is: of a channel behind the others, of a beat that had been left out so far, or of a
    gateway that has started anew. Or there is no beat.
    """
    beat, is_clear = rhythm.beat or tick.period, window.length <= _CLEAR
    # One that is not clear tells only that something is late: of another channel, unless that was thought before.
    windows = _windows_with(rhythm, replace(window, until=min(window.until, window.since + _CLEAR)))
    halves = [each for each in BEATS if each == beat / 2]
    for each in (*halves, beat) if is_clear or rhythm.surprised_at is None else ():
        if closer := _fit(rhythm, windows, each):
            sure, now = rhythm.sure - _HINT, window.until
            return replace(rhythm, windows=windows, tick=closer, beat=each, sure=sure, surprised_at=now)
    return _moved(rhythm, beat, window) if is_clear else _lost(rhythm, window.until, _HINT, rhythm.windows)


def _moved(rhythm: Rhythm, beat: float, window: Window) -> Rhythm:
    """It goes on from another moment, if it is one."""
    sure = rhythm.sure - _SURPRISE
    if sure < _STILL_SURE:
        return Rhythm(windows=(window,), known_kind=rhythm.known_kind / 2, stamps=rhythm.stamps)
    tick = _fit(rhythm, (window,), beat)
    return replace(rhythm, windows=(window,), tick=tick, beat=beat, sure=sure, surprised_at=window.until)


def _lost(rhythm: Rhythm, now: float, loss: float, windows: tuple[Window, ...]) -> Rhythm:
    """It may not be where it was believed to be. `windows`: what is still believed to have been one of it."""
    sure = rhythm.sure - loss
    if rhythm.beat is None or sure < _STILL_SURE:
        return Rhythm(known_kind=rhythm.known_kind, stamps=rhythm.stamps)
    return replace(rhythm, windows=windows, tick=None, sure=sure, surprised_at=now, search_until=now + _SEARCH)


def _fit(rhythm: Rhythm, windows: Sequence[Window], beat: float) -> Tick | None:
    """With a beat of the length that it had, or else of any that is near."""
    usual = fit(windows, beat, rhythm.periods) if beat == rhythm.beat else None
    return usual or fit(windows, beat, ANY_PERIOD)


def _windows_with(rhythm: Rhythm, window: Window) -> tuple[Window, ...]:
    oldest = window.until - _KEPT_FOR * (rhythm.beat or BEATS[0])
    return (window, *(each for each in rhythm.windows if each.until > oldest))[:_KEPT]
