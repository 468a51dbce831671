"""Faults of Discord, and of the connection to it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sandbox.local_discord.faults import Asked, Fault
from sandbox.local_discord.permissions import Permission
from sandbox.local_discord.rest import Request
from sandbox.local_discord.socket import Sockets
from tests.faults.rows import HOUR, MINUTE, Begin, Fate, Row
from tests.faults.scene import Scene

POSTS = r"^/channels/\d+/messages$"
_OFTEN = 1_000_000  # times
_ANSWERS = "@original"


def fails(path: str, status: int, code: int = 0, *, times: int = _OFTEN, **more: Any) -> Begin:
    @asynccontextmanager
    async def begin(scene: Scene) -> AsyncIterator[None]:
        scene.discord.faults.fail(path, status, code, times=times, **more)
        yield
        scene.discord.faults.clear()

    return begin


def refuses_posts(status: int, code: int) -> Begin:
    """In the channel alone: people can be told."""

    @asynccontextmanager
    async def begin(scene: Scene) -> AsyncIterator[None]:
        async with fails(rf"^/channels/{scene.place['id']}/messages$", status, code)(scene):
            yield

    return begin


def asks_for_patience(seconds: float, path: str = POSTS, **more: Any) -> Begin:
    @asynccontextmanager
    async def begin(scene: Scene) -> AsyncIterator[None]:
        scene.discord.faults.rate_limit(path, seconds, times=_OFTEN, **more)
        yield
        scene.discord.faults.clear()

    return begin


def loses(permission: Permission) -> Begin:
    @asynccontextmanager
    async def begin(scene: Scene) -> AsyncIterator[None]:
        changes, everyone = scene.discord.changes, scene.guild["roles"][0]
        changes.override(scene.place, everyone, deny=permission)
        yield
        changes.override(scene.place, everyone)

    return begin


def blocks(words: str) -> Begin:
    """The server's AutoMod."""

    @asynccontextmanager
    async def begin(scene: Scene) -> AsyncIterator[None]:
        blocked = scene.discord.world.blocked_words[scene.guild["id"]]
        blocked.add(words)
        yield
        blocked.clear()

    return begin


def has_files(asked: Asked) -> bool:
    return bool(asked.uploads)


def _has_cover(asked: Asked) -> bool:
    return any("thumbnail" in embed for embed in (asked.body or {}).get("embeds", ()))


@asynccontextmanager
async def timed_out(scene: Scene) -> AsyncIterator[None]:
    changes, bot = scene.discord.changes, scene.discord.world.bot
    changes.time_out(scene.guild, bot, scene.town.clock.now() + 3 * HOUR)
    yield
    changes.time_out(scene.guild, bot, None)


@asynccontextmanager
async def unreadable_event(scene: Scene) -> AsyncIterator[None]:
    for name in ("THREAD_CREATE", "GUILD_ROLE_UPDATE", "MESSAGE_CREATE"):
        scene.discord.hub.bot_event(name, {"guild_id": None, "id": "1"})
    yield


@asynccontextmanager
async def repeated_events(scene: Scene) -> AsyncIterator[None]:
    """The connection is lost, and when it is resumed, Discord sends again what the bot has heard."""
    sockets = scene.discord.sockets
    sockets.repeated = 100
    await sockets.drop()
    yield
    await scene.discord.hub.until(lambda: sockets.resumed)


@asynccontextmanager
async def channel_deleted(scene: Scene) -> AsyncIterator[None]:
    scene.discord.changes.delete_channel(scene.place)
    yield


@asynccontextmanager
async def answer_lost(scene: Scene) -> AsyncIterator[None]:
    """The message is there, and the bot does not hear of it."""
    scene.discord.faults.order(Fault(POSTS, 0, method="POST", after=True))
    yield


@asynccontextmanager
async def small_limit(scene: Scene) -> AsyncIterator[None]:
    """Smaller than the larger of the two songs."""
    world = scene.discord.world
    before, world.upload_limit = world.upload_limit, 30_000  # bytes
    yield
    world.upload_limit = before


@asynccontextmanager
async def socket_lost(scene: Scene) -> AsyncIterator[None]:
    sockets = scene.discord.sockets
    sockets.closed = True
    await sockets.drop()
    yield
    sockets.closed = False


def tells(what: Callable[[Sockets], None]) -> Begin:
    """Something after which the bot has to connect anew."""

    @asynccontextmanager
    async def begin(scene: Scene) -> AsyncIterator[None]:
        before = set(scene.discord.sockets.connections)
        what(scene.discord.sockets)
        yield
        await scene.discord.hub.until(lambda: not before & scene.discord.sockets.connections)

    return begin


