"""The connections for Discord's events: one per shard, each by itself, so that the outage of one stops no other.

discord.py's own sharded client reconnects its shards one after the other, and starts a new session after each failed
attempt: the events of an outage are lost, and sessions are used up. Here each shard resumes its session, as in
discord.py's client without shards.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import SystemRandom

import aiohttp
import discord
from discord.gateway import DiscordWebSocket, ReconnectWebSocket

from bot.domain.shards import ShardCondition, shard_of
from bot.outage import why
from bot.session_starts import SessionStarts

_OPENING = 30.0  # seconds in which a connection must be open
_READY = 30.0  # seconds for which a shard keeps its turn while it waits for READY
_MAX_PAUSE, _MAX_PAUSE_ANEW = 30.0, 120.0  # seconds between two attempts: to resume a session, to start one
_KEEPS_SESSION = 4000  # a close code
_OWN_ADDRESS_TRIES = 3  # attempts to resume at the session's own address, before the general one

BAD_TOKEN, SHARDING_REQUIRED = 4004, 4011  # close codes
_FINAL = (BAD_TOKEN, 4010, SHARDING_REQUIRED, 4012, 4013, 4014)

_dice = SystemRandom()
log = logging.getLogger(__name__)


class Shard:
    """`known`: Discord has sent the list of its servers; `reason`: why it is not connected, if that is known."""

    def __init__(self, shard_id: int, client: discord.AutoShardedClient, starts: SessionStarts) -> None:
        self.id = shard_id
        self.known = False
        self.queued = True  # it waits for its turn to connect
        self.reason = ""
        self._client = client
        self._starts = starts
        self._socket: DiscordWebSocket | None = None
        self._opened_at: int | None = None  # the session's sequence number when the socket was opened
        self._failures = 0  # attempts in a row

    @property
    def connected(self) -> bool:
        """Whether events arrive: READY, RESUMED or others have come."""
        socket = self._socket
        return socket is not None and socket.open and bool(socket.session_id) and socket.sequence != self._opened_at

    @property
    def latency(self) -> float | None:
        """Seconds between the last heartbeat and its answer."""
        seconds = self._socket.latency if self._socket and self.connected else 0.0
        return seconds if 0 < seconds < float("inf") else None

    async def run(self) -> None:
        """Until cancelled. Raises discord.ConnectionClosed if Discord refuses the shard for good."""
        while True:
            try:
                await self._connect()
                await self._read()
            except ReconnectWebSocket:
                self.reason = "it closed the connection"
                await self._pause()
            except discord.LoginFailure:
                raise
            except (OSError, aiohttp.ClientError, discord.DiscordException) as error:
                if isinstance(error, discord.ConnectionClosed) and error.code in _FINAL:
                    raise
                self.reason = why(error)
                await self._pause()

    async def _connect(self) -> None:
        if self._socket and self._socket.session_id:
            await self._open(resume=True)
            return
        self.queued = True
        async with self._starts.turn(self.id):
            self.queued = False
            await self._open(resume=False)
            with suppress(TimeoutError):
                async with asyncio.timeout(_READY):
                    await self._read(until_connected=True)

    async def _open(self, *, resume: bool) -> None:
        old = self._socket if resume else None
        if self._socket and self._socket.open:
            await self._socket.close(code=_KEEPS_SESSION)
        async with asyncio.timeout(_OPENING):
            socket = await DiscordWebSocket.from_client(
                self._client,
                shard_id=self.id,
                resume=resume,
                session=old.session_id if old else None,
                sequence=old.sequence if old else None,
                gateway=old.gateway if old and self._failures <= _OWN_ADDRESS_TRIES else None,
            )
        self._socket, self._opened_at = socket, old.sequence if old else None

    async def _read(self, *, until_connected: bool = False) -> None:
        while (socket := self._socket) and not (until_connected and self.connected):
            await socket.poll_event()
            if self._failures and self.connected:
                self._failures, self.reason = 0, ""

    async def _pause(self) -> None:
        """None after a connection that worked; longer after each failure in a row."""
        self._failures += 1
        if self._failures == 1:
            return
        resumable = self._socket is not None and self._socket.session_id
        longest = _MAX_PAUSE if resumable else _MAX_PAUSE_ANEW
        seconds = min(longest, 2.0 ** (self._failures - 2)) * _dice.uniform(0.5, 1.0)
        if self.reason:
            log.warning(
                "shard %d has no connection to Discord: %s. Trying again in %.0f s", self.id, self.reason, seconds
            )
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Ends the session."""
        if self._socket and self._socket.open:
            await self._socket.close(code=1000)


class Shards:
    """All shards of the bot. `wanted`: how many; None: as many as Discord advises; `counted` is called with the number
    before they are opened.
    """

    def __init__(
        self,
        client: discord.AutoShardedClient,
        starts: SessionStarts,
        counted: Callable[[int], None],
        wanted: int | None,
    ) -> None:
        self._client = client
        self._starts = starts
        self._counted = counted
        self._wanted = wanted
        self._shards: list[Shard] = []
        self._first_known = asyncio.Event()

    def __iter__(self) -> Iterator[Shard]:
        return iter(self._shards)

    def __len__(self) -> int:
        return len(self._shards)

    @property
    def known(self) -> bool:
        """Whether the list of all servers is complete."""
        return bool(self._shards) and all(each.known for each in self)

    def knows(self, guild_id: int) -> bool:
        """Whether the bot's list of servers would contain this one."""
        return bool(self._shards) and self._shards[shard_of(guild_id, len(self))].known

    def learned(self, shard_id: int) -> None:
        """Called when Discord has sent the list of a shard's servers."""
        self._shards[shard_id].known = True
        self._first_known.set()

    async def wait_for_first(self) -> None:
        """Until Discord has sent the servers of one shard."""
        await self._first_known.wait()

    async def run(self) -> None:
        """Until cancelled. Raises what a shard raises, in a group, unless Discord advises more shards by now."""
        count = self._wanted or (await self._starts.limits()).shards
        while True:
            try:
                await self._open(count)
            except* discord.ConnectionClosed as group:
                if self._wanted or any(getattr(each, "code", 0) != SHARDING_REQUIRED for each in group.exceptions):
                    raise
            await self.close()
            while (advised := (await self._starts.limits(renew=True)).shards) <= count:
                log.warning("Discord requires more than %d shards, and advises %d. Asking again", count, advised)
                await asyncio.sleep(_MAX_PAUSE_ANEW)
            count = advised

    async def _open(self, count: int) -> None:
        self._counted(count)
        self._shards = [Shard(number, self._client, self._starts) for number in range(count)]
        if count > 1:
            log.info("opening %d shards", count)
        async with asyncio.TaskGroup() as connections:
            for each in self:
                connections.create_task(each.run(), name=f"shard {each.id}")

    async def close(self) -> None:
        await asyncio.gather(*(each.close() for each in self), return_exceptions=True)

    def conditions(self) -> list[ShardCondition]:
        servers = Counter(guild.shard_id for guild in self._client.guilds)
        return [
            ShardCondition(
                id=each.id,
                connected=each.connected,
                servers=servers[each.id],
                latency=each.latency,
                queued=each.queued,
                reason=each.reason,
            )
            for each in self
        ]
