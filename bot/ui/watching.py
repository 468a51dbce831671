"""What people say and press to have tasks watched, and what they are answered."""

from collections.abc import Sequence
from typing import Any

import discord
from discord.app_commands import AppCommandChannel, AppCommandThread, Choice
from msgspec import Struct

from bot.client import Interaction
from bot.domain.delivery import State
from bot.domain.ids import parse_id, read_ids
from bot.domain.watch import Watch
from bot.errors import NotAllowed, NotYours, Unmentionable, UnwatchablePlace
from bot.services.watches import Wish
from bot.storage.watches import Added, Listed, numbered, of_guild, of_user
from bot.ui.answers import show_found
from bot.ui.buttons import TaskButton, Verb, on_press, page_button, task_button
from bot.ui.embeds import emoji_of
from bot.ui.locales import Language
from bot.ui.permissions import Missing, in_words, missing_in
from bot.ui.readers import locale_of, person_of, reader
from bot.ui.text import clean, code, cut, one_line

Channel = AppCommandChannel | AppCommandThread
Mentionable = discord.Member | discord.User | discord.Role

ALL = "all"
_PAGE = 8  # watches; each is three components of the 40 that a message may have
_TITLE = 80  # characters
_NOT_BROUGHT = {State.KEPT: "list.kept", State.FAILED: "list.failed", State.BLOCKED: "list.blocked"}


class Place(Struct, frozen=True):
    """Where songs are brought. `guild_id` None: a DM, to which the bot has written just now."""

    channel_id: int
    guild_id: int | None
    locale: str

    @property
    def mention(self) -> str:
        return f"<#{self.channel_id}>"


async def watch(
    interaction: Interaction,
    typed: str,
    channel: Channel | None,
    mention: Mentionable | None,
    *,
    lyrics: str | None,
    live: bool,
) -> None:
    ids = read_ids(typed)
    mentions = _mentions(interaction, mention)
    lyrics_id = parse_id(lyrics) if lyrics else ""
    place = await _place(interaction, channel)
    language = reader(interaction)
    sorry = [language("watch.ignored", n=ids.ignored)] if ids.ignored else []
    await _watch(interaction, ids.ids, place, mentions, sorry=sorry, lyrics_id=lyrics_id, live=live)


@on_press(Verb.NOTIFY)
async def notify(interaction: Interaction, task_id: str, _number: int) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await watch_here(interaction, [task_id])


async def watch_here(interaction: Interaction, task_ids: Sequence[str]) -> None:
    """For who presses a button: their name is called when it is ready."""
    await _watch(interaction, task_ids, await _here(interaction), (interaction.user.mention,))


async def _watch(
    interaction: Interaction,
    task_ids: Sequence[str],
    place: Place | None,
    mentions: tuple[str, ...],
    *,
    sorry: Sequence[str] = (),
    **wish: Any,
) -> None:
    """Into a DM where the bot cannot post later, or nobody may make it post: then the DM is tried out first."""
    language = reader(interaction)
    most = await _limit_here(interaction)
    direct = place is None
    if place is None:
        place = Place((await interaction.user.create_dm()).id, None, locale_of(interaction))
        mentions = ()
        await _prove_open(interaction, task_ids, language)
    services = interaction.client.services
    added = await services.watches.add(
        Wish(
            task_ids=task_ids,
            user_id=interaction.user.id,
            channel_id=place.channel_id,
            guild_id=place.guild_id,
            mentions=mentions,
            locale=place.locale,
            user_locale=locale_of(interaction),
            **wish,
        ),
        most,
    )
    limit = min(services.watches.most, most or services.watches.most)
    lines = [*_outcome(added, place, language, limit, direct=direct), *sorry]
    missing = _missing(interaction, place)
    if missing:
        lines.append(language("watch.perm", channel=place.mention, perms=in_words(missing, language)))
    view = _confirmation_view(added, place, missing, language)
    await interaction.edit_original_response(content="\n".join(lines), view=view)


