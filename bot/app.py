"""The composition root: opens, connects, runs and closes everything; the only file that knows all parts."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import aiohttp
import discord
import stamina
from msgspec import Struct

from bot.client import Interface, Link, Services, SunoBot
from bot.config import Settings
from bot.errors import LeadershipLost, SettingsError, StorageError
from bot.gateways.connection import Connector
from bot.gateways.extras import ExtrasGateway
from bot.gateways.gateway import Gateway
from bot.gateways.media import Media
from bot.gateways.send_guard import guard
from bot.monitor.health import Health, Monitor
from bot.ordering import Sending, open_orders
from bot.reachability import Reachability, WithoutAttempts
from bot.services.archives.service import Archives
from bot.services.batches import Batches
from bot.services.clip_files import ClipFiles
from bot.services.clock import Clock, Wakeup
from bot.services.delivery.live_cards import LiveCards
from bot.services.delivery.notifier import Notifier
from bot.services.delivery.overview import Deliveries
from bot.services.delivery.sender import Sender
from bot.services.extras import Extras
from bot.services.history import History
from bot.services.library.workers import LibraryWorkers
from bot.services.lookup import Lookup
from bot.services.orders.service import Orders
from bot.services.orders.workers import OrderWorkers
from bot.services.playlists import Playlists
from bot.services.polling.poller import Poller
from bot.services.polling.sources import poll_sources
from bot.services.preferences import Preferences
from bot.services.retention import prune
from bot.services.task_ids import TaskIds
from bot.services.text_worker import TextWorker
from bot.services.watches import Watches
from bot.shards import BAD_TOKEN, SHARDING_REQUIRED
from bot.shutdown import cancel_and_wait, ended_by_signal
from bot.storage.backup import COPIED
from bot.storage.database import open_database, open_seat
from bot.storage.seat import Database
from bot.storage.stores import Stores
from bot.ui.features.create.notices import OrderNotices
from bot.ui.interactions.access import AccessPolicy
from bot.ui.interactions.dispatch import dispatch
from bot.ui.interactions.errors import Tree
from bot.ui.interactions.places import place_of_past
from bot.ui.outgoing.chart_poster import DiscordChartPoster
from bot.ui.outgoing.operator import Operator
from bot.ui.outgoing.poster import DiscordPoster
from bot.ui.outgoing.star_poster import DiscordStarPoster
from bot.ui.render.components import DYNAMIC_ITEMS
from bot.ui.render.locales import Translator
from cogs import EXTENSIONS

_LET_OTHERS_LEAD = 5.0  # seconds, if the database failed when this process began to lead
_LOGIN_WAIT = 15.0  # seconds, at most
_LOGIN_RETRIES = (OSError, aiohttp.ClientError, discord.HTTPException, discord.RateLimited)

log = logging.getLogger(__name__)


async def run(settings: Settings) -> None:
    """Until SIGTERM or Ctrl-C. Raises StorageError, or discord.LoginFailure for a refused token."""
    # The modules stay: without this, the garbage collector looks through them again and again, for a tenth of a second.
    gc.collect()
    gc.freeze()
    serving = asyncio.create_task(serve(settings))
    with ended_by_signal(serving):
        # `wait` does not raise, so that a cancellation can be distinguished from a failure below.
        await asyncio.wait({serving})
    if serving.cancelled():
        log.info("stopped")
    else:
        serving.result()


class _Program(Struct, frozen=True):
    """What runs besides the connection to Discord."""

    services: Services
    stores: Stores
    gateways: Sequence[Gateway]
    poller: Poller
    clock: Clock
    on_new_delivery: Wakeup  # signals new messages
    health: Health
    orders: OrderWorkers
    library: LibraryWorkers


async def migrate(settings: Settings) -> None:
    """Upgrades the database to this program's revision. Raises StorageError, for example if the bot is running."""
    async with open_database(settings.database_url):
        log.info("the database is up to date: %s", settings.database_name)


async def serve(settings: Settings, clock: Clock | None = None) -> None:
    """Until cancelled: leads, or waits for its turn to lead."""
    async with open_seat(settings.database_url) as seat:
        monitor = Monitor(lambda: seat.state)
        async with _monitored(settings, monitor):
            while True:  # after a lost term, all that is in memory is made anew
                try:
                    async with seat.term(wait=True) as database:
                        await _lead(settings, database, clock or Clock(database.now), monitor)
                except LeadershipLost:  # the log has said why
                    continue
                except StorageError as error:
                    if not seat.shared:
                        raise
                    log.error("this process could not begin to lead, and waits as a standby: %s", error)
                    await asyncio.sleep(_LET_OTHERS_LEAD)


@asynccontextmanager
async def _monitored(settings: Settings, monitor: Monitor) -> AsyncIterator[None]:
    """Raises SettingsError."""
    if settings.http_port is None:
        yield
        return
    from bot.monitor.server import monitored

    async with monitored(monitor, settings.http_host, settings.http_port):
        yield


