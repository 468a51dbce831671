"""How a bot fares with a crowd of people: what they wait for, and what it takes of the machine."""

import asyncio
import statistics
import time
from asyncio.subprocess import Process
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.bots import memory, processor_time
from benchmarks.crowd import Crowd, Waits, percentile

_BURSTS = 3


@dataclass
class Wait:
    """In ms."""

    p50: float
    p99: float
    worst: float

    def __str__(self) -> str:
        return f"p50 {self.p50:6.1f}   p99 {self.p99:6.1f}   worst {self.worst:6.1f}"


@dataclass
class LoadResult:
    """How one bot fared with the people: each at their own pace, and all at once."""

    calm: Wait  # for the acknowledgement
    burst: Wait  # for the acknowledgement
    shown: Wait  # for the task itself
    acts: int
    late: int  # acknowledged after more than 3 s, or not at all
    silent: int  # acknowledged, and no task was shown
    first_minute: float  # MB
    end: float  # MB
    core: float  # the share of one that the bot used


async def measure(bot: Process, crowd: Crowd, seconds: float) -> LoadResult:
    """People at their own pace for so long, between moments at which all of them act."""
    started, used = time.monotonic(), processor_time(bot)
    first_minute = asyncio.create_task(_memory_after(bot, min(60.0, seconds)))
    calm, bursts = Waits(), []
    for _ in range(_BURSTS):
        calm += await crowd.live(seconds / _BURSTS)
        bursts.append(await crowd.all_at_once())
    core = (processor_time(bot) - used) / (time.monotonic() - started)
    every = sum(bursts, calm)
    return LoadResult(
        calm=_wait([calm.acknowledged]),
        burst=_wait([burst.acknowledged for burst in bursts]),
        shown=_wait([calm.answered]),
        acts=len(every.acknowledged),
        late=every.late,
        silent=every.silent,
        first_minute=await first_minute,
        end=memory(bot),
        core=core,
    )


async def _memory_after(bot: Process, seconds: float) -> float:
    await asyncio.sleep(seconds)
    return memory(bot)


def _wait(times: Sequence[Sequence[float]]) -> Wait:
    """Medians over what was repeated."""
    p50, p99, worst = (statistics.median(percentile(each, share) for each in times) for share in (0.5, 0.99, 1.0))
    return Wait(p50, p99, worst)
