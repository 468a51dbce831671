"""Looks for a message that was given to Discord, and of which it is not known whether it arrived."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import discord

from bot.ui.outgoing.errors import post_errors
from bot.ui.outgoing.marks import first_with

_USUAL_CLOCK_SKEW = 60.0  # seconds between Discord's clock and ours at most, if ours is synchronised
_MAX_CLOCK_SKEW = 4_000.0  # seconds: an hour, if summer time is set by hand
_HISTORY_LIMIT = 1_000  # messages of a channel that are searched on either side of the attempt


async def find_message(
    channel: discord.PartialMessageable, author: discord.ClientUser | None, tried_at: float, mark: str
) -> int | None:
    """Raises PostError."""
    async with post_errors():
        return await first_with(mark, messages_around(channel, author, tried_at))


async def messages_around(
    channel: discord.PartialMessageable, author: discord.ClientUser | None, tried_at: float
) -> AsyncIterator[discord.Message]:
    """From the attempt on, as if the clocks agree; then before it, latest first, in case ours is fast.

    Without Read Message History Discord returns an empty history, and the message is posted again.
    """
    near = datetime.fromtimestamp(tried_at - _USUAL_CLOCK_SKEW, UTC)
    far = datetime.fromtimestamp(tried_at - _MAX_CLOCK_SKEW, UTC)
    for history in (
        channel.history(limit=_HISTORY_LIMIT, after=near, oldest_first=True),
        channel.history(limit=_HISTORY_LIMIT, before=near, after=far, oldest_first=False),
    ):
        async for message in history:
            if message.author == author:
                yield message
