"""What can be had of a song beside its audio: the menu that offers it, and the messages that bring it."""

import io
from collections.abc import Sequence
from typing import Any

import discord

from bot.domain.task import Clip, Task
from bot.errors import MediaError, MediaTooBig
from bot.gateways.extras_reading import Extra
from bot.gateways.file_names import file_name
from bot.gateways.file_type import FileType
from bot.gateways.media import MediaFile
from bot.services.extras import ExtraFile
from bot.ui.render.cards import Card, Upload
from bot.ui.render.components import ClipMenu
from bot.ui.render.embeds import is_linkable
from bot.ui.render.locales import Language
from bot.ui.render.text import megabytes, plain_line

LRC = FileType("LRC", ".lrc")
_EMOJI = {Extra.TIMING: "🎤", Extra.WAV: "🎼", Extra.VIDEO: "🎬"}
_OPTIONS = 25  # Discord's limit
_MAX_URL = 512  # characters, in a link button
_MAX_SHOWN_URL = 1_500  # characters, in a message


def extras_menu(task: Task, language: Language) -> ClipMenu | None:
    """A choice of each thing of each finished song; None where there is no such song."""
    options = [
        discord.SelectOption(label=_label(task, number, extra, language), value=f"{extra}-{number}", emoji=emoji)
        for number, clip in enumerate(task.clips, 1)
        if clip.playable
        for extra, emoji in _EMOJI.items()
        if extra is not Extra.TIMING or clip.lyrics.strip()
    ]
    if not options:
        return None
    select: discord.ui.Select[Any] = discord.ui.Select(placeholder=language("extra.menu"), options=options[:_OPTIONS])
    return ClipMenu(select, task.id)


def _label(task: Task, number: int, extra: Extra, language: Language) -> str:
    what = language(f"extra.{extra}")
    return plain_line(language("extra.of", what=what, n=number) if len(task.clips) > 1 else what, 100)


def lrc_upload(clip: Clip, number: int, text: str) -> Upload:
    """With a byte order mark, without which Windows shows Chinese as nonsense; a player that minds it loses no more
    than the title, which stands in the first line.
    """
    content = text.encode("utf-8-sig", "ignore")
    return Upload(file_name(clip.title, clip.id, number, LRC), MediaFile(LRC, io.BytesIO(content), len(content)))


def file_card(task: Task, number: int, extra: Extra, file: ExtraFile, language: Language, limit: int) -> Card:
    """The file, or its address and why it is no more than that. `number`: of the song in its task, from 1."""
    clip = task.clips[number - 1]
    if isinstance(file.media, MediaFile):
        name = file_name(clip.title, clip.id, number, file.media.kind)
        return Card(content="", embeds=[], uploads=[Upload(name, file.media)])
    sentence = _problem(file.media, _label(task, number, extra, language), language, limit)
    if is_linkable(file.url, _MAX_URL):
        link: Any = discord.ui.Button(label=language("btn.link"), emoji="⬇️", url=file.url)
        return Card(content=sentence, embeds=[], buttons=[link])
    shown = f"\n<{file.url}>" if len(file.url) <= _MAX_SHOWN_URL else ""
    return Card(content=f"{sentence}{shown}", embeds=[])


def _problem(error: MediaError, what: str, language: Language, limit: int) -> str:
    if isinstance(error, MediaTooBig):
        size = megabytes(error.size) if error.size else f"> {megabytes(limit)}"
        return language("extra.toobig", what=what, size=size, limit=megabytes(limit))
    return language("extra.unfetched", what=what)


def texts_card(uploads: Sequence[Upload], notes: Sequence[str]) -> Card:
    return Card(content="\n".join(dict.fromkeys(notes)), embeds=[], uploads=uploads)
