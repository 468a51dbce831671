"""From a song or lyrics that are there to the next: /suno extend and /suno cover, and the buttons under what was made.

None of it orders anything: what is pressed or typed here leads to a card, or to a form and then the card.
"""

import asyncio
from collections.abc import Callable

import discord

from bot.client import Interaction
from bot.domain.from_song import cover, extension, read_moment, same_song, source_of
from bot.domain.order import Order
from bot.domain.song_request import SongOption, SongRequest, Source
from bot.domain.task import Status, Task
from bot.errors import GatewayError, NotContinuable, UnknownTask
from bot.services.lookup import Found
from bot.ui.features.create.card import own_order
from bot.ui.features.create.drafts import models_at, not_permitted_here, show_again, show_new, was_refused
from bot.ui.features.create.forms import RequestForm
from bot.ui.features.create.makers import destination
from bot.ui.features.create.tuning import TuningForm
from bot.ui.features.status import look_up
from bot.ui.interactions.access import language_of
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.library_search import song_choice, suggested_songs
from bot.ui.interactions.typed_ids import one_id
from bot.ui.render import actions
from bot.ui.render.payloads import OrderPayload, SongPayload
from bot.ui.render.text import clean, plain_line

_FORM_TIMEOUT = 1.5  # seconds for a gateway's answer: a form has to be there within three
_MAX_DIGITS = 2  # digits of a song's number
_CHOICES = 25  # that Discord shows

Choice = discord.app_commands.Choice[str]
MakeRequest = Callable[[Found, int], SongRequest]
"""From a task and the number of a song in it, 0: any."""


async def extend(interaction: Interaction, song: str, at: str | None) -> None:
    """`song`: as it is offered, or an id or a link of a task or a song."""
    moment = read_moment(at) if at else None
    await _form_or_card(
        interaction, song, lambda found, number: extension(found.task, _number(found.task, number), moment)
    )


async def cover_song(interaction: Interaction, song: str, style: str) -> None:
    await _form_or_card(interaction, song, lambda found, number: _cover(interaction, found, number, style))


async def songs_to_choose(interaction: Interaction, typed: str) -> list[Choice]:
    """Titles with the number of the song in its task, as in Harbour · 1/2; then songs of the library."""
    services, typed = interaction.client.services, typed.strip()
    offered = await services.task_ids.offered(interaction.user.id, interaction.channel_id or 0, typed)
    choices = [
        discord.app_commands.Choice(
            name=plain_line(f"{clean(each.title) or each.task_id} · {number}/{each.count}", 100),
            value=f"{each.task_id}#{number}",
        )
        for each in offered
        for number in range(1, each.count + 1)
    ]
    if typed and len(choices) < _CHOICES:
        values = {each.value for each in choices}
        found = map(song_choice, await suggested_songs(interaction, typed))
        choices += [each for each in found if each.value not in values]
    return choices[:_CHOICES]


@on_press(actions.SONG_EXTEND)
async def extend_pressed(interaction: Interaction, payload: SongPayload) -> None:
    await _card(interaction, payload, lambda found, number: extension(found.task, _number(found.task, number)))


@on_press(actions.SONG_COVER)
async def cover_pressed(interaction: Interaction, payload: SongPayload) -> None:
    await _card(interaction, payload, lambda found, number: _cover(interaction, found, number, ""))


@on_press(actions.SONG_OF_LYRICS)
async def song_of_lyrics(interaction: Interaction, payload: SongPayload) -> None:
    await _card(interaction, payload, lambda found, _: same_song(found.task))


@on_press(actions.SONG_EDIT)
async def edit_lyrics(interaction: Interaction, payload: SongPayload) -> None:
    await _form_or_card(interaction, payload.task_id, lambda found, _: same_song(found.task))


@on_press(actions.SONG_AGAIN)
async def again(interaction: Interaction, payload: SongPayload) -> None:
    await _again(interaction, payload)


@on_press(actions.SONG_RETRY)
async def edit_and_try_again(interaction: Interaction, payload: SongPayload) -> None:
    await _again(interaction, payload)


