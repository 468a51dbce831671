"""The tasks of the demo: one of each kind that people meet, in every dialect, as demo.toml tells them."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from sandbox.local_gateway.life import Life


@dataclass(frozen=True)
class DemoTask:
    """A task with a word on what it shows, in English and Chinese."""

    life: Life
    shows: str
    shows_zh: str
    command: str = "/suno status id:{id}"

    @property
    def typed(self) -> str:
        """The command that shows it."""
        return self.command.replace("{id}", self.life.id)

    @property
    def title(self) -> str:
        return self.life.title or next((song.title for song in self.life.songs if song.title), "")


@cache
def demo_tasks() -> tuple[DemoTask, ...]:
    """In the order in which the bot is to suggest them."""
    file = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return msgspec.convert(file["task"], tuple[DemoTask, ...])
