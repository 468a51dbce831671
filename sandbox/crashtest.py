"""Kills the bot repeatedly while it posts songs, and counts lost and doubled posts: `python -m sandbox.crashtest`.

The real program runs in its own process, against a local Discord and a local gateway that keep running. It is killed
with SIGKILL at random moments and started again. In the end everything that was requested must be posted, once, in
order, and byte for byte. `--gently` stops it with SIGTERM, and reports how long the slowest shutdown took. `--shards 4`
spreads the channels over the servers of four shards. Each IDENTIFY that comes too early for Discord is counted, too.
"""

import argparse
import asyncio
import math
import os
import random
import signal
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from sandbox.local_discord.hub import Hub
from sandbox.local_discord.interactions import Interaction
from sandbox.local_discord.people import Person
from sandbox.local_discord.server import LocalDiscord
from sandbox.local_discord.world import FORUM, NEWS, Object, World
from sandbox.local_gateway.fake_task import Dialect, FakeTask, Song, State
from sandbox.local_gateway.server import LocalGateway, Request
from sandbox.local_gateway.songs import audio, without_tag

_ROOT = Path(__file__).parents[1]
_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.crash.test-that-opens-nothing-0123456789"
_IN_FORUM = 0.12  # share of the tasks
_KEPT = 1.0  # seconds after which an answer is certainly stored in the bot's database
_LONGEST = 40.0  # seconds from the last kill until everything must be posted
_SOUNDS = ("dawn", "neon", "rain", "river", "waltz")

Moment = Literal["poll", "settle", "download", "upload", "post", "record", "start"]


@dataclass
class Outcome:
    """The requested and the posted parts of messages, by channel."""

    tasks: int
    kills: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    longest_end: float = 0.0  # seconds of the slowest shutdown
    in_forum: int = 0  # tasks
    violations: int = 0  # IDENTIFYs that came too early, or were too many

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.wrong or self.out_of_order or self.violations)

    def __str__(self) -> str:
        kills = ", ".join(f"{count} at {moment}" for moment, count in sorted(self.kills.items()))
        found = {
            "lost": self.lost,
            "doubled": self.doubled,
            "wrong bytes": self.wrong,
            "out of order": self.out_of_order,
        }
        counts = ", ".join(f"{len(each)} {name}" for name, each in found.items())
        counts += f", {self.violations} identify violations"
        details = [f"  {name}: {each}" for name, entries in found.items() for each in entries]
        tasks = f"{self.tasks} tasks ({self.in_forum} of them into a forum)"
        head = f"{tasks}, {self.kills.total()} kills ({kills}), {self.longest_end:.1f} s the longest end"
        return "\n".join([f"{head}: {counts}", *details])