async def _lead(settings: Settings, database: Database, clock: Clock, monitor: Monitor) -> None:
    """Until cancelled."""
    async with AsyncExitStack() as stack:
        program = await _open(settings, database, clock, stack)
        stack.enter_context(monitor.of(program.health))
        reachability = await stack.enter_async_context(_reported(clock))
        bot = await stack.enter_async_context(
            _logged_in(program.services, settings, Link(clock, reachability.failed, settings.shards, database.check))
        )
        reachability.shards = bot.connections.conditions
        program.health.shards = bot.connections.conditions
        program.health.interaction_age = lambda: bot.events.interaction_age
        clock.set()  # a machine without a clock battery may have got the time by now: TLS does not work before
        await _resume(program.stores, settings, database, clock)
        try:
            async with asyncio.TaskGroup() as workers:
                workers.create_task(clock.keep_up(), name="clock")
                workers.create_task(program.poller.run(Operator(bot, program.gateways).notify), name="poller")
                workers.create_task(_run_senders(program, bot, settings), name="senders")
                await _connected(bot)
        except BaseExceptionGroup as group:
            raise _cause(group, settings) from group


async def _connected(bot: SunoBot) -> None:
    """Until cancelled, for which the connection may need several cancellations."""
    connection = asyncio.create_task(bot.connect(), name="connection")
    try:
        await asyncio.wait({connection})
    finally:
        await cancel_and_wait({connection})
    connection.result()


def _cause(group: BaseExceptionGroup[BaseException], settings: Settings) -> BaseException:
    """The error that ended the program: a worker that fails cancels the others."""
    first = group.exceptions[0]
    if isinstance(first, BaseExceptionGroup):
        return _cause(first, settings)
    if isinstance(first, discord.ConnectionClosed):
        return _refusal(first, settings)
    return first


def _refusal(closed: discord.ConnectionClosed, settings: Settings) -> BaseException:
    if closed.code == BAD_TOKEN:
        return discord.LoginFailure("Discord closed the connection: bad token")
    if closed.code == SHARDING_REQUIRED and settings.shards:
        return SettingsError(
            [f"SHARDS: Discord requires more than {settings.shards}; remove it to use Discord's advice"]
        )
    return closed


async def _run_senders(program: _Program, bot: SunoBot, settings: Settings) -> None:
    """Everything that sends to Discord by itself. Starts when the first shard knows its servers; messages for servers
    of the others wait for theirs.
    """
    await bot.connections.wait_for_first()
    stores, clock, library = program.stores, program.clock, program.library
    poster = DiscordPoster(bot, settings.upload_limit, clock)
    posters = (DiscordStarPoster(bot), DiscordChartPoster(bot))
    async with asyncio.TaskGroup() as workers:
        workers.create_task(_notifier(program, poster, settings).run(), name="notifier")
        workers.create_task(LiveCards(stores.live_cards, poster, clock).run(), name="live cards")
        workers.create_task(program.orders.run(OrderNotices(bot).notify), name="orders")
        workers.create_task(library.run(*posters, partial(place_of_past, bot)), name="library")
        workers.create_task(prune(stores, program.gateways, clock, program.on_new_delivery.send), name="pruning")


def _notifier(program: _Program, poster: DiscordPoster, settings: Settings) -> Notifier:
    outbox, clock, clip_files = program.stores.outbox, program.clock, program.services.clip_files
    sender = Sender(
        outbox,
        poster,
        clip_files,
        program.services.lookup,
        clock,
        outcomes=program.health.deliveries,
        at_once=settings.messages_at_once,
    )
    wakeup = program.on_new_delivery
    return Notifier(outbox, sender, clip_files.hosts, clock, wakeup, on_sent=program.library.wake)


class _Foundation(Struct, frozen=True):
    """What services and workers are built on."""

    settings: Settings
    stores: Stores
    gateways: Sequence[Gateway]
    lookup: Lookup
    media: Media
    extras: Extras
    session: aiohttp.ClientSession
    clock: Clock


async def _open(settings: Settings, database: Database, clock: Clock, stack: AsyncExitStack) -> _Program:
    base = await _foundation(settings, database, clock, stack)
    on_new_delivery = Wakeup(clock)
    poller = _poller(base, on_new_delivery.send)

    library = LibraryWorkers(base.stores, clock)

    def changed() -> None:
        poller.wake()
        on_new_delivery.send()
        library.wake()
        library.wake_charts()

    orders = await open_orders(
        settings, base.stores, base.lookup, clock, Sending(base.session, database.check), stack, accepted=changed
    )
    services = _services(base, orders.orders, library, changed=changed, on_new_delivery=on_new_delivery.send)
    health = Health(base.stores.backlog, base.gateways, poller, clock)
    return _Program(services, base.stores, base.gateways, poller, clock, on_new_delivery, health, orders, library)


