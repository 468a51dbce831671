"""A song of the library, opened: fresh audio, the way to its post, its lyrics; and removing it."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import discord
from msgspec.structs import replace

from bot.client import Interaction
from bot.domain.library import FoundSong, Song
from bot.domain.lyrics_texts import LyricsText
from bot.domain.task import Clip, Status, Task, TaskKind
from bot.errors import GatewayError, MediaTooBig, NotYours, UnknownTask
from bot.gateways.media import MediaFile
from bot.services.clip_files import ClipFile
from bot.services.lookup import Found
from bot.ui.features.library.posts import posted_files
from bot.ui.features.status import look_up
from bot.ui.interactions.access import language_of
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.library_search import song_for
from bot.ui.interactions.replies import InteractionReply
from bot.ui.render import actions
from bot.ui.render.actions import custom_id
from bot.ui.render.cards import Card, links, problem, song_parts
from bot.ui.render.components import LINKS_ROW, button, buttons_on, star_label, styled_button, view_of
from bot.ui.render.embeds import clip_embed, lyrics_embed
from bot.ui.render.locales import Language
from bot.ui.render.lyrics import library_lyrics_card, lyrics_pages
from bot.ui.render.payloads import LibrarySongPayload, PagePayload
from bot.ui.render.songs import maker, title_of

_OTHER_TAKES = 3  # that have a button on a song

log = logging.getLogger(__name__)


@on_press(actions.LIBRARY_OPEN)
async def open_song(interaction: Interaction, payload: LibrarySongPayload) -> None:
    """With its audio from the post, whose address is signed anew; if that is gone, from the gateway while it has it."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    found = await song_for(interaction, payload.song_id)
    lyrics = await interaction.client.services.library.lyrics(found.song)
    known = _known(found.song, lyrics)
    opened = _Opened(interaction, found, lyrics, await interaction.client.services.library.takes(found.song))
    if (posted := await _in_post(interaction, found.song, known)) and await opened.play(posted):
        return
    why_not = "gone_audio"
    try:
        made = await _at_gateway(interaction, found.song, known)
        if made and await opened.play(made, "from_gateway" if posted is None else ""):
            return
    except GatewayError as error:
        log.info("song %d: its gateway cannot be asked: %s", found.song.id, error)
        why_not = "audio_later"
    await opened.show(known, f"library.{why_not}")


def _known(song: Song, lyrics: str) -> Found:
    """What the library knows of it, as a task whose other songs are not known."""
    others = tuple(Clip(id="", status=Status.WAITING) for _ in range(song.number - 1))
    clip = Clip(
        id=song.clip_id, status=Status.DONE, title=song.title, style=song.style, lyrics=lyrics, duration=song.duration
    )
    task = Task(id=song.task_id, kind=TaskKind.MUSIC, status=Status.DONE, clips=(*others, clip))
    return Found(task, song.gateway)


def _with_clip(known: Found, **changes: Any) -> Found:
    *others, clip = known.task.clips
    return replace(known, task=replace(known.task, clips=(*others, replace(clip, **changes))))


async def _in_post(interaction: Interaction, song: Song, known: Found) -> Found | None:
    """With the addresses of its files in a post; None: no post that the person may view has them any more."""
    posted = await posted_files(interaction, song)
    return _with_clip(known, audio_url=posted.audio_url, image_url=posted.cover_url) if posted.audio_url else None


async def _at_gateway(interaction: Interaction, song: Song, known: Found) -> Found | None:
    """None: no gateway has its audio any more. Raises GatewayError."""
    try:
        found = await look_up(interaction.client.services, song.task_id)
    except UnknownTask:
        return None
    clip = next((each for each in found.task.clips if each.id == song.clip_id and each.playable), None)
    if clip is None:
        return None
    return _with_clip(known, audio_url=clip.audio_url, other_urls=clip.other_urls, image_url=clip.image_url)


