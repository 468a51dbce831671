"""Discord, as far as it can be asked without being connected: with the token, by single requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord
from discord.ext import commands

from bot.errors import DiscordUnreachable
from bot.reachability import why

_PATIENCE = 60  # seconds for which Discord may ask to wait, before it counts as unreachable


@asynccontextmanager
async def logged_in(token: str) -> AsyncIterator[commands.Bot]:
    """Raises DiscordUnreachable, also for what is asked within, or discord.LoginFailure for a refused token."""
    intents = discord.Intents(guilds=True)
    async with commands.Bot((), intents=intents, help_command=None, max_ratelimit_timeout=_PATIENCE) as bot:
        try:
            await bot.login(token)
            yield bot
        except (OSError, aiohttp.ClientError, discord.HTTPException, discord.RateLimited) as error:
            raise DiscordUnreachable(why(error)) from error
