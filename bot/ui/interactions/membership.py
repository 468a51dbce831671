"""Whether somebody is in one of the bot's servers. Member lists would need a privileged intent.

People who use the bot in a server are known to be there. Others are searched for in a few servers only: each costs one
of the requests that Discord allows the whole bot.
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

SERVERS = 5  # that are searched for a person, the largest first
_AT_ONCE = 4  # requests, for all people together: Discord allows the whole bot 50 requests a second
_MAX_PENDING = 20  # people who are being searched for; others get "unsure"
_TIMEOUT = 2.0  # seconds; Discord wants an acknowledgement within 3
_ANSWER_TTL = 600.0  # seconds for which Discord's answer is cached
_SEEN_TTL = 86_400.0  # seconds for which somebody who acted in a server counts as its member
_MAX_REMEMBERED = 10_000  # people
_RECENT_TTL = 10.0  # seconds for which the roles of somebody who is typing count as known
_SUGGESTION_TIMEOUT = 1.0  # seconds: there is the search, too
_MAX_RECENT = 500  # people in servers
_SUGGESTING_AT_ONCE = 2  # requests of their own: who types may not hold up who waits to be let in

_UNANSWERED = (discord.DiscordException, aiohttp.ClientError, OSError, RuntimeError)  # RuntimeError: the bot has ended

Answer = Literal["yes", "no", "unseen", "unsure"]
"""Unseen: not in the servers that were searched; unsure: Discord has not answered in time."""

log = logging.getLogger(__name__)


class _Asked(Struct, frozen=True):
    """`until`: when Discord is to be asked again."""

    until: float
    asking: asyncio.Task[discord.Member | None]


class _Known(Struct, frozen=True):
    """`guild_id`: where somebody is, if the answer is yes."""

    until: float
    answer: Answer
    guild_id: int = 0


class Members:
    def __init__(self) -> None:
        self._known: OrderedDict[int, _Known] = OrderedDict()
        self._asking: dict[int, asyncio.Task[Answer]] = {}
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._suggesting = asyncio.Semaphore(_SUGGESTING_AT_ONCE)
        self._recent: OrderedDict[tuple[int, int], _Asked] = OrderedDict()  # by server and person

    async def recent(self, guild: discord.Guild, user_id: int) -> discord.Member | None:
        """With the roles of a few seconds ago: suggestions are asked for with each letter that is typed.

        None: they are not there, or Discord has not answered in time; it may have for the next letter.
        """
        key, now = (guild.id, user_id), time.monotonic()
        asked = self._recent.get(key)
        if asked is None or (asked.asking.done() and now >= asked.until):
            asked = self._recent[key] = _Asked(now + _RECENT_TTL, asyncio.create_task(self._member(guild, user_id)))
            self._recent.move_to_end(key)
            if len(self._recent) > _MAX_RECENT:
                self._recent.popitem(last=False)
        await asyncio.wait({asked.asking}, timeout=_SUGGESTION_TIMEOUT)
        return asked.asking.result() if asked.asking.done() and not asked.asking.cancelled() else None

    async def _member(self, guild: discord.Guild, user_id: int) -> discord.Member | None:
        async with self._suggesting:
            try:
                return await guild.fetch_member(user_id)
            except discord.NotFound:
                return None
            except _UNANSWERED as error:
                log.info("Discord did not answer who somebody is in server %d: %s", guild.id, error)
                return None

    def saw(self, user_id: int, guild_id: int) -> None:
        """Records that the person acted in a server that the bot is in."""
        self._remember(user_id, _Known(time.monotonic() + _SEEN_TTL, "yes", guild_id))

    async def include(self, user_id: int, guilds: Sequence[discord.Guild], *, complete: bool) -> Answer:
        """Answers "unsure" if Discord has not answered in time; the search continues, for the next call.

        `complete`: whether these are all servers of the bot: while it starts, some shards are not connected yet.
        """
        known = self._known.get(user_id)
        if known and time.monotonic() < known.until and self._is_valid(known, guilds):
            return known.answer
        asking = self._asking.get(user_id)
        if asking is None:
            if len(self._asking) >= _MAX_PENDING:
                return "unsure"
            asking = self._asking[user_id] = asyncio.create_task(self._ask(user_id, guilds, complete=complete))
            asking.add_done_callback(lambda _: self._asking.pop(user_id))
        await asyncio.wait({asking}, timeout=_TIMEOUT)
        return asking.result() if asking.done() else "unsure"

    def _is_valid(self, known: _Known, guilds: Sequence[discord.Guild]) -> bool:
        """False if it rests on a server that the bot has left."""
        return known.answer != "yes" or any(guild.id == known.guild_id for guild in guilds)

    async def _ask(self, user_id: int, guilds: Sequence[discord.Guild], *, complete: bool) -> Answer:
        """Stops at the first server that has them. Failed requests are not remembered as an answer."""
        asked = sorted(guilds, key=lambda guild: -(guild.member_count or 0))[:SERVERS]
        answers = await self._first_of([asyncio.create_task(self._is_in(guild, user_id)) for guild in asked])
        found = next((guild_id for guild_id in answers if guild_id), 0)
        if found:
            self.saw(user_id, found)
            return "yes"
        if None in answers or not complete:
            return "unsure"
        answer: Answer = "no" if len(asked) == len(guilds) else "unseen"
        self._remember(user_id, _Known(time.monotonic() + _ANSWER_TTL, answer))
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
        """The server's id if they are there; 0 if not; None: Discord gave no answer."""
        async with self._slots:
            try:
                await guild.fetch_member(user_id)
            except discord.NotFound:
                return 0
            except _UNANSWERED as error:
                log.warning("Discord did not answer whether somebody is in server %d: %s", guild.id, error)
                return None
        return guild.id

    def _remember(self, user_id: int, known: _Known) -> None:
        self._known[user_id] = known
        self._known.move_to_end(user_id)
        if len(self._known) > _MAX_REMEMBERED:
            self._known.popitem(last=False)
