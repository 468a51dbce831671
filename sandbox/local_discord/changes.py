"""Changes that administrators make, with the events that follow."""

from datetime import UTC, datetime
from typing import Any

from sandbox.local_discord.forums import announce_post
from sandbox.local_discord.hub import Hub
from sandbox.local_discord.socket import Sockets
from sandbox.local_discord.world import TEXT, THREADS, Object, World


class Changes:
    def __init__(self, world: World, hub: Hub, sockets: Sockets) -> None:
        self._world = world
        self._hub = hub
        self._sockets = sockets

    def override(self, channel: Object, target: Object, *, allow: int = 0, deny: int = 0) -> None:
        """Sets a channel's overwrite for a role or a user; without any permission it is removed."""
        kind = 0 if "permissions" in target else 1
        others = [each for each in channel["permission_overwrites"] if each["id"] != target["id"]]
        own = {"id": target["id"], "type": kind, "allow": str(allow), "deny": str(deny)}
        channel["permission_overwrites"] = others + ([own] if allow or deny else [])
        self._hub.channel_event("CHANNEL_UPDATE", channel)

    def allow_role(self, guild: Object, role: Object, permissions: int) -> None:
        """Sets a role's permissions in the server. Like Discord, sends no event for channels that become visible."""
        role["permissions"] = str(int(permissions))
        self._hub.bot_event("GUILD_ROLE_UPDATE", {"guild_id": guild["id"], "role": role})

    def add_channel(self, guild: Object, name: str, kind: int = TEXT) -> Object:
        channel = self._world.add_channel(guild, name, kind)
        self._hub.channel_event("CHANNEL_CREATE", channel)
        return channel

    def add_thread(self, parent: Object, name: str, *members: Object) -> Object:
        """A private thread, if members are given."""
        thread = self._world.add_thread(parent, name, *members)
        announce_post(self._hub, self._world, thread)
        return thread

    def join_thread(self, thread: Object, user: Object) -> None:
        """Adds a user to a private thread."""
        self._world.thread_members[thread["id"]].add(user["id"])
        if user["id"] == self._world.bot["id"]:
            self._hub.channel_event("THREAD_CREATE", thread)

    def archive(self, thread: Object, *, locked: bool) -> None:
        self._change_thread(thread, archived=True, locked=locked)

    def lock(self, thread: Object) -> None:
        """It stays active, and only people who manage threads may write there."""
        self._change_thread(thread, archived=False, locked=True)

    def unlock(self, thread: Object) -> None:
        self._change_thread(thread, archived=False, locked=False)

    def _change_thread(self, thread: Object, **about: Any) -> None:
        thread["thread_metadata"] |= about | {"archive_timestamp": self._world.now()}
        self._hub.channel_event("THREAD_UPDATE", thread)

    def time_out(self, guild: Object, user: Object, until: float | None) -> None:
        """`until`: Unix seconds; None: ends the timeout."""
        member = self._world.member(guild, user["id"])
        if member is None:
            raise LookupError(f"{user['username']} is not there")
        moment = datetime.fromtimestamp(until, UTC).isoformat() if until else None
        member["communication_disabled_until"] = moment
        if user["id"] == self._world.bot["id"]:  # events about others need a privileged intent
            self._hub.bot_event("GUILD_MEMBER_UPDATE", member | {"guild_id": guild["id"]})

    def delete_channel(self, channel: Object) -> None:
        guild = self._world.guilds[channel["guild_id"]]
        is_thread = channel["type"] in THREADS
        guild["threads" if is_thread else "channels"].remove(channel)
        del self._world.channels[channel["id"]]
        self._world.messages.pop(channel["id"], None)
        self._hub.bot_event("THREAD_DELETE" if is_thread else "CHANNEL_DELETE", channel)

    def remove_bot(self, guild: Object) -> None:
        """Kicks the bot."""
        guild["members"] = [each for each in guild["members"] if each["user"]["id"] != self._world.bot["id"]]
        self._hub.bot_event("GUILD_DELETE", {"id": guild["id"]})
