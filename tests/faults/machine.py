"""Faults of the machine that the bot runs on: its database and its clock."""

import asyncio
import errno
import os
import sqlite3
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from bot.__main__ import Exit
from bot.storage.schema import REVISION
from sandbox.local_discord.faults import Fault
from tests.faults.discord import POSTS
from tests.faults.rows import HOUR, MINUTE, Begin, Fate, Row
from tests.faults.scenario import SONGS, TASK, Scenario

_GARBAGE = b"no database, and long enough to be read as one\n" * 1_000
_LOCK = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""
_HOLD = """
import sys
from pathlib import Path
from bot.storage.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def pragma(scenario: Scenario, pragmas: Callable[[], str]) -> None:
    """From now on every transaction of the bot begins with this."""

    def set_up(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA {pragmas()}")

    event.listen(Engine, "begin", set_up)
    scenario.later.callback(event.remove, Engine, "begin", set_up)


def with_pragma(bad: str, good: str, when: Callable[[Scenario], Any] = bool) -> Begin:
    """The connections to the database are set up badly, `when` that is so."""

    @asynccontextmanager
    async def begin(scenario: Scenario) -> AsyncIterator[None]:
        over = False
        pragma(scenario, lambda: bad if when(scenario) and not over else good)
        yield
        over = True

    return begin


@asynccontextmanager
async def no_room(_scenario: Scenario) -> AsyncIterator[None]:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        yield


@asynccontextmanager
async def locked(scenario: Scenario) -> AsyncIterator[None]:
    """By another process; the bot waits for a lock, but here not for long."""
    pragma(scenario, lambda: "busy_timeout = 20")
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _LOCK, scenario.database, stdin=PIPE, stdout=PIPE
    )
    assert other.stdout
    await other.stdout.readline()
    try:
        yield
    finally:
        await other.communicate(b"")


@asynccontextmanager
async def full(scenario: Scenario) -> AsyncIterator[None]:
    """No page more; and what is to be written needs some."""
    songs = tuple(replace(song, lyrics="La la la.\n" * 2_000) for song in SONGS)
    scenario.env.gateway.add(replace(TASK, songs=songs), age=10)
    async with with_pragma("max_page_count = 1", "max_page_count = 1000000")(scenario):
        yield


@asynccontextmanager
async def broken(scenario: Scenario) -> AsyncIterator[None]:
    """And then put back from a copy."""
    content = scenario.database.read_bytes()
    scenario.database.write_bytes(_GARBAGE)
    yield
    scenario.database.write_bytes(content)


def changed(statement: str, back: str) -> Begin:
    """What is in the database."""

    @asynccontextmanager
    async def begin(scenario: Scenario) -> AsyncIterator[None]:
        def execute(each: str) -> None:
            with closing(sqlite3.connect(scenario.database)) as database, database:
                database.execute(each)

        await asyncio.to_thread(execute, statement)
        yield
        await asyncio.to_thread(execute, back)

    return begin


@asynccontextmanager
async def held(scenario: Scenario) -> AsyncIterator[None]:
    """By another bot, which knows the database by another name; and the lock file is gone."""
    name = scenario.database.with_name("second-name.db")
    name.hardlink_to(scenario.database)
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", _HOLD, name, stdin=PIPE, stdout=PIPE)
    assert other.stdout
    await other.stdout.readline()
    scenario.database.with_name(f"{scenario.database.name}.lock").unlink()
    yield
    await other.communicate(b"")
    name.unlink()


def clock_set(seconds: float) -> Begin:
    """The system's clock; then it is set right."""

    @asynccontextmanager
    async def begin(scenario: Scenario) -> AsyncIterator[None]:
        with scenario.patch.context() as patch:
            true = time.time
            patch.setattr("time.time", lambda: true() + seconds)
            yield

    return begin


@asynccontextmanager
async def post_unheard_of(scenario: Scenario) -> AsyncIterator[None]:
    """It arrives, and then Discord says nothing more, until the bot is stopped."""
    faults = scenario.discord.faults
    faults.order(Fault(POSTS, 0, method="POST", after=True))
    faults.fail(POSTS, 503, times=1_000)
    yield
    faults.clear()


def failing(name: str, fault: Begin) -> Row:
    """The database, while the bot runs."""
    return Row(name, fault, watch="err.storage", within=MINUTE)


def wrong(name: str, *clocks: float) -> Row:
    """The clock, before and after a restart."""
    return Row(name, post_unheard_of, fate=Fate.ARRIVES, clocks=clocks)


ROWS = (
    failing("the database is locked by another process", locked),
    Row("the disk is full", full, within=MINUTE),
    failing("the database cannot be written", with_pragma("query_only = ON", "query_only = OFF")),
    Row(
        "the database fails when a song is fetched for its post",
        with_pragma("query_only = ON", "query_only = OFF", lambda scenario: scenario.env.gateway.media_requests),
        within=MINUTE,
    ),
    Row(
        "the database fails when a post is to be recorded",
        with_pragma("query_only = ON", "query_only = OFF", lambda scenario: scenario.env.posted(scenario.channel)),
        fate=Fate.ARRIVES,
        within=MINUTE,
    ),
    Row("there is no room on the disk for songs", no_room, "audio.noroom", within=MINUTE),
    Row("the clock is set an hour forwards", clock_set(HOUR), fate=Fate.ARRIVES),
    Row("the clock is set an hour back", clock_set(-HOUR), fate=Fate.ARRIVES),
)

AT_A_RESTART = (
    wrong("a restart, and the clock an hour fast", 0, HOUR),
    wrong("a restart, and the clock an hour slow", 0, -HOUR),
    wrong("a restart, and the clock no longer an hour fast", HOUR, 0),
    wrong("a restart, and the clock no longer an hour slow", -HOUR, 0),
)

AT_THE_START = (
    Row(
        "the database is broken", broken, exits=Exit.STORAGE, log="the database cannot be used: file is not a database"
    ),
    Row(
        "the database has an unknown revision",
        changed(
            "UPDATE alembic_version SET version_num = 'x'", f"UPDATE alembic_version SET version_num = '{REVISION}'"
        ),
        exits=Exit.STORAGE,
        log="the database has revision 'x', which is none of this program's",
    ),
    Row(
        "another bot has the same database, by a hard link, and its lock file was deleted",
        held,
        exits=Exit.STORAGE,
        log="another bot is running on",
    ),
)
