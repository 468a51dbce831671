"""Posting and editing messages: limits, permissions, uploads, mentions, nonces."""

import copy
import hmac
import re
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.local_discord.errors import ApiError, unknown
from sandbox.local_discord.limits import COMPONENTS_V2, check_files, check_message, embed_texts, walk
from sandbox.local_discord.permissions import Permission
from sandbox.local_discord.world import DM, THREADS, Object, StoredFile, World

EPHEMERAL, THINKING = 1 << 6, 1 << 7
SPOILER = 1 << 3  # a flag of attachments


@dataclass(frozen=True)
class Upload:
    """A `files[n]` part of a request."""

    name: str
    content: bytes
    content_type: str


class Messages:
    """`base`: the address under which files are served."""

    def __init__(self, world: World, base: str) -> None:
        self._world = world
        self.base = base
        self._nonces: dict[tuple[str, str, str], tuple[float, str]] = {}
        self.nonce_life = 300.0  # seconds; "the past few minutes"
        self.private: dict[str, str] = {}  # the only reader, by message id
        self.address_life = 86_400.0  # seconds for which a file's address is valid
        self._secret = secrets.token_bytes(16)

    def create(
        self, channel: Object, author: Object, body: Object, uploads: Mapping[str, Upload], **fields: Any
    ) -> Object:
        """A new message, stored. `fields` are set on it unchanged."""
        if known := self._by_nonce(channel, author, body):
            return known
        world = self._world
        message: Object = {
            "id": world.new_id(), "channel_id": channel["id"], "author": author, "content": "", "embeds": [],
            "attachments": [], "components": [], "timestamp": world.now(), "edited_timestamp": None, "tts": False,
            "mention_everyone": False, "mentions": [], "mention_roles": [], "pinned": False, "type": 0,
            "flags": int(body.get("flags") or 0),
        }  # fmt: skip
        if channel.get("guild_id"):
            message["guild_id"] = channel["guild_id"]
        if reference := body.get("message_reference"):
            message |= self._reply(channel, reference)
        message |= fields
        self._apply(message, body, uploads)
        if body.get("nonce") is not None:
            message["nonce"] = body["nonce"]
            self._nonces[self._nonce_key(channel, author, body)] = (world.clock(), message["id"])
        world.messages[channel["id"]][message["id"]] = message
        channel["last_message_id"] = message["id"]
        return message

    def edit(self, message: Object, body: Object, uploads: Mapping[str, Upload]) -> Object:
        if message["flags"] & COMPONENTS_V2 and not int(body.get("flags", COMPONENTS_V2) or 0) & COMPONENTS_V2:
            raise ApiError(400, 50035, "Invalid Form Body", {"flags": {"_errors": [{"code": "COMPONENTS_V2_REMOVED"}]}})
        edited = dict(message)
        edited["flags"] = (message["flags"] | int(body.get("flags") or 0)) & ~THINKING
        self._apply(edited, body, uploads)
        edited["edited_timestamp"] = None if message["flags"] & THINKING else self._world.now()
        message.clear()
        message.update(edited)
        return message

    def _apply(self, message: Object, body: Object, uploads: Mapping[str, Upload]) -> None:
        for name in ("content", "embeds", "components"):
            if name in body:
                message[name] = body[name] or ("" if name == "content" else [])
        message["components"] = numbered(message["components"])
        sizes = [len(upload.content) for upload in uploads.values()]
        check_files(sizes, self._world.upload_limit, self._world.request_limit)
        every = self._attachments(message, body, uploads)
        if message["author"]["id"] == self._world.bot["id"]:
            self._moderate(message)
        if not message["flags"] & THINKING:
            check_message(message, flags=message["flags"], attachments=len(every))
        if body.get("attachments") is not None and "embeds" not in body:
            message["embeds"] = _without_others(message["embeds"], {str(each["id"]) for each in body["attachments"]})
        message["embeds"], shown = self._resolve(message["embeds"], every)
        message["attachments"] = [each for each in every if each["id"] not in shown]
        self._mention(message, body.get("allowed_mentions"))

    def _moderate(self, message: Object) -> None:
        """AutoMod, which also applies to bots."""
        words = self._world.blocked_words.get(message.get("guild_id", ""), set())
        if any(word in text.lower() for text in _texts(message) for word in words):
            raise ApiError(400, 200000, "Message was blocked by automatic moderation")
        if any(link in text for text in _links(message) for link in self._world.harmful_links):
            raise ApiError(400, 240000, "Message blocked by harmful links filter")

    def _attachments(self, message: Object, body: Object, uploads: Mapping[str, Upload]) -> list[Object]:
        listed = body.get("attachments")
        about = {str(each["id"]): each for each in listed or ()}
        kept = [
            _edited(each, about.get(each["id"], {}))
            for each in message["attachments"]
            if listed is None or each["id"] in about
        ]
        return kept + [
            self.attachment(
                self._world.add_file(upload.name, upload.content, upload.content_type), about.get(number, {})
            )
            for number, upload in uploads.items()
        ]

    def attachment(self, stored: StoredFile, about: Object | None = None) -> Object:
        url = self._signed(f"/attachments/{stored.id}/{stored.name}")
        attachment = {
            "id": stored.id, "filename": stored.name, "size": len(stored.content), "url": url, "proxy_url": url,
            "content_type": stored.content_type,
        }  # fmt: skip
        told = {"title": stored.title} | (about or {})
        return attachment | {name: told[name] for name in ("title", "description") if told.get(name)}

    def _signed(self, path: str) -> str:
        """A signed address, which is valid for a day."""
        now = int(self._world.clock())
        issued, expires = f"{now:x}", f"{now + int(self.address_life):x}"
        return f"{self.base}{path}?ex={expires}&is={issued}&hm={self._signature(path, expires, issued)}"

    def _signature(self, path: str, expires: str, issued: str) -> str:
        return hmac.new(self._secret, f"{path} {expires} {issued}".encode(), "sha256").hexdigest()

    def may_serve(self, path: str, query: Mapping[str, str]) -> bool:
        """True if the address has a valid signature and has not expired."""
        expires, issued = query.get("ex", ""), query.get("is", "")
        known = hmac.compare_digest(query.get("hm", ""), self._signature(path, expires, issued))
        return known and int(expires, 16) > self._world.clock()

    def refreshed(self, message: Object) -> Object:
        """The message with newly signed addresses, as Discord returns it when it is fetched."""
        for holder in _holders_of_addresses(message):
            for name in ("url", "proxy_url"):
                path = str(holder.get(name, "")).removeprefix(self.base).partition("?")[0]
                if path.startswith("/attachments/"):
                    holder[name] = self._signed(path)
        return message

    def _resolve(self, embeds: Sequence[Object], attachments: Sequence[Object]) -> tuple[list[Object], set[str]]:
        """Embeds with `attachment://name` resolved, and the ids of those files."""
        by_name = {each["filename"]: each for each in attachments}
        shown: set[str] = set()
        resolved = []
        for embed in embeds:
            shown_embed = {"type": "rich", **embed}
            for part in ("image", "thumbnail"):
                name = (shown_embed.get(part) or {}).get("url", "").removeprefix("attachment://")
                if name in by_name:
                    shown.add(by_name[name]["id"])
                    shown_embed[part] = {
                        "url": by_name[name]["url"],
                        "proxy_url": by_name[name]["url"],
                        "width": 0,
                        "height": 0,
                    }
            resolved.append(shown_embed)
        return resolved, shown

    def _mention(self, message: Object, allowed: Object | None) -> None:
        """Sets the mentions that `allowed_mentions` permits."""
        text, parse = message["content"], set((allowed or {}).get("parse", ("users", "roles", "everyone")))
        users = {str(each) for each in (allowed or {}).get("users", ())}
        roles = {str(each) for each in (allowed or {}).get("roles", ())}
        named = dict.fromkeys(re.findall(r"<@!?(\d+)>", text))
        message["mentions"] = [
            self._world.users[each]
            for each in named
            if each in self._world.users and ("users" in parse or each in users)
        ]
        found = dict.fromkeys(re.findall(r"<@&(\d+)>", text))
        message["mention_roles"] = [each for each in found if "roles" in parse or each in roles]
        message["mention_everyone"] = "everyone" in parse and bool(re.search(r"@(everyone|here)", text))

    def _reply(self, channel: Object, reference: Object) -> Object:
        target = self._world.messages[channel["id"]].get(str(reference["message_id"]))
        if target is None and reference.get("fail_if_not_exists", True):
            raise ApiError(400, 50035, "Invalid Form Body", {"message_reference": {"_errors": [{"code": "UNKNOWN"}]}})
        link = {"type": 0, "channel_id": channel["id"], "message_id": str(reference["message_id"])}
        return {"type": 19, "message_reference": link, "referenced_message": target}

    def _nonce_key(self, channel: Object, author: Object, body: Object) -> tuple[str, str, str]:
        return channel["id"], author["id"], str(body["nonce"])

    def _by_nonce(self, channel: Object, author: Object, body: Object) -> Object | None:
        if body.get("nonce") is None or not body.get("enforce_nonce"):
            return None
        if len(str(body["nonce"])) > 25:
            raise ApiError(400, 50035, "Invalid Form Body", {"nonce": {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH"}]}})
        when, message_id = self._nonces.get(self._nonce_key(channel, author, body), (0.0, ""))
        if not message_id or self._world.clock() - when > self.nonce_life:
            return None
        return self._world.message(channel["id"], message_id)  # a deleted one answers 404

    def check_may_post(self, channel: Object, body: Object, uploads: Mapping[str, Upload]) -> None:
        """Raises ApiError unless the bot may post this; answers to interactions need no permission."""
        world = self._world
        if channel["type"] == DM:
            self._check_dm(channel["recipients"][0])
            return
        has = world.permissions(channel, world.bot["id"])
        if not has & Permission.VIEW_CHANNEL:
            raise ApiError(403, 50001, "Missing Access")
        thread = channel["type"] in THREADS
        if thread and channel["thread_metadata"]["locked"] and not has & Permission.MANAGE_THREADS:
            check_not_archived(channel)
            raise ApiError(403, 160005, "Thread is locked")
        needed = Permission.SEND_MESSAGES_IN_THREADS if thread else Permission.SEND_MESSAGES
        if uploads:
            needed |= Permission.ATTACH_FILES
        if body.get("embeds"):
            needed |= Permission.EMBED_LINKS
        if has & needed != needed:
            raise ApiError(403, 50013, "Missing Permissions")
        if body.get("message_reference") and not has & Permission.READ_MESSAGE_HISTORY:
            raise ApiError(400, 160002, "Cannot reply without permission to read message history")

    def _check_dm(self, user: Object) -> None:
        shared = any(self._world.member(guild, user["id"]) for guild in self._world.guilds.values())
        if not shared and user["id"] not in self._world.installed_by:
            raise ApiError(403, 50278, "Cannot send messages to this user due to having no mutual guilds")
        if user["id"] in self._world.closed_dms:
            raise ApiError(403, 50007, "Cannot send messages to this user")

    def delete(self, message: Object) -> None:
        if self._world.messages[message["channel_id"]].pop(message["id"], None) is None:
            raise unknown("Message", 10008)


def _holders_of_addresses(message: Object) -> Iterator[Object]:
    yield from message["attachments"]
    for embed in message["embeds"]:
        yield from (embed[part] for part in ("image", "thumbnail") if embed.get(part))


def _edited(attachment: Object, about: Object) -> Object:
    """With what may be changed of a file that is there already."""
    edited = attachment | ({"description": about["description"]} if about.get("description") else {})
    if about.get("is_spoiler") is not None:
        edited["flags"] = (attachment.get("flags", 0) & ~SPOILER) | (SPOILER if about["is_spoiler"] else 0)
    return edited


def _without_others(embeds: Sequence[Object], kept_ids: Collection[str]) -> list[Object]:
    """Embeds without the pictures whose files an edit does not list, as the files that the message has after it."""
    return [
        {
            name: part
            for name, part in embed.items()
            if name not in ("image", "thumbnail") or _file_id(part["url"]) in (None, *kept_ids)
        }
        for embed in embeds
    ]


def _file_id(url: str) -> str | None:
    """Of the address of an attachment; None for other addresses."""
    found = re.search(r"/attachments/(\d+)/", url)
    return found[1] if found else None


def check_not_archived(channel: Object) -> None:
    about = channel.get("thread_metadata", {})
    if about.get("archived"):
        raise ApiError(400, 50083, "Thread is archived")


def _texts(message: Object) -> Iterator[str]:
    """All texts that AutoMod checks."""
    yield message["content"]
    yield from (embed_text for embed in message["embeds"] for embed_text in embed_texts(embed))
    for _, component in walk(message["components"], ""):
        yield from (str(component.get(name) or "") for name in ("content", "label"))


def _links(message: Object) -> Iterator[str]:
    yield from _texts(message)
    yield from (embed.get("url") or "" for embed in message["embeds"])
    yield from (str(component.get("url") or "") for _, component in walk(message["components"], ""))


def numbered(components: Sequence[Object]) -> list[Object]:
    """Gives each component an id that is unique in its message or form, unless the bot has set it.

    Snowflakes become strings, although libraries send integers.
    """
    copies: list[Object] = copy.deepcopy(list(components))
    for number, (_, component) in enumerate(walk(copies, ""), 1):
        component.setdefault("id", number)
        for default in component.get("default_values") or ():
            default["id"] = str(default["id"])
        for holder in (component, *component.get("options", ())):
            if holder.get("emoji"):
                holder["emoji"] = {name: value for name, value in holder["emoji"].items() if value is not None}
    return copies
