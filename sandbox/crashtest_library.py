"""Kills the bot repeatedly while it posts charts and adds earlier posts to the library, and counts what is lost or
doubled: `python -m sandbox.crashtest_library`.

The real program runs in its own process, against a local Discord that keeps running, and is killed with SIGKILL right
after a chart was posted, or at any time. In the end each server must have its chart once, and the library each earlier
song. `--forgetful`: Discord does not recognise nonces, so only its history shows what has arrived.
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections import Counter
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.charts import Chart
from bot.domain.library import NewSong, PostedAt, Song
from bot.domain.task import Clip, Status, Task, TaskKind
from bot.storage.charts import ChartStore
from bot.storage.database import open_database, open_read_only
from bot.storage.library import LibraryStore
from bot.storage.past_posts import BEFORE
from bot.storage.schema import answers, deliveries, key_values, tasks, watches
from sandbox.connected_bot import connected_bot
from sandbox.local_discord.faults import Fault
from sandbox.local_discord.server import LocalDiscord
from sandbox.local_discord.world import Object, World

_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.crash.test-that-opens-nothing-0123456789"
_PATIENCE = 3.0  # seconds for the moment at which the bot is killed
_LONGEST = 90.0  # seconds from the last start until all must be there
_ANSWER = 0.05  # seconds that Discord takes to answer: time to be killed in
_BEFORE = 1_000_000  # the number of the first delivery that needs no adding
# As text, since they read whole tables, which the bot's own statements may not.
_STAR_ALL = "INSERT INTO stars (song_id, user_id, starred_at) SELECT id, user_id, ? FROM library"
_COUNTS = {
    "waiting": "SELECT (SELECT count(*) FROM notes WHERE key = 'library_before')"
    " + (SELECT count(*) FROM chart_posts WHERE state <> 'sent')",
    "songs": "SELECT count(*) FROM library WHERE task_id LIKE 'past-%'",
}


@dataclass
class LibraryOutcome:
    charts: int
    past_songs: int
    kills: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled)

    def __str__(self) -> str:
        kills = ", ".join(f"{count} {when}" for when, count in sorted(self.kills.items()))
        head = f"{self.charts} charts, {self.past_songs} earlier songs, {self.kills.total()} kills ({kills})"
        details = [f"  lost: {each}" for each in self.lost] + [f"  doubled: {each}" for each in self.doubled]
        return "\n".join([f"{head}: {len(self.lost)} lost, {len(self.doubled)} doubled", *details])


class LibraryCrashTest:
    def __init__(self, *, servers: int, past_songs: int, kills: int, seed: int, forgetful: bool = False) -> None:
        self._dice = random.Random(seed)
        self._kills = kills
        self._forgetful = forgetful
        self._past_songs = past_songs
        self._world = World()
        ada = self._world.add_user("Ada")
        guilds = [self._world.add_guild(f"Server {number}", owner=ada) for number in range(servers)]
        self._places = [self._world.add_channel(guild, "songs") for guild in guilds]
        self._outcome = LibraryOutcome(servers, past_songs)

    async def run(self) -> LibraryOutcome:
        with tempfile.TemporaryDirectory(prefix="suno-watch-crash-") as folder:
            async with LocalDiscord(token=_TOKEN, world=self._world) as self._discord:
                self._discord.rest.limits.enforced = False
                self._discord.starts.interval = 0.0  # it is killed between the steps of charts, not of connections
                if self._forgetful:
                    self._discord.messages.nonce_life = 0.0
                slow = Fault(r"/messages$", 200, method="POST", after=True, delay=_ANSWER, times=sys.maxsize)
                self._discord.faults.order(slow)
                self._url = f"sqlite:///{folder}/bot.db"
                self._engine_url = self._url.replace("sqlite:", "sqlite+aiosqlite:")
                async with open_database(self._engine_url) as engine:
                    await self._fill(engine)
                for _ in range(self._kills):
                    async with self._bot() as bot:
                        await self._kill(bot)
                async with self._bot():
                    await self._until_done()
                await self._count()
        return self._outcome

    async def _fill(self, engine: AsyncEngine) -> None:
        """A chart for each server that is due, with a song that somebody starred; and posts of an older version."""
        now, charts, songs = time.time(), ChartStore(engine), LibraryStore(engine)
        for number, place in enumerate(self._places):
            guild_id, channel_id = int(place["guild_id"]), int(place["id"])
            await charts.turn_on(
                Chart(
                    guild_id=guild_id,
                    channel_id=channel_id,
                    weekday=0,
                    hour=0,
                    user_id=1,
                    counted_until=now - 86_400,
                    due_at=now,
                )
            )
            await songs.keep([_song(f"chart-{number}", guild_id, channel_id, now)])
        async with engine.begin() as connection:
            await connection.exec_driver_sql(_STAR_ALL, (now - 60.0,))
            for number in range(self._past_songs):
                for table, row in _past_post(number, self._places[number % len(self._places)], now):
                    await connection.execute(insert(table).values(row))
            await connection.execute(insert(key_values).values(key=BEFORE, value=str(_BEFORE)))

    def _bot(self) -> AbstractAsyncContextManager[Process]:
        # Nothing is asked at the gateway's address.
        return connected_bot(self._discord, suno_base_url=self._discord.url, database_url=self._url)

    async def _kill(self, bot: Process) -> None:
        """After a few more charts were posted, whose answers are on their way; or in the midst of earlier posts."""
        if bot.returncode is not None:
            raise RuntimeError("the bot ended by itself")
        before, after = self._posted().total(), self._dice.randrange(1, 5)
        moment = self._dice.choice(("while a chart is posted", "at any time"))
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE if moment != "at any time" else self._dice.uniform(0.1, 2.0)):
                while self._posted().total() < before + after or moment == "at any time":
                    await asyncio.sleep(0.001)
        await asyncio.sleep(self._dice.choice((0.0, 0.01, _ANSWER, 2 * _ANSWER)))
        bot.send_signal(signal.SIGKILL)
        await bot.wait()
        self._outcome.kills[moment] += 1

    def _posted(self) -> Counter[str]:
        """How many charts there are, by server."""
        return Counter(
            str(place["guild_id"])
            for place in self._places
            for message in self._discord.world.messages[place["id"]].values()
            if message["author"]["bot"]
        )

    async def _until_done(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST):
                while len(self._posted()) < len(self._places) or await self._rows("waiting"):
                    await asyncio.sleep(0.2)
        await asyncio.sleep(2.0)  # for what must not come

    async def _rows(self, what: str) -> int:
        """`waiting`: what is still to be done; `songs`: earlier ones in the library."""
        async with (
            open_read_only(self._url.replace("sqlite:", "sqlite+aiosqlite:")) as engine,
            engine.connect() as connection,
        ):
            return int((await connection.exec_driver_sql(_COUNTS[what])).scalar() or 0)

    async def _count(self) -> None:
        posted, outcome = self._posted(), self._outcome
        for place in self._places:
            count = posted[str(place["guild_id"])]
            outcome.lost += [f"the chart of {place['guild_id']}"] if count == 0 else []
            outcome.doubled += [f"the chart of {place['guild_id']}"] if count > 1 else []
        found = await self._rows("songs")
        outcome.lost += [f"{self._past_songs - found} earlier songs"] if found < self._past_songs else []
        outcome.doubled += [f"{found - self._past_songs} earlier songs"] if found > self._past_songs else []


def _song(task_id: str, guild_id: int, channel_id: int, now: float) -> NewSong:
    place = PostedAt(guild_id=guild_id, channel_id=channel_id, parent_id=channel_id, message_id=channel_id + 1)
    song = Song(
        task_id=task_id,
        number=1,
        clip_id=f"{task_id}-clip",
        gateway="default",
        user_id=1,
        title=task_id,
        style="folk",
        posted_at=now,
        place=place,
    )
    return NewSong(song=song, lyrics="", newest=True)


def _past_post(number: int, place: Object, now: float) -> list[tuple[Any, dict[str, Any]]]:
    """The rows that an older version left of a post."""
    task_id = f"past-{number}"
    clip = Clip(id=f"{task_id}-clip", status=Status.DONE, title=task_id, audio_url="https://example.com/a.mp3")
    task = Task(id=task_id, kind=TaskKind.MUSIC, status=Status.DONE, clips=(clip,))
    channel_id, guild_id = int(place["id"]), int(place["guild_id"])
    about: dict[str, Any] = {"task_id": task_id, "user_id": 1, "channel_id": channel_id, "guild_id": guild_id}
    watch = about | {
        "id": number + 1, "mentions": "[]", "lyrics_id": "", "live": False, "locale": "en-US", "user_locale": "en-US",
        "created_at": now, "announced": "[]", "quiet_announced": False, "live_announced": False,
        "outcome": "delivered", "card_shows": "",
    }  # fmt: skip
    delivery = {
        "seq": number + 1, "id": f"d{number}", "watch_id": number + 1, "channel_id": channel_id, "topic": "songs",
        "clips": msgspec.json.encode([key for key, _ in task.keyed()]).decode(), "created_at": now, "state": "sent",
        "reason": "", "due_at": now, "lease_until": 0.0, "attempts": 0, "parked": False, "message_id": number + 1,
        "sent_at": now,
    }  # fmt: skip
    row = {"task_id": task_id, "gateway": "default", "status": "done", "misses": 0, "lease_until": 0.0}
    answer = {"task_id": task_id, "task": msgspec.json.encode(task).decode()}
    return [(tasks, row), (answers, answer), (watches, watch), (deliveries, delivery)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", type=int, default=100)
    parser.add_argument("--past-songs", type=int, default=600)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--forgetful", action="store_true", help="Discord forgets nonces at once")
    chosen = parser.parse_args()
    outcome = asyncio.run(LibraryCrashTest(**vars(chosen)).run())
    sys.stdout.write(f"seed {chosen.seed}: {outcome}\n")
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main())