class _Opened:
    """The answer that shows a song."""

    def __init__(self, interaction: Interaction, found: FoundSong, lyrics: str, takes: Sequence[Song]) -> None:
        self._takes = takes
        self._interaction = interaction
        self._found = found
        self._lyrics = lyrics
        self._reply = InteractionReply(interaction)

    async def play(self, source: Found, note: str = "") -> bool:
        """False: its audio could not be fetched from there."""
        number = len(source.task.clips)
        key, _ = source.task.keyed()[-1]
        opening = self._interaction.client.services.clip_files.of(
            source.task, limit=self._reply.limit, wanted=[key], person=self._reply.person
        )
        async with opening as clip_files:
            audio = clip_files[0].audio
            if not isinstance(audio, MediaFile | MediaTooBig):
                return False
            notes = [f"library.{note}"] if note else []
            too_big = isinstance(audio, MediaTooBig)
            extra = links(source.task, [number], self._reply.language) if too_big else []
            card = self._card(source, notes, clip_files, extra)
            if isinstance(audio, MediaTooBig):
                sentence = problem(audio, number, self._reply.language, self._reply.limit)
                card = replace(card, content=f"{sentence}\n{card.content}")
            await self._reply.send([card])
        return True

    async def show(self, source: Found, note: str) -> None:
        """Without audio."""
        await self._reply.send([self._card(source, [note], (), ())])

    def _card(
        self, source: Found, notes: Sequence[str], clip_files: Sequence[ClipFile], extra: Sequence[discord.ui.Item[Any]]
    ) -> Card:
        language = self._reply.language
        embeds, uploads = song_parts(source, clip_files, language)
        if not embeds:
            embeds = [clip_embed(source.task, len(source.task.clips), source.gateway, language)]
        if self._lyrics.strip():
            embeds.append(lyrics_embed([LyricsText(self._found.song.title, self._lyrics)], language, before=embeds))
        notes = [*notes, *(["library.folded"] if self._found.song.folded else [])]
        content = "\n".join(filter(None, [*map(language, notes), _origin(self._found, self._reply.person, language)]))
        own = _buttons(self._interaction, self._found, language, has_lyrics=bool(self._lyrics.strip()))
        buttons = [*own, *_take_buttons(self._found.song, self._takes, self._reply.person, language), *extra]
        return Card(content=content, embeds=embeds, uploads=uploads, buttons=buttons)


def _origin(found: FoundSong, user_id: int, language: Language) -> str:
    who = maker(found, user_id)
    parts = [language("library.made" if found.song.maker_id else "library.requested", person=who)] if who else []
    return f"-# {' · '.join([*parts, f'<t:{found.song.posted_at:.0f}:f>'])}"


def _buttons(
    interaction: Interaction, found: FoundSong, language: Language, *, has_lyrics: bool
) -> list[discord.ui.Item[Any]]:
    payload = LibrarySongPayload(found.song.id)
    star = styled_button(
        actions.LIBRARY_STAR, payload, label=str(found.stars), emoji=actions.LIBRARY_STAR.emoji, style=_style(found)
    )
    buttons: list[discord.ui.Item[Any]] = [star]
    if has_lyrics:
        buttons.append(button(actions.LIBRARY_LYRICS, payload, language))
    buttons.append(button(actions.LIBRARY_ADD, payload, language))
    if _may_remove(interaction, found.song):
        buttons.append(button(actions.LIBRARY_REMOVE, payload, language))
    if found.song.place.link:
        url = found.song.place.link
        buttons.append(discord.ui.Button(label=language("btn.to_post"), emoji="💬", url=url, row=LINKS_ROW))
    return buttons


def _take_buttons(song: Song, takes: Sequence[Song], user_id: int, language: Language) -> list[discord.ui.Item[Any]]:
    """The way to the other takes, and for its maker the choice between them."""
    others = [each for each in takes if each.number != song.number]
    buttons: list[discord.ui.Item[Any]] = [
        styled_button(
            actions.LIBRARY_OPEN,
            LibrarySongPayload(each.id),
            label=language("btn.other_take", n=each.number),
            emoji=actions.LIBRARY_OPEN.emoji,
        )
        for each in others[:_OTHER_TAKES]
    ]
    if others and user_id == song.person_id:
        label = language(_take_label(chosen=song.chosen))
        payload = LibrarySongPayload(song.id)
        buttons.append(styled_button(actions.LIBRARY_TAKE, payload, label=label, emoji=actions.LIBRARY_TAKE.emoji))
    return buttons


def _take_label(*, chosen: bool) -> str:
    return "btn.unchoose_take" if chosen else "btn.choose_take"


async def show_take(interaction: Interaction, *, chosen: bool) -> None:
    """The button as it is now; the rest of the message stays."""
    await _relabel(interaction, actions.LIBRARY_TAKE.code, language_of(interaction)(_take_label(chosen=chosen)))


def _style(found: FoundSong) -> discord.ButtonStyle:
    return discord.ButtonStyle.primary if found.starred else discord.ButtonStyle.secondary


