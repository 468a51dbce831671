"""/suno orders and usage: lists of one's own orders, a server's, and those that wait for a manager."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import discord

from bot.client import Interaction
from bot.domain.allowance import Work, left, next_day
from bot.domain.order import CANCELLABLE, FOR_MANAGERS, Order, OrderQuery, OrderState, PersonsOrders
from bot.errors import NotYours, OrderGone
from bot.services.orders.results import Settlement
from bot.ui.features.create.card import own_order
from bot.ui.features.create.drafts import again_buttons, show_again
from bot.ui.features.create.makers import maker_of
from bot.ui.features.create.texts import moment, name_of, state_text
from bot.ui.interactions.access import language_of, managed_guild
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.forms import Form
from bot.ui.interactions.typed_ids import one_id
from bot.ui.render import actions
from bot.ui.render.actions import Action
from bot.ui.render.components import ActionButton, button, page_buttons, rows_of
from bot.ui.render.locales import Language
from bot.ui.render.payloads import ListedOrderPayload, PagePayload
from bot.ui.render.text import cut

_PAGE = 5
_MAX_PEOPLE = 15
_MAX_ROW = 700  # characters
_MINE, _SERVER, _OPEN = "mine", "server", "open"
_EMOJI = {
    OrderState.WAITING: "🙋", OrderState.PLACED: "⏳", OrderState.SENDING: "📤", OrderState.ACCEPTED: "🎶",
    OrderState.UNSURE: "❔", OrderState.FINISHED: "✅", OrderState.LOST: "❔",
}  # fmt: skip


async def show_orders(interaction: Interaction, scope: str, page: int = 0) -> None:
    """`scope`: mine, server, or open, which lists what waits for the server's managers."""
    if scope == _MINE:
        query = OrderQuery(user_id=interaction.user.id)
    else:
        states = FOR_MANAGERS if scope == _OPEN else ()
        query = OrderQuery(guild_id=managed_guild(interaction).id, states=states)
    count, found = await interaction.client.services.orders.listed(query, limit=_PAGE, offset=page * _PAGE)
    if page and not found:
        await show_orders(interaction, scope, 0)
        return
    posts = await interaction.client.services.orders.posts(found)
    await interaction.edit_original_response(view=_view(found, posts, count, scope, page, language_of(interaction)))


