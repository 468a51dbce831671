"""A member's permissions in a channel: roles first, then the channel's overwrites, as Discord computes them."""

from collections.abc import Iterable
from enum import IntFlag
from typing import Any


class Permission(IntFlag):
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    USE_EXTERNAL_APPS = 1 << 50


ALL = sum(Permission) | (1 << 0) | (1 << 1) | (1 << 2)
IN_DIRECT_MESSAGES = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
)
OF_EVERYONE = (
    IN_DIRECT_MESSAGES
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.USE_EXTERNAL_APPS
)
WHILE_TIMED_OUT = Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY


def permissions_in(
    guild: dict[str, Any], member: dict[str, Any], channel: dict[str, Any], *, timed_out: bool = False
) -> int:
    """The member's permission bits in a channel of the server."""
    user_id = member["user"]["id"]
    roles = {guild["id"], *member["roles"]}
    base = _union(int(role["permissions"]) for role in guild["roles"] if role["id"] in roles)
    if guild["owner_id"] == user_id or base & Permission.ADMINISTRATOR:
        return ALL
    overwrites = {each["id"]: each for each in channel.get("permission_overwrites", ())}
    for group in ([guild["id"]], roles - {guild["id"]}, [user_id]):
        found = [overwrites[each] for each in group if each in overwrites]
        base &= ~_union(int(each["deny"]) for each in found)
        base |= _union(int(each["allow"]) for each in found)
    return base & WHILE_TIMED_OUT if timed_out else base


def _union(bits: Iterable[int]) -> int:
    result = 0
    for each in bits:
        result |= each
    return result
