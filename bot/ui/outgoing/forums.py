"""Posts in forum channels: their names and tags, and the search for a post whose creation was never confirmed."""

import re
import unicodedata
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import discord

from bot.domain.delivery import Topic
from bot.services.delivery.port import Post
from bot.single_send import sent_once
from bot.ui.render.text import plain_line

_MAX_TAGS = 5
_MAX_NAME, _MAX_TITLE = 100, 80  # characters
_MAX_CANDIDATES = 200  # our posts whose first message is read, those created nearest to the attempt
_MAX_CLOCK_SKEW = 4_000.0  # seconds between Discord's clock and ours: an hour, if summer time is set by hand
_MARKS = {Topic.FAILED: "❌", Topic.LYRICS: "📝", Topic.EXPIRED: "⌛", Topic.UNKNOWN: "🚫"}
_INTERIM_MARK = "⏳"  # for posts about a task that is not finished
# Names of general tags, for forums that require one.
_GENERAL_TAG = re.compile(r"other|others|misc|general|music|songs?|suno|ai|其他|其它|其他音乐|杂项|综合|音乐|歌曲")


async def open_post(forum: discord.ForumChannel, name: str, style: str, **content: Any) -> int:
    """Its id, which is also that of its first message. The request is never repeated."""
    with sent_once():
        made = await forum.create_thread(name=name, applied_tags=tags_for(forum, style), **content)
    return made.thread.id


def post_name(post: Post) -> str:
    """The song's title, with its number if the task has several."""
    topic = post.claimed.delivery.topic
    task = post.found.task if post.found else None
    first = post.clip_files[0] if post.clip_files else None
    titles = (first.clip.title if first else "", task.title if task else "", post.claimed.watch.task_id)
    title = next(filter(None, (plain_line(each, _MAX_TITLE) for each in titles)), "?")
    number = f" ({first.number})" if first and task and len(task.clips) > 1 else ""
    mark = "" if topic is Topic.SONGS else f"{_MARKS.get(topic, _INTERIM_MARK)} "
    return f"{mark}{title}{number}"[:_MAX_NAME]


def style_of(post: Post) -> str:
    """The style of the song, or of all songs of the task."""
    clips = [each.clip for each in post.clip_files] or (post.found.task.clips if post.found else ())
    return ", ".join(dict.fromkeys(clip.style for clip in clips if clip.style))


def tags_for(forum: discord.ForumChannel, style: str) -> list[discord.ForumTag]:
    """The tags that the style names, in its order. If a tag is required and none fits: a general one, or the first."""
    usable = usable_tags(forum)
    where = {tag: _position(_plain(tag.name), _plain(style)) for tag in usable}
    fitting = sorted((tag for tag in usable if where[tag] >= 0), key=lambda tag: where[tag])[:_MAX_TAGS]
    if fitting or not usable or not forum.flags.require_tag:
        return fitting
    return [next((tag for tag in usable if _GENERAL_TAG.fullmatch(_plain(tag.name))), usable[0])]


def usable_tags(forum: discord.ForumChannel) -> Sequence[discord.ForumTag]:
    """Without those that need Manage Threads, if the bot does not have it."""
    me = getattr(forum.guild, "me", None)  # None, despite its type, while the server is unavailable
    manages = me is not None and forum.permissions_for(me).manage_threads
    return [tag for tag in forum.available_tags if manages or not tag.moderated]


def _plain(text: str) -> str:
    """Case and punctuation do not matter: "Hip-Hop" is "hip hop"."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", folded))


def _position(name: str, style: str) -> int:
    """Where the style contains the tag as a whole word; in scripts without spaces, anywhere. -1: nowhere."""
    if not name:
        return -1
    if not name.isascii():
        return style.find(name)
    return f" {style} ".find(f" {name} ")


async def posts_around(forum: discord.ForumChannel, own_id: int, tried_at: float) -> AsyncIterator[discord.Message]:
    """The first messages, which have their posts' ids, of our posts, archived or not, nearest to the attempt first.

    Raises discord.Forbidden without Read Message History: then it cannot be known whether it arrived.
    """
    ours = [thread async for thread in _posts_since(forum, tried_at - _MAX_CLOCK_SKEW) if thread.owner_id == own_id]
    ours.sort(key=lambda thread: abs(_created_at(thread) - tried_at))
    for thread in ours[:_MAX_CANDIDATES]:
        try:
            yield await thread.fetch_message(thread.id)
        except discord.NotFound:
            continue  # its first message, or all of it, was deleted


async def _posts_since(forum: discord.ForumChannel, since: float) -> AsyncIterator[discord.Thread]:
    """Active posts first: one that is archived during the search is found among the archived ones."""
    for thread in await forum.guild.active_threads():
        if thread.parent_id == forum.id and _created_at(thread) >= since:
            yield thread
    async for thread in forum.archived_threads(limit=None):
        if thread.archive_timestamp < datetime.fromtimestamp(since, UTC):
            return  # the latest come first, and none was created after it was archived
        if _created_at(thread) >= since:
            yield thread


async def reopen(client: discord.Client, thread_id: int) -> None:
    """Unarchives a post of ours; a locked one stays locked."""
    thread = await client.fetch_channel(thread_id)
    if isinstance(thread, discord.Thread):
        await thread.edit(archived=False)


def _created_at(thread: discord.Thread) -> float:
    return discord.utils.snowflake_time(thread.id).timestamp()
