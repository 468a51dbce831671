"""/suno create and write, and their forms."""

from typing import Any

import discord
from msgspec.structs import replace

from bot.client import Interaction
from bot.domain.order import Order
from bot.domain.song_request import RequestKind, SongRequest, Voice
from bot.errors import OrderGone, UnreadableFile
from bot.ui.features.create.card import own_order, show_card, voices
from bot.ui.features.create.makers import chosen_destination, destination, maker_of
from bot.ui.features.create.texts import bar_text
from bot.ui.interactions.access import language_of, locale_of
from bot.ui.interactions.destinations import Channel, Destination
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.forms import Form
from bot.ui.render import actions
from bot.ui.render.actions import NewOrderPayload, OrderPayload
from bot.ui.render.components import button
from bot.ui.render.locales import Language
from bot.ui.render.text import plain_line

_MOST_TEXT = 4_000  # characters of a field of a form
_MOST_FILE = 20 * 1024  # bytes
_MOST_MODELS = 25


async def create(
    interaction: Interaction,
    about: str | None,
    voice: Voice,
    model: str,
    file: discord.Attachment | None,
    channel: Channel | None,
) -> None:
    """With a description or a file it shows the card; without either, buttons for the two forms."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    if await _is_barred(interaction, model):
        return
    if about is None and file is None:
        view = discord.ui.View(timeout=None)
        payload = NewOrderPayload(channel.id if channel else 0, voice, model)
        for action in (actions.CREATE_DESCRIBE, actions.CREATE_OWN):
            view.add_item(button(action, payload, language_of(interaction)))
        await interaction.edit_original_response(content=language_of(interaction)("create.how"), view=view)
        return
    kind = RequestKind.CUSTOM if file else RequestKind.DESCRIBE
    lyrics = await _lyrics_in(file) if file else ""
    style = about or "" if file else ""
    request = SongRequest(
        kind=kind, model=model, voice=voice, lyrics=lyrics, style=style, description="" if file else about or ""
    )
    await _show_new(interaction, request, await destination(interaction, channel))


async def write(interaction: Interaction, about: str) -> None:
    """Lyrics only."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    if not await _is_barred(interaction):
        request = SongRequest(kind=RequestKind.LYRICS, description=about)
        await _show_new(interaction, request, await destination(interaction))


async def _is_barred(interaction: Interaction, model: str = "") -> bool:
    """True if the person may not order here; then it has told them why."""
    orders, maker = interaction.client.services.orders, maker_of(interaction)
    bar = await orders.bar(maker, model)
    if bar:
        text = bar_text(bar, await orders.rules(maker.guild_id), language_of(interaction))
        await interaction.edit_original_response(content=text, allowed_mentions=discord.AllowedMentions.none())
    return bar is not None


