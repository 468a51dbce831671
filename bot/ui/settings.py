"""/suno settings: what a person sets, takes away with them, or has deleted; and /suno help."""

import io

import discord
import msgspec
from msgspec.structs import replace

from bot import __version__
from bot.client import Interaction
from bot.storage.preferences import Person
from bot.ui.buttons import TaskButton, Verb, on_press, rows_of, task_button
from bot.ui.invites import own_link, server_link
from bot.ui.locales import Language, languages
from bot.ui.readers import person_of, reader

_AUTOMATIC = "auto"


async def show_settings(interaction: Interaction) -> None:
    await interaction.edit_original_response(view=_panel(person_of(interaction), reader(interaction)))


def _panel(person: Person, language: Language) -> discord.ui.LayoutView:
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(discord.ui.TextDisplay(f"## ⚙️ {language('settings.title')}"))
    tongues = {_AUTOMATIC: language("settings.auto"), **{tag: each.name for tag, each in languages().items()}}
    spoken = next((tag for tag, each in languages().items() if person.locale in each.locales), _AUTOMATIC)
    rows = [
        ("language", [(f"language-{tag}", name, tag == spoken) for tag, name in tongues.items()]),
        ("visibility", [(f"private-{value}", language(f"show.{key}"), person.private == bool(value))
                        for value, key in ((0, "everyone"), (1, "me"))]),
        ("direct", [(f"direct-{value}", language(f"settings.direct_{value}"), person.direct == bool(value))
                    for value in (0, 1)]),
    ]  # fmt: skip
    for name, choices in rows:
        view.add_item(discord.ui.TextDisplay(f"**{language(f'settings.{name}')}**"))
        for row in rows_of([_choice(about, label, chosen=chosen) for about, label, chosen in choices]):
            view.add_item(row)
    view.add_item(discord.ui.TextDisplay(f"**{language('settings.data')}**\n-# {language('settings.data_what')}"))
    view.add_item(
        discord.ui.ActionRow(task_button(Verb.EXPORT, "me", language), task_button(Verb.DELETE, "ask", language))
    )
    return view


def _choice(about: str, label: str, *, chosen: bool) -> TaskButton:
    style = discord.ButtonStyle.primary if chosen else discord.ButtonStyle.secondary
    return TaskButton(discord.ui.Button(label=label, style=style), Verb.SETTING, about, "0")


@on_press(Verb.SETTING)
async def change(interaction: Interaction, about: str, _number: int) -> None:
    await interaction.response.defer()
    name, _, value = about.partition("-")
    person = person_of(interaction)
    if name == "language":
        locales = languages()[value].locales if value in languages() else ("",)
        person = replace(person, locale=locales[0])
    elif name in ("private", "direct"):
        person = replace(person, **{name: value == "1"})
    await interaction.client.services.stores.preferences.keep_person(person)
    await show_settings(interaction)


@on_press(Verb.EXPORT)
async def export(interaction: Interaction, _about: str, _number: int) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    found = await interaction.client.services.stores.preferences.export(interaction.user.id)
    content = msgspec.json.format(msgspec.json.encode(found), indent=2)
    await interaction.edit_original_response(attachments=[discord.File(io.BytesIO(content), "my-data.json")])


@on_press(Verb.DELETE)
async def delete(interaction: Interaction, about: str, _number: int) -> None:
    """Asked once more, then truly gone; the question's buttons go with their answer."""
    if about == "ask":
        await interaction.response.defer(ephemeral=True, thinking=True)
        await _ask(interaction)
        return
    await interaction.response.defer()
    language = reader(interaction)
    if about == "cancel":
        await interaction.edit_original_response(content=language("settings.kept"), view=None)
        return
    services = interaction.client.services
    erased = await services.stores.preferences.forget(interaction.user.id)
    services.watches.wake()  # what waited behind theirs may go
    counts = {"watches": erased.watches, "lookups": erased.lookups, "lists": erased.lists}
    told = {name: language(f"settings.{name}", n=count) for name, count in counts.items()}
    await interaction.edit_original_response(content=language("settings.deleted", **told), view=None)


async def _ask(interaction: Interaction) -> None:
    language, view = reader(interaction), discord.ui.View(timeout=None)
    for about, key, style in (
        ("sure", "btn.delete_sure", discord.ButtonStyle.danger),
        ("cancel", "btn.cancel", discord.ButtonStyle.secondary),
    ):
        view.add_item(TaskButton(discord.ui.Button(label=language(key), style=style), Verb.DELETE, about, "0"))
    await interaction.edit_original_response(content=language("settings.sure"), view=view)


async def show_help(interaction: Interaction) -> None:
    language = reader(interaction)
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
