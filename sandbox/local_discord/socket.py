"""The WebSocket of Discord's gateway: HELLO, IDENTIFY or RESUME, READY, events, heartbeats."""

import asyncio
import json
from collections import deque
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.local_discord.compression import Compress, UnknownCompression, compression
from sandbox.local_discord.hub import Hub, Sent, on_shard
from sandbox.local_discord.session_starts import SessionStarts
from sandbox.local_discord.world import Object, World

_DISPATCH, _RECONNECT, _INVALID, _HELLO, _ACK = 0, 7, 9, 10, 11
_PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15
_KEPT_EVENTS = 10_000
_UNKNOWN_ERROR = 4000  # the close code after which a bot may connect again
_GOODBYE = (1000, 1001)  # close codes that end the bot's session
BAD_TOKEN, INVALID_SHARD, SHARDING_REQUIRED, DISALLOWED_INTENTS = 4004, 4010, 4011, 4014
_MOST_GUILDS = 2_500  # per shard


class Connection:
    """One socket of the bot. Nothing is sent while `flowing` is not set."""

    def __init__(self, socket: web.WebSocketResponse, flowing: asyncio.Event, compress: Compress | None) -> None:
        self._flowing = flowing
        self._compress = compress
        self._socket = socket
        self._outgoing: asyncio.Queue[tuple[str, Sent | None]] = asyncio.Queue()
        self.cut = False  # closed by Discord or the network: the session can be resumed

    def send(self, op: int, data: Any = None) -> None:
        self.send_text(_frame(op, data))

    def send_text(self, text: str, sent: Sent | None = None) -> None:
        self._outgoing.put_nowait((text, sent))

    async def write(self) -> None:
        while True:
            text, sent = await self._outgoing.get()
            await self._flowing.wait()
            if self._compress:
                await self._socket.send_bytes(self._compress(text.encode()))
            else:
                await self._socket.send_str(text)
            if sent:
                sent()

    async def close(self, code: int) -> None:
        self.cut = True
        await self._socket.close(code=code)


class Session:
    """A session of one of a bot's shards. It survives its socket, and stores events until the bot resumes it."""

    def __init__(self, session_id: str, intents: int, shard: tuple[int, int], connection: Connection) -> None:
        self.id = session_id
        self.intents = intents
        self.shard = shard
        self.connection: Connection | None = connection
        self._sequence = 0
        self._kept: deque[tuple[int, str, Sent | None]] = deque(maxlen=_KEPT_EVENTS)

    @property
    def connected(self) -> bool:
        return self.connection is not None

    def send_event(self, name: str, data: Any, sent: Sent | None = None) -> None:
        self._sequence += 1
        # Serialised now, so that the event shows the state of this moment.
        text = _frame(_DISPATCH, data, t=name, s=self._sequence)
        self._kept.append((self._sequence, text, sent))
        if self.connection:
            self.connection.send_text(text, sent)

    def resume(self, connection: Connection, last_sequence: int) -> None:
        """`last_sequence`: events after this number are sent again."""
        self.connection = connection
        for number, text, sent in self._kept:
            if number > last_sequence:
                connection.send_text(text, sent)
        self.send_event("RESUMED", {"_trace": []})


def _frame(op: int, data: Any, **more: Any) -> str:
    return json.dumps({"op": op, "d": data, "s": None, "t": None} | more)


