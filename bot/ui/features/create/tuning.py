"""Fine tuning, a button of the card: what the style is not, and how much of what Suno makes of its own accord."""

import unicodedata
from typing import Any

import discord
from msgspec.structs import replace

from bot.client import Interaction
from bot.domain.order import Order
from bot.domain.song_request import SongRequest
from bot.errors import OrderGone, UnreadableWeight
from bot.ui.features.create.card import show_card
from bot.ui.interactions.access import language_of
from bot.ui.interactions.forms import Form
from bot.ui.render.locales import Language
from bot.ui.render.text import code

_WEIGHTS = ("style_weight", "weirdness")
_PERCENT = 100
_MAX_STYLE, _MAX_WEIGHT = 1_000, 6  # characters
_VARIETIES = range(5)
_USUAL = "usual"


class TuningForm(Form):
    """Of a draft. What is left empty is as Suno does it by default."""

    def __init__(self, language: Language, order: Order) -> None:
        super().__init__(language("btn.tune"))
        self._order, request = order, order.request
        self._excluded: discord.ui.TextInput[Any] = discord.ui.TextInput(
            required=False,
            max_length=_MAX_STYLE,
            default=request.excluded_style or None,
            style=discord.TextStyle.paragraph,
        )
        self.add_item(discord.ui.Label(text=language("create.field.excluded_style"), component=self._excluded))
        self._weights: dict[str, discord.ui.TextInput[Any]] = {}
        for name in _WEIGHTS:
            weight: float | None = getattr(request, name)
            field: discord.ui.TextInput[Any] = discord.ui.TextInput(
                required=False, max_length=_MAX_WEIGHT, default=None if weight is None else f"{weight * _PERCENT:.4g}"
            )
            self._weights[name] = field
            label = language(f"create.field.{name}")
            self.add_item(discord.ui.Label(text=label, description=language("create.percent"), component=field))
        self._variety: discord.ui.Select[Any] = discord.ui.Select(options=_varieties(language, request.variety))
        label, told = language("create.field.variety"), language("create.newest_models")
        self.add_item(discord.ui.Label(text=label, description=told, component=self._variety))

    async def handle_submit(self, interaction: Interaction) -> None:
        """What cannot be read is told over the card; the rest is kept."""
        await interaction.response.defer()
        request, notes = self._filled(language_of(interaction))
        edited = await interaction.client.services.orders.edit(self._order.id, interaction.user.id, request)
        if edited is None:
            raise OrderGone
        await show_card(interaction, edited, "\n".join(notes))

    def _filled(self, language: Language) -> tuple[SongRequest, list[str]]:
        changes: dict[str, Any] = {"excluded_style": self._excluded.value}
        notes: list[str] = []
        for name, field in self._weights.items():
            try:
                changes[name] = read_weight(field.value)
            except UnreadableWeight as error:
                notes.append(f"⚠️ {language(error.key, typed=code(field.value))}")
        chosen = self._variety.values[0]
        changes["variety"] = None if chosen == _USUAL else int(chosen)
        return replace(self._order.request, **changes), notes


def _varieties(language: Language, chosen: int | None) -> list[discord.SelectOption]:
    usual = discord.SelectOption(label=language("create.usual"), value=_USUAL, default=chosen is None)
    levels = [discord.SelectOption(label=str(each), value=str(each), default=each == chosen) for each in _VARIETIES]
    return [usual, *levels]


def read_weight(typed: str) -> float | None:
    """From 0 to 1, of a percentage; None: nothing was typed. Raises UnreadableWeight."""
    plain = unicodedata.normalize("NFKC", typed).strip().removesuffix("%").strip()
    if not plain:
        return None
    digits = plain.replace(".", "", 1)
    if not (digits.isascii() and digits.isdigit() and float(plain) <= _PERCENT):
        raise UnreadableWeight(typed)
    return float(plain) / _PERCENT
