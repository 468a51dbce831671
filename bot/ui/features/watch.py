"""/suno watch and Notify me: adding watches, and the answer."""

from collections.abc import Sequence
from contextlib import suppress

import discord
from msgspec import Struct

from bot.client import Interaction
from bot.domain.id_forms import other_form
from bot.domain.ids import Ids
from bot.domain.watch import MAX_MENTIONS, Watch
from bot.domain.watch_results import AddedWatches, LeftWatches, WatchQuery
from bot.errors import Unmentionable
from bot.services.watches import Watches, WatchRequest
from bot.ui.features.finished import report_finished
from bot.ui.interactions.access import guild_of, language_of, locale_of
from bot.ui.interactions.destinations import (
    Channel,
    Destination,
    destination_of,
    here,
    is_paused,
    limit_here,
    missing_at,
)
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.permissions import Missing, in_words
from bot.ui.interactions.typed_ids import one_id, several_ids
from bot.ui.render import actions
from bot.ui.render.components import ActionButton, button, styled_button
from bot.ui.render.locales import Language
from bot.ui.render.payloads import ChannelPayload, NotifyPayload, WatchPayload
from bot.ui.render.text import code, named

Mentionable = discord.Member | discord.User | discord.Role


class WatchOptions(Struct, frozen=True):
    """Posted with the songs: the text of a LYRICS task, a card that shows the progress."""

    lyrics_id: str = ""
    live: bool = False


_NONE = WatchOptions()


async def watch(
    interaction: Interaction,
    typed: str,
    channel: Channel | None,
    mention: Mentionable | None,
    *,
    lyrics: str | None,
    live: bool,
) -> None:
    services = interaction.client.services
    ids = await several_ids(services, typed)
    lyrics_id = await one_id(services, lyrics) if lyrics else ""
    destination = await destination_of(interaction, channel)
    mentions = _mentions(interaction, mention, destination)
    notices, extras = left_out(ids, language_of(interaction)), WatchOptions(lyrics_id, live)
    await watch_at(interaction, ids.ids, destination, mentions, notices=notices, extras=extras)


def left_out(ids: Ids, language: Language) -> list[str]:
    """What is ignored of a text, if anything."""
    return [language("watch.ignored", n=ids.ignored, words=named(ids.words, ids.ignored))] if ids.ignored else []


@on_press(actions.NOTIFY)
async def notify(interaction: Interaction, payload: NotifyPayload) -> None:
    """Toggles the notification. The button looks the same for everyone who sees the card."""
    if payload.on_answer:
        await interaction.response.defer()
    else:
        await interaction.response.defer(ephemeral=True, thinking=True)
    task_id = await one_id(interaction.client.services, payload.task_id)  # a custom_id can be forged
    language = language_of(interaction)
    if watch := await _watch_that_notifies(interaction, task_id):
        left = await interaction.client.services.watches.leave(interaction.user.id, WatchQuery(watch_id=watch.id))
        again = button(actions.NOTIFY, NotifyPayload(task_id, on_answer=True), language)
        content = left_text(left, watch.task_id, language)
        await interaction.edit_original_response(content=content, view=_view([again]))
        return
    destination, mentions = await here(interaction), (interaction.user.mention,)
    await watch_at(interaction, [task_id], destination, mentions, undo=_off(task_id, language))


def _off(task_id: str, language: Language) -> ActionButton:
    payload = NotifyPayload(task_id, on_answer=True)
    return styled_button(actions.NOTIFY, payload, label=language("btn.unnotify"), emoji="🔕")


async def _watch_that_notifies(interaction: Interaction, task_id: str) -> Watch | None:
    """The open watch that notifies this person here."""
    destination, person = await here(interaction), interaction.user
    channel_id = destination.channel_id if destination else (person.dm_channel or await person.create_dm()).id
    query = WatchQuery(user_id=person.id, channel_id=channel_id, task_ids=[task_id, other_form(task_id) or task_id])
    watch = await interaction.client.services.watches.open_watch(query)
    return watch if watch and (destination is None or person.mention in watch.mentions) else None


async def watch_here(interaction: Interaction, task_ids: Sequence[str], *, notices: Sequence[str] = ()) -> None:
    """For a button: the person is mentioned when the song is ready."""
    await watch_at(interaction, task_ids, await here(interaction), (interaction.user.mention,), notices=notices)


async def watch_at(
    interaction: Interaction,
    task_ids: Sequence[str],
    destination: Destination | None,
    mentions: tuple[str, ...],
    *,
    notices: Sequence[str] = (),
    undo: ActionButton | None = None,
    extras: WatchOptions = _NONE,
) -> None:
    """Adds the watches. `destination` None: the person's DM, which is tested with a message first.

    `undo`: replaces the button that stops the watch.
    """
    language, limit = language_of(interaction), await limit_here(interaction)
    confirmation = None
    if destination is None:
        confirmation = await _confirm_by_dm(interaction, task_ids, language)
        destination, mentions = Destination(confirmation.channel.id, None, locale_of(interaction)), ()
    wanted = WatchRequest(
        task_ids=task_ids,
        user_id=interaction.user.id,
        channel_id=destination.channel_id,
        guild_id=destination.guild_id,
        mentions=mentions,
        locale=destination.locale,
        user_locale=locale_of(interaction),
        lyrics_id=extras.lyrics_id,
        live=extras.live,
    )
    added = await _add(interaction.client.services.watches, wanted, limit, confirmation)
    missing = missing_at(interaction, destination)
    outcome = [
        *_outcome(added, destination, language),
        *_mentioned(added, mentions, interaction.user.mention, language),
        *_unmentioned(added, mentions, destination, language),
    ]
    others = [*notices, *await _obstacles(interaction, destination, missing)]
    view = _confirmation_view(added, destination, missing, language, undo)
    await interaction.edit_original_response(content="\n".join([*outcome, *others]), view=view)
    interaction.client.afterwards(report_finished(interaction, added, outcome, others))


