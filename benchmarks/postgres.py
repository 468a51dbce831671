"""What the statements of the workers cost on SQLite and on PostgreSQL: `python -m benchmarks.postgres`.

Both in one run, in turns, with the same rows: a server of its own on this machine, with its usual safety (fsync). The
fastest of the rounds counts: whatever else the machine does can only make one slower.

A poll in which nothing changed is the mean of those within a lease: one of them renews it, the others need no database.
The gateway answers at once.
"""

import asyncio
import itertools
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.cycle import SkippingClock, rounds_at, watch_all
from bot.domain.polling import Claim, PollResult
from bot.domain.snapshot import PollSchedule
from bot.domain.task import Clip, Status, Task, TaskKind
from bot.services.polling.backoff import Backoff
from bot.services.polling.record_poll import record_poll
from bot.services.polling.sources import PollOutcome
from bot.storage.database import open_database
from bot.storage.outbox import Outbox
from bot.storage.polls import PollStore
from bot.storage.watches import WatchStore
from sandbox.postgresql import running_server

_TASKS = 10_000
_ROUNDS = 9
_BATCH = 500  # tasks in a request to the gateway, and in a transaction
_MESSAGES = 8  # that are claimed at once
_LEASE = 60.0
_SCHEDULE = PollSchedule(5.0)
_SAME = 14  # polls of 15 s: two leases of 120 s, each renewed when 30 s are left
_ALL = ("claim", "renew", "record, all changed", "poll, nothing changed", "claim messages")

Times = dict[str, list[float]]


async def main(tasks: int = _TASKS, rounds: int = _ROUNDS) -> dict[str, dict[str, float]]:
    """Milliseconds for all tasks, by what is done and by engine; the fastest of the rounds."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(running_server(("-c", "max_connections=50")))
        urls = {"sqlite": f"sqlite+aiosqlite:///{folder}/bot.db", "postgresql": server.sqlalchemy_url}
        ids = [f"task_{number:06}" for number in range(tasks)]
        engines = {name: await stack.enter_async_context(_Worker.opened(url, ids)) for name, url in urls.items()}
        found: dict[str, Times] = {what: {name: [] for name in engines} for what in ("add watches", *_ALL)}
        for name, worker in engines.items():
            found["add watches"][name].append(worker.adding)
        for turn in range(rounds + 1):
            for name, worker in engines.items():
                for what, taken in (await worker.round()).items():
                    if turn:  # the first warms up
                        found[what][name].append(taken)
    return {what: {name: min(each) for name, each in times.items()} for what, times in found.items()}


class _AtOnce:
    """A gateway that repeats what it has said before."""

    name = "default"
    size, at_once = _BATCH, 4

    def __init__(self) -> None:
        self.backoffs = {"default": Backoff("default", SkippingClock(), 5.0)}

    async def ask(self, claims: Sequence[Claim]) -> PollOutcome:
        results = {each.task_id: _result(each.task_id, 0) for each in claims if not each.digest}
        return PollOutcome(results, [each for each in claims if each.digest], {"default": None})


class _Worker:
    """One bot's stores; the clock skips, so that all tasks are due in each round."""

    def __init__(self, engine: AsyncEngine, clock: SkippingClock, ids: Sequence[str], adding: float) -> None:
        self._polls, self._outbox, self._ids, self._clock = PollStore(engine), Outbox(engine), ids, clock
        self._poll = rounds_at(_AtOnce(), engine, clock)
        self._number = 0
        self.adding = adding

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, ids: Sequence[str]) -> AsyncIterator["_Worker"]:
        clock = SkippingClock()
        async with open_database(url) as engine:
            started = time.perf_counter()
            await watch_all(WatchStore(engine), ids, clock.now())
            yield cls(engine, clock, ids, (time.perf_counter() - started) * 1e3)

    async def round(self) -> dict[str, float]:
        self._number += 1
        self._clock.skip(200)
        taken = await self._changed()
        self._clock.skip(200)
        await self._poll()  # claims all of them
        started = time.perf_counter()
        for _ in range(_SAME):
            await self._poll()
        taken["poll, nothing changed"] = (time.perf_counter() - started) * 1e3 / _SAME
        started = time.perf_counter()
        for _ in range(20):
            await self._outbox.claim(self._clock.now(), lease=0.0, limit=_MESSAGES)
        taken["claim messages"] = (time.perf_counter() - started) * 1e3
        return taken

    async def _changed(self) -> dict[str, float]:
        now = self._clock.now()
        taken = dict.fromkeys(_ALL, 0.0)
        for _ in range(0, len(self._ids), _BATCH):
            moments = [time.perf_counter()]
            claims = await self._polls.claim("default", now, lease=_LEASE, limit=_BATCH)
            moments.append(time.perf_counter())
            claims = await self._polls.renew(claims, now, lease=_LEASE)
            moments.append(time.perf_counter())
            results = {claim.task_id: _result(claim.task_id, self._number) for claim in claims}
            await record_poll(self._polls, results, now, _SCHEDULE)
            moments.append(time.perf_counter())
            for what, (begin, end) in zip(_ALL, itertools.pairwise(moments), strict=False):
                taken[what] += (end - begin) * 1e3
        return taken


def _result(task_id: str, number: int) -> PollResult:
    """It has come a bit further."""
    clips = tuple(Clip(id=f"{task_id}-{letter}", status=Status.RUNNING) for letter in "ab")
    task = Task(id=task_id, kind=TaskKind.MUSIC, status=Status.RUNNING, progress=float(number % 100), clips=clips)
    return PollResult("default", task, f"{task_id} {number}".encode())


def report(found: dict[str, dict[str, float]]) -> str:
    lines = [f"{'ms for all tasks':<24}{'SQLite':>10}{'PostgreSQL':>12}{'ratio':>8}"]
    for what, by in found.items():
        ratio = by["postgresql"] / by["sqlite"]
        lines.append(f"{what:<24}{by['sqlite']:>10.0f}{by['postgresql']:>12.0f}{ratio:>8.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    measured = asyncio.run(main(*(int(each) for each in sys.argv[1:])))
    print(report(measured))
    print(json.dumps(measured))
