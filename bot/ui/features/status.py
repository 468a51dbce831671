"""What a command or a button answers: looks the task up, shows it, and turns its card into the song when it is there.

Every interaction comes deferred; errors end in bot/ui/interactions/errors.py.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

import discord
from discord.app_commands import Choice
from msgspec.structs import replace

from bot.client import Interaction, Services
from bot.domain.lyrics_texts import LyricsText, lyrics_texts
from bot.domain.recent import Recent
from bot.domain.task import Task
from bot.errors import MediaTooBig, MediaUnavailable
from bot.gateways.media import MediaFile
from bot.services.clip_files import ClipFile
from bot.services.lookup import Found
from bot.ui.interactions.access import reader
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.replies import InteractionReply, Reply
from bot.ui.interactions.typed_ids import one_id
from bot.ui.render import actions
from bot.ui.render.actions import PagePayload, TaskPayload
from bot.ui.render.cards import Card, details_card, not_brought, remaining_card, song_cards, songs_card, task_card
from bot.ui.render.locales import Language, languages
from bot.ui.render.lyrics import lyrics_card, lyrics_file, lyrics_pages
from bot.ui.render.offers import with_offer
from bot.ui.render.text import clean, plain_line

_PATIENCE = 1.5  # seconds until people are shown the song without its files, which may take a while
_TOO_LARGE_STATUS, _TOO_LARGE_CODE = 413, 40005  # HTTP's and Discord's

log = logging.getLogger(__name__)


async def show_found(interaction: Interaction, task_id: str) -> None:
    """A task that is known already, as it is now."""
    await _show(interaction, await _look_up(interaction, task_id))


@on_press(actions.DETAILS)
async def show_details(interaction: Interaction, payload: TaskPayload) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    card = details_card(await _look_up(interaction, payload.task_id), reader(interaction))
    await InteractionReply(interaction).send([card])


async def show_task(interaction: Interaction, typed: str, *, public: bool) -> None:
    found, reply = await _look_up(interaction, typed), InteractionReply(interaction)
    await _remember(interaction, found, public=public)
    await show(reply, found)
    if public and not reply.public:  # Discord has made it private, whatever was asked for
        await _remember(interaction, found, public=False)


@on_press(actions.REFRESH)
async def refresh(interaction: Interaction, payload: TaskPayload) -> None:
    await interaction.response.defer()
    found = await _look_up(interaction, payload.task_id)
    # The card stays in the language of those who were shown it, whoever presses.
    await _show(interaction, found, _language_of(interaction, payload))


def _language_of(interaction: Interaction, payload: TaskPayload) -> Language:
    """The card's own; one of an older version does not say."""
    return languages().get(payload.language) or reader(interaction)


@on_press(actions.AUDIO)
async def send_audio(interaction: Interaction, payload: TaskPayload) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await _show(interaction, await _look_up(interaction, payload.task_id))


async def show_audio(interaction: Interaction, typed: str, clip: int | None) -> None:
    found = await _look_up(interaction, typed)
    await _show(interaction, Found(_only(found.task, clip), found.gateway))


@on_press(actions.LYRICS)
async def send_lyrics(interaction: Interaction, payload: TaskPayload) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await _show_lyrics(interaction, (await _look_up(interaction, payload.task_id)).task)


@on_press(actions.LYRICS_PAGE)
async def turn_page(interaction: Interaction, payload: PagePayload) -> None:
    await interaction.response.defer()
    await _show_lyrics(interaction, (await _look_up(interaction, payload.about)).task, payload.page)


@on_press(actions.LYRICS_FILE)
async def send_lyrics_file(interaction: Interaction, payload: TaskPayload) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await _send_lyrics_file(interaction, (await _look_up(interaction, payload.task_id)).task)


async def show_lyrics(interaction: Interaction, typed: str, clip: int | None, *, as_file: bool) -> None:
    task = (await _look_up(interaction, typed)).task
    wanted = _only(task, clip)
    if as_file:
        await _send_lyrics_file(interaction, wanted)
        return
    # All songs are in the pages, so that the buttons reach each; the one that was asked for is opened.
    texts = lyrics_texts(task)
    before = texts[: texts.index(lyrics_texts(wanted)[0])] if lyrics_texts(wanted) else ()
    page = len(await _pages(interaction, before, reader(interaction)))
    await _show_lyrics(interaction, task if lyrics_texts(wanted) else wanted, page)


def _only(task: Task, clip: int | None) -> Task:
    return task if clip is None else task.only(clip)


