"""The part of Discord's REST API that bots like ours use: a router, and one short function for each endpoint.

One file, because it is a table of endpoints rather than logic.
"""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from sandbox.local_discord.errors import ApiError, unknown
from sandbox.local_discord.faults import Fault, Faults
from sandbox.local_discord.hub import Hub
from sandbox.local_discord.interactions import Interactions
from sandbox.local_discord.limits import check_commands
from sandbox.local_discord.messages import Messages, Upload, check_not_archived
from sandbox.local_discord.permissions import Permission
from sandbox.local_discord.ratelimits import RateLimits, Verdict
from sandbox.local_discord.session_starts import SessionStarts
from sandbox.local_discord.world import DM, FORUM, Object, World

_WITHOUT_TOKEN = re.compile(r"/(interactions|webhooks)/\d+/|/gateway$")


@dataclass
class Request:
    """A request of the bot, and its answer."""

    method: str
    path: str  # after /api/v10
    headers: Mapping[str, str]
    body: Any = None
    uploads: dict[str, Upload] = field(default_factory=dict)
    status: int = 0
    answer: Any = None
    odd: bool = False  # an injected fault answered it, perhaps in a form that Discord does not use
    at: float = field(default_factory=time.monotonic)


Handler = Callable[["Rest", Request, Mapping[str, str], Mapping[str, str]], Awaitable[Any]]
_routes: list[tuple[str, re.Pattern[str], Handler]] = []


def route(method: str, path: str) -> Callable[[Handler], Handler]:
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))

    def register(handler: Handler) -> Handler:
        _routes.append((method, pattern, handler))
        return handler

    return register


class Rest:
    def __init__(
        self, world: World, messages: Messages, interactions: Interactions, hub: Hub, faults: Faults, token: str
    ) -> None:
        self.world = world
        self.messages = messages
        self.interactions = interactions
        self.hub = hub
        self.faults = faults
        self.token = token
        self.requests: list[Request] = []
        self.limits = RateLimits(world.now_in_seconds)
        self.starts = SessionStarts(world.now_in_seconds)
        self.socket_url = ""

    async def handle(self, incoming: web.Request) -> web.StreamResponse:
        request = Request(incoming.method, f"/{incoming.match_info['path']}", incoming.headers.copy())
        self.requests.append(request)
        try:
            request.body, request.uploads = await _read(incoming)
            verdict = self.limits.take(request.method, request.path)
            if verdict.retry_after is not None:
                request.status, request.answer, request.odd = 429, verdict.body, True
                return _json(429, verdict.body, verdict.headers)
            return await self._answer(incoming, request, verdict)
        except ConnectionError:
            return web.Response(status=499)  # the bot has disconnected: nobody reads this
        finally:
            self.hub.wake()

    async def _answer(self, incoming: web.Request, request: Request, verdict: Verdict) -> web.StreamResponse:
        fault = self.faults.take(request.method, request.path, request)
        if fault and not fault.after:
            return await _answer_badly(incoming, request, fault)
        try:
            answer = await self.carry_out(request, incoming.query)
        except ApiError as error:
            request.status, request.answer = error.status, error.body
            return _json(request.status, request.answer, verdict.headers)
        # Serialised now, because messages change later.
        request.status, request.answer = 200, json.loads(json.dumps(answer))
        if fault:
            return await _answer_badly(incoming, request, fault)
        if answer is None:
            request.status = 204
            return web.Response(status=204, headers=verdict.headers)
        return _json(request.status, request.answer, verdict.headers)

    async def carry_out(self, request: Request, query: Mapping[str, str]) -> Any:
        if not _WITHOUT_TOKEN.search(request.path) and request.headers.get("Authorization") != f"Bot {self.token}":
            raise ApiError(401, 0, "401: Unauthorized")
        for method, pattern, handler in _routes:
            if method == request.method and (match := pattern.fullmatch(request.path)):
                return await handler(self, request, match.groupdict(), query)
        raise ApiError(404, 0, "404: Not Found")