async def _again(interaction: Interaction, payload: SongPayload) -> None:
    """What they wrote themselves; what somebody else wrote is theirs, so of that only what everybody sees."""
    orders = interaction.client.services.orders
    await interaction.response.defer(ephemeral=True, thinking=True)
    if await was_refused(interaction):
        return
    if order := await orders.own_of_task(payload.task_id, interaction.user.id):
        await show_again(interaction, order)
        return
    found = await _found(interaction, payload.task_id)
    await show_new(interaction, _of_others(found.task, payload.number), await destination(interaction))


def _of_others(task: Task, number: int) -> SongRequest:
    if task.status is Status.FAILED and not task.clips:
        raise NotContinuable("private")
    return same_song(task, number)


async def _card(interaction: Interaction, payload: SongPayload, make: MakeRequest) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    if await was_refused(interaction):
        return
    found = await _found(interaction, payload.task_id)
    request = make(found, payload.number)
    await show_new(interaction, request, await destination(interaction), gateway=found.gateway)


async def _form_or_card(interaction: Interaction, typed: str, make: MakeRequest) -> None:
    """A form can only be shown at once: where the gateway takes its time it is the card, which can be edited."""
    if text := await not_permitted_here(interaction):
        nobody = discord.AllowedMentions.none()
        await interaction.response.send_message(text, ephemeral=True, allowed_mentions=nobody)
        return
    task_id, number = _typed_song(typed)
    looking = asyncio.create_task(_found(interaction, task_id), name="form")
    try:
        await asyncio.wait({looking}, timeout=_FORM_TIMEOUT)
        if late := not looking.done():
            await interaction.response.defer(ephemeral=True, thinking=True)
        found = await looking
    finally:
        looking.cancel()
    request = make(found, number or _named_in(typed, found.task))
    if late:
        await show_new(interaction, request, await destination(interaction), gateway=found.gateway)
        return
    songs = _songs_in(found.task) if request.source else ()
    models = await models_at(interaction, found.gateway)
    form = RequestForm(language_of(interaction), request, models, gateway=found.gateway, songs=songs)
    await interaction.response.send_modal(form)


async def _found(interaction: Interaction, typed: str) -> Found:
    services = interaction.client.services
    return await look_up(services, await one_id(services, typed))


def _cover(interaction: Interaction, found: Found, number: int, style: str) -> SongRequest:
    """Raises NotContinuable where the gateway is not known to cover the song that it is told."""
    if SongOption.COVER not in interaction.client.services.orders.terms(found.gateway).abilities.can:
        raise NotContinuable("no_covers")
    return cover(found.task, _number(found.task, number), style)


def _typed_song(typed: str) -> tuple[str, int]:
    """A task or a song, and the number that the autocomplete puts behind it; 0: none."""
    task_id, mark, number = typed.strip().rpartition("#")
    if mark and number.isascii() and number.isdigit() and len(number) <= _MAX_DIGITS:
        return task_id, int(number)
    return typed, 0


def _named_in(typed: str, task: Task) -> int:
    """The song whose own id or link was typed; 0: none was."""
    return next((number for number, clip in enumerate(task.clips, 1) if clip.id and clip.id in typed), 0)


def _number(task: Task, number: int) -> int:
    """Where none was said, the first that can be heard."""
    return number or next((each for each, clip in enumerate(task.clips, 1) if clip.playable), 1)


def _songs_in(task: Task) -> list[Source]:
    return [
        source_of(task, number)
        for number, clip in enumerate(task.clips, 1)
        if clip.playable and clip.id != f"{task.id}-{number}"
    ]


@on_press(actions.ORDER_EDIT)
async def edit(interaction: Interaction, payload: OrderPayload) -> None:
    order = await own_order(interaction, payload.order_id)
    songs, models = await _songs_of(interaction, order), await models_at(interaction, order.gateway)
    await interaction.response.send_modal(
        RequestForm(language_of(interaction), order.request, models, order=order, songs=songs)
    )


@on_press(actions.ORDER_TUNE)
async def tune(interaction: Interaction, payload: OrderPayload) -> None:
    order = await own_order(interaction, payload.order_id)
    await interaction.response.send_modal(TuningForm(language_of(interaction), order))


async def _songs_of(interaction: Interaction, order: Order) -> list[Source]:
    """To choose from; none where the gateway takes its time or cannot tell."""
    if order.request.source is None:
        return []
    try:
        async with asyncio.timeout(_FORM_TIMEOUT):
            return _songs_in((await _found(interaction, order.request.source.task_id)).task)
    except (TimeoutError, GatewayError, UnknownTask):
        return []
