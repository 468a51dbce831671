"""/suno watches and unwatch: the list of watches, and stopping them."""

from collections.abc import Sequence
from functools import partial

import discord
from discord.app_commands import Choice

from bot.client import Interaction
from bot.domain.delivery import State
from bot.domain.id_forms import other_form
from bot.domain.snapshot import unanswered_since
from bot.domain.watch import Watch
from bot.domain.watch_results import ListedWatch, OfferedTask, WatchQuery
from bot.errors import NotYours
from bot.ui.features.status import show_found
from bot.ui.features.watch import left_text
from bot.ui.interactions.access import language_of
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.replies import show_list
from bot.ui.interactions.typed_ids import one_id
from bot.ui.render import actions
from bot.ui.render.components import button, page_buttons
from bot.ui.render.embeds import emoji_of
from bot.ui.render.locales import Language
from bot.ui.render.payloads import ListedWatchPayload, PagePayload, WatchPayload
from bot.ui.render.text import code, one_line, plain_line

ALL = "all"
_PAGE = 8  # watches; each is three components of the 40 that a message may have
_TITLE = 80  # characters
_CHOICES = 25  # that Discord shows
_UNDELIVERED = {State.KEPT: "list.kept", State.FAILED: "list.failed", State.BLOCKED: "list.blocked"}
_SHOWN = (State.KEPT, State.FAILED)  # undelivered songs that a button shows to the person


@on_press(actions.STOP)
async def stop(interaction: Interaction, payload: WatchPayload) -> None:
    """Leaves one's own watch, which continues for others who joined it. A manager of the server stops anyone's."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    watches, me = interaction.client.services.watches, interaction.user
    language = language_of(interaction)
    found = await watches.open_watch(WatchQuery(watch_id=payload.watch_id))
    if found is None:
        text = language("unwatch.over")
    elif await watches.is_concerned(found.id, me.id):
        text = left_text(await watches.leave(me.id, WatchQuery(watch_id=found.id)), found.task_id, language)
    elif _manages(interaction, found):
        await watches.stop(WatchQuery(watch_id=found.id))
        text = language("unwatch.ok", n=1, id=code(found.task_id))
    else:
        raise NotYours
    await interaction.edit_original_response(content=text)


def _manages(interaction: Interaction, found: Watch) -> bool:
    return (
        found.guild_id is not None and found.guild_id == interaction.guild_id and interaction.permissions.manage_guild
    )


async def unwatch(interaction: Interaction, typed: str) -> None:
    """Leaves one's own watches on a task in all channels, or all watches."""
    task_id = "" if typed.strip().lower() == ALL else await one_id(interaction.client.services, typed)
    query = WatchQuery(task_ids=[task_id, other_form(task_id) or task_id]) if task_id else None
    left = await interaction.client.services.watches.leave(interaction.user.id, query)
    await interaction.edit_original_response(content=left_text(left, task_id, language_of(interaction)))


async def watched_ids(interaction: Interaction, typed: str) -> list[Choice[str]]:
    """Suggestions while an id is typed: the person's own watches."""
    language, wanted = language_of(interaction), typed.strip()
    watches = interaction.client.services.watches
    count, offered = await watches.offered(interaction.user.id, wanted, limit=_CHOICES)
    choices = [Choice(name=_choice_name(each), value=each.task_id) for each in offered]
    every = [Choice(name=language("unwatch.all", n=count), value=ALL)] if count and wanted.lower() in ALL else []
    return [*every, *choices][:_CHOICES]


def _choice_name(offered: OfferedTask) -> str:
    return plain_line(f"{offered.title} · {offered.task_id}" if offered.title else offered.task_id, 100)


