"""/suno create and /suno write: from what people type, or a form, to the card."""

import discord

from bot.client import Interaction
from bot.domain.song_request import RequestKind, SongRequest, Voice
from bot.errors import UnreadableFile
from bot.ui.features.create.drafts import models_at, show_new, was_refused
from bot.ui.features.create.forms import RequestForm
from bot.ui.features.create.makers import destination
from bot.ui.interactions.access import language_of
from bot.ui.interactions.destinations import Channel
from bot.ui.interactions.dispatch import on_press
from bot.ui.render import actions
from bot.ui.render.components import button
from bot.ui.render.payloads import NewOrderPayload
from bot.ui.render.text import plain_line

_MAX_FILE = 20 * 1024  # bytes
_MAX_MODELS = 25


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
    if await was_refused(interaction, model):
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
    await show_new(interaction, request, await destination(interaction, channel))


async def write(interaction: Interaction, about: str) -> None:
    """Lyrics only."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    if not await was_refused(interaction):
        request = SongRequest(kind=RequestKind.LYRICS, description=about)
        await show_new(interaction, request, await destination(interaction))


async def _lyrics_in(file: discord.Attachment) -> str:
    """Raises UnreadableFile."""
    if file.size > _MAX_FILE:
        raise UnreadableFile("lyrics", file.filename)
    try:
        return (await file.read()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableFile("lyrics", file.filename) from None


@on_press(actions.CREATE_DESCRIBE)
async def describe(interaction: Interaction, payload: NewOrderPayload) -> None:
    await _begin(interaction, RequestKind.DESCRIBE, payload)


@on_press(actions.CREATE_OWN)
async def own_lyrics(interaction: Interaction, payload: NewOrderPayload) -> None:
    await _begin(interaction, RequestKind.CUSTOM, payload)


async def _begin(interaction: Interaction, kind: RequestKind, payload: NewOrderPayload) -> None:
    voice = Voice(payload.voice) if payload.voice in set(Voice) else Voice.ANY  # a custom_id can be forged
    request = SongRequest(kind=kind, voice=voice, model=payload.model)
    form = RequestForm(language_of(interaction), request, await models_at(interaction), channel_id=payload.channel_id)
    await interaction.response.send_modal(form)


async def models_to_choose(interaction: Interaction, typed: str) -> list[discord.app_commands.Choice[str]]:
    models = await models_at(interaction)
    found = [each for each in models if typed.lower() in f"{each.name} {each.label}".lower()]
    return [
        discord.app_commands.Choice(name=plain_line(each.label, 100), value=each.name) for each in found[:_MAX_MODELS]
    ]
