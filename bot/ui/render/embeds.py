"""A task, its clips and its lyrics as embeds."""

import re
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

import discord

from bot.domain.lyrics_texts import LyricsText
from bot.domain.task import Clip, Status, Task, TaskKind
from bot.ui.render.locales import Language
from bot.ui.render.text import cut, escape, minutes, one_line

_MAX_TOTAL = 6_000  # characters in all embeds of a message
_MAX_TITLE, _MAX_DESCRIPTION = 256, 4_096
_MAX_STYLE = 300
_READ_FACTOR = 3  # times the room: more of a text is not read
_MAX_FIELD = 1_000  # characters of a style that is the task's result
_MAX_PICTURE = 2_048  # characters of its address
_PROGRESS_CELLS = 10
_MAX_REASON = 1_000
_EXPLAINED = {"获取渠道信息失败": "failed.channel"}  # what new-api says when the channel of a task was deleted
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_COLOURS = {
    Status.WAITING: discord.Colour.light_grey(),
    Status.RUNNING: discord.Colour.blurple(),
    Status.DONE: discord.Colour.green(),
    Status.FAILED: discord.Colour.red(),
}
_EMOJI = {Status.WAITING: "⏳", Status.RUNNING: "🎛️", Status.DONE: "✅", Status.FAILED: "❌"}
_UNKNOWN_COLOUR, _UNKNOWN_EMOJI = discord.Colour.yellow(), "❔"
_PARTIAL_EMOJI = "⚠️"


def is_linkable(url: str, max_length: int) -> bool:
    """True if Discord accepts the address in a button or embed: it refuses hosts without a dot, such as minio:9000."""
    return len(url) <= max_length and "." in (urlsplit(url).hostname or "").strip(".")


def suno_page(clip: Clip) -> str | None:
    """The song's page at Suno; None for ids that are not Suno's."""
    return f"https://suno.com/song/{quote(clip.id)}" if _UUID.fullmatch(clip.id) else None


def headline(task: Task, language: Language) -> str:
    """The status: emoji, word, kind and model; below it the progress, if the gateway gave one."""
    state = state_of(task, language)
    kind = "" if task.kind is TaskKind.UNKNOWN else language(f"kind.{task.kind}")
    model = next((clip.model for clip in task.clips if clip.model), "")
    line = " · ".join(part for part in (state, kind, one_line(model, 40)) if part)
    return line if task.is_final or task.progress is None else f"{line}\n{_bar(task.progress)}"


def state_of(task: Task, language: Language) -> str:
    if not task.recognised:
        word = language("st.unknown", raw=one_line(task.raw_status, 60))
    else:
        word = language("st.partial" if task.partial else f"st.{task.status}")
    return f"{emoji_of(task)} **{word}**"


def _bar(progress: float) -> str:
    filled = round(progress / 100 * _PROGRESS_CELLS)
    return f"{'▰' * filled}{'▱' * (_PROGRESS_CELLS - filled)} {progress:.0f}%"


def emoji_of(task: Task | None) -> str:
    """The state at a glance; None: not known yet."""
    if task is None:
        return _EMOJI[Status.WAITING]
    if not task.recognised:
        return _UNKNOWN_EMOJI
    return _PARTIAL_EMOJI if task.partial else _EMOJI[task.status]


def failure(task: Task, language: Language) -> str:
    """For a failed or partly failed task: how many songs arrived, and the gateway's reason."""
    reason = task.reason or next((clip.reason for clip in task.clips if clip.reason), "")
    shown = explained(one_line(reason, _MAX_REASON), language)
    values = {"ok": len(task.playable), "all": len(task.clips), "reason": shown}
    key = "partial" if task.partial else "failed"
    return language(f"{key}.body" if reason else f"{key}.noreason", **values)


def explained(reason: str, language: Language) -> str:
    """A gateway's reason, with an explanation if it is not clear by itself."""
    key = next((key for words, key in _EXPLAINED.items() if words in reason), None)
    return language(key, reason=reason) if key else reason