async def _prove_open(interaction: Interaction, task_ids: Sequence[str], language: Language) -> None:
    """Raises discord.Forbidden when the person takes no DM: they hear it now, and not when the song is ready."""
    sentence = language("watch.dm_here", n=len(task_ids), id=code(task_ids[0]))
    await interaction.user.send(sentence)


async def _place(interaction: Interaction, channel: Channel | None) -> Place | None:
    """None for a DM. Raises UnwatchablePlace for a channel into which the person may not write: the bot does not do
    it for them.
    """
    guild = interaction.client.get_guild(interaction.guild_id or 0)
    if channel is None:
        return await _here(interaction, or_default=True)
    if guild is None:
        raise UnwatchablePlace("absent")
    if not _may_write(channel.permissions, channel):
        raise UnwatchablePlace("forbidden")
    return Place(channel.id, guild.id, await _locale(interaction))


async def _here(interaction: Interaction, *, or_default: bool = False) -> Place | None:
    """Where the person is, or where the server wants songs; None for a DM: there, or as the person has set it."""
    guild = interaction.client.get_guild(interaction.guild_id or 0)
    if guild is None or person_of(interaction).direct:
        return None
    server = await interaction.client.services.preferences.server(guild.id)
    if or_default and server.channel_id and guild.get_channel_or_thread(server.channel_id):
        return Place(server.channel_id, guild.id, await _locale(interaction))
    if not _may_write(interaction.permissions, interaction.channel):
        return None
    return Place(interaction.channel_id or 0, guild.id, await _locale(interaction))


def _may_write(permissions: discord.Permissions, channel: object) -> bool:
    thread = isinstance(channel, discord.Thread | AppCommandThread)
    speaking = permissions.send_messages_in_threads if thread else permissions.send_messages
    return permissions.view_channel and speaking


async def _locale(interaction: Interaction) -> str:
    """Of those who read the server's channels."""
    server = await interaction.client.services.preferences.server(interaction.guild_id or 0)
    return server.locale or (interaction.guild_locale or interaction.locale).value


async def _limit_here(interaction: Interaction) -> int | None:
    """Fewer watches than usual, where the server wants it. Raises NotAllowed for who has none of its roles."""
    guild = interaction.client.get_guild(interaction.guild_id or 0)
    if guild is None:
        return None
    server = await interaction.client.services.preferences.server(guild.id)
    roles = {role.id for role in getattr(interaction.user, "roles", ())}
    if server.roles and not roles & set(server.roles) and not interaction.permissions.manage_guild:
        raise NotAllowed("role")
    return server.watches_per_user


def _mentions(interaction: Interaction, mention: Mentionable | None) -> tuple[str, ...]:
    """Raises Unmentionable: others than oneself, and roles that the person could not mention in a message."""
    if mention is None:
        return ()
    if isinstance(mention, discord.Role):
        if mention.is_default() or not (mention.mentionable or interaction.permissions.mention_everyone):
            raise Unmentionable(mention.name)
    elif mention.id != interaction.user.id:
        raise Unmentionable(mention.name)
    return (mention.mention,)


def _missing(interaction: Interaction, place: Place) -> Sequence[Missing]:
    guild = interaction.client.get_guild(place.guild_id or 0)
    channel = guild.get_channel_or_thread(place.channel_id) if guild else None
    return missing_in(channel) if channel else ()


def _outcome(added: Added, place: Place, language: Language, most: int, *, direct: bool) -> list[str]:
    lines = []
    where = language("watch.to_dm") if direct else place.mention
    if added.watched:
        first = code(added.watched[0].task_id)
        lines.append(f"🔔 {language('watch.ok', n=len(added.watched), id=first, channel=where)}")
    if added.known:
        first = code(added.known[0].task_id)
        lines.append(language("watch.dup", n=len(added.known), id=first, channel=where))
    if added.refused:
        lines.append(language("watch.limit", n=added.refused, watching=added.watching, max=most))
    return lines


