"""Distributes events: to the bot's shards by their servers and intents, to people by what they may see."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Protocol

from sandbox.local_discord.permissions import Permission
from sandbox.local_discord.world import DM, GROUP_DM, Object, World

_CHECK_EVERY = 0.05  # seconds

GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1 << 0, 1 << 9, 1 << 12, 1 << 15


def on_shard(guild_id: object, shard: tuple[int, int]) -> bool:
    """Whether a server belongs to a shard; DMs, without a server, belong to shard 0."""
    shard_id, count = shard
    return (int(str(guild_id or 0)) >> 22) % count == shard_id


class BotSession(Protocol):
    intents: int
    shard: tuple[int, int]

    @property
    def connected(self) -> bool: ...

    def send_event(self, name: str, data: Any, sent: "Sent | None" = None) -> None: ...


Listener = Callable[[str, Object], None]
Sent = Callable[[], None]  # called when an event has been written to the bot's socket


class Hub:
    def __init__(self, world: World) -> None:
        self._world = world
        self.bots: set[BotSession] = set()  # also those that may still resume
        self._listeners: dict[str, list[Listener]] = {}
        self._waiters: set[asyncio.Event] = set()

    @property
    def online(self) -> bool:
        return any(bot.connected for bot in self.bots)

    def listen(self, user_id: str, listener: Listener) -> Callable[[], None]:
        """Sends the person's events to `listener` until the returned function is called."""
        self._listeners.setdefault(user_id, []).append(listener)
        return lambda: self._listeners[user_id].remove(listener)

    def message(self, name: str, message: Object, reader: str | None) -> None:
        """A message was created, changed or deleted; `reader`: the only person who sees it, if it is private."""
        channel = self._world.channels[message["channel_id"]]
        for user_id, listeners in list(self._listeners.items()):
            if not listeners or reader not in (None, user_id):
                continue
            if self._world.permissions(channel, user_id) & Permission.VIEW_CHANNEL:
                self.person(user_id, name, message)
        if reader is None:
            self._message_to_bots(name, message, channel)
        self.wake()

    def _message_to_bots(self, name: str, message: Object, channel: Object) -> None:
        in_guild, bot = "guild_id" in channel, self._world.bot
        if channel["type"] == GROUP_DM or not self._world.permissions(channel, bot["id"]) & Permission.VIEW_CHANNEL:
            return
        for session in self.bots:
            if not on_shard(channel.get("guild_id"), session.shard):
                continue
            if not session.intents & (GUILD_MESSAGES if in_guild else DIRECT_MESSAGES):
                continue
            readable = channel["type"] == DM or session.intents & MESSAGE_CONTENT or _concerns(message, bot)
            hidden = {} if readable else {"content": "", "embeds": [], "attachments": [], "components": []}
            session.send_event(name, self._with_member(message | hidden, channel))

    def _with_member(self, message: Object, channel: Object) -> Object:
        guild = self._world.guild_of(channel)
        if guild is None or "author" not in message:
            return message
        member = self._world.member(guild, message["author"]["id"])
        return message | ({"member": {k: v for k, v in member.items() if k != "user"}} if member else {})

    def person(self, user_id: str, name: str, data: Object) -> None:
        for listener in self._listeners.get(user_id, ()):
            listener(name, data)

    def everyone(self, name: str, data: Object) -> None:
        for user_id in list(self._listeners):
            self.person(user_id, name, data)

    def channel_event(self, name: str, channel: Object) -> None:
        """Shows the channel as the bot may see it; nothing for a thread that it may not see."""
        if "thread_metadata" not in channel or self._world.is_visible(channel):
            self.bot_event(name, self._world.as_shown(channel))

    def bot_event(self, name: str, data: Any, sent: Sent | None = None) -> None:
        guild_id = _guild_of(name, data)
        for session in list(self.bots):
            if not on_shard(guild_id, session.shard):
                continue
            if session.intents & GUILDS or name == "INTERACTION_CREATE":
                session.send_event(name, data, sent)
        self.wake()

    def wake(self) -> None:
        """Makes every `until` check its condition again."""
        for waiter in self._waiters:
            waiter.set()

    async def until(self, condition: Callable[[], Any], patience: float = 30) -> Any:
        """Waits until the condition is true and returns its value. Raises TimeoutError after `patience` seconds."""
        waiter = asyncio.Event()
        self._waiters.add(waiter)
        try:
            async with asyncio.timeout(patience):
                while not (found := condition()):
                    waiter.clear()
                    await self._woken(waiter)
                return found
        finally:
            self._waiters.discard(waiter)

    async def _woken(self, waiter: asyncio.Event) -> None:
        """Waits for an event here, or a moment: the condition may depend on something else."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CHECK_EVERY):
                await waiter.wait()


def _guild_of(name: str, data: Any) -> object:
    """The id of the event's server; None: it has none, or is unreadable."""
    if not isinstance(data, dict):
        return None
    guild_id = data.get("id") if name in ("GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE") else data.get("guild_id")
    return guild_id if str(guild_id).isdecimal() else None


def _concerns(message: Object, bot: Object) -> bool:
    return message.get("author", {}).get("id") == bot["id"] or bot["id"] in {
        user["id"] for user in message.get("mentions", ())
    }
