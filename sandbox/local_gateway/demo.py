"""The tasks of the demo: one of each kind that people meet, in every dialect, as demo.toml tells them."""

import random
import string
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from uuid import uuid4

import msgspec

from sandbox.local_gateway.fake_task import FakeTask


@dataclass(frozen=True)
class DemoTask:
    """A task with a word on what it shows, in English and Chinese."""

    fake: FakeTask
    shows: str
    shows_zh: str
    command: str = "/suno status id:{id}"

    @property
    def typed(self) -> str:
        """The command that shows it."""
        return self.command.replace("{id}", self.fake.id)

    @property
    def title(self) -> str:
        return self.fake.title or next((song.title for song in self.fake.songs if song.title), "")


_KEPT = 12  # characters of an id, by which a task is still known when it is made again


def made_again(task: DemoTask) -> DemoTask:
    """The same task under ids of its own, to be seen from the beginning once more."""
    fresh = "".join(random.choices(string.ascii_letters + string.digits, k=len(task.fake.id) - _KEPT))
    songs = tuple(replace(song, clip_id=str(uuid4())) for song in task.fake.songs)
    return replace(task, fake=replace(task.fake, id=task.fake.id[:_KEPT] + fresh, songs=songs))


@cache
def demo_tasks() -> tuple[DemoTask, ...]:
    """In the order in which the bot is to suggest them."""
    file = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return msgspec.convert(file["task"], tuple[DemoTask, ...])
