"""Simulated people: they type commands, press buttons, choose, write, and read."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.local_discord.errors import ApiError
from sandbox.local_discord.hub import Hub
from sandbox.local_discord.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Interaction, Interactions
from sandbox.local_discord.limits import walk
from sandbox.local_discord.messages import Messages, Upload
from sandbox.local_discord.permissions import Permission
from sandbox.local_discord.world import DM, GROUP_DM, PRIVATE_THREAD, Object, World

_OPTION_TYPES = {3: str, 4: int, 5: bool}
_ATTACHMENT = 11
_PICKERS = {5, 6, 7, 8}  # selects of users, roles, either, channels


class Person:
    def __init__(self, user: Object, world: World, messages: Messages, interactions: Interactions, hub: Hub) -> None:
        self.user = user
        self._world = world
        self._messages = messages
        self._interactions = interactions
        self._hub = hub

    @property
    def id(self) -> str:
        return str(self.user["id"])

    def commands(self, channel: Object) -> list[Object]:
        """The commands available in a channel: by installation, context and permissions."""
        guild = self._world.guild_of(channel)
        context = 0 if guild else 1 if channel["type"] == DM else 2
        return [command for command in self._world.commands if self._may_use(command, channel, context)]

    def _may_use(self, command: Object, channel: Object, context: int) -> bool:
        contexts = command.get("contexts")
        if contexts is not None and context not in contexts:
            return False
        types = command.get("integration_types") or [0]
        installed = (0 in types and self._bot_is_in(channel)) or (1 in types and self.id in self._world.installed_by)
        needed = int(command.get("default_member_permissions") or 0)
        return installed and (context != 0 or self._world.permissions(channel, self.id) & needed == needed)

    def _bot_is_in(self, channel: Object) -> bool:
        guild = self._world.guild_of(channel)
        return channel["type"] == DM or bool(guild and self._world.member(guild, self._world.bot["id"]))

    async def slash(self, channel: Object, name: str, /, **options: Any) -> Interaction:
        """Runs a command such as "suno status"; a value of `bytes` is a file to attach."""
        command, data = self._command_data(channel, name, options)
        return await self.run(channel, command, data)

    async def run(self, channel: Object, command: Object, data: Object, *, kind: int = COMMAND) -> Interaction:
        """`data`: the command's data as Discord sends it: options, target, resolved objects."""
        if command not in self.commands(channel):
            raise ApiError(403, 50013, "This command is not on offer here")
        only_user = not self._bot_is_in(channel) or channel["type"] == GROUP_DM
        base = {"id": command["id"], "name": command["name"], "type": command.get("type", 1)}
        return await self._interactions.start(kind, self.user, channel, base | data, user_install_only=only_user)

    async def autocomplete(self, channel: Object, name: str, /, **options: Any) -> list[Object]:
        """The suggestions while the last option is typed."""
        command, data = self._command_data(channel, name, options)
        leaf = data
        while leaf.get("options") and leaf["options"][0]["type"] in (1, 2):
            leaf = leaf["options"][0]
        leaf["options"][-1]["focused"] = True
        interaction = await self.run(channel, command, data, kind=AUTOCOMPLETE)
        return interaction.choices or []

    def _command_data(self, channel: Object, name: str, options: Mapping[str, Any]) -> tuple[Object, Object]:
        first, *rest = name.split()
        command = next((each for each in self.commands(channel) if each["name"] == first), None)
        if command is None:
            raise LookupError(f"/{name} is not on offer here")
        data: Object = {}
        place, declared = data, command.get("options") or []
        for part in rest:
            branch = next(each for each in declared if each["name"] == part)
            inner: Object = {"type": branch["type"], "name": part}
            place["options"] = [inner]
            place, declared = inner, branch.get("options") or []
        resolved: Object = {}
        types = {each["name"]: each["type"] for each in declared}
        place["options"] = [
            {"name": key, "type": types[key], "value": self._value(value, resolved, channel)}
            for key, value in options.items()
        ]
        return command, data | ({"resolved": resolved} if resolved else {})

    def _value(self, value: Any, resolved: Object, channel: Object) -> Any:
        if isinstance(value, dict):
            for kind, about in self.resolve(value["id"], channel).items():
                resolved.setdefault(kind, {}).update(about)
            return value["id"]
        if not isinstance(value, Upload):
            return value
        stored = self._world.add_file(value.name, value.content, value.content_type)
        resolved.setdefault("attachments", {})[stored.id] = self._messages.attachment(stored)
        return stored.id

    def _resolve_all(self, values: Sequence[str], channel: Object) -> Object:
        resolved: Object = {}
        for value in values:
            for kind, about in self.resolve(value, channel).items():
                resolved.setdefault(kind, {}).update(about)
        return resolved

    @property
    def _bot_and_person(self) -> dict[str, str]:
        """Whose permissions Discord tells of a channel that is chosen."""
        return {"permissions": self.id, "app_permissions": str(self._world.bot["id"])}

    def resolve(self, wanted: str, channel: Object) -> Object:
        """Discord's resolved data for a channel, a role or a user in an option."""
        guild = self._world.guild_of(channel) or {"roles": [], "members": []}
        if found := self._world.channels.get(wanted):
            bits = {
                name: str(self._world.permissions(found, user_id)) for name, user_id in self._bot_and_person.items()
            }
            return {"channels": {wanted: found | bits}}
        if role := next((each for each in guild["roles"] if each["id"] == wanted), None):
            return {"roles": {wanted: role}}
        member = next((each for each in guild["members"] if each["user"]["id"] == wanted), None)
        about: Object = {"users": {wanted: self._world.users[wanted]}}
        if member:
            plain = {name: value for name, value in member.items() if name not in ("user", "deaf", "mute")}
            about["members"] = {wanted: plain | {"permissions": str(self._world.permissions(channel, wanted))}}
        return about

    async def menu(self, message: Object, name: str) -> Interaction:
        """Uses a message menu: right click, Apps, the entry of that name."""
        channel = self._world.channels[message["channel_id"]]
        command = next(each for each in self.commands(channel) if each["name"] == name)
        resolved = {"messages": {message["id"]: self._messages.refreshed(message)}}
        return await self.run(channel, command, {"target_id": message["id"], "resolved": resolved})

    async def press(self, message: Object, button: str) -> Interaction:
        """Presses the button with this label, emoji or custom_id."""
        found = next((each for each in components(message) if button in _names(each)), None)
        if found is None:
            raise LookupError(f"no button {button!r} among {[_names(each) for each in components(message)]}")
        if found.get("disabled"):
            raise LookupError(f"the button {button!r} is disabled")
        return await self.use(message, found["custom_id"])

    async def select(self, message: Object, custom_id: str, values: Sequence[str]) -> Interaction:
        return await self.use(message, custom_id, values)

    async def use(self, message: Object, custom_id: str, values: Sequence[str] | None = None) -> Interaction:
        component = next((each for each in components(message) if each.get("custom_id") == custom_id), None)
        if component is None:
            raise LookupError("message-changed")
        data = {"custom_id": custom_id, "component_type": component["type"], "id": component.get("id", 1)}
        channel = self._world.channels[message["channel_id"]]
        if values is not None:
            data["values"] = list(values)
            if component["type"] in _PICKERS:
                data["resolved"] = self._resolve_all(values, channel)
        return await self._interactions.start(COMPONENT, self.user, channel, data, pressed=message)

    async def submit(self, opened: Interaction, sent: Sequence[Object], resolved: Object | None = None) -> Interaction:
        """Submits the modal that an interaction opened; `sent`: its components as Discord sends them."""
        if opened.modal is None:
            raise LookupError("no modal was opened")
        data = {"custom_id": opened.modal["custom_id"], "components": list(sent)}
        if resolved:
            data["resolved"] = resolved
        return await self._interactions.start(
            MODAL, self.user, opened.channel, data, pressed=opened.pressed, opener=opened
        )

    def say(self, channel: Object, text: str, files: Sequence[Upload] = (), *, to: Object | None = None) -> Object:
        """`to`: the message that this one replies to."""
        uploads = {str(number): upload for number, upload in enumerate(files)}
        body = {"content": text} | ({"message_reference": {"message_id": to["id"]}} if to else {})
        message = self._messages.create(channel, self.user, body, uploads)
        if f"<@{self._world.bot['id']}>" in text and channel["type"] == PRIVATE_THREAD:
            self._world.thread_members[channel["id"]].add(self._world.bot["id"])
            self._hub.channel_event("THREAD_CREATE", channel)
        self._hub.message("MESSAGE_CREATE", message, None)
        return message

    def read(self, channel: Object) -> list[Object]:
        """The messages that this person sees in the channel, oldest first."""
        if not self._world.permissions(channel, self.id) & Permission.VIEW_CHANNEL:
            return []
        private = self._messages.private
        every = self._world.messages[channel["id"]].values()
        return [self._messages.refreshed(each) for each in every if private.get(each["id"], self.id) == self.id]

    def dismiss(self, message_id: str) -> None:
        """Hides a private answer; the bot gets no event."""
        if self._messages.private.get(message_id) == self.id:
            self._messages.private[message_id] = ""


def components(message: Object) -> list[Object]:
    return [each for _, each in walk(message["components"], "components")]


def _names(component: Object) -> set[str]:
    emoji = (component.get("emoji") or {}).get("name")
    return {name for name in (component.get("label"), emoji, component.get("custom_id")) if name}
