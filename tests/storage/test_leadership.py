"""Who leads, and for how long, against a lease in memory; tests/storage/test_lease.py asks a real server."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.errors import DatabaseInUse, LeadershipLost, StorageError
from bot.storage.leadership import Leadership, LeaseTiming, Term, steady
from bot.storage.lease import Lease, Patience, Taken

TIMING = LeaseTiming(lease=1.0, margin=0.2, renew=0.1, look=0.05)
SOON = 0.5  # seconds: far less than a lease


class Server:
    """The row as a database keeps it, by a clock of its own, which can be set."""

    def __init__(self) -> None:
        self.epoch = self.renewals = self.looks = 0
        self.holder = self.name = self.timeline_kept = ""
        self.until = self.clock_error = 0.0
        self.timeline_now = "1"
        self.fails = self.hangs = False
        self.newer = ""
        self.answers_again = asyncio.Event()

    def now(self) -> float:
        return time.time() + self.clock_error

    async def create(self) -> None:
        await self._answer()

    async def look(self) -> Lease:
        self.looks += 1
        await self._answer()
        return Lease(
            epoch=self.epoch,
            name=self.name,
            renewals=self.renewals,
            timeline=self.timeline_kept,
            remaining=self.until - self.now(),
            age=0.0,
        )

    async def why_not(self) -> str:
        await self._answer()
        return self.newer

    async def take(self, seen: Lease, holder: str, name: str, seconds: float, *, stale: bool) -> Taken | None:
        await self._answer()
        over = self.until <= self.now() or (stale and seen.renewals == self.renewals)
        if seen.epoch != self.epoch or not over:
            return None
        self.epoch, self.renewals = self.epoch + 1, 0
        self.holder, self.name, self.until = holder, name, self.now() + seconds
        return Taken(epoch=self.epoch, holder=holder, timeline=self.timeline_kept, now=self.now())

    async def renew(self, taken: Taken, seconds: float) -> float | None:
        await self._answer()
        if (taken.epoch, taken.holder) != (self.epoch, self.holder):
            return None
        self.renewals, self.until = self.renewals + 1, self.now() + seconds
        return self.now()

    async def release(self, taken: Taken) -> None:
        await self._answer()
        if (taken.epoch, taken.holder) == (self.epoch, self.holder):
            self.until = self.now()

    async def timeline(self) -> str:
        await self._answer()
        return self.timeline_now

    async def keep_timeline(self, taken: Taken, timeline: str) -> None:
        await self._answer()
        if taken.holder == self.holder:
            self.timeline_kept = timeline

    async def _answer(self) -> None:
        if self.hangs:
            await self.answers_again.wait()
        await asyncio.sleep(0)
        if self.fails:
            raise StorageError("the server does not answer")


@pytest.fixture
def server() -> Server:
    return Server()


def process(server: Server, name: str) -> Leadership:
    return Leadership(server, name, TIMING)


def stop_everything(seconds: float) -> None:
    """As a signal does that stops the process."""
    time.sleep(seconds)


class Worker:
    """A process that leads whenever it can, until it is stopped."""

    def __init__(self, leadership: Leadership) -> None:
        self.leadership = leadership
        self.terms: list[Term] = []
        self.ended: list[BaseException] = []
        self.leads = asyncio.Event()

    async def run(self) -> None:
        while True:
            try:
                async with self.leadership.term(wait=True) as term:
                    self.terms.append(term)
                    self.leads.set()
                    try:
                        await asyncio.Event().wait()
                    finally:
                        self.leads.clear()
            except LeadershipLost as error:
                self.ended.append(error)


@asynccontextmanager
async def running(*workers: Worker) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each.run()) for each in workers]
    try:
        yield
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.wait(tasks)
        assert all(each.cancelled() for each in tasks)


async def leads(worker: Worker, within: float) -> None:
    async with asyncio.timeout(within):
        await worker.leads.wait()


async def test_one_leads_and_the_other_takes_over_at_once_when_it_stops(server: Server) -> None:
    ada, ben = Worker(process(server, "ada")), Worker(process(server, "ben"))
    async with running(ben):
        async with running(ada):
            await asyncio.sleep(0.3)
            assert ada.leads.is_set() != ben.leads.is_set()
            first, second = (ada, ben) if ada.leads.is_set() else (ben, ada)
            assert second.leadership.state.leader == first.leadership._name
        await leads(ben, SOON)
    assert server.until <= server.now()  # released


async def test_a_leader_that_renews_is_never_relieved(server: Server) -> None:
    ada, ben = Worker(process(server, "ada")), Worker(process(server, "ben"))
    async with running(ada):
        await leads(ada, SOON)
        async with running(ben):
            await asyncio.sleep(2 * TIMING.lease)
            assert (len(ada.terms), len(ben.terms)) == (1, 0)


@pytest.mark.parametrize("trouble", ["fails", "hangs"])
async def test_a_leader_that_cannot_renew_stops_before_its_lease_ends(server: Server, trouble: str) -> None:
    ada = Worker(process(server, "ada"))
    async with running(ada):
        await leads(ada, SOON)
        setattr(server, trouble, True)
        async with asyncio.timeout(TIMING.lease + SOON):
            while ada.leads.is_set():
                assert server.until > server.now()
                await asyncio.sleep(0.02)
        assert "has not confirmed" in ada.terms[0].lost
        server.fails = False
        server.answers_again.set()


async def test_a_process_that_was_stopped_knows_before_it_does_anything(server: Server) -> None:
    async def work() -> None:
        async with process(server, "ada").term(wait=True) as term:
            term.check()
            stop_everything(TIMING.lease)
            with pytest.raises(LeadershipLost):
                term.check()
            await asyncio.Event().wait()

    with pytest.raises(LeadershipLost):
        await work()


async def test_who_comes_back_late_takes_nothing_from_the_new_leader(server: Server) -> None:
    ada = Worker(process(server, "ada"))
    async with running(ada):
        await leads(ada, SOON)
        server.epoch, server.holder, server.until = server.epoch + 1, "another", server.now() + 60
        await asyncio.sleep(SOON)
        assert "another process" in str(ada.ended[0])
    assert server.until > server.now() + 50


async def test_a_lease_of_a_dead_process_is_taken_although_the_clock_was_set_back(server: Server) -> None:
    async with process(server, "ada").term(wait=True):
        pass
    server.until = server.now() + TIMING.lease  # as if it had died
    server.clock_error = -3_600.0
    ben, began = Worker(process(server, "ben")), steady()
    async with running(ben):
        await leads(ben, 4 * TIMING.lease)
    assert steady() - began > TIMING.lease


async def test_an_older_program_leaves_a_free_lease_alone_and_says_why(server: Server) -> None:
    server.newer = "install a newer bot"
    old = Worker(process(server, "old"))
    async with running(old):
        await asyncio.sleep(SOON)
        assert (server.epoch, old.leadership.state.cannot) == (0, "install a newer bot")
        server.newer = ""
        await leads(old, SOON)
        assert not old.leadership.state.cannot


async def test_who_cannot_lead_does_not_look_all_the_time_whether_somebody_does(server: Server) -> None:
    server.newer = "install a newer bot"
    async with running(Worker(Leadership(server, "old", LeaseTiming(look=0.4)))):
        await asyncio.sleep(2 * SOON)
    assert 0 < server.looks <= 3


async def test_a_clock_that_is_set_relieves_no_leader(server: Server) -> None:
    ada, ben = Worker(process(server, "ada")), Worker(process(server, "ben"))
    async with running(ada):
        await leads(ada, SOON)
        server.clock_error = -3_600.0
        async with running(ben):
            await asyncio.sleep(2 * TIMING.lease)
            assert (len(ada.terms), len(ben.terms)) == (1, 0)
            assert abs(ada.terms[0].now() - server.now()) < SOON


async def test_a_command_does_not_run_beside_the_bot_but_after_its_death(server: Server) -> None:
    ada = Worker(process(server, "ada"))
    async with running(ada):
        await leads(ada, SOON)
        with pytest.raises(DatabaseInUse, match="ada"):
            async with process(server, "a command").term(wait=False):
                pytest.fail("two at once")
    server.until = server.now() + TIMING.lease  # as if it had died
    async with process(server, "a command").term(wait=False) as term:
        assert term.taken.epoch == 2


async def test_a_command_says_that_the_database_fails(server: Server) -> None:
    server.fails = True
    with pytest.raises(StorageError, match="does not answer"):
        async with process(server, "a command").term(wait=False):
            pass


async def test_an_error_of_the_work_is_its_own(server: Server) -> None:
    with pytest.raises(ZeroDivisionError):
        async with process(server, "ada").term(wait=True):
            raise ZeroDivisionError
    assert server.until <= server.now()


async def test_another_server_ends_the_term_and_is_told_of_in_the_next(server: Server) -> None:
    ada = Worker(process(server, "ada"))
    async with running(ada):
        await leads(ada, SOON)
        await ada.leadership.settle(ada.terms[0])
        server.timeline_now = "2"
        await asyncio.sleep(2 * TIMING.lease)
    assert [each.copied_at is not None for each in ada.terms] == [False, True]


async def test_after_a_promotion_nobody_leads_while_another_may_rely_on_a_renewal_that_was_lost(server: Server) -> None:
    """The leader is stopped, and its last renewals did not reach the server that is promoted meanwhile."""
    async with process(server, "ada").term(wait=True):
        pass
    server.timeline_kept, server.timeline_now = "1", "2"
    ben, promoted = Worker(process(server, "ben")), steady()
    async with running(ben):
        await leads(ben, 2 * TIMING.lease)
        assert steady() - promoted >= TIMING.lease - TIMING.margin
    assert ben.terms[0].copied_at is not None


async def test_what_clings_to_its_work_is_cancelled_again(server: Server) -> None:
    cancelled = 0

    async def cling() -> None:
        nonlocal cancelled
        while cancelled < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled += 1

    async def work() -> None:
        async with process(server, "ada").term(wait=True) as term, asyncio.TaskGroup() as workers:
            workers.create_task(cling())
            await asyncio.sleep(0.1)
            term.lose("a test")

    with pytest.raises(LeadershipLost, match="a test"):
        await work()
    assert cancelled == 2


async def test_a_process_that_was_stopped_reads_what_came_before_it_gives_up() -> None:
    given_up: list[str] = []
    patience = Patience(0.2, lambda: given_up.append("too late"))
    await asyncio.sleep(0)
    stop_everything(0.5)
    for _ in range(10):  # in which an answer is read
        await asyncio.sleep(0)
    assert not given_up
    await asyncio.sleep(0.3)
    assert given_up == ["too late"]
    assert patience.is_over
