"""The card that is shown before an order: the request, ignored options, the price, and what is left today."""

import asyncio
import logging
from typing import Any

import discord

from bot.client import UNANSWERED, Interaction
from bot.domain.allowance import Limit, LimitReached
from bot.domain.from_song import written_moment
from bot.domain.models import model_named
from bot.domain.order import CANCELLABLE, Order, OrderState
from bot.domain.song_request import TUNED, RequestKind, SongRequest, Voice, utf16_length
from bot.errors import BotError, OrderGone
from bot.services.orders.results import Obstacle, Quote
from bot.ui.features.create.makers import maker_for
from bot.ui.features.create.texts import limit_text, name_of, name_of_source, not_permitted_text, place, state_text
from bot.ui.interactions.access import language_of
from bot.ui.interactions.dispatch import on_press
from bot.ui.render import actions
from bot.ui.render.components import button
from bot.ui.render.locales import Language
from bot.ui.render.payloads import OrderPayload
from bot.ui.render.text import one_line

_DELAYS = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 15.0, 30.0, 60.0)  # seconds between checks of a placed order
_OPEN = frozenset({OrderState.PLACED, OrderState.SENDING, OrderState.WAITING})

_HEADED = frozenset({RequestKind.LYRICS, RequestKind.EXTEND, RequestKind.COVER})  # the cards of others say "New song"

log = logging.getLogger(__name__)


async def show_card(interaction: Interaction, order: Order, note: str = "") -> None:
    """Replaces the answer with the current quote and the buttons that place, change or cancel the order."""
    language, orders = language_of(interaction), interaction.client.services.orders
    maker = await maker_for(interaction, order)
    quote = await orders.quote_for_card(order, maker)
    lines = card_lines(quote, language)
    if quote.not_permitted:
        lines.append(f"⚠️ {not_permitted_text(quote.not_permitted, await orders.rules(maker.guild_id), language)}")
    elif quote.limit_reached:
        lines.append(f"⚠️ {limit_text(quote.limit_reached, language)}")
    content = "\n".join(filter(None, [note, *lines]))
    nobody = discord.AllowedMentions.none()
    await interaction.edit_original_response(content=content, view=_buttons(quote, language), allowed_mentions=nobody)
    if quote.limit_reached and quote.limit_reached.limit is Limit.COOLDOWN:
        interaction.client.afterwards(_show_after(interaction, order, quote.limit_reached.until, note))


async def _show_after(interaction: Interaction, order: Order, moment: float, note: str) -> None:
    """Shows the card again when a short wait is over, if it is still of a draft."""
    orders = interaction.client.services.orders
    try:
        await orders.wait_until(moment)
        now = await orders.find(order.id)
        if now and now.state is OrderState.DRAFT:
            await show_card(interaction, now, note)
    except (BotError, *UNANSWERED) as error:
        log.info("order %s: its card is no longer updated: %s", order.id, error)


def card_lines(quote: Quote, language: Language) -> list[str]:
    request, work = quote.order.request, quote.order.request.kind
    kind = work if work in _HEADED else "song"
    label = "" if work is RequestKind.LYRICS else f" · {one_line(model_named(request.model).label, 40)}"
    lines = [f"## {language(f'create.card.{kind}')}{label}", _what(request, language)]
    lines += [*_source(request, language), _lengths(request, language), *_tuning(request, language)]
    lines += [
        language(
            "create.card.too_long", field=language(f"create.field.{each.field}"), n=each.length, max=each.max_length
        )
        for each in quote.faults
    ]
    lines += [language(f"create.problem.{quote.problem}")] if quote.problem else []
    lines += [f"-# {line}" for line in _not_passed_on(quote, language)]
    lines += [f"⚠️ {language('create.card.closed')}"] if quote.closed else []
    return [*lines, _terms(quote, language)]


def _not_passed_on(quote: Quote, language: Language) -> list[str]:
    """What this gateway ignores, as has been seen, and what it may ignore."""
    groups = (("ignored", quote.ignored), ("doubtful", quote.doubtful))
    named = [(key, [language(f"create.option.{option}") for option in sorted(options)]) for key, options in groups]
    return [
        language(f"create.card.{key}", options=language("create.separator").join(options))
        for key, options in named
        if options
    ]


def _source(request: SongRequest, language: Language) -> list[str]:
    """The song that it goes on from."""
    if request.source is None:
        return []
    at = written_moment(request.continue_at) if request.continue_at is not None else "?"
    return [language(f"create.card.from_{request.kind}", song=one_line(name_of_source(request.source), 120), at=at)]


def _tuning(request: SongRequest, language: Language) -> list[str]:
    percents = (("style_weight", request.style_weight), ("weirdness", request.weirdness))
    parts = [(name, f"{weight:.0%}") for name, weight in percents if weight is not None]
    parts += [("variety", str(request.variety))] if request.variety is not None else []
    parts += [("excluded_style", one_line(request.excluded_style, 200))] if request.excluded_style.strip() else []
    return [" · ".join(f"{language(f'create.field.{name}')}: {value}" for name, value in parts)] if parts else []


def _what(request: SongRequest, language: Language) -> str:
    voice = "" if request.kind is RequestKind.LYRICS else language(f"create.voice.{request.voice}")
    parts = [f"**{one_line(request.name, 150)}**", voice, one_line(request.style, 200)]
    return " · ".join(filter(None, parts))


