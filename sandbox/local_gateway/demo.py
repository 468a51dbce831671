"""The tasks of the demo, from demo.toml: one of each kind, in every dialect."""

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
    """A task with a title in English and Chinese."""

    fake: FakeTask
    shows: str
    shows_zh: str
    command: str = "/suno status id:{id}"

    @property
    def typed(self) -> str:
        """The command to type, which shows it."""
        return self.command.replace("{id}", self.fake.id)

    @property
    def title(self) -> str:
        return self.fake.title or next((song.title for song in self.fake.songs if song.title), "")


_KEPT = 12  # first characters of the id that a copy keeps


def made_again(task: DemoTask) -> DemoTask:
    """A copy with new ids, which starts from the beginning."""
    fresh = "".join(random.choices(string.ascii_letters + string.digits, k=len(task.fake.id) - _KEPT))
    songs = tuple(replace(song, clip_id=str(uuid4())) for song in task.fake.songs)
    return replace(task, fake=replace(task.fake, id=task.fake.id[:_KEPT] + fresh, songs=songs))


@cache
def demo_tasks() -> tuple[DemoTask, ...]:
    """In the order in which the bot suggests them."""
    file = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return msgspec.convert(file["task"], tuple[DemoTask, ...])
