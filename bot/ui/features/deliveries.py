"""/suno-admin deliveries: what could not be posted in a server, and why, for its managers; try again, drop."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import discord
from msgspec import Struct

from bot.client import Interaction
from bot.domain.charts import ChartPost, ChartState
from bot.domain.delivery import Reason, State
from bot.domain.outbox import DeliverySummary
from bot.ui.interactions.access import language_of, managed_guild
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.permissions import Postable, in_words, missing_in, preventing
from bot.ui.interactions.replies import show_list
from bot.ui.render import actions
from bot.ui.render.components import button, page_buttons, styled_button
from bot.ui.render.locales import Language
from bot.ui.render.payloads import ChannelPayload, DeliveryPayload, SwitchPayload
from bot.ui.render.text import code, one_line

_PAGE = 5  # deliveries, with two buttons each
_MAX_TEXT = 3_800  # characters in all texts of a card
_MAX_REASON = 200  # characters
_UNPOSTED_CHART = {State(each): each for each in (ChartState.WAITING, ChartState.BLOCKED, ChartState.FAILED)}
_STATE_EMOJI = {State.WAITING: "⏳", State.BLOCKED: "⛔", State.SENT: "✅", State.KEPT: "📭", State.FAILED: "⚠️"}


class _Page(Struct, frozen=True, kw_only=True):
    """`state`: of its deliveries, "open": of all that are not sent; `count`: of all pages; `chart`: comes before them;
    `missing`: by channel, the permissions without which nothing is posted there, in words.
    """

    state: str
    number: int
    count: int
    deliveries: Sequence[DeliverySummary]
    chart: ChartPost | None
    missing: Mapping[int, str]


async def show_deliveries(interaction: Interaction, state: str, number: int = 0) -> None:
    guild, language = managed_guild(interaction), language_of(interaction)
    services, wanted = interaction.client.services, State(state) if state in set(State) else None
    count, shown = await services.deliveries.of_guild(guild.id, wanted, limit=_PAGE, offset=number * _PAGE)
    if not shown and number:
        await show_deliveries(interaction, state, max(0, (count - 1) // _PAGE))
        return
    chart = await _unposted_chart(interaction, wanted)
    channels = {each.delivery.channel_id for each in shown} | ({chart.channel_id} if chart else set())
    missing = {channel: _missing(guild, channel, language) for channel in channels}
    page = _Page(state=state, number=number, count=count, deliveries=shown, chart=chart, missing=missing)
    paused = (await services.preferences.server(guild.id)).paused

    def view(*, titled: bool) -> discord.ui.LayoutView:
        made = _view(page, language, titled=titled)
        return made.add_item(discord.ui.TextDisplay(language("admin.is_paused"))) if paused else made

    await show_list(interaction, view)


async def _unposted_chart(interaction: Interaction, state: State | None) -> ChartPost | None:
    """The newest weekly chart, if it could not be posted yet. `state`: in that state; None: in any."""
    last = (await interaction.client.services.charts.status(managed_guild(interaction).id)).last
    wanted = _UNPOSTED_CHART.values() if state is None else [_UNPOSTED_CHART.get(state)]
    return last if last and last.state in wanted else None


def _missing(guild: discord.Guild, channel_id: int, language: Language) -> str:
    channel = guild.get_channel_or_thread(channel_id)
    missing = missing_in(channel) if isinstance(channel, Postable) else ()
    return in_words(preventing(missing), language)


def _view(page: _Page, language: Language, *, titled: bool) -> discord.ui.LayoutView:
    view = discord.ui.LayoutView(timeout=None)
    total = page.count + (page.chart is not None)
    title = language("admin.deliveries_title", n=total) if total else language("admin.deliveries_none")
    view.add_item(discord.ui.TextDisplay(f"## 📮 {title}" if total else title))
    if page.chart and not page.number:
        view.add_item(_text(_chart_row(page.chart, page.missing, language)))
        view.add_item(discord.ui.ActionRow(_chart_button(page.chart, language)))
    for each in page.deliveries:
        view.add_item(_text(_delivery_row(each, page.missing, language, titled=titled)))
        if each.state is not State.SENT:
            payload = DeliveryPayload(page.state, each.delivery.id, page.number)
            bound = (actions.ADMIN_RETRY, actions.ADMIN_DROP)
            view.add_item(discord.ui.ActionRow(*(button(action, payload, language) for action in bound)))
    pages = -(-page.count // _PAGE)
    if pages > 1:
        turn = page_buttons(actions.ADMIN_PAGE, partial(DeliveryPayload, page.state, "0"), page.number, pages)
        view.add_item(discord.ui.ActionRow(*turn))
    return view


def _text(row: str) -> discord.ui.TextDisplay[Any]:
    return discord.ui.TextDisplay(row[: _MAX_TEXT // (_PAGE + 2)])  # a page, the chart, and the title


def _chart_row(chart: ChartPost, missing: Mapping[int, str], language: Language) -> str:
    head = f"{_STATE_EMOJI[State(chart.state)]} 🏆 **{language('chart.title')}** · <#{chart.channel_id}>"
    details = [language(f"state.{chart.state}"), _reason(chart.reason, missing[chart.channel_id], language)]
    return f"{head} · <t:{chart.until:.0f}:R>\n-# {' · '.join(filter(None, details))}"


def _chart_button(chart: ChartPost, language: Language) -> discord.ui.Item[Any]:
    """What makes it come: the permission that is missing, or the chart turned on where it can be posted."""
    if chart.state is ChartState.FAILED:
        return styled_button(actions.CHART_SWITCH, SwitchPayload(True, "chart"), label=language("btn.chart_on"))
    return button(actions.CHECK, ChannelPayload(chart.channel_id), language)


def _delivery_row(shown: DeliverySummary, missing: Mapping[int, str], language: Language, *, titled: bool) -> str:
    delivery, emoji = shown.delivery, _STATE_EMOJI[shown.state]
    title = f"**{one_line(shown.title, 80)}**" if shown.title and titled else f"`{code(shown.task_id)}`"
    what = language(f"topic.{delivery.topic}")
    head = f"{emoji} {title} · {what} · <#{delivery.channel_id}> · <t:{delivery.created_at:.0f}:R>"
    reason = _reason(shown.reason, missing[delivery.channel_id], language)
    return f"{head}\n-# {language(f'state.{shown.state}')} · {reason}" if reason else head


def _reason(stored: str, missing: str, language: Language) -> str:
    """Why it was not posted. What is missing now comes first: that is what a manager can mend."""
    if not stored or missing:
        return missing if stored else ""
    head, _, details = stored.partition(": ")
    if head in set(Reason):
        own = language(f"reason.{Reason(head).name.lower()}")
        return f"{own} · {one_line(details, _MAX_REASON)}" if details else own
    return one_line(stored, _MAX_REASON)


@on_press(actions.ADMIN_PAGE)
async def turn_page(interaction: Interaction, payload: DeliveryPayload) -> None:
    await interaction.response.defer()
    await show_deliveries(interaction, payload.state, payload.page)


@on_press(actions.ADMIN_RETRY)
async def retry(interaction: Interaction, payload: DeliveryPayload) -> None:
    await _change(interaction, payload, interaction.client.services.deliveries.retry)


@on_press(actions.ADMIN_DROP)
async def drop(interaction: Interaction, payload: DeliveryPayload) -> None:
    await _change(interaction, payload, interaction.client.services.deliveries.drop)


async def _change(
    interaction: Interaction, payload: DeliveryPayload, change: Callable[[str, int], Awaitable[None]]
) -> None:
    """`change` takes the delivery's id and the server's id."""
    await interaction.response.defer()
    await change(payload.delivery_id, managed_guild(interaction).id)
    await show_deliveries(interaction, payload.state, payload.page)