def task_embed(task: Task, gateway: str, language: Language) -> discord.Embed:
    """The whole task in one embed, for tasks without a finished song."""
    lines = [headline(task, language)]
    if task.status is Status.FAILED:
        lines.append(failure(task, language))
    elif not task.recognised and task.reason:
        lines.append(language("failed.body", reason=one_line(task.reason, _MAX_REASON)))
    embed = discord.Embed(
        colour=_COLOURS[task.status] if task.recognised else _UNKNOWN_COLOUR,
        title=one_line(task.title, _MAX_TITLE) or one_line(task.id, _MAX_TITLE),
        description="\n".join(lines),
    )
    _add_times(embed, task, language)
    style = next((clip.style for clip in task.clips if clip.style), "")
    made = task.lyrics.style if task.lyrics and task.kind is TaskKind.STYLE else ""
    _add(embed, language("card.style"), one_line(made, _MAX_FIELD) or one_line(style, _MAX_STYLE), inline=False)
    pictures = [clip.image_url for clip in task.clips]
    if not task.is_final and (image := next((each for each in pictures if is_linkable(each, _MAX_PICTURE)), "")):
        embed.set_thumbnail(url=image)
    # Without a title the id is shown above.
    return embed.set_footer(text=_footer(task, gateway) if task.title else gateway)


def _add_times(embed: discord.Embed, task: Task, language: Language) -> None:
    started = task.submitted_at or task.started_at
    _add(embed, language("card.submitted"), f"<t:{started:.0f}:R>" if started else "")
    if started and task.finished_at and task.finished_at > started:
        _add(embed, language("card.took"), minutes(task.finished_at - started))


def _add(embed: discord.Embed, name: str, value: str, *, inline: bool = True) -> None:
    """Adds a field unless the value is empty, which Discord refuses."""
    if value:
        embed.add_field(name=name, value=value, inline=inline)


def _footer(task: Task, gateway: str) -> str:
    return f"{task.id} · {gateway}"


def clip_embed(task: Task, number: int, gateway: str, language: Language, *, cover: str | None = None) -> discord.Embed:
    """One finished song, by its number in the task, from 1; `cover` is the name of an attached picture."""
    clip = task.clips[number - 1]
    room = _MAX_TITLE - 20  # for "(1 of 2)"
    title = one_line(clip.title, room) or one_line(task.title, room) or language("card.untitled")
    if len(task.clips) > 1:
        title = language("card.song", title=title, n=number, all=len(task.clips))
    embed = discord.Embed(
        colour=_COLOURS[Status.DONE], title=title, url=suno_page(clip), description=one_line(clip.style, _MAX_STYLE)
    )
    _add(embed, language("card.length"), minutes(clip.duration) if clip.duration else "")
    _add(embed, language("card.model"), one_line(clip.model, 60))
    _add(embed, language("card.finished"), f"<t:{task.finished_at:.0f}:R>" if task.finished_at else "")
    if cover:
        embed.set_thumbnail(url=f"attachment://{cover}")
    return embed.set_footer(text=_footer(task, gateway))


class LyricsEmbed(discord.Embed):
    """A class of its own, so that simpler forms of a message can omit it."""


def lyrics_embed(
    lyrics_texts: Sequence[LyricsText], language: Language, *, before: Sequence[discord.Embed]
) -> LyricsEmbed:
    """As much of the lyrics as fits beside the embeds `before` it; a button leads to all of them."""
    embed = LyricsEmbed(colour=_COLOURS[Status.DONE], title=f"📝 {language('card.lyrics')}")
    room = min(_MAX_DESCRIPTION, _MAX_TOTAL - sum(map(len, before)) - len(embed))
    text = "\n\n".join(escape(lyrics_text.text[: _READ_FACTOR * room]) for lyrics_text in lyrics_texts)
    if len(text) > room:
        more = f"\n\n*{language('card.lyrics_more')}*"
        text = cut(text, room - len(more)) + more
    embed.description = text
    return embed
