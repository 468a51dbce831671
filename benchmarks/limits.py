"""How far one process goes, as a model: `python -m benchmarks.limits`.

In the busiest hour of a day, songs finish at random in the channels of many servers. Each message takes one of
MESSAGES_AT_ONCE slots for as long as its upload takes, and Discord's limits hold: requests of the whole bot, messages
of one channel. What comes out is how long a finished song waits. What polling costs is measured in the same run, as in
`python -m benchmarks.cycle`.
"""

import asyncio
import heapq
import random
from collections import defaultdict, deque
from typing import NamedTuple

from benchmarks import cycle

_HOUR, _DAY = 3_600.0, 86_400.0  # seconds
_PEAK = 3.0  # the busiest hour, in hours of the mean
_UNTIL_DONE = 150.0  # seconds from the watch until the song is finished
_CYCLE = 15.0  # seconds between a gateway's updates
_UPLOAD = 0.4  # seconds
_REQUESTS_PER_SECOND = 50.0  # Discord's limit for a bot
_IN_A_CHANNEL, _WINDOW = 5, 5.0  # messages, and seconds
_CHANNELS = 3  # of a server, for songs
_MEASURED_TASKS = 10_000
_BACKLOG = 1_000  # songs: so many that wait when the hour is over are more than the last seconds' songs
_SEED = 1


class Load(NamedTuple):
    """`requests`: to Discord, for each watch: one for the post, others for a live card and counts of stars."""

    servers: int
    watches_a_day: int
    at_once: int
    requests: int


_LOADS = (
    Load(1_000, 10_000, 8, 4),
    Load(10_000, 100_000, 8, 4),
    Load(30_000, 300_000, 8, 4),
    Load(100_000, 1_000_000, 8, 1),
    Load(100_000, 1_000_000, 16, 1),
    Load(100_000, 1_000_000, 16, 4),
)


class Waits(NamedTuple):
    """Seconds for which finished songs wait, and how many wait when the hour is over."""

    median: float
    p95: float
    left: int


def peak(load: Load) -> float:
    """Songs a second in the busiest hour."""
    return load.watches_a_day / _DAY * _PEAK


def simulate(load: Load) -> Waits:
    dice = random.Random(_SEED)
    slots = [0.0] * load.at_once  # when each is free
    channels: dict[int, deque[float]] = defaultdict(lambda: deque(maxlen=_IN_A_CHANNEL))
    waits: list[float] = []
    now = next_request = 0.0
    left = 0
    while (now := now + dice.expovariate(peak(load))) < _HOUR:
        begins = max(now, slots[0], next_request)
        next_request = begins + load.requests / _REQUESTS_PER_SECOND
        heapq.heapreplace(slots, begins + _UPLOAD)
        sent = channels[dice.randrange(load.servers * _CHANNELS)]
        if len(sent) == _IN_A_CHANNEL:  # waits without a slot
            begins = max(begins, sent[0] + _WINDOW)
        sent.append(begins)
        waits.append(begins - now)
        left += begins > _HOUR
    waits.sort()
    return Waits(waits[len(waits) // 2], waits[len(waits) * 95 // 100], left)


async def main() -> None:
    microseconds = (await cycle.sizes((_MEASURED_TASKS,)))[str(_MEASURED_TASKS)]
    print(f"Polling costs {microseconds:.0f} µs of a processor for each task and update.\n")
    print("| Servers | Watches a day | Live | At once | Requests a watch | Core for polling | Waits: median, p95 |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for load in _LOADS:
        print(row(load, microseconds))


def row(load: Load, microseconds: float) -> str:
    """`microseconds`: of a processor, for one poll of a task."""
    live, waits = peak(load) * _UNTIL_DONE, simulate(load)
    core = live * microseconds / 1e6 / _CYCLE
    found = f"{waits.median:,.1f} s, {waits.p95:,.1f} s" if waits.left < _BACKLOG else f"grow; {waits.left:,} left"
    sizes = f"{load.servers:,} | {load.watches_a_day:,} | {live:,.0f} | {load.at_once} | {load.requests}"
    return f"| {sizes} | {core:.1%} | {found} |"


if __name__ == "__main__":
    asyncio.run(main())
