"""Buttons that outlive a restart: all they need stands in their custom_id."""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from enum import StrEnum
from typing import Any

import discord

from bot.client import Interaction
from bot.errors import UnknownButton
from bot.ui.failures import answer_failure
from bot.ui.locales import Language, languages
from bot.ui.readers import meet, reader


class Verb(StrEnum):
    """Two letters in the custom_id; messages live for years, so a verb never changes its meaning."""

    REFRESH = "rf"
    LYRICS = "ly"
    LYRICS_PAGE = "lp"
    LYRICS_FILE = "lf"
    AUDIO = "au"
    DETAILS = "dt"
    NOTIFY = "nf"
    STOP = "st"
    CHECK = "ck"
    LIST_PAGE = "wp"
    LIST_STOP = "ws"
    LIST_SHOW = "wd"
    BATCH_PAGE = "bp"
    BATCH_REFRESH = "br"
    BATCH_WATCH = "bw"
    BATCH_CSV = "bc"
    BATCH_OPEN = "bo"
    SETTING = "se"
    EXPORT = "ex"
    DELETE = "de"
    PICK = "pk"
    ADMIN_LANGUAGE = "al"
    ADMIN_AUDIO = "aa"
    ADMIN_LIMIT = "am"
    ADMIN_TEST = "at"
    ADMIN_PAGE = "ap"
    ADMIN_RETRY = "ar"
    ADMIN_DROP = "ad"


# Those whose buttons have a task's id in them, alone or at the end.
TASK_VERBS = frozenset({
    Verb.REFRESH, Verb.LYRICS, Verb.LYRICS_PAGE, Verb.LYRICS_FILE, Verb.AUDIO, Verb.DETAILS, Verb.NOTIFY,
    Verb.LIST_STOP, Verb.LIST_SHOW,
})  # fmt: skip

Press = Callable[[Interaction, str, int], Awaitable[None]]
_actions: dict[Verb, Press] = {}

_IN_A_ROW = 5
_LABEL = "label"  # in an interaction's extras: what stands on the button that was pressed

_LOOKS = {
    Verb.REFRESH: ("🔄", "btn.refresh"),
    Verb.LYRICS: ("📝", "btn.lyrics"),
    Verb.LYRICS_FILE: ("📄", "btn.file"),
    Verb.AUDIO: ("⬇️", "btn.audio"),
    Verb.DETAILS: ("ℹ️", "btn.details"),
    Verb.NOTIFY: ("🔔", "btn.notify"),
    Verb.STOP: ("🔕", "btn.stop"),
    Verb.CHECK: ("🔁", "btn.check"),
    Verb.LIST_STOP: ("🔕", "btn.stop"),
    Verb.LIST_SHOW: ("🎵", "btn.show"),
    Verb.BATCH_REFRESH: ("🔄", "btn.refresh"),
    Verb.BATCH_WATCH: ("🔔", "btn.watch_unfinished"),
    Verb.BATCH_CSV: ("📄", "btn.csv"),
    Verb.EXPORT: ("📤", "btn.export"),
    Verb.DELETE: ("🗑️", "btn.delete"),
    Verb.ADMIN_AUDIO: ("🎧", "btn.audio_switch"),
    Verb.ADMIN_LIMIT: ("🔢", "btn.limit"),
    Verb.ADMIN_TEST: ("🧪", "btn.test"),
    Verb.ADMIN_RETRY: ("🔁", "btn.retry"),
    Verb.ADMIN_DROP: ("🗑️", "btn.drop"),
}


def on_press(verb: Verb) -> Callable[[Press], Press]:
    """Declares what a button does: `async def action(interaction, id, number)`."""

    def register(action: Press) -> Press:
        _actions[verb] = action
        return action

    return register


class TaskButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"s1:(?P<verb>[a-z]{2}):(?P<mark>[\w-]{1,12}):(?P<id>.+)"
):
    """A button about one task, or whatever the verb is about. `mark` is what it needs beside the id, such as a page."""

    def __init__(self, button: discord.ui.Button[Any], verb: str, about: str, mark: str) -> None:
        button.custom_id = f"s1:{verb}:{mark}:{about}"
        super().__init__(button)
        self._verb = verb
        self._about = about
        self._number = int(mark) if mark.isascii() and mark.isdigit() else 0

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "TaskButton":
        button = item if isinstance(item, discord.ui.Button) else discord.ui.Button()
        return cls(button, match["verb"], match["id"], match["mark"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        interaction.extras[_LABEL] = self.item.label
        await _act(interaction, self._verb, self._about, self._number)


class TaskSelect(discord.ui.DynamicItem[discord.ui.Select[Any]], template=r"l1:(?P<about>[\w-]{1,80})"):
    """A choice of tasks; `about` is the list that they are of."""

    def __init__(self, select: discord.ui.Select[Any], about: str) -> None:
        select.custom_id = f"l1:{about}"
        super().__init__(select)

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "TaskSelect":
        select = item if isinstance(item, discord.ui.Select) else discord.ui.Select()
        return cls(select, match["about"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await _act(interaction, Verb.BATCH_OPEN, next(iter(self.item.values), ""), 0)


class Picker(discord.ui.DynamicItem[Any], template=r"p1:(?P<about>[a-z]{1,20})"):
    """A choice of channels or roles; `about` says what for."""

    def __init__(self, select: Any, about: str) -> None:
        select.custom_id = f"p1:{about}"
        super().__init__(select)
        self._about = about

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "Picker":
        return cls(item, match["about"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await _act(interaction, Verb.PICK, self._about, 0)


def parts_of(custom_id: str) -> tuple[str, str]:
    """The verb of a button, and what it is about; both are empty for one that is not ours."""
    mine, *parts = custom_id.split(":", 3)
    return (parts[0], parts[2]) if mine == "s1" and len(parts) == 3 else ("", "")


async def _act(interaction: Interaction, verb: str, about: str, number: int) -> None:
    """The person is met, and the action done; discord.py shows an error of a component to nobody."""
    try:
        await meet(interaction)
        await _action_of(verb)(interaction, about, number)
    except Exception as error:
        await answer_failure(interaction, error)


def _action_of(verb: str) -> Press:
    """Raises UnknownButton."""
    for known, action in _actions.items():
        if known == verb:
            return action
    raise UnknownButton(verb)


def language_of_button(interaction: Interaction, verb: Verb) -> Language:
    """That of the card which was pressed on: its button is labelled in it."""
    _, key = _LOOKS[verb]
    labelled = (language for language in languages().values() if language(key) == interaction.extras.get(_LABEL))
    return next(labelled, reader(interaction))


def rows_of(buttons: Sequence[TaskButton]) -> Iterator[discord.ui.ActionRow[Any]]:
    """With five in each, which is Discord's limit."""
    for first in range(0, len(buttons), _IN_A_ROW):
        yield discord.ui.ActionRow(*buttons[first : first + _IN_A_ROW])


def task_button(verb: Verb, about: str, language: Language, *, mark: str = "0", **values: object) -> TaskButton:
    """`values`: for the braces in its label."""
    emoji, key = _LOOKS[verb]
    return TaskButton(discord.ui.Button(label=language(key, **values), emoji=emoji), verb, about, mark)


def labelled_button(emoji: str, key: str, verb: Verb, about: str, language: Language, *, mark: str = "0") -> TaskButton:
    """One that says something else than most of its verb: `key` is its text."""
    return TaskButton(discord.ui.Button(label=language(key), emoji=emoji), verb, about, mark)


def page_button(emoji: str, about: str, page: int, pages: int, verb: Verb = Verb.LYRICS_PAGE) -> TaskButton:
    """Turns to a page, counted from 0; disabled where there is none."""
    button: discord.ui.Button[Any] = discord.ui.Button(emoji=emoji, disabled=not 0 <= page < pages)
    return TaskButton(button, verb, about, str(page % 1000))