async def _foundation(settings: Settings, database: Database, clock: Clock, stack: AsyncExitStack) -> _Foundation:
    stores = Stores.on(database.engine)
    session = await stack.enter_async_context(
        aiohttp.ClientSession(
            connector=Connector(), cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[guard(database.check)]
        )
    )
    media = await stack.enter_async_context(Media(allow_hosts=settings.media_allow_hosts))
    gateways = _gateways(settings, session)
    await stores.preferences.recall()
    lookup = Lookup(gateways, clock=clock.now)
    stack.push_async_callback(lookup.close)
    extras = Extras(_extras_gateways(settings, session), media, clock)
    stack.push_async_callback(extras.close)
    return _Foundation(settings, stores, gateways, lookup, media, extras, session, clock)


def _poller(base: _Foundation, on_new_delivery: Callable[[], None]) -> Poller:
    poll_interval = base.settings.poll_interval_seconds
    return Poller(
        poll_sources(base.gateways, base.clock, poll_interval=poll_interval),
        base.stores.polls,
        base.stores.key_values,
        base.clock,
        poll_interval=poll_interval,
        on_new_delivery=on_new_delivery,
    )


def _services(
    base: _Foundation,
    orders: Orders,
    library: LibraryWorkers,
    *,
    changed: Callable[[], None],
    on_new_delivery: Callable[[], None],
) -> Services:
    settings, stores = base.settings, base.stores
    task_ids = TaskIds(stores.songs, base.clock)
    clip_files = ClipFiles(base.media)
    return Services(
        key_values=stores.key_values,
        preferences=Preferences(stores.preferences, base.clock, changed),
        history=History(stores.recents),
        lookup=base.lookup,
        batches=Batches(base.gateways, task_ids, stores.batches),
        task_ids=task_ids,
        text_worker=TextWorker(),
        clip_files=clip_files,
        extras=base.extras,
        archives=Archives(base.media, clip_files, base.lookup, base.clock),
        watches=Watches(
            stores,
            task_ids,
            base.clock,
            gateways=[gateway.name for gateway in base.gateways],
            watches_per_user=settings.watches_per_user,
            changed=changed,
        ),
        deliveries=Deliveries(stores.delivery_overview, on_new_delivery),
        orders=orders,
        library=library.library,
        charts=library.charts,
        playlists=Playlists(stores.playlists, base.clock),
        access=AccessPolicy(settings.private_use, settings.private_users, settings.requests_per_minute),
        upload_limit=settings.upload_limit,
        now=base.clock.now,
    )


async def _resume(stores: Stores, settings: Settings, database: Database, clock: Clock) -> None:
    """Restores the state that the last run left behind."""
    failed_over = database.copied_at is not None
    if failed_over:
        log.warning("the database is another server now, and may lack the last moments: what was sent is looked for")
        await stores.key_values.set_value(COPIED, str(database.copied_at))
    await stores.copies.resume(clock.now())
    await stores.polls.resume(list(settings.gateways), clock.now())
    await stores.outbox.resume(clock.now())
    await stores.order_upkeep.resume(clock.now(), perhaps_sent=failed_over)
    await database.settle()


def _gateways(settings: Settings, session: aiohttp.ClientSession) -> list[Gateway]:
    return [
        Gateway(
            name,
            each.base_url,
            each.api_key.get_secret_value(),
            session,
            requests_at_once=settings.gateway_requests_at_once,
            requests_per_second=settings.gateway_requests_per_second,
        )
        for name, each in settings.gateways.items()
    ]


def _extras_gateways(settings: Settings, session: aiohttp.ClientSession) -> list[ExtrasGateway]:
    return [
        ExtrasGateway(name, each.base_url, each.api_key.get_secret_value(), session)
        for name, each in settings.gateways.items()
        if settings.extras == "on"
    ]


@asynccontextmanager
async def _reported(clock: Clock) -> AsyncIterator[Reachability]:
    reachability = Reachability(clock)
    without_attempts = WithoutAttempts()
    logging.getLogger("discord.client").addFilter(without_attempts)
    reporting = asyncio.create_task(reachability.report(), name="reachability")
    try:
        yield reachability
    finally:
        await cancel_and_wait({reporting})
        logging.getLogger("discord.client").removeFilter(without_attempts)


@asynccontextmanager
async def _logged_in(services: Services, settings: Settings, link: Link) -> AsyncIterator[SunoBot]:
    """Retries if Discord cannot be reached, or refuses for a while; only a refused token is final."""
    interface = Interface(
        extensions=EXTENSIONS, buttons=DYNAMIC_ITEMS, press=dispatch, translator=Translator(), tree=Tree
    )

    def is_temporary(error: Exception) -> bool:
        link.failed(error)
        return isinstance(error, _LOGIN_RETRIES)

    async for attempt in stamina.retry_context(on=is_temporary, attempts=None, timeout=None, wait_max=_LOGIN_WAIT):
        with attempt:
            bot = SunoBot(services, interface, link)  # a new one for each attempt: it cannot log in twice
            try:
                await bot.login(settings.discord_token.get_secret_value())
            except BaseException:
                await bot.close()
                raise
    try:
        yield bot
    finally:
        await bot.close()
