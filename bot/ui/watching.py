"""What people say and press to have tasks watched, and what they are answered."""

from collections.abc import Sequence
from typing import Any

import discord

from bot.client import Interaction
from bot.domain.ids import parse_id, read_ids
from bot.errors import Unmentionable
from bot.services.watches import Wish
from bot.storage.watches import Added
from bot.ui.buttons import TaskButton, Verb, on_press, task_button
from bot.ui.locales import Language
from bot.ui.permissions import Missing, in_words
from bot.ui.places import Channel, Place, here, limit_here, missing_at, place_of
from bot.ui.readers import locale_of, reader
from bot.ui.text import code

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
    ids = read_ids(typed)
    mentions = _mentions(interaction, mention)
    lyrics_id = parse_id(lyrics) if lyrics else ""
    place = await place_of(interaction, channel)
    language = reader(interaction)
    sorry = [language("watch.ignored", n=ids.ignored)] if ids.ignored else []
    await _watch(interaction, ids.ids, place, mentions, sorry=sorry, lyrics_id=lyrics_id, live=live)


@on_press(Verb.NOTIFY)
async def notify(interaction: Interaction, task_id: str, _number: int) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await watch_here(interaction, [parse_id(task_id)])  # a custom_id can be forged


async def watch_here(interaction: Interaction, task_ids: Sequence[str]) -> None:
    """For who presses a button: their name is called when it is ready."""
    await _watch(interaction, task_ids, await here(interaction), (interaction.user.mention,))


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
    language, most = reader(interaction), await limit_here(interaction)
    if place is None:
        place = await _open_dm(interaction, task_ids, language)
        mentions = ()
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
    watches = interaction.client.services.watches
    added = await watches.add(wanted, most)
    lines = [*_outcome(added, place, language, min(watches.most, most or watches.most)), *sorry]
    missing = missing_at(interaction, place)
    if missing:
        lines.append(language("watch.perm", channel=place.mention, perms=in_words(missing, language)))
    view = _confirmation_view(added, place, missing, language)
    await interaction.edit_original_response(content="\n".join(lines), view=view)


async def _open_dm(interaction: Interaction, task_ids: Sequence[str], language: Language) -> Place:
    """Raises discord.Forbidden when the person takes no DM: they hear it now, and not when the song is ready."""
    sentence = language("watch.dm_here", n=len(task_ids), id=code(task_ids[0]))
    message = await interaction.user.send(sentence)
    return Place(message.channel.id, None, locale_of(interaction))


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


def _outcome(added: Added, place: Place, language: Language, most: int) -> list[str]:
    lines = []
    where = language("watch.to_dm") if place.guild_id is None else place.mention
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
