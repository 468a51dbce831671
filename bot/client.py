"""The connection to Discord: a lean client that carries the services to commands and buttons."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeAlias

import aiohttp
import discord
import msgspec
from discord import app_commands
from discord.ext import commands

from bot.events import UNREADABLE, Events
from bot.gateways.send_guard import Check, unchecked
from bot.services.archives.service import Archives
from bot.services.batches import Batches
from bot.services.charts.service import Charts
from bot.services.clip_files import ClipFiles
from bot.services.clock import Clock
from bot.services.delivery.overview import Deliveries
from bot.services.extras import Extras
from bot.services.history import History
from bot.services.library.service import Library
from bot.services.lookup import Lookup
from bot.services.orders.service import Orders
from bot.services.playlists import Playlists
from bot.services.preferences import Preferences
from bot.services.task_ids import TaskIds
from bot.services.text_worker import TextWorker
from bot.services.watches import Watches
from bot.session_starts import SessionStarts
from bot.shards import Shards
from bot.shutdown import cancel_and_wait
from bot.single_send import trace
from bot.storage.key_values import KeyValueStore

SYNCED = "commands"  # the key under which the commands last registered at Discord are stored

# Names of discord.py's asyncio.Tasks that run our answers to people, and to Discord's events.
_ANSWERING = ("CommandTree-invoker", "discord-ui-", "discord.py: ")
_LAST_ANSWERS = 3.0  # seconds

UNANSWERED = (discord.DiscordException, aiohttp.ClientError, OSError)
"""What a request to Discord may raise: Discord refuses it, or the connection fails."""

log = logging.getLogger(__name__)

# The bot does not use voice, so the libraries for it are not installed.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False


class AccessPolicy(Protocol):
    """Who may use the bot, and how often."""

    async def check_access(
        self, user_id: int, guild: discord.Guild | None, bot: "SunoBot", *, suggesting: bool = False
    ) -> None:
        """Checks a request from a server that the bot is in, or from elsewhere.

        Raises NotAllowed or TooManyRequests.
        """
        ...

    async def recent_member(self, guild: discord.Guild, user_id: int) -> discord.Member | None:
        """With the roles that they had seconds ago, for suggestions. None: they are not there, or Discord is late."""
        ...


class Services(msgspec.Struct, frozen=True):
    key_values: KeyValueStore
    preferences: Preferences
    history: History
    lookup: Lookup
    batches: Batches
    task_ids: TaskIds
    text_worker: TextWorker
    clip_files: ClipFiles
    extras: Extras
    archives: Archives
    watches: Watches
    deliveries: Deliveries
    orders: Orders
    library: Library
    charts: Charts
    playlists: Playlists
    access: AccessPolicy
    upload_limit: int  # bytes per file
    now: Callable[[], float]  # Unix seconds, by the clock of all that is stored


class Interface(msgspec.Struct, frozen=True):
    """The bot's interface for people, given by higher layers: command modules, buttons, languages, error handling."""

    extensions: Sequence[str]
    buttons: Sequence[type[discord.ui.DynamicItem[Any]]]
    press: Callable[["Interaction", str, str, str], Awaitable[None]]  # an action's code, subject and mark
    translator: app_commands.Translator
    tree: type[app_commands.CommandTree[Any]]


async def declared_commands(tree: app_commands.CommandTree[Any], translator: app_commands.Translator) -> Any:
    """As they are sent to Discord."""
    return [await command.get_translated_payload(tree, translator) for command in tree.get_commands()]


def fingerprint(application_id: int | None, declared: Any, given: Sequence[app_commands.AppCommand]) -> str:
    """Of our commands and of Discord's version: either may change without the other."""
    ids = sorted(command.id for command in given)
    return hashlib.sha256(msgspec.json.encode([application_id, declared, ids])).hexdigest()


class Link(msgspec.Struct, frozen=True):
    """How to connect to Discord. `shards` None: as many as Discord advises; `failed` is told why it does not answer;
    `check` is called before each request, and raises what ends it.
    """

    clock: Clock
    failed: Callable[[BaseException], None]
    shards: int | None = None
    check: Check = unchecked


