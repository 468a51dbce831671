"""Posts charts in Discord, and tells managers of those that cannot be posted."""

from collections.abc import Sequence

import discord

from bot.client import SunoBot
from bot.domain.charts import ChartEntry, ChartPost
from bot.domain.discord_errors import UNKNOWN_CHANNEL, UNKNOWN_MESSAGE
from bot.domain.library import ChannelGroup
from bot.errors import PostError
from bot.services.charts.sender import Presence
from bot.ui.interactions.audience import viewable_by_readers
from bot.ui.interactions.permissions import Postable, is_hidden, missing_in
from bot.ui.outgoing.errors import DELETED, post_errors, refuse_without
from bot.ui.outgoing.history import find_message
from bot.ui.render import actions
from bot.ui.render.charts import chart_view
from bot.ui.render.components import button
from bot.ui.render.locales import Language, language_for
from bot.ui.render.payloads import ChannelPayload


class DiscordChartPoster:
    def __init__(self, bot: SunoBot) -> None:
        self._bot = bot

    def presence(self, guild_id: int) -> Presence:
        guild = self._bot.get_guild(guild_id)
        if guild is None:
            return Presence.LEFT if self._bot.connections.knows(guild_id) else Presence.UNKNOWN
        return Presence.UNKNOWN if guild.unavailable else Presence.THERE

    async def audience(self, guild_id: int, channel_id: int, groups: Sequence[ChannelGroup]) -> Sequence[ChannelGroup]:
        guild = self._bot.get_guild(guild_id)
        place = guild.get_channel_or_thread(channel_id) if guild else None
        if place is None or is_hidden(place):  # archived threads are in no cache, and it may have become visible
            async with post_errors():
                fetched = await self._bot.fetch_channel(channel_id)
            place = fetched if isinstance(fetched, Postable) else None
        if place is None:
            raise PostError("nothing can be posted there", status=404, code=UNKNOWN_CHANNEL)
        return viewable_by_readers(place, groups)

    async def find(self, post: ChartPost) -> int | None:
        channel = self._bot.get_partial_messageable(post.channel_id)
        return await find_message(channel, self._bot.user, post.tried_at or 0.0, post.id)

    async def post(self, post: ChartPost, found: Sequence[ChartEntry], *, titled: bool) -> int:
        """Posting the same chart again while its nonce is valid gives the same message."""
        self._check_permissions(post)
        view = chart_view(found, post.until, self._language(post), mark=post.id, titled=titled)
        channel = self._bot.get_partial_messageable(post.channel_id)
        try:
            async with post_errors():
                return (await channel.send(view=view, nonce=post.id)).id
        except PostError as failure:
            if failure.code == UNKNOWN_MESSAGE:  # its nonce is known: it arrived, and was deleted
                return DELETED
            raise

    def _check_permissions(self, post: ChartPost) -> None:
        """Raises PostError for a missing one, without a request."""
        guild = self._bot.get_guild(post.guild_id)
        channel = guild.get_channel_or_thread(post.channel_id) if guild else None
        if not isinstance(channel, Postable) or is_hidden(channel):
            return  # an archived thread is in no cache, and a hidden channel may have become visible: Discord decides
        refuse_without(missing_in(channel))

    def _language(self, post: ChartPost) -> Language:
        guild = self._bot.get_guild(post.guild_id)
        return language_for(post.locale or (guild.preferred_locale.value if guild else ""))

    async def report(self, post: ChartPost, *, gone: bool) -> None:
        """In the server's channel for such messages, else by DM to the manager who turned the chart on."""
        person = self._bot.services.preferences.person(post.user_id)
        in_channel = post.error_channel_id and post.error_channel_id != post.channel_id
        language = self._language(post) if in_channel or not person.locale else language_for(person.locale)
        text = language("chart.off_now" if gone else "chart.blocked", channel=f"<#{post.channel_id}>")
        view = discord.ui.View(timeout=None)
        view.add_item(button(actions.CHECK, ChannelPayload(post.channel_id), language))
        channel = await self._report_channel(post)
        if channel is None:
            raise PostError("nobody is known who could be told", status=404, code=UNKNOWN_CHANNEL)
        async with post_errors():
            await channel.send(text, view=view, nonce=f"{post.id}{'g' if gone else 'b'}")

    async def _report_channel(self, post: ChartPost) -> discord.abc.Messageable | None:
        if post.error_channel_id and post.error_channel_id != post.channel_id:
            return self._bot.get_partial_messageable(post.error_channel_id)
        if not post.user_id:
            return None
        async with post_errors():
            return await self._bot.create_dm(discord.Object(post.user_id))
