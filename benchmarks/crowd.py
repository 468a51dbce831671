"""Many people who use the bot at once, and how long they wait."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from sandbox.local_discord.interactions import Interaction
from sandbox.local_discord.people import Person, components
from sandbox.local_discord.world import Object

_REFRESH = "🔄"
_POLL_EVERY = 0.01  # seconds between two checks for an answer
_TOO_LATE = 3.0  # seconds after which Discord gives up; recorded for actions that were not acknowledged
_REFRESHING = 0.5  # share of refreshes, among people who have a card with the button


@dataclass
class Waits:
    """Waiting times. `acknowledged`: seconds from the event on the bot's socket until its first answer, for each
    action; `answered`: until the task was shown, for each `/suno status`.
    """

    acknowledged: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    late: int = 0  # actions that were not acknowledged within 3 s
    unanswered: int = 0  # acknowledged actions without an answer

    def __add__(self, other: "Waits") -> "Waits":
        return Waits(
            self.acknowledged + other.acknowledged,
            self.answered + other.answered,
            self.late + other.late,
            self.unanswered + other.unanswered,
        )


def percentile(seconds: Sequence[float], share: float) -> float:
    """In ms."""
    times = sorted(seconds)
    return times[min(len(times) - 1, int(len(times) * share))] * 1000 if times else 0.0


class Crowd:
    """Each person looks up a task or refreshes their card, then pauses for `thinking` seconds.

    `timeout`: seconds that they wait for the task; 0 if the bot shows none.
    """

    def __init__(
        self, people: Sequence[Person], channels: Sequence[Object], ids: Sequence[str],
        thinking: tuple[float, float], timeout: float,
    ) -> None:  # fmt: skip
        self._dice = random.Random(1)
        self._channel_of = [(person, channels[number % len(channels)]) for number, person in enumerate(people)]
        self._ids = ids
        self._thinking = thinking
        self._timeout = timeout
        self._seen: dict[str, Object] = {}  # the newest answer, by person

    async def use_bot(self, seconds: float) -> Waits:
        """Everyone acts at their own pace for so many seconds."""
        waits, end = Waits(), time.monotonic() + seconds
        await asyncio.gather(*(self._use_bot(person, channel, end, waits) for person, channel in self._channel_of))
        return waits

    async def all_at_once(self) -> Waits:
        waits = Waits()
        await asyncio.gather(*(self._act(person, channel, waits) for person, channel in self._channel_of))
        return waits

    async def _use_bot(self, person: Person, channel: Object, end: float, waits: Waits) -> None:
        thought = self._dice.uniform(0.0, self._thinking[1])
        while time.monotonic() + thought < end:
            await asyncio.sleep(thought)
            await self._act(person, channel, waits)
            thought = self._dice.uniform(*self._thinking)
        await asyncio.sleep(end - time.monotonic())

    async def _act(self, person: Person, channel: Object, waits: Waits) -> None:
        seen = self._seen.get(person.id)
        refreshes = seen is not None and _has_refresh(seen) and self._dice.random() < _REFRESHING
        if seen and refreshes:
            acted = await person.press(seen, _REFRESH)
        else:
            acted = await person.slash(channel, "suno status", id=self._dice.choice(self._ids))
        if acted.received_at is None or acted.answered_at is None or acted.failed:
            waits.late += 1
            waits.acknowledged.append(_TOO_LATE)
            return
        waits.acknowledged.append(acted.answered_at - acted.received_at)
        if not refreshes and self._timeout:
            await self._read(person, acted, waits)

    async def _read(self, person: Person, asked: Interaction, waits: Waits) -> None:
        """Waits for the answer, and keeps it for a later refresh."""
        received = asked.received_at or 0.0
        polls = int(self._timeout / _POLL_EVERY)
        for _ in range(polls):
            if not asked.thinking:
                break
            await asyncio.sleep(_POLL_EVERY)
        if asked.thinking or asked.message is None:
            waits.unanswered += 1
            return
        waits.answered.append(time.monotonic() - received)
        self._seen[person.id] = asked.message


def _has_refresh(card: Object) -> bool:
    """Cards of finished tasks do not have the button."""
    return any((each.get("emoji") or {}).get("name") == _REFRESH for each in components(card))
