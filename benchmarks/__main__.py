"""`make bench`: measures every claim about the bot's speed, each side by side with others in one run.

Prints a table, writes all figures to benchmarks/results.json, and puts the table into docs/speed.md. `python -m
benchmarks relay start` measures only these parts again.
"""

import argparse
import asyncio
import json
import platform
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import abuse, cycle, library, load, recovery, relay, scale, schedule, shards, start

_RESULTS = Path(__file__).with_name("results.json")
_PAGE = Path(__file__).parents[1] / "docs" / "speed.md"
_BEGIN, _END = "<!-- made by make bench -->\n", "<!-- end -->\n"
_MINUTES = 0.5  # of load; `python -m benchmarks.load` runs ten
_SIZES = (1_000, 10_000, 100_000)  # tasks
_CYCLE = 15.0  # seconds, of the gateway of `scale`
_CHANNELS = "updates every 15 s, in three channels a second apart"
_CYCLIC, _FREE = "updates every 15 s", "no cycle"

Row = tuple[str, str, str]  # what is measured, what it must reach, what was found


async def _load() -> dict[str, Any]:
    return asdict(await load.main(minutes=_MINUTES))


async def _abuse() -> dict[str, Any]:
    return {name: asdict(found) for name, found in (await abuse.main(minutes=_MINUTES)).items()}


async def _start() -> dict[str, Any]:
    return {name: asdict(found) for name, found in (await start.main(rounds=2)).items()}


_PARTS: Mapping[str, Callable[[], Awaitable[Any]]] = {
    "schedule": lambda: asyncio.to_thread(schedule.main),
    "recovery": lambda: asyncio.to_thread(recovery.main),
    "cycle": cycle.main,
    "sizes": lambda: cycle.sizes(_SIZES),
    "relay": relay.main,
    "library": library.main,
    "scale": scale.main,
    "load": _load,
    "abuse": _abuse,
    "shards": lambda: shards.main(rounds=1),
    "start": _start,
}


async def measure(parts: Iterable[str]) -> None:
    """Each part's figures are written as soon as they are known: an end in between loses only those of one part."""
    for name in parts:
        began = time.monotonic()
        found = {name: await _PARTS[name](), "python": platform.python_version()}
        _write(_read() | found)
        sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")


def _read() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_RESULTS.read_text(encoding="utf-8"))
    return found


def _write(found: dict[str, Any]) -> None:
    _RESULTS.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def rows(found: dict[str, Any]) -> list[Row]:
    return [
        *_of_schedule(found["schedule"]),
        *_of_recovery(found["recovery"]),
        *_of_cycle(found["cycle"]),
        *_of_sizes(found["sizes"]),
        *_of_scale(found["scale"], found["sizes"]),
        *_of_relay(found["relay"]),
        *_of_library(found["library"]),
        *_of_load(found["load"]),
        *_of_abuse(found["abuse"]),
        *_of_shards(found["shards"]),
        *_of_start(found["start"]),
    ]


def _of_schedule(found: schedule.Found) -> list[Row]:
    def shown(alive: str, gateway: str = _CYCLIC) -> str:
        ours, theirs = (found[gateway][alive][policy] for policy in ("this bot", "GET per task every 15 s"))
        return (
            f"{ours['p95']:.1f} s at {ours['requests']:.3g} requests a task; "
            f"a GET every 15 s: {theirs['p95']:.1f} s at {theirs['requests']:.3g}"
        )

    what = "delay until a finished song is seen, p95, {} at a gateway with an update cycle"
    slots, turned = "updates every 15, 30 or 45 s by turns", ", updates every 15, 30 or 45 s by turns"
    says = ", and says when"
    free = found[_FREE]["1"]
    ratio = free["this bot"]["requests"] / free["the least at the bot's mean delay"]["requests"]
    apart = "{} at a gateway with three channels a second apart"
    return [
        (what.format("10,000 tasks"), "≤ 1.5 s, ≤ 0.10 requests a task", shown("10000")),
        (what.format("100 tasks"), "≤ 2 s, no more than GET every 15 s", shown("100")),
        (what.format("one task"), "≤ 2 s, no more than GET every 15 s", shown("1")),
        ("one task" + turned + says, "≤ 2.5 s", shown("1", slots + says)),
        ("100 tasks" + turned + says, "≤ 2.5 s", shown("100", slots + says)),
        ("100 tasks" + turned, "≤ 2.5 s", shown("100", slots)),
        (apart.format("one task") + says, "no worse than GET every 15 s", shown("1", _CHANNELS + says)),
        (apart.format("one task"), "no worse than GET every 15 s", shown("1", _CHANNELS)),
        (apart.format("100 tasks") + says, "≤ 3 s", shown("100", _CHANNELS + says)),
        (apart.format("100 tasks"), "≤ 3 s", shown("100", _CHANNELS)),
        ("requests where there is no update cycle, against the least possible", "≤ 1.15 ×", f"{ratio:.2f} ×"),
    ]


