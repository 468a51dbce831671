"""Interactions: started by a person's action, answered within 3 s, with a token that is valid for 15 minutes."""

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.local_discord.errors import ApiError
from sandbox.local_discord.hub import Hub
from sandbox.local_discord.limits import check_choices, check_modal
from sandbox.local_discord.messages import EPHEMERAL, THINKING, Messages, Upload, numbered
from sandbox.local_discord.permissions import Permission
from sandbox.local_discord.world import DM, Object, World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
TOKEN_LIFE = 900.0  # seconds
_USER_INSTALL_FOLLOW_UPS = 5


@dataclass(eq=False)
class Interaction:
    """A person's action and its answer. `message` changes when the bot edits it."""

    id: str
    token: str
    type: int
    user: Object
    channel: Object
    data: Object
    created_at: float
    pressed: Object | None = None  # the message with the component
    user_install_only: bool = False
    opener: "Interaction | None" = None  # the one that opened the submitted form
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    message: Object | None = None
    follow_ups: list[Object] = field(default_factory=list)
    modal: Object | None = None
    choices: list[Object] | None = None
    failed: str = ""
    received_at: float | None = None  # time.monotonic() when the event was written to the bot's socket
    answered_at: float | None = None  # time.monotonic() when its first answer began to arrive

    @property
    def ephemeral(self) -> bool:
        return bool(self.message and self.message["flags"] & EPHEMERAL)

    @property
    def thinking(self) -> bool:
        return bool(self.message and self.message["flags"] & THINKING)

    def mark_received(self) -> None:
        self.received_at = time.monotonic()


