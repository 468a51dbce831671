"""Requests to Discord with the token, without opening the connection for events."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord
from discord.ext import commands

from bot.errors import DiscordUnreachable
from bot.outage import why

_MAX_WAIT = 60  # seconds: if Discord asks to wait longer, it counts as unreachable


@asynccontextmanager
async def logged_in(token: str) -> AsyncIterator[commands.Bot]:
    """Raises DiscordUnreachable, also for requests within the context, or discord.LoginFailure for a refused token."""
    intents = discord.Intents(guilds=True)
    async with commands.Bot((), intents=intents, help_command=None, max_ratelimit_timeout=_MAX_WAIT) as bot:
        try:
            await bot.login(token)
            yield bot
        except (OSError, aiohttp.ClientError, discord.HTTPException, discord.RateLimited) as error:
            raise DiscordUnreachable(why(error)) from error