async def _lyrics_in(file: discord.Attachment) -> str:
    """Raises UnreadableFile."""
    if file.size > _MOST_FILE:
        raise UnreadableFile("lyrics", file.filename)
    try:
        return (await file.read()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableFile("lyrics", file.filename) from None


async def _show_new(interaction: Interaction, request: SongRequest, where: Destination) -> None:
    await show_card(interaction, await _draft(interaction, request, where.channel_id, where.locale))


async def _draft(interaction: Interaction, request: SongRequest, channel_id: int, locale: str) -> Order:
    """The order's id is the interaction's, because Discord may deliver that twice."""
    return await interaction.client.services.orders.draft(
        f"{interaction.id:x}",
        maker_of(interaction),
        request,
        channel_id=channel_id,
        locale=locale,
        user_locale=locale_of(interaction),
    )


class RequestForm(Form):
    """A description of the song, or the person's own lyrics. `order`: the draft to change; `channel_id`: where a new
    one is to be posted, 0 if that was not chosen.
    """

    def __init__(
        self,
        language: Language,
        request: SongRequest,
        models: list[str],
        *,
        order: Order | None = None,
        channel_id: int = 0,
    ) -> None:
        super().__init__(language(f"create.form.{request.kind}"))
        self._request, self._order, self._channel_id = request, order, channel_id
        self._texts: dict[str, discord.ui.TextInput[Any]] = {}
        for name, most, long in _FIELDS[request.kind]:
            text: str = getattr(request, name)
            if len(text) <= most:  # a text from a file that does not fit stays as it is
                self._add_text(language, name, text, most, long=long)
        if request.kind is RequestKind.LYRICS:
            return
        self._voice: discord.ui.Select[Any] = discord.ui.Select(options=voices(language, request.voice))
        self.add_item(discord.ui.Label(text=language("create.field.voice"), component=self._voice))
        names = list(dict.fromkeys([*filter(None, [request.model]), *models]))[:_MOST_MODELS]
        options = [
            discord.SelectOption(label=plain_line(name, 80), value=name, default=not at)
            for at, name in enumerate(names)
        ]
        self._model: discord.ui.Select[Any] = discord.ui.Select(options=options)
        self.add_item(discord.ui.Label(text=language("create.field.model"), component=self._model))

    def _add_text(self, language: Language, name: str, text: str, most: int, *, long: bool) -> None:
        style = discord.TextStyle.paragraph if long else discord.TextStyle.short
        field: discord.ui.TextInput[Any] = discord.ui.TextInput(
            required=False, max_length=most, default=text or None, style=style
        )
        self._texts[name] = field
        self.add_item(discord.ui.Label(text=language(f"create.field.{name}"), component=field))

    async def handle_submit(self, interaction: Interaction) -> None:
        """Stores the draft first, so that a later error does not lose what was typed."""
        if self._order or interaction.message:
            await interaction.response.defer()
        else:
            await interaction.response.defer(ephemeral=True, thinking=True)
        request = replace(self._request, **{name: field.value for name, field in self._texts.items()})
        if request.kind is not RequestKind.LYRICS:
            request = replace(request, voice=Voice(self._voice.values[0]), model=self._model.values[0])
        if self._order is None:
            await _show_new(interaction, request, await chosen_destination(interaction, self._channel_id))
            return
        edited = await interaction.client.services.orders.edit(self._order.id, interaction.user.id, request)
        if edited is None:
            raise OrderGone
        await show_card(interaction, edited)


_FIELDS: dict[RequestKind, tuple[tuple[str, int, bool], ...]] = {
    RequestKind.DESCRIBE: (("description", 3_000, True),),
    RequestKind.LYRICS: (("description", 3_000, True),),
    RequestKind.CUSTOM: (("title", 100, False), ("style", 1_000, True), ("lyrics", _MOST_TEXT, True)),
    RequestKind.EXTEND: (("style", 1_000, True), ("lyrics", _MOST_TEXT, True)),
    RequestKind.COVER: (("style", 1_000, True), ("lyrics", _MOST_TEXT, True)),
}


async def _models(interaction: Interaction) -> list[str]:
    return [model.name for model in await interaction.client.services.orders.offered(interaction.guild_id)]


@on_press(actions.CREATE_DESCRIBE)
async def describe(interaction: Interaction, payload: NewOrderPayload) -> None:
    await _begin(interaction, RequestKind.DESCRIBE, payload)


@on_press(actions.CREATE_OWN)
async def own_lyrics(interaction: Interaction, payload: NewOrderPayload) -> None:
    await _begin(interaction, RequestKind.CUSTOM, payload)


async def _begin(interaction: Interaction, kind: RequestKind, payload: NewOrderPayload) -> None:
    voice = Voice(payload.voice) if payload.voice in set(Voice) else Voice.ANY  # a custom_id can be forged
    request = SongRequest(kind=kind, voice=voice, model=payload.model)
    form = RequestForm(language_of(interaction), request, await _models(interaction), channel_id=payload.channel_id)
    await interaction.response.send_modal(form)


@on_press(actions.ORDER_EDIT)
async def edit(interaction: Interaction, payload: OrderPayload) -> None:
    order = await own_order(interaction, payload.order_id)
    form = RequestForm(language_of(interaction), order.request, await _models(interaction), order=order)
    await interaction.response.send_modal(form)


async def models_to_choose(interaction: Interaction, typed: str) -> list[discord.app_commands.Choice[str]]:
    models = await interaction.client.services.orders.offered(interaction.guild_id)
    found = [each for each in models if typed.lower() in f"{each.name} {each.label}".lower()]
    return [
        discord.app_commands.Choice(name=plain_line(each.label, 100), value=each.name) for each in found[:_MOST_MODELS]
    ]
