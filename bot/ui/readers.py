"""Who asks: in which language they read, whether they may ask, and whether they ask too often."""

import time
from collections import OrderedDict, deque

import discord

from bot.client import Interaction, SunoBot
from bot.errors import NotAllowed, TooMany
from bot.storage.preferences import Person
from bot.ui.locales import Language, language_for
from bot.ui.members import Members

_MINUTE = 60.0  # seconds
_REMEMBERED = 10_000  # people


def person_of(interaction: Interaction) -> Person:
    return interaction.client.services.stores.preferences.person(interaction.user.id)


def locale_of(interaction: Interaction) -> str:
    """What they have set, else what Discord says."""
    return person_of(interaction).locale or interaction.locale.value


def reader(interaction: Interaction) -> Language:
    return language_for(locale_of(interaction))


async def meet(interaction: Interaction) -> None:
    """Before anything is answered, and so without asking the database. Raises NotAllowed or TooMany."""
    services = interaction.client.services
    if interaction.type is not discord.InteractionType.autocomplete:
        services.doors.count(interaction.user.id)
    guild = interaction.client.get_guild(interaction.guild_id or 0)
    if guild is None:
        await services.doors.let_in(interaction.user.id, interaction.client)


class Doors:
    """`private_use`: who may use the bot where it is no member, such as in a DM: members, listed, everyone, off."""

    def __init__(self, private_use: str, listed: tuple[int, ...], per_minute: int) -> None:
        self._private_use = private_use
        self._listed = listed
        self._per_minute = per_minute
        self._asked: OrderedDict[int, deque[float]] = OrderedDict()
        self._members = Members()

    def count(self, user_id: int) -> None:
        """Raises TooMany for more than so many in a minute."""
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

    async def let_in(self, user_id: int, bot: SunoBot) -> None:
        """Raises NotAllowed."""
        if user_id in self._listed or self._private_use == "everyone":
            return
        if self._private_use != "members":
            raise NotAllowed("listed" if self._private_use == "listed" else "off")
        # While Discord does not say so, a stranger may be let in: the lesser evil, as no member is turned away for it.
        if await self._members.include(user_id, bot.guilds) is False:
            raise NotAllowed("members")
