"""Which permissions a place asks of the bot, which of them it lacks, and who takes them away."""

from collections.abc import Sequence
from typing import Literal

import discord
from msgspec import Struct
from msgspec.structs import replace

from bot.ui.render.locales import Language

PermissionTarget = discord.abc.GuildChannel | discord.Thread
# Each takes messages, or posts.
Speakable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread | discord.ForumChannel

_NEEDED = ("view_channel", "send_messages", "embed_links", "attach_files", "read_message_history")
_WHILE_TIMED_OUT = ("view_channel", "read_message_history")  # all that is left
_HIDDEN_NAME = "___hidden___"
TO_SPEAK = ("view_channel", "send_messages", "send_messages_in_threads")

ASKED_FOR = discord.Permissions()  # by the link that brings the bot into a server
ASKED_FOR.update(**dict.fromkeys((*_NEEDED, *TO_SPEAK), True))


class Missing(Struct, frozen=True):
    """`taken_by`: a mention of the role or member that the channel denies it to.

    `why`: the channel denies it; no role gives it; Discord hides the channel, and so who denies it; the bot is timed
    out; it is not in that private thread; Discord said no more.
    """

    permission: str
    taken_by: str = ""
    why: Literal["taken", "absent", "hidden", "timed_out", "outside", "unknown"] = "absent"
    in_forum: bool = False

    @property
    def name(self) -> str:
        """As Discord's settings of that place name it."""
        return "create_posts" if self.in_forum and self.permission == "send_messages" else self.permission


def is_hidden(place: PermissionTarget) -> bool:
    """Discord shows the bot nothing of a channel that it may not view, and one overwrite that nobody made.

    discord.py keeps no flags of most channels. A thread is hidden with its channel.
    """
    channel = place.parent if isinstance(place, discord.Thread) else place
    if channel is None or channel.name != _HIDDEN_NAME:
        return False
    everyone = channel.guild.default_role
    return channel.overwrites.keys() == {everyone} and channel.overwrites[everyone].view_channel is False


def missing_in(place: PermissionTarget) -> tuple[Missing, ...]:
    """What songs need there: without it they come late, or without their files."""
    if isinstance(place, discord.Thread):
        return missing_for(place.guild.me, place.parent, in_thread=True)
    return missing_for(place.guild.me, place)


def _of_forum(channel: discord.ForumChannel, me: discord.Member, missing: Sequence[Missing]) -> tuple[Missing, ...]:
    """In a forum that requires a tag, and has such alone as only moderators may set, the bot has to be one."""
    found = [replace(each, in_forum=True) for each in missing]
    if channel.flags.require_tag and all(tag.moderated for tag in channel.available_tags):
        found += filter(None, [_missing(channel, me, "manage_threads")])
    return tuple(found)


def missing_for(
    me: discord.Member, channel: discord.abc.GuildChannel | None, *, in_thread: bool = False
) -> tuple[Missing, ...]:
    """The same, of a channel or its threads. For what was fetched, and is known to no cache."""
    if channel and is_hidden(channel):
        return (Missing("view_channel", why="hidden"),)
    needed = _needed(in_thread=in_thread)
    if me.is_timed_out() and not me.guild_permissions.administrator:
        return tuple(Missing(name, why="timed_out") for name in needed if name not in _WHILE_TIMED_OUT)
    found = tuple(missing for name in needed if (missing := _missing(channel, me, name)))
    return _of_forum(channel, me, found) if isinstance(channel, discord.ForumChannel) else found


def missing_of(permissions: discord.Permissions, *, in_thread: bool) -> tuple[Missing, ...]:
    """The same, where nothing is known but what the bot has."""
    if not permissions.view_channel:
        return (Missing("view_channel", why="hidden"),)
    needed = _needed(in_thread=in_thread)
    return tuple(Missing(name, why="unknown") for name in needed if not getattr(permissions, name))


def _needed(*, in_thread: bool) -> tuple[str, ...]:
    return tuple("send_messages_in_threads" if in_thread and name == "send_messages" else name for name in _NEEDED)


def _missing(channel: discord.abc.GuildChannel | None, me: discord.Member, name: str) -> Missing | None:
    """Roles first, then the channel's overrides, of which each may take and give again, as Discord computes it.

    Each permission by itself: that one cannot attach files where one cannot speak is no second fault to mend.
    """
    mine = me.guild_permissions
    if mine.administrator:
        return None
    missing = None if getattr(mine, name) else Missing(name)
    everyone, *others = sorted(me.roles)
    for group in ([everyone], others, [me]):
        overrides = [(each, _override(channel, each, name)) for each in group]
        if taken := next((each for each, value in reversed(overrides) if value is False), None):
            missing = Missing(name, "@everyone" if taken == everyone else taken.mention, "taken")
        if any(value for _, value in overrides):
            missing = None
    return missing


def _override(
    channel: discord.abc.GuildChannel | None, target: discord.Role | discord.Member, name: str
) -> bool | None:
    """True gives it, False takes it, None leaves it."""
    if channel is None:
        return None
    value: bool | None = getattr(channel.overwrites_for(discord.Object(target.id)), name)
    return value


def in_words(missing: Sequence[Missing], language: Language) -> str:
    named = (_in_words(each, language) for each in missing)
    return language("perm.and").join(named)


def _in_words(missing: Missing, language: Language) -> str:
    name = f"**{language(f'perm.{missing.name}')}**"
    return language(f"perm.{missing.why}", perm=name, by=missing.taken_by)
