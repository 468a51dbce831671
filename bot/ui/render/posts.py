"""The messages that deliveries post, and the live card."""

import hashlib
import io
from collections.abc import Callable, Sequence
from typing import Any

import discord
import msgspec
from msgspec.structs import replace

from bot.domain.delivery import AUDIO_WAIT, Topic
from bot.domain.lyrics_texts import LyricsText, lyrics_texts
from bot.domain.outbox import ClaimedDelivery, LiveCard
from bot.domain.task import Status, Task, TaskKind
from bot.domain.watch import Watch, WatchOutcome
from bot.errors import MediaError, MediaForbidden, MediaTooBig
from bot.gateways.file_type import FileType
from bot.gateways.media import MediaFile
from bot.services.clip_files import ClipFile
from bot.services.delivery.port import Post
from bot.services.lookup import Found
from bot.ui.render import actions
from bot.ui.render.cards import Card, Upload, links, problem, song_parts
from bot.ui.render.components import button, star_buttons
from bot.ui.render.embeds import failure, lyrics_embed, task_embed
from bot.ui.render.fallbacks import is_link
from bot.ui.render.locales import Language
from bot.ui.render.lyrics import lyrics_name, lyrics_text
from bot.ui.render.payloads import ChannelPayload, NotifyPayload, SongPayload, TaskPayload, WatchPayload
from bot.ui.render.text import code, escape, one_line

_TEXT = FileType("text", ".txt")
_TITLE = 200  # characters of it in a headline
_REFUSED = {
    "200000": "automod", "200001": "automod", "240000": "link", "20009": "explicit", "0": "fault",
    "10003": "gone", "10004": "gone",
}  # fmt: skip
# Topics that mention people.
_MENTIONING = frozenset(Topic) - {Topic.QUIET, Topic.LIVE, Topic.BLOCKED, Topic.UNDELIVERED}


def post_card(post: Post, language: Language, limit: int) -> Card:
    """`limit`: bytes a file, for the sentence about it."""
    claimed = post.claimed
    card = _MAKERS[claimed.delivery.topic](post, language, limit)
    lines = [card.content]
    about_elsewhere = claimed.delivery.topic in (Topic.BLOCKED, Topic.UNDELIVERED)
    if claimed.delivery.channel_id != claimed.watch.channel_id and not about_elsewhere:
        lines.append(language("post.moved"))
    elif _names_people(claimed):
        lines += _people(claimed, language)
    mentions = claimed.watch.mentions if claimed.delivery.topic in _MENTIONING else ()
    buttons = _with_details(card, claimed, language)
    return replace(card, content="\n".join(filter(None, lines)), mentions=mentions, buttons=buttons)


def _names_people(claimed: ClaimedDelivery) -> bool:
    """In a server."""
    topics = (Topic.BLOCKED, Topic.UNDELIVERED, Topic.LIVE)
    return claimed.watch.guild_id is not None and claimed.delivery.topic not in topics


def _people(claimed: ClaimedDelivery, language: Language) -> list[str]:
    """Who ordered it and who asked for the post, unless they do not want that."""
    person, maker = claimed.watch.user_id, claimed.maker_id
    made = [language("post.made", person=f"<@{maker}>")] if maker else []
    asked = claimed.person_named and maker != person
    return [*made, *([language("post.requested", person=f"<@{person}>")] if asked else [])]


def _with_details(card: Card, claimed: ClaimedDelivery, language: Language) -> Sequence[discord.ui.Item[Any]]:
    """The Details button's custom_id contains the delivery's id: it identifies the message after a crash."""
    details = button(actions.DETAILS, TaskPayload(claimed.watch.task_id, delivery_id=claimed.delivery.id), language)
    own = [button for button in card.buttons if not is_link(button)]
    return [*own, details, *(button for button in card.buttons if is_link(button))]


def _headline(post: Post, language: Language, key: str) -> str:
    task = post.found.task if post.found else None
    title = one_line(task.title, _TITLE) if task else ""
    return language(key, title=title or one_line(post.claimed.watch.task_id, _TITLE))


