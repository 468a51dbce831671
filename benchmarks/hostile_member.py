"""A hostile member, who uses the bot in the most expensive ways, all at once and as often as allowed."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import count
from typing import NoReturn

from benchmarks.hostile_gateway import KINDS, hostile_task
from sandbox.local_discord.interactions import Interaction
from sandbox.local_discord.messages import Upload
from sandbox.local_discord.people import Person, components
from sandbox.local_discord.world import Object

_PAUSE = 0.2  # seconds between two actions of one kind
_IDS = 500  # in a batch
_TEXTS = ("<@" + "1" * 32_000, "http://a" * 8_000, '{"task_id":"a1",' * 4_000, "task_" * 12_000)


class HostileMember:
    """`acts`: number of actions by kind; `failed`: number of actions that the bot did not answer."""

    def __init__(self, person: Person, channels: list[Object]) -> None:
        self._person = person
        self._channels = channels
        self._numbers = count()
        self._card: Object | None = None
        self.acts: Counter[str] = Counter()
        self.failed = 0

    async def do_all(self) -> NoReturn:
        kinds = (self.batch, self.hostile_file, self.suggest, self.watch, self.audio, self.press, self.status)
        async with asyncio.TaskGroup() as group:
            for kind in kinds:
                group.create_task(self._again_and_again(kind))
        raise AssertionError("the actions never end")

    async def _again_and_again(self, act: Callable[[], Awaitable[Interaction | None]]) -> NoReturn:
        while True:
            acted = await act()
            self.acts[act.__name__] += 1
            if acted is not None:
                self.failed += bool(acted.failed)
                self._keep(acted)
            await asyncio.sleep(_PAUSE)

    def _keep(self, acted: Interaction) -> None:
        if acted.message and any(each.get("custom_id") for each in components(acted.message)):
            self._card = acted.message

    @property
    def _channel(self) -> Object:
        return self._channels[next(self._numbers) % len(self._channels)]

    def _fresh(self, kind: str, many: int) -> list[str]:
        return [hostile_task(kind, next(self._numbers)) for _ in range(many)]

    async def batch(self) -> Interaction:
        ids = "\n".join(self._fresh("running", _IDS)).encode()
        return await self._person.slash(self._channel, "suno batch", file=Upload("ids.txt", ids, "text/plain"))

    async def hostile_file(self) -> Interaction:
        text = _TEXTS[self.acts["hostile_file"] % len(_TEXTS)].encode()
        return await self._person.slash(self._channel, "suno batch", file=Upload("ids.txt", text, "text/plain"))

    async def suggest(self) -> None:
        await asyncio.gather(
            *(self._person.autocomplete(self._channel, "suno status", id="r" * each) for each in range(20))
        )

    async def watch(self) -> Interaction:
        kind = KINDS[self.acts["watch"] % len(KINDS)]
        return await self._person.slash(self._channel, "suno watch", ids=" ".join(self._fresh(kind, 40)))

    async def audio(self) -> Interaction:
        kind = KINDS[self.acts["audio"] % len(KINDS)]
        return await self._person.slash(self._channel, "suno audio", id=self._fresh(kind, 1)[0])

    async def status(self) -> Interaction:
        return await self._person.slash(self._channel, "suno status", id=self._fresh("running", 1)[0])

    async def press(self) -> Interaction | None:
        card = self._card
        names = [each["custom_id"] for each in components(card) if each.get("custom_id")] if card else []
        if not card or not names:
            return None
        storm = (self._person.use(card, names[each % len(names)]) for each in range(10))
        return (await asyncio.gather(*storm))[-1]
