"""/suno settings: a person's settings, and the export and deletion of their data; and /suno help."""

import io
from functools import partial

import discord
import msgspec
from msgspec.structs import replace

from bot import __version__
from bot.client import Interaction
from bot.domain.preferences import PersonSettings
from bot.ui.interactions.access import language_of, person_of
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.invites import own_link, server_link
from bot.ui.render import actions
from bot.ui.render.components import (
    ActionButton,
    button,
    choice_button,
    language_buttons,
    locale_of_tag,
    rows_of,
    styled_button,
)
from bot.ui.render.locales import Language
from bot.ui.render.payloads import ChoicePayload, NoPayload, SettingPayload


async def show_settings(interaction: Interaction) -> None:
    await interaction.edit_original_response(view=_panel(person_of(interaction), language_of(interaction)))


def _panel(person: PersonSettings, language: Language) -> discord.ui.LayoutView:
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(discord.ui.TextDisplay(f"## ⚙️ {language('settings.title')}"))
    rows = {
        "language": language_buttons(actions.SETTING, partial(SettingPayload, "language"), person.locale, language),
        "visibility": [
            _switch("private", value, language(f"show.{key}"), is_on=person.private)
            for value, key in (("0", "everyone"), ("1", "me"))
        ],
        "direct": [
            _switch("direct", value, language(f"settings.direct_{value}"), is_on=person.direct) for value in ("0", "1")
        ],
    }
    rows["named"] = [
        _switch("named", value, language(f"settings.named_{value}"), is_on=person.named) for value in ("1", "0")
    ]
    for title, buttons in rows.items():
        view.add_item(discord.ui.TextDisplay(f"**{language(f'settings.{title}')}**"))
        for row in rows_of(buttons):
            view.add_item(row)
    view.add_item(discord.ui.TextDisplay(f"**{language('settings.data')}**\n-# {language('settings.data_what')}"))
    view.add_item(
        discord.ui.ActionRow(
            button(actions.EXPORT, NoPayload(), language), button(actions.DELETE, ChoicePayload("ask"), language)
        )
    )
    return view


def _switch(name: str, value: str, label: str, *, is_on: bool) -> ActionButton:
    return choice_button(actions.SETTING, SettingPayload(name, value), label, chosen=is_on == (value == "1"))


@on_press(actions.SETTING)
async def change(interaction: Interaction, payload: SettingPayload) -> None:
    await interaction.response.defer()
    name, value = payload.name, payload.value
    person = person_of(interaction)
    if name == "language":
        person = replace(person, locale=locale_of_tag(value))
    elif name in ("private", "direct", "named"):
        person = replace(person, **{name: value == "1"})
    await interaction.client.services.preferences.save_person(person)
    await show_settings(interaction)


@on_press(actions.EXPORT)
async def export(interaction: Interaction, _: NoPayload) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    found = await interaction.client.services.preferences.export(interaction.user.id)
    content = msgspec.json.format(msgspec.json.encode(found), indent=2)
    await interaction.edit_original_response(attachments=[discord.File(io.BytesIO(content), "my-data.json")])


@on_press(actions.DELETE)
async def delete(interaction: Interaction, payload: ChoicePayload) -> None:
    """Asks for confirmation first; the answer removes the question's buttons."""
    if payload.choice == "ask":
        await interaction.response.defer(ephemeral=True, thinking=True)
        await _ask(interaction)
        return
    await interaction.response.defer()
    language = language_of(interaction)
    if payload.choice == "cancel":
        await interaction.edit_original_response(content=language("settings.kept"), view=None)
        return
    erased = await interaction.client.services.preferences.forget(interaction.user.id)
    counts = {"watches": erased.watches, "lookups": erased.lookups, "lists": erased.lists}
    counts["songs"] = erased.songs
    sentences = {name: language(f"settings.{name}", n=count) for name, count in counts.items()}
    await interaction.edit_original_response(content=language("settings.deleted", **sentences), view=None)


async def _ask(interaction: Interaction) -> None:
    language, view = language_of(interaction), discord.ui.View(timeout=None)
    for step, key, style in (
        ("sure", "btn.delete_sure", discord.ButtonStyle.danger),
        ("cancel", "btn.cancel", discord.ButtonStyle.secondary),
    ):
        view.add_item(styled_button(actions.DELETE, ChoicePayload(step), label=language(key), style=style))
    await interaction.edit_original_response(content=language("settings.sure"), view=view)


async def show_help(interaction: Interaction) -> None:
    language = language_of(interaction)
    server, own = server_link(interaction.application_id), own_link(interaction.application_id)
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(discord.ui.TextDisplay(f"## 🎵 {language('help.title')}\n{language('help.body')}"))
    view.add_item(discord.ui.TextDisplay(f"**{language('help.privacy_title')}**\n{language('help.privacy')}"))
    view.add_item(discord.ui.TextDisplay(f"-# {language('help.version', version=__version__)}"))
    view.add_item(
        discord.ui.ActionRow(
            discord.ui.Button(label=language("help.invite_server"), url=server),
            discord.ui.Button(label=language("help.invite_own"), url=own),
        )
    )
    await interaction.edit_original_response(view=view)