async def _read(incoming: web.Request) -> tuple[Any, dict[str, Upload]]:
    if not incoming.content_type.startswith("multipart/"):
        raw = await incoming.read()
        return (json.loads(raw) if raw else None), {}
    body: Any = None
    uploads: dict[str, Upload] = {}
    async for part in await incoming.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read())
        if part.name == "payload_json":
            body = json.loads(content)
        elif match := re.fullmatch(r"files\[(\d+)\]", part.name or ""):
            uploads[match[1]] = Upload(part.filename or "file", content, content_type_of(part.filename or ""))
    return body, uploads


def content_type_of(name: str) -> str:
    """By the file name, as Discord does."""
    types = {
        "mp3": "audio/mpeg", "m4a": "audio/mp4", "wav": "audio/x-wav", "ogg": "audio/ogg", "flac": "audio/flac",
        "aac": "audio/aac", "mp2": "audio/mpeg", "webm": "audio/webm",
        "png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "gif": "image/gif", "mp4": "video/mp4",
        "txt": "text/plain; charset=utf-8", "csv": "text/csv; charset=utf-8", "json": "application/json; charset=utf-8",
    }  # fmt: skip
    return types.get(name.rpartition(".")[2].lower(), "application/octet-stream")


async def _answer_badly(incoming: web.Request, request: Request, fault: Fault) -> web.StreamResponse:
    await asyncio.sleep(fault.delay)
    if fault.held:
        await fault.held.wait()
    if not fault.late:
        request.status, request.answer, request.odd = fault.status, fault.body, True
    if not fault.status and incoming.transport:
        incoming.transport.abort()
    return _json(request.status or 500, request.answer, fault.headers)


def _json(status: int, value: Any, headers: Mapping[str, str] | None = None) -> web.Response:
    # Without a charset: with one, discord.py reads the body as text.
    response = web.Response(body=json.dumps(value).encode(), status=status, headers=headers)
    response.headers["Content-Type"] = "application/json"
    return response


