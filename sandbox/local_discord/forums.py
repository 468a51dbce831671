"""Forum channels over REST: a post is a thread and its first message, with the same id."""

from collections.abc import Mapping
from typing import Any

from sandbox.local_discord.errors import ApiError, invalid_form
from sandbox.local_discord.hub import Hub
from sandbox.local_discord.messages import check_not_archived
from sandbox.local_discord.permissions import Permission
from sandbox.local_discord.rest import Request, Rest, route, visible
from sandbox.local_discord.world import FORUM, PUBLIC_THREAD, REQUIRE_TAG, THREADS, Object, World

_MOST_TAGS, _LONGEST_NAME = 5, 100


@route("POST", "/channels/{channel}/threads")
async def open_post(rest: Rest, request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    forum, body = rest.world.channel(path["channel"]), request.body
    if forum["type"] != FORUM:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    rest.messages.check_may_post(forum, body["message"], request.uploads)
    tags = [str(each) for each in body.get("applied_tags") or ()]
    _check_name(body.get("name"))
    _check_tags(forum, tags, rest.world.permissions(forum, rest.world.bot["id"]))
    about = {"applied_tags": tags, "owner_id": rest.world.bot["id"]}
    thread = rest.world.new_thread(forum, body["name"]) | about
    message = rest.messages.create(thread, rest.world.bot, body["message"], request.uploads, id=thread["id"])
    rest.world.keep_thread(thread)
    announce_post(rest.hub, rest.world, thread)
    rest.hub.message("MESSAGE_CREATE", message, None)
    return thread | {"message": message}


def announce_post(hub: Hub, world: World, thread: Object) -> None:
    """Sends the events to the bot and to the people who can see the post."""
    hub.channel_event("THREAD_CREATE", thread | {"newly_created": True})
    for user in world.people():
        bits = world.permissions(thread, user["id"])
        if bits & Permission.VIEW_CHANNEL:
            hub.person(user["id"], "THREAD_CREATE", thread | {"permissions": str(bits)})


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_NAME:
        raise invalid_form({"name": [("BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {_LONGEST_NAME} in length.")]})


def _check_tags(forum: Object, tags: list[str], bits: int) -> None:
    known = {tag["id"]: tag for tag in forum["available_tags"]}
    manages = bool(bits & Permission.MANAGE_THREADS)
    if len(tags) > _MOST_TAGS or not known.keys() >= set(tags):
        raise invalid_form({"applied_tags": [("BASE_TYPE_MAX_LENGTH", f"Up to {_MOST_TAGS} of the forum's tags.")]})
    if not manages and any(known[each]["moderated"] for each in tags):
        raise ApiError(403, 50013, "Missing Permissions")
    if forum["flags"] & REQUIRE_TAG and not tags:
        if not manages and all(tag["moderated"] for tag in known.values()):
            raise ApiError(400, 40066, "There are no tags available that can be set by non-moderators")
        raise ApiError(400, 40067, "A tag is required to create a forum post in this channel")


@route("GET", "/guilds/{guild}/threads/active")
async def get_active(rest: Rest, _request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    every = rest.world.guilds.get(path["guild"], {"threads": []})["threads"]
    active = [each for each in every if rest.world.is_visible(each) and not each["thread_metadata"]["archived"]]
    return {"threads": sorted(active, key=lambda each: -int(each["id"])), "members": [], "has_more": False}


@route("GET", "/channels/{channel}/threads/archived/public")
async def get_archived(rest: Rest, _request: Request, path: Mapping[str, str], query: Mapping[str, str]) -> Any:
    parent = visible(rest, path["channel"])
    if not rest.world.permissions(parent, rest.world.bot["id"]) & Permission.READ_MESSAGE_HISTORY:
        raise ApiError(403, 50013, "Missing Permissions")
    threads = rest.world.guilds[parent["guild_id"]]["threads"]
    archived = [
        each
        for each in threads
        if each["parent_id"] == parent["id"]
        and each["type"] == PUBLIC_THREAD
        and each["thread_metadata"]["archived"]
        and each["thread_metadata"]["archive_timestamp"] < query.get("before", "~")
    ]
    archived.sort(key=lambda each: each["thread_metadata"]["archive_timestamp"], reverse=True)
    limit = int(query.get("limit", 50))
    return {"threads": archived[:limit], "members": [], "has_more": len(archived) > limit}


@route("PATCH", "/channels/{channel}")
async def change_thread(rest: Rest, request: Request, path: Mapping[str, str], _query: Mapping[str, str]) -> Any:
    """Unarchives a post for its owner; a locked one only for people who manage threads."""
    thread = visible(rest, path["channel"])
    manages = rest.world.permissions(thread, rest.world.bot["id"]) & Permission.MANAGE_THREADS
    own = thread["type"] in THREADS and thread["owner_id"] == rest.world.bot["id"]
    if not manages and (not own or thread["thread_metadata"]["locked"]):
        check_not_archived(thread)
        raise ApiError(403, 50013, "Missing Permissions")
    thread["thread_metadata"] |= {key: request.body[key] for key in ("archived", "locked") if key in request.body}
    rest.hub.channel_event("THREAD_UPDATE", thread)
    return thread
