"""Which of several processes on one PostgreSQL database leads. The others wait, and one of them takes over.

No clock of a machine is compared with another one. The database decides by its own clock when a lease has ended; a
leader counts the seconds since it began its last successful renewal, and stops a moment before they are over. These
seconds go on while the process is stopped or the machine sleeps.
"""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from msgspec import Struct

from bot.errors import DatabaseInUse, LeadershipLost, StorageError
from bot.shutdown import cancel_and_wait, insist
from bot.storage.lease import Lease, Taken
from bot.storage.outage import Outage

log = logging.getLogger(__name__)

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def steady() -> float:
    """Seconds that also pass while the process is stopped and, on Linux, while the machine sleeps."""
    return time.clock_gettime(_CLOCK)


class LeaseTiming(Struct, frozen=True, kw_only=True):
    """Seconds. `lease`: how long it lasts after a renewal; `margin`: how long before its end the leader stops;
    `renew`: between two renewals; `look`: between two looks of a standby.
    """

    lease: float = 6.0
    margin: float = 1.0
    renew: float = 1.5
    look: float = 1.0


class Leases(Protocol):
    """The lease as it is stored; each method raises StorageError."""

    async def create(self) -> None: ...
    async def look(self) -> Lease: ...
    async def why_not(self) -> str: ...
    async def take(self, seen: Lease, holder: str, name: str, seconds: float, *, stale: bool) -> Taken | None: ...
    async def renew(self, taken: Taken, seconds: float) -> float | None: ...
    async def release(self, taken: Taken) -> None: ...
    async def timeline(self) -> str: ...
    async def keep_timeline(self, taken: Taken, timeline: str) -> None: ...


class Term:
    """One time of leading. `began`: the steady time before the lease was taken; `seconds`: how long it can be relied on
    without a renewal.

    `copied_at`: the database is another server than before, which may lack the last moments: a copy as of then, in Unix
    seconds by its clock. None: it is the same.
    """

    def __init__(
        self, taken: Taken, began: float, seconds: float, *, timeline: str = "", copied_at: float | None = None
    ) -> None:
        self.taken = taken
        self.timeline = timeline
        self.copied_at = copied_at
        self.when_lost: list[Callable[[], None]] = []
        self._seconds = seconds
        self._lost = ""
        self._over = asyncio.Event()
        self.confirm(began, taken.now)

    def confirm(self, began: float, now: float) -> None:
        """A renewal that was begun at that steady time has succeeded, at `now` by the database's clock."""
        self._confirmed, self._offset = began, now - steady()

    def lose(self, why: str) -> None:
        self._lost = self._lost or why
        self._over.set()

    async def ends(self) -> None:
        """Waits until then."""
        while not self.lost:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.remaining):
                    await self._over.wait()

    @property
    def remaining(self) -> float:
        """Seconds for which this process may still act."""
        return 0.0 if self._lost else self._confirmed + self._seconds - steady()

    @property
    def lost(self) -> str:
        """Why it is over; empty while it goes on. It does not come back."""
        if self.remaining <= 0:
            self.lose("the database has not confirmed in time that it does")
        return self._lost

    def check(self) -> None:
        """Before anything leaves this process. Raises LeadershipLost."""
        if self.lost:
            raise LeadershipLost(f"this process does not lead any more: {self.lost}")

    def now(self) -> float:
        """Unix seconds, by the database's clock."""
        return steady() + self._offset


class LeadershipState(Struct, frozen=True, kw_only=True):
    """`leader`: the name of the last known one; `error`: why the database cannot be used; `cannot`: why this process
    could not take over from the leader. Both are empty if all is well.
    """

    leads: bool = False
    leader: str = ""
    error: str = ""
    cannot: str = ""