@route("GET", "/gateway")
async def get_gateway(rest: Rest, _request: Request, _path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    return {"url": rest.socket_url}


@route("GET", "/gateway/bot")
async def get_gateway_bot(rest: Rest, _request: Request, _path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    return {"url": rest.socket_url, **rest.starts.as_answered(len(rest.world.guilds))}


@route("GET", "/users/@me")
async def get_me(rest: Rest, _request: Request, _path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    return rest.world.bot | {
        "mfa_enabled": False,
        "locale": "en-US",
        "verified": True,
        "email": None,
        "premium_type": 0,
    }


@route("GET", "/oauth2/applications/@me")
@route("GET", "/applications/@me")
async def get_application(rest: Rest, _request: Request, _path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    bot, owner = rest.world.bot, next(rest.world.people(), rest.world.bot)
    return {
        "id": bot["id"], "name": bot["username"], "icon": None, "description": "", "type": None, "summary": "",
        "bot_public": True, "bot_require_code_grant": False, "verify_key": "0" * 64, "owner": owner, "team": None,
        "flags": 0, "bot": bot, "rpc_origins": [], "redirect_uris": [], "interactions_endpoint_url": None,
        "role_connections_verification_url": None, "approximate_guild_count": len(rest.world.guilds),
        "approximate_user_authorization_count": 0, "eligible_oauth2_scopes": [], "flags_new": "0",
        "approximate_user_install_count": len(rest.world.installed_by), "explicit_content_filter": 0, "hook": True,
        "integration_types_config": {"0": {}, "1": {}}, "event_webhooks_status": 1, "event_webhooks_types": [],
        **rest.world.application,
    }  # fmt: skip


@route("GET", "/applications/{application}/commands")
async def get_commands(rest: Rest, _request: Request, _path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    return rest.world.commands


@route("PUT", "/applications/{application}/commands")
async def put_commands(rest: Rest, request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    check_commands(request.body)
    known = {(command["name"], command["type"]): command["id"] for command in rest.world.commands}
    defaults: Object = {
        "type": 1, "description": "", "default_member_permissions": None, "nsfw": False, "contexts": None,
        "integration_types": [0, 1], "dm_permission": True, "application_id": path["application"],
    }  # fmt: skip
    rest.world.commands = [
        defaults
        | {key: value for key, value in command.items() if value is not None}
        | {
            "id": known.get((command["name"], command.get("type", 1))) or rest.world.new_id(),
            "version": rest.world.new_id(),
        }
        for command in request.body
    ]
    for command in rest.world.commands:
        if command["default_member_permissions"] is not None:
            command["default_member_permissions"] = str(command["default_member_permissions"])
    rest.hub.everyone("COMMANDS", {})
    return rest.world.commands


_UNUSED_OF_GUILDS: dict[str, Any] = {
    "afk_channel_id": None, "afk_timeout": 300, "application_id": None, "banner": None,
    "default_message_notifications": 0, "description": None, "discovery_splash": None, "emojis": [],
    "explicit_content_filter": 0, "features": [], "home_header": None, "incidents_data": None, "max_members": 500_000,
    "max_presences": None, "max_stage_video_channel_users": 50, "max_video_channel_users": 25, "mfa_level": 0,
    "nsfw": False, "nsfw_level": 0, "premium_progress_bar_enabled": False, "premium_subscription_count": 0,
    "public_updates_channel_id": None, "region": "deprecated", "rules_channel_id": None,
    "safety_alerts_channel_id": None, "splash": None, "stickers": [], "system_channel_flags": 0,
    "system_channel_id": None, "vanity_url_code": None, "verification_level": 0, "widget_channel_id": None,
    "widget_enabled": False,
}  # fmt: skip


@route("GET", "/guilds/{guild}")
async def get_guild(rest: Rest, _request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    guild = rest.world.guilds.get(path["guild"])
    if guild is None:
        raise unknown("Guild", 10004)
    return _UNUSED_OF_GUILDS | {
        key: value for key, value in guild.items() if key not in ("members", "channels", "threads")
    }


@route("GET", "/guilds/{guild}/members/{user}")
async def get_member(rest: Rest, _request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    member = rest.world.member(rest.world.guilds.get(path["guild"], {"members": []}), path["user"])
    if member is None:
        raise unknown("Member", 10007)
    return member


@route("GET", "/channels/{channel}/thread-members/{user}")
async def get_thread_member(rest: Rest, _request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    thread = visible(rest, path["channel"])
    if path["user"] not in rest.world.thread_members[thread["id"]]:
        raise unknown("Member", 10007)
    joined = thread["thread_metadata"]["create_timestamp"]
    return {"id": thread["id"], "user_id": path["user"], "join_timestamp": joined, "flags": 0}


@route("GET", "/users/{user}")
async def get_user(rest: Rest, _request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    if path["user"] not in rest.world.users:
        raise unknown("User", 10013)
    return rest.world.users[path["user"]]


@route("POST", "/users/@me/channels")
async def open_dm(rest: Rest, request: Request, _path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    user = rest.world.users.get(str(request.body["recipient_id"]))
    if user is None:
        raise unknown("User", 10013)
    return rest.world.dm_with(user)


@route("GET", "/channels/{channel}")
async def get_channel(rest: Rest, _request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    return visible(rest, path["channel"])


def visible(rest: Rest, channel_id: str) -> Object:
    channel = rest.world.channel(channel_id)
    if not rest.world.permissions(channel, rest.world.bot["id"]) & Permission.VIEW_CHANNEL:
        raise ApiError(403, 50001, "Missing Access")
    return channel


@route("POST", "/channels/{channel}/typing")
async def type_in(rest: Rest, _request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    visible(rest, path["channel"])


@route("GET", "/channels/{channel}/messages")
async def get_history(rest: Rest, _request: Request, path: Mapping[str, str], query: Mapping[str, str]) -> Any:
    channel = visible(rest, path["channel"])
    if channel["type"] == FORUM:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    bits = rest.world.permissions(channel, rest.world.bot["id"])
    if not bits & Permission.READ_MESSAGE_HISTORY and channel["type"] != DM:
        return []
    private = rest.messages.private
    every = [each for each in rest.world.messages[channel["id"]].values() if each["id"] not in private]
    before, after = int(query.get("before", 2**64)), int(query.get("after", 0))
    found = [rest.messages.refreshed(each) for each in every if after < int(each["id"]) < before]
    limit = int(query.get("limit", 50))
    return found[:limit][::-1] if "after" in query else found[::-1][:limit]


@route("GET", "/channels/{channel}/messages/{message}")
async def get_message(rest: Rest, _request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    visible(rest, path["channel"])
    return rest.messages.refreshed(rest.world.message(path["channel"], path["message"]))


@route("POST", "/channels/{channel}/messages")
async def post_message(rest: Rest, request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    channel = rest.world.channel(path["channel"])
    if channel["type"] == FORUM:
        raise ApiError(400, 40058, "Cannot send a message in a forum channel")
    rest.messages.check_may_post(channel, request.body, request.uploads)
    before = len(rest.world.messages[channel["id"]])
    message = rest.messages.create(channel, rest.world.bot, request.body, request.uploads)
    if len(rest.world.messages[channel["id"]]) > before:
        rest.hub.message("MESSAGE_CREATE", message, None)
    return message


@route("PATCH", "/channels/{channel}/messages/{message}")
async def patch_message(rest: Rest, request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    check_not_archived(visible(rest, path["channel"]))
    message = rest.world.message(path["channel"], path["message"])
    if message["author"]["id"] != rest.world.bot["id"]:
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    return rest.interactions.edit(message, request.body, request.uploads)


@route("DELETE", "/channels/{channel}/messages/{message}")
async def delete_message(rest: Rest, _request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    visible(rest, path["channel"])
    rest.interactions.delete(rest.world.message(path["channel"], path["message"]))


@route("POST", "/interactions/{interaction}/{token}/callback")
async def callback(rest: Rest, request: Request, path: Mapping[str, str], query: Mapping[str, str]) -> Any:
    interaction = rest.interactions.answer(path["token"], request.body, request.uploads)
    interaction.answered_at = request.at
    if query.get("with_response", "").lower() not in ("true", "1"):
        return None
    message = interaction.message
    about: Object = {"id": interaction.id, "type": interaction.type}
    if message:
        about |= {
            "response_message_id": message["id"], "response_message_loading": interaction.thinking,
            "response_message_ephemeral": interaction.ephemeral,
        }  # fmt: skip
    if not message or request.body["type"] not in (4, 7):
        return {"interaction": about}
    return {"interaction": about, "resource": {"type": request.body["type"], "message": message}}


@route("POST", "/webhooks/{application}/{token}")
async def follow_up(rest: Rest, request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    return rest.interactions.follow_up(rest.interactions.find(path["token"]), request.body, request.uploads)


def _of_webhook(rest: Rest, path: Mapping[str, str]) -> Object:
    interaction = rest.interactions.find(path["token"])
    if path["message"] == "@original":
        return rest.interactions.original(interaction)
    return rest.world.message(interaction.channel["id"], path["message"])


@route("GET", "/webhooks/{application}/{token}/messages/{message}")
async def get_answer(rest: Rest, _request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    return rest.messages.refreshed(_of_webhook(rest, path))


@route("PATCH", "/webhooks/{application}/{token}/messages/{message}")
async def patch_answer(rest: Rest, request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    message = _of_webhook(rest, path)
    check_not_archived(rest.world.channel(message["channel_id"]))
    return rest.interactions.edit(message, request.body, request.uploads)


@route("DELETE", "/webhooks/{application}/{token}/messages/{message}")
async def delete_answer(rest: Rest, _request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    rest.interactions.delete_answer(rest.interactions.find(path["token"]), _of_webhook(rest, path))
