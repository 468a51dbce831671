"""The composition root: opens, wires, runs and closes everything; the only file that knows everyone."""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import discord
import stamina

from bot.client import Interface, Services, SunoBot
from bot.config import Settings
from bot.gateways.gateway import Gateway
from bot.gateways.media import Media
from bot.services.lookup import Lookup
from bot.services.recordings import Recordings
from bot.storage.database import open_database
from bot.storage.store import Store
from bot.ui.buttons import TaskButton
from bot.ui.failures import Tree
from bot.ui.locales import Translator

_BAD_TOKEN = 4004  # the Discord connection's close code
_UNREACHABLE = (OSError, aiohttp.ClientError, discord.DiscordServerError)

log = logging.getLogger(__name__)


async def run(settings: Settings) -> None:
    """Until SIGTERM or Ctrl-C. Raises StorageError, or discord.LoginFailure for a refused token."""
    serving = asyncio.create_task(serve(settings))
    with contextlib.suppress(NotImplementedError):  # on Windows, where Ctrl-C raises KeyboardInterrupt instead
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    # Waiting does not raise, so that a cancellation is told from a failure below.
    await asyncio.wait({serving})
    if serving.cancelled():
        log.info("stopped")
    else:
        serving.result()


async def serve(settings: Settings) -> None:
    """Until cancelled."""
    async with AsyncExitStack() as stack:
        services = await _open_services(settings, stack)
        bot = await stack.enter_async_context(_logged_in(services, settings.discord_token.get_secret_value()))
        try:
            await bot.connect()
        except discord.ConnectionClosed as error:
            if error.code == _BAD_TOKEN:
                raise discord.LoginFailure("Discord closed the connection: bad token") from error
            raise


async def _open_services(settings: Settings, stack: AsyncExitStack) -> Services:
    engine = await stack.enter_async_context(open_database(settings.database_url))
    session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
    media = await stack.enter_async_context(Media(allow_hosts=settings.media_allow_hosts))
    gateways = [
        Gateway(name, gateway.base_url, gateway.api_key.get_secret_value(), session)
        for name, gateway in settings.gateways.items()
    ]
    lookup = Lookup(gateways, max_age=settings.poll_interval_seconds, clock=time.monotonic)
    stack.push_async_callback(lookup.close)
    return Services(
        store=Store(engine), lookup=lookup, recordings=Recordings(media), upload_limit=settings.upload_limit
    )


@asynccontextmanager
async def _logged_in(services: Services, token: str) -> AsyncIterator[SunoBot]:
    """A Discord that cannot be reached is asked again until it can; only a refused token is final."""
    interface = Interface(extensions=("cogs.suno",), buttons=(TaskButton,), translator=Translator(), tree=Tree)
    async for attempt in stamina.retry_context(on=_UNREACHABLE, attempts=None, timeout=None, wait_max=60):
        with attempt:
            bot = SunoBot(services, interface)  # a new one for each attempt: it cannot log in twice
            try:
                await bot.login(token)
            except BaseException:
                await bot.close()
                raise
    try:
        yield bot
    finally:
        await bot.close()
