"""Delay and number of requests of polling policies: the bot's own beside others.

`python -m benchmarks.schedule` runs the policies against model gateways, in simulated time.
"""

import math
import random
import sys
from collections.abc import Mapping
from dataclasses import asdict

from benchmarks.models import MEDIAN, SIGMA, Gateway, Result, alternating, at_once, cyclic, make_song, summed_up
from benchmarks.optimal_bound import least_requests, log_normal
from benchmarks.simulated_bot import SimulatedBot

_SAMPLES = 20_000
_SEEDS = 8  # runs with one task
_LONGEST = 61_000.0  # seconds
_RUNS = {1: (1_500.0, 60_000.0), 100: (900.0, 6_000.0), 10_000: (600.0, 1_200.0)}  # seconds: warm-up, all
_FREE = Gateway((at_once,))
_CHANNELS = tuple(cyclic(phase=4.2 + behind) for behind in range(3))
_GATEWAYS: Mapping[str, Gateway] = {
    "updates every 15 s": Gateway((cyclic(),)),
    "updates every 15 s, and says when": Gateway((cyclic(),), stamped=True),
    "updates every 15 s, each 0.2 s late": Gateway((cyclic(drift=0.2),)),
    "updates every 15, 30 or 45 s by turns, and says when": Gateway((alternating(_LONGEST),), stamped=True),
    "updates every 15, 30 or 45 s by turns": Gateway((alternating(_LONGEST),)),
    "updates every 15 s, in three channels a second apart, and says when": Gateway(_CHANNELS, stamped=True),
    "updates every 15 s, in three channels a second apart": Gateway(_CHANNELS),
    "updates every 5 s": Gateway((cyclic(5.0, 1.1),)),
    "no cycle": _FREE,
}

_MANY, _PLAYED_BY_MANY = 10_000, ("updates every 15 s", "no cycle")  # tasks, which take long to play

Found = dict[str, dict[str, dict[str, dict[str, float]]]]


def main() -> Found:
    """By gateway, tasks alive, and policy."""
    return {
        name: {
            str(alive): _figures(policies(alive, gateway))
            for alive in _RUNS
            if alive < _MANY or name in _PLAYED_BY_MANY
        }
        for name, gateway in _GATEWAYS.items()
    }


def _figures(results: Mapping[str, Result]) -> dict[str, dict[str, float]]:
    """The figures as a dict, without those that are not known."""
    return {
        policy: {name: value for name, value in asdict(result).items() if not math.isnan(value)}
        for policy, result in results.items()
    }


def policies(alive: int, gateway: Gateway) -> dict[str, Result]:
    warm_up, seconds = _RUNS[alive]
    found = {
        "GET per task every 5 s": play_fixed(5, 1, alive, gateway),
        "GET per task every 15 s": play_fixed(15, 1, alive, gateway),
        "GET per task, back-off to 30 s": play_back_off(gateway),
        "batches of 100 every 15 s": play_fixed(15, 100, alive, gateway),
        "batches of 100 every 5 s": play_fixed(5, 100, alive, gateway),
        "this bot": play_bot(alive, gateway, warm_up, seconds),
    }
    if gateway is _FREE and alive == 1:
        mean = found["this bot"].mean
        least = least_requests(log_normal(MEDIAN, SIGMA), mean)
        found["the least at the bot's mean delay"] = Result(least, mean, math.nan, math.nan)
    return found


def play_bot(alive: int, gateway: Gateway, warm_up: float, seconds: float) -> Result:
    """One task at a time sees few songs, and how soon it finds the cycle is luck: the figures are of several runs."""
    bots = [
        SimulatedBot(alive, gateway, warm_up=warm_up, seed=seed) for seed in range(1, 1 + (_SEEDS if alive == 1 else 1))
    ]
    for bot in bots:
        bot.play(seconds)
    return summed_up(sum(bot.requests for bot in bots), [delay for bot in bots for _, delay in bot.seen])


def play_fixed(interval: float, batch: int, alive: int, gateway: Gateway) -> Result:
    """Polls every task every `interval` seconds, `batch` of them in a request."""
    dice = random.Random(1)
    requests, delays = 0.0, []
    size = min(batch, alive)
    for _ in range(_SAMPLES):
        fake = make_song(dice, dice.uniform(0, 3_600), gateway)
        first = fake.born + dice.uniform(0, interval)
        polls = max(1, math.ceil((fake.done - first) / interval) + 1)
        delays.append(first + (polls - 1) * interval - fake.done)
        requests += polls / size
    return summed_up(requests, delays)


def play_back_off(gateway: Gateway) -> Result:
    """One request a task, after 5 s, then 1.5 times as long each time, up to 30 s."""
    dice = random.Random(1)
    requests, delays = 0, []
    for _ in range(_SAMPLES):
        fake = make_song(dice, dice.uniform(0, 3_600), gateway)
        now, rest = fake.born, 5.0
        while now < fake.done:
            now += rest
            rest = min(rest * 1.5, 30.0)
            requests += 1
        delays.append(now - fake.done)
    return summed_up(requests, delays)


def tables(found: Found) -> str:
    """As Markdown."""
    lines = []
    for gateway, by_alive in found.items():
        for alive, by_policy in by_alive.items():
            lines += ["", f"{gateway}; tasks alive: {alive}", "", "| policy | requests a task | p50 | p95 |"]
            lines += ["|---|---|---|---|"]
            lines += [
                f"| {policy} | {result['requests']:.3f} | {_seconds(result, 'p50')} | {_seconds(result, 'p95')} |"
                for policy, result in by_policy.items()
            ]
    return "\n".join(lines)


def _seconds(result: Mapping[str, float], name: str) -> str:
    return f"{result[name]:.1f} s" if name in result else ""


if __name__ == "__main__":
    sys.stdout.write(tables(main()) + "\n")
