"""What is watched: to see, and to stop."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import discord
from discord.app_commands import Choice

from bot.client import Interaction
from bot.domain.delivery import State
from bot.domain.id_forms import other_form
from bot.domain.sight import silent_since
from bot.domain.watch import Watch
from bot.errors import NotYours
from bot.storage.watches import Listed, Offered, numbered, of_guild, of_user, on_tasks
from bot.ui.answers import show_found
from bot.ui.buttons import Verb, on_press, page_button, task_button
from bot.ui.embeds import emoji_of
from bot.ui.locales import Language
from bot.ui.places import read_number
from bot.ui.readers import reader
from bot.ui.replies import show_list
from bot.ui.text import code, one_line, plain_line
from bot.ui.typed import one_id
from bot.ui.watching import left_text

ALL = "all"
_PAGE = 8  # watches; each is three components of the 40 that a message may have
_TITLE = 80  # characters
_CHOICES = 25  # that Discord shows
_ABOUT = 90  # characters of a custom_id's 100
_NOT_BROUGHT = {State.KEPT: "list.kept", State.FAILED: "list.failed", State.BLOCKED: "list.blocked"}
_SHOWN = (State.KEPT, State.FAILED)  # by the person's own press


@on_press(Verb.STOP)
async def stop(interaction: Interaction, watch_id: str, _number: int) -> None:
    """One's own watch, which goes on for those who joined it; for who manages the server anyone's, for everybody."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    store, me = interaction.client.services.stores.watches, interaction.user
    language = reader(interaction)
    found = await store.open_watch(numbered(read_number(watch_id)))
    if found is None:
        text = language("unwatch.over")
    elif await store.is_concerned(found.id, me.id):
        text = left_text(await store.leave(me.id, numbered(found.id)), found.task_id, language)
    elif _manages(interaction, found):
        await store.stop(numbered(found.id))
        text = language("unwatch.ok", n=1, id=code(found.task_id))
    else:
        raise NotYours
    await interaction.edit_original_response(content=text)


def _manages(interaction: Interaction, found: Watch) -> bool:
    return (
        found.guild_id is not None and found.guild_id == interaction.guild_id and interaction.permissions.manage_guild
    )


async def unwatch(interaction: Interaction, typed: str) -> None:
    """One's own watches on a task, wherever they post, or all of them."""
    task_id = "" if typed.strip().lower() == ALL else await one_id(interaction.client.services, typed)
    which = on_tasks([task_id, other_form(task_id) or task_id]) if task_id else None
    left = await interaction.client.services.stores.watches.leave(interaction.user.id, which)
    await interaction.edit_original_response(content=left_text(left, task_id, reader(interaction)))


async def watched_ids(interaction: Interaction, typed: str) -> list[Choice[str]]:
    """What one may stop, offered while an id is typed."""
    language, wanted = reader(interaction), typed.strip()
    store = interaction.client.services.stores.watches
    count, offered = await store.offered(interaction.user.id, wanted, limit=_CHOICES)
    choices = [Choice(name=_choice_name(each, language), value=each.task_id) for each in offered]
    every = [Choice(name=language("unwatch.all", n=count), value=ALL)] if count and wanted.lower() in ALL else []
    return [*every, *choices][:_CHOICES]


def _choice_name(offered: Offered, language: Language) -> str:
    return plain_line(f"{offered.title or language('card.untitled')} · {offered.task_id}", 100)


