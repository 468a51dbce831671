"""Whether somebody is in one of the bot's servers: each is asked for, as lists of members need a privileged intent."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Sequence

import aiohttp
import discord

_AT_ONCE = 4  # servers, whoever is asked about: Discord takes 50 requests a second from all of the bot
_PATIENCE = 2.0  # seconds; Discord wants an acknowledgement within 3
_BELIEVED = 600.0  # seconds for which an answer is believed
_REMEMBERED = 10_000  # people

_UNANSWERED = (discord.DiscordException, aiohttp.ClientError, OSError, RuntimeError)  # the last: the bot has ended

log = logging.getLogger(__name__)


class Members:
    def __init__(self) -> None:
        self._known: OrderedDict[int, tuple[float, bool]] = OrderedDict()
        self._asking: dict[int, asyncio.Task[bool | None]] = {}
        self._few = asyncio.Semaphore(_AT_ONCE)

    async def include(self, user_id: int, guilds: Sequence[discord.Guild]) -> bool | None:
        """None: Discord has not said so in time. It goes on being asked, and next time the answer may be here."""
        until, known = self._known.get(user_id, (0.0, False))
        if time.monotonic() < until:
            return known
        asking = self._asking.get(user_id)
        if asking is None:
            asking = self._asking[user_id] = asyncio.create_task(self._ask(user_id, guilds))
            asking.add_done_callback(lambda _: self._asking.pop(user_id))
        await asyncio.wait({asking}, timeout=_PATIENCE)
        return asking.result() if asking.done() else None

    async def _ask(self, user_id: int, guilds: Sequence[discord.Guild]) -> bool | None:
        """Until the first that has them. What could not be asked is no answer, and is not remembered as one."""
        asked = [asyncio.create_task(self._is_in(guild, user_id)) for guild in guilds]
        answers: set[bool | None] = set()
        try:
            for each in asyncio.as_completed(asked):
                answers.add(await each)
                if True in answers:
                    break
        finally:
            for task in asked:
                task.cancel()
        found = True if True in answers else None if None in answers else False
        if found is not None:
            self._remember(user_id, known=found)
        return found

    async def _is_in(self, guild: discord.Guild, user_id: int) -> bool | None:
        async with self._few:
            try:
                await guild.fetch_member(user_id)
            except discord.NotFound:
                return False
            except _UNANSWERED as error:
                log.warning("Discord does not say whether somebody is in server %d: %s", guild.id, error)
                return None
        return True

    def _remember(self, user_id: int, *, known: bool) -> None:
        self._known[user_id] = (time.monotonic() + _BELIEVED, known)
        self._known.move_to_end(user_id)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