class Sockets:
    """`repeated`: number of events before `last_sequence` that are also sent again on resume; `refused_shards`: those
    that cannot open or resume a session, as in an outage.
    """

    def __init__(self, world: World, hub: Hub, starts: SessionStarts, token: str, url: str) -> None:
        self._world = world
        self._hub = hub
        self._starts = starts
        self._token = token
        self._url = url
        self.connections: set[Connection] = set()
        self._sessions: dict[str, Session] = {}
        self.closed = False  # refuses new connections
        self.refused_shards: set[int] = set()
        self.repeated = 0
        self.resumed = 0  # number of resumed sessions
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.closed:
            raise web.HTTPServiceUnavailable
        try:
            compress = compression(request.query.get("compress"))
        except UnknownCompression as error:
            raise web.HTTPBadRequest(text=f"unknown compression: {error}") from error
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        connection = Connection(socket, self._flowing, compress)
        writing = asyncio.create_task(connection.write())
        self.connections.add(connection)
        connection.send(_HELLO, {"heartbeat_interval": 41_250, "_trace": []})
        try:
            async for frame in socket:
                if frame.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    await self._receive(connection, json.loads(frame.data))
        finally:
            writing.cancel()
            self._leave(connection, socket.close_code)
        return socket

    def _leave(self, connection: Connection, code: int | None) -> None:
        """A bot that closes its socket normally ends its session."""
        self.connections.discard(connection)
        for session in [each for each in self._sessions.values() if each.connection is connection]:
            session.connection = None
            if code in _GOODBYE and not connection.cut:
                self._end(session)
        self._hub.everyone("PRESENCE", {"online": self._hub.online})
        self._hub.wake()

    def _end(self, session: Session) -> None:
        self._sessions.pop(session.id, None)
        self._hub.bots.discard(session)

    async def _receive(self, connection: Connection, frame: Object) -> None:
        match frame["op"]:
            case 1:
                connection.send(_ACK)
            case 2:
                await self._identify(connection, frame["d"])
            case 6:
                await self._resume(connection, frame["d"])

    async def _identify(self, connection: Connection, data: Object) -> None:
        shard_id, count = shard = tuple(data.get("shard") or (0, 1))
        if data["token"] != self._token:
            await connection.close(BAD_TOKEN)
        elif data["intents"] & _PRIVILEGED:
            await connection.close(DISALLOWED_INTENTS)
        elif not 0 <= shard_id < count:
            await connection.close(INVALID_SHARD)
        elif len(self._guilds_of(shard)) > _MOST_GUILDS:
            await connection.close(SHARDING_REQUIRED)
        else:
            await self._start(connection, data["intents"], shard)

    async def _start(self, connection: Connection, intents: int, shard: tuple[int, int]) -> None:
        """Opens a session, unless it is too early or none is left; Discord then resets the token."""
        match self._starts.take(shard[0]):
            case "used up":
                await connection.close(BAD_TOKEN)
            case "too early":
                connection.send(_INVALID, data=False)
            case _ if shard[0] in self.refused_shards:
                await connection.close(_UNKNOWN_ERROR)
            case _:
                for lost in [each for each in self._sessions.values() if not each.connected]:
                    if lost.shard == shard or lost.shard[1] != shard[1]:
                        self._end(lost)
                session = Session(self._world.new_id(), intents, shard, connection)
                self._sessions[session.id] = session
                self._send_ready(session)

    async def _resume(self, connection: Connection, data: Object) -> None:
        session = self._sessions.get(data["session_id"])
        if data["token"] != self._token:
            await connection.close(BAD_TOKEN)
        elif session is None:
            connection.send(_INVALID, data=False)
        elif session.shard[0] in self.refused_shards:
            await connection.close(_UNKNOWN_ERROR)
        else:
            self.resumed += 1
            session.resume(connection, int(data["seq"] or 0) - self.repeated)
            self._hub.everyone("PRESENCE", {"online": True})
            self._hub.wake()

    def _guilds_of(self, shard: tuple[int, int]) -> list[Object]:
        """Its servers that the bot is in."""
        bot_id = self._world.bot["id"]
        own = (guild for guild in self._world.guilds.values() if on_shard(guild["id"], shard))
        return [guild for guild in own if self._world.member(guild, bot_id)]

    def _send_ready(self, session: Session) -> None:
        guilds = self._guilds_of(session.shard)
        application = {"id": self._world.bot["id"], "flags": 0}
        session.send_event("READY", {
            "v": 10, "user": self._world.bot, "guilds": [{"id": guild["id"], "unavailable": True} for guild in guilds],
            "session_id": session.id, "resume_gateway_url": self._url, "application": application,
            "private_channels": [], "relationships": [], "presences": [], "shard": session.shard,
        })  # fmt: skip
        for guild in guilds:
            session.send_event("GUILD_CREATE", self.guild_event(guild))
        self._hub.bots.add(session)
        self._hub.everyone("PRESENCE", {"online": True})
        self._hub.wake()

    def guild_event(self, guild: Object) -> Object:
        bot = self._world.member(guild, self._world.bot["id"])
        threads = [each for each in guild["threads"] if self._world.is_visible(each)]
        return guild | {
            "unavailable": False, "large": False, "member_count": len(guild["members"]), "members": [bot],
            "channels": [self._world.as_shown(each) for each in guild["channels"]],
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

    async def drop(self, shard_id: int | None = None) -> None:
        """Cuts the sockets of the bot, or of one shard, as in an outage."""
        other = {each.connection for each in self._sessions.values() if shard_id not in (None, each.shard[0])}
        for connection in self.connections - other:
            await connection.close(1001)

    @property
    def shards(self) -> set[int]:
        """Those that are connected."""
        return {each.shard[0] for each in self._sessions.values() if each.connected}

    def hold(self) -> None:
        """Delays all events until `release`."""
        self._flowing.clear()

    def release(self) -> None:
        self._flowing.set()

    def invalidate(self) -> None:
        """Forgets the bot's sessions."""
        for session in list(self._sessions.values()):
            self._end(session)
        for connection in self.connections:
            connection.send(_INVALID, data=False)

    def ask_to_reconnect(self) -> None:
        for connection in self.connections:
            connection.send(_RECONNECT)
