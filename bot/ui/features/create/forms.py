"""The forms in which people say what a song is to be like. What is sent off is kept at once, also what is not right."""

from collections.abc import Sequence
from typing import Any

import discord
from msgspec.structs import replace

from bot.client import Interaction
from bot.domain.from_song import read_moment, written_moment
from bot.domain.models import Model, model_named
from bot.domain.order import Order
from bot.domain.song_request import RequestKind, SongRequest, Source, Voice
from bot.errors import OrderGone, UnreadableMoment
from bot.ui.features.create.card import show_card, voices
from bot.ui.features.create.drafts import show_new
from bot.ui.features.create.makers import chosen_destination
from bot.ui.features.create.texts import name_of_source
from bot.ui.interactions.access import language_of
from bot.ui.interactions.forms import Form
from bot.ui.render.locales import Language
from bot.ui.render.text import code, plain_line

_MAX_TEXT = 4_000  # characters of a field of a form
_MAX_CHOICES = 25
_MAX_MOMENT = 12  # characters
_FIELDS: dict[RequestKind, tuple[tuple[str, int, bool], ...]] = {
    RequestKind.DESCRIBE: (("description", 3_000, True),),
    RequestKind.LYRICS: (("description", 3_000, True),),
    RequestKind.CUSTOM: (("title", 100, False), ("style", 1_000, True), ("lyrics", _MAX_TEXT, True)),
    RequestKind.EXTEND: (("lyrics", _MAX_TEXT, True), ("style", 1_000, True)),
    RequestKind.COVER: (("style", 1_000, True), ("lyrics", _MAX_TEXT, True)),
}
_WITH_VOICE = frozenset({RequestKind.DESCRIBE, RequestKind.CUSTOM, RequestKind.COVER})


class RequestForm(Form):
    """What a song is to be like: in a few words, with one's own lyrics, or going on from a song.

    `order`: the draft that it changes; for a new one `channel_id`: where it is to be posted, 0: nobody has said, and
    `gateway`: the one that has the song. `songs`: those of its task, to choose from.
    """

    def __init__(
        self,
        language: Language,
        request: SongRequest,
        models: Sequence[Model],
        *,
        order: Order | None = None,
        channel_id: int = 0,
        gateway: str = "",
        songs: Sequence[Source] = (),
    ) -> None:
        super().__init__(language(f"create.form.{request.kind}"))
        self._request, self._order = request, order
        self._channel_id, self._gateway = channel_id, gateway
        self._songs = songs
        self._texts: dict[str, discord.ui.TextInput[Any]] = {}
        self._choices: dict[str, discord.ui.Select[Any]] = {}
        if len(songs) > 1:
            self._add_choice(language, "song", _song_options(songs, request.source))
        if request.kind is RequestKind.EXTEND:
            moment = "" if request.continue_at is None else written_moment(request.continue_at)
            self._add_text(language, "continue_at", moment, _MAX_MOMENT, long=False)
        for name, most, long in _FIELDS[request.kind]:
            text: str = getattr(request, name)
            if len(text) <= most:  # what came as a file and does not fit stays as it is
                self._add_text(language, name, text, most, long=long)
        if request.kind in _WITH_VOICE:
            self._add_choice(language, "voice", voices(language, request.voice))
        if request.kind is not RequestKind.LYRICS:
            self._add_choice(language, "model", _model_options(request.model, models))

    def _add_text(self, language: Language, name: str, text: str, most: int, *, long: bool) -> None:
        style = discord.TextStyle.paragraph if long else discord.TextStyle.short
        field: discord.ui.TextInput[Any] = discord.ui.TextInput(
            required=False, max_length=most, default=text or None, style=style
        )
        self._texts[name] = field
        self.add_item(discord.ui.Label(text=language(f"create.field.{name}"), component=field))

    def _add_choice(self, language: Language, name: str, options: list[discord.SelectOption]) -> None:
        field: discord.ui.Select[Any] = discord.ui.Select(options=options)
        self._choices[name] = field
        self.add_item(discord.ui.Label(text=language(f"create.field.{name}"), component=field))

    async def handle_submit(self, interaction: Interaction) -> None:
        """An error after that loses nothing that was typed."""
        if self._order or _replaces(interaction):
            await interaction.response.defer()
        else:
            await interaction.response.defer(ephemeral=True, thinking=True)
        request, note = self._filled(language_of(interaction))
        if self._order is None:
            where = await chosen_destination(interaction, self._channel_id)
            await show_new(interaction, request, where, gateway=self._gateway, note=note)
            return
        edited = await interaction.client.services.orders.edit(self._order.id, interaction.user.id, request)
        if edited is None:
            raise OrderGone
        await show_card(interaction, edited, note)

    def _filled(self, language: Language) -> tuple[SongRequest, str]:
        """And what of it cannot be read."""
        changes: dict[str, Any] = {name: field.value for name, field in self._texts.items()}
        chosen = {name: field.values[0] for name, field in self._choices.items()}
        note = ""
        if (typed := changes.pop("continue_at", None)) is not None:
            changes["continue_at"], note = _moment(typed, language)
        if "song" in chosen:
            changes["source"] = next(each for each in self._songs if str(each.number) == chosen["song"])
        if "voice" in chosen:
            changes["voice"] = Voice(chosen["voice"])
        if "model" in chosen:
            changes["model"] = chosen["model"]
        return replace(self._request, **changes), note


def _replaces(interaction: Interaction) -> bool:
    """Whether the form was opened from an answer that its person alone sees: the card takes its place."""
    return interaction.message is not None and interaction.message.flags.ephemeral


def _moment(typed: str, language: Language) -> tuple[float | None, str]:
    try:
        return (read_moment(typed) if typed.strip() else None), ""
    except UnreadableMoment as error:
        return None, f"⚠️ {language(error.key, typed=code(typed))}"


def _model_options(chosen: str, models: Sequence[Model]) -> list[discord.SelectOption]:
    """By the names that people know; the one that is set first, also where it is not offered any more."""
    offered = {each.name: each for each in ([model_named(chosen)] if chosen else []) + list(models)}
    return [
        discord.SelectOption(label=plain_line(model.label, 80), value=name, default=not at)
        for at, (name, model) in enumerate(list(offered.items())[:_MAX_CHOICES])
    ]


def _song_options(songs: Sequence[Source], chosen: Source | None) -> list[discord.SelectOption]:
    number = chosen.number if chosen else 1
    return [
        discord.SelectOption(
            label=plain_line(name_of_source(song), 100), value=str(song.number), default=song.number == number
        )
        for song in songs[:_MAX_CHOICES]
    ]
