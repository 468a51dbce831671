"""Whether somebody is in one of the bot's servers: a list of members would need a privileged intent.

Who uses the bot in a server is known to be there. Others are looked for in a few servers, and not in all: each costs a
request of those that Discord allows the whole bot.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal

import aiohttp
import discord
from msgspec import Struct

SERVERS = 5  # in which somebody is looked for, the largest first
_AT_ONCE = 4  # servers, whoever is asked about: Discord takes 50 requests a second from all of the bot
_IN_LINE = 20  # people who are looked for; others are told to come back
_PATIENCE = 2.0  # seconds; Discord wants an acknowledgement within 3
_BELIEVED = 600.0  # seconds for which Discord's answer is believed
_SEEN = 86_400.0  # seconds for which somebody who was seen in a server is believed to be there
_REMEMBERED = 10_000  # people

_UNANSWERED = (discord.DiscordException, aiohttp.ClientError, OSError, RuntimeError)  # the last: the bot has ended

Answer = Literal["yes", "no", "unseen", "unsure"]
"""Unseen: not in those servers in which somebody is looked for; unsure: Discord has not said so in time."""

log = logging.getLogger(__name__)


class _Known(Struct, frozen=True):
    """`guild_id`: where somebody is, if the answer is yes."""

    until: float
    answer: Answer
    guild_id: int = 0


class Members:
    def __init__(self) -> None:
        self._known: OrderedDict[int, _Known] = OrderedDict()
        self._asking: dict[int, asyncio.Task[Answer]] = {}
        self._few = asyncio.Semaphore(_AT_ONCE)

    def saw(self, user_id: int, guild_id: int) -> None:
        """Somebody acted in a server that the bot is in."""
        self._remember(user_id, _Known(time.monotonic() + _SEEN, "yes", guild_id))

    async def include(self, user_id: int, guilds: Sequence[discord.Guild]) -> Answer:
        """If Discord has not said so in time, it goes on being asked, and next time the answer may be here."""
        known = self._known.get(user_id)
        if known and time.monotonic() < known.until and self._still_holds(known, guilds):
            return known.answer
        asking = self._asking.get(user_id)
        if asking is None:
            if len(self._asking) >= _IN_LINE:
                return "unsure"
            asking = self._asking[user_id] = asyncio.create_task(self._ask(user_id, guilds))
            asking.add_done_callback(lambda _: self._asking.pop(user_id))
        await asyncio.wait({asking}, timeout=_PATIENCE)
        return asking.result() if asking.done() else "unsure"

    def _still_holds(self, known: _Known, guilds: Sequence[discord.Guild]) -> bool:
        """The bot is still in that server."""
        return known.answer != "yes" or any(guild.id == known.guild_id for guild in guilds)

    async def _ask(self, user_id: int, guilds: Sequence[discord.Guild]) -> Answer:
        """Until the first that has them. What could not be asked is no answer, and is not remembered as one."""
        asked = sorted(guilds, key=lambda guild: -(guild.member_count or 0))[:SERVERS]
        answers = await self._first_of([asyncio.create_task(self._is_in(guild, user_id)) for guild in asked])
        found = next((guild_id for guild_id in answers if guild_id), 0)
        if found:
            self.saw(user_id, found)
            return "yes"
        if None in answers:
            return "unsure"
        answer: Answer = "no" if len(asked) == len(guilds) else "unseen"
        self._remember(user_id, _Known(time.monotonic() + _BELIEVED, answer))
        return answer

    async def _first_of(self, asked: Sequence[asyncio.Task[int | None]]) -> set[int | None]:
        answers: set[int | None] = set()
        try:
            for each in asyncio.as_completed(asked):
                answers.add(await each)
                if any(answers):
                    break
        finally:
            for task in asked:
                task.cancel()
        return answers

    async def _is_in(self, guild: discord.Guild, user_id: int) -> int | None:
        """The server, if they are there; 0 if not; None: Discord does not say."""
        async with self._few:
            try:
                await guild.fetch_member(user_id)
            except discord.NotFound:
                return 0
            except _UNANSWERED as error:
                log.warning("Discord does not say whether somebody is in server %d: %s", guild.id, error)
                return None
        return guild.id

    def _remember(self, user_id: int, known: _Known) -> None:
        self._known[user_id] = known
        self._known.move_to_end(user_id)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
