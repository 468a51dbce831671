"""Which permissions a place asks of the bot, which of them it lacks, and who takes them away."""

from collections.abc import Sequence

import discord
from msgspec import Struct

from bot.ui.locales import Language

Place = discord.abc.GuildChannel | discord.Thread

_NEEDED = ("view_channel", "send_messages", "embed_links", "attach_files", "read_message_history")
_TO_SPEAK = ("view_channel", "send_messages", "send_messages_in_threads")


class Missing(Struct, frozen=True):
    """`taken_by`: a mention of the role or member that the channel denies it to; empty: no role gives it."""

    permission: str
    taken_by: str = ""


def missing_in(place: Place) -> tuple[Missing, ...]:
    """What songs need there: without it they come late, or without their files."""
    me = place.guild.me
    channel = place.parent if isinstance(place, discord.Thread) else place
    thread = isinstance(place, discord.Thread)
    needed = [name if not thread or name != "send_messages" else "send_messages_in_threads" for name in _NEEDED]
    has = place.permissions_for(me)
    return tuple(Missing(name, _taken_by(channel, me, name)) for name in needed if not getattr(has, name))


def silent_in(place: Place) -> tuple[str, ...]:
    """What keeps the bot from saying anything there."""
    return tuple(each.permission for each in missing_in(place) if each.permission in _TO_SPEAK)


def _taken_by(channel: discord.abc.GuildChannel | None, me: discord.Member, name: str) -> str:
    if channel is None or not getattr(me.guild_permissions, name):
        return ""
    targets: list[discord.Role | discord.Member] = [*sorted(me.roles, reverse=True), me]
    overrides = ((target, channel.overwrites_for(discord.Object(target.id))) for target in targets)
    denying = [target for target, override in overrides if getattr(override, name) is False]
    return denying[-1].mention if denying else ""


def in_words(missing: Sequence[Missing], language: Language) -> str:
    named = (_in_words(each, language) for each in missing)
    return language("perm.and").join(named)


def _in_words(missing: Missing, language: Language) -> str:
    name = f"**{language(f'perm.{missing.permission}')}**"
    if missing.taken_by:
        return language("perm.taken", perm=name, by=missing.taken_by)
    return language("perm.absent", perm=name)
