"""Buttons that outlive a restart: all they need stands in their custom_id."""

import re
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

import discord

from bot.client import Interaction
from bot.ui.failures import answer_failure
from bot.ui.locales import Language, language_for, languages


class Verb(StrEnum):
    """Two letters in the custom_id; messages live for years, so a verb never changes its meaning."""

    REFRESH = "rf"
    LYRICS = "ly"
    LYRICS_PAGE = "lp"
    LYRICS_FILE = "lf"
    AUDIO = "au"


Press = Callable[[Interaction, str, int], Awaitable[None]]
_actions: dict[Verb, Press] = {}

_LABEL = "label"  # in an interaction's extras: what stands on the button that was pressed

_LOOKS = {
    Verb.REFRESH: ("🔄", "btn.refresh"),
    Verb.LYRICS: ("📝", "btn.lyrics"),
    Verb.LYRICS_FILE: ("📄", "btn.file"),
    Verb.AUDIO: ("⬇️", "btn.audio"),
}


def on_press(verb: Verb) -> Callable[[Press], Press]:
    """Declares what a button does: `async def action(interaction, task_id, number)`."""

    def register(action: Press) -> Press:
        _actions[verb] = action
        return action

    return register


class TaskButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"s1:(?P<verb>[a-z]{2}):(?P<number>\d{1,3}):(?P<id>.+)"
):
    """A button about one task. `number` is what the verb needs beside it, such as a page."""

    def __init__(self, button: discord.ui.Button[Any], verb: str, task_id: str, number: int) -> None:
        button.custom_id = f"s1:{verb}:{number}:{task_id}"
        super().__init__(button)
        self._verb = verb
        self._task_id = task_id
        self._number = number

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "TaskButton":
        button = item if isinstance(item, discord.ui.Button) else discord.ui.Button()
        return cls(button, match["verb"], match["id"], int(match["number"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        # discord.py shows an error of a button to nobody.
        try:
            interaction.extras[_LABEL] = self.item.label
            await _actions[Verb(self._verb)](interaction, self._task_id, self._number)
        except Exception as error:
            await answer_failure(interaction, error)


def language_of_button(interaction: Interaction, verb: Verb) -> Language:
    """That of the card which was pressed on: its button is labelled in it."""
    _, key = _LOOKS[verb]
    labelled = (language for language in languages().values() if language(key) == interaction.extras.get(_LABEL))
    return next(labelled, language_for(interaction.locale.value))


def task_button(verb: Verb, task_id: str, language: Language) -> TaskButton:
    emoji, key = _LOOKS[verb]
    return TaskButton(discord.ui.Button(label=language(key), emoji=emoji), verb, task_id, 0)


def page_button(emoji: str, task_id: str, page: int, pages: int) -> TaskButton:
    """Turns to a page, counted from 0; disabled where there is none."""
    button: discord.ui.Button[Any] = discord.ui.Button(emoji=emoji, disabled=not 0 <= page < pages)
    return TaskButton(button, Verb.LYRICS_PAGE, task_id, page % 1000)
