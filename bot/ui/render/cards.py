"""A task as one or more Discord messages, in each of its states."""

from collections.abc import Mapping, Sequence
from typing import Any

import discord
from msgspec import Struct
from msgspec.structs import replace

from bot.domain.lyrics_texts import lyrics_texts
from bot.domain.task import Status, Task
from bot.errors import MediaError, MediaTooBig
from bot.gateways.file_names import file_name
from bot.gateways.file_type import MP3
from bot.gateways.media import MediaFile
from bot.services.clip_files import ClipFile
from bot.services.lookup import Found
from bot.ui.render import actions
from bot.ui.render.components import LINKS_ROW, button
from bot.ui.render.embeds import clip_embed, failure, is_linkable, lyrics_embed, state_of, suno_page, task_embed
from bot.ui.render.files import TitledFile
from bot.ui.render.locales import Language
from bot.ui.render.payloads import NotifyPayload, TaskPayload
from bot.ui.render.text import clean, megabytes

_SONGS = 4  # in one message: an embed, a file and a cover each, and one more embed for the lyrics
_WAVEFORMS = 3  # songs in one message that have a third file each: Discord takes ten
MAX_REQUEST = 23 * 1024 * 1024  # bytes of songs in one message; Discord accepts 25 MiB for the whole request
_MAX_URL = 512  # characters, in a link button
_MAX_DESCRIPTION = 1_024  # characters, of an attached picture


class Upload(Struct, frozen=True):
    """A file to attach. `description` says what a picture shows."""

    name: str
    media: MediaFile
    description: str | None = None


class Card(Struct, frozen=True, kw_only=True):
    """A message with content and embeds. `files` and `view` make new objects for each attempt: discord.py uses them up.

    `mentions`: people and roles to notify, in Discord's syntax; placed before the content as far as they fit.
    `kept`: files that are already attached to the edited message, and stay.
    """

    content: str
    mentions: Sequence[str] = ()
    embeds: Sequence[discord.Embed]
    uploads: Sequence[Upload] = ()
    buttons: Sequence[discord.ui.Item[Any]] = ()
    kept: Sequence[discord.Attachment] = ()

    @property
    def keeps_media(self) -> bool:
        """True if there are kept files and no new ones: then the embeds, which show the pictures, are not edited."""
        return bool(self.kept) and not self.uploads

    def files(self) -> list[discord.File]:
        files: list[discord.File] = []
        for upload in self.uploads:
            upload.media.file.seek(0)
            files.append(TitledFile(upload.media.file, upload.name, description=upload.description))
        return files

    def view(self) -> discord.ui.View | None:
        if not self.buttons:
            return None
        view = discord.ui.View(timeout=None)
        for item in self.buttons:
            view.add_item(item)
        return view


def task_card(found: Found, language: Language) -> Card:
    """A task without a finished song: waiting, running, failed, without audio, or lyrics."""
    task = found.task
    embeds = [task_embed(task, found.gateway, language)]
    if task.written and (texts := lyrics_texts(task)):
        embeds.append(lyrics_embed(texts, language, before=embeds))
    missing = task.status is Status.DONE and not task.written
    note = language("audio.none") if missing else ""
    return Card(content=note, embeds=embeds, buttons=_buttons(task, language))


def remaining_card(found: Found, files: Sequence[discord.Attachment], language: Language) -> Card:
    """The same, for a message that has files of songs: they stay, below what the gateway says now."""
    card = task_card(found, language)
    return replace(card, content=card.content or card.embeds[0].description or "", kept=files)


def details_card(found: Found, language: Language) -> Card:
    """The status and the times of a task."""
    return Card(content="", embeds=[task_embed(found.task, found.gateway, language)])


def songs_card(found: Found, language: Language) -> Card:
    """The finished songs, while their files are being fetched."""
    numbers = [number for number, clip in enumerate(found.task.clips, 1) if clip.playable]
    embeds = [clip_embed(found.task, number, found.gateway, language) for number in numbers[:_SONGS]]
    return Card(content=language("card.fetching"), embeds=embeds)


