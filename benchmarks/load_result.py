"""Measures a bot used by a crowd: waiting times, processor and memory."""

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
    """Percentiles of waiting times, in ms."""

    p50: float
    p99: float
    worst: float

    def __str__(self) -> str:
        return f"p50 {self.p50:6.1f}   p99 {self.p99:6.1f}   worst {self.worst:6.1f}"


@dataclass
class LoadResult:
    """One bot's figures: with everyone at their own pace (`paced`), and all at once (`burst`)."""

    paced: Wait  # for the acknowledgement
    burst: Wait  # for the acknowledgement
    shown: Wait  # for the task itself
    acts: int
    late: int  # acknowledged after more than 3 s, or not at all
    unanswered: int  # acknowledged, but no task was shown
    first_minute: float  # MB
    end: float  # MB
    core: float  # share of one core


async def measure(bot: Process, crowd: Crowd, seconds: float) -> LoadResult:
    """People act at their own pace for so many seconds, interrupted by bursts in which all act at once."""
    started, used = time.monotonic(), processor_time(bot)
    first_minute = asyncio.create_task(_memory_after(bot, min(60.0, seconds)))
    paced, bursts = Waits(), []
    for _ in range(_BURSTS):
        paced += await crowd.use_bot(seconds / _BURSTS)
        bursts.append(await crowd.all_at_once())
    core = (processor_time(bot) - used) / (time.monotonic() - started)
    every = sum(bursts, paced)
    return LoadResult(
        paced=_wait([paced.acknowledged]),
        burst=_wait([burst.acknowledged for burst in bursts]),
        shown=_wait([paced.answered]),
        acts=len(every.acknowledged),
        late=every.late,
        unanswered=every.unanswered,
        first_minute=await first_minute,
        end=memory(bot),
        core=core,
    )


async def _memory_after(bot: Process, seconds: float) -> float:
    await asyncio.sleep(seconds)
    return memory(bot)


def _wait(times: Sequence[Sequence[float]]) -> Wait:
    """Medians over the repetitions."""
    p50, p99, worst = (statistics.median(percentile(each, share) for each in times) for share in (0.5, 0.99, 1.0))
    return Wait(p50, p99, worst)
