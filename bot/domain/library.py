"""The library: songs that the bot posted or showed, to be found again."""

from collections.abc import Collection
from enum import StrEnum

from msgspec import Struct

from bot.domain.task import Clip, Task

SONGS_OF_LEFT_SERVERS = 30 * 86_400.0  # seconds for which they are kept: the bot may be invited again
_LONGEST_TITLE, _LONGEST_STYLE = 200, 1_000  # characters
_LONGEST_LYRICS = 20_000  # those of Suno have 5,000 at most


class Scope(StrEnum):
    MINE = "mine"  # what I made or asked for, and what was shown to me alone
    HERE = "here"
    SERVER = "server"
    STARRED = "starred"  # by me


class PostedAt(Struct, frozen=True, kw_only=True):
    """Where the message with a song is. `guild_id` 0: in no server that the bot is in; `message_id` 0: it cannot be
    read again, or was deleted.

    `owner_id`: who alone may find the song, 0: whoever may view the channel. `parent_id`: the channel whose permissions
    say who may view this one: that of a thread, else itself; 0: not known. `restricted`: a private thread, which only
    some may view who may view its channel.
    """

    guild_id: int = 0
    channel_id: int
    parent_id: int
    restricted: bool = False
    message_id: int = 0
    owner_id: int = 0


class Song(Struct, frozen=True, kw_only=True):
    """One song of a task. `number`: its place in it, from 1; `user_id`: who made it, or asked for it."""

    id: int = 0  # given by the store
    task_id: str
    number: int
    clip_id: str
    gateway: str
    user_id: int
    title: str
    style: str
    duration: float | None = None  # seconds
    posted_at: float
    place: PostedAt


class NewSong(Struct, frozen=True, kw_only=True):
    """A song that is to be found from now on. `newest`: its message stands for those before it in the channel."""

    song: Song
    lyrics: str
    newest: bool


class FoundSong(Struct, frozen=True, kw_only=True):
    """`maker_named`: whether others may be told who made it; `starred`: by who asks."""

    song: Song
    stars: int
    starred: bool
    maker_named: bool


class FoundSongs(Struct, frozen=True):
    """A page of `count` songs."""

    count: int
    songs: tuple[FoundSong, ...]


class ChannelGroup(Struct, frozen=True, order=True):
    """Channels that the same people may view: a channel with its threads, or one private thread."""

    guild_id: int
    channel_id: int
    parent_id: int
    restricted: bool


class SongQuery(Struct, frozen=True, kw_only=True):
    """What somebody wants to find. `viewable`: the groups of channels that they may view now; `by`: a maker, 0: any.

    `guild_id`, `channel_id`: where they ask, 0 for none.
    """

    user_id: int
    scope: Scope
    find: str = ""
    by: int = 0
    guild_id: int = 0
    channel_id: int = 0
    viewable: Collection[ChannelGroup] = ()


def songs_of(
    task: Task, keys: Collection[str], place: PostedAt, *, gateway: str, user_id: int, now: float, newest: bool
) -> list[NewSong]:
    """Those of a task's clips that were posted or shown, by their keys; none: all."""
    found = []
    for number, (key, clip) in enumerate(task.keyed(), 1):
        song = Song(
            task_id=task.id,
            number=number,
            clip_id=clip.id,
            gateway=gateway,
            user_id=user_id,
            title=_storable(clip.title or task.title, _LONGEST_TITLE),
            style=_storable(clip.style, _LONGEST_STYLE),
            duration=clip.duration,
            posted_at=now,
            place=place,
        )
        if not keys or key in keys:
            found.append(NewSong(song=song, lyrics=_lyrics(clip), newest=newest))
    return found


def _lyrics(clip: Clip) -> str:
    return _storable(clip.lyrics, _LONGEST_LYRICS)


def _storable(text: str, longest: int) -> str:
    """Not every database takes NUL."""
    return text[:longest].replace("\0", "")