async def _obstacles(interaction: Interaction, destination: Destination, missing: Sequence[Missing]) -> list[str]:
    """Why songs cannot be posted there now."""
    language = language_of(interaction)
    paused = [language("watch.paused")] if await is_paused(interaction, destination) else []
    lacking = (
        [language("watch.perm", channel=destination.mention, perms=in_words(missing, language))] if missing else []
    )
    return paused + lacking


async def _confirm_by_dm(interaction: Interaction, task_ids: Sequence[str], language: Language) -> discord.Message:
    """Raises discord.Forbidden when the person accepts no DM: they learn it now, and not when the song is ready."""
    return await interaction.user.send(language("watch.dm_here", n=len(task_ids), id=code(task_ids[0])))


async def _add(
    watches: Watches, request: WatchRequest, limit: int | None, confirmation: discord.Message | None
) -> AddedWatches:
    """Deletes the confirmation in the DM if nothing was added."""
    added = None
    try:
        added = await watches.add(request, limit)
    finally:
        if confirmation and (added is None or not added.watched):
            with suppress(discord.HTTPException):
                await confirmation.delete()
    return added


def _mentions(
    interaction: Interaction, mention: Mentionable | None, destination: Destination | None
) -> tuple[str, ...]:
    """Raises Unmentionable for other people, and for roles that the person cannot mention in that channel."""
    if mention is None:
        return ()
    if isinstance(mention, discord.Role):
        if mention.is_default() or not (mention.mentionable or _may_mention_all(interaction, destination)):
            raise Unmentionable(mention.name)
    elif mention.id != interaction.user.id:
        raise Unmentionable(mention.name)
    return (mention.mention,)


def _may_mention_all(interaction: Interaction, destination: Destination | None) -> bool:
    guild, person = guild_of(interaction), interaction.user
    channel = guild.get_channel_or_thread(destination.channel_id) if guild and destination else None
    if channel is None or not isinstance(person, discord.Member):
        return False
    return channel.permissions_for(person).mention_everyone


def _outcome(added: AddedWatches, destination: Destination, language: Language) -> list[str]:
    lines = []
    where = language("watch.to_dm") if destination.guild_id is None else destination.mention
    if added.watched:
        first = code(added.watched[0].task_id)
        in_public = f"🔔 {language('watch.ok', n=len(added.watched), id=first, channel=where)}"
        lines.append(in_public if destination.guild_id else language("watch.dm_here", n=len(added.watched), id=first))
    if added.known:
        first = code(added.known[0].task_id)
        lines.append(language("watch.dup", n=len(added.known), id=first, channel=where))
    if added.refused:
        lines.append(language("watch.limit", n=added.refused, watching=added.watching, max=added.most))
    return lines


def _mentioned(added: AddedWatches, mentions: Sequence[str], me: str, language: Language) -> list[str]:
    mentioned = me in mentions and any(me in watch.mentions for watch in (*added.watched, *added.known))
    return [language("watch.mentioned")] if mentioned else []


def _unmentioned(
    added: AddedWatches, mentions: Sequence[str], destination: Destination, language: Language
) -> list[str]:
    full = any(set(mentions) - set(watch.mentions) for watch in added.known)
    return [language("watch.mentions_full", n=MAX_MENTIONS, channel=destination.mention)] if full else []


def left_text(left: LeftWatches, task_id: str, language: Language) -> str:
    """`task_id`: the task that was asked for; empty: all."""
    count = len(left.stopped) + len(left.going_on)
    if left.going_on and task_id:
        return language("unwatch.not_mentioned", id=code(task_id))
    key = "unwatch.ok" if count else "unwatch.none" if task_id else "unwatch.nothing"
    named = task_id or next((watch.task_id for watch in (*left.stopped, *left.going_on)), "")
    return language(key, n=count, id=code(named))


def _confirmation_view(
    added: AddedWatches,
    destination: Destination,
    missing: Sequence[Missing],
    language: Language,
    undo: ActionButton | None,
) -> discord.ui.View | None:
    buttons = []
    concerned = (*added.watched, *added.known)
    if len(concerned) == 1:
        buttons.append(undo or button(actions.STOP, WatchPayload(concerned[0].id), language))
    if missing:
        buttons.append(button(actions.CHECK, ChannelPayload(destination.channel_id), language))
    return _view(buttons)


def _view(buttons: Sequence[ActionButton]) -> discord.ui.View | None:
    if not buttons:
        return None
    view = discord.ui.View(timeout=None)
    for each in buttons:
        view.add_item(each)
    return view
