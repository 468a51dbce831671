"""Kills the bot repeatedly while somebody chooses takes, removes songs and has them packed, and looks for what is lost
or left half-way: `python -m sandbox.crashtest_takes`.

The real program runs in its own process and is killed with SIGKILL in the middle of an edit of a post, right after a
press, or while it packs a ZIP. In the end each post must show what the library says: which take was chosen, and whose
player is covered; a song that was removed has left no texts and no stars; and an archive is complete.
"""

import argparse
import asyncio
import io
import random
import signal
import sys
import tempfile
import zipfile
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.storage.database import open_read_only
from sandbox.connected_bot import connected_bot
from sandbox.local_discord.faults import Fault
from sandbox.local_discord.interactions import Interaction
from sandbox.local_discord.people import components
from sandbox.local_discord.server import LocalDiscord
from sandbox.local_discord.world import Object, World
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import LocalGateway

_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.crash.test-of-takes-that-opens-0123456789"
_KEY = "sk-of-the-gateway-0123456789"
_ANSWER = 0.05  # seconds until Discord says what a post is, or that its edit is done: time to be killed in
_STEPS = ("GET", "PATCH")  # of an edit
_PATIENCE = 10.0  # seconds for one answer
_LONGEST = 120.0  # seconds from a start until what is to be done must be done
_PART = 400_000  # bytes that Discord takes of one file: a ZIP has several parts
_COVERED = 8  # the flag of an attachment that is a spoiler
_STAR, _TAKES, _TAKE, _OPEN, _ZIP = (f"s1:{code}:" for code in ("fv", "tk", "tc", "io", "iz"))
_REMOVE, _SURE = "s1:ir:0:", "s1:ir:sure:"

# As text, since they read whole tables, which the bot's own statements may not.
_SONGS = "SELECT task_id, number, message_id, folded, chosen, removed FROM library WHERE owner_id = 0"
_UNDONE = "SELECT count(*) FROM star_counts"
_LEFT_OVER = (
    "SELECT (SELECT count(*) FROM library_texts JOIN library ON library.id = song_id WHERE removed)"
    " + (SELECT count(*) FROM stars JOIN library ON library.id = song_id WHERE removed)"
)


@dataclass
class TakesOutcome:
    songs: int
    kills: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.faults

    def __str__(self) -> str:
        kills = ", ".join(f"{count} {when}" for when, count in sorted(self.kills.items()))
        head = f"{self.songs} songs, {self.kills.total()} kills ({kills}): {len(self.faults)} faults"
        return "\n".join([head, *(f"  {each}" for each in self.faults)])


