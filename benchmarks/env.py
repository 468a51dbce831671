"""A local Discord with a server, people and channels, and watched tasks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.crowd import Crowd
from benchmarks.cycle import watch_some
from bot.storage.database import open_database
from bot.storage.watches import WatchStore
from sandbox.local_discord.server import LocalDiscord
from sandbox.local_discord.world import Object

_CHANNELS = 20
_THINKING = 4.0, 12.0  # seconds between two acts of a person


@dataclass
class Env:
    people: int
    discord: LocalDiscord = field(default_factory=LocalDiscord)

    def __post_init__(self) -> None:
        world = self.discord.world
        self.users = [world.add_user(f"Person {number}") for number in range(self.people)]
        self.guild = world.add_guild("Studio", owner=self.users[0])
        for user in self.users[1:]:
            world.add_member(self.guild, user)
        self.channels = [world.add_channel(self.guild, f"songs-{number}") for number in range(_CHANNELS)]

    def crowd(self, ids: Sequence[str], timeout: float) -> Crowd:
        people = [self.discord.person(user) for user in self.users]
        return Crowd(people, self.channels, ids, _THINKING, timeout)


async def make_watches(database: Path, ids: Sequence[str], channels: Sequence[Object]) -> None:
    """The same number in each channel. Tasks that finish one after the other are in different channels."""
    async with open_database(f"sqlite+aiosqlite:///{database}") as engine:
        for place, channel in enumerate(channels):
            mine = ids[place :: len(channels)]
            await watch_some(WatchStore(engine), mine, time.time(), int(channel["id"]), int(channel["guild_id"]))
