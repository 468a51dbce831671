"""/suno-admin create: who may order songs in a server, where, how many, and with which models."""

import unicodedata
from collections.abc import Mapping
from typing import Any

import discord
from msgspec.structs import replace

from bot.client import Interaction
from bot.domain.creation import CreationRules
from bot.domain.models import Model, model_named
from bot.errors import UnreadableNumber
from bot.ui.interactions.access import language_of, managed_guild
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.forms import Form
from bot.ui.render import actions
from bot.ui.render.components import button, styled_button
from bot.ui.render.locales import Language
from bot.ui.render.payloads import NoPayload, SwitchPayload
from bot.ui.render.text import one_line, plain_line

_NUMBERS = ("songs_per_person", "songs_per_server", "lyrics_per_person", "at_once")
_DIGITS = 4
_MAX_CHOSEN = 25  # roles or channels that a form takes


async def _rules(interaction: Interaction) -> CreationRules:
    return await interaction.client.services.orders.rules(managed_guild(interaction).id)


async def show_panel(interaction: Interaction) -> None:
    rules, language = await _rules(interaction), language_of(interaction)
    view = discord.ui.LayoutView(timeout=None)
    lines = [f"## 🎼 {language('creation.title')}", *_state(rules, language)]
    if not interaction.client.services.orders.operator.enabled:
        lines.append(f"⚠️ {language('create.not_permitted.operator_off')}")
    view.add_item(discord.ui.TextDisplay("\n".join(lines)))
    view.add_item(discord.ui.ActionRow(*_switches(rules, language)))
    await interaction.edit_original_response(view=view)


def _state(rules: CreationRules, language: Language) -> list[str]:
    roles = ", ".join(f"<@&{role}>" for role in rules.roles) or language("create.managers")
    channels = ", ".join(f"<#{channel}>" for channel in rules.channels) or language("creation.all")
    models = ", ".join(one_line(model_named(name).label, 40) for name in rules.models) or language(
        "creation.all_models"
    )
    blocked = ", ".join(f"<@{person}>" for person in rules.blocked)
    return [
        language(f"creation.is_{'on' if rules.enabled else 'off'}"),
        language("creation.roles", roles=roles),
        language("creation.channels", channels=channels),
        *([language("creation.blocked", people=blocked)] if blocked else []),
        language("creation.models", models=models),
        *(language(f"creation.{name}", n=getattr(rules, name)) for name in _NUMBERS),
        language(f"creation.approval_{'on' if rules.approval else 'off'}"),
    ]


def _switches(rules: CreationRules, language: Language) -> list[Any]:
    on = "btn.creation_off" if rules.enabled else "btn.creation_on"
    approval = "btn.approval_off" if rules.approval else "btn.approval_on"
    enabling, approving = SwitchPayload(not rules.enabled), SwitchPayload(not rules.approval)
    return [
        styled_button(actions.CREATION_SWITCH, enabling, label=language(on), emoji="🔌"),
        styled_button(actions.CREATION_APPROVAL, approving, label=language(approval), emoji="🙋"),
        button(actions.CREATION_NUMBERS, NoPayload("server"), language),
        button(actions.CREATION_PEOPLE, NoPayload("server"), language),
        button(actions.CREATION_MODELS, NoPayload("server"), language),
    ]


async def _save(interaction: Interaction, rules: CreationRules) -> None:
    await interaction.client.services.orders.save_rules(rules)
    await show_panel(interaction)


@on_press(actions.CREATION_SWITCH)
async def switch(interaction: Interaction, payload: SwitchPayload) -> None:
    await interaction.response.defer()
    await _save(interaction, replace(await _rules(interaction), enabled=payload.on))


@on_press(actions.CREATION_APPROVAL)
async def switch_approval(interaction: Interaction, payload: SwitchPayload) -> None:
    await interaction.response.defer()
    await _save(interaction, replace(await _rules(interaction), approval=payload.on))


