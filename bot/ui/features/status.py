"""/suno status, audio and lyrics, and the buttons of a task's card.

The cogs have deferred commands already; errors are handled in bot/ui/interactions/errors.py.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack

import discord
from discord.app_commands import Choice
from msgspec.structs import replace

from bot.client import Interaction, Services
from bot.domain.discord_errors import is_too_large
from bot.domain.lyrics_texts import LyricsText, lyrics_texts
from bot.domain.recent import Recent
from bot.domain.task import Task
from bot.errors import MediaTooBig, MediaUnavailable
from bot.gateways.media import MediaFile
from bot.services.clip_files import ClipFile
from bot.services.lookup import Found
from bot.ui.interactions.access import language_of
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.library_search import suggested_songs
from bot.ui.interactions.replies import InteractionReply, Reply
from bot.ui.interactions.typed_ids import one_id
from bot.ui.render import actions
from bot.ui.render.cards import (
    Card,
    details_card,
    files_to_keep,
    grouped,
    remaining_card,
    song_cards,
    songs_card,
    task_card,
)
from bot.ui.render.components import star_buttons
from bot.ui.render.extras import extras_menu
from bot.ui.render.locales import Language, languages
from bot.ui.render.lyrics import lyrics_card, lyrics_file, lyrics_pages
from bot.ui.render.offers import with_offer
from bot.ui.render.payloads import PagePayload, TaskPayload
from bot.ui.render.text import clean, plain_line

_PLACEHOLDER_AFTER = 1.5  # seconds until the card is shown without its files, which may take a while
_CHOICES = 25  # that Discord shows

log = logging.getLogger(__name__)


async def show_found(interaction: Interaction, task_id: str) -> None:
    """Looks up a task whose id is known, and shows its current state."""
    await _show(interaction, await look_up_typed(interaction, task_id))


@on_press(actions.DETAILS)
async def show_details(interaction: Interaction, payload: TaskPayload) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    found, language = await look_up_typed(interaction, payload.task_id), language_of(interaction)
    card = details_card(found, language)
    if interaction.client.services.extras.offered and (menu := extras_menu(found.task, language)):
        card = replace(card, buttons=[menu])
    await InteractionReply(interaction).send([card])


async def show_task(interaction: Interaction, typed: str, *, public: bool) -> None:
    found, reply = await look_up_typed(interaction, typed), InteractionReply(interaction)
    await _remember(interaction, found, public=public)
    await show(reply, found)
    if public and not reply.public:  # Discord can make an answer private although it was sent as public
        await _remember(interaction, found, public=False)


@on_press(actions.REFRESH)
async def refresh(interaction: Interaction, payload: TaskPayload) -> None:
    await interaction.response.defer()
    found = await look_up_typed(interaction, payload.task_id)
    # The card keeps its language, whoever presses.
    await _show(interaction, found, _card_language(interaction, payload))


def _card_language(interaction: Interaction, payload: TaskPayload) -> Language:
    """The card's own language, or the person's: cards of older versions do not carry one."""
    return languages().get(payload.language) or language_of(interaction)


@on_press(actions.AUDIO)
async def send_audio(interaction: Interaction, payload: TaskPayload) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await _show(interaction, await look_up_typed(interaction, payload.task_id))


async def show_audio(interaction: Interaction, typed: str, clip: int | None) -> None:
    found = await look_up_typed(interaction, typed)
    await _show(interaction, Found(_only(found.task, clip), found.gateway))


@on_press(actions.LYRICS)
async def send_lyrics(interaction: Interaction, payload: TaskPayload) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await _show_lyrics(interaction, (await look_up_typed(interaction, payload.task_id)).task)


@on_press(actions.LYRICS_PAGE)
async def turn_page(interaction: Interaction, payload: PagePayload) -> None:
    await interaction.response.defer()
    await _show_lyrics(interaction, (await look_up_typed(interaction, payload.about)).task, payload.page)


@on_press(actions.LYRICS_FILE)
async def send_lyrics_file(interaction: Interaction, payload: TaskPayload) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await _send_lyrics_file(interaction, (await look_up_typed(interaction, payload.task_id)).task)


async def show_lyrics(interaction: Interaction, typed: str, clip: int | None, *, as_file: bool) -> None:
    task = (await look_up_typed(interaction, typed)).task
    wanted = _only(task, clip)
    if as_file:
        await _send_lyrics_file(interaction, wanted)
        return
    # The pages contain all songs, so that the buttons reach each; the requested one is opened.
    texts = lyrics_texts(task)
    before = texts[: texts.index(lyrics_texts(wanted)[0])] if lyrics_texts(wanted) else ()
    page = len(await _pages(interaction, before, language_of(interaction)))
    await _show_lyrics(interaction, task if lyrics_texts(wanted) else wanted, page)


def _only(task: Task, clip: int | None) -> Task:
    return task if clip is None else task.only(clip)


async def _show_lyrics(interaction: Interaction, task: Task, page: int = 0) -> None:
    language = language_of(interaction)
    if pages := await _pages(interaction, lyrics_texts(task), language):
        await interaction.edit_original_response(view=lyrics_card(pages, page, task.id, language))
    else:
        await interaction.edit_original_response(content=language("lyrics.none"))


async def _pages(interaction: Interaction, texts: Sequence[LyricsText], language: Language) -> list[str]:
    length = sum(len(each.text) for each in texts)
    return await interaction.client.services.text_worker.run(lambda: lyrics_pages(texts, language), length)


async def _send_lyrics_file(interaction: Interaction, task: Task) -> None:
    if texts := lyrics_texts(task):
        await interaction.edit_original_response(attachments=[lyrics_file(texts)])
    else:
        content = language_of(interaction)("lyrics.none")
        await interaction.edit_original_response(content=content)


async def look_up(services: Services, task_id: str) -> Found:
    """Asks the gateway that last knew it, then the others. Stores its songs' ids, which lead to the task later."""
    found = await services.lookup.find(task_id, known_at=await services.history.gateway_of(task_id))
    await services.task_ids.remember_songs([found.task])
    return found


