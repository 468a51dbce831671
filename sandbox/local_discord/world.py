"""The state of the local Discord, in the shapes in which Discord sends it."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.local_discord.errors import unknown
from sandbox.local_discord.file_names import sanitised
from sandbox.local_discord.limits import MAX_REQUEST
from sandbox.local_discord.permissions import ALL, IN_DIRECT_MESSAGES, OF_EVERYONE, Permission, permissions_in

Object = dict[str, Any]

EPOCH = 1_420_070_400_000  # Discord's, in Unix milliseconds
TEXT, DM, VOICE, GROUP_DM, NEWS, PUBLIC_THREAD, PRIVATE_THREAD, STAGE, FORUM = 0, 1, 2, 3, 5, 11, 12, 13, 15
THREADS = (PUBLIC_THREAD, PRIVATE_THREAD)
REQUIRE_TAG, _OBFUSCATED = 1 << 4, 1 << 17  # among a channel's flags
_MIB = 1024 * 1024


@dataclass(frozen=True)
class StoredFile:
    id: str
    name: str
    content: bytes
    content_type: str
    title: str = ""  # shown instead of the name, if characters were removed from that


@dataclass
class World:
    """`clock` returns Unix seconds; ids contain the time."""

    clock: Callable[[], float] = time.time
    users: dict[str, Object] = field(default_factory=dict)
    guilds: dict[str, Object] = field(default_factory=dict)
    channels: dict[str, Object] = field(default_factory=dict)
    messages: dict[str, dict[str, Object]] = field(default_factory=lambda: defaultdict(dict))
    files: dict[str, StoredFile] = field(default_factory=dict)
    commands: list[Object] = field(default_factory=list)
    application: Object = field(default_factory=dict)  # changed settings of the developer portal
    locales: dict[str, str] = field(default_factory=dict)  # of people
    installed_by: set[str] = field(default_factory=set)  # users who installed the application for themselves
    closed_dms: set[str] = field(default_factory=set)  # users who accept no DM
    upload_limit: int = 20 * _MIB  # bytes a file
    request_limit: int = MAX_REQUEST  # bytes of all files of a message; in boosted servers Discord takes more
    thread_members: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # of private threads
    blocked_words: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # AutoMod's, by server
    harmful_links: set[str] = field(default_factory=set)  # substrings of blocked links
    _last_id: int = 0

    def __post_init__(self) -> None:
        self.bot = self.add_user("Suno", bot=True)

    def new_id(self) -> str:
        self._last_id = max(self._last_id + 1, (int(self.clock() * 1000) - EPOCH) << 22)
        return str(self._last_id)

    def _id_on(self, shard_id: int, count: int) -> str:
        """An id whose milliseconds lead to the shard."""
        milliseconds = int(self.new_id()) >> 22
        self._last_id = (milliseconds + (shard_id - milliseconds) % count) << 22 | (self._last_id & (1 << 22) - 1)
        return str(self._last_id)

    def now_in_seconds(self) -> float:
        """By the current clock, which may have been replaced."""
        return self.clock()

    def now(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).isoformat()

    def add_user(self, name: str, *, bot: bool = False, locale: str = "en-US") -> Object:
        user: Object = {
            "id": self.new_id(), "username": name.lower(), "global_name": None if bot else name,
            "discriminator": "0000" if bot else "0", "avatar": None, "bot": bot, "system": False, "public_flags": 0,
            "flags": 0, "banner": None, "accent_color": None, "avatar_decoration_data": None, "collectibles": None,
            "clan": None, "primary_guild": None,
        }  # fmt: skip
        self.users[user["id"]] = user
        self.locales[user["id"]] = locale
        return user

    def add_guild(
        self, name: str, *, owner: Object, locale: str = "en-US", on_shard: tuple[int, int] | None = None
    ) -> Object:
        """`on_shard`: which of how many shards it must belong to."""
        guild_id = self._id_on(*on_shard) if on_shard else self.new_id()
        everyone = _role(guild_id, "@everyone", int(OF_EVERYONE), 0)
        guild: Object = {
            "id": guild_id, "name": name, "icon": None, "owner_id": owner["id"], "preferred_locale": locale,
            "roles": [everyone], "members": [], "channels": [], "threads": [], "premium_tier": 0,
        }  # fmt: skip
        self.guilds[guild_id] = guild
        for user in (owner, self.bot):
            self.add_member(guild, user)
        return guild

    def add_member(self, guild: Object, user: Object, *roles: Object) -> None:
        member = {
            "user": user, "nick": None, "avatar": None, "banner": None, "roles": [role["id"] for role in roles],
            "joined_at": self.now(), "premium_since": None, "deaf": False, "mute": False, "flags": 0, "pending": False,
            "communication_disabled_until": None,
        }  # fmt: skip
        guild["members"].append(member)

    def add_role(self, guild: Object, name: str, permissions: int = 0) -> Object:
        role = _role(self.new_id(), name, permissions, len(guild["roles"]))
        guild["roles"].append(role)
        return role

    def add_channel(self, guild: Object, name: str, kind: int = TEXT) -> Object:
        channel: Object = {
            "id": self.new_id(), "type": kind, "name": name, "guild_id": guild["id"],
            "position": len(guild["channels"]),
            "permission_overwrites": [], "parent_id": None, "topic": None, "nsfw": False, "rate_limit_per_user": 0,
            "last_message_id": None, "flags": 0,
        }  # fmt: skip
        if kind == FORUM:
            channel |= {
                "available_tags": [], "default_reaction_emoji": None, "default_thread_rate_limit_per_user": 0,
                "default_sort_order": None, "default_forum_layout": 0,
            }  # fmt: skip
        guild["channels"].append(channel)
        self.channels[channel["id"]] = channel
        return channel

    def add_tag(self, forum: Object, name: str, *, moderated: bool = False) -> Object:
        tag: Object = {
            "id": self.new_id(), "name": name, "moderated": moderated, "emoji_id": None, "emoji_name": None,
        }  # fmt: skip
        forum["available_tags"].append(tag)
        return tag

    def add_thread(self, parent: Object, name: str, *members: Object) -> Object:
        """A private thread, if members are given."""
        return self.keep_thread(self.new_thread(parent, name, *members), *members)

    def new_thread(self, parent: Object, name: str, *members: Object) -> Object:
        """A thread that is not stored yet, so that nobody can see it."""
        guild = self.guilds[parent["guild_id"]]
        about = {
            "archived": False, "locked": False, "auto_archive_duration": 1440, "archive_timestamp": self.now(),
            "create_timestamp": self.now(),
        }  # fmt: skip
        return {
            "id": self.new_id(), "type": PRIVATE_THREAD if members else PUBLIC_THREAD, "name": name,
            "guild_id": guild["id"],
            "parent_id": parent["id"], "owner_id": guild["owner_id"], "thread_metadata": about, "message_count": 0,
            "member_count": 1, "total_message_sent": 0, "rate_limit_per_user": 0, "last_message_id": None, "flags": 0,
        }  # fmt: skip

    def keep_thread(self, thread: Object, *members: Object) -> Object:
        self.guilds[thread["guild_id"]]["threads"].append(thread)
        self.channels[thread["id"]] = thread
        self.thread_members[thread["id"]] |= {user["id"] for user in members}
        return thread

    def dm_with(self, user: Object) -> Object:
        """The DM channel of the bot and a person, as the bot sees it."""
        for channel in self.channels.values():
            if channel["type"] == DM and channel["recipients"][0]["id"] == user["id"]:
                return channel
        channel = {"id": self.new_id(), "type": DM, "recipients": [user], "last_message_id": None, "flags": 0}
        self.channels[channel["id"]] = channel
        return channel

    def add_private_channel(self, *users: Object) -> Object:
        """A group DM without the bot."""
        channel: Object = {
            "id": self.new_id(), "type": GROUP_DM, "name": None, "icon": None, "owner_id": users[0]["id"],
            "recipients": list(users), "last_message_id": None, "flags": 0,
        }  # fmt: skip
        self.channels[channel["id"]] = channel
        return channel

    def channel(self, channel_id: str) -> Object:
        try:
            return self.channels[channel_id]
        except KeyError:
            raise unknown("Channel", 10003) from None

    def message(self, channel_id: str, message_id: str) -> Object:
        try:
            return self.messages[channel_id][message_id]
        except KeyError:
            raise unknown("Message", 10008) from None

    def guild_of(self, channel: Object) -> Object | None:
        return self.guilds.get(channel.get("guild_id", ""))

    def member(self, guild: Object, user_id: str) -> Object | None:
        return next((each for each in guild["members"] if each["user"]["id"] == user_id), None)

    def permissions(self, channel: Object, user_id: str) -> int:
        """A user's permissions in a channel; 0 if they are not in the server."""
        guild = self.guild_of(channel)
        if guild is None:
            there = user_id in {user["id"] for user in channel["recipients"]}
            is_own_dm = channel["type"] == DM and user_id == self.bot["id"]
            return int(IN_DIRECT_MESSAGES) if there or is_own_dm else 0
        member = self.member(guild, user_id)
        if member is None:
            return 0
        parent = self.channels[channel["parent_id"]] if "thread_metadata" in channel else channel
        bits = permissions_in(guild, member, parent, timed_out=self._is_timed_out(member))
        hidden = channel["type"] == PRIVATE_THREAD and user_id not in self.thread_members[channel["id"]]
        return 0 if hidden and not bits & Permission.MANAGE_THREADS else bits

    def _is_timed_out(self, member: Object) -> bool:
        until = member["communication_disabled_until"]
        return bool(until) and datetime.fromisoformat(until).timestamp() > self.clock()

    def is_visible(self, channel: Object) -> bool:
        """Whether the bot can see it."""
        return bool(self.permissions(channel, self.bot["id"]) & Permission.VIEW_CHANNEL)

    def as_shown(self, channel: Object) -> Object:
        """The channel as the bot's socket sends it: a channel that the bot may not view is obfuscated."""
        if self.is_visible(channel) or not channel.get("guild_id"):
            return channel
        deny = {"id": channel["guild_id"], "type": 0, "allow": "0", "deny": str(int(Permission.VIEW_CHANNEL))}
        hidden = {"name": "___hidden___", "topic": None, "last_message_id": None, "permission_overwrites": [deny]}
        return channel | hidden | {"flags": channel["flags"] | _OBFUSCATED}

    def people(self) -> Iterator[Object]:
        return (user for user in self.users.values() if not user["bot"])

    def add_file(self, name: str, content: bytes, content_type: str) -> StoredFile:
        kept, title = sanitised(name)
        stored = StoredFile(self.new_id(), kept, content, content_type, title)
        self.files[stored.id] = stored
        return stored


def _role(role_id: str, name: str, permissions: int, position: int) -> Object:
    return {
        "id": role_id, "name": name, "description": None, "color": 0, "hoist": False, "icon": None,
        "unicode_emoji": None, "position": position, "permissions": str(permissions & ALL), "managed": False,
        "mentionable": False, "flags": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
    }  # fmt: skip
