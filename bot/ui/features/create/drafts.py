"""How an order begins, whatever it is for: may they, and where; then a draft, and its card."""

import discord

from bot.client import Interaction
from bot.domain.models import Model
from bot.domain.order import Order, OrderState
from bot.domain.song_request import SongRequest
from bot.ui.features.create.card import show_card
from bot.ui.features.create.makers import maker_for, maker_of
from bot.ui.features.create.texts import not_permitted_text
from bot.ui.interactions.access import language_of, locale_of
from bot.ui.interactions.destinations import Destination
from bot.ui.render import actions
from bot.ui.render.components import ActionButton, button
from bot.ui.render.locales import Language
from bot.ui.render.payloads import ListedOrderPayload

_RETRIED = frozenset({OrderState.REFUSED, OrderState.FAILED, OrderState.EXPIRED})


def again_buttons(order: Order, language: Language, page: int = 0) -> list[ActionButton]:
    """For its person, of what came to nothing. `page`: of the list that it stands in."""
    payload = ListedOrderPayload("mine", order.id, page)
    return [button(actions.ORDER_AGAIN, payload, language)] if order.state in _RETRIED else []


async def not_permitted_here(interaction: Interaction, model: str = "") -> str:
    """Why they may not order here, in one sentence; empty: they may."""
    orders, maker = interaction.client.services.orders, maker_of(interaction)
    why = await orders.why_not_permitted(maker, model)
    return not_permitted_text(why, await orders.rules(maker.guild_id), language_of(interaction)) if why else ""


async def was_refused(interaction: Interaction, model: str = "") -> bool:
    """True if they may not order here, which the answer then says. For what was deferred."""
    if text := await not_permitted_here(interaction, model):
        await interaction.edit_original_response(content=text, allowed_mentions=discord.AllowedMentions.none())
    return bool(text)


async def show_new(
    interaction: Interaction, request: SongRequest, where: Destination, *, gateway: str = "", note: str = ""
) -> None:
    """`gateway`: the one that has the song which it goes on from. `note`: what is said above the card."""
    order = await _draft(interaction, request, where, gateway)
    await show_card(interaction, order, note)


async def show_again(interaction: Interaction, order: Order, note: str = "") -> None:
    """A new draft that says the same, to be posted in the same place. `note`: what is said above its card."""
    draft = await interaction.client.services.orders.draft(
        f"{interaction.id:x}",
        await maker_for(interaction, order),
        order.request,
        channel_id=order.channel_id,
        locale=order.locale,
        user_locale=locale_of(interaction),
        gateway=order.gateway,
    )
    await show_card(interaction, draft, note)


async def _draft(interaction: Interaction, request: SongRequest, where: Destination, gateway: str) -> Order:
    """Under the interaction's own id: Discord may deliver it again."""
    return await interaction.client.services.orders.draft(
        f"{interaction.id:x}",
        maker_of(interaction),
        request,
        channel_id=where.channel_id,
        locale=where.locale,
        user_locale=locale_of(interaction),
        gateway=gateway,
    )


async def models_at(interaction: Interaction, gateway: str = "") -> list[Model]:
    """To choose from: what the gateway has, as far as the server's managers want it."""
    return await interaction.client.services.orders.offered(interaction.guild_id, gateway)
