"""A weekly chart as a message."""

from collections.abc import Sequence

import discord

from bot.domain.charts import ChartEntry
from bot.ui.render import actions
from bot.ui.render.components import button
from bot.ui.render.locales import Language
from bot.ui.render.payloads import ChartPayload, LibrarySongPayload
from bot.ui.render.songs import linked_title, maker, where
from bot.ui.render.text import code, one_line

_STYLE = 50  # characters
_MEDALS = ("🥇", "🥈", "🥉")


def chart_view(
    found: Sequence[ChartEntry], until: float, language: Language, *, mark: str = "0", titled: bool = True
) -> discord.ui.LayoutView:
    """`until`: to when stars count; `mark`: the id of its post, which identifies the message after a crash."""
    view = discord.ui.LayoutView(timeout=None)
    heading = language("chart.heading", until=f"<t:{until:.0f}:D>")
    view.add_item(discord.ui.TextDisplay(f"## 🏆 {language('chart.title')}\n-# {heading}"))
    for place, entry in enumerate(found, 1):
        play = button(actions.LIBRARY_OPEN, LibrarySongPayload(entry.found.song.id), language)
        view.add_item(discord.ui.Section(_row(place, entry, language, titled=titled), accessory=play))
    return view.add_item(discord.ui.ActionRow(button(actions.CHART_LIBRARY, ChartPayload(mark), language)))


def _row(place: int, entry: ChartEntry, language: Language, *, titled: bool) -> str:
    found = entry.found
    number = _MEDALS[place - 1] if place <= len(_MEDALS) else f"{place}."
    title = f"**{linked_title(found, language)}**" if titled else f"`{code(found.song.task_id)}`"
    style = one_line(found.song.style, _STYLE) if titled else ""
    link = "" if titled else where(found, language)
    details = (language("chart.stars", n=entry.stars), maker(found, 0), link)
    head = " · ".join(filter(None, (f"{number} {title}", style)))
    return f"{head}\n-# {' · '.join(filter(None, details))}"
