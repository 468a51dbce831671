"""The person behind an interaction: their settings and language, whether they have access, and their rate limit."""

import time
from collections import OrderedDict, deque

import discord

from bot.client import Interaction, SunoBot
from bot.domain.preferences import PersonSettings
from bot.errors import NotAllowed, NotYours, TooManyRequests
from bot.gateways.fair_queue import asking_for
from bot.ui.interactions.membership import Members
from bot.ui.render.locales import Language, language_for

_MINUTE = 60.0  # seconds
_MAX_REMEMBERED = 10_000  # people
_SUGGESTIONS_PER_REQUEST = 3  # autocomplete requests for each command or button that is allowed


def person_of(interaction: Interaction) -> PersonSettings:
    return interaction.client.services.preferences.person(interaction.user.id)


def locale_of(interaction: Interaction) -> str:
    """The person's own setting, else Discord's locale."""
    return person_of(interaction).locale or interaction.locale.value


def language_of(interaction: Interaction) -> Language:
    return language_for(locale_of(interaction))


def answers_privately(interaction: Interaction, show: str | None) -> bool:
    """True if only the person sees the answer: by the command's option, else by their setting."""
    return show == "me" if show else person_of(interaction).private


def guild_of(interaction: Interaction) -> discord.Guild | None:
    """The server that it comes from, if the bot is a member there; None: a DM, or where only a person installed it."""
    return interaction.client.get_guild(interaction.guild_id or 0)


def managed_guild(interaction: Interaction) -> discord.Guild:
    """Raises NotYours for people who do not manage the server: anyone who sees a button can press it."""
    guild = guild_of(interaction)
    if guild is None or not interaction.permissions.manage_guild:
        raise NotYours
    return guild


async def check_access(interaction: Interaction) -> None:
    """Called before the first answer, so it does not use the database. Raises NotAllowed or TooManyRequests."""
    bot = interaction.client
    suggesting = interaction.type is discord.InteractionType.autocomplete
    await bot.services.access.check_access(interaction.user.id, guild_of(interaction), bot, suggesting=suggesting)


class AccessPolicy:
    """Who may use the bot, and how often.

    `private_use`: who may use it where it is not a member, such as in a DM: members, listed, everyone, off.
    """

    def __init__(self, private_use: str, private_users: tuple[int, ...], requests_per_minute: int) -> None:
        self._private_use = private_use
        self._private_users = private_users
        self._requests = _Limit(requests_per_minute)
        self._suggestions = _Limit(_SUGGESTIONS_PER_REQUEST * requests_per_minute)
        self._members = Members()

    async def check_access(
        self, user_id: int, guild: discord.Guild | None, bot: SunoBot, *, suggesting: bool = False
    ) -> None:
        """`guild`: a server that the bot is in; None: elsewhere. Raises NotAllowed or TooManyRequests.

        From here on, requests to gateways are counted as this person's.
        """
        (self._suggestions if suggesting else self._requests).count(user_id)
        asking_for.set(user_id)
        if guild:
            self._members.saw(user_id, guild.id)
        else:
            await self._check_private_use(user_id, bot)

    async def recent_member(self, guild: discord.Guild, user_id: int) -> discord.Member | None:
        return await self._members.recent(guild, user_id)

    async def _check_private_use(self, user_id: int, bot: SunoBot) -> None:
        if user_id in self._private_users or self._private_use == "everyone":
            return
        if self._private_use != "members":
            raise NotAllowed("listed" if self._private_use == "listed" else "off")
        match await self._members.include(user_id, bot.guilds, complete=bot.connections.known):
            case "no":
                raise NotAllowed("members")
            case "unseen" | "unsure" as why:
                raise NotAllowed(why)


class _Limit:
    """At most so many requests a minute from each person."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._asked: OrderedDict[int, deque[float]] = OrderedDict()

    def count(self, user_id: int) -> None:
        """Raises TooManyRequests."""
        now = time.monotonic()
        times = self._asked.setdefault(user_id, deque())
        self._asked.move_to_end(user_id)
        if len(self._asked) > _MAX_REMEMBERED:
            self._asked.popitem(last=False)
        while times and times[0] <= now - _MINUTE:
            times.popleft()
        if len(times) >= self._per_minute:
            raise TooManyRequests(times[0] + _MINUTE - now)
        times.append(now)
