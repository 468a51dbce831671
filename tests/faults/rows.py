"""What a row of the fault matrix says: the fault, what people are told, what becomes of a watched task."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum

from bot.__main__ import Exit
from bot.ui.render.locales import languages
from tests.faults.scene import Scenario

MINUTE, HOUR = 60.0, 3_600.0  # seconds

Begin = Callable[[Scenario], AbstractAsyncContextManager[None]]


class Fate(StrEnum):
    """What becomes of a task that was watched before the fault, as the table says it."""

    WAITS = "It waits. Its songs come once."
    ARRIVES = "Its songs come all the same, once."
    LINKS = "It comes at once, with links instead of files."
    MOVED = "Its songs come once, to the person's DMs."
    TOLD = "It does not come there; `/suno watches` keeps it, and the DM has buttons that bring it."


@dataclass(frozen=True)
class Row:
    """`fault` begins it, and ends it on leaving. What is told is named by the keys of its texts; empty: nothing."""

    name: str
    fault: Begin
    answer: str = ""  # to /suno status, meanwhile; empty: the songs
    silent: bool = False  # it is not answered: Discord says so by itself
    watch: str = ""  # to a new /suno watch, meanwhile; empty: it is not asked
    channel: str = ""  # in the channel of the watch, meanwhile
    post: str = "post.songs"  # in the message with the songs
    person: str = ""  # to the watcher, by DM
    owner: str = ""  # to the bot's owner, by DM, once
    doer: str = ""  # to somebody who brings it about
    fate: Fate = Fate.WAITS
    files: int = 2  # that come with the post
    forum: bool = False  # the task is watched in one, where each song has a post
    within: float = 5 * MINUTE  # of the fault's end all is well again
    clocks: tuple[float, ...] = ()  # how many seconds the clock is fast, before and after a restart
    exits: Exit | None = None  # with which code the program ends, until the fault is mended
    log: str = ""  # what it says then
    address: str = "http://127.0.0.1:{port}"  # of the gateway, as the bot is set up


def sentence(key: str) -> str:
    """In English, with … for what is filled in."""
    return re.sub(r"\{\w+\}", "…", str(languages()["en"].texts[key]))


def says(key: str, text: str) -> bool:
    """Whether the sentence of that key stands in a text, whatever it was filled in with."""
    return re.search(".*".join(map(re.escape, sentence(key).split("…"))), text) is not None