def _lengths(request: SongRequest, language: Language) -> str:
    model = model_named(request.model)
    if request.kind in (RequestKind.DESCRIBE, RequestKind.LYRICS):
        rows = [("description", request.description, model.description)]
    else:
        rows = [("lyrics", request.lyrics, model.lyrics), ("style", request.style, model.style)]
    return " · ".join(
        f"{language(f'create.field.{name}')} {utf16_length(text):,} / {most:,}" for name, text, most in rows
    )


def _terms(quote: Quote, language: Language) -> str:
    lyrics = quote.order.request.kind is RequestKind.LYRICS
    parts = [
        language("create.card.cost" if lyrics else "create.card.cost_songs", price=price_text(quote))
        if quote.price is not None
        else language("create.card.cost_unknown")
    ]
    if quote.left is not None:
        parts.append(language("create.card.left", n=quote.left, max=quote.limit or quote.left))
    parts.append(language("create.card.where", channel=place(quote.order, language)))
    return " · ".join([*parts, *([language("create.card.approval")] if quote.approval else [])])


def price_text(quote: Quote) -> str:
    """Such as ≈0.10: the price list does not include the key's discount."""
    return "" if quote.price is None else f"{'' if quote.exact else '≈'}{quote.price:.2f}"


def _buttons(quote: Quote, language: Language) -> discord.ui.View:
    price = f" · {price_text(quote)}" if quote.price is not None else ""
    view, payload = discord.ui.View(timeout=None), OrderPayload(quote.order.id)
    if quote.ready:
        view.add_item(button(actions.ORDER_PLACE, payload, language, price=price))
    if quote.may_pass:
        view.add_item(button(actions.ORDER_LOOK, payload, language))
    view.add_item(button(actions.ORDER_EDIT, payload, language))
    if quote.order.request.kind in TUNED:
        view.add_item(button(actions.ORDER_TUNE, payload, language))
    return view.add_item(button(actions.ORDER_CANCEL, payload, language))


async def own_order(interaction: Interaction, order_id: str) -> Order:
    """Raises OrderGone for an order of somebody else, or one that was deleted."""
    order = await interaction.client.services.orders.own(order_id, interaction.user.id)
    if order is None:
        raise OrderGone
    return order


@on_press(actions.ORDER_PLACE)
async def place_order(interaction: Interaction, payload: OrderPayload) -> None:
    """The same edit removes all buttons. A second press finds the order placed, and shows its state."""
    await interaction.response.defer()
    services, language = interaction.client.services, language_of(interaction)
    order = await own_order(interaction, payload.order_id)
    placed = await services.orders.place(payload.order_id, await maker_for(interaction, order))
    order = await own_order(interaction, payload.order_id)
    match placed:
        case Obstacle.CHANGED | Obstacle.EDITED | Obstacle.RESTORED:
            await show_card(interaction, order, f"⚠️ {language(f'create.{placed}')}")
        case LimitReached() | Obstacle.NOT_READY:
            await show_card(interaction, order)
        case _:
            ahead = 0 if isinstance(placed, Obstacle) else placed.ahead
            await _show_state(interaction, order, ahead)
            interaction.client.afterwards(_follow(interaction, order))


@on_press(actions.ORDER_LOOK)
async def look_again(interaction: Interaction, payload: OrderPayload) -> None:
    await interaction.response.defer()
    order = await own_order(interaction, payload.order_id)
    if order.state is OrderState.DRAFT:
        await show_card(interaction, order)
    else:
        await _show_state(interaction, order)


@on_press(actions.ORDER_CANCEL)
async def cancel_order(interaction: Interaction, payload: OrderPayload) -> None:
    await interaction.response.defer()
    await interaction.client.services.orders.cancel(payload.order_id, interaction.user.id)
    await _show_state(interaction, await own_order(interaction, payload.order_id))


async def _show_state(interaction: Interaction, order: Order, ahead: int = 0) -> None:
    language = language_of(interaction)
    view: Any = discord.ui.View(timeout=None)
    if order.state in CANCELLABLE:
        view.add_item(button(actions.ORDER_CANCEL, OrderPayload(order.id), language))
    content = f"**{name_of(order)}**\n{state_text(order, language, ahead)}"
    await interaction.edit_original_response(content=content, view=view if order.state in CANCELLABLE else None)


async def _follow(interaction: Interaction, order: Order) -> None:
    """Updates the card with the order's state, as long as the interaction's token is valid."""
    shown, orders = order.state, interaction.client.services.orders
    try:
        for pause in _DELAYS:
            await asyncio.sleep(pause)
            now = await orders.find(order.id)
            if now is None:
                return
            if now.state is not shown:
                ahead = await orders.orders_ahead(now) if now.state is OrderState.PLACED else 0
                await _show_state(interaction, now, ahead)
                shown = now.state
            if shown not in _OPEN:
                return
    except (BotError, *UNANSWERED) as error:
        log.info("order %s: its card is no longer updated: %s", order.id, error)


def voices(language: Language, chosen: Voice) -> list[discord.SelectOption]:
    return [
        discord.SelectOption(label=language(f"create.voice.{voice}"), value=voice, default=voice is chosen)
        for voice in Voice
    ]
