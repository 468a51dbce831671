"""Faults of Discord, and of the connection to it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sandbox.local_discord.faults import Asked, Fault
from sandbox.local_discord.permissions import Permission
from sandbox.local_discord.rest import Request
from sandbox.local_discord.socket import Sockets
from tests.faults.rows import HOUR, MINUTE, Begin, Fate, Row
from tests.faults.scenario import Scenario

POSTS = r"^/channels/\d+/messages$"
_OFTEN = 1_000_000  # times
_ANSWERS = "@original"


def fails(path: str, status: int, code: int = 0, *, times: int = _OFTEN, **more: Any) -> Begin:
    @asynccontextmanager
    async def begin(scenario: Scenario) -> AsyncIterator[None]:
        scenario.discord.faults.fail(path, status, code, times=times, **more)
        yield
        scenario.discord.faults.clear()

    return begin


def refuses_posts(status: int, code: int) -> Begin:
    """Only in the channel: DMs still work."""

    @asynccontextmanager
    async def begin(scenario: Scenario) -> AsyncIterator[None]:
        async with fails(rf"^/channels/{scenario.channel['id']}/messages$", status, code)(scenario):
            yield

    return begin


def asks_for_patience(seconds: float, path: str = POSTS, **more: Any) -> Begin:
    @asynccontextmanager
    async def begin(scenario: Scenario) -> AsyncIterator[None]:
        scenario.discord.faults.rate_limit(path, seconds, times=_OFTEN, **more)
        yield
        scenario.discord.faults.clear()

    return begin


def loses(permission: Permission) -> Begin:
    @asynccontextmanager
    async def begin(scenario: Scenario) -> AsyncIterator[None]:
        changes, everyone = scenario.discord.changes, scenario.guild["roles"][0]
        changes.override(scenario.channel, everyone, deny=permission)
        yield
        changes.override(scenario.channel, everyone)

    return begin


def blocks(words: str) -> Begin:
    """The server's AutoMod."""

    @asynccontextmanager
    async def begin(scenario: Scenario) -> AsyncIterator[None]:
        blocked = scenario.discord.world.blocked_words[scenario.guild["id"]]
        blocked.add(words)
        yield
        blocked.clear()

    return begin


def has_files(asked: Asked) -> bool:
    return bool(asked.uploads)


def _has_cover(asked: Asked) -> bool:
    return any("thumbnail" in embed for embed in (asked.body or {}).get("embeds", ()))


@asynccontextmanager
async def timed_out(scenario: Scenario) -> AsyncIterator[None]:
    changes, bot = scenario.discord.changes, scenario.discord.world.bot
    changes.time_out(scenario.guild, bot, scenario.env.clock.now() + 3 * HOUR)
    yield
    changes.time_out(scenario.guild, bot, None)


@asynccontextmanager
async def unreadable_event(scenario: Scenario) -> AsyncIterator[None]:
    for name in ("THREAD_CREATE", "GUILD_ROLE_UPDATE", "MESSAGE_CREATE"):
        scenario.discord.hub.bot_event(name, {"guild_id": None, "id": "1"})
    yield


@asynccontextmanager
async def repeated_events(scenario: Scenario) -> AsyncIterator[None]:
    """The connection is lost, and when it is resumed, Discord repeats events that the bot has already handled."""
    sockets = scenario.discord.sockets
    sockets.repeated = 100
    await sockets.drop()
    yield
    await scenario.discord.hub.until(lambda: sockets.resumed)


@asynccontextmanager
async def channel_deleted(scenario: Scenario) -> AsyncIterator[None]:
    scenario.discord.changes.delete_channel(scenario.channel)
    yield


@asynccontextmanager
async def answer_lost(scenario: Scenario) -> AsyncIterator[None]:
    """The message is there, but Discord's answer is lost."""
    scenario.discord.faults.order(Fault(POSTS, 0, method="POST", after=True))
    yield


@asynccontextmanager
async def small_limit(scenario: Scenario) -> AsyncIterator[None]:
    """Smaller than the larger of the two songs."""
    world = scenario.discord.world
    before, world.upload_limit = world.upload_limit, 30_000  # bytes
    yield
    world.upload_limit = before


@asynccontextmanager
async def socket_lost(scenario: Scenario) -> AsyncIterator[None]:
    sockets = scenario.discord.sockets
    sockets.closed = True
    await sockets.drop()
    yield
    sockets.closed = False


def tells(what: Callable[[Sockets], None]) -> Begin:
    """Something after which the bot has to connect anew."""

    @asynccontextmanager
    async def begin(scenario: Scenario) -> AsyncIterator[None]:
        before = set(scenario.discord.sockets.connections)
        what(scenario.discord.sockets)
        yield
        await scenario.discord.hub.until(lambda: not before & scenario.discord.sockets.connections)

    return begin


@asynccontextmanager
async def held_up(scenario: Scenario) -> AsyncIterator[None]:
    """Interactions reach the bot after Discord has stopped waiting for an answer."""
    interactions, sockets = scenario.discord.interactions, scenario.discord.sockets
    patience, interactions.patience = interactions.patience, 0.1  # seconds
    sockets.hold()
    yield
    sockets.release()
    await scenario.discord.hub.until(lambda: any(_is_late(request) for request in scenario.discord.requests))
    interactions.patience = patience


def _is_late(request: Request) -> bool:
    return request.status == 404 and request.path.endswith("/callback")


@asynccontextmanager
async def tokens_expired(scenario: Scenario) -> AsyncIterator[None]:
    interactions = scenario.discord.interactions
    fake, interactions.token_life = interactions.token_life, 0.0
    yield
    interactions.token_life = fake


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
        fate=Fate.KEPT,
    ),
    Row(
        "400, 400001: the server may upload no files",
        fails(POSTS, 400, 400001, when=has_files),
        post="post.files_refused",
        fate=Fate.LINKS,
        files=0,
    ),
    Row(
        "504 whenever files are attached",
        fails(POSTS, 504, when=has_files),
        post="post.files_refused",
        fate=Fate.LINKS,
        files=0,
    ),
    Row("an unknown error code", refuses_posts(400, 987_654), post="", person="post.undelivered", fate=Fate.KEPT),
    Row("an event that cannot be read", unreadable_event, fate=Fate.ARRIVES),
    Row("a lost connection is resumed, with repeated events", repeated_events, fate=Fate.ARRIVES),
    Row("the socket is cut and stays cut", socket_lost, no_response=True, fate=Fate.ARRIVES, within=HOUR),
    Row("RECONNECT", tells(Sockets.ask_to_reconnect), fate=Fate.ARRIVES),
    Row("INVALID_SESSION", tells(Sockets.invalidate), fate=Fate.ARRIVES),
    Row("404, 10062: a command comes too late", held_up, no_response=True, fate=Fate.ARRIVES),
    Row("401, 50027: an answer takes more than 15 minutes", tokens_expired, no_response=True, fate=Fate.ARRIVES),
    Row("404, 10015: the command's webhook is gone", fails(_ANSWERS, 404, 10015), no_response=True, fate=Fate.ARRIVES),
)
