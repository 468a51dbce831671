"""Ends asyncio.Tasks, even if they lose a cancellation, and ends the program, even if something does not end."""

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Collection, Coroutine, Iterator
from contextlib import contextmanager
from itertools import count
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

_INTERVAL = 1.0  # seconds
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_DEADLINE = 7.0  # seconds from the signal to the end of the process, whatever is still running

log = logging.getLogger(__name__)


async def cancel_and_wait(tasks: Collection[asyncio.Task[Any]], *, tries: int | None = None) -> None:
    """Cancels them until they have ended, at most so many times, a second apart. Their results are ignored.

    Once may not be enough: on Python 3.11 `asyncio.wait_for`, which discord.py uses while it connects, loses a
    cancellation that arrives together with the awaited result.
    """
    left = {task for task in tasks if not task.done()}
    for _ in count() if tries is None else range(tries):
        if not left:
            return
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_INTERVAL)


async def complete(work: Coroutine[Any, Any, T]) -> T:
    """Work that must not end half-way: if the caller is cancelled meanwhile, it is completed first."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


async def insist(task: asyncio.Task[Any]) -> None:
    """Cancels an asyncio.Task, and makes sure that those it started end, too.

    A TaskGroup cancels its tasks once. One that goes on, because a library turned the cancellation into an error or a
    result, is recognised by its number of cancellation requests, and cancelled again.
    """
    task.cancel()
    while not task.done():
        await asyncio.wait({task}, timeout=_INTERVAL)
        for each in asyncio.all_tasks() - {task, asyncio.current_task()}:
            if each.cancelling():
                log.debug("%s was cancelled and goes on: cancelling it again", each.get_name())
                each.cancel()


@contextmanager
def ended_by_signal(task: asyncio.Task[Any]) -> Iterator[None]:
    """SIGTERM and Ctrl-C end the task, and after a time the process, even if something cannot be cancelled.

    For example, Python waits for a thread that waits for a name server or a disk, however long that takes. Everything
    to keep is in the database, which a kill does not harm.
    """
    loop, outcome = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    def begin() -> None:
        if not outcome:
            outcome.add(loop.create_task(insist(task), name="ending"))

    def handle(_number: int, _frame: FrameType | None) -> None:
        timer = threading.Timer(_DEADLINE, _exit)
        timer.daemon = True
        timer.start()
        loop.call_soon_threadsafe(begin)

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit() -> None:
    log.warning("stopped without waiting any longer for what cannot be interrupted")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)
