"""Discord's errors become ours, for whatever the bot sends or edits by itself."""

from collections.abc import AsyncIterator, Iterable
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager

import aiohttp
import discord

from bot.domain.delivery import Reason
from bot.domain.discord_errors import MISSING_PERMISSIONS, MessagePart
from bot.errors import PostError
from bot.ui.interactions.permissions import Missing, preventing

DELETED = 0  # instead of a message id: the message arrived, and was deleted


def refuse_without(missing: Iterable[Missing]) -> None:
    """Raises PostError as Discord would, but without a request, if the bot may not post at all."""
    if needed := preventing(missing):
        names = ", ".join(each.permission.replace("_", " ").title() for each in needed)
        raise PostError(f"needs {names}", status=403, code=MISSING_PERMISSIONS)


@asynccontextmanager
async def post_errors(parts: AbstractSet[MessagePart] = frozenset()) -> AsyncIterator[None]:
    """Raises PostError for errors of Discord and the network. `parts`: optional parts of the message."""
    try:
        yield
    except PostError as error:
        error.parts = error.parts or parts
        raise
    except discord.RateLimited as error:
        raise PostError(Reason.RATE_LIMITED, status=429, retry_after=error.retry_after, parts=parts) from error
    except discord.HTTPException as error:
        message = f"{error.status} {error.code} {error.text}"
        raise PostError(message, status=error.status, code=error.code, parts=parts) from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise PostError(f"{Reason.UNREACHABLE}: {type(error).__name__}", parts=parts) from error
