"""When a gateway changes its answers: many do so in ticks, all tasks at once, and rest in between.

A change that is seen at one look and was not there at the look before has happened in the window between the two. If
windows far apart all hold a moment of one beat, the gateway ticks, and the next beat is the time to look.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

_KEPT = 24  # windows
_NEEDED = 8  # windows much shorter than the beat, before it is believed
_SHORT = 0.5  # of a beat: longer windows say little about it
_CHANCE = 1e-7  # the most that it may be by chance: it is asked again with every change, for years
_MISSES = 0.05  # of the windows that may disagree: an answer that was late
_SUSPICION = 16  # beats after a change where none was expected, in which each is checked
_TOLERANCE = 0.25  # seconds by which a tick may come early or late
_BEATS = (5.0, 10.0, 15.0, 20.0, 30.0)  # seconds; what gateways are known to do, and what they are likely to
_STRETCH = 0.05  # of a beat, by which its work may make it longer, or its clock shorter
_FINENESS = 0.05  # seconds
_MARGIN, _LONGEST_MARGIN = 0.3, 3.0  # seconds after a tick until all of its answers are there
_SURE = 0.4  # seconds of doubt that need not be made less
_CHECK_EVERY = 32  # beats: looks just before one, where nothing should have changed since the last
_JUST_BEFORE = 1.0  # seconds before it: an answer takes its time to come
_NEWS = 0.8  # of the doubt: a window that leaves more of it is none


class Window(Struct, frozen=True):
    """A change happened after `since`, and at `until` at the latest."""

    since: float
    until: float

    @property
    def length(self) -> float:
        return self.until - self.since

    def cut(self, other: "Window") -> "Window":
        """What both hold; of no length or less if that is nothing."""
        return Window(max(self.since, other.since), min(self.until, other.until))


class Tick(Struct, frozen=True):
    """`at`: the latest moment of one beat that is known, give or take `doubt` seconds; `drift` more for each since.

    `margin`: seconds behind it until all of its answers are there. `check_every`: beats. Who looks at beats alone
    sees every change at one, also where there is no beat.
    """

    at: float
    period: float
    doubt: float
    drift: float = 0.0
    margin: float = _MARGIN
    check_every: int = _CHECK_EVERY

    def beat(self, number: int) -> Window:
        """When the beat of that number since `at` is."""
        moment, doubt = self.at + number * self.period, self.doubt + number * self.drift
        return Window(moment - doubt, moment + doubt)

    def last_beats(self, now: float) -> tuple[Window, Window]:
        """The last that may have begun, and the one before it."""
        doubt = self.beat(self.number(now)).length / 2
        number = self.number(now + doubt)
        return self.beat(number), self.beat(number - 1)

    def number(self, moment: float) -> int:
        """Of the beat before it."""
        return max(0, int((moment - self.at) // self.period))


class Rhythm(Struct, frozen=True):
    """What is known of one gateway."""

    windows: tuple[Window, ...] = ()  # newest first
    tick: Tick | None = None
    surprised_at: float | None = None  # by a change where no beat was expected

    def heard(self, window: Window) -> "Rhythm":
        """A change was seen."""
        if self.tick is None:
            return self if window.length > _BEATS[-1] * _SHORT else self._with(window, _BEATS)
        last, before = self.tick.last_beats(window.until + _TOLERANCE)
        if window.since < before.until + _TOLERANCE:
            return self._reassured(self.tick, window.until)  # it may have been either of them
        expected = Window(last.since - _TOLERANCE, last.until + _TOLERANCE)
        told = window.cut(expected)
        if told.length <= 0:
            return self._surprised(self.tick, window.until)
        if told.length > expected.length * _NEWS:
            return self._reassured(self.tick, window.until)
        # A known beat is only looked at more closely.
        near = [each for each in _BEATS if abs(each - self.tick.period) < each * 2 * _STRETCH]
        return self._with(told, near)

    def _reassured(self, tick: Tick, now: float) -> "Rhythm":
        """When nothing more has surprised for a while."""
        if self.surprised_at is None or now - self.surprised_at < _SUSPICION * tick.period:
            return self
        return replace(self, surprised_at=None, tick=replace(tick, check_every=_CHECK_EVERY))

    def _surprised(self, tick: Tick, now: float) -> "Rhythm":
        """Some answers may come behind the others, as of several channels; if waiting does not help, it is none."""
        margin = 2 * tick.margin
        if margin > _LONGEST_MARGIN:
            return Rhythm()
        return replace(self, surprised_at=now, tick=replace(tick, margin=margin, check_every=1))

    def _with(self, window: Window, beats: Sequence[float]) -> "Rhythm":
        """Windows that overlap are of one tick, or there is none."""
        windows = self.windows
        if windows and window.since < windows[0].until:
            window, windows = window.cut(windows[0]), windows[1:]
            if window.length <= 0:
                return Rhythm()
        windows = (window, *windows)[:_KEPT]
        found = _find_tick(windows, beats)
        if found and self.tick:
            found = replace(found, margin=self.tick.margin)
        return Rhythm(windows, found or self.tick)


def next_tick(tick: Tick, after: float) -> float:
    """The first moment after `after` at which the answers of a tick are there."""
    first = tick.at + tick.doubt + tick.margin
    number = max(0, int((after - first) // (tick.period + tick.drift)) + 1)
    return first + number * (tick.period + tick.drift)


def next_probe(tick: Tick, after: float) -> float | None:
    """A moment before the next tick's answers at which to look for what it is like; None: that is not needed.

    In the midst of the doubt about it, which is halved by what is seen then; or just before it.
    """
    number = tick.number(after) + 1
    beat = tick.beat(number)
    if beat.length / 2 > _SURE:
        moment = (beat.since + beat.until) / 2
    elif beat.until % (tick.check_every * tick.period) < tick.period:
        moment = beat.since - _JUST_BEFORE
    else:
        return None
    return moment if after < moment < next_tick(tick, after) else None


def _find_tick(windows: Sequence[Window], beats: Sequence[float]) -> Tick | None:
    """The longest beat of which all windows hold a moment."""
    for beat in reversed(beats):
        told = [window for window in windows if window.length <= beat * _SHORT]
        if len(told) < _NEEDED or _by_chance(told, beat) > _CHANCE:
            continue
        if fits := [(period, fit) for period in _periods(beat) if (fit := _fit(told, period))]:
            return _all_of(fits)
    return None


def _by_chance(windows: Sequence[Window], beat: float) -> float:
    """How likely windows of such lengths would all hold a moment of a beat that is none."""
    chance = 1.0
    for window in windows[1:]:
        chance *= min(1.0, (window.length + 2 * _TOLERANCE) / beat)
    return chance


def _periods(beat: float) -> list[float]:
    steps = int(beat * _STRETCH / _FINENESS)
    return [beat + step * _FINENESS for step in range(-steps, steps + 1)]


def _fit(windows: Sequence[Window], period: float) -> Window | None:
    """Where in the newest window its tick is, if the others hold ticks of the same beat."""
    where, missed = windows[0], 0
    for window in windows[1:]:
        beats = round(((where.since + where.until) - (window.since + window.until)) / 2 / period)
        shift = beats * period
        other = Window(window.since + shift - _TOLERANCE, window.until + shift + _TOLERANCE)
        both = where.cut(other)
        if both.length <= 0:
            missed += 1
        else:
            where = both
    return where if missed <= len(windows) * _MISSES else None


def _all_of(fits: Sequence[tuple[float, Window]]) -> Tick:
    """Any of them may be the truth: the doubt is about all of them."""
    low, high = min(fit.since for _, fit in fits), max(fit.until for _, fit in fits)
    shortest, longest = fits[0][0], fits[-1][0]
    return Tick((low + high) / 2, (shortest + longest) / 2, (high - low) / 2, (longest - shortest) / 4)
