"""The permissions that posting needs, which of them the bot is missing, and who denies them."""

from collections.abc import Iterable, Sequence
from typing import Literal

import discord
from msgspec import Struct
from msgspec.structs import replace

from bot.ui.render.locales import Language

PermissionTarget = discord.abc.GuildChannel | discord.Thread
# Channels that accept messages or forum posts.
Postable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread | discord.ForumChannel

_NEEDED = ("view_channel", "send_messages", "embed_links", "attach_files", "read_message_history")
_WHILE_TIMED_OUT = ("view_channel", "read_message_history")  # the only ones that remain
_HIDDEN_NAME = "___hidden___"
NEEDED_TO_POST = ("view_channel", "send_messages", "send_messages_in_threads")

REQUESTED_PERMISSIONS = discord.Permissions()  # by the link that adds the bot to a server
REQUESTED_PERMISSIONS.update(**dict.fromkeys((*_NEEDED, *NEEDED_TO_POST), True))


class Missing(Struct, frozen=True):
    """A permission that the bot is missing. `denied_by`: a mention of the role or member that the channel denies it to.

    `why`: taken: the channel denies it; absent: no role grants it; hidden: Discord hides the channel, so it is unknown
    who denies it; timed_out: the bot is timed out; outside: it is not in that private thread; unknown: Discord gives no
    reason.
    """

    permission: str
    denied_by: str = ""
    why: Literal["taken", "absent", "hidden", "timed_out", "outside", "unknown"] = "absent"
    in_forum: bool = False

    @property
    def name(self) -> str:
        """As Discord's channel settings name it."""
        return "create_posts" if self.in_forum and self.permission == "send_messages" else self.permission


def is_hidden(target: PermissionTarget) -> bool:
    """True if the bot may not view it. Discord then sends a placeholder name and one artificial overwrite.

    discord.py does not keep the flags of most channels. A thread is hidden with its channel.
    """
    channel = target.parent if isinstance(target, discord.Thread) else target
    if channel is None or channel.name != _HIDDEN_NAME:
        return False
    everyone = channel.guild.default_role
    return channel.overwrites.keys() == {everyone} and channel.overwrites[everyone].view_channel is False


def has_voice(channel: discord.abc.GuildChannel) -> bool:
    """Whether Discord also asks for Connect before it shows the channel's messages."""
    return isinstance(channel, discord.VoiceChannel | discord.StageChannel)


def preventing(missing: Iterable[Missing]) -> list[Missing]:
    """Those without which nothing at all is posted."""
    return [each for each in missing if each.permission in NEEDED_TO_POST]


def missing_in(target: PermissionTarget) -> tuple[Missing, ...]:
    """The missing permissions: without them songs wait, or are posted without their files."""
    if isinstance(target, discord.Thread):
        return missing_for(target.guild.me, target.parent, in_thread=True)
    return missing_for(target.guild.me, target)


def _of_forum(channel: discord.ForumChannel, me: discord.Member, missing: Sequence[Missing]) -> tuple[Missing, ...]:
    """A forum that requires a tag, and whose tags are all for moderators, also needs Manage Threads."""
    found = [replace(each, in_forum=True) for each in missing]
    if channel.flags.require_tag and all(tag.moderated for tag in channel.available_tags):
        found += filter(None, [_missing(channel, me, "manage_threads")])
    return tuple(found)


def missing_for(
    me: discord.Member, channel: discord.abc.GuildChannel | None, *, in_thread: bool = False
) -> tuple[Missing, ...]:
    """The same for a channel or its threads; also for channels that were fetched and are not in the cache."""
    if channel and is_hidden(channel):
        return (Missing("view_channel", why="hidden"),)
    needed = _needed(in_thread=in_thread)
    if me.is_timed_out() and not me.guild_permissions.administrator:
        return tuple(Missing(name, why="timed_out") for name in needed if name not in _WHILE_TIMED_OUT)
    found = tuple(missing for name in needed if (missing := _missing(channel, me, name)))
    return _of_forum(channel, me, found) if isinstance(channel, discord.ForumChannel) else found


def missing_of(permissions: discord.Permissions, *, in_thread: bool) -> tuple[Missing, ...]:
    """The same, if only the bot's resulting permissions are known."""
    if not permissions.view_channel:
        return (Missing("view_channel", why="hidden"),)
    needed = _needed(in_thread=in_thread)
    return tuple(Missing(name, why="unknown") for name in needed if not getattr(permissions, name))


def _needed(*, in_thread: bool) -> tuple[str, ...]:
    return tuple("send_messages_in_threads" if in_thread and name == "send_messages" else name for name in _NEEDED)


def _missing(channel: discord.abc.GuildChannel | None, me: discord.Member, name: str) -> Missing | None:
    """Roles first, then the channel's overwrites, each of which may deny or allow it, as Discord computes it.

    Each permission by itself: missing Send Messages does not also report Attach Files.
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
    """True allows it, False denies it, None changes nothing."""
    if channel is None:
        return None
    value: bool | None = getattr(channel.overwrites_for(discord.Object(target.id)), name)
    return value


def in_words(missing: Sequence[Missing], language: Language) -> str:
    named = (_in_words(each, language) for each in missing)
    return language("perm.and").join(named)


def _in_words(missing: Missing, language: Language) -> str:
    name = f"**{language(f'perm.{missing.name}')}**"
    return language(f"perm.{missing.why}", perm=name, by=missing.denied_by)
