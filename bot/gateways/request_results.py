"""A gateway's results since the start, for operators."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.errors import GatewayError, GatewayMisplaced, GatewayRefused

ANSWERED = "answered"


class RequestResults:
    """`outcomes`: the number of requests per outcome."""

    def __init__(self) -> None:
        words = (ANSWERED, *(error.outcome for error in GatewayError.__subclasses__()))
        self.outcomes = Counter(dict.fromkeys(words, 0))
        self.listeners: list[Callable[[], None]] = []  # called after each usable answer, whoever asked
        self._answered_at: float | None = None
        self._failure: GatewayError | None = None

    @property
    def refuses(self) -> bool:
        """Whether it can be reached, but does not work as configured."""
        return isinstance(self._failure, GatewayRefused | GatewayMisplaced)

    @property
    def failure(self) -> GatewayError | None:
        """The failure of the last request, unless it was answered."""
        return self._failure

    def clear_failure(self) -> None:
        """The last failure was about one task; the gateway works."""
        self._failure = None

    @property
    def answer_age(self) -> float | None:
        """Seconds since the last usable answer; None: there was none yet."""
        return None if self._answered_at is None else time.monotonic() - self._answered_at

    @contextmanager
    def request(self) -> Iterator[None]:
        """Wraps one request and the processing of its answer."""
        try:
            yield
        except GatewayError as error:
            self.outcomes[error.outcome] += 1
            self._failure = error
            raise
        self.outcomes[ANSWERED] += 1
        self._answered_at, self._failure = time.monotonic(), None
        for listener in self.listeners:
            listener()
