"""A row of the fault matrix: the fault, what people read, what happens to a watched task."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum

from bot.__main__ import Exit
from bot.ui.render.locales import languages
from tests.faults.scenario import Scenario

MINUTE, HOUR = 60.0, 3_600.0  # seconds

Begin = Callable[[Scenario], AbstractAsyncContextManager[None]]


class Fate(StrEnum):
    """What happens to a task that was watched before the fault, in the words of the table."""

    WAITS = "It waits. Its songs are posted once."
    ARRIVES = "Its songs are posted anyway, once."
    LINKS = "It is posted at once, with links instead of files."
    MOVED = "Its songs are posted once, in the person's DMs."
    KEPT = "It is not posted; `/suno watches` keeps it, and a DM has buttons that post it there."


@dataclass(frozen=True)
class Row:
    """`fault` starts the fault, and ends it on leaving. Texts that people read are given by their keys; empty: none."""

    name: str
    fault: Begin
    answer: str = ""  # to /suno status, meanwhile; empty: the songs
    no_response: bool = False  # it is not answered: Discord says so by itself
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
    """Whether the sentence of that key is in a text, with any values filled in."""
    return re.search(".*".join(map(re.escape, sentence(key).split("…"))), text) is not None