class SunoBot(commands.AutoShardedBot):
    def __init__(self, services: Services, interface: Interface, link: Link) -> None:
        super().__init__(
            commands.when_mentioned,
            tree_cls=interface.tree,
            help_command=None,
            # None of them is privileged: the bot gets texts in DMs and where it is mentioned.
            intents=discord.Intents(guilds=True, dm_messages=True, guild_messages=True),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0,
            max_ratelimit_timeout=60,
            http_trace=trace(link.check),
        )
        self.services = services
        self.events = Events()
        self._parse_ready = self._connection.parsers["READY"]
        self._connection.parsers["READY"] = self._ready_of_shard
        self._connection.parsers = self.events.guarded(self._connection.parsers)
        self._starts = SessionStarts(self.http.get_bot_gateway, services.key_values, link.clock, link.failed)
        self.connections = Shards(self, self._starts, self._count_shards, link.shards)
        self._interface = interface
        self._afterwards: set[asyncio.Task[None]] = set()

    async def press(self, interaction: "Interaction", code: str, about: str, mark: str) -> None:
        """Handles a press on a button or select of ours, on a message of any age."""
        await self._interface.press(interaction, code, about, mark)

    async def setup_hook(self) -> None:
        for extension in self._interface.extensions:
            await self.load_extension(extension)
        self.add_dynamic_items(*self._interface.buttons)
        await self.tree.set_translator(self._interface.translator)
        await self._sync_commands()

    async def _sync_commands(self) -> None:
        """Registers our commands unless Discord has them already: syncs are limited to 200 a day."""
        declared = await declared_commands(self.tree, self._interface.translator)
        known = await self.services.key_values.get_value(SYNCED)
        try:
            if known and known == fingerprint(self.application_id, declared, await self._given_commands()):
                return
            given = await self.tree.sync()
        except (discord.HTTPException, discord.RateLimited):
            log.exception("the commands could not be registered at Discord; the next start tries again")
            return
        except UNREADABLE as error:
            log.error(
                "Discord's answer to the commands cannot be parsed; the next start registers them again: %r", error
            )
            return
        await self.services.key_values.set_value(SYNCED, fingerprint(self.application_id, declared, given))
        log.info("registered %d commands at Discord", len(given))

    async def _given_commands(self) -> list[app_commands.AppCommand]:
        """The commands at Discord; none if discord.py cannot parse them, so that they are registered again."""
        try:
            return await self.tree.fetch_commands()
        except (discord.HTTPException, discord.RateLimited):
            raise
        except UNREADABLE as error:
            log.error("Discord's list of the commands cannot be parsed: %r", error)
            return []

    async def connect(self, *, reconnect: bool = True) -> None:
        """Until cancelled; connections are always opened again. Raises what `Shards.run` raises."""
        del reconnect
        await self.connections.run()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Instead of discord.py's wait of 5 s: the shard has waited for its turn."""
        del initial
        await self._starts.identifies(shard_id or 0)

    def _count_shards(self, count: int) -> None:
        self.shard_count = self._connection.shard_count = count
        self._connection.shard_ids = range(count)

    def _ready_of_shard(self, data: Any) -> None:
        """Also removes servers that the bot left while the shard was not connected: discord.py keeps them."""
        self._parse_ready(data)
        shard_id, present = data["shard"][0], {int(guild["id"]) for guild in data["guilds"]}
        self.connections.learned(shard_id)
        for guild in [each for each in self.guilds if each.shard_id == shard_id and each.id not in present]:
            self._connection.parsers["GUILD_DELETE"]({"id": str(guild.id)})

    def afterwards(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs something after a person was answered; it may be cancelled without loss."""
        task = asyncio.create_task(work, name="afterwards")
        self._afterwards.add(task)
        task.add_done_callback(self._afterwards.discard)

    async def close(self) -> None:
        """Waits a short time for pending answers to people, and cancels no transaction midway."""
        try:
            await cancel_and_wait(self._afterwards)
            answering = {task for task in asyncio.all_tasks() if task.get_name().startswith(_ANSWERING)}
            if answering:
                _, late = await asyncio.wait(answering, timeout=_LAST_ANSWERS)
                await cancel_and_wait(late)
            await self.connections.close()
            await super().close()
        finally:
            await self.http.close()  # also if this was cancelled

    async def on_message(self, _message: discord.Message, /) -> None:
        """Ignored: commands are slash commands, and other texts are handled by a listener."""

    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self.services.watches.unblock(guild.id)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self._note_servers()
        await self.services.watches.unblock(guild.id)

    async def _note_servers(self) -> None:
        """Not before all shards have said which servers there are: the others would count as left."""
        if not self.connections.known:
            return
        present = {guild.id for guild in self.guilds}
        await self.services.preferences.resume_posts_of_absent(present)
        await self.services.library.note_servers(present)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Messages for this channel go to their people instead."""
        await self.services.watches.unblock(channel.guild.id)

    async def on_raw_thread_delete(self, thread: discord.RawThreadDeleteEvent) -> None:
        await self.services.watches.unblock(thread.guild_id)

    async def on_guild_channel_update(self, _before: object, channel: discord.abc.GuildChannel) -> None:
        await self.services.watches.unblock(channel.guild.id)

    async def on_guild_update(self, _before: object, guild: discord.Guild) -> None:
        """For example its owner or its verification level has changed."""
        await self.services.watches.unblock(guild.id)

    async def on_guild_role_update(self, _before: object, role: discord.Role) -> None:
        await self.services.watches.unblock(role.guild.id)

    async def on_thread_update(self, _before: object, thread: discord.Thread) -> None:
        await self.services.watches.unblock(thread.guild.id)

    async def on_thread_join(self, thread: discord.Thread) -> None:
        """Also sent when a thread is unarchived."""
        await self.services.watches.unblock(thread.guild.id)

    async def on_member_update(self, _before: object, member: discord.Member) -> None:
        """Without the members intent, this is only sent for the bot itself."""
        await self.services.watches.unblock(member.guild.id)

    async def on_shard_ready(self, shard_id: int) -> None:
        servers, count = sum(each.shard_id == shard_id for each in self.guilds), len(self.connections)
        shard = f"shard {shard_id} of {count}" if count > 1 else f"as {self.user}"
        log.info("connected to Discord, %s, in %d servers", shard, servers)
        await self._note_servers()


Interaction: TypeAlias = discord.Interaction[SunoBot]
