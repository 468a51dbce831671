"""Ending tasks, also such as forget that they were cancelled."""

import asyncio
from collections.abc import Collection
from itertools import count
from typing import Any

_AGAIN = 1.0  # seconds


async def end(tasks: Collection[asyncio.Task[Any]], *, tries: int | None = None) -> None:
    """Cancel them until they have ended, at most so many times, a second apart. What they end with is theirs.

    Once need not be enough: on Python 3.11 `asyncio.wait_for`, with which discord.py waits while it connects, forgets
    a cancellation that comes together with what it waits for.
    """
    left = {task for task in tasks if not task.done()}
    for _ in count() if tries is None else range(tries):
        if not left:
            return
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN)
