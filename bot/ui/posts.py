"""The messages that the bot posts by itself, one for each delivery, and the card that follows a progress."""

import hashlib
import io
from collections.abc import Callable, Sequence
from typing import Any

import discord
import msgspec
from msgspec.structs import replace

from bot.domain.delivery import AUDIO_WAIT, Topic
from bot.domain.sheets import Sheet, sheets
from bot.domain.task import Kind as TaskKind
from bot.domain.task import Status, Task
from bot.domain.watch import Ending, Watch
from bot.errors import MediaError, MediaForbidden, MediaTooBig
from bot.gateways.media import MediaFile
from bot.gateways.sniff import Kind
from bot.services.lookup import Found
from bot.services.notifier import Post
from bot.services.recordings import Recording
from bot.storage.outbox import LiveCard, Owed
from bot.ui.buttons import Verb, task_button
from bot.ui.cards import Card, Upload, links, problem, song_parts
from bot.ui.embeds import failure, lyrics_embed, task_embed
from bot.ui.locales import Language
from bot.ui.lyrics import lyrics_name, lyrics_text
from bot.ui.simpler import is_link
from bot.ui.text import code, escape, one_line

_TEXT = Kind("text", ".txt")
_TITLE = 200  # characters of it in a headline
_REFUSED = {
    "200000": "automod", "200001": "automod", "240000": "link", "20009": "explicit", "0": "fault",
    "10003": "gone", "10004": "gone",
}  # fmt: skip
# What people want to be notified of.
_AWAITED = frozenset(Topic) - {Topic.QUIET, Topic.LIVE, Topic.BLOCKED, Topic.UNDELIVERED}


def post_card(post: Post, language: Language, limit: int) -> Card:
    """`limit`: bytes a file, for the sentence that says so."""
    owed = post.owed
    card = _MAKERS[owed.delivery.topic](post, language, limit)
    lines = [card.content]
    about_elsewhere = owed.delivery.topic in (Topic.BLOCKED, Topic.UNDELIVERED)
    if owed.delivery.channel_id != owed.watch.channel_id and not about_elsewhere:
        lines.append(language("post.moved"))
    elif owed.watch.guild_id is not None and not about_elsewhere and owed.delivery.topic is not Topic.LIVE:
        lines.append(language("post.requested", person=f"<@{owed.watch.user_id}>"))
    mentions = owed.watch.mentions if owed.delivery.topic in _AWAITED else ()
    buttons = _with_details(card, owed, language)
    return replace(card, content="\n".join(filter(None, lines)), mentions=mentions, buttons=buttons)


def _with_details(card: Card, owed: Owed, language: Language) -> Sequence[discord.ui.Item[Any]]:
    """In a button's custom_id stands which delivery this is: by it the message is found again after a crash."""
    details = task_button(Verb.DETAILS, owed.watch.task_id, language, mark=owed.delivery.id)
    own = [button for button in card.buttons if not is_link(button)]
    return [*own, details, *(button for button in card.buttons if is_link(button))]


def _headline(post: Post, language: Language, key: str) -> str:
    task = post.found.task if post.found else None
    title = one_line(task.title, _TITLE) if task else ""
    return language(key, title=title or one_line(post.owed.watch.task_id, _TITLE))


def _songs(post: Post, language: Language, limit: int) -> Card:
    found = _found(post)
    usable = any(map(_usable, post.recordings))
    if not usable and found.task.status is Status.FAILED:
        return _unusable(post, language, limit)
    if not post.recordings:
        content = f"{_headline(post, language, 'post.finished')}\n{language('audio.gaveup_all')}"
        return Card(content=content, embeds=[task_embed(found.task, found.gateway, language)])
    recordings = [_without_large_cover(each, limit) for each in post.recordings]
    embeds, uploads = song_parts(found, recordings, language)
    source, texts = _lyrics(post, found.task)
    if texts:
        embeds.append(lyrics_embed(texts, language, before=embeds))
    buttons: list[discord.ui.Item[Any]] = [task_button(Verb.LYRICS, source, language)] if texts else []
    numbers = [recording.number for recording in post.recordings]
    headline = _headline(post, language, "post.songs" if usable else "post.finished")
    return Card(
        content="\n".join([headline, *_notes(post, found.task, language, limit)]),
        embeds=embeds,
        uploads=uploads,
        buttons=[*buttons, *links(found.task, numbers, language)],
    )


