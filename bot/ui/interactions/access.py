"""Who asks: in which language they read, whether they may ask, and whether they ask too often."""

import time
from collections import OrderedDict, deque

import discord

from bot.client import Interaction, SunoBot
from bot.domain.preferences import PersonSettings
from bot.errors import NotAllowed, TooMany
from bot.gateways.fair_queue import asking_for
from bot.ui.interactions.membership import Members
from bot.ui.render.locales import Language, language_for

_MINUTE = 60.0  # seconds
_REMEMBERED = 10_000  # people
_SUGGESTIONS = 3  # times that something may be suggested for each time that something may be asked


def person_of(interaction: Interaction) -> PersonSettings:
    return interaction.client.services.preferences.person(interaction.user.id)


def locale_of(interaction: Interaction) -> str:
    """What they have set, else what Discord says."""
    return person_of(interaction).locale or interaction.locale.value


def reader(interaction: Interaction) -> Language:
    return language_for(locale_of(interaction))


def answers_privately(interaction: Interaction, show: str | None) -> bool:
    """Whether a command's answer is for the person alone: as they say with it, else as they have set it."""
    return show == "me" if show else person_of(interaction).private


async def check_access(interaction: Interaction) -> None:
    """Before anything is answered, and so without asking the database. Raises NotAllowed or TooMany."""
    bot = interaction.client
    guild = bot.get_guild(interaction.guild_id or 0)
    suggesting = interaction.type is discord.InteractionType.autocomplete
    await bot.services.access.check_access(interaction.user.id, guild, bot, suggesting=suggesting)


class AccessPolicy:
    """`private_use`: who may use the bot where it is no member, such as in a DM: members, listed, everyone, off."""

    def __init__(self, private_use: str, private_users: tuple[int, ...], requests_per_minute: int) -> None:
        self._private_use = private_use
        self._private_users = private_users
        self._requests = _Limit(requests_per_minute)
        self._suggestions = _Limit(_SUGGESTIONS * requests_per_minute)
        self._members = Members()

    async def check_access(
        self, user_id: int, guild: discord.Guild | None, bot: SunoBot, *, suggesting: bool = False
    ) -> None:
        """Somebody asks in a server that the bot is in, or elsewhere. Raises NotAllowed or TooMany.

        From here on gateways are asked for that person.
        """
        (self._suggestions if suggesting else self._requests).count(user_id)
        asking_for.set(user_id)
        if guild:
            self._members.saw(user_id, guild.id)
        else:
            await self._let_in(user_id, bot)

    async def _let_in(self, user_id: int, bot: SunoBot) -> None:
        if user_id in self._private_users or self._private_use == "everyone":
            return
        if self._private_use != "members":
            raise NotAllowed("listed" if self._private_use == "listed" else "off")
        match await self._members.include(user_id, bot.guilds):
            case "no":
                raise NotAllowed("members")
            case "unseen" | "unsure" as why:
                raise NotAllowed(why)


class _Limit:
    """So many in a minute, for each person."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._asked: OrderedDict[int, deque[float]] = OrderedDict()

    def count(self, user_id: int) -> None:
        """Raises TooMany."""
        now = time.monotonic()
        times = self._asked.setdefault(user_id, deque())
        self._asked.move_to_end(user_id)
        if len(self._asked) > _REMEMBERED:
            self._asked.popitem(last=False)
        while times and times[0] <= now - _MINUTE:
            times.popleft()
        if len(times) >= self._per_minute:
            raise TooMany(times[0] + _MINUTE - now)
        times.append(now)
