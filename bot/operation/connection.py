"""Discord, as far as it can be asked without being connected: with the token, by single requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord
from discord.ext import commands

from bot.errors import DiscordUnreachable


@asynccontextmanager
async def logged_in(token: str) -> AsyncIterator[commands.Bot]:
    """Raises DiscordUnreachable, also for what is asked within, or discord.LoginFailure for a refused token."""
    async with commands.Bot((), intents=discord.Intents(guilds=True), help_command=None) as bot:
        try:
            await bot.login(token)
            yield bot
        except (OSError, aiohttp.ClientError, discord.HTTPException) as error:
            raise DiscordUnreachable(type(error).__name__) from error