def _without_large_cover(recording: Recording, limit: int) -> Recording:
    """Where next to nothing is taken, not even that."""
    return replace(recording, cover=None) if recording.cover and recording.cover.size > limit else recording


def _unusable(post: Post, language: Language, limit: int) -> Card:
    """A failed task whose songs, if it claims to have any, nobody could get: none arrived."""
    found = _found(post)
    bare = replace(found.task, clips=tuple(replace(clip, audio_url="") for clip in found.task.clips))
    return Card(
        content="\n".join([_headline(post, language, "post.failed"), *_gaps(post, language, limit)]),
        embeds=[task_embed(bare, found.gateway, language)],
        buttons=links(found.task, [recording.number for recording in post.recordings], language),
    )


def _found(post: Post) -> Found:
    if post.found is None:
        raise ValueError("a message about a task that nobody knows")
    return post.found


def _lyrics(post: Post, task: Task) -> tuple[str, Sequence[Sheet]]:
    """The id of the task whose lyrics these are, and the lyrics: those that were asked for, else the songs' own."""
    asked_for = post.owed.lyrics.task if post.owed.lyrics else None
    if asked_for and sheets(asked_for):
        return asked_for.id, sheets(asked_for)
    brought = replace(task, clips=tuple(recording.clip for recording in post.recordings))
    return task.id, sheets(brought)


def _notes(post: Post, task: Task, language: Language, limit: int) -> list[str]:
    notes = [f"⚠️ {failure(task, language)}"] if task.partial else []
    if post.owed.watch.lyrics_id and _lyrics(post, task)[0] != post.owed.watch.lyrics_id:
        notes.append(language("post.no_lyrics", id=code(post.owed.watch.lyrics_id)))
    return notes + _gaps(post, language, limit)


def _gaps(post: Post, language: Language, limit: int) -> list[str]:
    """Why songs come without their files."""
    return [
        _note(recording, recording.audio, language, limit)
        for recording in post.recordings
        if isinstance(recording.audio, MediaError)
    ]


def _usable(recording: Recording) -> bool:
    """It can be heard, if only by its link."""
    return not isinstance(recording.audio, MediaError) or isinstance(recording.audio, MediaTooBig | MediaForbidden)


def _note(recording: Recording, error: MediaError, language: Language, limit: int) -> str:
    if isinstance(error, MediaTooBig | MediaForbidden):
        return problem(error, recording.number, language, limit)
    return language("audio.gaveup", n=recording.number)


def _lyrics_post(post: Post, language: Language, limit: int) -> Card:
    found = _found(post)
    texts = sheets(found.task)
    headline = _headline(post, language, "post.style" if found.task.kind is TaskKind.STYLE else "post.lyrics")
    if not texts:
        return Card(content=headline, embeds=[task_embed(found.task, found.gateway, language)])
    embed = lyrics_embed(texts, language, before=())
    too_long = sum(len(escape(sheet.text)) for sheet in texts) > len(embed.description or "")
    file = _text_file(lyrics_name(texts), lyrics_text(texts))
    return Card(
        content=headline,
        embeds=[embed],
        uploads=[file] if too_long and file.media.size <= limit else (),
        buttons=[task_button(Verb.LYRICS, found.task.id, language)],
    )


def _text_file(name: str, content: bytes) -> Upload:
    return Upload(name, MediaFile(_TEXT, io.BytesIO(content), len(content)))


def _failed(post: Post, language: Language, _limit: int) -> Card:
    found = _found(post)
    return Card(
        content=_headline(post, language, "post.failed"),
        embeds=[task_embed(found.task, found.gateway, language)],
        buttons=links(found.task, range(1, len(found.task.clips) + 1), language),
    )


def _no_audio(post: Post, language: Language, _limit: int) -> Card:
    delivery = post.owed.delivery
    until = f"<t:{(delivery.silent_since or delivery.created_at) + AUDIO_WAIT:.0f}:t>"
    found = _found(post)
    numbers = range(1, len(found.task.clips) + 1)
    sentence = language("audio.waiting", until=until)
    return Card(
        content=f"{_headline(post, language, 'post.finished')}\n{sentence}",
        embeds=[task_embed(found.task, found.gateway, language)],
        buttons=links(found.task, numbers, language),
    )


