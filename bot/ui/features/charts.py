"""/suno-admin charts: a server's weekly chart, and the button under it."""

from collections.abc import Collection, Sequence
from functools import partial

import discord

from bot.client import Interaction
from bot.domain.charts import Chart, ChartPost, ChartState
from bot.domain.library import ChannelGroup, Scope
from bot.services.charts.service import ChartStatus
from bot.ui.features.library.find import find
from bot.ui.interactions.access import language_of, managed_guild
from bot.ui.interactions.audience import viewable_by_readers
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.permissions import Postable, in_words, missing_in, preventing
from bot.ui.interactions.replies import show_list
from bot.ui.render import actions
from bot.ui.render.charts import chart_view
from bot.ui.render.components import button, styled_button
from bot.ui.render.locales import Language
from bot.ui.render.payloads import ChartPayload, NoPayload, SwitchPayload


async def set_chart(interaction: Interaction, channel_id: int | None, weekday: int | None, hour: int | None) -> None:
    """Any option turns the chart on, or changes it; without options the state is shown."""
    guild, charts = managed_guild(interaction), interaction.client.services.charts
    if (channel_id, weekday, hour) != (None, None, None):
        before = (await charts.status(guild.id)).chart
        place = channel_id or (before.channel_id if before else interaction.channel_id or 0)
        if not isinstance(guild.get_channel_or_thread(place), Postable):
            await interaction.edit_original_response(content=language_of(interaction)("admin.no_channel"))
            return
        await charts.turn_on(guild.id, interaction.user.id, place, weekday=weekday, hour=hour)
    await _show(interaction)


async def _show(interaction: Interaction) -> None:
    guild, language = managed_guild(interaction), language_of(interaction)
    status = await interaction.client.services.charts.status(guild.id)
    lines = [f"## 🏆 {language('chart.title')}", *_state(status, guild, language)]
    if (await interaction.client.services.preferences.server(guild.id)).paused:
        lines.append(language("admin.is_paused"))
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(discord.ui.TextDisplay("\n".join(lines)))
    label = language("btn.chart_off" if status.is_on else "btn.chart_on")
    switch = styled_button(actions.CHART_SWITCH, SwitchPayload(not status.is_on, "chart"), label=label)
    preview = button(actions.CHART_PREVIEW, NoPayload("chart"), language)
    view.add_item(discord.ui.ActionRow(switch, *([preview] if status.is_on else [])))
    await interaction.edit_original_response(view=view)


def _state(status: ChartStatus, guild: discord.Guild, language: Language) -> list[str]:
    chart = status.chart
    last = _last(status.last, language) if status.last else ""
    if chart is None or chart.due_at is None:
        return list(filter(None, [language("chart.is_off"), last]))
    day = language(f"day.{chart.weekday}")
    channel = f"<#{chart.channel_id}>"
    on = language("chart.is_on", channel=channel, day=day, hour=f"{chart.hour:02}:00")
    following = language("chart.next", when=f"<t:{chart.due_at:.0f}:F>", relative=f"<t:{chart.due_at:.0f}:R>")
    return list(filter(None, [on, following, last, _missing(guild, chart, language), language("chart.how")]))


def _last(post: ChartPost, language: Language) -> str:
    when = f"<t:{post.until:.0f}:D>"
    link = f"https://discord.com/channels/{post.guild_id}/{post.channel_id}/{post.message_id}"
    if post.state is ChartState.SENT and not post.message_id:
        link = ""
    return language(f"chart.last_{post.state}", when=when, link=link, channel=f"<#{post.channel_id}>").strip()


def _missing(guild: discord.Guild, chart: Chart, language: Language) -> str:
    channel = guild.get_channel_or_thread(chart.channel_id)
    missing = missing_in(channel) if isinstance(channel, Postable) else ()
    if needed := preventing(missing):
        return language("chart.missing", channel=channel.mention if channel else "", perms=in_words(needed, language))
    return ""


@on_press(actions.CHART_SWITCH)
async def switch(interaction: Interaction, payload: SwitchPayload) -> None:
    """On: where it was before, or else here."""
    await interaction.response.defer()
    guild, charts = managed_guild(interaction), interaction.client.services.charts
    if not payload.on:
        await charts.turn_off(guild.id)
        await _show(interaction)
        return
    before = (await charts.status(guild.id)).chart
    known = before is not None and guild.get_channel_or_thread(before.channel_id) is not None
    place = before.channel_id if before and known else interaction.channel_id or 0
    await charts.turn_on(guild.id, interaction.user.id, place)
    await _show(interaction)


@on_press(actions.CHART_PREVIEW)
async def preview(interaction: Interaction, _: NoPayload) -> None:
    """As it would be posted now, for the manager alone."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    guild, language, charts = managed_guild(interaction), language_of(interaction), interaction.client.services.charts
    chart = (await charts.status(guild.id)).chart
    place = guild.get_channel_or_thread(chart.channel_id) if chart else None

    async def audience(groups: Sequence[ChannelGroup]) -> Collection[ChannelGroup]:
        return viewable_by_readers(place, groups) if place else []

    found = await charts.preview(chart, audience) if chart else []
    if not found:
        await interaction.edit_original_response(content=language("chart.nothing"))
        return
    await show_list(interaction, partial(chart_view, found, interaction.created_at.timestamp(), language))


@on_press(actions.CHART_LIBRARY)
async def open_library(interaction: Interaction, _: ChartPayload) -> None:
    """All songs of the server that the person may view."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    await find(interaction, "", Scope.SERVER, None)
