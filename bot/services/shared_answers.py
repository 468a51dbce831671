"""Answers that all who ask at once, or soon after, share: one request serves them."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from msgspec import Struct

from bot.shutdown import cancel_and_wait

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Question(Struct, Generic[V], frozen=True):
    asked_at: float
    answer: asyncio.Task[V]


class SharedAnswers(Generic[K, V]):
    """An answer is kept for `max_age` seconds from when it was asked for; failures are not kept.

    Of what is kept, the oldest goes first: when there are more than `max_items`, or when their sizes, as `size` tells
    them, are more than `max_bytes` together.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        max_age: float,
        max_items: int,
        size: Callable[[V], int] = lambda _: 0,
        max_bytes: int = 0,
    ) -> None:
        self._clock = clock
        self._max_age = max_age
        self._max_items = max_items
        self._size = size
        self._max_bytes = max_bytes
        self._questions: dict[K, _Question[V]] = {}
        self._sizes: dict[K, int] = {}  # bytes of the answers that are kept, oldest first
        self._bytes = 0  # of all of them

    async def get(self, key: K, ask: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """Raises what `ask` raises."""
        question = self._questions.get(key)
        if question is None or (question.answer.done() and self._clock() - question.asked_at >= self._max_age):
            question = self._asked(key, asyncio.create_task(ask()))
        # Shielded: a caller that is cancelled must not cancel it for the others.
        return await asyncio.shield(question.answer)

    async def close(self) -> None:
        await cancel_and_wait([question.answer for question in self._questions.values()])

    def _asked(self, key: K, answer: asyncio.Task[V]) -> _Question[V]:
        self._drop(key)
        self._questions[key] = question = _Question(self._clock(), answer)
        answer.add_done_callback(lambda _: self._answered(key, answer))
        return question

    def _answered(self, key: K, answer: asyncio.Task[V]) -> None:
        failed = answer.cancelled() or answer.exception() is not None
        current = self._questions.get(key)
        if current is None or current.answer is not answer:
            return
        if failed:
            self._drop(key)
            return
        self._sizes[key] = size = self._size(answer.result())
        self._bytes += size
        while self._bytes > self._max_bytes or len(self._sizes) > self._max_items:
            self._drop(next(iter(self._sizes)))

    def _drop(self, key: K) -> None:
        self._questions.pop(key, None)
        self._bytes -= self._sizes.pop(key, 0)
