"""The socket that a bot's library keeps open: HELLO, IDENTIFY, READY, events, heartbeats."""

import asyncio
import json
import zlib
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.local_discord.hub import Hub, Sent
from sandbox.local_discord.world import Object, World

_DISPATCH, _RECONNECT, _INVALID, _HELLO, _ACK = 0, 7, 9, 10, 11
_PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15
BAD_TOKEN, DISALLOWED_INTENTS = 4004, 4014


class Connection:
    """One socket of the bot. Nothing is sent while it does not flow."""

    def __init__(self, socket: web.WebSocketResponse, flowing: asyncio.Event, *, compressed: bool) -> None:
        self.intents = 0
        self._flowing = flowing
        self._deflate = zlib.compressobj() if compressed else None
        self._socket = socket
        self._sequence = 0
        self._outgoing: asyncio.Queue[tuple[str, Sent | None]] = asyncio.Queue()

    def send_event(self, name: str, data: Any, sent: Sent | None = None) -> None:
        self._sequence += 1
        self.send(_DISPATCH, data, sent, t=name, s=self._sequence)

    def send(self, op: int, data: Any = None, sent: Sent | None = None, **more: Any) -> None:
        # As text at once: what is told is what was true when it was told.
        self._outgoing.put_nowait((json.dumps({"op": op, "d": data, "s": None, "t": None} | more), sent))

    async def write(self) -> None:
        while True:
            text, sent = await self._outgoing.get()
            await self._flowing.wait()
            if self._deflate:
                data = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
                await self._socket.send_bytes(data)
            else:
                await self._socket.send_str(text)
            if sent:
                sent()

    async def close(self, code: int) -> None:
        await self._socket.close(code=code)


class Sockets:
    def __init__(self, world: World, hub: Hub, token: str, url: str) -> None:
        self._world = world
        self._hub = hub
        self._token = token
        self._url = url
        self.connections: set[Connection] = set()
        self.closed = False  # nobody can connect
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.closed:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        connection = Connection(socket, self._flowing, compressed=request.query.get("compress") == "zlib-stream")
        writing = asyncio.create_task(connection.write())
        self.connections.add(connection)
        connection.send(_HELLO, {"heartbeat_interval": 41_250, "_trace": []})
        try:
            async for frame in socket:
                if frame.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    await self._hear(connection, json.loads(frame.data))
        finally:
            writing.cancel()
            self.connections.discard(connection)
            self._hub.bots.discard(connection)
            self._hub.everyone("PRESENCE", {"online": self._hub.online})
            self._hub.wake()
        return socket

    async def _hear(self, connection: Connection, frame: Object) -> None:
        match frame["op"]:
            case 1:
                connection.send(_ACK)
            case 2:
                await self._identify(connection, frame["d"])
            case 6:
                connection.send(_INVALID, data=False)

    async def _identify(self, connection: Connection, data: Object) -> None:
        if data["token"] != self._token:
            await connection.close(BAD_TOKEN)
        elif data["intents"] & _PRIVILEGED:
            await connection.close(DISALLOWED_INTENTS)
        else:
            connection.intents = data["intents"]
            self._welcome(connection)

    def _welcome(self, connection: Connection) -> None:
        guilds = [guild for guild in self._world.guilds.values() if self._world.member(guild, self._world.bot["id"])]
        application = {"id": self._world.bot["id"], "flags": 0}
        connection.send_event("READY", {
            "v": 10, "user": self._world.bot, "guilds": [{"id": guild["id"], "unavailable": True} for guild in guilds],
            "session_id": self._world.new_id(), "resume_gateway_url": self._url, "application": application,
            "private_channels": [], "relationships": [], "presences": [], "shard": [0, 1],
        })  # fmt: skip
        for guild in guilds:
            connection.send_event("GUILD_CREATE", self.guild_event(guild))
        self._hub.bots.add(connection)
        self._hub.everyone("PRESENCE", {"online": True})
        self._hub.wake()

    def guild_event(self, guild: Object) -> Object:
        bot = self._world.member(guild, self._world.bot["id"])
        threads = [each for each in self._world.channels.values() if each in guild["threads"]]
        return guild | {
            "unavailable": False, "large": False, "member_count": len(guild["members"]), "members": [bot],
            "threads": threads, "presences": [], "voice_states": [], "stage_instances": [], "soundboard_sounds": [],
            "guild_scheduled_events": [], "emojis": [], "stickers": [], "features": [], "verification_level": 0,
            "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0, "system_channel_id": None,
            "system_channel_flags": 0, "afk_channel_id": None, "afk_timeout": 300, "application_id": None,
            "banner": None,
            "rules_channel_id": None, "public_updates_channel_id": None, "safety_alerts_channel_id": None,
            "description": None, "discovery_splash": None, "splash": None, "vanity_url_code": None, "nsfw_level": 0,
            "premium_progress_bar_enabled": False, "joined_at": self._world.now(), "premium_subscription_count": 0,
            "max_members": 500_000, "max_presences": None, "widget_enabled": False, "widget_channel_id": None,
            "nsfw": False,
        }  # fmt: skip

    async def drop(self) -> None:
        """Cut every socket of the bot, as an outage does."""
        for connection in list(self.connections):
            await connection.close(1001)

    def hold(self) -> None:
        """What the bot is told comes late: when it is let go."""
        self._flowing.clear()

    def let_go(self) -> None:
        self._flowing.set()

    def invalidate(self) -> None:
        """The bot's session is forgotten."""
        for connection in self.connections:
            connection.send(_INVALID, data=False)

    def ask_to_reconnect(self) -> None:
        for connection in self.connections:
            connection.send(_RECONNECT)
