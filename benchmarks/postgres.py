"""What the statements of the workers cost on SQLite and on PostgreSQL: `python -m benchmarks.postgres`.

Both in one run, in turns, with the same rows: a server of its own on this machine, with its usual safety (fsync). The
fastest of the rounds counts: whatever else the machine does can only make one slower.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from benchmarks.cycle import watch_all
from bot.domain.polling import Claim, PollResult
from bot.domain.snapshot import PollSchedule
from bot.domain.task import Clip, Status, Task, TaskKind
from bot.services.polling.record_poll import record_poll
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
_ALL = ("claim", "poll, all changed", "poll, all the same", "claim messages")

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


class _Worker:
    """One bot's stores; the clock jumps, so that all tasks are due in each round."""

    def __init__(self, polls: PollStore, outbox: Outbox, ids: Sequence[str], adding: float) -> None:
        self._polls, self._outbox, self._ids = polls, outbox, ids
        self._now = 1_000_000.0
        self._number = 0
        self.adding = adding

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, ids: Sequence[str]) -> AsyncIterator["_Worker"]:
        async with open_database(url) as engine:
            started = time.perf_counter()
            await watch_all(WatchStore(engine), ids, 999_000.0)
            yield cls(PollStore(engine), Outbox(engine), ids, (time.perf_counter() - started) * 1e3)

    async def round(self) -> dict[str, float]:
        self._number += 1
        taken = dict.fromkeys(_ALL, 0.0)
        for changed in (True, False):
            self._now += 600
            for _ in range(0, len(self._ids), _BATCH):
                started = time.perf_counter()
                claims = await self._polls.claim("default", self._now, lease=_LEASE, limit=_BATCH)
                claimed = time.perf_counter()
                await (self._all_changed(claims) if changed else self._all_the_same(claims))
                taken["claim"] += (claimed - started) * 1e3 / 2
                taken["poll, all changed" if changed else "poll, all the same"] += (time.perf_counter() - claimed) * 1e3
        started = time.perf_counter()
        for _ in range(20):
            await self._outbox.claim(self._now, lease=0.0, limit=_MESSAGES)
        taken["claim messages"] = (time.perf_counter() - started) * 1e3
        return taken

    async def _all_changed(self, claims: Sequence[Claim]) -> None:
        results = {claim.task_id: self._result(claim.task_id) for claim in claims}
        await record_poll(self._polls, results, self._now, _SCHEDULE)

    def _result(self, task_id: str) -> PollResult:
        """It has come a bit further."""
        clips = tuple(Clip(id=f"{task_id}-{letter}", status=Status.RUNNING) for letter in "ab")
        task = Task(
            id=task_id, kind=TaskKind.MUSIC, status=Status.RUNNING, progress=float(self._number % 100), clips=clips
        )
        return PollResult("default", task, f"{task_id} {self._number}".encode())

    async def _all_the_same(self, claims: Sequence[Claim]) -> None:
        await record_poll(self._polls, {}, self._now, _SCHEDULE, claims)


def report(found: dict[str, dict[str, float]]) -> str:
    lines = [f"{'ms for all tasks':<22}{'SQLite':>10}{'PostgreSQL':>12}{'ratio':>8}"]
    for what, by in found.items():
        ratio = by["postgresql"] / by["sqlite"]
        lines.append(f"{what:<22}{by['sqlite']:>10.0f}{by['postgresql']:>12.0f}{ratio:>8.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    measured = asyncio.run(main(*(int(each) for each in sys.argv[1:])))
    print(report(measured))
    print(json.dumps(measured))
