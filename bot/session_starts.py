"""When a shard may IDENTIFY: Discord allows one per bucket in 5 s, and so many a day; beyond that it resets the token.

discord.py does not keep these limits. The last times are stored, since a restart does not reset them.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import discord
import msgspec

from bot.errors import StorageError
from bot.events import UNREADABLE
from bot.services.clock import Clock
from bot.storage.key_values import KeyValueStore

INTERVAL = 5.1  # seconds between two IDENTIFYs of a bucket; Discord demands 5
_ON_ITS_WAY = 1.0  # seconds that an IDENTIFY may have taken whose sender was killed
_KEY = "identified"  # under which the times are stored
_FRESH = 60.0  # seconds for which Discord's answer is used
_CHECK = 600.0  # seconds after which it is asked again while no session may be started
_FIRST_RETRY, _LAST_RETRY = 1.0, 30.0  # seconds, if Discord does not answer
_UNAUTHORIZED = 401

log = logging.getLogger(__name__)


class SessionStartLimit(msgspec.Struct, frozen=True):
    """Discord's answer. `shards`: its advice; `remaining`: sessions until `reset_at`; `concurrency`: buckets."""

    shards: int
    total: int
    remaining: int
    reset_at: float
    concurrency: int


class SessionStarts:
    """`ask` requests GET /gateway/bot; `failed` is called with the reason if there is no answer."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[tuple[int, str, Any]]],
        stored: KeyValueStore,
        clock: Clock,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._ask = ask
        self._stored = stored
        self._clock = clock
        self._failed = failed
        self._limits: SessionStartLimit | None = None
        self._asked_at = 0.0
        self._asking = asyncio.Lock()
        self._buckets: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._identified: dict[int, float] | None = None  # Unix seconds, by shard
        self._recalling = asyncio.Lock()
        self._earliest = 0.0  # the time that is assumed for other shards
        self._sent: set[int] = set()  # shards that have sent IDENTIFY in their turn

    async def limits(self, *, renew: bool = False) -> SessionStartLimit:
        """Asks until Discord answers; not if it did so lately, unless the answer is to be renewed.

        Raises discord.LoginFailure for a refused token.
        """
        delay = _FIRST_RETRY
        async with self._asking:
            if renew:
                self._limits = None
            while self._limits is None or self._clock.now() - self._asked_at > _FRESH:
                try:
                    self._limits, self._asked_at = await self._answer(), self._clock.now()
                except (OSError, aiohttp.ClientError, *UNREADABLE) as error:
                    cause = error.__cause__ or error
                    if isinstance(cause, discord.HTTPException) and cause.status == _UNAUTHORIZED:
                        raise discord.LoginFailure("Discord refused the token") from error
                    self._failed(cause)
                    await self._clock.sleep(delay)
                    delay = min(2 * delay, _LAST_RETRY)
            return self._limits

    async def _answer(self) -> SessionStartLimit:
        shards, _, starts = await self._ask()
        reset_at = self._clock.now() + starts["reset_after"] / 1000
        return SessionStartLimit(
            shards, starts["total"], starts["remaining"], reset_at, max(1, starts["max_concurrency"])
        )

    @asynccontextmanager
    async def turn(self, shard_id: int) -> AsyncIterator[None]:
        """Waits until the shard may IDENTIFY. It keeps its turn until Discord has answered."""
        concurrency = (await self.limits()).concurrency
        async with self._buckets[shard_id % concurrency]:
            await self._reserve()
            await self._wait_for_interval(shard_id, concurrency)
            try:
                yield
            finally:
                if shard_id in self._sent:  # it was received at some time until now
                    self._sent.discard(shard_id)
                    await self._record(shard_id)

    async def identifies(self, shard_id: int) -> None:
        """Called before each IDENTIFY is sent."""
        self._sent.add(shard_id)
        await self._record(shard_id)

    async def _reserve(self) -> None:
        """Waits while no session may be started."""
        while (limits := await self.limits()).remaining <= 0:
            seconds = max(1.0, limits.reset_at - self._clock.now())
            log.error(
                "Discord allows the bot no new connection for %s: all %d of the day are used up, perhaps by restarts. "
                "It waits, because Discord resets the token of a bot that tries more often",
                timedelta(seconds=round(seconds)),
                limits.total,
            )
            await self._clock.sleep(min(seconds, _CHECK))
            await self.limits(renew=True)
        self._limits = msgspec.structs.replace(limits, remaining=limits.remaining - 1)

    async def _wait_for_interval(self, shard_id: int, concurrency: int) -> None:
        identified, bucket = await self._recall(), shard_id % concurrency
        last = max((at for each, at in identified.items() if each % concurrency == bucket), default=self._earliest)
        if (wait := last + INTERVAL - self._clock.now()) > 0:
            await self._clock.sleep(wait)

    async def _recall(self) -> dict[int, float]:
        async with self._recalling:  # a second reading would put what is stored in the place of what was recorded since
            if self._identified is None:
                self._identified = await self._read()
            return self._identified

    async def _read(self) -> dict[int, float]:
        try:
            value = await self._stored.get_value(_KEY)
            stored, now = msgspec.json.decode(value or "{}", type=dict[int, float]), self._clock.now()
            return {each: min(at + _ON_ITS_WAY, now) for each, at in stored.items()}
        except (StorageError, msgspec.MsgspecError) as error:
            log.warning("it is not known when the shards were connected last, so they wait: %s", error)
            self._earliest = self._clock.now()
            return {}

    async def _record(self, shard_id: int) -> None:
        now, identified = self._clock.now(), await self._recall()
        identified[shard_id] = now
        recent = {each: at for each, at in identified.items() if now - at <= INTERVAL + _ON_ITS_WAY}
        try:
            await self._stored.set_value(_KEY, msgspec.json.encode(recent).decode())
        except StorageError as error:
            log.warning("the time of a connection could not be saved: %s", error)
