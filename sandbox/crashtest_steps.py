"""Kills the bot between every two steps of an order, times every behaviour of a gateway:
`python -m sandbox.crashtest_steps`.

Each round places one order, and the bot dies at one step of it: by its own hand, or when the gateway has the order, or
has charged for it. A last start then finds them all.
"""

import argparse
import asyncio
import sys
from asyncio.subprocess import Process
from collections.abc import Iterable, Iterator
from typing import Literal, get_args

from bot.domain.order import OrderState
from sandbox.crash_orders import TAKEN, OrdersOutcome, Site, opened_site
from sandbox.local_gateway.orders import CHARGED, Behaviour, Moment, Post
from sandbox.mortal_bot import Step

_PATIENCE = 30.0  # seconds for the bot to come to a step

Answer = Literal["refused port"] | Behaviour
Round = tuple[Step | Moment, Answer]

_UNSURE = frozenset({OrderState.UNSURE})
_LEFT = frozenset({"begun", "headers", "arrived", "charged", "answered", "commit"})
"""Steps after which nobody can know whether the order was taken."""


def rounds() -> Iterator[Round]:
    """Every step that an order comes to at a gateway that behaves so."""
    for answer in ("refused port", *get_args(Behaviour)):
        for step in (*get_args(Step), *get_args(Moment)):
            if step in ("headers", "arrived", "charged") and answer == "refused port":
                continue
            if step == "charged" and answer not in CHARGED:
                continue
            if step in ("answered", "commit", "committed") and answer == "never":
                continue  # it would take 90 seconds
            yield step, answer


class StepsCrashTest:
    def __init__(self, rounds: Iterable[Round]) -> None:
        self._rounds = list(rounds)
        self._killed_at: dict[str, Round] = {}

    async def run(self) -> OrdersOutcome:
        async with opened_site(Site) as self._site:
            for each in self._rounds:
                await self._round(*each)
            await self._last_round()
            outcome = await self._site.count()
            outcome.faults += [fault for row in await self._site.kept() if (fault := self._fault(row.id, row.state))]
            return outcome

    async def _round(self, step: Step | Moment, answer: Answer) -> None:
        (name,) = await self._site.place_orders(1)
        self._killed_at[name] = step, answer
        gateway = self._site.gateway.orders
        if answer == "refused port":
            await self._site.line.close()
        else:
            gateway.by_words = {**gateway.by_words, name: answer}
        if step in get_args(Moment):
            bot = await self._site.start()
            gateway.on_step = lambda moment, post: self._kill(bot, post, name) if moment == step else None
        else:
            bot = await self._site.start("mortal_bot", step, name)
        await self._end_of(bot, f"{name} never came to {step} ({answer})")
        gateway.on_step = lambda _moment, _post: None
        if answer == "refused port":
            await self._site.line.open()

    def _kill(self, bot: Process, post: Post, name: str) -> None:
        if post.body.get("gpt_description_prompt") == name and bot.returncode is None:
            bot.kill()

    async def _end_of(self, bot: Process, otherwise: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                await bot.wait()
        except TimeoutError:
            self._site.outcome.faults.append(otherwise)
            bot.kill()
            await bot.wait()
        self._site.outcome.kills += 1

    async def _last_round(self) -> None:
        """With a gateway that behaves: what was accepted is brought, and what is left is sent or waits."""
        last = await self._site.place_orders(1)
        bot = await self._site.start()
        await self._site.until_posted(last)
        await asyncio.sleep(2.0)  # for what must not happen
        bot.terminate()
        await bot.wait()

    def _fault(self, name: str, state: OrderState) -> str:
        """Of an order that ended otherwise than it must after a death at that step."""
        if name not in self._killed_at:
            return ""
        step, answer = self._killed_at[name]
        if step in _LEFT:
            expected = _UNSURE
        elif step == "begin" and answer in CHARGED:
            expected = TAKEN | _UNSURE  # sent after the next start, and that bot dies, too
        elif answer in ("good", "late"):
            expected = TAKEN
        elif step == "committed" and answer in CHARGED:
            expected = _UNSURE
        else:
            return ""
        return "" if state in expected else f"{name}, killed at {step} ({answer}), is {state}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    outcome = asyncio.run(StepsCrashTest(rounds()).run())
    sys.stdout.write(f"{outcome}\n")
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main())