async def look_up_typed(interaction: Interaction, typed: str) -> Found:
    """`typed`: also from a custom_id, which can be forged."""
    services = interaction.client.services
    return await look_up(services, await one_id(services, typed))


async def _show(interaction: Interaction, found: Found, language: Language | None = None) -> None:
    await show(InteractionReply(interaction, language), found)


async def show(reply: Reply, found: Found) -> None:
    """A task as it is, or its songs with their files; and what can be made from it."""
    if not found.task.playable:
        shown = remaining_card(found, reply.files, reply.language) if reply.files else task_card(found, reply.language)
        await _send(reply, found, [shown])
        return
    async with AsyncExitStack() as files:
        opening = reply.services.clip_files.of(found.task, limit=reply.limit, person=reply.person)
        fetching = asyncio.create_task(files.enter_async_context(opening))
        files.callback(fetching.cancel)
        await asyncio.wait({fetching}, timeout=_PLACEHOLDER_AFTER)
        placeholder = songs_card(found, reply.language)
        # A message that already has files is not replaced with a placeholder.
        if not fetching.done() and not reply.files:
            await reply.send([placeholder])
        try:
            await _send_songs(reply, found, await fetching)
        except Exception:
            if reply.shown is placeholder:
                await _replace_placeholder(reply, found)
            raise


async def _send(reply: Reply, found: Found, cards: Sequence[Card]) -> None:
    offer = await reply.services.orders.offer(found, reply.guild_id, reply.person)
    *others, last = cards
    await reply.send([*others, with_offer(last, found.task, offer, reply.language)])


