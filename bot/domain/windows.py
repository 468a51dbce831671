"""When a change at a gateway happened: between two looks, or more exactly where the gateway writes down when."""

from msgspec import Struct
from msgspec.structs import replace

_RESOLUTION = 1.0  # seconds: gateways write down whole ones
_NEAR = 0.25  # seconds by which the clocks of two machines differ that are set over the network
_LATE = 0.5  # seconds from a change until each of the gateway's answers has it
_FAR = 1e12  # seconds; JSON has no infinity
_CONFIRMED = 6.0  # seconds: the difference of the clocks is known that well from what was seen alone


class Window(Struct, frozen=True):
    """A change happened after `since`, and at `until` at the latest.

    `stamp`: the whole second of it, by the gateway's clock; None: it does not say.
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
        """What both hold; of no length or less if that is nothing."""
        return Window(max(self.since, other.since), min(self.until, other.until), self.stamp)

    def wider(self, seconds: float) -> "Window":
        """At both ends."""
        return Window(self.since - seconds, self.until + seconds, self.stamp)


class Stamps(Struct, frozen=True):
    """How a gateway's clock goes. `ahead`: by how many seconds ours is ahead of it; until there is something else
    to go by, two clocks are believed to be right. `seen`: the same, from what was seen alone.

    `odd`: how many stamps in a row did not agree with that.
    """

    ahead: Window = Window(-_NEAR, _NEAR)
    seen: Window = Window(-_FAR, _FAR)
    odd: int = 0

    @property
    def confirmed(self) -> bool:
        return self.seen.length <= _CONFIRMED

    def read(self, window: Window) -> tuple[Window | None, "Stamps"]:
        """The window as short as its stamp makes it, or None if the stamp does not fit to what was known.

        One that does not fit may be an answer that came late. After two, the clocks are another time apart.
        """
        if window.stamp is None:
            return window, self
        told = Window(window.since - window.stamp - _RESOLUTION, window.until - window.stamp).wider(_LATE)
        ahead = told.cut(self.ahead)
        if ahead.length <= 0:
            return None, replace(self, odd=1) if not self.odd else Stamps(told, told)
        stamped = Window(window.stamp + ahead.since, window.stamp + _RESOLUTION + ahead.until)
        return window.cut(stamped), Stamps(ahead, told.cut(self.seen))