def _of_recovery(found: recovery.Found) -> list[Row]:
    def shown(name: str) -> str:
        return ", ".join(f"{found[f'{name}, {says}']['p95']:.1f} s" for says in ("says when", "does not say when"))

    def first(name: str) -> str:
        one = found[name]
        return f"{one['p95']:.1f} s at {one['requests']:.3g} requests; a GET every 5 s: {one['a GET every 5 s']:.3g}"

    which = "with and without the time of a change in the gateway's answers"
    return [
        (f"a minute after the gateway was restarted, 100 tasks: {which}", "≤ 2 s", shown("restarted, 100 tasks")),
        ("the same, with a change at half of the updates", "≤ 2 s", shown("restarted, 2 tasks")),
        (f"90 s after the bot's first start, 100 tasks: {which}", "≤ 2 s", shown("learned for 90 s, 100 tasks")),
        ("one song, the first after a start; the gateway says when", "", first("one song after a start, says when")),
        ("the same if it does not", "", first("one song after a start, does not say when")),
        ("lyrics, the first after a start, no cycle", "", first("lyrics, no cycle")),
        ("all tasks are polled again after an outage", "≤ 5 s", f"{found['outage']['latest']:.1f} s at most"),
    ]


def _of_cycle(found: dict[str, float]) -> list[Row]:
    ours, floor, theirs = (found[name] for name in ("this bot, nothing changed", "floor", "a GET per task, 16 at once"))
    return [
        (
            "a round over 10,000 tasks, against its bytes alone",
            "≤ 3.5 ×",
            f"{ours / floor:.1f} × ({ours:.1f} µs a task)",
        ),
        ("the same, against 16 parallel GETs", "≥ 12 × faster", f"{theirs / ours:.0f} × faster"),
    ]


def _of_sizes(found: dict[str, float]) -> list[Row]:
    what = "a round in which one task of 100 changes, at {} tasks"
    costs = [found[str(count)] for count in _SIZES]
    shown = ", ".join(f"{cost:.1f}" for cost in costs)
    counts = " / ".join(f"{count:,}" for count in _SIZES)
    return [(what.format(counts), "flat within 1.5 ×", f"{shown} µs a task: {max(costs) / min(costs):.2f} ×")]


def _of_scale(found: dict[str, float], sizes: dict[str, float]) -> list[Row]:
    tasks = max(_SIZES)
    alone = sizes[str(tasks)] * tasks / 1e6 / _CYCLE
    ratio = found["share of a core"] / alone
    shown = f"{found['share of a core']:.0%}, {ratio:.1f} × the rounds alone, {found['megabytes']:.0f} MB"
    late = f"{found['seconds late']:.1f} s late at most"
    return [("100,000 tasks on one core", "≤ 3 × the rounds alone, ≤ 400 MB, ≤ 3 s late", f"{shown}, {late}")]


def _of_relay(found: dict[str, dict[str, float]]) -> list[Row]:
    ours, memory = found["this bot"], found["read into memory, then send"]
    slower = max(found[name]["seconds"] for name in ("download alone", "upload alone"))
    shown = f"{ours['seconds'] / slower:.2f} ×, {ours['megabytes']:.1f} MB"
    others = f"read, then sent: {memory['seconds'] / slower:.2f} ×, {memory['megabytes']:.0f} MB"
    return [
        (
            "a song of 8 MB to Discord, against its slower leg; each of 8 at once",
            "≤ 1.15 ×, ≤ 2 MB",
            f"{shown}; {others}",
        )
    ]


