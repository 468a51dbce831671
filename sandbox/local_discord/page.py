"""The API of the demo's page (see sandbox/PAGE.md): a person's view of the local Discord, over one WebSocket."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import BodyPartReader, WSMsgType, web

from sandbox.local_discord.errors import ApiError
from sandbox.local_discord.interactions import AUTOCOMPLETE, COMMAND, Interaction
from sandbox.local_discord.limits import LOCALES, walk
from sandbox.local_discord.messages import Upload
from sandbox.local_discord.people import Person
from sandbox.local_discord.permissions import Permission
from sandbox.local_discord.rest import content_type_of
from sandbox.local_discord.server import LocalDiscord
from sandbox.local_discord.world import DM, GROUP_DM, Object

_ATTACHMENT = 11
_REFERENCES = {6, 7, 8, 9}  # options for a user, a channel, a role, or a user or role
_PICKERS, _FILE_UPLOAD = {5, 6, 7, 8}, 19  # components of a modal whose values are ids
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Page:
    """`guide`: the contents of the page's guide panel.

    `renew` returns the command for a step that can be repeated.
    """

    def __init__(
        self, discord: LocalDiscord, folder: Path, guide: Object, renew: Callable[[str], str] = lambda command: command
    ) -> None:
        self._discord = discord
        self._folder = folder
        self._guide = guide
        self._renew_command = renew
        self._opened: dict[str, Interaction] = {}  # open modals, by the id that was sent to the page
        self._actions: dict[str, Callable[[Person, Object], Awaitable[tuple[str, Object] | None]]] = {
            "open": self._open,
            "say": self._say,
            "command": self._command,
            "autocomplete": self._autocomplete,
            "press": self._use,
            "select": self._use,
            "submit": self._submit,
            "dismiss": self._dismiss,
            "locale": self._locale,
            "renew": self._renew,
        }

    def add_to(self, application: web.Application) -> None:
        application.router.add_get("/page/socket", self._socket)
        application.router.add_post("/page/files", self._upload)
        application.router.add_get("/page/guide", self._answer_guide)
        application.router.add_get("/", self._index)
        application.router.add_static("/page", self._folder)

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(self._folder / "index.html", headers={"Cache-Control": "no-store"})

    async def _answer_guide(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(self._guide)

    def _check_origin(self, request: web.Request) -> None:
        """Refuses requests of other pages, and host names that resolve to this address.

        The port may differ: with a tunnel (`ssh -L`) it is the tunnel's.
        """
        origin = request.headers.get("Origin")
        is_loopback = urlsplit(f"//{request.host}").hostname in _LOOPBACK
        if not is_loopback or (origin is not None and urlsplit(origin).netloc != request.host):
            raise web.HTTPForbidden

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        self._check_origin(request)
        part = await (await request.multipart()).next()
        if not isinstance(part, BodyPartReader):
            raise web.HTTPBadRequest
        name = part.filename or "file"
        stored = self._discord.world.add_file(name, bytes(await part.read()), content_type_of(name))
        about = {
            "id": stored.id,
            "filename": stored.name,
            "size": len(stored.content),
            "content_type": stored.content_type,
        }
        return web.json_response(about)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self._check_origin(request)
        world = self._discord.world
        user = world.users.get(request.query.get("as", "")) or next(world.people())
        person = self._discord.person(user)
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        outgoing: asyncio.Queue[str] = asyncio.Queue()

        def send(name: str, data: Object, nonce: str | None = None) -> None:
            outgoing.put_nowait(json.dumps({"t": name, "d": self._shown(person, name, data), "nonce": nonce}))

        stop_listening = self._discord.hub.listen(person.id, send)
        send("HELLO", self._hello(person))
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(_write(socket, outgoing))
            acting = [
                tasks.create_task(self._act(person, json.loads(frame.data), send))
                async for frame in socket
                if frame.type is WSMsgType.TEXT
            ]
            stop_listening()
            for task in (writing, *acting):
                task.cancel()
        return socket

    def _shown(self, person: Person, name: str, data: Object) -> Object:
        return {"commands": self._commands(person), "bot": self._discord.world.bot} if name == "COMMANDS" else data

    async def _act(self, person: Person, frame: Object, send: Callable[[str, Object, str | None], None]) -> None:
        try:
            answer = await self._actions[frame["op"]](person, frame)
        except (ApiError, LookupError) as error:
            answer = ("FAILED", {"reason": str(error)})
        send(*(answer or ("ACK", {})), frame.get("nonce"))

    def _hello(self, person: Person) -> Object:
        world = self._discord.world
        return {
            "me": person.user,
            "people": list(world.people()),
            "locale": world.locales[person.id],
            "locales": sorted(LOCALES),
            "guilds": [self._guild(person, guild) for guild in world.guilds.values()],
            "dms": self._private(person),
            "bot": world.bot,
            "online": self._discord.hub.online,
            "commands": self._commands(person),
            "upload_limit": world.upload_limit,
        }

    def _guild(self, person: Person, guild: Object) -> Object:
        world = self._discord.world
        every = [
            channel | {"permissions": str(world.permissions(channel, person.id))}
            for channel in world.channels.values()
            if channel.get("guild_id") == guild["id"]
        ]
        channels = [channel for channel in every if int(channel["permissions"]) & Permission.VIEW_CHANNEL]
        return {name: guild[name] for name in ("id", "name", "icon", "roles", "members")} | {"channels": channels}

    def _private(self, person: Person) -> list[Object]:
        world = self._discord.world
        world.dm_with(person.user)
        return [
            channel
            for channel in world.channels.values()
            if channel["type"] in (DM, GROUP_DM) and person.id in {user["id"] for user in channel["recipients"]}
        ]

    def _commands(self, person: Person) -> list[Object]:
        """All commands that the person may use, each with the channels in which it is available."""
        offers: dict[str, Object] = {}
        for channel in self._discord.world.channels.values():
            for command in person.commands(channel):
                offer = offers.setdefault(command["id"], command | {"channels": []})
                offer["channels"].append(channel["id"])
        return list(offers.values())

    async def _open(self, person: Person, frame: Object) -> tuple[str, Object]:
        channel = self._channel(frame)
        return "MESSAGES", {"channel_id": channel["id"], "messages": person.read(channel)}

    def _channel(self, frame: Object) -> Object:
        return self._discord.world.channel(frame["channel_id"])

    async def _say(self, person: Person, frame: Object) -> None:
        stored = [self._discord.world.files[each] for each in frame.get("files", ())]
        person.say(self._channel(frame), frame["content"], [Upload(f.name, f.content, f.content_type) for f in stored])

    async def _command(self, person: Person, frame: Object) -> tuple[str, Object]:
        return self._outcome(await self._run(person, frame, COMMAND))

    async def _autocomplete(self, person: Person, frame: Object) -> tuple[str, Object]:
        interaction = await self._run(person, frame, AUTOCOMPLETE)
        if interaction.failed:
            return "FAILED", {"reason": interaction.failed}
        return "CHOICES", {"choices": interaction.choices or []}

    async def _run(self, person: Person, frame: Object, kind: int) -> Interaction:
        channel = self._channel(frame)
        command = next((each for each in person.commands(channel) if each["id"] == frame["command_id"]), None)
        if command is None:
            raise LookupError("no-command")
        data: Object = {"options": frame.get("options", [])}
        resolved = self._resolved(person, channel, data["options"])
        if target := frame.get("target_id"):
            data["target_id"] = target
            resolved["messages"] = {target: self._discord.world.message(channel["id"], target)}
        return await person.run(channel, command, data | ({"resolved": resolved} if resolved else {}), kind=kind)

    def _resolved(self, person: Person, channel: Object, options: list[Object]) -> Object:
        resolved: Object = {}
        for option in options:
            inner = self._resolved(person, channel, option.get("options", []))
            if option["type"] in _REFERENCES:
                inner = person.resolve(option["value"], channel)
            for name, found in inner.items():
                resolved.setdefault(name, {}).update(found)
            if option["type"] == _ATTACHMENT:
                attachment = self._discord.messages.attachment(self._discord.world.files[option["value"]])
                resolved.setdefault("attachments", {})[option["value"]] = attachment
        return resolved

    def _outcome(self, interaction: Interaction) -> tuple[str, Object]:
        if interaction.failed:
            return "FAILED", {"reason": interaction.failed}
        if interaction.modal:
            self._opened[interaction.id] = interaction
            return "MODAL", {"modal_id": interaction.id} | interaction.modal
        return "ACK", {}

    async def _use(self, person: Person, frame: Object) -> tuple[str, Object]:
        message = self._discord.world.message(frame["channel_id"], frame["message_id"])
        return self._outcome(await person.use(message, frame["custom_id"], frame.get("values")))

    async def _submit(self, person: Person, frame: Object) -> tuple[str, Object]:
        """A form stays open until the bot accepts it, so that it can be sent again."""
        opened = self._opened.get(frame["modal_id"])
        if opened is None:
            raise LookupError("form-closed")
        resolved = self._resolved_in_form(person, opened.channel, frame["components"])
        outcome = self._outcome(await person.submit(opened, frame["components"], resolved))
        if outcome[0] != "FAILED":
            self._opened.pop(frame["modal_id"], None)
        return outcome

    def _resolved_in_form(self, person: Person, channel: Object, components: list[Object]) -> Object:
        resolved: Object = {}
        for kind, value in _chosen(components):
            if kind in _PICKERS:
                found = person.resolve(value, channel)
            elif kind == _FILE_UPLOAD:
                found = {"attachments": {value: self._discord.messages.attachment(self._discord.world.files[value])}}
            else:
                continue
            for name, about in found.items():
                resolved.setdefault(name, {}).update(about)
        return resolved

    async def _renew(self, _person: Person, frame: Object) -> tuple[str, Object]:
        return "RENEWED", {"command": self._renew_command(frame["command"])}

    async def _dismiss(self, person: Person, frame: Object) -> None:
        person.dismiss(frame["message_id"])

    async def _locale(self, person: Person, frame: Object) -> None:
        if frame["locale"] in LOCALES:
            self._discord.world.locales[person.id] = frame["locale"]


def _chosen(components: list[Object]) -> Iterator[tuple[int, str]]:
    """The values in a submitted form, each with the type of its component."""
    for _, component in walk(components, "components"):
        for value in component.get("values") or ():
            yield component["type"], value


async def _write(socket: web.WebSocketResponse, outgoing: asyncio.Queue[str]) -> None:
    while True:
        await socket.send_str(await outgoing.get())
