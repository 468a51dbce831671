"""The worker that claims due deliveries and sends each in an asyncio.Task of its own: none delays another."""

import asyncio
import logging
from collections.abc import Callable, Collection

from bot.domain.outbox import ClaimedDelivery
from bot.errors import StorageError
from bot.gateways.hosts import Hosts
from bot.services.clock import Clock, Wakeup
from bot.services.delivery.sender import Sender
from bot.services.delivery.slots import MAX_SENDING, DeliverySlots
from bot.services.storage_retry import wait_for_storage
from bot.storage.outbox import Outbox

_PARKED_AT_ONCE = MAX_SENDING // 3  # parked messages being sent: leaves slots for others
_LEASE = 600.0  # seconds; longer than sending any message takes

log = logging.getLogger(__name__)


class Notifier:
    """`hosts`: how the hosts of songs perform; `wakeup`: signals new messages.

    `on_sent` is called after each message: a song in it may have stars, or a chosen take, that it does not show yet.
    """

    def __init__(
        self, outbox: Outbox, sender: Sender, hosts: Hosts, clock: Clock, wakeup: Wakeup, *, on_sent: Callable[[], None]
    ) -> None:
        self._outbox = outbox
        self._sender = sender
        self._hosts = hosts
        self._clock = clock
        self._wakeup = wakeup
        self._on_sent = on_sent
        self._may_have_lost = False  # claims, when the database failed

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as workers:
            await self._send_all(workers)

    async def _send_all(self, workers: asyncio.TaskGroup) -> None:
        sending: dict[str, ClaimedDelivery] = {}

        def sent(worker: asyncio.Task[None]) -> None:
            del sending[worker.get_name()]
            self._wakeup.send()
            self._on_sent()

        while True:
            try:
                if len(sending) >= MAX_SENDING:
                    await self._wakeup.wait(None)  # everything due waits until one of these is sent
                    continue
                await self._find_lost(sending.values())
                for claimed in await self._claim(sending.values()):
                    if (name := f"delivery {claimed.delivery.id}") in sending:
                        continue  # sending takes longer than its lease, so it was claimed again
                    sending[name] = claimed
                    workers.create_task(self._send(claimed), name=name).add_done_callback(sent)
                await self._wakeup.wait(await self._next_due(sending.values()))
            except StorageError as error:
                self._may_have_lost = True
                await wait_for_storage(self._clock, log, error)

    async def _find_lost(self, sending: Collection[ClaimedDelivery]) -> None:
        """Messages that are leased and not being sent: otherwise they would wait until their leases end."""
        if self._may_have_lost:
            self._may_have_lost = False
            await self._outbox.end_leases(self._clock.now(), held=[each.delivery.id for each in sending])

    async def _claim(self, sending: Collection[ClaimedDelivery]) -> list[ClaimedDelivery]:
        parked = _PARKED_AT_ONCE - sum(claimed.parked for claimed in sending)
        room, slots = MAX_SENDING - len(sending), self._slots(sending)
        return await self._outbox.claim(self._clock.now(), lease=_LEASE, limit=room, parked=parked, slots=slots)

    async def _next_due(self, sending: Collection[ClaimedDelivery]) -> float | None:
        parked = sum(claimed.parked for claimed in sending) < _PARKED_AT_ONCE
        return await self._outbox.next_due(parked=parked, slots=self._slots(sending))

    def _slots(self, sending: Collection[ClaimedDelivery]) -> DeliverySlots:
        return DeliverySlots(self._hosts, ((each.delivery.host, each.watch.user_id) for each in sending))

    async def _send(self, claimed: ClaimedDelivery) -> None:
        try:
            await self._sender.send(claimed)
        except StorageError as error:
            await wait_for_storage(self._clock, log, error)
            self._may_have_lost = True