async def show_watches(interaction: Interaction, scope: str, page: int = 0) -> None:
    """Raises NotYours for a server's list, unless the person manages the server."""
    language = language_of(interaction)
    query = WatchQuery(user_id=interaction.user.id)
    if scope == "server":
        if not interaction.guild_id or not interaction.permissions.manage_guild:
            raise NotYours
        query = WatchQuery(guild_id=interaction.guild_id)
    watches = interaction.client.services.watches
    count, listed = await watches.listed(query, limit=_PAGE, offset=page * _PAGE)
    if not listed and page:
        await show_watches(interaction, scope, max(0, (count - 1) // _PAGE))
        return
    now = watches.now()
    await show_list(interaction, partial(_list_view, listed, count, scope, page, language, now))


def _list_view(
    listed: Sequence[ListedWatch],
    count: int,
    scope: str,
    page: int,
    language: Language,
    now: float,
    *,
    titled: bool = True,
) -> discord.ui.LayoutView:
    view = discord.ui.LayoutView(timeout=None)
    key = f"list.{scope}" if count else f"list.none_{scope}"
    view.add_item(discord.ui.TextDisplay(f"## 🔔 {language(key, n=count)}" if count else language(key)))
    for number, each in enumerate(listed, page * _PAGE + 1):
        action = actions.LIST_SHOW if each.watch.outcome or each.state in _SHOWN else actions.LIST_STOP
        press = button(action, ListedWatchPayload(scope, each.watch.id, each.watch.task_id, page), language)
        view.add_item(discord.ui.Section(_row(number, each, scope, language, now, titled=titled), accessory=press))
    pages = -(-count // _PAGE)
    if pages > 1:
        turn = page_buttons(actions.LIST_PAGE, partial(PagePayload, f"{scope}.0"), page, pages)
        view.add_item(discord.ui.TextDisplay(f"-# {language('list.page', page=page + 1, pages=pages)}"))
        view.add_item(discord.ui.ActionRow(*turn))
    return view


def _row(number: int, listed: ListedWatch, scope: str, language: Language, now: float, *, titled: bool) -> str:
    watch, task = listed.watch, listed.snapshot.task
    title = f"**{one_line(task.title, _TITLE)}**" if task and task.title and titled else f"`{code(watch.task_id)}`"
    where = language("watch.to_dm") if watch.guild_id is None else f"<#{watch.channel_id}>"
    who = f" · <@{watch.user_id}>" if scope == "server" else ""
    row = f"{number}. {emoji_of(task)} {title} · {where}{who} · <t:{watch.created_at:.0f}:R>"
    if key := _UNDELIVERED.get(listed.state) if listed.state else None:
        return f"{row}\n-# {language(key)}"
    if not watch.outcome and (since := unanswered_since(listed.snapshot, watch.created_at, now)):
        return f"{row}\n-# {language('list.silent', since=f'<t:{since:.0f}:f>')}"
    return row


@on_press(actions.LIST_PAGE)
async def turn_page(interaction: Interaction, payload: PagePayload) -> None:
    await interaction.response.defer()
    await show_watches(interaction, payload.about.partition(".")[0], payload.page)


@on_press(actions.LIST_STOP)
async def stop_in_list(interaction: Interaction, payload: ListedWatchPayload) -> None:
    await interaction.response.defer()
    watches, query = interaction.client.services.watches, _query(interaction, payload)
    if payload.scope == "server":
        await watches.stop(query)
    else:
        await watches.leave(interaction.user.id, query)
    await show_watches(interaction, payload.scope, payload.page)


def _query(interaction: Interaction, payload: ListedWatchPayload) -> WatchQuery:
    """Limits the watch to those that the person may see: a custom_id can be forged."""
    if payload.scope == "server" and interaction.guild_id and interaction.permissions.manage_guild:
        return WatchQuery(guild_id=interaction.guild_id, watch_id=payload.watch_id)
    return WatchQuery(user_id=interaction.user.id, watch_id=payload.watch_id)


@on_press(actions.LIST_SHOW)
async def show_undelivered(interaction: Interaction, payload: ListedWatchPayload) -> None:
    """Shows an undelivered song to the person, and marks it as seen: it is no longer kept."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    services = interaction.client.services
    _, listed = await services.watches.listed(_query(interaction, payload), limit=1)
    if not listed:
        raise NotYours
    await show_found(interaction, listed[0].watch.task_id)
    await services.deliveries.mark_seen(listed[0].watch.id, interaction.user.id)