def _songs(post: Post, language: Language, limit: int) -> Card:
    found = _found(post)
    usable = any(map(_usable, post.clip_files))
    if not usable and found.task.status is Status.FAILED:
        return _unusable(post, language, limit)
    if not post.clip_files:
        content = f"{_headline(post, language, 'post.finished')}\n{language('audio.gaveup_all')}"
        return Card(content=content, embeds=[task_embed(found.task, found.gateway, language)])
    clip_files = [_without_large_pictures(each, limit) for each in post.clip_files]
    embeds, uploads = song_parts(found, clip_files, language)
    source, texts = _lyrics(post, found.task)
    if texts:
        embeds.append(lyrics_embed(texts, language, before=embeds))
    buttons: list[discord.ui.Item[Any]] = (
        [button(actions.LYRICS, TaskPayload(source, language.tag), language)] if texts else []
    )
    if len(found.task.clips) > 1:
        buttons.append(button(actions.TAKES, SongPayload(found.task.id), language))
    numbers = [clip_file.number for clip_file in post.clip_files]
    stars = star_buttons(found.task.id, {each.number: 0 for each in post.clip_files if each.clip.playable})
    headline = _headline(post, language, "post.songs" if usable else "post.finished")
    return Card(
        content="\n".join([headline, *_notes(post, found.task, language, limit)]),
        embeds=embeds,
        uploads=uploads,
        buttons=[*buttons, *stars, *links(found.task, numbers, language)],
    )


def _without_large_pictures(clip_file: ClipFile, limit: int) -> ClipFile:
    """Drops those that exceed even the upload limit."""
    cover, waveform = clip_file.cover, clip_file.waveform
    return replace(
        clip_file,
        cover=cover if cover and cover.size <= limit else None,
        waveform=waveform if waveform and waveform.size <= limit else None,
    )


def _unusable(post: Post, language: Language, limit: int) -> Card:
    """A failed task none of whose songs, if it names any, could be fetched."""
    found = _found(post)
    bare = replace(found.task, clips=tuple(replace(clip, audio_url="") for clip in found.task.clips))
    return Card(
        content="\n".join([_headline(post, language, "post.failed"), *_missing_files(post, language, limit)]),
        embeds=[task_embed(bare, found.gateway, language)],
        buttons=links(found.task, [clip_file.number for clip_file in post.clip_files], language),
    )


def _found(post: Post) -> Found:
    if post.found is None:
        raise ValueError("this topic needs a task, and the delivery has none")
    return post.found


def _lyrics(post: Post, task: Task) -> tuple[str, Sequence[LyricsText]]:
    """The id of the task that the lyrics are from, and the lyrics: the requested ones, else the songs' own."""
    asked_for = post.claimed.lyrics.task if post.claimed.lyrics else None
    if asked_for and lyrics_texts(asked_for):
        return asked_for.id, lyrics_texts(asked_for)
    included = replace(task, clips=tuple(clip_file.clip for clip_file in post.clip_files))
    return task.id, lyrics_texts(included)


def _notes(post: Post, task: Task, language: Language, limit: int) -> list[str]:
    notes = [f"⚠️ {failure(task, language)}"] if task.partial else []
    if post.claimed.watch.lyrics_id and _lyrics(post, task)[0] != post.claimed.watch.lyrics_id:
        notes.append(language("post.no_lyrics", id=code(post.claimed.watch.lyrics_id)))
    return notes + _missing_files(post, language, limit)


def _missing_files(post: Post, language: Language, limit: int) -> list[str]:
    """Why songs have no files."""
    return [
        _note(clip_file, clip_file.audio, language, limit)
        for clip_file in post.clip_files
        if isinstance(clip_file.audio, MediaError)
    ]


def _usable(clip_file: ClipFile) -> bool:
    """True if it can be listened to, if only by its link."""
    return not isinstance(clip_file.audio, MediaError) or isinstance(clip_file.audio, MediaTooBig | MediaForbidden)


def _note(clip_file: ClipFile, error: MediaError, language: Language, limit: int) -> str:
    if isinstance(error, MediaTooBig | MediaForbidden):
        return problem(error, clip_file.number, language, limit)
    return language("audio.gaveup", n=clip_file.number)


