"""A task as one Discord message or more, in every state that it can be in."""

from collections.abc import Mapping, Sequence
from typing import Any

import discord
from msgspec import Struct
from msgspec.structs import replace

from bot.domain.sheets import sheets
from bot.domain.task import Status, Task
from bot.errors import MediaError, MediaForbidden, MediaNoRoom, MediaTooBig, MediaUnavailable
from bot.gateways.file_names import file_name
from bot.gateways.media import MediaFile
from bot.gateways.sniff import MP3
from bot.services.lookup import Found
from bot.services.recordings import Recording
from bot.ui.buttons import Verb, task_button
from bot.ui.embeds import clip_embed, failure, is_shown, lyrics_embed, suno_page, task_embed
from bot.ui.files import TitledFile
from bot.ui.locales import Language
from bot.ui.text import clean, megabytes

_SONGS = 4  # in one message: an embed, a file and a cover each, and one more embed for the lyrics
MAX_REQUEST = 23 * 1024 * 1024  # bytes of songs in one message; Discord takes 25 MiB with covers and all
_MAX_URL = 512  # characters, in a link button
_MAX_DESCRIPTION = 1_024  # characters, of an attached picture


class Upload(Struct, frozen=True):
    """A file to attach. `description` says what a picture shows."""

    name: str
    media: MediaFile
    description: str | None = None


class Card(Struct, frozen=True, kw_only=True):
    """One classic message. What discord.py lets us use once only is made anew for each attempt to send it.

    `mentions`: whom it is to notify, as Discord writes them; they stand before the content, as far as there is room.
    `kept`: files that the message has already, and keeps.
    """

    content: str
    mentions: Sequence[str] = ()
    embeds: Sequence[discord.Embed]
    uploads: Sequence[Upload] = ()
    buttons: Sequence[discord.ui.Item[Any]] = ()
    kept: Sequence[discord.Attachment] = ()

    @property
    def leaves(self) -> bool:
        """It brings nothing beside what the message has: so the embeds stay as they are, too, with their pictures."""
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
        for button in self.buttons:
            view.add_item(button)
        return view


def task_card(found: Found, language: Language) -> Card:
    """A task without a finished song: on its way, failed, without audio, or lyrics."""
    task = found.task
    embeds = [task_embed(task, found.gateway, language)]
    if task.written and (texts := sheets(task)):
        embeds.append(lyrics_embed(texts, language, before=embeds))
    missing = task.status is Status.DONE and not task.written
    note = language("audio.none") if missing else ""
    return Card(content=note, embeds=embeds, buttons=_buttons(task, language))


def remaining_card(found: Found, files: Sequence[discord.Attachment], language: Language) -> Card:
    """The same, over a message that has files of songs: they stay, under what the gateway says by now."""
    card = task_card(found, language)
    return replace(card, content=card.content or card.embeds[0].description or "", kept=files)


def details_card(found: Found, language: Language) -> Card:
    """The state and the times of a task, whatever it has made."""
    return Card(content="", embeds=[task_embed(found.task, found.gateway, language)])


def songs_card(found: Found, language: Language) -> Card:
    """The finished songs before their files are here."""
    numbers = [number for number, clip in enumerate(found.task.clips, 1) if clip.playable]
    embeds = [clip_embed(found.task, number, found.gateway, language) for number in numbers[:_SONGS]]
    return Card(content=language("card.fetching"), embeds=embeds)


def song_cards(
    found: Found,
    recordings: Sequence[Recording],
    language: Language,
    limit: int,
    kept: Mapping[int, discord.Attachment] | None = None,
) -> tuple[Card, ...]:
    """A task's finished songs with their files, in more than one message where Discord would not take them in one.

    `limit`: bytes a file, for the sentence that says so. `kept`: what the message that is replaced has of songs, by
    their numbers, and keeps.
    """
    kept = kept or {}
    if kept and not any(isinstance(each.audio, MediaFile) for each in recordings):
        cards = [_same_card(found, recordings, language, limit, kept)]
    else:
        groups = _grouped(recordings)
        cards = [_song_card(found, group, language, limit, kept, last=group is groups[-1]) for group in groups]
        cards[0] = replace(cards[0], kept=tuple(kept.values()))
    if found.task.partial:
        cards[0] = replace(cards[0], content=f"⚠️ {failure(found.task, language)}\n{cards[0].content}".strip())
    return tuple(cards)


def not_brought(recordings: Sequence[Recording], files: Sequence[discord.Attachment]) -> dict[int, discord.Attachment]:
    """Those of a message's files whose songs could not be fetched anew, by the songs' numbers."""
    without = [each for each in recordings if isinstance(each.audio, MediaError)]
    return {each.number: file for each in without for file in files if _is_of(file, each)}


def _is_of(file: discord.Attachment, recording: Recording) -> bool:
    """By the end of its name, that no change of title changes."""
    name = file_name("", recording.clip.id, recording.number, MP3).removesuffix(MP3.extension)
    ending = name.removeprefix("suno-")
    return any(each.endswith(ending) for each in (file.filename.rpartition(".")[0], file.title or ""))


def fitting(recordings: Sequence[Recording]) -> int:
    """How many of them, from the first, Discord takes in one message."""
    return len(_grouped(recordings)[0])


def _grouped(recordings: Sequence[Recording]) -> list[list[Recording]]:
    groups: list[list[Recording]] = [[]]
    for recording in recordings:
        size = sum(map(_size, [*groups[-1], recording]))
        if groups[-1] and (len(groups[-1]) == _SONGS or size > MAX_REQUEST):
            groups.append([])
        groups[-1].append(recording)
    return groups