@asynccontextmanager
async def held_up(scene: Scene) -> AsyncIterator[None]:
    """What people do is told to the bot when Discord waits no longer."""
    interactions, sockets = scene.discord.interactions, scene.discord.sockets
    patience, interactions.patience = interactions.patience, 0.1  # seconds
    sockets.hold()
    yield
    sockets.let_go()
    await scene.discord.hub.until(lambda: any(_is_late(request) for request in scene.discord.requests))
    interactions.patience = patience


def _is_late(request: Request) -> bool:
    return request.status == 404 and request.path.endswith("/callback")


@asynccontextmanager
async def tokens_expired(scene: Scene) -> AsyncIterator[None]:
    interactions = scene.discord.interactions
    life, interactions.token_life = interactions.token_life, 0.0
    yield
    interactions.token_life = life


ROWS = (
    Row("429 on a route", asks_for_patience(30)),
    Row("429 everywhere", asks_for_patience(30, everywhere=True)),
    Row("429 for ten minutes", asks_for_patience(600), within=10 * MINUTE),
    Row("500", fails(POSTS, 500), within=HOUR),
    Row("502", fails(POSTS, 502), within=HOUR),
    Row("503", fails(POSTS, 503), within=HOUR),
    Row("504", fails(POSTS, 504), within=HOUR),
    Row("a post arrives, and its answer is lost", answer_lost, fate=Fate.ARRIVES),
    Row("a permission is taken away", loses(Permission.SEND_MESSAGES), person="post.blocked", within=10),
    Row("the channel is hidden from the bot", loses(Permission.VIEW_CHANNEL), person="post.blocked", within=10),
    Row("the bot is timed out", timed_out, person="post.blocked", within=10),
    Row("403, 50013: a permission is missing", refuses_posts(403, 50013), person="post.blocked", within=HOUR),
    Row("403, 50001: no access", refuses_posts(403, 50001), person="post.blocked", within=HOUR),
    Row("403, 160005: a locked thread", refuses_posts(403, 160005), person="post.blocked", within=HOUR),
    Row("403, 40333: an incident of Discord's", fails(POSTS, 403, 40333), within=HOUR),
    Row("404, 10003: the channel is gone", channel_deleted, post="post.moved", fate=Fate.MOVED),
    Row(
        "413, 40005: a file is too large", small_limit, "audio.toobig", post="audio.toobig", fate=Fate.ARRIVES, files=1
    ),
    Row("400, 50035: a form is invalid", fails(POSTS, 400, 50035, times=1), fate=Fate.ARRIVES),
    Row("400, 20009: a cover is explicit", fails(POSTS, 400, 20009, when=_has_cover), fate=Fate.ARRIVES),
    Row("400, 200000: AutoMod blocks the lyrics", blocks("salt on the rail"), fate=Fate.ARRIVES),
    Row(
        "400, 200000: AutoMod blocks the title",
        blocks("harbour"),
        "err.automod",
        post="",
        person="post.undelivered",
        fate=Fate.TOLD,
    ),
    Row(
        "400, 400001: the server may upload no files",
        fails(POSTS, 400, 400001, when=has_files),
        post="post.files_refused",
        fate=Fate.LINKS,
        files=0,
    ),
    Row(
        "504 whenever files come along",
        fails(POSTS, 504, when=has_files),
        post="post.files_refused",
        fate=Fate.LINKS,
        files=0,
    ),
    Row("a code that nobody knows", refuses_posts(400, 987_654), post="", person="post.undelivered", fate=Fate.TOLD),
    Row("an event that cannot be read", unreadable_event, fate=Fate.ARRIVES),
    Row("a lost connection is resumed, with events that came before", repeated_events, fate=Fate.ARRIVES),
    Row("the socket is cut, and stays so", socket_lost, silent=True, fate=Fate.ARRIVES, within=HOUR),
    Row("RECONNECT", tells(Sockets.ask_to_reconnect), fate=Fate.ARRIVES),
    Row("INVALID_SESSION", tells(Sockets.invalidate), fate=Fate.ARRIVES),
    Row("404, 10062: a command comes too late", held_up, silent=True, fate=Fate.ARRIVES),
    Row("401, 50027: an answer takes more than 15 minutes", tokens_expired, silent=True, fate=Fate.ARRIVES),
    Row("404, 10015: the command's webhook is gone", fails(_ANSWERS, 404, 10015), silent=True, fate=Fate.ARRIVES),
)
