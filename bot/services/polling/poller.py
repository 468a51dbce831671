"""Polls all sources concurrently, so that a slow gateway does not delay the others."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from bot.domain.update_cycle import UpdateCycle
from bot.errors import GatewayError
from bot.services.clock import Clock
from bot.services.polling.cycle_memory import CycleMemory
from bot.services.polling.outages import Outages
from bot.services.polling.source_poller import SourcePoller
from bot.services.polling.sources import PollSource
from bot.storage.key_values import KeyValueStore
from bot.storage.polls import PollStore

Notify = Callable[[str, GatewayError], Coroutine[Any, Any, None]]  # a gateway's name, and its failure


class Poller:
    """`poll_interval`: seconds between two polls of a task. `on_new_delivery` is called when there is a message to
    send.
    """

    def __init__(
        self,
        sources: Sequence[PollSource],
        store: PollStore,
        key_values: KeyValueStore,
        clock: Clock,
        *,
        poll_interval: float,
        on_new_delivery: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._sources = [
            SourcePoller(
                source,
                store,
                CycleMemory(key_values, source.name),
                clock,
                poll_interval=poll_interval,
                on_new_delivery=on_new_delivery,
                on_moved=self.wake,
            )
            for source in sources
        ]

    @property
    def cycles(self) -> dict[str, UpdateCycle | None]:
        """The known cycle of each gateway, by name."""
        return {each.name: each.cycle for each in self._sources if each.name}

    @property
    def due_at(self) -> float | None:
        """When the next task is due; in the past if it could not be polled yet."""
        return min((each.due_at for each in self._sources if each.due_at is not None), default=None)

    def wake(self) -> None:
        """There is a new task to poll."""
        for each in self._sources:
            each.wake()

    async def run(self, notify: Notify) -> None:
        """Until cancelled. `notify` is awaited concurrently for each outage that the operator should know of."""
        async with asyncio.TaskGroup() as workers:

            def start_notifying(gateway: str, failure: GatewayError) -> None:
                workers.create_task(notify(gateway, failure), name="notifying the operator")

            outages = Outages(self._clock, start_notifying)
            for each in self._sources:
                workers.create_task(each.run(outages), name=f"poller {each.name}")
