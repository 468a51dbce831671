"""Work on files, off the event loop."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class OffLoop:
    """Runs blocking work in a thread, because the disk may be slow: one piece after the other, as one file needs it.

    Each piece completes, even if its caller is cancelled.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def __call__(self, work: Callable[[], T]) -> T:
        return await asyncio.shield(asyncio.create_task(self._do(work)))

    async def _do(self, work: Callable[[], T]) -> T:
        async with self._turn:
            return await asyncio.to_thread(work)
