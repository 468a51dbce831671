"""What administrators do: the world changes, and whoever is there hears of it."""

from datetime import UTC, datetime
from typing import Any

from sandbox.local_discord.forums import tell_of_post
from sandbox.local_discord.hub import Hub
from sandbox.local_discord.socket import Sockets
from sandbox.local_discord.world import TEXT, THREADS, Object, World


class Changes:
    def __init__(self, world: World, hub: Hub, sockets: Sockets) -> None:
        self._world = world
        self._hub = hub
        self._sockets = sockets

    def override(self, channel: Object, target: Object, *, allow: int = 0, deny: int = 0) -> None:
        """Of a role or a user, in a channel; nothing allowed and nothing denied takes it away."""
        kind = 0 if "permissions" in target else 1
        others = [each for each in channel["permission_overwrites"] if each["id"] != target["id"]]
        own = {"id": target["id"], "type": kind, "allow": str(allow), "deny": str(deny)}
        channel["permission_overwrites"] = others + ([own] if allow or deny else [])
        self._hub.channel_event("CHANNEL_UPDATE", channel)

    def allow_role(self, guild: Object, role: Object, permissions: int) -> None:
        """What a role gives in the whole server. Nothing is told of the channels that the bot sees by that."""
        role["permissions"] = str(int(permissions))
        self._hub.bot_event("GUILD_ROLE_UPDATE", {"guild_id": guild["id"], "role": role})

    def add_channel(self, guild: Object, name: str, kind: int = TEXT) -> Object:
        channel = self._world.add_channel(guild, name, kind)
        self._hub.channel_event("CHANNEL_CREATE", channel)
        return channel

    def add_thread(self, parent: Object, name: str, *members: Object) -> Object:
        """A private one, if its members are named."""
        thread = self._world.add_thread(parent, name, *members)
        tell_of_post(self._hub, self._world, thread)
        return thread

    def join_thread(self, thread: Object, user: Object) -> None:
        """Somebody is added to a private thread."""
        self._world.thread_members[thread["id"]].add(user["id"])
        if user["id"] == self._world.bot["id"]:
            self._hub.channel_event("THREAD_CREATE", thread)

    def archive(self, thread: Object, *, locked: bool) -> None:
        self._change_thread(thread, archived=True, locked=locked)

    def lock(self, thread: Object) -> None:
        """It stays among the active ones, and only those who manage threads may write there."""
        self._change_thread(thread, archived=False, locked=True)

    def unlock(self, thread: Object) -> None:
        self._change_thread(thread, archived=False, locked=False)

    def _change_thread(self, thread: Object, **about: Any) -> None:
        thread["thread_metadata"] |= about | {"archive_timestamp": self._world.now()}
        self._hub.channel_event("THREAD_UPDATE", thread)

    def time_out(self, guild: Object, user: Object, until: float | None) -> None:
        """`until`: Unix seconds; None: no longer."""
        member = self._world.member(guild, user["id"])
        if member is None:
            raise LookupError(f"{user['username']} is not there")
        moment = datetime.fromtimestamp(until, UTC).isoformat() if until else None
        member["communication_disabled_until"] = moment
        if user["id"] == self._world.bot["id"]:  # of others only a bot with a privileged intent hears
            self._hub.bot_event("GUILD_MEMBER_UPDATE", member | {"guild_id": guild["id"]})

    def delete_channel(self, channel: Object) -> None:
        guild = self._world.guilds[channel["guild_id"]]
        is_thread = channel["type"] in THREADS
        guild["threads" if is_thread else "channels"].remove(channel)
        del self._world.channels[channel["id"]]
        self._world.messages.pop(channel["id"], None)
        self._hub.bot_event("THREAD_DELETE" if is_thread else "CHANNEL_DELETE", channel)

    def remove_bot(self, guild: Object) -> None:
        """The bot is kicked."""
        guild["members"] = [each for each in guild["members"] if each["user"]["id"] != self._world.bot["id"]]
        self._hub.bot_event("GUILD_DELETE", {"id": guild["id"]})