class CrashTest:
    """`forgetful`: Discord does not recognise nonces, so only its history shows what has arrived. `gently`: SIGTERM
    instead of SIGKILL. `identify_interval`: seconds that Discord demands between two IDENTIFYs of a bucket.
    """

    def __init__(
        self,
        *,
        tasks: int,
        kills: int,
        seed: int,
        forgetful: bool = False,
        gently: bool = False,
        shards: int = 1,
        identify_interval: float = 5.0,
        seconds_per_kill: float = 1.2,
    ) -> None:
        self._dice = random.Random(seed)
        self._songs = 0
        self._kills = kills
        self._seconds = 3.0 + kills * (seconds_per_kill + identify_interval)  # in which the tasks finish
        self._fakes = [self._fake_task(number) for number in range(tasks)]
        songs = [song for fake in self._fakes for song in fake.songs]
        self._by_bytes = {audio(song.sound, song.duration)[0]: song.clip_id[:8] for song in songs}
        self._forgetful = forgetful
        self._gently = gently
        self._shards = shards
        self._identify_interval = identify_interval
        self._born = 0.0  # of the tasks, by time.monotonic()
        self._doubted: list[tuple[float, float]] = []
        self._outcome = Outcome(tasks)
        self._bot: Process | None = None

    def _fake_task(self, number: int) -> FakeTask:
        """A task of any dialect: songs, lyrics, or a failure."""
        dice = self._dice
        end = dice.uniform(1.0, self._seconds)
        dialect = dice.choice(get_args(Dialect))
        kind = dice.random()
        last: State = "failed" if kind < 0.1 else "done"
        states: tuple[tuple[float, State], ...] = ((0.0, "queued"), (end / 3, "running"), (end, last))
        name = f"task_{number:05}{dice.randrange(16**8):08x}"
        if 0.1 <= kind < 0.2 and dialect in ("new-api", "rix", "suno-api"):
            return FakeTask(name, dialect, text=f"[Verse]\nWords of {name}", title=f"Words {number}", states=states)
        count = 1 if dialect == "code-1" else dice.choice((1, 2, 2))  # code-1 has only one song a task
        songs = tuple(self._song(number, part) for part in range(count))
        return FakeTask(name, dialect, songs if last == "done" else (), states=states, reason="no luck")

    def _song(self, number: int, part: int) -> Song:
        """Each has its own length, so that its bytes identify it."""
        clip_id = f"{number:05x}{part:03x}-1111-4222-8333-{self._dice.randrange(16**12):012x}"
        self._songs += 1
        return Song(clip_id, f"Song {number}", duration=1.0 + 0.03 * self._songs, sound=self._dice.choice(_SOUNDS))

    async def run(self) -> Outcome:
        world = World()
        ada = world.add_user("Ada")
        first, *others = (
            world.add_guild(f"Studio {number}", owner=ada, on_shard=(number, self._shards))
            for number in range(self._shards)
        )
        channels = [world.add_channel(first, "songs"), world.add_channel(first, "releases", NEWS)]
        channels += [world.add_thread(channels[0], "takes"), world.dm_with(ada)]
        channels += [world.add_channel(guild, "songs") for guild in others]
        forum = world.add_channel(first, "song-box", FORUM)
        with tempfile.TemporaryDirectory(prefix="suno-watch-crash-") as folder:
            async with LocalDiscord(token=_TOKEN, world=world) as discord, LocalGateway() as gateway:
                if self._forgetful:
                    discord.messages.nonce_life = 0.0
                discord.starts.interval = self._identify_interval
                discord.starts.max_concurrency = max(1, self._shards // 2)
                self._environment = _settings(gateway, folder) | {"SHARDS": str(self._shards)}
                self._discord, self._gateway = discord, gateway
                await self._start()
                await self._hub.until(lambda: len(discord.sockets.shards) == self._shards, 60)
                wishes = await self._watch_all(discord.person(ada), channels, forum)
                for _ in range(self._kills):
                    await self._kill()
                await self._wait_for_all(wishes)
                await self._stop()
                self._count(wishes)
                self._outcome.violations = discord.starts.violations
        return self._outcome

    async def _watch_all(self, person: Person, channels: list[Object], forum: Object) -> dict[str, list[FakeTask]]:
        """The tasks by channel: each in one or two channels, and some in the forum as well."""
        wishes: dict[str, list[FakeTask]] = {channel["id"]: [] for channel in (*channels, forum)}
        for fake in self._fakes:
            for channel in self._dice.sample(channels, self._dice.choice((1, 1, 1, 2))):
                wishes[channel["id"]].append(fake)
            if self._dice.random() < _IN_FORUM:
                wishes[forum["id"]].append(fake)
        self._born = time.monotonic()
        self._gateway.add(*self._fakes)
        for channel in (*channels, forum):
            if fakes := wishes[channel["id"]]:
                options: Object = {"ids": " ".join(fake.id for fake in fakes)}
                if channel is forum:  # commands cannot be typed in a forum
                    options["channel"] = forum
                asked = await person.slash(channels[0] if channel is forum else channel, "suno watch", **options)
                await self._answered(asked)
        self._outcome.in_forum = len(wishes[forum["id"]])
        return wishes

    async def _answered(self, asked: Interaction) -> None:
        await self._hub.until(lambda: not asked.thinking)

    @property
    def _hub(self) -> Hub:
        return self._discord.hub

    async def _start(self) -> None:
        address = [self._discord.url, str(self._identify_interval)]
        command = [sys.executable, "-m", "sandbox.redirected_bot", *address, "run"]
        self._bot = await asyncio.create_subprocess_exec(
            *command, cwd=_ROOT, env=self._environment, stdout=DEVNULL, stderr=DEVNULL if self._kills else PIPE
        )
        await self._hub.until(lambda: self._hub.online, 30)

    async def _stop(self) -> None:
        if self._bot and self._bot.returncode is None:
            self._bot.terminate()
            await self._bot.wait()

    async def _kill(self) -> None:
        """Kills the bot at a random moment of its work, or after a few seconds if that moment does not come."""
        moment = self._dice.choice(get_args(Moment))
        await self._wait_for_moment(moment)
        if self._bot is None or self._bot.returncode is not None:
            raise RuntimeError("the bot ended by itself")
        began = time.monotonic()
        self._bot.send_signal(signal.SIGTERM if self._gently else signal.SIGKILL)
        await self._bot.wait()
        self._doubt_answers(began)
        self._outcome.longest_end = max(self._outcome.longest_end, time.monotonic() - began)
        await self._hub.until(lambda: not self._hub.online)
        self._outcome.kills[moment] += 1
        await self._start()

    def _doubt_answers(self, since: float) -> None:
        """The gateway's answers from then until now may not have been stored."""
        self._doubted.append((since - _KEPT, time.monotonic()))

    async def _wait_for_moment(self, moment: Moment) -> None:
        counters: dict[Moment, Callable[[], int]] = {
            "poll": lambda: len(self._gateway.requests),
            "settle": lambda: sum(each.status == 200 for each in self._gateway.requests),
            "download": lambda: len(self._gateway.media_requests),
            "upload": lambda: len(self._posts("/messages")),
            "post": lambda: len(self._posts("/threads")),  # forum posts have no nonce
            "record": lambda: sum(map(len, self._discord.world.messages.values())),
        }
        if moment in counters:
            before = counters[moment]()
            with suppress(TimeoutError):
                async with asyncio.timeout(3):
                    while counters[moment]() == before:
                        await asyncio.sleep(0.001)
        await asyncio.sleep(self._dice.choice((0.0, 0.002, 0.01, 0.05)))

    def _posts(self, path: str) -> list[Object]:
        requests = self._discord.requests
        return [each.body or {} for each in requests if each.method == "POST" and each.path.endswith(path)]

    async def _wait_for_all(self, wishes: dict[str, list[FakeTask]]) -> None:
        """Waits until everything is posted, at most _LONGEST, and two seconds more for unwanted posts."""
        expected = {(channel, part) for channel, fakes in wishes.items() for fake in fakes for part in _parts(fake)}
        with suppress(TimeoutError):
            await self._hub.until(lambda: expected <= self._arrived().keys(), self._seconds + _LONGEST)
        await asyncio.sleep(2.0)

    def _arrived(self) -> Counter[tuple[str, str]]:
        """How often each part was posted, by channel."""
        return Counter(
            (destination, part)
            for channel in list(self._discord.world.messages)
            for destination in [self._destination(channel)]
            for message in self._discord.world.messages[channel].values()
            for part in self._parts_in(message)
        )

    def _destination(self, channel_id: str) -> str:
        """The channel of the watch; for a forum post, the forum."""
        channels = self._discord.world.channels
        parent: str | None = channels[channel_id].get("parent_id")
        return parent if parent and channels[parent]["type"] == FORUM else channel_id

    def _count(self, wishes: dict[str, list[FakeTask]]) -> None:
        arrived, outcome = self._arrived(), self._outcome
        for channel, fakes in wishes.items():
            for fake in fakes:
                for part in _parts(fake):
                    count = arrived.pop((channel, part), 0)
                    outcome.lost += [f"{fake.dialect} {part}"] if count == 0 else []
                    outcome.doubled += [f"{fake.dialect} {part}"] if count > 1 else []
            self._check_order(channel, fakes)
        outcome.wrong += [part for _, part in arrived]

    def _check_order(self, channel: str, fakes: list[FakeTask]) -> None:
        """A part whose end was certainly stored before that of another one could be known comes before it."""
        known = {part: self._known(fake) for fake in fakes for part in _parts(fake)}
        every = self._discord.world.messages
        messages = [each for place in every if self._destination(place) == channel for each in every[place].values()]
        messages.sort(key=lambda message: int(message["id"]))
        latest = 0.0
        for part in (part for message in messages for part in self._parts_in(message) if part in known):
            earliest, certain = known[part]
            if certain < latest:
                self._outcome.out_of_order.append(f"{part}, {latest - certain:.1f} s too late")
            latest = max(latest, earliest)

    def _known(self, fake: FakeTask) -> tuple[float, float]:
        """From when on the bot may know the task's end, and when that is certainly stored."""
        end = self._born + fake.states[-1][0]
        asked = [each.at for each in self._gateway.requests if each.at >= end and _asks_for(each, fake)]
        stored = (at for at in asked if not any(since < at <= until for since, until in self._doubted))
        return min(asked, default=end), min(stored, default=math.inf) + _KEPT

    def _parts_in(self, message: Object) -> Iterator[str]:
        """The parts in a message that the bot posted: songs by their bytes, texts by their task."""
        if "interaction_metadata" in message or not message["author"]["bot"]:
            return
        for each in message["attachments"]:
            content = self._discord.world.files[each["id"]].content
            yield self._by_bytes.get(without_tag(content), f"unknown bytes: {each['filename']}")
        if not message["attachments"]:
            names = [part for row in message["components"] for each in row["components"] if (part := _task_of(each))]
            yield from names[:1]


def _settings(gateway: LocalGateway, folder: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(_ROOT),
        "DISCORD_TOKEN": _TOKEN,
        "SUNO_BASE_URL": gateway.url,
        "DATABASE_URL": f"sqlite:///{folder}/bot.db",
        "MEDIA_ALLOW_HOSTS": gateway.media_host,
        "POLL_INTERVAL_SECONDS": "0.4",
    }


def _parts(fake: FakeTask) -> list[str]:
    """The parts that a task must lead to: its songs, or one text."""
    return [song.clip_id[:8] for song in fake.songs] or [fake.id]


def _asks_for(request: Request, fake: FakeTask) -> bool:
    return fake.id in request.path or fake.id.encode() in request.body


def _task_of(button: Object) -> str:
    """The task id in the Details button, which every post has."""
    custom_id = button.get("custom_id", "")
    return custom_id.split(":", 3)[3] if custom_id.startswith("s1:dt:") else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--forgetful", action="store_true", help="Discord forgets nonces at once")
    parser.add_argument("--gently", action="store_true", help="SIGTERM instead of SIGKILL")
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--identify-interval", type=float, default=5.0, help="seconds, as Discord demands")
    chosen = parser.parse_args()
    outcome = asyncio.run(CrashTest(**vars(chosen)).run())
    sys.stdout.write(f"seed {chosen.seed}: {outcome}\n")
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main())