def _quiet(post: Post, language: Language, _limit: int) -> Card:
    found = _found(post)
    stop = task_button(Verb.STOP, str(post.owed.watch.id), language)
    since = post.owed.sight.changed_at or post.owed.watch.created_at
    sentence = language("post.quiet", since=f"<t:{since:.0f}:R>")
    embed = task_embed(found.task, found.gateway, language)
    return Card(content=f"⏳ {sentence}", embeds=[embed], buttons=[stop])


def _expired(post: Post, language: Language, _limit: int) -> Card:
    again = task_button(Verb.NOTIFY, post.owed.watch.task_id, language)
    embeds = [task_embed(post.found.task, post.found.gateway, language)] if post.found else []
    return Card(content=_headline(post, language, "post.expired"), embeds=embeds, buttons=[again])


def _unknown(post: Post, language: Language, _limit: int) -> Card:
    again = task_button(Verb.NOTIFY, post.owed.watch.task_id, language)
    sentence = language("post.unknown", id=code(post.owed.watch.task_id))
    return Card(content=f"🚫 {sentence}", embeds=[], buttons=[again])


def _blocked(post: Post, language: Language, _limit: int) -> Card:
    watch = post.owed.watch
    key = "post.unposted" if post.owed.delivery.to_managers else "post.blocked"
    check = task_button(Verb.CHECK, str(watch.channel_id), language)
    return Card(content=language(key, channel=f"<#{watch.channel_id}>"), embeds=[], buttons=[check])


def _undelivered(post: Post, language: Language, _limit: int) -> Card:
    """What was refused for its content may be shown to the person alone, who is told how."""
    watch, about = post.owed.watch, post.owed.delivery.clips
    code_of_discord = about[-1] if about else "0"
    task = post.found.task if post.found else None
    where = f"<#{watch.channel_id}>" if watch.guild_id else language("watch.to_dm")
    why = language(f"refused.{_REFUSED.get(code_of_discord, 'any')}", code=code_of_discord)
    sentence = _headline(post, language, "post.undelivered" if task and task.playable else "post.undelivered_news")
    buttons = [task_button(Verb.AUDIO, task.id, language)] if task and task.playable else []
    buttons += [task_button(Verb.LYRICS, task.id, language)] if task and sheets(task) else []
    return Card(content=f"{sentence}\n{where}: {why}\n{language('post.undelivered_do')}", embeds=[], buttons=buttons)


def _live(post: Post, language: Language, _limit: int) -> Card:
    return _progress(_found(post), post.owed.watch, language)


def _progress(found: Found, watch: Watch, language: Language) -> Card:
    stop = task_button(Verb.STOP, str(watch.id), language)
    return Card(
        content=language("live.following"), embeds=[task_embed(found.task, found.gateway, language)], buttons=[stop]
    )


_MAKERS: dict[Topic, Callable[[Post, Language, int], Card]] = {
    Topic.SONGS: _songs,
    Topic.LYRICS: _lyrics_post,
    Topic.FAILED: _failed,
    Topic.NO_AUDIO: _no_audio,
    Topic.QUIET: _quiet,
    Topic.EXPIRED: _expired,
    Topic.UNKNOWN: _unknown,
    Topic.LIVE: _live,
    Topic.BLOCKED: _blocked,
    Topic.UNDELIVERED: _undelivered,
}


def live_card(card: LiveCard, language: Language, *, in_forum: bool = False) -> Card:
    """What a card that follows a progress shows now; for the last time with a link to what came of it."""
    task = card.sight.task
    if task is None:
        return Card(content=language("live.following"), embeds=[])
    found = Found(task, card.sight.gateway)
    if not card.watch.ending:
        return _progress(found, card.watch, language)
    embeds = [task_embed(task, found.gateway, language)]
    if card.watch.ending is Ending.STOPPED:
        return Card(content=language("live.stopped"), embeds=embeds)
    if card.result_id is None:
        return Card(content=language("live.bringing") if card.pending else "", embeds=embeds)
    where = f"{card.result_id}" if in_forum else f"{card.watch.channel_id}/{card.result_id}"
    link = f"https://discord.com/channels/{card.watch.guild_id or '@me'}/{where}"
    return Card(content=language("live.over", link=link), embeds=embeds)


def digest(card: Card) -> str:
    """The same for the same looks."""
    looks = [card.content, [embed.to_dict() for embed in card.embeds]]
    return hashlib.sha256(msgspec.json.encode(looks)).hexdigest()[:16]
