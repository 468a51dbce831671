"""Discord's errors become ours, for whatever the bot sends or edits by itself."""

from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager

import aiohttp
import discord

from bot.domain.discord_errors import MessagePart
from bot.errors import PostError


@asynccontextmanager
async def post_errors(parts: AbstractSet[MessagePart] = frozenset()) -> AsyncIterator[None]:
    """Raises PostError for errors of Discord and the network. `parts`: optional parts of the message."""
    try:
        yield
    except PostError as error:
        error.parts = error.parts or parts
        raise
    except discord.RateLimited as error:
        message = "Discord asks to wait"
        raise PostError(message, status=429, retry_after=error.retry_after, parts=parts) from error
    except discord.HTTPException as error:
        message = f"{error.status} {error.code} {error.text}"
        raise PostError(message, status=error.status, code=error.code, parts=parts) from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise PostError(f"Discord cannot be reached: {type(error).__name__}", parts=parts) from error