def _size(recording: Recording) -> int:
    return sum(file.size for file in (recording.audio, recording.cover) if isinstance(file, MediaFile))


def _song_card(
    found: Found,
    group: Sequence[Recording],
    language: Language,
    limit: int,
    kept: Mapping[int, discord.Attachment],
    *,
    last: bool,
) -> Card:
    task = found.task
    embeds, uploads = song_parts(found, group, language)
    if last and (texts := sheets(task)):
        embeds.append(lyrics_embed(texts, language, before=embeds))
    buttons = _buttons(task, language, shown=group, last=last)
    return Card(content=_problems(group, language, limit, kept), embeds=embeds, uploads=uploads, buttons=buttons)


def _same_card(
    found: Found,
    recordings: Sequence[Recording],
    language: Language,
    limit: int,
    kept: Mapping[int, discord.Attachment],
) -> Card:
    """Nothing new was had, and so the songs are shown as before."""
    content = _problems(recordings[:_SONGS], language, limit, kept)
    buttons = _buttons(found.task, language, shown=recordings)
    return Card(content=content, embeds=[], buttons=buttons, kept=tuple(kept.values()))


def _problems(
    group: Sequence[Recording], language: Language, limit: int, kept: Mapping[int, discord.Attachment]
) -> str:
    absent = [(each.number, each.audio) for each in group if each.number not in kept]
    return "\n".join(problem(why, number, language, limit) for number, why in absent if isinstance(why, MediaError))


def song_parts(
    found: Found, group: Sequence[Recording], language: Language
) -> tuple[list[discord.Embed], list[Upload]]:
    """An embed for each song, and the files that go with them."""
    uploads: list[Upload] = []
    embeds = []
    for recording in group:
        song, cover = _song(recording), _cover(recording, language)
        uploads += [upload for upload in (song, cover) if upload]
        name = cover.name if cover else None
        embeds.append(clip_embed(found.task, recording.number, found.gateway, language, cover=name))
    return embeds, uploads


def _song(recording: Recording) -> Upload | None:
    clip, audio = recording.clip, recording.audio
    if not isinstance(audio, MediaFile):
        return None
    return Upload(file_name(clip.title, clip.id, recording.number, audio.kind), audio)


def _cover(recording: Recording, language: Language) -> Upload | None:
    clip, cover = recording.clip, recording.cover
    if cover is None:
        return None
    title = clean(clip.title) or language("card.untitled")
    name = file_name("cover", clip.id, recording.number, cover.kind)
    return Upload(name, cover, language("card.cover", title=title)[:_MAX_DESCRIPTION])


def problem(error: MediaError, number: int, language: Language, limit: int) -> str:
    """Why a song comes without its file, and what to do."""
    match error:
        case MediaTooBig(size=int(size)):
            return language("audio.toobig", n=number, size=megabytes(size), limit=megabytes(limit))
        case MediaTooBig():
            return language("audio.endless", n=number, limit=megabytes(limit))
        case MediaForbidden():
            return language("audio.forbidden", n=number)
        case MediaNoRoom():
            return language("audio.noroom", n=number)
        case MediaUnavailable():
            return language("audio.unavailable", n=number)
    return language("audio.unusable", n=number)


def _buttons(
    task: Task, language: Language, *, shown: Sequence[Recording] = (), last: bool = True
) -> list[discord.ui.Item[Any]]:
    verbs = []
    if last and not _complete(task, shown):
        verbs.append(Verb.REFRESH)
    if not task.settled:
        verbs.append(Verb.NOTIFY)
    if last and sheets(task):
        verbs.append(Verb.LYRICS)
    if last and task.playable and not _has_all(task, shown):
        verbs.append(Verb.AUDIO)
    numbers = [recording.number for recording in shown] or range(1, len(task.clips) + 1)
    return [*(task_button(verb, task.id, language) for verb in verbs), *links(task, numbers, language)]


def _has_all(task: Task, shown: Sequence[Recording]) -> bool:
    """Every song is attached already: a second copy would be for nothing."""
    attached = {recording.number for recording in shown if isinstance(recording.audio, MediaFile)}
    return {number for number, clip in enumerate(task.clips, 1) if clip.playable} <= attached


def _complete(task: Task, shown: Sequence[Recording]) -> bool:
    """Nothing more can come of another look."""
    if task.status is not Status.DONE or task.partial:
        return False
    if task.written:
        return True
    return bool(shown) and all(isinstance(recording.audio, MediaFile | MediaTooBig) for recording in shown)


def links(task: Task, numbers: Sequence[int], language: Language) -> list[discord.ui.Item[Any]]:
    found = []
    for number in numbers:
        clip = task.clips[number - 1]
        if clip.playable:
            found.append(("link", "⬇️", number, clip.audio_url))
        elif clip.streaming:  # of a task that has ended nothing is rendered any more
            found.append(("stream" if task.settled else "listen", "▶️", number, clip.audio_url))
        if clip.playable and (page := suno_page(clip)):
            found.append(("suno", "🔗", number, page))
    found.sort(key=lambda link: link[0])
    suffix = "_n" if len(task.clips) > 1 else ""
    return [
        discord.ui.Button(label=language(f"btn.{kind}{suffix}", n=number), emoji=emoji, url=url, row=1)
        for kind, emoji, number, url in [link for link in found if is_shown(link[-1], _MAX_URL)][:5]
    ]