async def show_watches(interaction: Interaction, scope: str, page: int = 0) -> None:
    """Raises NotYours when somebody asks for a server's who does not manage it."""
    language = reader(interaction)
    whose = of_user(interaction.user.id)
    if scope == "server":
        if not interaction.guild_id or not interaction.permissions.manage_guild:
            raise NotYours
        whose = of_guild(interaction.guild_id)
    store = interaction.client.services.stores.watches
    count, listed = await store.listed(whose, limit=_PAGE, offset=page * _PAGE)
    if not listed and page:
        await show_watches(interaction, scope, max(0, (count - 1) // _PAGE))
        return
    now = interaction.client.services.watches.now()
    await show_list(interaction, partial(_list_view, listed, count, scope, page, language, now))


def _list_view(
    listed: Sequence[Listed], count: int, scope: str, page: int, language: Language, now: float, *, titled: bool = True
) -> discord.ui.LayoutView:
    view = discord.ui.LayoutView(timeout=None)
    key = f"list.{scope}" if count else f"list.none_{scope}"
    view.add_item(discord.ui.TextDisplay(f"## 🔔 {language(key, n=count)}" if count else language(key)))
    for number, each in enumerate(listed, page * _PAGE + 1):
        verb = Verb.LIST_SHOW if each.watch.ending or each.state in _SHOWN else Verb.LIST_STOP
        about = f"{scope}.{each.watch.id}.{each.watch.task_id}"[:_ABOUT]  # the task is for menus alone
        button = task_button(verb, about, language, mark=str(page))
        view.add_item(discord.ui.Section(_row(number, each, scope, language, now, titled=titled), accessory=button))
    pages = -(-count // _PAGE)
    if pages > 1:
        turn = [
            page_button(emoji, f"{scope}.0", page + step, pages, Verb.LIST_PAGE)
            for emoji, step in (("◀️", -1), ("▶️", 1))
        ]
        view.add_item(discord.ui.TextDisplay(f"-# {language('list.page', page=page + 1, pages=pages)}"))
        view.add_item(discord.ui.ActionRow(*turn))
    return view


def _row(number: int, listed: Listed, scope: str, language: Language, now: float, *, titled: bool) -> str:
    watch, task = listed.watch, listed.sight.task
    title = f"**{one_line(task.title, _TITLE)}**" if task and task.title and titled else f"`{code(watch.task_id)}`"
    where = language("watch.to_dm") if watch.guild_id is None else f"<#{watch.channel_id}>"
    who = f" · <@{watch.user_id}>" if scope == "server" else ""
    row = f"{number}. {emoji_of(task)} {title} · {where}{who} · <t:{watch.created_at:.0f}:R>"
    if key := _NOT_BROUGHT.get(listed.state) if listed.state else None:
        return f"{row}\n-# {language(key)}"
    if not watch.ending and (since := silent_since(listed.sight, watch.created_at, now)):
        return f"{row}\n-# {language('list.silent', since=f'<t:{since:.0f}:f>')}"
    return row


@on_press(Verb.LIST_PAGE)
async def turn_page(interaction: Interaction, about: str, page: int) -> None:
    await interaction.response.defer()
    await show_watches(interaction, about.partition(".")[0], page)


@on_press(Verb.LIST_STOP)
async def stop_in_list(interaction: Interaction, about: str, page: int) -> None:
    await interaction.response.defer()
    scope, watch_id = _parts(about)
    store, this = interaction.client.services.stores.watches, numbered(read_number(watch_id))
    if scope == "server":
        await store.stop(_whose(interaction, scope) & this)
    else:
        await store.leave(interaction.user.id, this)
    await show_watches(interaction, scope, page)


def _parts(about: str) -> tuple[str, str]:
    """Which list, and the number of a watch in it."""
    scope, _, rest = about.partition(".")
    return scope, rest.partition(".")[0]


def _whose(interaction: Interaction, scope: str) -> Any:
    """Of a list. A custom_id can be forged: what it names is looked for among what the person may see."""
    if scope == "server" and interaction.guild_id and interaction.permissions.manage_guild:
        return of_guild(interaction.guild_id)
    return of_user(interaction.user.id)


@on_press(Verb.LIST_SHOW)
async def show_unbrought(interaction: Interaction, about: str, _page: int) -> None:
    """What could not be brought to its place is shown to the person, and then is no longer kept."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    services = interaction.client.services
    scope, watch_id = _parts(about)
    _, listed = await services.stores.watches.listed(
        _whose(interaction, scope) & numbered(read_number(watch_id)), limit=1
    )
    if not listed:
        raise NotYours
    await show_found(interaction, listed[0].watch.task_id)
    await services.stores.outbox.shown(listed[0].watch.id, interaction.user.id)
