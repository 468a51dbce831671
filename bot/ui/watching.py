"""What people say and press to have tasks watched, and what they are answered."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import discord

from bot.client import Interaction
from bot.domain.id_forms import other_form
from bot.domain.watch import MOST_MENTIONS, Watch
from bot.errors import Unmentionable
from bot.services.watches import Watches, Wish
from bot.storage.watches import Added, Left, in_channel, numbered, of_user, on_tasks
from bot.ui.buttons import TaskButton, Verb, labelled_button, on_press, task_button
from bot.ui.finished import tell_of_finished
from bot.ui.locales import Language
from bot.ui.permissions import Missing, in_words
from bot.ui.places import Channel, Place, here, is_held, limit_here, missing_at, place_of
from bot.ui.readers import locale_of, reader
from bot.ui.text import code, named
from bot.ui.typed import one_id, several_ids

_ON_ANSWER = 1  # the button is on the answer to a press, and changes with it; elsewhere many see it

Mentionable = discord.Member | discord.User | discord.Role


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
    place = await place_of(interaction, channel)
    mentions = _mentions(interaction, mention, place)
    language = reader(interaction)
    sorry = [language("watch.ignored", n=ids.ignored, words=named(ids.words, ids.ignored))] if ids.ignored else []
    await watch_at(interaction, ids.ids, place, mentions, sorry=sorry, lyrics_id=lyrics_id, live=live)


@on_press(Verb.NOTIFY)
async def notify(interaction: Interaction, task_id: str, number: int) -> None:
    """On, or off for whom it is on: a card that many see cannot show each of them which."""
    if number == _ON_ANSWER:
        await interaction.response.defer()
    else:
        await interaction.response.defer(ephemeral=True, thinking=True)
    task_id = await one_id(interaction.client.services, task_id)  # a custom_id can be forged
    language = reader(interaction)
    if watch := await _notifying(interaction, task_id):
        left = await interaction.client.services.stores.watches.leave(interaction.user.id, numbered(watch.id))
        again = task_button(Verb.NOTIFY, task_id, language, mark=str(_ON_ANSWER))
        content = left_text(left, watch.task_id, language)
        await interaction.edit_original_response(content=content, view=_view([again]))
        return
    place, mentions = await here(interaction), (interaction.user.mention,)
    await watch_at(interaction, [task_id], place, mentions, undo=_off(task_id, language))


def _off(task_id: str, language: Language) -> TaskButton:
    return labelled_button("🔕", "btn.unnotify", Verb.NOTIFY, task_id, language, mark=str(_ON_ANSWER))


async def _notifying(interaction: Interaction, task_id: str) -> Watch | None:
    """The open watch that would tell them where they are."""
    place, person = await here(interaction), interaction.user
    channel_id = place.channel_id if place else (person.dm_channel or await person.create_dm()).id
    which = of_user(person.id) & in_channel(channel_id) & on_tasks([task_id, other_form(task_id) or task_id])
    watch = await interaction.client.services.stores.watches.open_watch(which)
    return watch if watch and (place is None or person.mention in watch.mentions) else None


async def watch_here(interaction: Interaction, task_ids: Sequence[str]) -> None:
    """For who presses a button: their name is called when it is ready."""
    await watch_at(interaction, task_ids, await here(interaction), (interaction.user.mention,))


async def watch_at(
    interaction: Interaction,
    task_ids: Sequence[str],
    place: Place | None,
    mentions: tuple[str, ...],
    *,
    sorry: Sequence[str] = (),
    undo: TaskButton | None = None,
    **wish: Any,
) -> None:
    """Into a DM where the bot cannot post later, or nobody may make it post: then the DM is tried out first.

    `undo`: in place of the button that stops the watch.
    """
    language, most_here = reader(interaction), await limit_here(interaction)
    promise = None
    if place is None:
        promise = await _promise(interaction, task_ids, language)
        place, mentions = Place(promise.channel.id, None, locale_of(interaction)), ()
    wanted = Wish(
        task_ids=task_ids,
        user_id=interaction.user.id,
        channel_id=place.channel_id,
        guild_id=place.guild_id,
        mentions=mentions,
        locale=place.locale,
        user_locale=locale_of(interaction),
        **wish,
    )
    added = await _add(interaction.client.services.watches, wanted, most_here, promise)
    missing = missing_at(interaction, place)
    outcome = [
        *_outcome(added, place, language),
        *_mentioned(added, mentions, interaction.user.mention, language),
        *_unmentioned(added, mentions, place, language),
    ]
    others = [*sorry, *await _hindrances(interaction, place, missing)]
    view = _confirmation_view(added, place, missing, language, undo)
    await interaction.edit_original_response(content="\n".join([*outcome, *others]), view=view)
    interaction.client.afterwards(tell_of_finished(interaction, added, outcome, others))


async def _hindrances(interaction: Interaction, place: Place, missing: Sequence[Missing]) -> list[str]:
    """What keeps songs from coming there now."""
    language = reader(interaction)
    held = [language("watch.paused")] if await is_held(interaction, place) else []
    lacking = [language("watch.perm", channel=place.mention, perms=in_words(missing, language))] if missing else []
    return held + lacking


async def _promise(interaction: Interaction, task_ids: Sequence[str], language: Language) -> discord.Message:
    """Raises discord.Forbidden when the person takes no DM: they hear it now, and not when the song is ready."""
    return await interaction.user.send(language("watch.dm_here", n=len(task_ids), id=code(task_ids[0])))


async def _add(watches: Watches, wish: Wish, most_here: int | None, promise: discord.Message | None) -> Added:
    """What was promised in the DM, and then is not watched, is taken back there."""
    added = None
    try:
        added = await watches.add(wish, most_here)
    finally:
        if promise and (added is None or not added.watched):
            with suppress(discord.HTTPException):
                await promise.delete()
    return added


def _mentions(interaction: Interaction, mention: Mentionable | None, place: Place | None) -> tuple[str, ...]:
    """Raises Unmentionable: others than oneself, and roles that the person could not mention in that place."""
    if mention is None:
        return ()
    if isinstance(mention, discord.Role):
        if mention.is_default() or not (mention.mentionable or _may_mention_all(interaction, place)):
            raise Unmentionable(mention.name)
    elif mention.id != interaction.user.id:
        raise Unmentionable(mention.name)
    return (mention.mention,)


def _may_mention_all(interaction: Interaction, place: Place | None) -> bool:
    guild, person = interaction.client.get_guild(interaction.guild_id or 0), interaction.user
    channel = guild.get_channel_or_thread(place.channel_id) if guild and place else None
    if channel is None or not isinstance(person, discord.Member):
        return False
    return channel.permissions_for(person).mention_everyone


def _outcome(added: Added, place: Place, language: Language) -> list[str]:
    lines = []
    where = language("watch.to_dm") if place.guild_id is None else place.mention
    if added.watched:
        first = code(added.watched[0].task_id)
        in_public = f"🔔 {language('watch.ok', n=len(added.watched), id=first, channel=where)}"
        lines.append(in_public if place.guild_id else language("watch.dm_here", n=len(added.watched), id=first))
    if added.known:
        first = code(added.known[0].task_id)
        lines.append(language("watch.dup", n=len(added.known), id=first, channel=where))
    if added.refused:
        lines.append(language("watch.limit", n=added.refused, watching=added.watching, max=added.most))
    return lines


def _mentioned(added: Added, mentions: Sequence[str], me: str, language: Language) -> list[str]:
    told = me in mentions and any(me in watch.mentions for watch in (*added.watched, *added.known))
    return [language("watch.mentioned")] if told else []


def _unmentioned(added: Added, mentions: Sequence[str], place: Place, language: Language) -> list[str]:
    full = any(set(mentions) - set(watch.mentions) for watch in added.known)
    return [language("watch.mentions_full", n=MOST_MENTIONS, channel=place.mention)] if full else []


def left_text(left: Left, task_id: str, language: Language) -> str:
    """`task_id`: the only one that is concerned; empty: all."""
    count = len(left.stopped) + len(left.going_on)
    if left.going_on and task_id:
        return language("unwatch.not_mentioned", id=code(task_id))
    key = "unwatch.ok" if count else "unwatch.none" if task_id else "unwatch.nothing"
    named = task_id or next((watch.task_id for watch in (*left.stopped, *left.going_on)), "")
    return language(key, n=count, id=code(named))


def _confirmation_view(
    added: Added, place: Place, missing: Sequence[Missing], language: Language, undo: TaskButton | None
) -> discord.ui.View | None:
    buttons = []
    concerned = (*added.watched, *added.known)
    if len(concerned) == 1:
        buttons.append(undo or task_button(Verb.STOP, str(concerned[0].id), language))
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
