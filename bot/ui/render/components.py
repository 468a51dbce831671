"""Buttons and selects: their looks and custom_ids. Handlers are bound in interactions/dispatch.py."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import discord

from bot.ui.render.actions import ACTIONS, BATCH_OPEN, CUSTOM_ID, EXTRA, PICK, PLAYLIST_ADD, STAR, Action, custom_id
from bot.ui.render.locales import Language, languages
from bot.ui.render.payloads import Payload, SongPayload  # fmt: skip

P = TypeVar("P", bound=Payload)

AUTOMATIC = "auto"  # instead of a language's tag
SONG_ROW, LINKS_ROW, STARS_ROW = 1, 2, 3  # of a message with songs, below what is about its task
_STARS_IN_SONG_ROW = 2  # beside what can be made from the song; more have a row of their own
_IN_A_ROW = 5  # Discord's limit


class ActionButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=CUSTOM_ID):
    """discord.py makes a new instance for each press, however old the message is.

    `interaction.client.press` is `dispatch` of bot/ui/interactions/dispatch.py, which this package may not import.
    """

    def __init__(self, button: discord.ui.Button[Any], code: str, about: str, mark: str) -> None:
        button.custom_id = custom_id(code, about, mark)
        super().__init__(button)
        self._press = code, about, mark

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "ActionButton":
        button = item if isinstance(item, discord.ui.Button) else discord.ui.Button()
        return cls(button, match["action"], match["about"], match["mark"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.client.press(interaction, *self._press)


class TaskSelect(discord.ui.DynamicItem[discord.ui.Select[Any]], template=r"l1:(?P<about>[\w-]{1,80})"):
    """A select of tasks; `about` is the id of their list."""

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
        await interaction.client.press(interaction, BATCH_OPEN.code, next(iter(self.item.values), ""), "0")


class ClipMenu(discord.ui.DynamicItem[discord.ui.Select[Any]], template=r"x1:(?P<about>.{1,90})"):
    """A choice of what else is to be had of a task's songs; `about` is the task."""

    def __init__(self, select: discord.ui.Select[Any], about: str) -> None:
        select.custom_id = f"x1:{about}"
        super().__init__(select)
        self._about = about

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "ClipMenu":
        select = item if isinstance(item, discord.ui.Select) else discord.ui.Select()
        return cls(select, match["about"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.client.press(interaction, EXTRA.code, self._about, next(iter(self.item.values), ""))


class PlaylistMenu(discord.ui.DynamicItem[discord.ui.Select[Any]], template=r"a1:(?P<about>[0-9]{1,20})"):
    """A select of playlists to which a song of the library may be added; `about` is the song."""

    def __init__(self, select: discord.ui.Select[Any], about: str) -> None:
        select.custom_id = f"a1:{about}"
        super().__init__(select)
        self._about = about

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "PlaylistMenu":
        select = item if isinstance(item, discord.ui.Select) else discord.ui.Select()
        return cls(select, match["about"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        chosen = next(iter(self.item.values), "")
        await interaction.client.press(interaction, PLAYLIST_ADD.code, f"{self._about}.{chosen}", "0")


class Picker(discord.ui.DynamicItem[Any], template=r"p1:(?P<about>[a-z]{1,20})"):
    """A select of channels or roles; `about` is the setting's name."""

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
        await interaction.client.press(interaction, PICK.code, self._about, "0")


DYNAMIC_ITEMS = (ActionButton, TaskSelect, ClipMenu, PlaylistMenu, Picker)


def button(action: Action[P], payload: P, language: Language, **values: object) -> ActionButton:
    """With the label of its action. `values`: for the label's braces."""
    return styled_button(action, payload, label=language(action.label, **values), emoji=action.emoji)


def styled_button(action: Action[P], payload: P, **style: Any) -> ActionButton:
    """With a label or style of its own: `style` are arguments of discord.ui.Button."""
    return ActionButton(discord.ui.Button(**style), action.code, payload.about, payload.mark)


def page_buttons(action: Action[P], payload_of: Callable[[int], P], page: int, pages: int) -> list[ActionButton]:
    """Buttons to the previous and the next page, counted from 0, or disabled. `payload_of` takes a page.

    Their arrows are not those of players: songs in a list have ▶️ for that.
    """
    return [
        styled_button(action, payload_of(to), emoji=emoji, disabled=not 0 <= to < pages)
        for emoji, to in (("⬅️", page - 1), ("➡️", page + 1))
    ]


def language_buttons(
    action: Action[P], payload_of: Callable[[str], P], chosen: str, language: Language
) -> list[ActionButton]:
    """One for each language, and one for Discord's locale. `chosen`: a locale; `payload_of` takes a tag."""
    names = {AUTOMATIC: language("settings.auto"), **{tag: each.name for tag, each in languages().items()}}
    chosen_tag = next((tag for tag, each in languages().items() if chosen in each.locales), AUTOMATIC)
    return [choice_button(action, payload_of(tag), name, chosen=tag == chosen_tag) for tag, name in names.items()]


def locale_of_tag(tag: str) -> str:
    """The locale that is stored for a language; empty: Discord's."""
    return languages()[tag].locales[0] if tag in languages() else ""


def choice_button(action: Action[P], payload: P, label: str, *, chosen: bool) -> ActionButton:
    """One of several options; the chosen one is highlighted."""
    style = discord.ButtonStyle.primary if chosen else discord.ButtonStyle.secondary
    return styled_button(action, payload, label=label, style=style)


def star_buttons(task_id: str, counts: Mapping[int, int]) -> list[ActionButton]:
    """One for each song of a message, by its place in the task; each with its number of stars, in no language."""
    row = SONG_ROW if len(counts) <= _STARS_IN_SONG_ROW else STARS_ROW
    return [
        styled_button(
            STAR, SongPayload(task_id, number), label=star_label(number, count, len(counts)), emoji=STAR.emoji, row=row
        )
        for number, count in counts.items()
    ]


def star_label(number: int, count: int, songs: int) -> str:
    """`songs`: how many songs of a message have such a button."""
    return str(count) if songs == 1 else f"#{number} · {count}"


def buttons_on(message: discord.Message) -> list[discord.ui.Button[Any]]:
    """Of a classic message, in their rows."""
    found: list[discord.ui.Button[Any]] = []
    for row, component in enumerate(message.components):
        for each in component.children if isinstance(component, discord.ActionRow) else ():
            if isinstance(each, discord.Button):
                found.append(discord.ui.Button.from_component(each))
                found[-1].row = row
    return found


def language_on(buttons: Sequence[discord.ui.Button[Any]]) -> Language:
    """That of a message that was sent before, by the labels on it: English, if they are in none."""
    shown = [(action.label, each.label) for each in buttons if (action := _action_of(each)) and action.label]

    def matching(language: Language) -> int:
        return sum(label == language(key) for key, label in shown)

    return max(languages().values(), key=matching)


def _action_of(button: discord.ui.Button[Any]) -> Action[Any] | None:
    found = CUSTOM_ID.fullmatch(button.custom_id or "")
    return ACTIONS.get(found["action"]) if found else None


def view_of(buttons: Sequence[discord.ui.Button[Any]]) -> discord.ui.View:
    """A new one, of items whose presses are handled whichever message they are on."""
    view = discord.ui.View(timeout=None)
    for each in buttons:
        found = CUSTOM_ID.fullmatch(each.custom_id or "")
        view.add_item(ActionButton(each, found["action"], found["about"], found["mark"]) if found else each)
    return view


def rows_of(buttons: Sequence[ActionButton]) -> Iterator[discord.ui.ActionRow[Any]]:
    for first in range(0, len(buttons), _IN_A_ROW):
        yield discord.ui.ActionRow(*buttons[first : first + _IN_A_ROW])
