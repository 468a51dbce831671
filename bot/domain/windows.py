"""When a change at a gateway happened: between two polls, or more exactly where the gateway gives the time."""

from msgspec import Struct
from msgspec.structs import replace

_RESOLUTION = 1.0  # seconds: gateways give whole ones
_USUAL_DIFFERENCE = 0.25  # seconds between two clocks that are set over the network
_MAX_LATENCY = 0.5  # seconds from a change until all of the gateway's answers show it
_UNLIMITED = 1e12  # seconds; JSON has no infinity
_CONFIRMED = 6.0  # seconds: the clock difference counts as measured once it is known this exactly


class Window(Struct, frozen=True):
    """A change happened after `since`, and at `until` at the latest.

    `stamp`: the whole second at which it happened, by the gateway's clock; None: the gateway does not say.
    """

    since: float
    until: float
    stamp: float | None = None

    @property
    def length(self) -> float:
        return self.until - self.since

    @property
    def middle(self) -> float:
        return (self.since + self.until) / 2

    def cut(self, other: "Window") -> "Window":
        """The time that both cover; its length is zero or negative if they do not overlap."""
        return Window(max(self.since, other.since), min(self.until, other.until), self.stamp)

    def wider(self, seconds: float) -> "Window":
        """Extended by so many seconds at both ends."""
        return Window(self.since - seconds, self.until + seconds, self.stamp)


class Stamps(Struct, frozen=True):
    """The difference between a gateway's clock and ours.

    `ahead`: by how many seconds ours is ahead; before anything is measured, both clocks are assumed to be right.
    `seen`: the same, from measurements alone. `odd`: how many stamps in a row contradict it.
    """

    ahead: Window = Window(-_USUAL_DIFFERENCE, _USUAL_DIFFERENCE)
    seen: Window = Window(-_UNLIMITED, _UNLIMITED)
    odd: int = 0

    @property
    def confirmed(self) -> bool:
        return self.seen.length <= _CONFIRMED

    def read(self, window: Window) -> tuple[Window | None, "Stamps"]:
        """The window narrowed down by its stamp, or None if the stamp contradicts what is known.

        One contradiction may be an answer that came late. After two in a row, the clock difference is measured anew.
        """
        if window.stamp is None:
            return window, self
        offset = Window(window.since - window.stamp - _RESOLUTION, window.until - window.stamp).wider(_MAX_LATENCY)
        ahead = offset.cut(self.ahead)
        if ahead.length <= 0:
            return None, replace(self, odd=1) if not self.odd else Stamps(offset, offset)
        stamped = Window(window.stamp + ahead.since, window.stamp + _RESOLUTION + ahead.until)
        return window.cut(stamped), Stamps(ahead, offset.cut(self.seen))