def _confirmation_view(
    added: Added, place: Place, missing: Sequence[Missing], language: Language
) -> discord.ui.View | None:
    buttons = []
    concerned = (*added.watched, *added.known)
    if len(concerned) == 1:
        buttons.append(task_button(Verb.STOP, str(concerned[0].id), language))
    if missing:
        buttons.append(task_button(Verb.CHECK, str(place.channel_id), language))
    return _view(buttons)


def _view(buttons: Sequence[TaskButton]) -> discord.ui.View | None:
    if not buttons:
        return None
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(button)
    return view


@on_press(Verb.STOP)
async def stop(interaction: Interaction, watch_id: str, _number: int) -> None:
    """One's own watch, or anyone's for who manages the server; who only joined it is no longer mentioned."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    store, me = interaction.client.services.watch_store, interaction.user
    language = reader(interaction)
    found = await store.open_watch(_read_number(watch_id))
    if found is None:
        text = language("unwatch.over")
    elif found.user_id == me.id or _manages(interaction, found):
        await store.stop(numbered(found.id))
        text = language("unwatch.ok", n=1, id=code(found.task_id))
    elif me.mention in found.mentions:
        await store.change_mentions(found.id, drop=me.mention)
        text = language("unwatch.not_mentioned", id=code(found.task_id))
    else:
        raise NotYours
    await interaction.edit_original_response(content=text)


def _read_number(text: str) -> int:
    """From a custom_id. Raises NotYours for one that was forged."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 2**63):
        raise NotYours
    return int(text)


def _manages(interaction: Interaction, found: Watch) -> bool:
    return (
        found.guild_id is not None and found.guild_id == interaction.guild_id and interaction.permissions.manage_guild
    )


async def unwatch(interaction: Interaction, typed: str) -> None:
    """One's own watches on a task, wherever they post, or all of them."""
    language = reader(interaction)
    task_ids = None if typed.strip().lower() == ALL else [parse_id(typed)]
    stopped = await interaction.client.services.watch_store.stop(of_user(interaction.user.id), task_ids)
    key = "unwatch.ok" if stopped else "unwatch.nothing" if task_ids is None else "unwatch.none"
    named = code((task_ids or [stopped[0].task_id if stopped else ""])[0])
    await interaction.edit_original_response(content=language(key, n=len(stopped), id=named))


async def watched_ids(interaction: Interaction, typed: str) -> list[Choice[str]]:
    """What one may stop, offered while an id is typed."""
    language = reader(interaction)
    _, listed = await interaction.client.services.watch_store.listed(of_user(interaction.user.id), limit=500)
    titles = {each.watch.task_id: _title(each, language) for each in listed if not each.watch.ending}
    wanted = typed.strip().lower()
    choices = [
        Choice(name=cut(f"{title} · {task_id}", 100), value=task_id)
        for task_id, title in titles.items()
        if wanted in task_id.lower() or wanted in title.lower()
    ]
    every = [Choice(name=language("unwatch.all", n=len(titles)), value=ALL)] if titles and wanted in ALL else []
    return [*every, *choices][:25]


def _title(listed: Listed, language: Language) -> str:
    task = listed.sight.task
    return " ".join(clean(task.title).split()) if task and task.title else language("card.untitled")


