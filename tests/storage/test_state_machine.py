"""The stores against a model of them, through any sequence of events: nothing is lost, nothing is delivered twice."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.delivery import State, Topic
from bot.domain.outbox import ClaimedDelivery
from bot.domain.polling import Claim, PollResult
from bot.domain.snapshot import PollSchedule
from bot.domain.task import Clip, Status, Task, TaskKind
from bot.domain.watch import Watch
from bot.domain.watch_results import WatchQuery
from bot.services.polling.record_poll import record_poll
from bot.storage.database import open_database
from bot.storage.outbox import Outbox
from bot.storage.polls import PollStore
from bot.storage.schema import metadata
from bot.storage.watches import WatchStore
from tests.postgresql import new_database

SCHEDULE = PollSchedule(5.0)
TASKS = st.sampled_from(["t1", "t2", "t3"])
CHANNELS = st.sampled_from([10, 11])
LEASE = 60.0
T = TypeVar("T")


class Watching(RuleBasedStateMachine):
    """One person watches tasks in two channels; a gateway answers, Discord takes or refuses, the bot dies."""

    runner: "Runner"
    engine: AsyncEngine

    def __init__(self) -> None:
        super().__init__()
        self.watches, self.polls = WatchStore(self.engine), PollStore(self.engine)
        self.outbox = Outbox(self.engine)
        self.now = 1_000_000.0
        self.done: set[str] = set()  # tasks that the gateway says are finished
        self.asked: dict[int, str] = {}  # task by watch
        self.brought: dict[int, list[str]] = {}  # clips by watch
        self.going: list[ClaimedDelivery] = []

    def run(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)

    def teardown(self) -> None:
        try:
            self.run(self._finish())
        finally:
            self.run(self._empty())

    async def _empty(self) -> None:
        async with self.engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                await connection.execute(table.delete())

    async def _finish(self) -> None:
        """In the end, when all goes well, everything that was asked for is there, once."""
        self.done |= {"t1", "t2", "t3"}
        await self._restart()
        self.now += 600
        while due := await self.polls.claim("default", self.now, lease=LEASE, limit=9):
            await self._answer(due)
            self.now += 600
        self.now += 4_000  # also what was put off is due
        while claimed := await self.outbox.claim(self.now, lease=LEASE, limit=9):
            self.going = claimed
            while self.going:
                await self._sent()
            self.now += 4_000
        for watch_id, task_id in self.asked.items():
            assert self.brought.get(watch_id) == [f"{task_id}-a", f"{task_id}-b"], task_id

    async def _answer(self, due: list[Claim]) -> None:
        """As a gateway does that sends the same bytes for the same task."""
        polls = {claim.task_id: self._look(claim.task_id) for claim in due}
        same = [claim for claim in due if claim.digest == polls[claim.task_id].digest]
        for claim in same:
            del polls[claim.task_id]
        if same:
            same[:1] = await self.polls.renew(same[:1], self.now, lease=LEASE)
        await record_poll(self.polls, polls, self.now, SCHEDULE, same)

    def _look(self, task_id: str) -> PollResult:
        task = self._task(task_id)
        return PollResult("default", task, task.status.encode())

    def _task(self, task_id: str) -> Task:
        status = Status.DONE if task_id in self.done else Status.RUNNING
        url = "https://a" if status is Status.DONE else ""
        clips = tuple(Clip(id=f"{task_id}-{letter}", status=status, audio_url=url) for letter in "ab")
        return Task(id=task_id, kind=TaskKind.MUSIC, status=status, clips=clips)

    async def _sent(self) -> None:
        claimed = self.going.pop(0)
        await self.outbox.sent(claimed.delivery, 77, self.now)
        if claimed.delivery.topic is Topic.SONGS:
            self.brought.setdefault(claimed.watch.id, []).extend(claimed.delivery.clips)

    async def _restart(self) -> None:
        self.going = []
        await self.polls.resume(["default"], self.now)
        await self.outbox.resume(self.now)

    @rule(task_id=TASKS, channel_id=CHANNELS)
    def watch(self, task_id: str, channel_id: int) -> None:
        make_watch = Watch(task_id=task_id, user_id=1, channel_id=channel_id, guild_id=5, created_at=self.now)
        homes = {task_id: "default"}
        added = self.run(self.watches.add([make_watch], most=500, gateways=homes))
        for watch in added.watched:
            assert watch.id not in self.asked
            self.asked[watch.id] = task_id

    @rule(task_id=TASKS)
    def finish(self, task_id: str) -> None:
        self.done.add(task_id)

    @rule(answers=st.booleans())
    def look(self, answers: bool) -> None:
        due = self.run(self.polls.claim("default", self.now, lease=LEASE, limit=9))
        if due and answers:
            self.run(self._answer(due))
        elif due:
            self.run(self.polls.release([claim.task_id for claim in due], self.now))

    @rule()
    def take(self) -> None:
        taken = self.run(self.outbox.claim(self.now, lease=LEASE, limit=9))
        still = {claimed.delivery.id for claimed in self.going}
        assert not still & {claimed.delivery.id for claimed in taken}, "a lease holds"
        in_line = [claimed.delivery.channel_id for claimed in taken]
        assert len(in_line) == len(set(in_line)), "one at a time in a channel"
        self.going += taken

    @rule()
    def send(self) -> None:
        if self.going:
            self.run(self._sent())

    @rule(state=st.sampled_from([State.WAITING, State.BLOCKED]))
    def refuse(self, state: State) -> None:
        if self.going:
            claimed = self.going.pop()
            self.run(self.outbox.put_off(claimed.delivery.id, self.now + 3_600, state=state))

    @rule()
    def unblock(self) -> None:
        self.run(self.outbox.unblock(5, self.now))

    @rule(seconds=st.sampled_from([1.0, 5.0, 30.0]))
    def wait(self, seconds: float) -> None:
        """Shorter than a lease: a live worker is done by then, so it renews nothing."""
        if self.going and seconds > 5:
            return
        self.now += seconds

    @rule()
    def die(self) -> None:
        self.run(self._restart())

    @invariant()
    def each_clip_at_most_once(self) -> None:
        for clips in self.brought.values():
            assert len(clips) == len(set(clips))

    @invariant()
    def no_open_watch_without_a_next_look(self) -> None:
        async def without() -> list[str]:
            _, listed = await self.watches.listed(WatchQuery(user_id=1), limit=100)
            open_ = {each.watch.task_id for each in listed if not each.watch.outcome}
            async with self.engine.connect() as connection:
                rows = await connection.exec_driver_sql("SELECT task_id FROM tasks WHERE due_at IS NOT NULL")
                return sorted(open_ - {row[0] for row in rows})

        assert self.run(without()) == []


class OnSQLite(Watching):
    pass


class OnPostgreSQL(Watching):
    pass


class Runner:
    """An event loop of its own, which goes on between two calls: a lease is renewed while Hypothesis thinks."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.start(coroutine).result()

    def start(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def _one_database_for_all(machine: type[Watching], url: str) -> Iterator[None]:
    engine: Future[AsyncEngine] = Future()
    done = asyncio.Event()

    async def keep_open() -> None:
        async with open_database(url) as opened:
            engine.set_result(opened)
            await done.wait()

    async def finish() -> None:
        done.set()

    def fail(ended: Future[None]) -> None:
        if not engine.done():
            engine.set_exception(ended.exception())

    with closing(Runner()) as runner:
        keeping = runner.start(keep_open())
        keeping.add_done_callback(fail)
        machine.runner, machine.engine = runner, engine.result()
        try:
            yield
        finally:
            runner.run(finish())
            keeping.result()


_SETTINGS = settings(max_examples=25, stateful_step_count=30, deadline=None)


def test_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    with _one_database_for_all(OnSQLite, f"sqlite+aiosqlite:///{tmp_path}/bot.db"):
        run_state_machine_as_test(OnSQLite, settings=_SETTINGS)


@pytest.mark.postgres
def test_nothing_is_lost_or_doubled_on_postgresql() -> None:
    with new_database() as url, _one_database_for_all(OnPostgreSQL, url):
        run_state_machine_as_test(OnPostgreSQL, settings=_SETTINGS)