class Leadership:
    """Of this process; `name` tells people which one it is."""

    def __init__(self, leases: Leases, name: str = "", timing: LeaseTiming | None = None) -> None:
        self._leases = leases
        self._name = name or f"{socket.gethostname()}, process {os.getpid()}"
        self._timing = timing or LeaseTiming()
        self._created = False
        self._timeline = "", 0.0  # as it was seen last, and the steady time at which it was first
        self._outage = Outage(steady)
        self.state = LeadershipState()

    @asynccontextmanager
    async def term(self, *, wait: bool) -> AsyncIterator[Term]:
        """Leads within the context. Raises DatabaseInUse if another process does, unless it is to `wait` for that.

        When the lease is lost or in doubt, everything within is cancelled, and LeadershipLost is raised.
        """
        term = await self._begin(wait=wait)
        self.state, after = LeadershipState(leads=True, leader=self._name), LeadershipState()
        try:
            async with self._kept(term):
                yield term
        except StorageError as error:
            after = LeadershipState(cannot="" if term.lost else str(error))
            raise
        finally:
            self.state = after
            with suppress(StorageError):  # then it ends by itself
                await self._leases.release(term.taken)

    async def _begin(self, *, wait: bool) -> Term:
        seen: _Seen | None = None
        while True:
            pause = self._timing.look
            try:
                seen = await self._look(seen)
                # A command goes on, and says it when it opens the database.
                cannot = await self._leases.why_not() if wait else ""
                if not cannot and (term := await self._try(seen)):
                    self._outage.end()
                    log.info("this process leads, in epoch %d", term.taken.epoch)
                    return term
            except StorageError as error:
                if not wait:
                    raise
                self._outage.note(error)
                self.state = LeadershipState(leader=self.state.leader, error=str(error))
                pause = self._outage.pause(self._timing.look)
            else:
                if seen.renewed and not wait:
                    raise DatabaseInUse(
                        f"another bot is running on this database ({seen.lease.name}): stop it first, or set another "
                        "DATABASE_URL"
                    )
                self._note_leader(seen.lease.name, cannot)
                if seen.lease.remaining > 0:
                    pause = min(pause, max(0.05, seen.lease.remaining))
            await asyncio.sleep(pause)

    async def _look(self, before: "_Seen | None") -> "_Seen":
        if not self._created:
            await self._leases.create()
            self._created = True
        lease = await self._leases.look()
        if before and (before.lease.epoch, before.lease.renewals) == (lease.epoch, lease.renewals):
            return _Seen(lease, before.since, renewed=before.renewed)
        return _Seen(lease, steady(), renewed=before is not None)

    async def _try(self, seen: "_Seen") -> Term | None:
        """Takes the lease if it has ended."""
        timing, began = self._timing, steady()
        stale = began - seen.since > timing.lease + timing.margin
        if await self._may_lack_renewals(seen.lease) or (seen.lease.remaining > 0 and not stale):
            return None
        holder = secrets.token_hex(8)  # the epoch alone may come twice, if a promoted server lacks the first one
        taken = await self._leases.take(seen.lease, holder, self._name, timing.lease, stale=stale)
        if taken is None:
            return None
        timeline = await self._leases.timeline()
        moved = "" not in (timeline, taken.timeline) and timeline != taken.timeline
        # The latest time at which anything was written that it has: nothing was, after the end of the lease.
        copied_at = min(taken.now, taken.now + seen.lease.remaining) if moved else None
        return Term(taken, began, timing.lease - timing.margin, timeline=timeline, copied_at=copied_at)

    async def _may_lack_renewals(self, lease: Lease) -> bool:
        """After another server was promoted: somebody may rely on a renewal that was lost with the one before."""
        timeline = await self._leases.timeline()
        if timeline != self._timeline[0]:
            self._timeline = timeline, steady()
        moved = "" not in (timeline, lease.timeline) and timeline != lease.timeline
        return moved and steady() - self._timeline[1] < self._timing.lease - self._timing.margin

    def _note_leader(self, name: str, cannot: str) -> None:
        self._outage.end()
        if self.state.error or self.state.leader != name:
            log.info("this process waits as a standby; the leader is %s", name or "nobody yet")
        if cannot and self.state.cannot != cannot:
            log.warning("this process cannot take over: %s", cannot)
        self.state = LeadershipState(leader=name, cannot=cannot)

    async def settle(self, term: Term) -> None:
        """What a fail-over may have lost has been allowed for: the next leader need not do it again."""
        await self._leases.keep_timeline(term.taken, term.timeline)

    @asynccontextmanager
    async def _kept(self, term: Term) -> AsyncIterator[None]:
        """Like asyncio.timeout, but until the lease is lost."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("outside of an asyncio.Task")
        before, ending = task.cancelling(), asyncio.Event()
        keeping = asyncio.create_task(self._keep(term, task, ending), name="lease")
        try:
            yield
            await asyncio.sleep(0)  # a cancellation that came last is raised here
        except (Exception, asyncio.CancelledError) as error:
            await cancel_and_wait({keeping})
            if ending.is_set() and task.uncancel() > before:
                raise  # it was also cancelled from outside
            if not term.lost:
                raise
            raise LeadershipLost(f"this process does not lead any more: {term.lost}") from error
        finally:
            await cancel_and_wait({keeping})

    async def _keep(self, term: Term, task: asyncio.Task[object], ending: asyncio.Event) -> None:
        """Renews the lease until it is lost, and then ends what is done in its name."""
        renewing = asyncio.create_task(self._renew(term), name="renewal")
        renewing.add_done_callback(lambda ended: None if ended.cancelled() else term.lose("an unexpected error"))
        try:
            await term.ends()
            log.warning("this process does not lead any more: %s", term.lost)
            for each in term.when_lost:
                each()
            ending.set()
            await insist(task)
        finally:
            await cancel_and_wait({renewing})

    async def _renew(self, term: Term) -> None:
        while not term.lost:
            began = steady()
            try:
                now = await self._leases.renew(term.taken, self._timing.lease)
                timeline = await self._leases.timeline()
            except StorageError as error:
                log.warning("the lease was not renewed: %s", error)
                await asyncio.sleep(self._timing.renew / 5)
                continue
            if now is None:
                term.lose("another process does")
            elif timeline != term.timeline:
                term.lose("the database is another server now")
            else:
                term.confirm(began, now)
            await asyncio.sleep(self._timing.renew)


class _Seen(Struct, frozen=True):
    """The lease as it was seen last. `since`: the steady time at which it was first seen so; `renewed`: it has changed
    since the first look.
    """

    lease: Lease
    since: float
    renewed: bool