async def _replace_placeholder(reply: Reply, found: Found) -> None:
    """The placeholder must not stay: the card gets the links, and can be refreshed."""
    absent = MediaUnavailable("it could not be sent to Discord")
    songs = enumerate(found.task.keyed(), 1)
    clip_files = [ClipFile(key, number, clip, absent, None) for number, (key, clip) in songs if clip.playable]
    try:
        await _send(reply, found, song_cards(found, clip_files, reply.language, reply.limit))
    except discord.HTTPException as error:
        log.warning("a placeholder could not be replaced: %s", error)


async def _send_songs(reply: Reply, found: Found, clip_files: Sequence[ClipFile]) -> None:
    """Discord sometimes accepts less than the limit it states: then it tries again without the largest file."""
    try:
        kept = files_to_keep(clip_files, reply.files)
        cards = song_cards(found, clip_files, reply.language, reply.limit, kept)
        await _send(reply, found, await _starred(reply, found, clip_files, cards))
        await _add_to_library(reply, found, clip_files)
    except discord.HTTPException as error:
        smaller = _without_largest(clip_files)
        if not smaller or not is_too_large(error.status, error.code):
            raise
        log.info("Discord accepts less than it stated: %s", error)
        await _send_songs(reply, found, smaller)


async def _starred(reply: Reply, found: Found, clip_files: Sequence[ClipFile], cards: Sequence[Card]) -> list[Card]:
    """With a star for each song that comes with its file."""
    stars = await reply.services.library.stars(reply.channel_id, found.task.id)
    groups = grouped(clip_files) if len(cards) > 1 else [clip_files]
    starred = []
    for card, group in zip(cards, groups, strict=False):
        counts = {each.number: stars.get(each.number, 0) for each in group if isinstance(each.audio, MediaFile)}
        starred.append(replace(card, buttons=[*card.buttons, *star_buttons(found.task.id, counts)]))
    return [*starred, *cards[len(starred) :]]


async def _add_to_library(reply: Reply, found: Found, clip_files: Sequence[ClipFile]) -> None:
    """Songs that came with their files, each with the message that it is in."""
    groups = grouped(clip_files) if len(reply.places) > 1 else [clip_files]
    for place, group in zip(reply.places, groups, strict=False):
        if keys := [each.key for each in group if isinstance(each.audio, MediaFile)]:
            await reply.services.library.shown(found, keys, place, reply.person)


def _without_largest(clip_files: Sequence[ClipFile]) -> list[ClipFile] | None:
    sizes = [clip_file.audio.size if isinstance(clip_file.audio, MediaFile) else 0 for clip_file in clip_files]
    largest = max(sizes)
    if not largest:
        return None
    position = sizes.index(largest)
    too_big = MediaTooBig(largest - 1, largest)
    return [
        replace(clip_file, audio=too_big) if index == position else clip_file
        for index, clip_file in enumerate(clip_files)
    ]


async def _remember(interaction: Interaction, found: Found, *, public: bool) -> None:
    """Stores the lookup for autocomplete."""
    recent = Recent(
        user_id=interaction.user.id,
        task_id=found.task.id,
        channel_id=interaction.channel_id or 0,
        public=public,
        gateway=found.gateway,
        title=clean(found.task.title),
        looked_up_at=interaction.client.services.now(),
    )
    await interaction.client.services.history.save(recent)


async def recent_ids(interaction: Interaction, typed: str) -> list[Choice[str]]:
    """Suggestions while an id is typed: lookups whose title or id contains the text, then songs of the library."""
    channel_id, typed = interaction.channel_id or 0, typed.strip()
    recents = await interaction.client.services.history.suggestions(interaction.user.id, channel_id, typed)
    titles = {each.task_id: each.title for each in recents}
    if typed and len(titles) < _CHOICES:
        songs = await suggested_songs(interaction, typed)
        titles |= {each.task_id: each.title for each in songs if each.task_id not in titles}
    return [Choice(name=_choice_name(title, task_id), value=task_id) for task_id, title in titles.items()][:_CHOICES]


def _choice_name(title: str, task_id: str) -> str:
    title = plain_line(title, 100)
    return plain_line(f"{title} · {task_id}" if title else task_id, 100)
