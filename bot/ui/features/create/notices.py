"""Notifies people of the outcome of their orders when the card cannot show it any more."""

import logging

import discord

from bot.client import UNANSWERED, SunoBot
from bot.domain.order import Order, OrderState, refused_as_busy
from bot.ui.features.create.drafts import again_buttons
from bot.ui.features.create.texts import name_of, state_text
from bot.ui.render.locales import language_for

# States that the card or the post shows.
_SHOWN_ELSEWHERE = frozenset({
    OrderState.PLACED, OrderState.WAITING, OrderState.SENDING, OrderState.ACCEPTED, OrderState.CANCELLED,
    OrderState.FINISHED,
})  # fmt: skip

log = logging.getLogger(__name__)


class OrderNotices:
    def __init__(self, bot: SunoBot) -> None:
        self._bot = bot

    async def notify(self, order: Order) -> bool:
        """False if it failed for now and is to be tried again."""
        if order.state in _SHOWN_ELSEWHERE and not refused_as_busy(order):
            return True
        text = notice(order)
        try:
            try:
                channel = await self._bot.create_dm(discord.Object(order.user_id))
                await channel.send(text, view=_again(order))
            except discord.Forbidden:
                await self._notify_in_channel(order, text)
        except discord.HTTPException as error:
            # /suno orders shows it in any case.
            log.warning("order %s: the person cannot be notified: %s", order.id, error)
            return error.status < 500
        except UNANSWERED as error:
            log.warning("order %s: the person is notified later: %s", order.id, type(error).__name__)
            return False
        return True

    async def _notify_in_channel(self, order: Order, text: str) -> None:
        """For people who accept no DMs: in the channel in which they ordered."""
        if order.guild_id is None:
            return
        channel = self._bot.get_partial_messageable(order.channel_id, guild_id=order.guild_id)
        mentions = discord.AllowedMentions(users=[discord.Object(order.user_id)])
        await channel.send(f"<@{order.user_id}> {text}", allowed_mentions=mentions, view=_again(order))


def _again(order: Order) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for each in again_buttons(order, language_for(order.user_locale)):
        view.add_item(each)
    return view


def notice(order: Order) -> str:
    language = language_for(order.user_locale)
    return f"**{name_of(order)}**\n{state_text(order, language)}"