def song_cards(
    found: Found,
    clip_files: Sequence[ClipFile],
    language: Language,
    limit: int,
    kept: Mapping[int, discord.Attachment] | None = None,
) -> tuple[Card, ...]:
    """A task's finished songs with their files, in several messages if they exceed Discord's limits for one.

    `limit`: bytes a file, for the sentence about it. `kept`: files of songs, by number, that are already attached to
    the edited message, and stay.
    """
    kept = kept or {}
    if kept and not any(isinstance(each.audio, MediaFile) for each in clip_files):
        cards = [_unchanged_card(found, clip_files, language, limit, kept)]
    else:
        groups = grouped(clip_files)
        cards = [_song_card(found, group, language, limit, kept, last=group is groups[-1]) for group in groups]
        cards[0] = replace(cards[0], kept=tuple(kept.values()))
    if state := _beside_songs(found.task, language):
        cards[0] = replace(cards[0], content=f"{state}\n{cards[0].content}".strip())
    return tuple(cards)


def _beside_songs(task: Task, language: Language) -> str:
    """What is so with the songs that are not shown: they failed, or are still being made."""
    if task.partial:
        return f"⚠️ {failure(task, language)}"
    if task.is_final:
        return ""
    state, ready, songs = state_of(task, language), len(task.playable), len(task.clips)
    return language("card.some", state=state, ok=ready, all=songs) if ready < songs else state


def files_to_keep(clip_files: Sequence[ClipFile], files: Sequence[discord.Attachment]) -> dict[int, discord.Attachment]:
    """The message's files of songs that could not be fetched again, by the songs' numbers."""
    without = [each for each in clip_files if isinstance(each.audio, MediaError)]
    return {each.number: file for each in without for file in files if is_file_of(file, each.clip.id, each.number)}


def is_file_of(file: discord.Attachment, clip_id: str, number: int) -> bool:
    """Compares the ends of the names, which do not depend on the title."""
    ending = name_ending(clip_id, number)
    return any(each.endswith(ending) for each in (file.filename.rpartition(".")[0], file.title or ""))


def name_ending(clip_id: str, number: int) -> str:
    """How the names of a song's files end, before the dot."""
    return file_name("", clip_id, number, MP3).removesuffix(MP3.extension).removeprefix("suno-")


def fitting(clip_files: Sequence[ClipFile]) -> int:
    """How many of the songs, from the first, fit into one message."""
    return len(grouped(clip_files)[0])


def grouped(clip_files: Sequence[ClipFile]) -> list[list[ClipFile]]:
    """As they go into messages."""
    groups: list[list[ClipFile]] = [[]]
    for clip_file in clip_files:
        size = sum(map(_size, [*groups[-1], clip_file]))
        if groups[-1] and (len(groups[-1]) == _SONGS or size > MAX_REQUEST):
            groups.append([])
        groups[-1].append(clip_file)
    return groups


def _size(clip_file: ClipFile) -> int:
    return sum(file.size for file in (clip_file.audio, clip_file.cover) if isinstance(file, MediaFile))


def _song_card(
    found: Found,
    group: Sequence[ClipFile],
    language: Language,
    limit: int,
    kept: Mapping[int, discord.Attachment],
    *,
    last: bool,
) -> Card:
    task = found.task
    embeds, uploads = song_parts(found, group, language)
    if last and (texts := lyrics_texts(task)):
        embeds.append(lyrics_embed(texts, language, before=embeds))
    buttons = _buttons(task, language, shown=group, last=last)
    return Card(content=_problems(group, language, limit, kept), embeds=embeds, uploads=uploads, buttons=buttons)


def _unchanged_card(
    found: Found, clip_files: Sequence[ClipFile], language: Language, limit: int, kept: Mapping[int, discord.Attachment]
) -> Card:
    """No new file was fetched, so the embeds and files stay as they are."""
    content = _problems(clip_files[:_SONGS], language, limit, kept)
    buttons = _buttons(found.task, language, shown=clip_files)
    return Card(content=content, embeds=[], buttons=buttons, kept=tuple(kept.values()))


def _problems(group: Sequence[ClipFile], language: Language, limit: int, kept: Mapping[int, discord.Attachment]) -> str:
    absent = [(each.number, each.audio) for each in group if each.number not in kept]
    return "\n".join(problem(why, number, language, limit) for number, why in absent if isinstance(why, MediaError))


