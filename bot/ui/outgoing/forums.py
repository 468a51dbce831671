"""Posts in forum channels: their names and tags, and how one is found again whose making was never confirmed."""

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

_MOST_TAGS = 5
_LONGEST_NAME, _TITLE = 100, 80  # characters
_NEAR = 200  # of our posts, those that began nearest to a moment, of which the first message is read
_APART = 4_000.0  # seconds that Discord's clock differs from ours at most: an hour, where summer is set by hand
_MARKS = {Topic.FAILED: "❌", Topic.LYRICS: "📝", Topic.EXPIRED: "⌛", Topic.UNKNOWN: "🚫"}
_PASSING = "⏳"  # of what is said on the way
# Names of tags under which anything may stand, for forums that require one.
_ANY = re.compile(r"other|others|misc|general|music|songs?|suno|ai|其他|其它|其他音乐|杂项|综合|音乐|歌曲")


async def open_post(forum: discord.ForumChannel, name: str, style: str, **content: Any) -> int:
    """Its id, which is also that of its first message. What was asked for once is not asked for again."""
    with sent_once():
        made = await forum.create_thread(name=name, applied_tags=tags_for(forum, style), **content)
    return made.thread.id


def post_name(post: Post) -> str:
    """The song's; a task's second one is told apart by its number."""
    topic = post.claimed.delivery.topic
    task = post.found.task if post.found else None
    first = post.clip_files[0] if post.clip_files else None
    titles = (first.clip.title if first else "", task.title if task else "", post.claimed.watch.task_id)
    title = next(filter(None, (plain_line(each, _TITLE) for each in titles)), "?")
    number = f" ({first.number})" if first and task and len(task.clips) > 1 else ""
    mark = "" if topic is Topic.SONGS else f"{_MARKS.get(topic, _PASSING)} "
    return f"{mark}{title}{number}"[:_LONGEST_NAME]


def style_of(post: Post) -> str:
    """Of the song, or of all songs of its task."""
    clips = [each.clip for each in post.clip_files] or (post.found.task.clips if post.found else ())
    return ", ".join(dict.fromkeys(clip.style for clip in clips if clip.style))


def tags_for(forum: discord.ForumChannel, style: str) -> list[discord.ForumTag]:
    """Those that the style names, in its order. Where a tag is required and none fits: a general one, or any."""
    usable = usable_tags(forum)
    where = {tag: _position(_plain(tag.name), _plain(style)) for tag in usable}
    fitting = sorted((tag for tag in usable if where[tag] >= 0), key=lambda tag: where[tag])[:_MOST_TAGS]
    if fitting or not usable or not forum.flags.require_tag:
        return fitting
    return [next((tag for tag in usable if _ANY.fullmatch(_plain(tag.name))), usable[0])]


def usable_tags(forum: discord.ForumChannel) -> Sequence[discord.ForumTag]:
    """Some are for those alone who manage threads."""
    me = getattr(forum.guild, "me", None)  # None, whatever its type says, while Discord cannot reach the server
    manages = me is not None and forum.permissions_for(me).manage_threads
    return [tag for tag in forum.available_tags if manages or not tag.moderated]


def _plain(text: str) -> str:
    """Without marks that people write in one way or another: "Hip-Hop" is "hip hop"."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", folded))


def _position(name: str, style: str) -> int:
    """Where a style names a tag, as a whole word; in scripts without spaces between words, anywhere. -1: nowhere."""
    if not name:
        return -1
    if not name.isascii():
        return style.find(name)
    return f" {style} ".find(f" {name} ")


async def find_post(forum: discord.ForumChannel, own_id: int, tried_at: float, mark: str) -> int | None:
    """The post whose first message has that mark in its buttons, whether it is archived or not.

    Raises discord.Forbidden without Read Message History: whether it arrived cannot be known then.
    """
    ours = [thread async for thread in _posts_since(forum, tried_at - _APART) if thread.owner_id == own_id]
    ours.sort(key=lambda thread: abs(_born(thread) - tried_at))
    for thread in ours[:_NEAR]:
        try:
            message = await thread.fetch_message(thread.id)
        except discord.NotFound:
            continue  # its first message, or all of it, was deleted
        if carries(message, mark):
            return thread.id
    return None


async def _posts_since(forum: discord.ForumChannel, since: float) -> AsyncIterator[discord.Thread]:
    """Active ones first: what is archived meanwhile is found among the archived ones."""
    for thread in await forum.guild.active_threads():
        if thread.parent_id == forum.id and _born(thread) >= since:
            yield thread
    async for thread in forum.archived_threads(limit=None):
        if thread.archive_timestamp < datetime.fromtimestamp(since, UTC):
            return  # the latest come first, and none was born after it was archived
        if _born(thread) >= since:
            yield thread


async def reopen(client: discord.Client, thread_id: int) -> None:
    """A post of ours that was archived; a locked one stays so."""
    thread = await client.fetch_channel(thread_id)
    if isinstance(thread, discord.Thread):
        await thread.edit(archived=False)


def _born(thread: discord.Thread) -> float:
    return discord.utils.snowflake_time(thread.id).timestamp()


def carries(message: discord.Message, mark: str) -> bool:
    """In a button's custom_id stands of which delivery the message is."""
    return any(
        f":{mark}:" in (getattr(item, "custom_id", None) or "")
        for row in message.components
        for item in getattr(row, "children", ())
    )