async def show_buttons(interaction: Interaction, found: FoundSong) -> None:
    """The star as it is now; the rest of the message stays."""
    await _relabel(interaction, actions.LIBRARY_STAR.code, str(found.stars), _style(found))


async def show_star(interaction: Interaction, song: Song, count: int) -> None:
    """The same on an answer with songs of a task."""
    buttons = buttons_on(interaction.message) if interaction.message else []
    name = custom_id(actions.STAR.code, song.task_id, str(song.number))
    songs = sum((each.custom_id or "").startswith(f"s1:{actions.STAR.code}:") for each in buttons)
    for each in buttons:
        if each.custom_id == name:
            each.label = star_label(song.number, count, songs)
    await interaction.edit_original_response(view=view_of(buttons))


async def _relabel(
    interaction: Interaction, code: str, label: str, style: discord.ButtonStyle = discord.ButtonStyle.secondary
) -> None:
    buttons = buttons_on(interaction.message) if interaction.message else []
    for each in buttons:
        if (each.custom_id or "").startswith(f"s1:{code}:"):
            each.label, each.style = label, style
    await interaction.edit_original_response(view=view_of(buttons))


@on_press(actions.LIBRARY_LYRICS)
async def show_lyrics(interaction: Interaction, payload: LibrarySongPayload) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await _show_lyrics(interaction, payload.song_id, 0)


@on_press(actions.LIBRARY_LYRICS_PAGE)
async def turn_lyrics_page(interaction: Interaction, payload: PagePayload) -> None:
    await interaction.response.defer()
    song_id = LibrarySongPayload.parse(payload.about, "0").song_id
    await _show_lyrics(interaction, song_id, payload.page)


async def _show_lyrics(interaction: Interaction, song_id: int, page: int) -> None:
    services, language = interaction.client.services, language_of(interaction)
    song = (await song_for(interaction, song_id)).song
    text = await services.library.lyrics(song)
    pages = await services.text_worker.run(lambda: lyrics_pages([LyricsText(song.title, text)], language), len(text))
    if pages:
        await interaction.edit_original_response(view=library_lyrics_card(pages, page, song.id, language))
    else:
        await interaction.edit_original_response(content=language("lyrics.none"))


def _may_remove(interaction: Interaction, song: Song) -> bool:
    """Who made it or was shown it alone; and who manages the server that it is in."""
    return interaction.user.id in (song.user_id, song.maker_id, song.place.owner_id) or _manages(interaction, song)


def _manages(interaction: Interaction, song: Song) -> bool:
    here = bool(song.place.guild_id) and song.place.guild_id == interaction.guild_id
    return here and interaction.permissions.manage_guild


@on_press(actions.LIBRARY_REMOVE)
async def remove(interaction: Interaction, payload: LibrarySongPayload) -> None:
    """Asked once more. The maker removes it everywhere, a manager in the server."""
    step = _STEPS.get(payload.step, _ask)
    await interaction.response.defer(ephemeral=True, thinking=step is _ask)
    await step(interaction, payload.song_id)


async def _ask(interaction: Interaction, song_id: int) -> None:
    found, language = await song_for(interaction, song_id), language_of(interaction)
    if not _may_remove(interaction, found.song):
        raise NotYours
    view = discord.ui.View(timeout=None)
    for step, key, style in (
        ("sure", "btn.remove_sure", discord.ButtonStyle.danger),
        ("no", "btn.cancel", discord.ButtonStyle.secondary),
    ):
        payload = LibrarySongPayload(song_id, step)
        view.add_item(styled_button(actions.LIBRARY_REMOVE, payload, label=language(key), style=style))
    text = language("library.remove_ask", title=title_of(found, language))
    await interaction.edit_original_response(content=text, view=view)


async def _remove(interaction: Interaction, song_id: int) -> None:
    found, language = await song_for(interaction, song_id), language_of(interaction)
    song, me = found.song, interaction.user.id
    if not _may_remove(interaction, song):
        raise NotYours
    theirs = me if me in (song.user_id, song.maker_id, song.place.owner_id) else 0
    of_guild = song.place.guild_id if _manages(interaction, song) else 0
    await interaction.client.services.library.remove(song, of_user=theirs, of_guild=of_guild)
    text = language("library.removed", title=title_of(found, language))
    await interaction.edit_original_response(content=text, view=None)


async def _keep(interaction: Interaction, _song_id: int) -> None:
    await interaction.edit_original_response(content=language_of(interaction)("library.kept"), view=None)


_STEPS: dict[str, Callable[[Interaction, int], Awaitable[None]]] = {"sure": _remove, "no": _keep}