def song_parts(found: Found, group: Sequence[ClipFile], language: Language) -> tuple[list[discord.Embed], list[Upload]]:
    """An embed for each song, and their audio, covers and waveforms."""
    uploads: list[Upload] = []
    embeds = []
    for clip_file in group:
        song, cover = _song(clip_file), _cover(clip_file, language)
        waveform = _waveform(clip_file, language) if len(group) <= _WAVEFORMS else None
        uploads += [upload for upload in (song, cover, waveform) if upload]
        embed = clip_embed(found.task, clip_file.number, found.gateway, language, cover=cover.name if cover else None)
        embeds.append(embed.set_image(url=f"attachment://{waveform.name}") if waveform else embed)
    return embeds, uploads


def _song(clip_file: ClipFile) -> Upload | None:
    clip, audio = clip_file.clip, clip_file.audio
    if not isinstance(audio, MediaFile):
        return None
    return Upload(file_name(clip.title, clip.id, clip_file.number, audio.kind), audio)


def _cover(clip_file: ClipFile, language: Language) -> Upload | None:
    clip, cover = clip_file.clip, clip_file.cover
    if cover is None:
        return None
    name = file_name("cover", clip.id, clip_file.number, cover.kind)
    return Upload(name, cover, _described("card.cover", clip_file, language))


def _waveform(clip_file: ClipFile, language: Language) -> Upload | None:
    clip, picture = clip_file.clip, clip_file.waveform
    if picture is None or not isinstance(clip_file.audio, MediaFile):
        return None
    name = file_name("waveform", clip.id, clip_file.number, picture.kind)
    return Upload(name, picture, _described("card.waveform", clip_file, language))


def _described(key: str, clip_file: ClipFile, language: Language) -> str:
    title = clean(clip_file.clip.title) or language("card.untitled")
    return language(key, title=title)[:_MAX_DESCRIPTION]


def problem(error: MediaError, number: int, language: Language, limit: int) -> str:
    """Why a song has no file, and what to do."""
    size = megabytes(error.size) if isinstance(error, MediaTooBig) and error.size else ""
    return language(error.key, n=number, size=size, limit=megabytes(limit))


def _buttons(
    task: Task, language: Language, *, shown: Sequence[ClipFile] = (), last: bool = True
) -> list[discord.ui.Item[Any]]:
    payload = TaskPayload(task.id, language.tag)
    buttons: list[discord.ui.Item[Any]] = []
    if last and not _complete(task, shown):
        buttons.append(button(actions.REFRESH, payload, language))
    if not task.is_final:
        buttons.append(button(actions.NOTIFY, NotifyPayload(task.id), language))
    if last and lyrics_texts(task):
        buttons.append(button(actions.LYRICS, payload, language))
    if last and task.playable and not _has_all(task, shown):
        buttons.append(button(actions.AUDIO, payload, language))
    numbers = [clip_file.number for clip_file in shown] or range(1, len(task.clips) + 1)
    return [*buttons, *links(task, numbers, language)]


def _has_all(task: Task, shown: Sequence[ClipFile]) -> bool:
    """True if every song is already attached."""
    attached = {clip_file.number for clip_file in shown if isinstance(clip_file.audio, MediaFile)}
    return {number for number, clip in enumerate(task.clips, 1) if clip.playable} <= attached


def _complete(task: Task, shown: Sequence[ClipFile]) -> bool:
    """True if another lookup cannot add anything."""
    if task.status is not Status.DONE or task.partial:
        return False
    if task.written:
        return True
    return bool(shown) and all(isinstance(clip_file.audio, MediaFile | MediaTooBig) for clip_file in shown)


def links(task: Task, numbers: Sequence[int], language: Language) -> list[discord.ui.Item[Any]]:
    found = []
    for number in numbers:
        clip = task.clips[number - 1]
        if clip.playable:
            found.append(("link", "⬇️", number, clip.audio_url))
        elif clip.streaming:  # once the task is final, nothing more is rendered
            found.append(("stream" if task.is_final else "listen", "▶️", number, clip.audio_url))
        if clip.playable and (page := suno_page(clip)):
            found.append(("suno", "🔗", number, page))
    found.sort(key=lambda link: link[0])
    suffix = "_n" if len(task.clips) > 1 else ""
    return [
        discord.ui.Button(label=language(f"btn.{kind}{suffix}", n=number), emoji=emoji, url=url, row=LINKS_ROW)
        for kind, emoji, number, url in [link for link in found if is_linkable(link[-1], _MAX_URL)][:5]
    ]
