"""Delays after changes: a restarted gateway, a bot that has just started, an outage, lyrics.

`python -m benchmarks.recovery`: in simulated time, with the program's own pacing and back-off.
"""

import logging
import random
import sys
from collections.abc import Sequence
from statistics import fmean

from benchmarks.models import Gateway, at_once, cyclic, make_lyrics, make_song, restarted
from benchmarks.simulated_bot import INTERVAL, Make, SimulatedBot
from bot.errors import GatewayUnreachable
from bot.services.clock import Clock
from bot.services.polling.backoff import Backoff

_SEEDS = 40
_LEARNED, _RECOVERED, _WATCHED = 900.0, 60.0, 420.0  # seconds: before the restart, for recovery, measured after it
_FEW, _MANY = 2, 100  # tasks: a change at about half of the updates, and at each
_OFTEN = 5.0  # seconds between two GETs of a client with a fixed interval

Found = dict[str, dict[str, float]]


def main() -> Found:
    """Delays in seconds, and requests a task."""
    found: Found = {}
    for stamped in (True, False):
        says = "says when" if stamped else "does not say when"
        for alive in (_FEW, _MANY):
            found[f"restarted, {alive} tasks, {says}"] = restarted_with(alive, stamped=stamped)
            found[f"learned for 90 s, {alive} tasks, {says}"] = learned(alive, stamped=stamped)
        gateway = Gateway((cyclic(),), stamped=stamped)
        found[f"one song after a start, {says}"] = first_task(gateway, make_song)
        found[f"lyrics, a gateway with a cycle that {says}"] = first_task(gateway, make_lyrics)
    found["lyrics, no cycle"] = first_task(Gateway((at_once,)), make_lyrics)
    found["outage"] = outage()
    return found


def restarted_with(alive: int, *, stamped: bool) -> dict[str, float]:
    """Measured from a minute after a restart that shifted the cycle."""
    delays: list[float] = []
    for seed in range(5 * _SEEDS if alive < _MANY else _SEEDS // 4):
        dice = random.Random(seed)
        at = _LEARNED + dice.uniform(0, 15)
        down = (at, at + dice.uniform(1, 8))
        channel = restarted(cyclic(), cyclic(phase=dice.uniform(0, 15)), down)
        bot = SimulatedBot(alive, Gateway((channel,), stamped=stamped, down=down), seed=seed)
        bot.play(at + _RECOVERED + _WATCHED)
        delays += [delay for shown, delay in bot.seen if shown > at + _RECOVERED]
    return _late(delays)


def learned(alive: int, *, stamped: bool) -> dict[str, float]:
    """Measured from 90 s after the bot's first start."""
    delays: list[float] = []
    for seed in range(5 * _SEEDS if alive < _MANY else _SEEDS // 4):
        phase = random.Random(seed).uniform(0, 15)
        bot = SimulatedBot(alive, Gateway((cyclic(phase=phase),), stamped=stamped), seed=seed)
        bot.play(90.0 + _WATCHED)
        delays += [delay for shown, delay in bot.seen if shown > 90.0]
    return _late(delays)


def first_task(gateway: Gateway, make: Make) -> dict[str, float]:
    """A single task, the first of a bot that has learned nothing; beside a client that asks every 5 s."""
    delays, requests, theirs = [], [], []
    for seed in range(10 * _SEEDS):
        bot = SimulatedBot(0, gateway, seed=seed, make=make, begins=random.Random(seed).uniform(0, 15))
        fake = bot.watch_one()
        delays.append(bot.seen[0][1])
        requests.append(bot.requests)
        theirs.append((fake.done - fake.born) // _OFTEN + 1)
    return _late(delays) | {"requests": fmean(requests), "a GET every 5 s": fmean(theirs)}


logging.getLogger("bot").addHandler(logging.NullHandler())


class _SimulatedClock(Clock):
    moment = 0.0

    def now(self) -> float:
        return self.moment


def outage() -> dict[str, float]:
    """Seconds until all tasks are polled again after outages of up to an hour."""
    delays = []
    for seed in range(10 * _SEEDS):
        clock, ends = _SimulatedClock(), random.Random(seed).uniform(10, 3_600)
        backoff = Backoff("default", clock, INTERVAL)
        while clock.moment < ends:
            if backoff.is_over:
                backoff.failed(GatewayUnreachable("refused"))
            else:
                backoff.trial_failed()
            clock.moment = min(backoff.until, backoff.try_at)
        delays.append(clock.moment - ends)
    return _late(delays)


def _late(delays: Sequence[float]) -> dict[str, float]:
    ordered = sorted(delays)
    return {"p50": ordered[len(ordered) // 2], "p95": ordered[int(len(ordered) * 0.95)], "latest": ordered[-1]}


if __name__ == "__main__":
    for name, figures in main().items():
        sys.stdout.write(f"{name:55} {', '.join(f'{what} {value:.2f}' for what, value in figures.items())}\n")
