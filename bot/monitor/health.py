"""The bot's current condition."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from msgspec import Struct

from bot.domain.discord_errors import Meaning
from bot.domain.shards import ShardCondition
from bot.errors import StorageError
from bot.gateways.gateway import Gateway
from bot.services.clock import Clock
from bot.services.delivery.sender import FAULT, SENT
from bot.services.polling.poller import Poller
from bot.storage.backlog import Backlog, BacklogStore
from bot.storage.leadership import LeadershipState

log = logging.getLogger(__name__)


class GatewayCondition(Struct, frozen=True, kw_only=True):
    """`outcomes`: number of requests by outcome; `cycle`: seconds between two updates of the gateway's answers."""

    name: str
    outcomes: Mapping[str, int]
    answer_age: float | None  # seconds since its last usable answer
    cycle: float | None


class Condition(Struct, frozen=True, kw_only=True):
    """`shards`: empty until their number is known. `backlog` None: the database fails. `due_at`: when the next poll is
    due, or was due, if it is late; `deliveries`: number of messages by outcome; `interaction_age`: seconds since the
    last command or press.
    """

    now: float
    due_at: float | None
    shards: Sequence[ShardCondition]
    backlog: Backlog | None
    gateways: Sequence[GatewayCondition]
    deliveries: Mapping[str, int]
    interaction_age: float = 0.0

    @property
    def ready(self) -> bool:
        """A gateway that is down does not matter here: its tasks wait, and people are notified."""
        return self.connected and all(each.connected for each in self.shards) and self.backlog is not None

    @property
    def connected(self) -> bool:
        """Whether events of any server arrive."""
        return any(each.connected for each in self.shards)

    @property
    def lateness(self) -> float:
        """Seconds by which the oldest due task is late."""
        return max(0.0, self.now - (self.due_at or self.now))

    @property
    def waiting(self) -> float | None:
        """Seconds for which the oldest message has been waiting."""
        if self.backlog is None:
            return None
        return max(0.0, self.now - (self.backlog.oldest_waiting_since or self.now))


class Health:
    """`shards` gives the condition of each; the notifier counts `deliveries`."""

    def __init__(self, backlog: BacklogStore, gateways: Sequence[Gateway], poller: Poller, clock: Clock) -> None:
        self._backlog = backlog
        self._gateways = tuple(gateways)
        self._poller = poller
        self._clock = clock
        self.deliveries = Counter(dict.fromkeys((SENT, FAULT, *Meaning), 0))
        self.shards: Callable[[], Sequence[ShardCondition]] = tuple
        self.interaction_age: Callable[[], float] = lambda: 0.0

    async def check(self) -> Condition:
        return Condition(
            now=self._clock.now(),
            due_at=self._poller.due_at,
            shards=self.shards(),
            backlog=await self._backlog_or_none(),
            gateways=[self._condition_of(gateway) for gateway in self._gateways],
            deliveries=self.deliveries,
            interaction_age=self.interaction_age(),
        )

    async def _backlog_or_none(self) -> Backlog | None:
        try:
            await self._backlog.try_writing(self._clock.now())
            return await self._backlog.backlog()
        except StorageError as error:
            log.error("the database fails: %s", error)
            return None

    def _condition_of(self, gateway: Gateway) -> GatewayCondition:
        cycle = self._poller.cycles[gateway.name]
        return GatewayCondition(
            name=gateway.name,
            outcomes=gateway.results.outcomes,
            answer_age=gateway.results.answer_age,
            cycle=cycle.period if cycle else None,
        )


class Monitor:
    """What is shown over HTTP. `health` None: this process waits as a standby, or is about to lead."""

    def __init__(self, state: Callable[[], LeadershipState]) -> None:
        self.state = state
        self.health: Health | None = None

    @contextmanager
    def of(self, health: Health) -> Iterator[None]:
        """While this process leads."""
        self.health = health
        try:
            yield
        finally:
            self.health = None
