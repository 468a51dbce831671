"""Ending tasks, also such as forget that they were cancelled; and the program, also when something does not end."""

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import count
from types import FrameType
from typing import Any

_AGAIN = 1.0  # seconds
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LATEST = 7.0  # seconds from the signal to the end, whatever is still going on

log = logging.getLogger(__name__)


async def cancel_and_wait(tasks: Collection[asyncio.Task[Any]], *, tries: int | None = None) -> None:
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


async def insist(task: asyncio.Task[Any]) -> None:
    """Cancel a task, and see to it that what it has started ends, too.

    A group cancels its tasks once. One that went on all the same, as a library made an error or an answer of its
    cancellation, is told by its count of requests, and is cancelled again.
    """
    task.cancel()
    while not task.done():
        await asyncio.wait({task}, timeout=_AGAIN)
        for each in asyncio.all_tasks() - {task, asyncio.current_task()}:
            if each.cancelling():
                log.debug("%s was cancelled and goes on: cancelled again", each.get_name())
                each.cancel()


@contextmanager
def ended_by_signal(task: asyncio.Task[Any]) -> Iterator[None]:
    """SIGTERM and Ctrl-C end the task; and in the end the process, also when something cannot be cancelled.

    Such as a thread that waits for a name server or a disk: Python waits for it, for as long as that takes. What is
    kept is in the database, which a kill does not harm.
    """
    loop, outcome = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    def begin() -> None:
        if not outcome:
            outcome.add(loop.create_task(insist(task), name="ending"))

    def hear(_number: int, _frame: FrameType | None) -> None:
        timer = threading.Timer(_LATEST, _leave)
        timer.daemon = True
        timer.start()
        loop.call_soon_threadsafe(begin)

    before = {number: signal.signal(number, hear) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave() -> None:
    log.warning("stopped, and did not wait any longer for what could not be interrupted")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)