class TakesCrashTest:
    def __init__(self, *, tasks: int, kills: int, seed: int) -> None:
        self._dice = random.Random(seed)
        self._kills = kills
        self._tasks = [_task(number) for number in range(tasks)]
        self._world = World()
        self._world.upload_limit = _PART
        user = self._world.add_user("Ada")
        self._place = self._world.add_channel(self._world.add_guild("Studio", owner=user), "songs")
        self._user = user
        self._outcome = TakesOutcome(2 * tasks)

    async def run(self) -> TakesOutcome:
        with tempfile.TemporaryDirectory(prefix="suno-watch-crash-") as folder:
            async with (
                LocalDiscord(token=_TOKEN, world=self._world) as self._discord,
                LocalGateway(key=_KEY) as self._gateway,
            ):
                self._folder = folder
                self._discord.rest.limits.enforced = False
                self._discord.starts.interval = 0.0
                self._gateway.add(*self._tasks)
                self._ada = self._discord.person(self._user)
                async with self._bot():
                    await self._post_all()
                for method in _STEPS:
                    self._discord.faults.order(
                        Fault(r"/messages/\d+$", 200, method=method, after=True, delay=_ANSWER, times=sys.maxsize)
                    )
                for _ in range(self._kills):
                    async with self._bot() as bot:
                        await self._round(bot)
                async with self._bot():
                    await self._until(self._is_settled)
                    await self._check_archive()
                await self._check()
        return self._outcome

    async def _post_all(self) -> None:
        await self._answer(self._ada.slash(self._place, "suno watch", ids=" ".join(each.id for each in self._tasks)))
        await self._until(lambda: len(self._posts()) == len(self._tasks))
        for post in self._posts():
            await self._press(post, _STAR)

    def _bot(self) -> AbstractAsyncContextManager[Process]:
        return connected_bot(
            self._discord,
            tmpdir=self._folder,
            suno_base_url=self._gateway.url,
            suno_api_key=_KEY,
            media_allow_hosts=f"{self._gateway.media_host},{self._discord.url.removeprefix('http://')}",
            database_url=f"sqlite:///{self._folder}/bot.db",
        )

    async def _round(self, bot: Process) -> None:
        """Somebody does something, and the bot dies meanwhile, or soon after."""
        deeds: dict[str, Callable[[], Awaitable[object]]] = {
            "while a take is chosen": self._choose,
            "while a song is removed": self._remove,
            "while songs are packed": self._pack,
        }
        moment = self._dice.choices(list(deeds), weights=(6, 2, 2))[0]
        doing = asyncio.create_task(_ignored(deeds[moment]()))
        step = self._dice.choice(_STEPS)
        before, after = self._asked(step), self._dice.randrange(3)
        longest = self._dice.uniform(0.0, 2.5)
        with suppress(TimeoutError):
            async with asyncio.timeout(longest):
                while moment != "while a take is chosen" or self._asked(step) <= before + after:
                    await asyncio.sleep(0.001)
        await asyncio.sleep(self._dice.choice((0.0, 0.01, _ANSWER)))
        bot.send_signal(signal.SIGKILL)
        await bot.wait()
        doing.cancel()
        await asyncio.wait({doing})
        self._outcome.kills[moment] += 1

    def _asked(self, method: str) -> int:
        """How many reads or edits of posts have reached Discord."""
        return sum(each.method == method and "/messages/" in each.path for each in self._discord.requests)

    async def _choose(self) -> None:
        """Several times in turn, so that the bot has edits to make."""
        for post in self._dice.sample(self._posts(), 3):
            asked = await self._press(post, _TAKES)
            await self._press(asked, _TAKE, self._dice.randrange(2))

    async def _remove(self) -> None:
        listed = await self._answer(self._ada.slash(self._place, "suno library", scope="here"))
        card = await self._press(listed, _OPEN, self._dice.randrange(5))
        await self._press(await self._press(card, _REMOVE), _SURE)

    async def _pack(self) -> Interaction:
        listed = await self._answer(self._ada.slash(self._place, "suno library", scope="here"))
        name = next(each for each in _ids(listed) if each.startswith(_ZIP))
        return await self._ada.use(listed, name)

    async def _press(self, message: Object, begin: str, number: int = 0) -> Object:
        """A button whose custom_id begins so. Returns the answer, or the changed message."""
        names = [each for each in _ids(message) if each.startswith(begin)]
        return await self._answer(self._ada.use(message, names[number % len(names)]), message)

    async def _answer(self, pressing: Awaitable[Interaction], message: Object | None = None) -> Object:
        interaction = await pressing

        def is_there() -> bool:
            return interaction.message is not None and not interaction.thinking

        await self._discord.hub.until(is_there, _PATIENCE)
        return interaction.message or message or {}

    def _posts(self) -> list[Object]:
        every = self._world.messages[self._place["id"]].values()
        return [each for each in every if each["author"]["bot"] and "interaction_metadata" not in each]

    async def _until(self, done: Callable[[], object]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST):
                while not (await found if isinstance(found := done(), Awaitable) else found):
                    await asyncio.sleep(0.1)

    async def _rows(self, statement: str) -> list[Any]:
        async with (
            open_read_only(f"sqlite+aiosqlite:///{self._folder}/bot.db") as engine,
            engine.connect() as connection,
        ):
            return list((await connection.exec_driver_sql(statement)).all())

    async def _is_settled(self) -> bool:
        return int((await self._rows(_UNDONE))[0][0]) == 0

    async def _check_archive(self) -> None:
        """It is made anew: what a bot packed that died is nobody's any more."""
        pressed = await self._pack()

        def is_done() -> bool:
            return pressed.message is not None and "packed" in pressed.message["content"]

        await self._until(is_done)
        files = [file for each in pressed.follow_ups for file in each["attachments"]]
        contents = [self._world.files[each["id"]].content for each in files]
        names = [name for each in contents for name in zipfile.ZipFile(io.BytesIO(each)).namelist()]
        songs = [name for name in names if name.endswith(".mp3")]
        listed = min(10, len({row[:2] for row in await self._rows(_SONGS) if not row.removed and not row.folded}))
        if len(songs) != listed or len(set(songs)) != listed or len(files) < 2:
            self._fault(f"an archive of {listed} songs has {len(songs)} in {len(files)} files")

    async def _check(self) -> None:
        rows = await self._rows(_SONGS)
        by_post = {int(post["id"]): post for post in self._posts()}
        for row in rows:
            post = by_post.get(row.message_id)
            if post is None or len(post["attachments"]) != 2:
                self._fault(f"the post of {row.task_id} or a file of it is lost")
            elif not row.removed:
                self._check_song(row, post)
        for task_id in {row.task_id for row in rows}:
            takes = [row for row in rows if row.task_id == task_id and not row.removed]
            if any(row.folded for row in takes) and sum(row.chosen for row in takes) != 1:
                self._fault(f"{task_id}: a take is folded away and none is chosen")
        if len(rows) != self._outcome.songs:
            self._fault(f"{len(rows)} rows")
        if (left := (await self._rows(_LEFT_OVER))[0][0]) or not await self._is_settled():
            self._fault(f"{left} texts or stars of removed songs, or posts that are still to be edited")
        if files := _files_left(Path(self._folder)):
            self._fault(f"files are left: {files}")

    def _check_song(self, row: Any, post: Object) -> None:
        """Its player and its star are as the library says."""
        file = next(each for each in post["attachments"] if f"-{row.number}." in each["filename"])
        if bool(file.get("flags", 0) & _COVERED) != bool(row.folded):
            self._fault(f"{row.task_id} {row.number} is folded: {bool(row.folded)}, which its player does not show")
        if row.chosen and f"Take {row.number} was chosen" not in post["content"]:
            self._fault(f"{row.task_id}: it is not said that take {row.number} was chosen")
        if (f"{_STAR}{row.number}:{row.task_id}" in _ids(post)) == bool(row.folded):
            self._fault(f"{row.task_id} {row.number} has a star although it is folded away, or none")

    def _fault(self, text: str) -> None:
        self._outcome.faults.append(text)


async def _ignored(doing: Awaitable[object]) -> None:
    """The bot may die before it answers."""
    with suppress(TimeoutError, LookupError, StopIteration, KeyError, IndexError, ZeroDivisionError):
        await doing


def _files_left(folder: Path) -> list[str]:
    """Of the bots that died, beside the database."""
    return [each.name for each in folder.iterdir() if not each.name.startswith("bot.db")]


def _ids(message: Object) -> list[str]:
    return [each["custom_id"] for each in components(message) if "custom_id" in each]


def _task(number: int) -> FakeTask:
    songs = (
        Song(f"aaaaaaaa-0000-4000-8000-{2 * number + take:012}", f"Tide {number}", "folk", "Salt", 8.0)
        for take in range(2)
    )
    return FakeTask(f"11111111-0000-4000-8000-{number:012}", songs=tuple(songs))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=12)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    chosen = parser.parse_args()
    outcome = asyncio.run(TakesCrashTest(**vars(chosen)).run())
    sys.stdout.write(f"seed {chosen.seed}: {outcome}\n")
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main())