@on_press(Verb.CHECK)
async def check_again(interaction: Interaction, channel_id: str, _number: int) -> None:
    """Whether the bot may post there now; what waited for it goes out."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    language = reader(interaction)
    channel = interaction.client.get_channel(_read_number(channel_id))
    if not isinstance(channel, discord.TextChannel | discord.Thread) or not await _is_of(interaction, channel.guild):
        text = language("check.gone")
    elif missing := missing_in(channel):
        text = language("watch.perm", channel=channel.mention, perms=in_words(missing, language))
    else:
        text = language("check.ok", channel=channel.mention)
        await interaction.client.services.watches.unblock(channel.guild.id)
    await interaction.edit_original_response(content=text)


async def _is_of(interaction: Interaction, guild: discord.Guild) -> bool:
    """Whether the server's matters are the person's: the button may be in a DM, and its custom_id may be forged."""
    if interaction.guild_id is not None:
        return interaction.guild_id == guild.id
    try:
        await guild.fetch_member(interaction.user.id)
    except discord.NotFound:
        return False
    return True


async def show_watches(interaction: Interaction, scope: str, page: int = 0) -> None:
    """Raises NotYours when somebody asks for a server's who does not manage it."""
    language = reader(interaction)
    whose = of_user(interaction.user.id)
    if scope == "server":
        if not interaction.guild_id or not interaction.permissions.manage_guild:
            raise NotYours
        whose = of_guild(interaction.guild_id)
    store = interaction.client.services.watch_store
    count, listed = await store.listed(whose, limit=_PAGE, offset=page * _PAGE)
    if not listed and page:
        await show_watches(interaction, scope, max(0, (count - 1) // _PAGE))
        return
    await interaction.edit_original_response(view=_list_view(listed, count, scope, page, language))


def _list_view(
    listed: Sequence[Listed], count: int, scope: str, page: int, language: Language
) -> discord.ui.LayoutView:
    view = discord.ui.LayoutView(timeout=None)
    key = f"list.{scope}" if count else f"list.none_{scope}"
    view.add_item(discord.ui.TextDisplay(f"## 🔔 {language(key, n=count)}" if count else language(key)))
    for number, each in enumerate(listed, page * _PAGE + 1):
        verb = Verb.LIST_SHOW if each.watch.ending else Verb.LIST_STOP
        button = task_button(verb, f"{scope}.{each.watch.id}", language, mark=str(page))
        view.add_item(discord.ui.Section(_row(number, each, scope, language), accessory=button))
    pages = -(-count // _PAGE)
    if pages > 1:
        turn = [
            page_button(emoji, f"{scope}.0", page + step, pages, Verb.LIST_PAGE)
            for emoji, step in (("◀️", -1), ("▶️", 1))
        ]
        view.add_item(discord.ui.TextDisplay(f"-# {language('list.page', page=page + 1, pages=pages)}"))
        view.add_item(discord.ui.ActionRow(*turn))
    return view


def _row(number: int, listed: Listed, scope: str, language: Language) -> str:
    watch, task = listed.watch, listed.sight.task
    title = f"**{one_line(task.title, _TITLE)}**" if task and task.title else f"`{code(watch.task_id)}`"
    where = language("watch.to_dm") if watch.guild_id is None else f"<#{watch.channel_id}>"
    who = f" · <@{watch.user_id}>" if scope == "server" else ""
    row = f"{number}. {emoji_of(task)} {title} · {where}{who} · <t:{watch.created_at:.0f}:R>"
    if key := _NOT_BROUGHT.get(listed.state) if listed.state else None:
        row += f"\n-# {language(key)}"
    return row


@on_press(Verb.LIST_PAGE)
async def turn_page(interaction: Interaction, about: str, page: int) -> None:
    await interaction.response.defer()
    await show_watches(interaction, about.partition(".")[0], page)


@on_press(Verb.LIST_STOP)
async def stop_in_list(interaction: Interaction, about: str, page: int) -> None:
    await interaction.response.defer()
    scope, _, watch_id = about.partition(".")
    await interaction.client.services.watch_store.stop(_whose(interaction, scope) & numbered(_read_number(watch_id)))
    await show_watches(interaction, scope, page)


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
    scope, _, watch_id = about.partition(".")
    _, listed = await services.watch_store.listed(
        _whose(interaction, scope) & numbered(_read_number(watch_id)), limit=1
    )
    if not listed:
        raise NotYours
    await show_found(interaction, listed[0].watch.task_id)
    await services.outbox.shown(listed[0].watch.id, interaction.user.id)