class Interactions:
    """`patience`: seconds that Discord waits for the first answer; `token_life`: for all later ones."""

    def __init__(self, world: World, messages: Messages, hub: Hub, patience: float = 3.0) -> None:
        self._world = world
        self._messages = messages
        self._hub = hub
        self.patience = patience
        self.token_life = TOKEN_LIFE
        self._by_token: dict[str, Interaction] = {}

    async def start(self, kind: int, user: Object, channel: Object, data: Object, **about: Any) -> Interaction:
        """Sends it to the bot, and waits for the first answer; `failed` says why there is none."""
        interaction = Interaction(
            self._world.new_id(), secrets.token_urlsafe(32), kind, user, channel, data, self._world.clock(), **about
        )
        self._by_token[interaction.token] = interaction
        if not self._hub.bots:
            interaction.failed = "offline"
            return interaction
        self._hub.bot_event("INTERACTION_CREATE", self._payload(interaction), interaction.mark_received)
        try:
            async with asyncio.timeout(self.patience):
                await interaction.answered.wait()
        except TimeoutError:
            interaction.failed = "timeout"
        return interaction

    def _payload(self, interaction: Interaction) -> Object:
        world, channel, user = self._world, interaction.channel, interaction.user
        guild = world.guild_of(channel)
        bot_there = guild is None or world.member(guild, world.bot["id"])
        owners = {} if interaction.user_install_only else {"0": guild["id"] if guild else "0"}
        if user["id"] in world.installed_by:
            owners["1"] = user["id"]
        payload: Object = {
            "id": interaction.id, "application_id": world.bot["id"], "type": interaction.type,
            "token": interaction.token, "version": 1, "locale": world.locales[user["id"]], "data": interaction.data,
            "channel_id": channel["id"], "channel": self._partial(channel, user), "entitlements": [],
            "authorizing_integration_owners": owners, "attachment_size_limit": world.upload_limit,
            "app_permissions": str(world.permissions(channel, world.bot["id"]) if bot_there else 0),
            "context": 0 if guild else 1 if channel["type"] == DM else 2,
        }  # fmt: skip
        if interaction.pressed:
            payload["message"] = interaction.pressed
        if guild is None:
            return payload | {"user": user}
        member = world.member(guild, user["id"]) or {}
        permissions = str(world.permissions(channel, user["id"]))
        about_guild = {"id": guild["id"], "locale": guild["preferred_locale"], "features": []}
        return payload | {
            "guild_id": guild["id"], "guild": about_guild, "guild_locale": guild["preferred_locale"],
            "member": member | {"permissions": permissions},
        }  # fmt: skip

    def _partial(self, channel: Object, user: Object) -> Object:
        return channel | {"permissions": str(self._world.permissions(channel, user["id"]))}

    def find(self, token: str, *, to_answer: bool = False) -> Interaction:
        interaction = self._by_token.get(token)
        age = self._world.clock() - interaction.created_at if interaction else 0.0
        if interaction is None or (to_answer and (interaction.failed or age > self.patience)):
            raise ApiError(404, 10062, "Unknown interaction")
        if not to_answer and age > self.token_life:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return interaction

    def answer(self, token: str, body: Object, uploads: Mapping[str, Upload]) -> Interaction:
        """The callback: the first answer, which is allowed once."""
        interaction = self.find(token, to_answer=True)
        if interaction.answered.is_set():
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        kind, data = body["type"], body.get("data") or {}
        match kind:
            case 4:
                self._say(interaction, data, uploads)
            case 5:
                flags = int(data.get("flags") or 0) & EPHEMERAL | THINKING
                self._say(interaction, {"flags": flags}, {})
            case 6 | 7:
                interaction.message = interaction.pressed
                if kind == 7:
                    self.edit_original(interaction, data, uploads)
            case 8:
                check_choices(data["choices"])
                interaction.choices = data["choices"]
            case 9:
                check_modal(data)
                interaction.modal = data | {"components": numbered(data["components"])}
            case _:
                raise ApiError(400, 50035, "Invalid Form Body", {"type": {"_errors": [{"code": "BASE_TYPE_CHOICES"}]}})
        interaction.answered.set()
        return interaction

    def _say(self, interaction: Interaction, body: Object, uploads: Mapping[str, Upload]) -> None:
        interaction.message = self._post(interaction, body, uploads)

    def _post(self, interaction: Interaction, body: Object, uploads: Mapping[str, Upload], **fields: Any) -> Object:
        about = _about(interaction)
        if interaction.type == COMMAND:
            fields |= {
                "interaction": {
                    "id": interaction.id,
                    "type": 2,
                    "name": full_name(interaction.data),
                    "user": interaction.user,
                }
            }
        if self._is_private_by_force(interaction):
            body = body | {"flags": int(body.get("flags") or 0) | EPHEMERAL}
        message = self._messages.create(
            interaction.channel, self._world.bot, body, uploads, interaction_metadata=about,
            application_id=self._world.bot["id"], webhook_id=self._world.bot["id"], type=20, **fields,
        )  # fmt: skip
        if message["flags"] & EPHEMERAL:
            self._messages.private[message["id"]] = interaction.user["id"]
        self._hub.message("MESSAGE_CREATE", message, self._messages.private.get(message["id"]))
        return message

    def _is_private_by_force(self, interaction: Interaction) -> bool:
        """True if the bot is only installed to the person's account, and they may not use such apps publicly here."""
        channel, user = interaction.channel, interaction.user
        may = self._world.permissions(channel, user["id"]) & Permission.USE_EXTERNAL_APPS
        return interaction.user_install_only and bool(channel.get("guild_id")) and not may

    def original(self, interaction: Interaction) -> Object:
        if interaction.message is None:
            raise ApiError(404, 10015, "Unknown Webhook")
        return interaction.message

    def edit_original(self, interaction: Interaction, body: Object, uploads: Mapping[str, Upload]) -> Object:
        return self.edit(self.original(interaction), body, uploads)

    def edit(self, message: Object, body: Object, uploads: Mapping[str, Upload]) -> Object:
        self._messages.edit(message, body, uploads)
        self._hub.message("MESSAGE_UPDATE", message, self._messages.private.get(message["id"]))
        return message

    def delete(self, message: Object) -> None:
        self._messages.delete(message)
        self._hub.message("MESSAGE_DELETE", message, self._messages.private.get(message["id"]))

    def delete_answer(self, interaction: Interaction, message: Object) -> None:
        """After this a follow-up is a message of its own, with its own privacy."""
        self.delete(message)
        if message is interaction.message:
            interaction.message = None

    def follow_up(self, interaction: Interaction, body: Object, uploads: Mapping[str, Upload]) -> Object:
        if not interaction.answered.is_set():
            raise ApiError(404, 10015, "Unknown Webhook")
        if interaction.user_install_only and len(interaction.follow_ups) >= _USER_INSTALL_FOLLOW_UPS:
            raise ApiError(400, 40094, "This interaction has reached the maximum number of follow-up messages")
        if interaction.thinking:
            return self.edit_original(interaction, body, uploads)
        message = self._post(interaction, body, uploads)
        interaction.follow_ups.append(message)
        return message


def _about(interaction: Interaction) -> Object:
    """A message's metadata about the interaction that it answers."""
    about: Object = {
        "id": interaction.id, "type": interaction.type, "user": interaction.user, "authorizing_integration_owners": {},
    }  # fmt: skip
    if interaction.pressed:
        about["interacted_message_id"] = interaction.pressed["id"]
    if interaction.type == COMMAND:
        about["name"] = interaction.data["name"]
    if interaction.opener:
        about["triggering_interaction_metadata"] = _about(interaction.opener)
    return about


def full_name(data: Object) -> str:
    """`suno status`, of a command's data."""
    names = [data["name"]]
    options = data.get("options") or []
    while options and options[0]["type"] in (1, 2):
        names.append(options[0]["name"])
        options = options[0].get("options") or []
    return " ".join(names)