def _of_library(found: dict[str, dict[str, float]]) -> list[Row]:
    lists = [name for name in found if name.startswith("a ") and "word" not in name]
    searches = [f"{each['milliseconds']:.0f} ms ({name})" for name, each in found.items() if name not in lists]
    ratios = [f"{found[name]['ratio']:.1f} x ({name})" for name in lists]
    return [
        ("a search in a server's 5,000 songs, in a library of 100,000", "≤ 100 ms", ", ".join(searches)),
        ("its weekly chart, and a playlist, beside that search in the same run", "≤ 3 x", ", ".join(ratios)),
    ]


def _of_load(found: dict[str, Any]) -> list[Row]:
    paced, burst = found["loaded"]["paced"], found["loaded"]["burst"]
    floor = found["bare"]["burst"]["p99"]
    what = "an act of one of 200 people is acknowledged, 99 of 100, while 10,000 tasks are watched"
    shown = f"{paced['p99']:.0f} ms; 200 at the same moment: {burst['p99']:.0f} ms, a bare client {floor:.0f} ms"
    posts = f"{found['posted']} of {found['expected']}, {found['doubled']} doubled"
    return [(what, "≤ 100 ms", shown), ("songs posted meanwhile", "all, once", posts)]


def _of_abuse(found: dict[str, dict[str, Any]]) -> list[Row]:
    def shown(one: dict[str, Any]) -> str:
        return f"{one['answered']:.1f} s, {one['song']:.1f} s, {one['megabytes']:.0f} MB"

    beside, alone = found[abuse.WITH_HIM], found[abuse.ALONE]
    lost = f"{beside['late']} answers and {beside['lost']} songs missing; " if beside["late"] or beside["lost"] else ""
    return [
        (
            "20 people beside a hostile member: their latest answer and song; the most memory",
            "≤ 3 s, ≤ 30 s, ≤ 200 MB",
            f"{shown(beside)}; {lost}without the member: {shown(alone)}",
        )
    ]


def _of_shards(found: shards.Found) -> list[Row]:
    starts = [f"{name}: {each['seconds']:.1f} s, {each['MB']:.0f} MB" for name, each in found.items() if "MB" in each]
    rates = {name: each["per second"] for name, each in found.items() if "per second" in each}
    least = min(rates.values())
    uploads = [f"{name}: {rate / least:.1f} ×" for name, rate in rates.items()]
    return [
        ("2,000 servers connected, and memory then", "", "; ".join(starts)),
        ("240 songs to 60 channels, uploads of 0.4 s, by `MESSAGES_AT_ONCE`", "", ", ".join(uploads)),
    ]


def _of_start(found: dict[str, dict[str, float]]) -> list[Row]:
    ours, floor = found["this bot, an empty database"], found[start.FLOOR]
    shown = f"{ours['seconds'] - floor['seconds']:.1f} s more than a bare client, {ours['memory']:.0f} MB"
    return [("from the start to the first answer; memory then", "≤ 1.5 s, ≤ 110 MB", shown)]


def table(measured: Sequence[Row]) -> str:
    lines = ["| | to reach | found |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in measured)]
    return "\n".join(lines) + "\n"


def into_page(text: str) -> None:
    before, _, rest = _PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    _PAGE.write_text(f"{before}{_BEGIN}{text}{_END}{rest.partition(_END)[2]}", encoding="utf-8")


def main() -> None:
    arguments = argparse.ArgumentParser(description="Measures every claim about the bot's speed.")
    arguments.add_argument("parts", nargs="*", metavar="PART", help=f"only these: {', '.join(_PARTS)}")
    parts = arguments.parse_args().parts
    if unknown := set(parts) - set(_PARTS):
        arguments.error(f"no such part: {', '.join(sorted(unknown))}")
    asyncio.run(measure(parts or _PARTS))
    found = _read()
    text = table(rows(found))
    into_page(text)
    sys.stdout.write(f"{schedule.tables(found['schedule'])}\n\n{text}")


if __name__ == "__main__":
    main()
