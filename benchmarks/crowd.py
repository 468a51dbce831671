"""Many people who use the bot at once, and how long it lets them wait."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from sandbox.local_discord.interactions import Interaction
from sandbox.local_discord.people import Person, components
from sandbox.local_discord.world import Object

_REFRESH = "🔄"
_LOOK = 0.01  # seconds between two looks at an answer that is not there yet
_TOO_LATE = 3.0  # seconds, after which Discord gives an act up; it counts as no more than that
_REFRESHING = 0.5  # the share of acts, of those who have a card to refresh


@dataclass
class Waits:
    """What people saw of the bot. `acknowledged`: seconds from the bot's being told until its first answer came in,
    for each act; `answered`: until a task stood there, for each `/suno status`.
    """

    acknowledged: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    late: int = 0  # acts that were not acknowledged within 3 s
    silent: int = 0  # acknowledged, and nothing came of it

    def __add__(self, other: "Waits") -> "Waits":
        return Waits(
            self.acknowledged + other.acknowledged,
            self.answered + other.answered,
            self.late + other.late,
            self.silent + other.silent,
        )


def percentile(seconds: Sequence[float], share: float) -> float:
    """In ms."""
    times = sorted(seconds)
    return times[min(len(times) - 1, int(len(times) * share))] * 1000 if times else 0.0


class Crowd:
    """Each asks for one of the tasks, or refreshes what they see, then thinks for `thinking` seconds.

    `patience`: seconds that they wait for a task to be shown; 0 where none is.
    """

    def __init__(
        self, people: Sequence[Person], channels: Sequence[Object], ids: Sequence[str],
        thinking: tuple[float, float], patience: float,
    ) -> None:  # fmt: skip
        self._dice = random.Random(1)
        self._places = [(person, channels[number % len(channels)]) for number, person in enumerate(people)]
        self._ids = ids
        self._thinking = thinking
        self._patience = patience
        self._seen: dict[str, Object] = {}  # the newest answer, by person

    async def live(self, seconds: float) -> Waits:
        """For so long, each at their own pace."""
        waits, end = Waits(), time.monotonic() + seconds
        await asyncio.gather(*(self._live(person, channel, end, waits) for person, channel in self._places))
        return waits

    async def all_at_once(self) -> Waits:
        waits = Waits()
        await asyncio.gather(*(self._act(person, channel, waits) for person, channel in self._places))
        return waits

    async def _live(self, person: Person, channel: Object, end: float, waits: Waits) -> None:
        thought = self._dice.uniform(0.0, self._thinking[1])
        while time.monotonic() + thought < end:
            await asyncio.sleep(thought)
            await self._act(person, channel, waits)
            thought = self._dice.uniform(*self._thinking)
        await asyncio.sleep(end - time.monotonic())

    async def _act(self, person: Person, channel: Object, waits: Waits) -> None:
        seen = self._seen.get(person.id)
        refreshes = seen is not None and _may_change(seen) and self._dice.random() < _REFRESHING
        if seen and refreshes:
            acted = await person.press(seen, _REFRESH)
        else:
            acted = await person.slash(channel, "suno status", id=self._dice.choice(self._ids))
        if acted.told_at is None or acted.answered_at is None or acted.failed:
            waits.late += 1
            waits.acknowledged.append(_TOO_LATE)
            return
        waits.acknowledged.append(acted.answered_at - acted.told_at)
        if not refreshes and self._patience:
            await self._read(person, acted, waits)

    async def _read(self, person: Person, asked: Interaction, waits: Waits) -> None:
        """Until the answer is there; its button is pressed later, if it has one."""
        born = asked.told_at or 0.0
        polls = int(self._patience / _LOOK)
        for _ in range(polls):
            if not asked.thinking:
                break
            await asyncio.sleep(_LOOK)
        if asked.thinking or asked.message is None:
            waits.silent += 1
            return
        waits.answered.append(time.monotonic() - born)
        self._seen[person.id] = asked.message


def _may_change(card: Object) -> bool:
    """A task that is finished has no such button any more."""
    return any((each.get("emoji") or {}).get("name") == _REFRESH for each in components(card))
