"""What Discord's connection brings, before discord.py reads it: each event once, and none can end the connection."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import discord

_INTERACTION = "INTERACTION_CREATE"
_ANSWERED = frozenset({_INTERACTION, "MESSAGE_CREATE"})  # whose answers people would see twice
_REMEMBERED = 10_000  # events; a session that is resumed repeats those of the last minutes

# What code raises that meets data of another shape than it was written for.
UNREADABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    RecursionError,
    TypeError,
    ValueError,
    discord.DiscordException,
)

Parser = Callable[[Any], None]

log = logging.getLogger(__name__)


class Events:
    """Wraps discord.py's parsers: it lets an event that it cannot read end the connection, and with it the program."""

    def __init__(self) -> None:
        self._answered: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._interaction_at = time.monotonic()

    @property
    def interaction_age(self) -> float:
        """Seconds since the last command or press; before the first, since the start."""
        return time.monotonic() - self._interaction_at

    def guarded(self, parsers: Mapping[str, Parser]) -> dict[str, Parser]:
        return {name: partial(self._read, name, parser) for name, parser in parsers.items()}

    def _read(self, name: str, parse: Parser, data: Any) -> None:
        if name == _INTERACTION:
            self._interaction_at = time.monotonic()
        if name in _ANSWERED and self._is_repeated(name, data):
            log.info("%s came again, and was answered before", name)
            return
        try:
            parse(data)
        except UNREADABLE as error:
            # Never the event itself: it may hold people's words, and tokens.
            log.error("an event of Discord's cannot be read, and is dropped: %s: %s", name, type(error).__name__)
            log.debug("where it could not be read:", exc_info=error)

    def _is_repeated(self, name: str, data: Any) -> bool:
        key = (name, str(data.get("id")) if isinstance(data, Mapping) else "")
        if not key[1]:
            return False
        if key in self._answered:
            return True
        self._answered[key] = None
        if len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)
        return False