def _lyrics_post(post: Post, language: Language, limit: int) -> Card:
    found = _found(post)
    texts = lyrics_texts(found.task)
    headline = _headline(post, language, "post.style" if found.task.kind is TaskKind.STYLE else "post.lyrics")
    if not texts:
        return Card(content=headline, embeds=[task_embed(found.task, found.gateway, language)])
    embed = lyrics_embed(texts, language, before=())
    too_long = sum(len(escape(lyrics_text.text)) for lyrics_text in texts) > len(embed.description or "")
    file = _text_file(lyrics_name(texts), lyrics_text(texts))
    return Card(
        content=headline,
        embeds=[embed],
        uploads=[file] if too_long and file.media.size <= limit else (),
        buttons=[button(actions.LYRICS, TaskPayload(found.task.id, language.tag), language)],
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
    delivery = post.claimed.delivery
    until = f"<t:{(delivery.audio_missing_since or delivery.created_at) + AUDIO_WAIT:.0f}:t>"
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
    stop = button(actions.STOP, WatchPayload(post.claimed.watch.id), language)
    since = post.claimed.snapshot.changed_at or post.claimed.watch.created_at
    sentence = language("post.quiet", since=f"<t:{since:.0f}:R>")
    embed = task_embed(found.task, found.gateway, language)
    return Card(content=f"⏳ {sentence}", embeds=[embed], buttons=[stop])


def _expired(post: Post, language: Language, _limit: int) -> Card:
    again = button(actions.NOTIFY, NotifyPayload(post.claimed.watch.task_id), language)
    embeds = [task_embed(post.found.task, post.found.gateway, language)] if post.found else []
    return Card(content=_headline(post, language, "post.expired"), embeds=embeds, buttons=[again])


def _unknown(post: Post, language: Language, _limit: int) -> Card:
    again = button(actions.NOTIFY, NotifyPayload(post.claimed.watch.task_id), language)
    sentence = language("post.unknown", id=code(post.claimed.watch.task_id))
    return Card(content=f"🚫 {sentence}", embeds=[], buttons=[again])


def _blocked(post: Post, language: Language, _limit: int) -> Card:
    watch = post.claimed.watch
    key = "post.unposted" if post.claimed.delivery.to_managers else "post.blocked"
    check = button(actions.CHECK, ChannelPayload(watch.channel_id), language)
    return Card(content=language(key, channel=f"<#{watch.channel_id}>"), embeds=[], buttons=[check])


def _undelivered(post: Post, language: Language, _limit: int) -> Card:
    """For content that was refused: why, and buttons that show it to the person privately."""
    watch, about = post.claimed.watch, post.claimed.delivery.clips
    code_of_discord = about[-1] if about else "0"
    task = post.found.task if post.found else None
    where = f"<#{watch.channel_id}>" if watch.guild_id else language("watch.to_dm")
    why = language(f"refused.{_REFUSED.get(code_of_discord, 'any')}", code=code_of_discord)
    sentence = _headline(post, language, "post.undelivered" if task and task.playable else "post.undelivered_news")
    payload = TaskPayload(post.claimed.watch.task_id, language.tag)
    buttons = [button(actions.AUDIO, payload, language)] if task and task.playable else []
    buttons += [button(actions.LYRICS, payload, language)] if task and lyrics_texts(task) else []
    return Card(content=f"{sentence}\n{where}: {why}\n{language('post.undelivered_do')}", embeds=[], buttons=buttons)


def _live(post: Post, language: Language, _limit: int) -> Card:
    return _progress(_found(post), post.claimed.watch, language)


def _progress(found: Found, watch: Watch, language: Language) -> Card:
    stop = button(actions.STOP, WatchPayload(watch.id), language)
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
    """The current content of a live card; after the end of the watch, with a link to its post."""
    task = card.snapshot.task
    if task is None:
        return Card(content=language("live.following"), embeds=[])
    found = Found(task, card.snapshot.gateway)
    if not card.watch.outcome:
        return _progress(found, card.watch, language)
    embeds = [task_embed(task, found.gateway, language)]
    if card.watch.outcome is WatchOutcome.STOPPED:
        return Card(content=language("live.stopped"), embeds=embeds)
    if card.result_id is None:
        return Card(content=language("live.bringing") if card.pending else "", embeds=embeds)
    where = f"{card.result_id}" if in_forum else f"{card.watch.channel_id}/{card.result_id}"
    link = f"https://discord.com/channels/{card.watch.guild_id or '@me'}/{where}"
    return Card(content=language("live.over", link=link), embeds=embeds)


def digest(card: Card) -> str:
    """Equal for cards that look the same."""
    shown = [card.content, [embed.to_dict() for embed in card.embeds]]
    return hashlib.sha256(msgspec.json.encode(shown)).hexdigest()[:16]
