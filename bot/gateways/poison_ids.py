"""Tasks that a gateway cannot serialise: each of them makes a whole batch fail."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bot.domain.task import Answer
from bot.errors import GatewayBroken, GatewayError, GatewayMisplaced, GatewayRefused

_RETRY_AFTER = 60.0  # seconds until a poison id is asked for again
_FORGOTTEN = 3_600.0  # seconds after that, until an unused one is dropped
_FIRST = 3  # requests; if none of them is answered, the gateway itself is broken
_MAX_REQUESTS = 60  # requests in one search; what is left is asked for in the next poll

# Failures that may be due to a single task, the likeliest to be temporary first.
MAY_BE_OF_ONE = (GatewayBroken, GatewayRefused, GatewayMisplaced)

Ask = Callable[[Sequence[str]], Awaitable[Answer]]


class PoisonIds:
    """The known poison ids of one gateway. Times are those of the event loop's clock."""

    def __init__(self) -> None:
        self._paused_until: dict[str, float] = {}  # id to the end of its pause
        self._turn = 0

    def split(self, task_ids: Sequence[str]) -> tuple[list[str], list[str]]:
        """Ids to ask for together, and poison ids to ask for one by one; paused ones are in neither."""
        now = asyncio.get_running_loop().time()
        together = [task_id for task_id in task_ids if task_id not in self._paused_until]
        return together, [
            task_id for task_id in task_ids if task_id in self._paused_until and self._paused_until[task_id] <= now
        ]

    async def ask_alone(self, task_id: str, ask: Ask) -> Answer:
        """Asks for one known poison id: it may have recovered."""
        try:
            answer = await ask([task_id])
        except MAY_BE_OF_ONE:
            self._add([task_id])
            return Answer({})
        self._paused_until.pop(task_id, None)
        return answer

    async def find(self, task_ids: Sequence[str], ask: Ask) -> list[Answer]:
        """Answers for ids whose batch failed: asks for halves of it, until each poison id is isolated.

        Empty if nothing is answered. A single id is asked for first, another one each time, to see whether the gateway
        answers.
        """
        self._turn += 1
        first = task_ids[self._turn % len(task_ids)]
        others = [task_id for task_id in task_ids if task_id != first]
        parts = [*_halves(others), [first]] if others else []
        answers: list[Answer] = []
        alone: list[str] = []
        asked = 0
        while parts and asked < (_MAX_REQUESTS if answers else _FIRST):
            asked += 1
            part = parts.pop()
            try:
                answers.append(await ask(part))
            except GatewayError as error:
                if len(part) == 1 and isinstance(error, MAY_BE_OF_ONE):
                    alone += part
                elif isinstance(error, GatewayBroken):
                    parts += _halves(part)
                elif answers:
                    break  # keeps the answers so far
                else:
                    raise
        self._add(alone if answers else ())
        return answers

    def _add(self, task_ids: Sequence[str]) -> None:
        now = asyncio.get_running_loop().time()
        self._paused_until = {each: until for each, until in self._paused_until.items() if until + _FORGOTTEN > now}
        self._paused_until |= dict.fromkeys(task_ids, now + _RETRY_AFTER)


def _halves(task_ids: Sequence[str]) -> list[Sequence[str]]:
    middle = len(task_ids) // 2
    return [half for half in (task_ids[:middle], task_ids[middle:]) if half]