def _view(
    found: list[Order], posts: Mapping[str, int], count: int, scope: str, page: int, language: Language
) -> discord.ui.LayoutView:
    """`posts`: the message, by order, in which something came of it."""
    view = discord.ui.LayoutView(timeout=None)
    head = f"## {language(f'order.list.{scope}', n=count)}" if count else language(f"order.list.no_{scope}")
    view.add_item(discord.ui.TextDisplay(head))
    for order in found:
        view.add_item(discord.ui.TextDisplay(_row(order, posts.get(order.id), scope, language)))
        for row in rows_of(_buttons(order, scope, page, language)):
            view.add_item(row)
    pages = -(-count // _PAGE)
    if pages > 1:
        turn = page_buttons(actions.ORDERS_PAGE, partial(PagePayload, scope), page, pages)
        view.add_item(discord.ui.ActionRow(*turn))
    return view


def _row(order: Order, post: int | None, scope: str, language: Language) -> str:
    who = f" · <@{order.user_id}>" if scope != _MINE else ""
    price = f" · {order.price:.2f}" if order.price is not None else ""
    when = moment(order.placed_at or order.created_at)
    head = f"{_EMOJI.get(order.state, '✖️')} **{name_of(order)}**{who}{price} · {when}"
    link = f" · {_link(order, post)}" if post else ""
    return cut(f"{head}{link}\n-# {state_text(order, language)}", _MAX_ROW)


def _link(order: Order, message_id: int) -> str:
    """Discord shows it as a jump."""
    return f"https://discord.com/channels/{order.guild_id or '@me'}/{order.channel_id}/{message_id}"


def _buttons(order: Order, scope: str, page: int, language: Language) -> list[ActionButton]:
    """The actions that the viewers of this list have."""
    bound: list[Action[ListedOrderPayload]] = []
    if scope == _OPEN and order.state is OrderState.WAITING:
        bound = [actions.ORDER_APPROVE, actions.ORDER_DECLINE]
    elif scope == _OPEN:
        bound = [actions.ORDER_FOUND]
        bound += [actions.ORDER_FREE, actions.ORDER_LOST] if order.state is OrderState.UNSURE else []
        bound += [actions.ORDER_TWICE]
    elif scope == _MINE:
        bound = [actions.ORDER_WITHDRAW] if order.state in CANCELLABLE else []
        bound += [actions.ORDER_FOUND] if order.state in (OrderState.UNSURE, OrderState.LOST) else []
    buttons = [button(action, ListedOrderPayload(scope, order.id, page), language) for action in bound]
    return [*buttons, *(again_buttons(order, language, page) if scope == _MINE else ())]


@on_press(actions.ORDERS_PAGE)
async def turn_page(interaction: Interaction, payload: PagePayload) -> None:
    await interaction.response.defer()
    await show_orders(interaction, payload.about, payload.page)


@on_press(actions.ORDER_WITHDRAW)
async def withdraw(interaction: Interaction, payload: ListedOrderPayload) -> None:
    await interaction.response.defer()
    await interaction.client.services.orders.cancel(payload.order_id, interaction.user.id)
    await show_orders(interaction, _MINE, payload.page)


@on_press(actions.ORDER_APPROVE)
async def approve(interaction: Interaction, payload: ListedOrderPayload) -> None:
    await _decide(interaction, payload, approve=True)


@on_press(actions.ORDER_DECLINE)
async def decline(interaction: Interaction, payload: ListedOrderPayload) -> None:
    await _decide(interaction, payload, approve=False)


async def _decide(interaction: Interaction, payload: ListedOrderPayload, *, approve: bool) -> None:
    await interaction.response.defer()
    guild_id = managed_guild(interaction).id
    await interaction.client.services.orders.decide(payload.order_id, guild_id, approve=approve)
    await show_orders(interaction, _OPEN, payload.page)


@on_press(actions.ORDER_FREE)
async def not_charged(interaction: Interaction, payload: ListedOrderPayload) -> None:
    await _settle(interaction, payload, charged=False)


@on_press(actions.ORDER_LOST)
async def charged_and_lost(interaction: Interaction, payload: ListedOrderPayload) -> None:
    await _settle(interaction, payload, charged=True)


async def _settle(interaction: Interaction, payload: ListedOrderPayload, *, charged: bool) -> None:
    await interaction.response.defer()
    order = await _order(interaction, payload)
    managed_guild(interaction)  # the person who ordered may not decide that
    await interaction.client.services.orders.settle(order.id, charged=charged)
    await show_orders(interaction, _OPEN, payload.page)


async def _order(interaction: Interaction, payload: ListedOrderPayload) -> Order:
    """The person's own order, or one of a server that they manage. Raises OrderGone or NotYours."""
    order = await interaction.client.services.orders.find(payload.order_id)
    if order is None:
        raise OrderGone
    if order.user_id != interaction.user.id and managed_guild(interaction).id != order.guild_id:
        raise NotYours
    return order


class FoundForm(Form):
    """Asks for the task id of an order that the gateway never answered."""

    def __init__(self, language: Language, order: Order) -> None:
        super().__init__(language("btn.its_id"))
        self._order = order
        self._id: discord.ui.TextInput[Any] = discord.ui.TextInput(max_length=200)
        self.add_item(discord.ui.Label(text=language("order.found.label"), component=self._id))

    async def handle_submit(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        services = interaction.client.services
        settled = await services.orders.settle_with_task(self._order.id, await one_id(services, self._id.value))
        key = "order.found.done" if settled is Settlement.DONE else f"order.found.{settled}"
        await interaction.edit_original_response(content=language_of(interaction)(key))


@on_press(actions.ORDER_FOUND)
async def ask_id(interaction: Interaction, payload: ListedOrderPayload) -> None:
    await interaction.response.send_modal(FoundForm(language_of(interaction), await _order(interaction, payload)))


@on_press(actions.ORDER_AGAIN)
async def order_again(interaction: Interaction, payload: ListedOrderPayload) -> None:
    """A new draft with the same request."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    await show_again(interaction, await own_order(interaction, payload.order_id))


@on_press(actions.ORDER_TWICE)
async def order_twice(interaction: Interaction, payload: ListedOrderPayload) -> None:
    """The same, of one that may have been charged: for managers alone, and with a warning."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    order = await _order(interaction, payload)
    managed_guild(interaction)  # its person may not
    await show_again(interaction, order, f"⚠️ {language_of(interaction)('order.twice')}")


async def show_usage(interaction: Interaction) -> None:
    """What is left today, and the last ten orders."""
    services, language, maker = interaction.client.services, language_of(interaction), maker_of(interaction)
    lines = [f"## {language('order.usage.title')}"]
    for work in Work:
        usage, limits = await services.orders.usage(maker, work)
        rest = left(usage, limits)
        most = limits.person if limits.person is not None else usage.person
        lines.append(language(f"order.usage.{work}", used=usage.person, max=most, n=rest or 0))
    lines.append(f"-# {language('order.usage.resets', when=moment(next_day(services.watches.now())))}")
    _, found = await services.orders.listed(OrderQuery(user_id=interaction.user.id), limit=10)
    lines += [f"{_EMOJI.get(each.state, '✖️')} {name_of(each)} · {moment(each.created_at)}" for each in found]
    if maker.manages and maker.guild_id is not None:
        lines += _by_person(await services.orders.by_person(maker.guild_id, _MAX_PEOPLE), language)
    await interaction.edit_original_response(
        content=cut("\n".join(lines), 2_000), allowed_mentions=discord.AllowedMentions.none()
    )


def _by_person(people: list[PersonsOrders], language: Language) -> list[str]:
    """For managers: who ordered how much."""
    if not people:
        return []
    rows = [
        language("order.usage.person", who=f"<@{each.user_id}>", songs=each.songs, lyrics=each.lyrics)
        + (f" · {each.price:.2f}" if each.price is not None else "")
        for each in people
    ]
    return [f"## {language('order.usage.month')}", *rows]
