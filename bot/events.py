"""Filters Discord's events before discord.py parses them: each event once, and none can end the connection."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import discord

_INTERACTION = "INTERACTION_CREATE"
_ANSWERED = frozenset({_INTERACTION, "MESSAGE_CREATE"})  # events whose answers people would see twice
_MAX_EVENTS = 10_000  # events; a resumed session repeats those of the last minutes

# Errors that code raises on data of an unexpected shape.
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
    """Wraps discord.py's parsers: there, an event that cannot be parsed ends the connection, and so the program."""

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
            log.info("%s was repeated, and is ignored", name)
            return
        try:
            parse(data)
        except UNREADABLE as error:
            # Never the event itself: it may contain people's texts, and tokens.
            log.error("an event of Discord's cannot be parsed, and is dropped: %s: %s", name, type(error).__name__)
            log.debug("where it could not be parsed:", exc_info=error)

    def _is_repeated(self, name: str, data: Any) -> bool:
        key = (name, str(data.get("id")) if isinstance(data, Mapping) else "")
        if not key[1]:
            return False
        if key in self._answered:
            return True
        self._answered[key] = None
        if len(self._answered) > _MAX_EVENTS:
            self._answered.popitem(last=False)
        return False
