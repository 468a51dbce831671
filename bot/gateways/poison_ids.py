"""Tasks that a gateway cannot write out: each of them spoils the answer for all that are asked for with it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bot.domain.task import Answer
from bot.errors import GatewayBroken, GatewayError, GatewayMisplaced, GatewayRefused

_REST = 60.0  # seconds until one is asked for again
_FORGOTTEN = 3_600.0  # seconds after that, for one that nobody asks for any more
_FIRST = 3  # requests of which one must be answered, or it is the gateway that is broken
_MOST = 60  # requests in one go: what is left has its turn with the next look

_OF_ONE = (GatewayBroken, GatewayMisplaced, GatewayRefused)  # what a gateway may say because of one task

_Ask = Callable[[Sequence[str]], Awaitable[Answer]]


class PoisonIds:
    """Those that are known of one gateway. Times are those of the event loop's clock."""

    def __init__(self) -> None:
        self._rests: dict[str, float] = {}  # until when each is left alone, by its id
        self._turn = 0

    def apart(self, task_ids: Sequence[str]) -> tuple[list[str], list[str]]:
        """Ids to ask for together, and spoilers to ask for, each by itself; in neither: those that have their rest."""
        now = asyncio.get_running_loop().time()
        together = [task_id for task_id in task_ids if task_id not in self._rests]
        return together, [task_id for task_id in task_ids if task_id in self._rests and self._rests[task_id] <= now]

    async def ask_alone(self, task_id: str, ask: _Ask) -> Answer:
        """For one that is known: it may be one no more."""
        try:
            answer = await ask([task_id])
        except _OF_ONE:
            self._add([task_id])
            return Answer({})
        self._rests.pop(task_id, None)
        return answer

    async def find(self, task_ids: Sequence[str], ask: _Ask) -> list[Answer]:
        """What is said of ids that could not be answered together: of halves of them, until each spoiler is alone.

        Empty if nothing is. One by itself goes first, each time another one: it tells whether the gateway answers.
        """
        self._turn += 1
        first = task_ids[self._turn % len(task_ids)]
        others = [task_id for task_id in task_ids if task_id != first]
        parts = [*_halves(others), [first]] if others else []
        answers: list[Answer] = []
        alone: list[str] = []
        asked = 0
        while parts and asked < (_MOST if answers else _FIRST):
            asked += 1
            part = parts.pop()
            try:
                answers.append(await ask(part))
            except GatewayError as error:
                if len(part) == 1 and isinstance(error, _OF_ONE):
                    alone += part
                elif isinstance(error, GatewayBroken):
                    parts += _halves(part)
                elif answers:
                    break  # what could be had is had
                else:
                    raise
        self._add(alone if answers else ())
        return answers

    def _add(self, task_ids: Sequence[str]) -> None:
        now = asyncio.get_running_loop().time()
        self._rests = {each: until for each, until in self._rests.items() if until + _FORGOTTEN > now}
        self._rests |= dict.fromkeys(task_ids, now + _REST)


def _halves(task_ids: Sequence[str]) -> list[Sequence[str]]:
    middle = len(task_ids) // 2
    return [half for half in (task_ids[:middle], task_ids[middle:]) if half]