async def _show_lyrics(interaction: Interaction, task: Task, page: int = 0) -> None:
    language = reader(interaction)
    if pages := await _pages(interaction, lyrics_texts(task), language):
        await interaction.edit_original_response(view=lyrics_card(pages, page, task.id, language))
    else:
        await interaction.edit_original_response(content=language("lyrics.none"))


async def _pages(interaction: Interaction, texts: Sequence[LyricsText], language: Language) -> list[str]:
    length = sum(len(each.text) for each in texts)
    return await interaction.client.services.text_worker.apart(lambda: lyrics_pages(texts, language), length)


async def _send_lyrics_file(interaction: Interaction, task: Task) -> None:
    if texts := lyrics_texts(task):
        await interaction.edit_original_response(attachments=[lyrics_file(texts)])
    else:
        content = reader(interaction)("lyrics.none")
        await interaction.edit_original_response(content=content)


async def look_up(services: Services, task_id: str) -> Found:
    """At the gateway that knew it last, and then at the others. The songs that it has lead to it from now on."""
    found = await services.lookup.find(task_id, known_at=await services.history.gateway_of(task_id))
    await services.task_ids.saw([found.task])
    return found


async def _look_up(interaction: Interaction, typed: str) -> Found:
    """Typed, or in a custom_id, which can be forged."""
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
        await asyncio.wait({fetching}, timeout=_PATIENCE)
        promise = songs_card(found, reply.language)
        # What a message has already is more than a promise.
        if not fetching.done() and not reply.files:
            await reply.send([promise])
        try:
            await _send_songs(reply, found, await fetching)
        except Exception:
            if reply.shown is promise:
                await _take_back(reply, found)
            raise


async def _send(reply: Reply, found: Found, cards: Sequence[Card]) -> None:
    offer = await reply.services.orders.offer(found, reply.guild_id, reply.person)
    *others, last = cards
    await reply.send([*others, with_offer(last, found.task, offer, reply.language)])


async def _take_back(reply: Reply, found: Found) -> None:
    """No card says for ever that files are on their way: it has the links, and may be refreshed."""
    absent = MediaUnavailable("it could not be brought to Discord")
    songs = enumerate(found.task.keyed(), 1)
    clip_files = [ClipFile(key, number, clip, absent, None) for number, (key, clip) in songs if clip.playable]
    try:
        await _send(reply, found, song_cards(found, clip_files, reply.language, reply.limit))
    except discord.HTTPException as error:
        log.warning("a card goes on saying that files are on their way: %s", error)


async def _send_songs(reply: Reply, found: Found, clip_files: Sequence[ClipFile]) -> None:
    """What Discord says of its limit has been seen too high: then the largest file stays behind, its siblings go."""
    try:
        kept = not_brought(clip_files, reply.files)
        await _send(reply, found, song_cards(found, clip_files, reply.language, reply.limit, kept))
    except discord.HTTPException as error:
        smaller = _without_largest(clip_files)
        if not smaller or (error.status != _TOO_LARGE_STATUS and error.code != _TOO_LARGE_CODE):
            raise
        log.info("Discord takes less than it said: %s", error)
        await _send_songs(reply, found, smaller)


def _without_largest(clip_files: Sequence[ClipFile]) -> list[ClipFile] | None:
    sizes = [clip_file.audio.size if isinstance(clip_file.audio, MediaFile) else 0 for clip_file in clip_files]
    largest = max(sizes)
    if not largest:
        return None
    left_behind = sizes.index(largest)
    too_big = MediaTooBig(largest - 1, largest)
    return [
        replace(clip_file, audio=too_big) if index == left_behind else clip_file
        for index, clip_file in enumerate(clip_files)
    ]


async def _remember(interaction: Interaction, found: Found, *, public: bool) -> None:
    """For autocomplete."""
    recent = Recent(
        user_id=interaction.user.id,
        task_id=found.task.id,
        channel_id=interaction.channel_id or 0,
        public=public,
        gateway=found.gateway,
        title=clean(found.task.title),
        looked_up_at=time.time(),
    )
    await interaction.client.services.history.keep(recent)


async def recent_ids(interaction: Interaction, typed: str) -> list[Choice[str]]:
    """What may be offered while an id is typed: titles and ids that contain it."""
    channel_id = interaction.channel_id or 0
    recents = await interaction.client.services.history.suggestions(interaction.user.id, channel_id, typed.strip())
    return [Choice(name=_choice_name(recent), value=recent.task_id) for recent in recents]


def _choice_name(recent: Recent) -> str:
    title = plain_line(recent.title, 100)
    return plain_line(f"{title} · {recent.task_id}" if title else recent.task_id, 100)