class NumbersForm(Form):
    """The numbers of songs and lyrics that may be ordered."""

    def __init__(self, language: Language, rules: CreationRules) -> None:
        super().__init__(language("btn.numbers"))
        self._fields: dict[str, discord.ui.TextInput[Any]] = {}
        for name in _NUMBERS:
            field: discord.ui.TextInput[Any] = discord.ui.TextInput(
                max_length=_DIGITS, default=str(getattr(rules, name))
            )
            self._fields[name] = field
            self.add_item(discord.ui.Label(text=language(f"creation.label.{name}"), component=field))

    async def handle_submit(self, interaction: Interaction) -> None:
        numbers = {name: read_count(field.value, least=int(name == "at_once")) for name, field in self._fields.items()}
        await interaction.response.defer()
        await _save(interaction, replace(await _rules(interaction), **numbers))


def read_count(typed: str, *, least: int = 0) -> int:
    """Raises UnreadableNumber."""
    plain = unicodedata.normalize("NFKC", typed).strip()
    if not (plain.isascii() and plain.isdigit() and len(plain) <= _DIGITS and int(plain) >= least):
        raise UnreadableNumber(typed)
    return int(plain)


class PeopleForm(Form):
    """Who may order, and where. The values can be forged: only roles and channels of the server count."""

    def __init__(self, language: Language, rules: CreationRules) -> None:
        super().__init__(language("btn.people"))
        roles = [discord.Object(role) for role in rules.roles[:_MAX_CHOSEN]]
        channels = [discord.Object(channel) for channel in rules.channels[:_MAX_CHOSEN]]
        self._roles: Any = discord.ui.RoleSelect(
            min_values=0, max_values=_MAX_CHOSEN, default_values=roles, required=False
        )
        self._channels: Any = discord.ui.ChannelSelect(
            min_values=0, max_values=_MAX_CHOSEN, default_values=channels, required=False
        )
        self._blocked: Any = discord.ui.UserSelect(
            min_values=0,
            max_values=_MAX_CHOSEN,
            default_values=[discord.Object(person) for person in rules.blocked[:_MAX_CHOSEN]],
            required=False,
        )
        for name, select in (("roles", self._roles), ("channels", self._channels), ("blocked", self._blocked)):
            self.add_item(discord.ui.Label(text=language(f"creation.label.{name}"), component=select))

    async def handle_submit(self, interaction: Interaction) -> None:
        await interaction.response.defer()
        guild = managed_guild(interaction)
        theirs: Mapping[str, set[int]] = {
            "roles": {role.id for role in guild.roles},
            "channels": {channel.id for channel in guild.channels},
        }
        roles = tuple(role.id for role in self._roles.values if role.id in theirs["roles"])
        channels = tuple(channel.id for channel in self._channels.values if channel.id in theirs["channels"])
        blocked = tuple(person.id for person in self._blocked.values)
        await _save(interaction, replace(await _rules(interaction), roles=roles, channels=channels, blocked=blocked))


class ModelsForm(Form):
    """Which models people may choose from; what is chosen can be forged, so that only what was offered counts."""

    def __init__(self, language: Language, rules: CreationRules, offered: list[Model]) -> None:
        super().__init__(language("btn.models"))
        labels = {name: model_named(name).label for name in rules.models} | {each.name: each.label for each in offered}
        self._names = tuple(labels)[:_MAX_CHOSEN]
        options = [
            discord.SelectOption(label=plain_line(labels[name], 100), value=name, default=name in rules.models)
            for name in self._names
        ]
        self._models: discord.ui.Select[Any] = discord.ui.Select(
            options=options, min_values=0, max_values=len(options), required=False
        )
        self.add_item(discord.ui.Label(text=language("creation.label.models"), component=self._models))

    async def handle_submit(self, interaction: Interaction) -> None:
        await interaction.response.defer()
        models = tuple(name for name in self._names if name in self._models.values)
        await _save(interaction, replace(await _rules(interaction), models=models))


@on_press(actions.CREATION_MODELS)
async def ask_models(interaction: Interaction, _: NoPayload) -> None:
    offered = list(interaction.client.services.orders.terms().abilities.models)
    await interaction.response.send_modal(ModelsForm(language_of(interaction), await _rules(interaction), offered))


@on_press(actions.CREATION_NUMBERS)
async def ask_numbers(interaction: Interaction, _: NoPayload) -> None:
    await interaction.response.send_modal(NumbersForm(language_of(interaction), await _rules(interaction)))


@on_press(actions.CREATION_PEOPLE)
async def ask_people(interaction: Interaction, _: NoPayload) -> None:
    await interaction.response.send_modal(PeopleForm(language_of(interaction), await _rules(interaction)))
